"""Many arrivals in one invocation, and what to answer the queue.

Files of one batch are processed at the same time, since most of a file's time is waiting for S3 and DynamoDB. Only the
messages of files that did not finish are reported back (a partial batch response), each with its own waiting time.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, Protocol, TypeAlias, TypeVar

from remessa.errors import MalformedEvent, RemessaError
from remessa.journey import arrivals, parts
from remessa.journey.arrivals import Arrival
from remessa.journey.faults import LONGEST_DELAY, backoff
from remessa.journey.parts import PartOrder
from remessa.journey.verdict import Verdict


class Queue(Protocol):
    """The queue that brought the messages."""

    def postpone(self, receipt: str, seconds: int) -> None:
        """Let a message come back after so many seconds."""

    def bury(self, body: str) -> None:
        """Put a message among the dead letters."""


class Reporter(Protocol):
    """Where the end of each arrival is told: log and metrics."""

    def finished(self, verdict: Verdict, milliseconds: int) -> None:
        """An arrival came to its end."""

    def crashed(self, message_id: str, fault: BaseException) -> None:
        """A message could not be handled at all; it will come back, or end in the dead-letter queue."""


class ArrivalsFailed(RemessaError):
    """Files of a direct event did not finish; raised so that Lambda tries the event again."""


@dataclass(frozen=True, slots=True)
class _Task:
    """One message of a batch."""

    message: Mapping[str, Any]
    work: list[Work]

    @property
    def id(self) -> str:
        return str(self.message["messageId"])

    @property
    def alone(self) -> bool:
        return any(isinstance(arrival, Arrival) and arrival.alone for arrival in self.work)

    @property
    def receives(self) -> int:
        """How often the queue has handed it out."""
        return int(self.message.get("attributes", {}).get("ApproximateReceiveCount", "1"))


Work: TypeAlias = Arrival | PartOrder
Handle: TypeAlias = Callable[[Any], Verdict]
"""Called with the kinds of work that the pipeline's messages bring."""
T = TypeVar("T")
R = TypeVar("R")


def handle_event(
    event: Mapping[str, Any],
    handle: Handle,
    queue: Queue,
    reporter: Reporter,
    time_left: Callable[[], int],
    at_once: int = 10,
) -> dict[str, Any]:
    """Process whatever reached the function: a batch of queue messages, or a direct event.

    `time_left` gives the milliseconds until the function is ended; `at_once` files are processed at a time (Lambda's
    batches have ten unless a window is set). Returns a partial batch response. Raises ArrivalsFailed when files of a
    direct event must be tried again, and MalformedEvent when it is none we know.
    """
    records = event.get("Records", [])
    if records and records[0].get("eventSource") == "aws:sqs":
        batch = _Batch(handle, queue, reporter, time_left, at_once)
        return {"batchItemFailures": [{"itemIdentifier": failed} for failed in batch.run(records)]}
    verdicts = _in_parallel(lambda arrival: _timed(arrival, handle, reporter), arrivals.from_event(event), at_once)
    unfinished = sum(verdict.delay is not None for verdict in verdicts)
    if unfinished:
        raise ArrivalsFailed(f"{unfinished} of {len(verdicts)} files did not finish; their records say why")
    return {"batchItemFailures": []}


@dataclass(frozen=True, slots=True)
class _Batch:
    """One invocation's messages, and whom to tell of them."""

    handle: Handle
    queue: Queue
    reporter: Reporter
    time_left: Callable[[], int]
    at_once: int

    def run(self, messages: list[Mapping[str, Any]]) -> list[str]:
        """Handle every message; returns the ids of those that must come back."""
        tasks = [_Task(message, self._parse(message)) for message in messages]
        enough = self.time_left() // 2
        together = [task for task in tasks if not task.alone]
        done = dict(_in_parallel(lambda task: (task.id, self._is_done(task)), together, self.at_once))
        # Whatever killed its last run may kill this one too: it runs when the others are done, and with enough time.
        for task in tasks:
            if task.alone:
                done[task.id] = self._is_done(task) if self.time_left() > enough else self._postponed(task, 1)
        return [task.id for task in tasks if not done[task.id]]

    def _parse(self, message: Mapping[str, Any]) -> list[Work]:
        """The work that a message brings; none for what brings none, which goes among the dead letters."""
        try:
            order = parts.order_of(message)
            return [order] if order else [*arrivals.from_message(message)]
        except MalformedEvent as fault:
            self.reporter.crashed(message["messageId"], fault)
            self.queue.bury(message["body"])
            return []

    def _is_done(self, task: _Task) -> bool:
        """Handle every arrival of one message, and say whether it is done with; else it is postponed."""
        try:
            verdicts = [_timed(arrival, self.handle, self.reporter) for arrival in task.work]
        except Exception as fault:  # noqa: BLE001  one message's fault must not fail its neighbours
            self.reporter.crashed(task.id, fault)
            return self._postponed(task, backoff(task.receives))
        delays = [verdict.delay for verdict in verdicts if verdict.delay is not None]
        return self._postponed(task, min(LONGEST_DELAY, max(delays))) if delays else True

    def _postponed(self, task: _Task, seconds: int) -> bool:
        """Have a message come back after so many seconds; always False: it is not done with."""
        try:
            self.queue.postpone(task.message["receiptHandle"], seconds)
        except Exception as fault:  # noqa: BLE001  without it the message merely comes back at the queue's own pace
            self.reporter.crashed(task.id, fault)
        return False


def _timed(arrival: Work, handle: Handle, reporter: Reporter) -> Verdict:
    started = time.monotonic()
    verdict = handle(arrival)
    reporter.finished(verdict, int((time.monotonic() - started) * 1000))
    return verdict


def _in_parallel(work: Callable[[T], R], items: Iterable[T], at_once: int) -> list[R]:
    pending = list(items)
    if len(pending) < 2:
        return [work(item) for item in pending]
    with ThreadPoolExecutor(min(at_once, len(pending))) as pool:
        return list(pool.map(work, pending))
