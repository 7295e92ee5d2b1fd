"""Announcing to a pipeline's queue what S3 did not announce, or what must be looked at again."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import quote_plus

from remessa.journey.moments import iso
from remessa.journey.record import Status
from remessa.journey.table import Item

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient
    from mypy_boto3_sqs.type_defs import SendMessageBatchRequestEntryTypeDef

LONGEST_DELAY = 900
"""Seconds; SQS delays a message no longer:
https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessage.html."""
_BATCH = 10


@dataclass(frozen=True, slots=True)
class Announcement:
    """An arrival that nobody announced, or whose announcement was lost."""

    bucket: str
    key: str
    sequencer: str
    at: str
    epoch: int | None = None
    """Set to revive a run: the record's epoch as it was read. Whoever claims it first makes the others void."""
    delay: int = 0
    """Seconds to wait, for a run that may still be alive."""
    alone: bool = False
    """The last run died; see `Arrival.alone`."""


def revival(record: Item, now: int) -> Announcement:
    """Take up a record that is PROCESSING or RETRYING again, once its lease (if it has one) has ended."""
    died = record["status"] == Status.PROCESSING
    left = record["LeaseUntil"] - now if died else -1
    return Announcement(
        record["bucket"],
        record["key"],
        record["Sequencer"],
        iso(now),
        record["Epoch"],
        delay=min(LONGEST_DELAY, left // 1000 + 1) if left >= 0 else 0,
        alone=died,
    )


class SqsAnnouncer:
    """Sends announcements to a pipeline's queue, in the shape of S3's own notifications."""

    def __init__(self, client: SQSClient, url: str) -> None:
        self._client = client
        self._url = url

    def announce(self, announcements: Iterable[Announcement]) -> int:
        """Send them all, ten at a time, and return how many; raises RuntimeError when the queue refuses one."""
        stream, sent = iter(announcements), 0
        while batch := list(itertools.islice(stream, _BATCH)):
            entries = [_entry(position, announcement) for position, announcement in enumerate(batch)]
            answer = self._client.send_message_batch(QueueUrl=self._url, Entries=entries)
            if refused := answer.get("Failed"):
                raise RuntimeError(f"the queue refused {len(refused)} messages: {refused[0].get('Message')}")
            sent += len(batch)
        return sent


def _entry(position: int, announcement: Announcement) -> SendMessageBatchRequestEntryTypeDef:
    record: dict[str, Any] = {
        "eventSource": "aws:s3",
        "eventName": "Remessa:Announcement",
        "eventTime": announcement.at,
        "s3": {
            "bucket": {"name": announcement.bucket},
            "object": {"key": quote_plus(announcement.key), "sequencer": announcement.sequencer},
        },
    }
    if announcement.epoch is not None:
        record["remessa"] = {"epoch": announcement.epoch, "alone": announcement.alone}
    body = json.dumps({"Records": [record]})
    return {"Id": str(position), "MessageBody": body, "DelaySeconds": announcement.delay}
