"""Reading records back. Nothing here writes."""

from __future__ import annotations

import heapq
from collections import Counter
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any

from remessa.journey.record import NEEDS_ATTENTION, Status, public
from remessa.journey.table import Item, Table

PAGE = 100


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
        wanted = set(pipelines)
        if status in NEEDS_ATTENTION:
            partitions = [f"{status}#{shard}" for shard in range(self._shards)]
            items = self._merged("Attention", "attention", partitions)
        else:
            partitions = [f"{pipeline}#{shard}" for pipeline in sorted(wanted) for shard in range(self._shards)]
            items = self._merged("Timeline", "timeline", partitions)
        found = (item for item in items if item["pipeline"] in wanted and status in {None, item["status"]})
        return [public(item) for item in islice(found, limit)]

    def count_by_status(self) -> dict[str, int]:
        """How many records each status has. Reads the whole table."""
        counts = Counter(item["status"] for item in self._table.scan(["status"]))
        return {status.value: counts.get(status, 0) for status in Status}

    def _merged(self, index: str, attribute: str, partitions: list[str]) -> Iterator[Item]:
        """Partitions of an index as one stream, newest first, reading no page before it is needed."""
        streams = [self._pages(index, attribute, partition) for partition in partitions]
        return heapq.merge(*streams, key=lambda item: str(item[f"{attribute}At"]), reverse=True)

    def _pages(self, index: str, attribute: str, partition: str) -> Iterator[Item]:
        page = self._table.query(index, (attribute, partition), limit=PAGE)
        yield from page.items
        while page.resume:
            page = self._table.query(index, (attribute, partition), limit=PAGE, resume=page.resume)
            yield from page.items
