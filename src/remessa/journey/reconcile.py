"""Bucket against table: announce anew whatever the table does not tell rightly.

The bucket is the truth. An object without a record, a record of another version, a record of an object that is gone
and a run that nobody will finish are each announced once more, and the journey does the rest. Announcing too much is
harmless: the journey looks at the bucket and keeps what is right. Memory grows with the number of records.
"""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol
from urllib.parse import quote_plus

from remessa.journey.arrivals import FIRST_SEQUENCER, following, iso
from remessa.journey.objects import Listed, Version
from remessa.journey.record import Status, file_id
from remessa.journey.table import Item, Table

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient
    from mypy_boto3_sqs.type_defs import SendMessageBatchRequestEntryTypeDef

LONGEST_DELAY = 900
"""Seconds; SQS delays a message no longer."""
_ATTRIBUTES = ("FileId", "bucket", "key", "status", "etag", "uploadedAt", "Sequencer", "LeaseUntil")


@dataclass(frozen=True, slots=True)
class Announcement:
    """An arrival that nobody announced."""

    bucket: str
    key: str
    sequencer: str
    at: str
    delay: int = 0
    """Seconds to wait, for a run that may still be alive."""


class Listing(Protocol):
    """The input bucket as reconcile needs it."""

    def list(self, bucket: str) -> Iterator[Listed]:
        """Every current object."""

    def head(self, bucket: str, key: str) -> Version | None:
        """The current version, or None when the object is gone."""


def reconcile(bucket: str, listing: Listing, table: Table, clock: Callable[[], int]) -> Iterator[Announcement]:
    """Compare one bucket with its records; yields what must be announced.

    The table is read before the bucket, and a record that looks wrong is read again, so that a file which arrives
    meanwhile is not taken for a forgotten one.
    """
    records = {item["FileId"]: item for item in table.scan(_ATTRIBUTES) if item.get("bucket") == bucket}
    for found in listing.list(bucket):
        identity = file_id(bucket, found.key)
        record = records.pop(identity, None)
        if record is None or not _tells(record, found):
            yield from _announce(bucket, found, table.get(identity), clock())
    for record in records.values():
        if record["status"] != Status.DELETED and listing.head(bucket, record["key"]) is None:
            yield Announcement(bucket, record["key"], following(record["Sequencer"]), iso(clock()))


def _announce(bucket: str, found: Listed, record: Item | None, now: int) -> Iterator[Announcement]:
    if record is None:
        yield Announcement(bucket, found.key, FIRST_SEQUENCER, found.modified)
    elif record["status"] in {Status.PROCESSING, Status.RETRYING}:
        # The same event again: it is taken up once the lease, if there is one, has ended.
        left = max(0, record.get("LeaseUntil", 0) - now)
        delay = min(LONGEST_DELAY, -(-left // 1000) + 1) if left else 0
        yield Announcement(bucket, found.key, record["Sequencer"], found.modified, delay)
    elif not _tells(record, found):
        yield Announcement(bucket, found.key, following(record["Sequencer"]), found.modified)


def _tells(record: Item, found: Listed) -> bool:
    """Whether a record is finished and of the version that is in the bucket."""
    finished = record["status"] in {Status.SUCCEEDED, Status.FAILED}
    return finished and (record.get("etag"), record.get("uploadedAt")) == (found.etag, found.modified)


class SqsAnnouncer:
    """Sends announcements to a pipeline's queue, in the shape of S3's own notifications."""

    def __init__(self, client: SQSClient, url: str) -> None:
        self._client = client
        self._url = url

    def announce(self, announcements: Iterable[Announcement]) -> int:
        """Send them all, ten at a time, and return how many; raises RuntimeError when the queue refuses one."""
        stream, sent = iter(announcements), 0
        while batch := list(itertools.islice(stream, 10)):
            entries = [_entry(position, announcement) for position, announcement in enumerate(batch)]
            answer = self._client.send_message_batch(QueueUrl=self._url, Entries=entries)
            if refused := answer.get("Failed"):
                raise RuntimeError(f"the queue refused {len(refused)} messages: {refused[0].get('Message')}")
            sent += len(batch)
        return sent


def _entry(position: int, announcement: Announcement) -> SendMessageBatchRequestEntryTypeDef:
    record = {
        "eventSource": "aws:s3",
        "eventName": "Remessa:Reconcile",
        "eventTime": announcement.at,
        "s3": {
            "bucket": {"name": announcement.bucket},
            "object": {"key": quote_plus(announcement.key), "sequencer": announcement.sequencer},
        },
    }
    body = json.dumps({"Records": [record]})
    return {"Id": str(position), "MessageBody": body, "DelaySeconds": announcement.delay}
