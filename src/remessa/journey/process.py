"""One arrival, from claim to publish.

The order is what makes it safe: claim first, then look at the bucket (whatever the event said), process that version,
write what it made under a fresh generation, and only then, in one conditional write, let readers see it.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any, BinaryIO, TypeAlias, cast

from remessa.errors import Rejected
from remessa.journey import faults
from remessa.journey import ledger as transitions
from remessa.journey.arrivals import Arrival
from remessa.journey.artifacts import Artifacts, artifact_key, generation, manifest_entry
from remessa.journey.faults import LONGEST_DELAY, MAX_ATTEMPTS, MAX_MESSAGE, TooSlow, backoff
from remessa.journey.ledger import Claim, Deferred, Dropped, Ledger, Noted, Settlement
from remessa.journey.objects import Changed, Objects, Version
from remessa.journey.record import Status, file_id, file_name
from remessa.journey.table import Written
from remessa.pipelines.contract import Processor, outcome_as_dict

Fields: TypeAlias = dict[str, Any]
"""Attributes of a record."""

MAX_TURNS = 50
"""Looks at one object within one claim; one that changes faster is left for later."""
RESERVE = 15_000
"""Milliseconds before the lease ends at which reading stops: time to write down that the file was too slow."""


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
    late: Callable[[], bool]

    @property
    def name(self) -> str:
        return file_name(self.version.key)

    @property
    def size(self) -> int:
        return self.version.size

    def open(self, start: int = 0) -> BinaryIO:
        return cast("BinaryIO", io.BufferedReader(_Punctual(self.reopen(self.version, start), self.late)))


class _Punctual(io.RawIOBase):
    """A stream that ends with TooSlow when the run has no time left, instead of dying with it in the middle."""

    def __init__(self, stream: BinaryIO, late: Callable[[], bool]) -> None:
        self._stream = stream
        self._late = late

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        if self._late():
            raise TooSlow("it was not read to its end within the function's time; it may be too large")
        chunk = self._stream.read(len(buffer))
        buffer[: len(chunk)] = chunk
        return len(chunk)

    def close(self) -> None:
        self._stream.close()
        super().close()


@dataclass(frozen=True, slots=True)
class _Ending:
    """What a turn came to: how to settle the record, and what to say of it."""

    settlement: Settlement
    result: Result
    size: int = 0
    code: str | None = None
    delay: int | None = None
    fault: BaseException | None = None


def process(arrival: Arrival, ports: Ports, *, lease: int) -> Verdict:
    """See one arrival through; `lease` is how many milliseconds this run may last.

    Never raises for a fault of the file or of the buckets: it answers with a verdict that says whether the message must
    come back. A fault of the table itself propagates, and the queue redelivers.
    """
    deadline = ports.ledger.now() + lease - min(RESERVE, lease // 2)
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
            ending = _turn(claim, arrival, ports, generation(claim.epoch, turn), lambda: ports.ledger.now() > deadline)
        except Changed:
            if turn < MAX_TURNS:
                continue
            ending = _failing(claim, TimeoutError(f"the object changed {MAX_TURNS} times while it was processed"))
        except Exception as fault:  # noqa: BLE001  whatever it is, the record must say so and the message come back
            ending = _failing(claim, fault)
        answer, ending = _settle(claim, ending, ports.ledger)
        if answer.applied or _is_ours(answer, claim, ending):
            return _tidied(claim, ending, ports.artifacts)
        if not _still_owner(answer, claim):
            return Verdict(identity, Result.OVERTAKEN, attempt=claim.attempt)
        claim = transitions.again(claim, answer.item)
    return Verdict(identity, Result.DEFERRED, delay=lease // 1000, attempt=claim.attempt)


def _turn(claim: Claim, arrival: Arrival, ports: Ports, made_by: str, late: Callable[[], bool]) -> _Ending:
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
        return _attempt(claim, _Source(version, ports.objects.open, late), described, ports, made_by)
    except Changed:
        raise
    except Rejected as refusal:
        fields = described | {"mediaType": refusal.media_type, "metadata": refusal.metadata}
        settlement = transitions.rejected(refusal.code, refusal.message[:MAX_MESSAGE], fields)
        return _Ending(settlement, Result.FAILED, version.size, refusal.code)
    except Exception as fault:
        if faults.is_dependency(fault) or claim.attempt < MAX_ATTEMPTS:
            raise
        return _poison(faults.described(fault), described, fault)


def _attempt(claim: Claim, source: _Source, described: Fields, ports: Ports, made_by: str) -> _Ending:
    """Process one version and write what it made, unseen until the record is settled."""
    outcome, version = ports.process(source), source.version
    manifest = []
    for artifact in outcome.artifacts:
        key = artifact_key(artifact, claim.file_id, made_by)
        size = ports.artifacts.write(key, artifact, download_name=f"{file_name(version.key)}.{artifact.name}")
        manifest.append(manifest_entry(artifact, ports.artifacts.bucket, key, size))
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


def _failing(claim: Claim, fault: Exception) -> _Ending:
    """FAIL: the message comes back later and later.

    A fault of S3 or the network is not held against the file, however long it lasts.
    """
    blameless = faults.is_dependency(fault)
    error = faults.described(fault)
    settlement = transitions.failed(claim, error, blameless=blameless)
    delay = backoff(claim.attempt + claim.faults)
    return _Ending(settlement, Result.RETRYING, code=error["code"], delay=delay, fault=fault)


def _settle(claim: Claim, ending: _Ending, ledger: Ledger) -> tuple[Written, _Ending]:
    """Write the end down; what the table cannot take ends the file as well, in words that it can take."""
    try:
        return ledger.settle(claim, ending.settlement), ending
    except Exception as fault:
        if faults.is_permanent(fault):
            small = ("size", "etag", "versionId", "uploadedBy", "uploadedAt", "mediaType")
            fields = {name: ending.settlement.set.get(name) for name in small}
            message = f"What was found in the file does not fit into a record ({fault})."[:MAX_MESSAGE]
            fields |= {"metadata": {}, "problems": [], "problemCount": 0}
            settlement = transitions.rejected("record-too-large", message, fields)
            ending = _Ending(settlement, Result.FAILED, code="record-too-large", fault=fault)
        elif faults.is_dependency(fault):
            ending = _failing(claim, fault)
        else:
            raise
    return ledger.settle(claim, ending.settlement), ending


def _is_ours(answer: Written, claim: Claim, ending: _Ending) -> bool:
    """The write was made, but its reply was lost and the client's own retry was refused.

    Under this epoch nobody else can have settled the record.
    """
    item = answer.item
    return bool(item) and item["Epoch"] == claim.epoch and item["status"] == ending.settlement.status


def _still_owner(answer: Written, claim: Claim) -> bool:
    item = answer.item
    return bool(item) and item["Epoch"] == claim.epoch and item["status"] == Status.PROCESSING


def _tidied(claim: Claim, ending: _Ending, artifacts: Artifacts) -> Verdict:
    """The verdict; after a deletion its artifacts go at once, and what stays is left to garbage collection."""
    verdict = Verdict(
        claim.file_id,
        ending.result,
        delay=ending.delay,
        attempt=claim.attempt,
        size=ending.size,
        code=ending.code,
        fault=ending.fault,
    )
    if ending.settlement.status is Status.DELETED and claim.live:
        try:
            artifacts.delete([artifact["key"] for artifact in claim.live["artifacts"]])
        except Exception as fault:  # noqa: BLE001  the record is right; it is told in the log
            return replace(verdict, fault=fault)
    return verdict
