"""One arrival, from claim to publish.

The order is what makes it safe: claim first, then look at the bucket (whatever the event said), process that version,
write what it made under a fresh generation, and only then, in one conditional write, let readers see it.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, BinaryIO, TypeAlias

from remessa.errors import Rejected
from remessa.journey import ledger as transitions
from remessa.journey.arrivals import Arrival
from remessa.journey.artifacts import Artifacts, artifact_key, generation, manifest_entry
from remessa.journey.ledger import MAX_ATTEMPTS, Claim, Deferred, Dropped, Ledger, Noted, Settlement
from remessa.journey.objects import Changed, Objects, Version
from remessa.journey.record import Status, file_id, file_name
from remessa.journey.table import Written
from remessa.pipelines.contract import Processor, outcome_as_dict

Fields: TypeAlias = dict[str, Any]
"""Attributes of a record."""

LONGEST_DELAY = 900
"""Seconds; the longest wait between two attempts."""
MAX_TURNS = 50
"""Looks at one object within one claim; one that changes faster is left for later."""
MAX_MESSAGE = 500


class Result(StrEnum):
    """What became of an arrival."""

    SUCCEEDED = "succeeded"
    KEPT = "kept"
    DELETED = "deleted"
    FAILED = "failed"
    RETRYING = "retrying"
    DEFERRED = "deferred"
    NOTED = "noted"
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
class Ports:
    """Everything a run touches."""

    ledger: Ledger
    objects: Objects
    artifacts: Artifacts
    process: Processor


@dataclass(frozen=True, slots=True)
class _Source:
    """One version of an object, as a processor sees it."""

    version: Version
    reopen: Callable[[Version, int], BinaryIO]

    @property
    def name(self) -> str:
        return file_name(self.version.key)

    @property
    def size(self) -> int:
        return self.version.size

    def open(self, start: int = 0) -> BinaryIO:
        return self.reopen(self.version, start)


@dataclass(frozen=True, slots=True)
class _Ending:
    """What a turn came to: how to settle the record, and what to say of it."""

    settlement: Settlement
    result: Result
    size: int = 0
    code: str | None = None
    fault: BaseException | None = None


def process(arrival: Arrival, ports: Ports, *, lease: int) -> Verdict:
    """See one arrival through; `lease` is how many milliseconds this run may last.

    Never raises for a fault of the file or of a dependency: it answers with a verdict that says whether the message
    must come back. A fault of the ledger itself propagates, and the queue redelivers.
    """
    claim = ports.ledger.arrive(arrival, lease)
    identity = file_id(arrival.bucket, arrival.key)
    match claim:
        case Noted():
            return Verdict(identity, Result.NOTED)
        case Dropped():
            return Verdict(identity, Result.DROPPED)
        case Deferred(delay):
            return Verdict(identity, Result.DEFERRED, delay=min(LONGEST_DELAY, delay // 1000 + 1))
    for turn in range(1, MAX_TURNS + 1):
        try:
            ending = _turn(claim, arrival, ports, generation(claim.epoch, turn))
        except Changed:
            continue
        except Exception as fault:  # noqa: BLE001  whatever it is, the record must say so and the message come back
            return _failed(claim, ports.ledger, fault)
        answer = ports.ledger.settle(claim, ending.settlement)
        if answer.applied or _is_ours(answer, claim, ending):
            _tidy(claim, ending, ports.artifacts)
            return _verdict(claim, ending)
        if not _still_owner(answer, claim):
            return Verdict(identity, Result.OVERTAKEN, attempt=claim.attempt)
        claim = transitions.again(claim, answer.item)
    return _failed(claim, ports.ledger, TimeoutError(f"the object changed {MAX_TURNS} times while it was processed"))


def _turn(claim: Claim, arrival: Arrival, ports: Ports, made_by: str) -> _Ending:
    """Look at the object once and do what it asks for; raises Changed when it was replaced meanwhile."""
    version = ports.objects.head(arrival.bucket, arrival.key)
    if version is None:
        return _Ending(transitions.tombstone(), Result.DELETED)
    if claim.live and claim.live["version"] == version.identity:
        return _Ending(transitions.kept(), Result.KEPT, version.size)
    described = _describe(version, claim)
    if claim.attempt > MAX_ATTEMPTS:
        return _poison(claim.error, described)
    try:
        return _attempt(claim, version, described, ports, made_by)
    except Changed:
        raise
    except Rejected as refusal:
        fields = described | {"mediaType": refusal.media_type, "metadata": refusal.metadata}
        settlement = transitions.rejected(refusal.code, refusal.message[:MAX_MESSAGE], fields)
        return _Ending(settlement, Result.FAILED, version.size, refusal.code)
    except Exception as fault:
        if claim.attempt < MAX_ATTEMPTS:
            raise
        return _poison(_error(fault), described, fault)


def _attempt(claim: Claim, version: Version, described: Fields, ports: Ports, made_by: str) -> _Ending:
    """Process one version and write what it made, unseen until the record is settled."""
    outcome = ports.process(_Source(version, ports.objects.open))
    manifest = []
    for artifact in outcome.artifacts:
        key = artifact_key(artifact, claim.file_id, made_by)
        size = ports.artifacts.write(key, artifact, download_name=f"{file_name(version.key)}.{artifact.name}")
        manifest.append(manifest_entry(artifact, key, size))
    live = {"generation": made_by, "version": version.identity, "artifacts": manifest}
    fields = described | outcome_as_dict(outcome)
    return _Ending(transitions.published(live, fields), Result.SUCCEEDED, version.size)


def _poison(error: Mapping[str, Any] | None, fields: Fields, fault: BaseException | None = None) -> _Ending:
    last = f" The last error was: {error['message']}" if error else " Each time its worker died without a word."
    message = f"The file could not be processed in {MAX_ATTEMPTS} attempts.{last}"[:MAX_MESSAGE]
    return _Ending(transitions.rejected("poison", message, fields), Result.FAILED, code="poison", fault=fault)


def _describe(version: Version, claim: Claim) -> Fields:
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


def _error(fault: BaseException) -> dict[str, str]:
    return {"code": "processing-error", "message": f"{type(fault).__name__}: {fault}"[:MAX_MESSAGE]}


def _verdict(claim: Claim, ending: _Ending) -> Verdict:
    return Verdict(
        claim.file_id, ending.result, attempt=claim.attempt, size=ending.size, code=ending.code, fault=ending.fault
    )


def _failed(claim: Claim, ledger: Ledger, fault: Exception) -> Verdict:
    """Say so on the record; after the last attempt that is final, else the message comes back later and later."""
    error = _error(fault)
    if claim.attempt >= MAX_ATTEMPTS:
        ending = _poison(error, {}, fault)
        if ledger.settle(claim, ending.settlement).applied:
            return _verdict(claim, ending)
    if not ledger.fail(claim, error).applied:
        return Verdict(claim.file_id, Result.OVERTAKEN, attempt=claim.attempt, fault=fault)
    delay = backoff(claim.attempt)
    return Verdict(claim.file_id, Result.RETRYING, delay=delay, attempt=claim.attempt, code=error["code"], fault=fault)


def backoff(attempt: int) -> int:
    """Seconds until the next attempt: doubling, with jitter so that files which failed together return apart."""
    longest = min(LONGEST_DELAY, 4 * 2**attempt)
    return random.randint(longest // 2, longest)  # noqa: S311  spreads load, guards nothing


def _is_ours(answer: Written, claim: Claim, ending: _Ending) -> bool:
    """The write was made, but its reply was lost and the client's own retry was refused.

    Under this epoch nobody else can have settled the record.
    """
    item = answer.item
    return bool(item) and item["Epoch"] == claim.epoch and item["status"] == ending.settlement.status


def _still_owner(answer: Written, claim: Claim) -> bool:
    item = answer.item
    return bool(item) and item["Epoch"] == claim.epoch and item["status"] == Status.PROCESSING


def _tidy(claim: Claim, ending: _Ending, artifacts: Artifacts) -> None:
    """After a deletion its artifacts go at once; a crash here leaves orphans for garbage collection, nothing worse."""
    if ending.settlement.status is Status.DELETED and claim.live:
        artifacts.delete([artifact["key"] for artifact in claim.live["artifacts"]])
