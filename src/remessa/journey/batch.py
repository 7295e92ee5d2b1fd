"""Many arrivals in one invocation, and what to answer the queue.

Files of one batch are processed at the same time, since most of a file's time is waiting for S3 and DynamoDB. Only the
messages of files that did not finish are reported back (a partial batch response), each with its own waiting time.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

from remessa.errors import MalformedEvent, RemessaError
from remessa.journey import arrivals
from remessa.journey.arrivals import Arrival
from remessa.journey.process import LONGEST_DELAY, Verdict, backoff

MAX_AT_ONCE = 10
"""Lambda's own limit for a batch; more threads than files would idle."""


class Queue(Protocol):
    """The queue that brought the messages."""

    def postpone(self, receipt: str, seconds: int) -> None:
        """Let a message come back after so many seconds."""


class Reporter(Protocol):
    """Where the end of each arrival is told: log and metrics."""

    def finished(self, verdict: Verdict, milliseconds: int) -> None:
        """An arrival came to its end."""

    def crashed(self, message_id: str, fault: BaseException) -> None:
        """A message could not be handled at all; it will come back, or end in the dead-letter queue."""


class ArrivalsFailed(RemessaError):
    """Files of a direct event did not finish; raised so that Lambda tries the event again."""


@dataclass(frozen=True, slots=True)
class _Done:
    """What became of one message: seconds until it should come back, or None."""

    delay: int | None


Handle = Callable[[Arrival], Verdict]
T = TypeVar("T")
R = TypeVar("R")


def handle_event(event: Mapping[str, Any], handle: Handle, queue: Queue, reporter: Reporter) -> dict[str, Any]:
    """Process whatever reached the function: a batch of queue messages, or a direct event.

    Returns a partial batch response. Raises ArrivalsFailed when files of a direct event must be tried again, and
    MalformedEvent when a direct event is none we know.
    """
    records = event.get("Records", [])
    if records and records[0].get("eventSource") == "aws:sqs":
        return {"batchItemFailures": _handle_messages(records, handle, queue, reporter)}
    verdicts = _in_parallel(lambda arrival: _timed(arrival, handle, reporter), arrivals.from_event(event))
    unfinished = sum(verdict.delay is not None for verdict in verdicts)
    if unfinished:
        raise ArrivalsFailed(f"{unfinished} of {len(verdicts)} files did not finish; their records say why")
    return {"batchItemFailures": []}


def _handle_messages(
    messages: list[Mapping[str, Any]], handle: Handle, queue: Queue, reporter: Reporter
) -> list[dict[str, str]]:
    ends = _in_parallel(lambda message: _handle_message(message, handle, reporter), messages)
    failures = []
    for message, done in zip(messages, ends, strict=True):
        if done.delay is None:
            continue
        failures.append({"itemIdentifier": message["messageId"]})
        try:
            queue.postpone(message["receiptHandle"], done.delay)
        except Exception as fault:  # noqa: BLE001  without it the message merely comes back at the queue's own pace
            reporter.crashed(message["messageId"], fault)
    return failures


def _handle_message(message: Mapping[str, Any], handle: Handle, reporter: Reporter) -> _Done:
    """Handle every arrival of one message; it comes back when any of them has to."""
    try:
        verdicts = [_timed(arrival, handle, reporter) for arrival in arrivals.from_message(message)]
    except MalformedEvent as fault:
        reporter.crashed(message["messageId"], fault)
        return _Done(0)
    except Exception as fault:  # noqa: BLE001  one message's fault must not fail its neighbours
        reporter.crashed(message["messageId"], fault)
        receives = int(message.get("attributes", {}).get("ApproximateReceiveCount", "1"))
        return _Done(backoff(receives))
    delays = [verdict.delay for verdict in verdicts if verdict.delay is not None]
    return _Done(min(LONGEST_DELAY, max(delays)) if delays else None)


def _timed(arrival: Arrival, handle: Handle, reporter: Reporter) -> Verdict:
    started = time.monotonic()
    verdict = handle(arrival)
    reporter.finished(verdict, int((time.monotonic() - started) * 1000))
    return verdict


def _in_parallel(work: Callable[[T], R], items: Iterable[T]) -> list[R]:
    pending = list(items)
    if len(pending) < 2:
        return [work(item) for item in pending]
    with ThreadPoolExecutor(min(MAX_AT_ONCE, len(pending))) as pool:
        return list(pool.map(work, pending))
