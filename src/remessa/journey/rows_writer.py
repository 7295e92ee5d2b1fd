"""Writing rows to a table as fast as one processor can: batches of 25, many connections, one thread.

One thread, because Python's threads take turns: handing batches to eight of them costs more than sending each batch and
coming back later for its answer.
"""

from __future__ import annotations

import random
import time
from collections.abc import Collection, Hashable, Sequence
from dataclasses import dataclass
from http.client import HTTPException
from selectors import EVENT_READ, DefaultSelector
from types import TracebackType
from typing import Self

from remessa.journey.row_sender import TIMEOUT, Channel, Destination, NotNow, RowsDelayed, RowsRefused

BATCH = 25
"""Requests in a BatchWriteItem, by DynamoDB's own limit."""
BATCH_CHARACTERS = 1_000_000
"""A batch goes out early when it is this long, so that memory stays small whatever the rows hold."""
MIN_ATTEMPTS = 5
"""A batch is tried at least so often, for patience may run out while the caller is busy elsewhere."""
_FIRST_PAUSE, _LONGEST_PAUSE = 0.05, 5.0
_PASSING = (OSError, HTTPException, NotNow)


@dataclass(slots=True, eq=False)
class _Lane:
    """A connection, and the batch that it is to write."""

    channel: Channel
    keys: Collection[Hashable] = ()
    left: Sequence[str] = ()
    """Requests not written yet."""
    failures: int = 0
    deadline: float = 0
    awaiting: bool = False
    """Whether an answer is due, not the next attempt."""
    moment: float = 0
    """When the answer is overdue, or the next attempt is to be made."""


class RowsWriter:
    """Takes requests (see `row_requests`) one by one and writes them in batches; use it as a context manager.

    Memory is constant: there are at most as many batches as connections and one more, then `add` waits. Of several
    requests for one key the last wins: within a batch it replaces the earlier, which is never sent (DynamoDB refuses a
    batch that holds a key twice); a key that is on its way is waited for before it is taken again.

    A batch is tried for `patience` seconds, with growing pauses. When one fails, the call that notices raises, and so
    does every later one. What was written until then stays written: writing is repeatable, not atomic. Not for
    several threads at once.
    """

    def __init__(self, destination: Destination, *, connections: int = 16, patience: float = 30) -> None:
        self._destination = destination
        self._trust = destination.trust()
        self._most = connections
        self._patience = patience
        self._selector = DefaultSelector()
        self._idle: list[_Lane] = []
        self._busy: list[_Lane] = []
        self._batch: dict[Hashable, str] = {}
        self._characters = 0
        self._in_flight: set[Hashable] = set()
        self._written = 0
        self._failure: RowsRefused | RowsDelayed | None = None
        self._closed = False

    @property
    def written(self) -> int:
        """Requests that DynamoDB has confirmed so far."""
        return self._written

    def add(self, key: Hashable, request: str) -> None:
        """Take a request; `key` is anything that two requests share exactly when they concern one item.

        Raises RowsRefused or RowsDelayed when a batch failed, ValueError after `close`.
        """
        if self._closed:
            raise ValueError("this writer is closed")
        while key in self._in_flight:
            self._advance(wait=True)
        self._batch[key] = request
        self._characters += len(request)
        if len(self._batch) >= BATCH or self._characters >= BATCH_CHARACTERS:
            self._hand_over()

    def flush(self) -> None:
        """Return when all that was added is written; raises RowsRefused or RowsDelayed when a batch failed."""
        if self._batch:
            self._hand_over()
        while self._busy:
            self._advance(wait=True)
        self._check()

    def close(self) -> None:
        """Write what is left and close the connections; raises as `flush` does. A second time does nothing more."""
        if self._closed:
            self._check()
            return
        try:
            self.flush()
        finally:
            self._end()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, fault: BaseException | None, trace: TracebackType | None
    ) -> None:
        if fault is None:
            self.close()
        else:
            self._end()  # what is not sent yet stays unsent: the caller's own error is the one to see

    def _hand_over(self) -> None:
        self._check()
        lane = self._free_lane()
        batch, self._batch, self._characters = self._batch, {}, 0
        lane.keys, lane.left = batch.keys(), list(batch.values())
        lane.failures, lane.deadline = 0, time.monotonic() + self._patience
        self._in_flight.update(batch)
        self._busy.append(lane)
        self._send(lane)

    def _free_lane(self) -> _Lane:
        """A lane without a batch: a new one only while those that exist are busy, for opening one costs time."""
        if not self._idle:
            self._advance(wait=False)
        while not self._idle:
            if len(self._busy) < self._most:
                return _Lane(Channel(self._destination, self._trust))
            self._advance(wait=True)
        return self._idle.pop()

    def _send(self, lane: _Lane) -> None:
        try:
            lane.channel.post(lane.left)
        except _PASSING as fault:
            self._put_off(lane, fault)
            return
        lane.awaiting, lane.moment = True, time.monotonic() + TIMEOUT
        self._selector.register(lane.channel, EVENT_READ, lane)

    def _advance(self, *, wait: bool) -> None:
        """Take the answers that have come, and make the attempts that are due; with `wait`, at least one of them."""
        self._check()
        timeout = max(0.0, min(lane.moment for lane in self._busy) - time.monotonic()) if wait else 0
        for ready, _ in self._selector.select(timeout):
            self._receive(ready.data)
        now = time.monotonic()
        for lane in [lane for lane in self._busy if lane.moment <= now]:
            if lane.awaiting:
                self._selector.unregister(lane.channel)
                self._put_off(lane, TimeoutError(f"no answer within {TIMEOUT:g} seconds"))
            else:
                self._send(lane)

    def _receive(self, lane: _Lane) -> None:
        self._selector.unregister(lane.channel)
        try:
            lane.left = lane.channel.answer()
        except _PASSING as fault:
            self._put_off(lane, fault)
            return
        except RowsRefused as refusal:
            self._failure = refusal
            raise
        if lane.left:
            self._put_off(lane, NotNow("UnprocessedItems"))
            return
        self._in_flight.difference_update(lane.keys)
        self._written += len(lane.keys)
        self._busy.remove(lane)
        self._idle.append(lane)

    def _put_off(self, lane: _Lane, fault: Exception) -> None:
        """Let a batch wait for its next attempt, with jitter so that batches which failed together return apart."""
        now = time.monotonic()
        lane.failures += 1
        if not isinstance(fault, NotNow):
            lane.channel.drop()
        if lane.failures >= MIN_ATTEMPTS and now >= lane.deadline:
            reason = str(fault) if isinstance(fault, NotNow) else f"{type(fault).__name__}: {fault}"
            self._failure = RowsDelayed(
                f"Table {self._destination.table} did not take a batch of rows within {self._patience:g} seconds "
                f"({lane.failures} attempts): {reason}"
            )
            raise self._failure from fault
        longest = min(_LONGEST_PAUSE, _FIRST_PAUSE * 2 ** min(lane.failures - 1, 10))
        lane.awaiting, lane.moment = False, now + random.uniform(0, longest)  # noqa: S311  spreads load, guards nothing

    def _check(self) -> None:
        if self._failure is not None:
            raise self._failure

    def _end(self) -> None:
        self._closed = True
        for lane in self._idle + self._busy:
            lane.channel.drop()
        self._selector.close()
