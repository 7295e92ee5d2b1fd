"""The problems of one file: the first hundred in full, all of them counted."""

from __future__ import annotations

from remessa.pipelines.contract import Problem

KEPT = 100


class ProblemLog:
    """Collects problems; beyond the first hundred it only counts, and so stays small."""

    def __init__(self) -> None:
        self.kept: list[Problem] = []
        self.count = 0

    def add(self, code: str, message: str, *, row: int) -> None:
        """Note a problem of the record that starts in line `row`."""
        self.count += 1
        if len(self.kept) < KEPT:
            self.kept.append(Problem(code, message, row=row))

    def clear(self) -> None:
        """Forget everything: the file is not what it was checked as."""
        self.kept.clear()
        self.count = 0
