"""Events in, arrivals out.

An event is only a hint that an object changed: what happened to it is found out by looking at the bucket. So an
arrival holds no more than which object, and S3's sequencer, which orders the events of one key.

Shapes understood: a queue message that wraps an S3 notification, an SNS notification or an EventBridge event; a direct
S3 notification; a direct EventBridge event; S3's test event (no arrival).
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote_plus

from remessa.errors import MalformedEvent
from remessa.journey.moments import iso, milliseconds

SEQUENCER_LENGTH = 64
_SEQUENCER = re.compile(f"[0-9A-F]{{{SEQUENCER_LENGTH}}}")
FIRST_SEQUENCER = "0" * SEQUENCER_LENGTH
"""Lower than any event's: for an arrival found by looking, not announced by an event."""


@dataclass(frozen=True, slots=True)
class Arrival:
    """Something happened to an object."""

    bucket: str
    key: str
    """Decoded exactly once: the name the object has in the bucket."""
    sequencer: str
    """Normalised by `normalise`; compare only within one key."""
    at: str
    """When, by the event; in the form of `moments.iso`."""
    principal: str | None = None
    """Who, by the event: an AWS principal id."""
    redelivered: bool = False
    """The queue has handed this message out before: an earlier run did not finish with it."""
    epoch: int | None = None
    """Meant only for a record that nobody has claimed since this epoch; set by recovery, never by S3."""
    alone: bool = False
    """Its last run died: it must not take the other files of its batch along when it does so again."""


def normalise(sequencer: str) -> str:
    """Bring a sequencer to a form that string order compares rightly.

    S3: "first right pad the shorter value with zeros, and then do a lexicographical comparison"
    (https://docs.aws.amazon.com/AmazonS3/latest/userguide/notification-content-structure.html).
    """
    return sequencer.upper().ljust(SEQUENCER_LENGTH, "0")


def following(sequencer: str) -> str:
    """The next sequencer, in the padding: greater than this one and less than any later event's."""
    return f"{int(sequencer, 16) + 1:0{SEQUENCER_LENGTH}X}"


def from_event(event: Mapping[str, Any]) -> list[Arrival]:
    """Arrivals of an event that reached the function without a queue."""
    return list(_arrivals(event, redelivered=False))


def from_message(message: Mapping[str, Any]) -> list[Arrival]:
    """Arrivals of one queue message, as Lambda hands it over; raises MalformedEvent when it is none."""
    try:
        body = json.loads(message["body"])
    except (RecursionError, ValueError) as error:
        raise MalformedEvent("the message's body is not JSON") from error
    receives = int(message.get("attributes", {}).get("ApproximateReceiveCount", "1"))
    return list(_arrivals(body, redelivered=receives > 1))


def _arrivals(event: Any, *, redelivered: bool) -> Iterator[Arrival]:
    if not isinstance(event, Mapping):
        raise MalformedEvent("the event is not a JSON object")
    try:
        if event.get("Event") == "s3:TestEvent":
            return
        if event.get("Type") == "Notification" and "TopicArn" in event:
            yield from _arrivals(json.loads(event["Message"]), redelivered=redelivered)
        elif event.get("source") == "aws.s3":
            yield _from_eventbridge(event, redelivered=redelivered)
        elif "Records" in event:
            for record in event["Records"]:
                yield _from_notification(record, redelivered=redelivered)
        else:
            raise MalformedEvent("the event is neither an S3 notification nor an EventBridge event from S3")
    except (AttributeError, KeyError, RecursionError, TypeError, ValueError) as error:
        raise MalformedEvent(f"the event lacks what an arrival needs ({type(error).__name__})") from error


def _from_notification(record: Mapping[str, Any], *, redelivered: bool) -> Arrival:
    """https://docs.aws.amazon.com/AmazonS3/latest/userguide/notification-content-structure.html."""
    entity = record["s3"]
    return Arrival(
        bucket=_name(entity["bucket"]["name"]),
        key=_name(unquote_plus(entity["object"]["key"])),
        sequencer=_sequencer(entity["object"]),
        at=_moment(record["eventTime"]),
        # Who removed something did not upload what is there now.
        principal=record.get("userIdentity", {}).get("principalId") if not _is_removal(record) else None,
        redelivered=redelivered,
        epoch=record.get("remessa", {}).get("epoch"),
        alone=bool(record.get("remessa", {}).get("alone")),
    )


def _is_removal(record: Mapping[str, Any]) -> bool:
    return "Removed" in record.get("eventName", "")


def _from_eventbridge(event: Mapping[str, Any], *, redelivered: bool) -> Arrival:
    """EventBridge does not encode the key.

    https://docs.aws.amazon.com/AmazonS3/latest/userguide/ev-events.html.
    """
    detail = event["detail"]
    return Arrival(
        bucket=_name(detail["bucket"]["name"]),
        key=_name(detail["object"]["key"]),
        sequencer=_sequencer(detail["object"]),
        at=_moment(event["time"]),
        principal=detail.get("requester") if event.get("detail-type") != "Object Deleted" else None,
        redelivered=redelivered,
    )


def _name(text: str) -> str:
    """A bucket's or an object's name; raises ValueError for what cannot be one."""
    if not text.encode():  # half a surrogate pair raises, too
        raise ValueError("an empty name")
    return text


def _sequencer(entity: Mapping[str, Any]) -> str:
    sequencer = normalise(entity.get("sequencer", ""))
    if not _SEQUENCER.fullmatch(sequencer):
        raise ValueError("the sequencer is no hexadecimal number")
    return sequencer


def _moment(text: str) -> str:
    """Notifications tell milliseconds and EventBridge whole seconds: brought to one form, they sort together."""
    return iso(milliseconds(text))
