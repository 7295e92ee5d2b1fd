"""Garbage collection: artifacts that no record names, left by dead or overtaken runs and by older versions."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import groupby
from typing import Protocol

from remessa.journey.making import ROWS_KIND
from remessa.journey.moments import milliseconds
from remessa.journey.objects import Listed
from remessa.journey.ports import RowStore
from remessa.journey.record import Status
from remessa.journey.table import Item, Table

GRACE = 3_600_000
"""Milliseconds; much longer than a lease (a run reads the clock before it writes its end) and any link given out."""


class Results(Protocol):
    """The results bucket as the collector needs it."""

    def list(self, bucket: str, after: str = "", prefix: str = "") -> Iterator[Listed]:
        """Its objects, in the order of their keys."""


def orphans(
    bucket: str, results: Results, table: Table, clock: Callable[[], int], *, grace: int = GRACE, prefix: str = ""
) -> Iterator[str]:
    """Keys of artifacts below `prefix` that may go.

    An artifact is listed *before* its record is read. So if it belongs to a run that goes on, the record tells of that
    run already; if not, no run that could still publish it exists, whatever happens next.
    """
    for identity, found in groupby(results.list(bucket, prefix=prefix), key=lambda listed: listed.key.split("/")[1]):
        artifacts = list(found)
        record = table.get(identity)
        for artifact in artifacts:
            if not _is_needed(artifact, record) and _is_old(artifact, record, clock() - grace):
                yield artifact.key


def discard(key: str, delete: Callable[[str], object], rows: RowStore | None) -> None:
    """Remove an orphan; if it marks rows of its generation, these first, so that none is left that nothing tells of."""
    kind, file_id, generation, _ = key.split("/", 3)
    if kind == ROWS_KIND:
        if rows is None:
            return  # whoever has the table will see to it
        rows.forget(file_id, generation)
    delete(key)


def _is_needed(artifact: Listed, record: Item | None) -> bool:
    if record is None:
        return False
    generation = artifact.key.split("/")[2]
    if generation == (record.get("Live") or {}).get("generation"):
        return True
    return record["status"] == Status.PROCESSING and generation.split("-")[0] == str(record["Epoch"])


def _is_old(artifact: Listed, record: Item | None, before: int) -> bool:
    """Whether it was written, and superseded, long enough ago that nobody reads it any more."""
    settled = (record or {}).get("processedAt", artifact.modified)
    return max(milliseconds(artifact.modified), milliseconds(settled)) < before
