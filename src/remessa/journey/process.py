"""One arrival, from claim to publish.

The order is what makes it safe: claim first, then look at the bucket (whatever the event said), process that version,
write what it made under a fresh generation, and only then, in one conditional write, let readers see it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any, TypeAlias

from remessa.errors import Rejected
from remessa.journey import faults
from remessa.journey import settlements as transitions
from remessa.journey.aftermath import tidied
from remessa.journey.arrivals import Arrival
from remessa.journey.artifacts import generation
from remessa.journey.faults import LONGEST_DELAY, MAX_ATTEMPTS, MAX_MESSAGE, backoff
from remessa.journey.ledger import Claim, Deferred, Dropped, Ledger, Noted
from remessa.journey.making import make
from remessa.journey.objects import Changed, Version
from remessa.journey.parts import WAIT, orders
from remessa.journey.ports import Ports
from remessa.journey.record import Status, file_id, part_note
from remessa.journey.source import ObjectSource
from remessa.journey.table import Item, Written
from remessa.journey.verdict import Ending, Overtaken, Result, Verdict
from remessa.pipelines.contract import Outcome, Parts, outcome_as_dict

Fields: TypeAlias = dict[str, Any]
"""Attributes of a record."""

MAX_TURNS = 50
"""Looks at one object within one claim; one that changes faster is left for later."""
RESERVE = 15_000
"""Milliseconds before the lease ends at which reading stops: time to write down that the file was too slow."""


def process(arrival: Arrival, ports: Ports, *, lease: int) -> Verdict:
    """See one arrival through; `lease` is how many milliseconds this run may last.

    Never raises for a fault of the file or of the buckets: it answers with a verdict that says whether the message must
    come back. A fault of the table itself propagates, and the queue redelivers.
    """
    started = ports.ledger.now()
    claim = ports.ledger.arrive(arrival, lease)
    identity = file_id(arrival.bucket, arrival.key)
    match claim:
        case Noted():
            return Verdict(identity, Result.NOTED)
        case Dropped():
            return Verdict(identity, Result.DROPPED)
        case Deferred(delay):
            return Verdict(identity, Result.DEFERRED, delay=min(LONGEST_DELAY, delay // 1000 + 1))
    return pursue(claim, (arrival.bucket, arrival.key), ports, lease, lateness(ports, started, lease))


def lateness(ports: Ports, started: int, lease: int) -> Callable[[], bool]:
    """Tells whether a run that started then (milliseconds since 1970) should stop reading."""
    deadline = started + lease - min(RESERVE, lease // 2)
    return lambda: ports.ledger.now() > deadline


def pursue(claim: Claim, place: tuple[str, str], ports: Ports, lease: int, late: Callable[[], bool]) -> Verdict:
    """Work under a claim that no other run has, until its record is settled."""
    for turn in range(1, MAX_TURNS + 1):
        try:
            ending = _turn(claim, place, ports, generation(claim.epoch, turn), late)
        except Overtaken as found:
            if not _is_owner(claim, found.item):
                return Verdict(claim.file_id, Result.OVERTAKEN, attempt=claim.attempt)
            claim = transitions.again(claim, found.item)
            continue
        except Changed:
            if turn < MAX_TURNS:
                continue
            ending = _failing(claim, TimeoutError(f"the object changed {MAX_TURNS} times while it was processed"))
        except Exception as fault:  # noqa: BLE001  whatever it is, the record must say so and the message come back
            ending = _failing(claim, fault)
        end = _ended(claim, ending, ports)
        if isinstance(end, Verdict):
            return end
        claim = end
    return Verdict(claim.file_id, Result.DEFERRED, delay=lease // 1000, attempt=claim.attempt)


def _ended(claim: Claim, ending: Ending, ports: Ports) -> Verdict | Claim:
    """Conclude; where the table cannot be written to for the moment, as a failed attempt."""
    try:
        return conclude(claim, ending, ports)
    except Exception as fault:
        if not faults.is_dependency(fault):
            raise
        return conclude(claim, _failing(claim, fault), ports)


def conclude(claim: Claim, ending: Ending, ports: Ports) -> Verdict | Claim:
    """Settle the record. Returns the claim to look again under when something newer was noted meanwhile."""
    answer, ending = _settle(claim, ending, ports.ledger)
    if answer.applied or _is_ours(answer, claim, ending):
        if ending.orders and ports.send:
            ports.send(ending.orders)
        return tidied(claim, ending, ports)
    if _is_owner(claim, answer.item):
        return transitions.again(claim, answer.item)
    return Verdict(claim.file_id, Result.OVERTAKEN, attempt=claim.attempt)


def _turn(claim: Claim, place: tuple[str, str], ports: Ports, made_by: str, late: Callable[[], bool]) -> Ending:
    """Look at the object once and do what it asks for; raises Changed when it was replaced meanwhile."""
    version = ports.objects.head(*place)
    if version is None:
        return Ending(transitions.tombstone(), Result.DELETED)
    if claim.live and claim.live["version"] == version.identity:
        return Ending(transitions.kept(), Result.KEPT, version.size)
    described = describe(version, claim)
    if claim.attempt > MAX_ATTEMPTS:
        return poisoned(claim.error, described)
    try:
        return _attempt(claim, ObjectSource(version, ports.objects.open, late), described, ports, made_by)
    except (Changed, Overtaken):
        raise
    except Rejected as refusal:
        return refused(refusal, described)
    except Exception as fault:
        if faults.is_dependency(fault) or claim.attempt < MAX_ATTEMPTS:
            raise
        return poisoned(faults.described(fault), described, fault)


def refused(refusal: Rejected, described: Fields) -> Ending:
    """REJECT: the file can never succeed."""
    fields = described | {"mediaType": refusal.media_type, "metadata": refusal.metadata}
    settlement = transitions.rejected(refusal.code, refusal.message[:MAX_MESSAGE], fields)
    return Ending(settlement, Result.FAILED, described["size"], refusal.code)


def _attempt(claim: Claim, source: ObjectSource, described: Fields, ports: Ports, made_by: str) -> Ending:
    """Process one version and write what it made, unseen until the record is settled; or cut a long file into parts."""
    found, version = ports.process(source), source.version
    if isinstance(found, Parts):
        ordered = orders(claim, version, made_by, found.parts)
        return Ending(transitions.divided(WAIT), Result.DIVIDED, version.size, orders=ordered)

    def progress(rows: int) -> None:
        answer = ports.ledger.note(claim, {part_note(0): {"generation": made_by, "rows": rows}})
        if not answer.applied:
            raise Overtaken(answer.item)

    outcome, manifest = make(found, ports, version, claim.file_id, made_by, progress)
    has_rows = not isinstance(found, Outcome)
    forget = (part_note(0),) if has_rows and part_note(0) not in claim.notes else ()
    return published(version, made_by, manifest, described | outcome_as_dict(outcome), has_rows=has_rows, forget=forget)


def published(
    version: Version,
    made_by: str,
    manifest: Sequence[Mapping[str, Any]],
    fields: Fields,
    *,
    has_rows: bool,
    forget: tuple[str, ...] = (),
) -> Ending:
    """PUBLISH: what was made becomes what readers see."""
    live = {"generation": made_by, "version": version.identity, "artifacts": manifest}
    if has_rows:
        live["rows"] = fields["metadata"].get("rowCount", 0)
    settlement = transitions.published(live, fields)
    return Ending(replace(settlement, remove=forget), Result.SUCCEEDED, version.size)


def poisoned(error: Mapping[str, Any] | None, fields: Fields, fault: BaseException | None = None) -> Ending:
    """REJECT: five attempts are enough."""
    last = f" The last error was: {error['message']}" if error else " Each time its worker died without a word."
    message = f"The file could not be processed in {MAX_ATTEMPTS} attempts.{last}"[:MAX_MESSAGE]
    return Ending(transitions.rejected("poison", message, fields), Result.FAILED, code="poison", fault=fault)


def describe(version: Version, claim: Claim) -> Fields:
    """What a record says of any version, before anything is known of its content."""
    return {
        "size": version.size,
        "etag": version.etag,
        "versionId": version.version_id,
        "uploadedBy": version.user or claim.principal,
        "uploadedAt": version.modified,
        "mediaType": None,
        "metadata": {},
        "problems": [],
        "problemCount": 0,
    }


def _failing(claim: Claim, fault: Exception) -> Ending:
    """FAIL: the message comes back later and later.

    A fault of S3 or the network is not held against the file, however long it lasts.
    """
    blameless = faults.is_dependency(fault)
    error = faults.described(fault)
    settlement = transitions.failed(claim, error, blameless=blameless)
    delay = backoff(claim.attempt + claim.faults)
    return Ending(settlement, Result.RETRYING, code=error["code"], delay=delay, fault=fault)


def _settle(claim: Claim, ending: Ending, ledger: Ledger) -> tuple[Written, Ending]:
    """Write the end down; what the table cannot take ends the file as well, in words that it can take."""
    try:
        return ledger.settle(claim, ending.settlement), ending
    except Exception as fault:
        if not faults.is_permanent(fault):
            raise
        small = ("size", "etag", "versionId", "uploadedBy", "uploadedAt", "mediaType")
        fields = {name: ending.settlement.set.get(name) for name in small}
        message = f"What was found in the file does not fit into a record ({fault})."[:MAX_MESSAGE]
        fields |= {"metadata": {}, "problems": [], "problemCount": 0}
        settlement = transitions.rejected("record-too-large", message, fields)
        ending = Ending(settlement, Result.FAILED, code="record-too-large", fault=fault)
    return ledger.settle(claim, ending.settlement), ending


def _is_ours(answer: Written, claim: Claim, ending: Ending) -> bool:
    """The write was made, but its reply was lost and the client's own retry was refused.

    Under this epoch nobody else can have settled the record.
    """
    item, status = answer.item, ending.settlement.status
    # A claim that goes on (DIVIDE) is under its epoch in any case; refused, it is told of something newer.
    goes_on = status is Status.PROCESSING
    return bool(item) and not goes_on and item["Epoch"] == claim.epoch and item["status"] == status


def _is_owner(claim: Claim, item: Item) -> bool:
    return bool(item) and item["Epoch"] == claim.epoch and item["status"] == Status.PROCESSING
