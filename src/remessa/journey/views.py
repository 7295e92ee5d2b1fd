"""Reading records back. Nothing here writes."""

from __future__ import annotations

import heapq
import itertools
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Any

from remessa.journey.record import NEEDS_ATTENTION, Status, attention, public, shared, timeline
from remessa.journey.table import Item, Table, every

_BATCH = 100


class Records:
    """The records of a table, as people and programs see them."""

    def __init__(self, table: Table, *, shards: int) -> None:
        self._table = table
        self._shards = shards

    def get(self, file_id: str) -> dict[str, Any] | None:
        """One record, strongly consistent; None when there is none."""
        item = self._table.get(file_id)
        if item is None:
            return None
        overlaps = self._overlaps(item)
        record = public(item)
        return record | {
            "problems": record["problems"] + overlaps,
            "problemCount": record["problemCount"] + len(overlaps),
        }

    def _overlaps(self, item: Item) -> list[dict[str, Any]]:
        """What other files tell of as well, as problems; what is live of them no longer does not count."""
        notes = shared(item)
        others = sorted(notes)
        live: dict[str, Item] = {}
        for batch in (others[start : start + _BATCH] for start in range(0, len(others), _BATCH)):
            live |= self._table.get_many(batch, ["FileId", "Live"])
        return [
            {"code": "invoice-shared", "row": notes[other]["row"], "message": _told(other, notes[other])}
            for other in others
            if (live.get(other, {}).get("Live") or {}).get("generation") == notes[other]["theirs"]
        ]

    def newest(
        self, pipelines: Iterable[str], *, status: Status | None = None, limit: int = 50
    ) -> list[dict[str, Any]]:
        """The newest records of some pipelines, newest first; indexes lag behind by moments.

        The statuses that need attention have an index of their own; a rare one of the others is looked for from the
        newest record on.
        """
        places = list(itertools.product(pipelines, range(self._shards)))
        if status in NEEDS_ATTENTION:
            items = self._merged("Attention", "attention", [attention(name, status, shard) for name, shard in places])
        else:
            items = self._merged("Timeline", "timeline", [timeline(name, shard) for name, shard in places])
        found = (item for item in items if status in {None, item["status"]})
        return [public(item) for item in itertools.islice(found, limit)]

    def count_by_status(self) -> dict[str, int]:
        """How many records each status has. Reads the whole table."""
        counts = Counter(item["status"] for item in self._table.scan(["status"]))
        return {status.value: counts.get(status, 0) for status in Status}

    def _merged(self, index: str, attribute: str, partitions: list[str]) -> Iterator[Item]:
        """Partitions of an index as one stream, newest first, reading no page before it is needed."""
        streams = [every(self._table, index, (attribute, partition)) for partition in partitions]
        return heapq.merge(*streams, key=lambda item: str(item[f"{attribute}At"]), reverse=True)


def _told(other: str, note: Item) -> str:
    more = note["count"] - 1
    what = f"This invoice and {more:,} more are" if more else "This invoice is"
    return (
        f"{what} also in file {other}, and totals count both. Delete one of the files if they tell of the same sales."
    )
