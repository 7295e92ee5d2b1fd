"""Giving failed files new attempts, because somebody has put right what made them fail."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from remessa.errors import RemessaError
from remessa.journey.announce import Announcement, revival
from remessa.journey.ledger import Ledger
from remessa.journey.record import Status, attention
from remessa.journey.table import Table, every


class NotRetried(RemessaError):
    """The file is not FAILED, or there is none; the message says which."""


def retry(file_id: str, table: Table, shards: int, clock: Callable[[], int]) -> tuple[str, Announcement]:
    """REDRIVE a file; returns its pipeline and what to announce there. Raises NotRetried with the reason.

    Should the announcement be lost, the record is RETRYING and the sweeper announces it.
    """
    record = table.get(file_id)
    if record is None:
        raise NotRetried("there is no such file")
    if record["status"] != Status.FAILED:
        raise NotRetried(f"it is {record['status']}, and only FAILED files are retried")
    written = Ledger(table, record["pipeline"], shards=shards, clock=clock).redrive(record)
    if not written.applied:
        raise NotRetried("it has just moved on")
    return record["pipeline"], revival(written.item, clock())


def failed(table: Table, pipeline: str, shards: int) -> Iterator[str]:
    """FileIds of a pipeline's FAILED records."""
    for number in range(shards):
        partition = attention(pipeline, Status.FAILED, number)
        for record in every(table, "Attention", ("attention", partition)):
            yield record["FileId"]
