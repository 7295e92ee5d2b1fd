"""Files too long for one run: cut by one, processed in parts by many, published as one by whoever is last.

The run that cuts the file leaves its claim to the orders that it sends: each holds the claim while it is at work,
notes on the record when it is done, and the one that finds all others done settles the record. An order that dies comes
back by the queue; should all of them be lost, the claim's lease ends and the file is taken up from the start under a
new epoch, which makes what is left of the old orders void.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from typing import Any, BinaryIO, cast

from remessa.errors import MalformedEvent
from remessa.journey.ledger import Claim
from remessa.journey.objects import Version
from remessa.journey.record import part_note
from remessa.journey.table import Item
from remessa.pipelines.contract import Artifact, Metadata, Outcome, Problem

WAIT = 900_000
"""Milliseconds that a divided file stays claimed after the last sign of life of one of its parts."""
MAX_PROBLEMS = 100
"""Problems that a record holds in full."""
_ORDER = "remessaPart"
_SPOOLED = 4 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class PartOrder:
    """One part of a file, to be processed by whoever receives this."""

    file_id: str
    epoch: int
    """Of the claim that cut the file; under any other the order is void."""
    generation: str
    seen: str
    """Sequencer that the claim had seen when the file was cut."""
    version: Version
    number: int
    """From 0."""
    count: int
    part: Metadata
    receives: int = 1
    """How often the queue has handed it out."""

    @property
    def body(self) -> str:
        """The message that carries it."""
        return json.dumps({_ORDER: {name: value for name, value in asdict(self).items() if name != "receives"}})


def order_of(message: Mapping[str, Any]) -> PartOrder | None:
    """The order that a queue message carries; None when it carries something else, MalformedEvent when a broken one."""
    if f'"{_ORDER}"' not in message["body"]:
        return None
    try:
        fields = json.loads(message["body"])[_ORDER]
        receives = int(message.get("attributes", {}).get("ApproximateReceiveCount", "1"))
        return PartOrder(**{**fields, "version": Version(**fields["version"]), "receives": receives})
    except (AttributeError, KeyError, RecursionError, TypeError, ValueError) as error:
        raise MalformedEvent(f"an order for a part lacks what it needs ({type(error).__name__})") from error


def orders(claim: Claim, version: Version, generation: str, parts: Sequence[Metadata]) -> list[PartOrder]:
    """One order for each part."""
    return [
        PartOrder(claim.file_id, claim.epoch, generation, claim.seen, version, number, len(parts), part)
        for number, part in enumerate(parts)
    ]


def done_note(order: PartOrder, outcome: Outcome, manifest: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """What the record tells of a part that is done, until the whole is; short, since a record holds 400 KB at most."""
    is_first = order.number == 0
    metadata = {name: value for name, value in outcome.metadata.items() if is_first or _is_count(value)}
    told = {
        "generation": order.generation,
        "part": order.part,
        "rows": outcome.metadata.get("rowCount", 0),
        "mediaType": outcome.media_type,
        "metadata": metadata,
        "problems": [problem.as_dict() for problem in outcome.problems],
        "problemCount": outcome.problem_count,
        "artifacts": list(manifest),
    }
    return {part_note(order.number): told}


def all_done(item: Item, order: PartOrder) -> list[Item] | None:
    """What all parts of the file found, in their order; None while some are missing."""
    notes = [item.get(part_note(number), {}) for number in range(order.count)]
    return notes if all(note.get("generation") == order.generation and "mediaType" in note for note in notes) else None


def as_one(notes: Sequence[Item]) -> dict[str, Any]:
    """The fields of a record that tell of the whole: counts are added up, all else is as the first part has it."""
    metadata = dict(notes[0]["metadata"])
    for name, value in metadata.items():
        if _is_count(value):
            metadata[name] = sum(note["metadata"][name] for note in notes)
    return {
        "mediaType": notes[0]["mediaType"],
        "metadata": metadata,
        "problems": [problem for note in notes for problem in note["problems"]],
        "problemCount": sum(note["problemCount"] for note in notes),
    }


def _is_count(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def add_repeated(fields: dict[str, Any], problems: Iterable[Problem]) -> Artifact | None:
    """Take rows that another part holds as well off the counts; returns the list of them, None when there are none."""
    with ExitStack() as opened:
        listed = cast("BinaryIO", opened.enter_context(tempfile.SpooledTemporaryFile(_SPOOLED)))
        count = 0
        for problem in problems:
            count += 1
            if len(fields["problems"]) < MAX_PROBLEMS:
                fields["problems"].append(problem.as_dict())
            listed.write(json.dumps(problem.as_dict() | {"severity": "error"}).encode() + b"\n")
        if not count:
            return None
        opened.pop_all()  # whoever stores it closes it
    listed.seek(0)
    fields["problemCount"] += count
    fields["metadata"]["rowCount"] -= count
    fields["metadata"]["errorCount"] += count
    return Artifact("problems-repeated.ndjson", "application/x-ndjson", listed, facts={"rows": count})
