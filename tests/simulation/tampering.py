"""Writes to the table, rewritten on their way: how mutants of single transitions are made."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from boto3.dynamodb.conditions import And, ConditionBase, Equals

from remessa.journey.record import Status
from remessa.journey.table import Change, Written
from simulation.actors import System
from simulation.ports import TablePort

Rewrite = Callable[[Change, ConditionBase], tuple[Change, ConditionBase]]


class Tampered:
    """A table whose writes are rewritten on their way."""

    def __init__(self, port: TablePort, rewrite: Rewrite) -> None:
        self._port = port
        self._rewrite = rewrite

    def update(self, file_id: str, change: Change, when: ConditionBase) -> Written:
        """Apply another change, or under another condition."""
        return self._port.update(file_id, *self._rewrite(change, when))

    def __getattr__(self, name: str) -> Any:
        return getattr(self._port, name)


def tampered(rewrite: Rewrite) -> System:
    """The system on such a table."""
    return System(table=lambda port: Tampered(port, rewrite))


def without(when: ConditionBase, attribute: str) -> ConditionBase | None:
    """A condition less its parts `attribute = …`."""
    values = when.get_expression()["values"]
    if isinstance(when, And):
        kept = [part for part in (without(value, attribute) for value in values) if part is not None]
        return And(*kept) if len(kept) == 2 else next(iter(kept), None)
    return None if isinstance(when, Equals) and values[0].name == attribute else when


def unchecked(attribute: str, applies: Callable[[Change], bool]) -> System:
    """Some writes do not check that an attribute is what it was."""

    def rewrite(change: Change, when: ConditionBase) -> tuple[Change, ConditionBase]:
        return change, (without(when, attribute) or when) if applies(change) else when

    return tampered(rewrite)


def settles(change: Change) -> bool:
    """Whether a write is PUBLISH, KEEP, TOMB, REJECT or FAIL."""
    return not change.add and "LeaseUntil" in change.remove


def takes(change: Change) -> bool:
    """Whether a write is TAKE."""
    return "attempts" in change.add


def redrives(change: Change) -> bool:
    """Whether a write is REDRIVE."""
    return change.set.get("status") == Status.RETRYING and not change.remove


def uncounted(change: Change, when: ConditionBase) -> tuple[Change, ConditionBase]:
    """TAKE does not count the attempt."""
    return (replace(change, add={"Epoch": 1}) if takes(change) else change), when


def same_epoch(change: Change, when: ConditionBase) -> tuple[Change, ConditionBase]:
    """TAKE does not raise the epoch."""
    return (replace(change, add={"attempts": 1}) if takes(change) else change), when


def keeps_live(change: Change, when: ConditionBase) -> tuple[Change, ConditionBase]:
    """REJECT and TOMB leave what was live."""
    return replace(change, remove=[name for name in change.remove if name != "Live"]), when


def overcounted(change: Change, when: ConditionBase) -> tuple[Change, ConditionBase]:
    """TAKE counts an attempt twice."""
    return (replace(change, add={"Epoch": 1, "attempts": 2}) if takes(change) else change), when
