"""One part of a long file, from its order to the last part's publishing of the whole."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from remessa.errors import Rejected
from remessa.journey import faults
from remessa.journey.faults import MAX_ATTEMPTS, backoff
from remessa.journey.ledger import Claim
from remessa.journey.making import make, read_held
from remessa.journey.objects import Changed
from remessa.journey.parts import WAIT, PartOrder, add_repeated, all_done, as_one, done_note
from remessa.journey.ports import Ports
from remessa.journey.process import conclude, describe, lateness, poisoned, published, pursue, refused
from remessa.journey.record import part_note
from remessa.journey.source import ObjectSource
from remessa.journey.table import Item
from remessa.journey.verdict import Ending, Overtaken, Result, Verdict
from remessa.pipelines.contract import Metadata, Outcome, PartProcessor, Rows


def process_part(order: PartOrder, ports: Ports, *, lease: int) -> Verdict:
    """See one part through; `lease` is how many milliseconds this run may last.

    An order is repeatable: whoever gets it again writes the same again. As `process`, it raises only for faults of the
    table.
    """
    late = lateness(ports, ports.ledger.now(), lease)
    item = ports.ledger.hold(order.file_id, order.epoch, WAIT, {})
    if item is None:
        return Verdict(order.file_id, Result.DROPPED)
    claim = _claim(item, ports, order)
    try:
        item = _held(order, ports, _made(claim, order, ports, late))
        notes = all_done(item, order)
        if notes is None:
            return Verdict(order.file_id, Result.PART_DONE, attempt=claim.attempt, size=order.version.size)
        end = conclude(_claim(item, ports, order), _united(item, notes, order, ports, late), ports)
    except Overtaken:
        return Verdict(order.file_id, Result.OVERTAKEN, attempt=claim.attempt)
    except Changed:  # another version, or none, is there now
        end = claim
    except Rejected as refusal:
        end = conclude(claim, refused(refusal, describe(order.version, claim)), ports)
    except Exception as fault:  # noqa: BLE001  whatever it is, the order must come back, or the file be given up
        end = _faulty(fault, claim, order, ports)
    return end if isinstance(end, Verdict) else _look_again(end, order, ports, lease)


def _faulty(fault: Exception, claim: Claim, order: PartOrder, ports: Ports) -> Verdict | Claim:
    """The order comes back, unless it has come back too often for a fault of its own."""
    if not faults.is_dependency(fault) and order.receives >= MAX_ATTEMPTS:
        return conclude(claim, poisoned(faults.described(fault), describe(order.version, claim), fault), ports)
    delay, code = backoff(order.receives), faults.described(fault)["code"]
    return Verdict(order.file_id, Result.RETRYING, delay=delay, attempt=claim.attempt, code=code, fault=fault)


def _look_again(claim: Claim, order: PartOrder, ports: Ports, lease: int) -> Verdict:
    """The object is no longer what the order is for: do what it asks for now, as the only run."""
    alone = ports.ledger.alone(claim, lease)
    if alone is None:
        return Verdict(order.file_id, Result.OVERTAKEN, attempt=claim.attempt)
    late = lateness(ports, ports.ledger.now(), lease)
    return pursue(alone, (order.version.bucket, order.version.key), ports, lease, late)


def _claim(item: Item, ports: Ports, order: PartOrder) -> Claim:
    """The claim that cut the file, which its parts settle for it."""
    return replace(ports.ledger.claimed(item), seen=order.seen)


def _held(order: PartOrder, ports: Ports, note: dict[str, Any]) -> Item:
    """Note something and hold the claim; raises Overtaken when it is no longer ours."""
    item = ports.ledger.hold(order.file_id, order.epoch, WAIT, note)
    if item is None:
        raise Overtaken({})
    return item


def _made(claim: Claim, order: PartOrder, ports: Ports, late: Callable[[], bool]) -> dict[str, Any]:
    """Process the part; returns the note that it is done."""

    def progress(rows: int) -> None:
        note = {part_note(order.number): {"generation": order.generation, "rows": rows}}
        _held(order, ports, note)

    found = _rows_of(order, ports, late)(order.part, order.number)
    made = make(found, ports, order.version, claim.file_id, order.generation, progress, order.number, order.count)
    return done_note(order, *made)


def _rows_of(order: PartOrder, ports: Ports, late: Callable[[], bool]) -> Callable[[Metadata, int], Rows]:
    """Opens a part, given what it is and its number, of the file that an order is for."""
    process: PartProcessor | None = ports.process_part
    if process is None:
        raise TypeError("a pipeline that cuts files must process their parts")
    source = ObjectSource(order.version, ports.objects.open, late)
    return lambda part, number: process(source, part, number, order.count)


def _united(item: Item, notes: list[Item], order: PartOrder, ports: Ports, late: Callable[[], bool]) -> Ending:
    """All parts as one, for the record; what two of them hold counts once."""
    fields = describe(order.version, ports.ledger.claimed(item)) | as_one(notes)
    manifest = [artifact for note in notes for artifact in note["artifacts"]]
    if ports.rows is not None:
        opened = _rows_of(order, ports, late)
        held = read_held(ports, order.file_id, order.generation, order.count)
        problems = ports.rows.unite(
            order.file_id, order.generation, held, lambda number: opened(notes[number]["part"], number)
        )
        repeated = add_repeated(fields, problems)
        if repeated:
            found = Outcome(fields["mediaType"], artifacts=[repeated])
            manifest += make(found, ports, order.version, order.file_id, order.generation, lambda _: None)[1]
    return published(order.version, order.generation, manifest, fields, has_rows=True)
