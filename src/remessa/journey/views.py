"""Reading records back. Nothing here writes."""

from __future__ import annotations

import heapq
import itertools
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Any

from remessa.journey.record import NEEDS_ATTENTION, Status, attention, public, timeline
from remessa.journey.table import Item, Table, every


class Records:
    """The records of a table, as people and programs see them."""

    def __init__(self, table: Table, *, shards: int) -> None:
        self._table = table
        self._shards = shards

    def get(self, file_id: str) -> dict[str, Any] | None:
        """One record, strongly consistent; None when there is none."""
        item = self._table.get(file_id)
        return public(item) if item else None

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
