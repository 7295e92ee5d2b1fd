"""How an arrival, or a turn of its run, may end."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from remessa.journey.parts import PartOrder
from remessa.journey.settlements import Settlement
from remessa.journey.table import Item


class Result(StrEnum):
    """What became of an arrival."""

    SUCCEEDED = "succeeded"
    KEPT = "kept"
    DELETED = "deleted"
    FAILED = "failed"
    RETRYING = "retrying"
    DEFERRED = "deferred"
    NOTED = "noted"
    DIVIDED = "divided"
    PART_DONE = "part-done"
    DROPPED = "dropped"
    OVERTAKEN = "overtaken"


@dataclass(frozen=True, slots=True)
class Verdict:
    """The end of one arrival, for the queue and for the log."""

    file_id: str
    result: Result
    delay: int | None = None
    """Seconds until the message should come back; None when it is done with."""
    attempt: int = 0
    size: int = 0
    code: str | None = None
    """Why it failed."""
    fault: BaseException | None = field(default=None, compare=False)
    """What was raised, when the attempt failed for a reason of the moment."""


@dataclass(frozen=True, slots=True)
class Ending:
    """What a turn came to: how to settle the record, and what to say of it."""

    settlement: Settlement
    result: Result
    size: int = 0
    code: str | None = None
    delay: int | None = None
    fault: BaseException | None = None
    orders: Sequence[PartOrder] = ()
    """To be sent once the record is settled."""


class Overtaken(Exception):
    """What this run does is for nobody: another owns the record now, or something newer was noted on it."""

    def __init__(self, item: Item) -> None:
        """`item` is the record as it refused to be written to."""
        super().__init__()
        self.item = item
