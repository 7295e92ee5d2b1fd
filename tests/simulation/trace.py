"""What happened in one simulated history, kept cheaply and told readably."""

from __future__ import annotations

from collections.abc import Iterator
from io import BytesIO
from typing import Any, NamedTuple

from boto3.dynamodb.conditions import And, AttributeBase, ConditionBase, Or

from remessa.journey.objects import Listed, Version
from remessa.journey.table import Change, Page, Written


class Event(NamedTuple):
    """One step."""

    now: int
    who: str
    what: str
    fate: str
    about: Any
    outcome: Any


class Trace:
    """The steps so far. Nothing is put into words before somebody reads it."""

    def __init__(self, start: int) -> None:
        self.events: list[Event] = []
        self._start = start

    def add(self, now: int, who: str, what: str, fate: str = "", about: Any = None, outcome: Any = None) -> None:
        """Remember a step."""
        self.events.append(Event(now, who, what, fate, about, outcome))

    def lines(self) -> Iterator[str]:
        """Step, seconds, who, what, and what came of it."""
        for number, event in enumerate(self.events):
            fate = f"  ** {event.fate} **" if event.fate not in {"", "ok"} else ""
            outcome = f"  → {tell(event.outcome)}" if event.outcome is not None else ""
            seconds = (event.now - self._start) / 1000
            about = "" if event.about is None else tell(event.about)
            yield f"{number:4} {seconds:10.3f}s {event.who:13} {event.what:16} {about}{fate}{outcome}"


def tell(thing: Any) -> str:
    """A step's subject or outcome in a few words."""
    match thing:
        case Written(applied, item):
            return f"{'applied' if applied else 'REFUSED'} {_record(item)}"
        case Change():
            return _change(thing)
        case ConditionBase():
            return condition(thing)
        case Page(items, _):
            return f"{len(items)} found: {'; '.join(_record(item) for item in items)}"
        case {"FileId": _}:
            return _record(thing)
        case Version(version_id=number, etag=etag, modified=modified):
            return f"{number or 'unversioned'} {etag[:8]} of {modified}"
        case Listed(key=key):
            return key
        case BytesIO():
            return "a stream"
        case tuple():
            return ", ".join(tell(part) for part in thing)
        case _:
            return str(thing)


def condition(when: ConditionBase) -> str:
    """A boto3 condition as one would write it down."""
    expression = when.get_expression()
    names = [_operand(value) for value in expression["values"]]
    if isinstance(when, And | Or):
        return "(" + f" {expression['operator']} ".join(names) + ")"
    if len(names) == 1:
        return f"{expression['operator']}({names[0]})"
    return f"{names[0]}{expression['operator']}{names[1]}"


def _operand(value: Any) -> str:
    if isinstance(value, ConditionBase):
        return condition(value)
    return value.name if isinstance(value, AttributeBase) else _short(value)


def _change(change: Change) -> str:
    told = ("status", "Sequencer", "attempts", "LeaseUntil", "Live", "etag")
    sets = [f"{name}={_short(change.set[name])}" for name in told if name in change.set]
    adds = [f"{name}+{amount}" for name, amount in change.add.items()]
    removes = [f"-{name}" for name in change.remove if name == "Live"]
    return " ".join(sets + adds + removes)


def _record(item: Any) -> str:
    if not item:
        return "(no record)"
    told = ("status", "Epoch", "Sequencer", "attempts", "LeaseUntil", "etag")
    parts = [f"{name}={_short(item[name])}" for name in told if name in item]
    live = item.get("Live")
    return " ".join([*parts, f"Live={_short(live)}" if live else "no Live"])


def _short(value: Any) -> str:
    """Sequencers without their padding, hashes cut, a live pointer by generation and version."""
    if isinstance(value, dict) and "generation" in value:
        version = value["version"]
        return f"{value['generation']} of {version['versionId'] or _short(version['etag'])}"
    text = str(value)
    if len(text) == 64:
        return text[:20].rstrip("0").lstrip("0") + ("+" + text[40:].lstrip("0") if text[40:].strip("0") else "") or "0"
    return text[:8] if len(text) == 32 else text
