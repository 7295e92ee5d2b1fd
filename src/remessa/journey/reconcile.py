"""Bucket against table: announce anew whatever the table does not tell rightly.

The bucket is the truth. An object without a record, a record of another version, a record of an object that is gone
and a run that nobody will finish are each announced once more, and the journey does the rest. It is also the back-fill
for files that were there before Remessa. Announcing too much is harmless: the journey looks at the bucket and keeps
what is right.
"""

from __future__ import annotations

import itertools
from array import array
from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator
from typing import Protocol

from remessa.journey.announce import Announcement, revival
from remessa.journey.arrivals import FIRST_SEQUENCER, following
from remessa.journey.moments import iso, milliseconds
from remessa.journey.objects import Listed, Version
from remessa.journey.record import Status, file_id
from remessa.journey.table import Item, Table

_ATTRIBUTES = ("FileId", "bucket", "key", "status", "etag", "uploadedAt", "Sequencer", "Epoch", "LeaseUntil")
_BATCH = 100
_AT_WORK = {Status.PROCESSING, Status.RETRYING}


class Listing(Protocol):
    """The input bucket as reconcile needs it."""

    def list(self, bucket: str, after: str = "") -> Iterator[Listed]:
        """Every current object whose key comes after `after`, in the order of keys."""

    def head(self, bucket: str, key: str) -> Version | None:
        """The current version, or None when the object is gone."""


class Checkpoint:
    """How far reconcile has come: the last key, and which files it has seen, in eight bytes each.

    Eight of a FileId's sixteen bytes: among a million files two share them once in 37 million runs, and then a deleted
    file's record stays until the next run.
    """

    def __init__(self, after: str = "", seen: Iterable[int] = ()) -> None:
        self.after = after
        self._seen = array("Q", seen)
        self._is_sorted = False

    def passed(self, key: str, file_ids: Iterable[str]) -> None:
        """Everything up to this key is announced; these are the files of the last step."""
        self.after = key
        self._seen.extend(short(identity) for identity in file_ids)
        self._is_sorted = False

    def has_seen(self, identity: str) -> bool:
        """Whether a file was in the listing."""
        if not self._is_sorted:
            self._seen = array("Q", sorted(self._seen))
            self._is_sorted = True
        wanted = short(identity)
        position = bisect_left(self._seen, wanted)
        return position < len(self._seen) and self._seen[position] == wanted


def reconcile(bucket: str, listing: Listing, table: Table, clock: Callable[[], int]) -> Iterator[Announcement]:
    """Compare one bucket with its records; yields what must be announced."""
    return itertools.chain.from_iterable(steps(bucket, listing, table, clock, checkpoint=Checkpoint()))


def steps(
    bucket: str,
    listing: Listing,
    table: Table,
    clock: Callable[[], int],
    *,
    checkpoint: Checkpoint,
    grace: int = 0,
) -> Iterator[list[Announcement]]:
    """Compare one bucket with its records in steps that can be cut off: announce each before asking for the next.

    Objects and records that changed less than `grace` milliseconds ago are left alone: their events are on the way.
    A record is read first and then the object, so that a file which moves on meanwhile is not taken for forgotten.
    Give the checkpoint of a run that was cut off to go on where it stopped.
    """
    objects = listing.list(bucket, after=checkpoint.after)
    while batch := list(itertools.islice(objects, _BATCH)):
        ids = [file_id(bucket, found.key) for found in batch]
        records = table.get_many(ids, _ATTRIBUTES)
        yield [
            announcement
            for identity, found in zip(ids, batch, strict=True)
            if _age(found, clock()) >= grace
            for announcement in _compare(bucket, found, records.get(identity), listing, clock())
        ]
        checkpoint.passed(batch[-1].key, ids)
    for record in table.scan(_ATTRIBUTES):
        if record.get("bucket") == bucket and not checkpoint.has_seen(record["FileId"]):
            yield list(_missing(record, listing, clock()))


def _compare(bucket: str, found: Listed, record: Item | None, listing: Listing, now: int) -> Iterator[Announcement]:
    if record is None:
        yield Announcement(bucket, found.key, FIRST_SEQUENCER, _precise(found.modified))
    elif record["status"] in _AT_WORK:
        yield revival(record, now)
    elif not _tells(record, found.etag, found.modified):
        current = listing.head(bucket, found.key)
        if current and not _tells(record, current.etag, current.modified):
            yield Announcement(bucket, found.key, following(record["Sequencer"]), _precise(current.modified))


def _missing(record: Item, listing: Listing, now: int) -> Iterator[Announcement]:
    """A record whose object was not listed: gone, or uploaded while we looked."""
    if record["status"] in _AT_WORK:
        yield revival(record, now)
    elif record["status"] != Status.DELETED and listing.head(record["bucket"], record["key"]) is None:
        yield Announcement(record["bucket"], record["key"], following(record["Sequencer"]), iso(now))


def _tells(record: Item, etag: str, modified: str) -> bool:
    """Whether a finished record is of the version that is in the bucket."""
    gone = record["status"] == Status.DELETED
    return not gone and (record.get("etag"), record.get("uploadedAt")) == (etag, modified)


def _age(found: Listed, now: int) -> int:
    return now - milliseconds(found.modified)


def _precise(modified: str) -> str:
    """Whole seconds with milliseconds, as every arrival's time has them."""
    return iso(milliseconds(modified))


def short(identity: str) -> int:
    """Eight of a FileId's sixteen bytes, as a checkpoint remembers a file."""
    return int(identity[:16], 16)
