"""Which generation of a file counts.

One conditional write to the file's record makes a generation live, so what a file brings appears, is replaced and
vanishes all at once; of what stale or unfinished generations left in the table, readers see nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from typing import Any

from remessa.errors import RemessaError
from remessa.journey.invoices.layout import Origin, origin_of
from remessa.journey.moments import iso
from remessa.journey.table import Item, Table

_BATCH = 100
_AHEAD = 500


class Moved(RemessaError):
    """Files were published while a request that reads many of them was under way."""

    def __init__(self) -> None:
        super().__init__("Files were replaced or added while they were read. Try again for an exact answer.")


class Live:
    """The live generations of the files that one request meets; each is looked up once."""

    def __init__(self, records: Table) -> None:
        """`records` is the Files table."""
        self._records = records
        self._known: dict[str, str | None] = {}

    def learn(self, items: Iterable[Mapping[str, Any]]) -> None:
        """Look up the files of some items that are still unknown.

        Items are read before this is asked: what was already removed then belongs to no generation that is live now.
        """
        unknown = {origin_of(item).file_id for item in items} - self._known.keys()
        if unknown:
            self._known |= {identity: generation for identity, (generation, _) in self._read(unknown).items()}

    def shows(self, item: Mapping[str, Any]) -> bool:
        """Whether an item counts; `learn` must have been told of it."""
        origin = origin_of(item)
        return self._known[origin.file_id] == origin.generation

    def visible(self, items: Iterable[Item]) -> Iterator[Item]:
        """Those items that count, looked up for some hundreds at a time."""
        left = iter(items)
        while some := list(islice(left, _AHEAD)):
            self.learn(some)
            yield from filter(self.shows, some)

    def generation(self, file_id: str) -> Origin | None:
        """The file's live generation, None if nothing of it counts."""
        if file_id not in self._known:
            self._known[file_id] = self._read([file_id])[file_id][0]
        generation = self._known[file_id]
        return None if generation is None else Origin(file_id, generation)

    def has_moved(self, since: int) -> bool:
        """Whether what was read since a moment (milliseconds since 1970) may be half of one state and half of another.

        That is so when a generation is no longer the one that was looked up, or became live since, so that its items
        may have been written behind the reader's back. A clock that is wrong costs a repetition, or misses the latter.
        """
        moment = iso(since)
        return any(
            generation != self._known[identity] or (generation is not None and at >= moment)
            for identity, (generation, at) in self._read(self._known).items()
        )

    def _read(self, file_ids: Iterable[str]) -> dict[str, tuple[str | None, str]]:
        """Live generation, and when the record was settled last, for each file; strongly consistent."""
        left, answer = iter(file_ids), {}
        while batch := list(islice(left, _BATCH)):
            found = self._records.get_many(batch, ["FileId", "Live", "processedAt"])
            for identity in batch:
                record = found.get(identity, {})
                live = record.get("Live") or {}
                answer[identity] = (live.get("generation"), str(record.get("processedAt", "")))
        return answer
