"""The same invoice twice in one file."""

from __future__ import annotations

from collections.abc import Sequence

CAPACITY = 300_000
"""Ids remembered in full: more than a part of a file has rows, in at most 65 MB."""


class Duplicates:
    """Remembers the line of each id, the latest `capacity` of them at least and never more than twice as many.

    What is kept of an id is its 64-bit hash: two of 300,000 different ids share one with a probability of 1 in 400
    million. The hash is Python's own, keyed anew in every process, so nobody can choose ids that collide.
    """

    def __init__(self, capacity: int = CAPACITY) -> None:
        self._capacity = capacity
        self._recent: dict[int, int] = {}
        self._older: dict[int, int] = {}

    def are_new(self, ids: Sequence[str], lines: Sequence[int]) -> bool:
        """Whether none of these ids has occurred, here or before. If so, all are noted; if not, none is."""
        keys = dict(zip(map(hash, ids), lines, strict=True))
        if len(keys) != len(ids) or not self._recent.keys().isdisjoint(keys) or not self._older.keys().isdisjoint(keys):
            return False
        self._recent.update(keys)
        self._turn()
        return True

    def first_line(self, invoice_id: str, line: int) -> int:
        """The line in which the id occurred first; `line` itself if it has not, and that is noted."""
        key = hash(invoice_id)
        first = self._recent.setdefault(key, line)
        if first == line and key in self._older:
            first = self._recent[key] = self._older[key]
        self._turn()
        return first

    def _turn(self) -> None:
        if len(self._recent) >= self._capacity:
            self._older, self._recent = self._recent, {}
