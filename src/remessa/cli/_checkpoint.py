"""Where `reconcile` writes down how far it has come, so that it can be cut off."""

from __future__ import annotations

import json
from array import array
from collections.abc import Callable, Iterable
from types import TracebackType
from typing import Self

from remessa.journey.reconcile import Checkpoint, short
from remessa.local.home import find_home


class SavedCheckpoint(Checkpoint):
    """A checkpoint in two files of the home folder: the last key, and eight bytes for each file seen.

    Removed when the comparison comes to its end. A step is written down only after it was announced, and what was
    announced twice does no harm.
    """

    def __init__(self, bucket: str, *, keep: bool) -> None:
        """With `keep` false (a dry run), nothing is read or written."""
        self._keep = keep
        folder = find_home().root
        self._place = folder / f"reconcile-{bucket}.json"
        self._seen_file = folder / f"reconcile-{bucket}.seen"
        self._watcher: Callable[[], None] = lambda: None
        after, seen = self._load() if keep else ("", array("Q"))
        super().__init__(after, seen)
        self.compared = len(seen)

    def watch(self, watcher: Callable[[], None]) -> None:
        """Call `watcher` after each step."""
        self._watcher = watcher

    def passed(self, key: str, file_ids: Iterable[str]) -> None:
        """Write the step down; the files first, so that the key never promises more than is there."""
        ids = list(file_ids)
        super().passed(key, ids)
        self.compared += len(ids)
        if self._keep:
            self._place.parent.mkdir(parents=True, exist_ok=True)
            with self._seen_file.open("ab") as seen:
                array("Q", map(short, ids)).tofile(seen)
            scratch = self._place.with_suffix(".new")
            scratch.write_text(json.dumps({"after": key, "compared": self.compared}), encoding="utf-8")
            scratch.replace(self._place)
        self._watcher()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is None and self._keep:
            self._place.unlink(missing_ok=True)
            self._seen_file.unlink(missing_ok=True)

    def _load(self) -> tuple[str, array[int]]:
        seen = array("Q")
        if not self._place.exists():
            self._seen_file.unlink(missing_ok=True)
            return "", seen
        place = json.loads(self._place.read_text(encoding="utf-8"))
        seen.frombytes(self._seen_file.read_bytes()[: 8 * place["compared"]])
        return place["after"], seen
