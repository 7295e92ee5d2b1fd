"""Records that nobody will finish by themselves: found by the sparse index, and announced again."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator

from remessa.journey.announce import LONGEST_DELAY, Announcement, revival
from remessa.journey.moments import iso
from remessa.journey.record import Status, attention
from remessa.journey.table import Item, Table, every

PATIENCE = (LONGEST_DELAY + 60) * 1000
"""Milliseconds after which a RETRYING record's own message must have come back; else it is lost."""


def overdue(table: Table, pipeline: str, shards: int, clock: Callable[[], int]) -> Iterator[Announcement]:
    """Every run of a pipeline whose lease has ended, and every retry whose message is lost.

    Reads only what is overdue. Announcing one twice is harmless: the first to claim it makes the other void.
    """
    now = clock()
    for status, since in ((Status.PROCESSING, now), (Status.RETRYING, now - PATIENCE)):
        for shard in range(shards):
            for record in _until(table, attention(pipeline, status, shard), iso(since)):
                yield revival(record, now)


def _until(table: Table, partition: str, moment: str) -> Iterator[Item]:
    """The partition's records up to a moment, oldest first."""
    oldest_first = every(table, "Attention", ("attention", partition), newest_first=False)
    return itertools.takewhile(lambda record: record["attentionAt"] < moment, oldest_first)
