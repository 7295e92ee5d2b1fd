"""Every transition of a record, each one conditional write.

    CLAIM    a newer event, and nobody at work          → PROCESSING, new epoch, first attempt
    TAKE     the same event again, after a failure or a dead run → PROCESSING, new epoch, next attempt
    NOTE     a newer event, but an owner is at work     → the owner will look again before it publishes
    PUBLISH  the owner is done                          → SUCCEEDED, Live is the new generation
    KEEP     the object is the one that is live already → SUCCEEDED
    TOMB     the object is gone                         → DELETED, nothing live
    REJECT   the object can never succeed               → FAILED, nothing live
    FAIL     this attempt failed                        → RETRYING, and its message comes back
    DIVIDE   a long file is cut into parts              → still PROCESSING, for the parts' runs
    HOLD     a part's run begins, or is done            → still PROCESSING, with a new lease
    ALONE    a part's run sees that there is more to do → still PROCESSING, new epoch, for this run only
    REDRIVE  somebody asks for a FAILED file again      → RETRYING, attempts from nothing

An owner settles a record only while `Epoch` is the one it claimed (the fence) and `Sequencer` the one it has seen (so
no newer event goes unnoticed). A client may repeat a write whose reply was lost; `Owner` tells a run that the claim
which refuses it is its own. Clocks serve liveness alone: a wrong one may cost a second run, never a wrong record.
`docs/explanation/journey.md` tells why.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from boto3.dynamodb.conditions import Attr

from remessa.journey.arrivals import Arrival
from remessa.journey.faults import MAX_ATTEMPTS
from remessa.journey.moments import iso, milliseconds
from remessa.journey.record import (
    NEEDS_ATTENTION,
    PART_NOTE,
    SHARED_NOTE,
    Status,
    attention,
    file_id,
    file_name,
    shard,
    shared_note,
    timeline,
)
from remessa.journey.settlements import Settlement
from remessa.journey.table import Change, Item, Table, Written


@dataclass(frozen=True, slots=True)
class Claim:
    """Ownership of a record, until its lease ends or a successor takes it."""

    file_id: str
    epoch: int
    seen: str
    """Sequencer of the newest event this run knows of."""
    attempt: int
    started: int
    """Milliseconds since 1970."""
    live: Mapping[str, Any] | None
    """What readers saw when the claim was made."""
    error: Mapping[str, Any] | None
    """Why the attempt before this one failed."""
    principal: str | None = None
    """Who sent the object, by the event that was claimed for."""
    faults: int = 0
    """How often S3 or the network failed, for which the file is not to blame."""
    notes: tuple[str, ...] = ()
    """Attributes that tell of parts or of what other files share, which go when the record is settled."""


@dataclass(frozen=True, slots=True)
class Noted:
    """An owner is at work and will see to it."""


@dataclass(frozen=True, slots=True)
class Dropped:
    """A duplicate or outdated event: nothing to do."""


@dataclass(frozen=True, slots=True)
class Deferred:
    """Redelivered while its former owner's lease lasts: come back after `delay` milliseconds."""

    delay: int


class Ledger:
    """The records of one pipeline."""

    def __init__(
        self,
        table: Table,
        pipeline: str,
        *,
        shards: int,
        clock: Callable[[], int],
        token: Callable[[], str] = lambda: uuid.uuid4().hex,
    ) -> None:
        """`clock` gives milliseconds since 1970; `token` makes a name for a run that no other has."""
        self._table = table
        self._pipeline = pipeline
        self._shards = shards
        self._clock = clock
        self._token = token

    def now(self) -> int:
        """Milliseconds since 1970."""
        return self._clock()

    def arrive(self, arrival: Arrival, lease: int) -> Claim | Noted | Dropped | Deferred:
        """Decide what an arrival means for its record, and claim the record if it is this run's to process.

        `lease` is how many milliseconds this run may last. Between a refusal and the next try the record may change
        again, so the decision is taken anew from the item that each refusal returns.
        """
        identity = file_id(arrival.bucket, arrival.key)
        working = {"Owner": self._token()} | self._working(identity, lease)
        answer = self._claim(identity, arrival, working)
        while not answer.applied:
            item = answer.item
            if not item:  # somebody removed the record by hand
                answer = self._claim(identity, arrival, working)
                continue
            if item.get("Owner") == working["Owner"] and item["status"] == Status.PROCESSING:
                break  # our own claim, whose reply was lost
            busy = item["status"] == Status.PROCESSING and item["LeaseUntil"] >= self._clock()
            if item["Sequencer"] < arrival.sequencer:
                if not busy:
                    answer = self._claim(identity, arrival, working)
                    continue
                answer = self._note(identity, arrival)
                if answer.applied:
                    return Noted()
            elif _is_void(arrival, item):
                return Dropped()
            elif item["status"] == Status.RETRYING or (item["status"] == Status.PROCESSING and not busy):
                answer = self._take(identity, arrival, working)
            elif busy and (arrival.redelivered or arrival.epoch is not None):
                return Deferred(item["LeaseUntil"] - self._clock() + 1)
            else:
                return Dropped()
        return replace(self.claimed(answer.item), started=self._clock())

    def settle(self, claim: Claim, settlement: Settlement) -> Written:
        """PUBLISH, KEEP, TOMB, REJECT or FAIL; refused when the run was overtaken or a newer event was noted."""
        now = self._clock()
        fields: dict[str, Any] = {"status": settlement.status, "attempts": min(claim.attempt, MAX_ATTEMPTS)}
        if settlement.status not in {Status.RETRYING, Status.PROCESSING}:
            fields |= {"processedAt": iso(now), "durationMs": max(0, now - claim.started)}
        fields |= settlement.set
        remove = [*settlement.remove, *claim.notes]
        if "error" not in fields:
            remove.append("error")
        if settlement.lease is None:
            index, unindexed = self._attention(claim.file_id, settlement.status, now)
            remove += ["LeaseUntil", *unindexed]
        else:
            index = self._held(claim.file_id, settlement.lease)
        change = Change(set=fields | index, remove=remove)
        owned = Attr("Epoch").eq(claim.epoch) & Attr("status").eq(Status.PROCESSING)
        return self._table.update(claim.file_id, change, owned & Attr("Sequencer").eq(claim.seen))

    def hold(self, file_id: str, epoch: int, lease: int, notes: Mapping[str, Any]) -> Item | None:
        """HOLD: note something of a run on its record and keep it claimed; None when the run was overtaken."""
        change = Change(set={**notes, **self._held(file_id, lease)})
        when = Attr("Epoch").eq(epoch) & Attr("status").eq(Status.PROCESSING)
        answer = self._table.update(file_id, change, when)
        return answer.item if answer.applied else None

    def alone(self, claim: Claim, lease: int) -> Claim | None:
        """ALONE: take a claim that many runs share for one of them, and end the others'; None when it was overtaken.

        Without it two of them could make different versions under the same generation.
        """
        token = self._token()
        change = Change(set={"Owner": token, **self._held(claim.file_id, lease)}, add={"Epoch": 1})
        when = Attr("Epoch").eq(claim.epoch) & Attr("status").eq(Status.PROCESSING)
        item = self._table.update(claim.file_id, change, when).item
        if item.get("Owner") != token:
            return None
        taken = self.claimed(item)
        return replace(taken, attempt=max(1, taken.attempt))

    def note(self, claim: Claim, notes: Mapping[str, Any]) -> Written:
        """Note something of a run on its record; refused when it was overtaken, or something newer was noted."""
        owned = Attr("Epoch").eq(claim.epoch) & Attr("status").eq(Status.PROCESSING)
        return self._table.update(claim.file_id, Change(set=notes), owned & Attr("Sequencer").eq(claim.seen))

    def share(self, file_id: str, other: str, told: Mapping[str, Any]) -> None:
        """Note on a file's record that another file tells of the same; nothing when it is live no longer."""
        self._table.update(file_id, Change(set={shared_note(other): told}), Attr("status").eq(Status.SUCCEEDED))

    def redrive(self, record: Item) -> Written:
        """REDRIVE: give a FAILED record, as it was read, new attempts; refused when it has moved on since."""
        index, _ = self._attention(record["FileId"], Status.RETRYING, self._clock())
        change = Change(set={"status": Status.RETRYING, "attempts": 0, "faults": 0} | index)
        when = Attr("status").eq(Status.FAILED) & Attr("Sequencer").eq(record["Sequencer"])
        return self._table.update(record["FileId"], change, when)

    def _claim(self, identity: str, arrival: Arrival, working: Mapping[str, Any]) -> Written:
        fields, forget = self._announced(identity, arrival)
        fields |= {
            "bucket": arrival.bucket,
            "key": arrival.key,
            "name": file_name(arrival.key),
            "pipeline": self._pipeline,
            "attempts": 1,
            "faults": 0,
            "timeline": timeline(self._pipeline, shard(identity, self._shards)),
        }
        change = Change(set={**fields, **working}, add={"Epoch": 1}, remove=["error", *forget])
        free = Attr("status").ne(Status.PROCESSING) | Attr("LeaseUntil").lt(self._clock())
        when = Attr("FileId").not_exists() | (Attr("Sequencer").lt(arrival.sequencer) & free)
        return self._table.update(identity, change, when)

    def _take(self, identity: str, arrival: Arrival, working: Mapping[str, Any]) -> Written:
        change = Change(set=working, add={"Epoch": 1, "attempts": 1})
        dead = Attr("status").eq(Status.PROCESSING) & Attr("LeaseUntil").lt(self._clock())
        when = Attr("Sequencer").gte(arrival.sequencer) & (Attr("status").eq(Status.RETRYING) | dead)
        if arrival.epoch is not None and not arrival.redelivered:
            when &= Attr("Epoch").eq(arrival.epoch)
        return self._table.update(identity, change, when)

    def _note(self, identity: str, arrival: Arrival) -> Written:
        fields, forget = self._announced(identity, arrival)
        # A new version is a new story: its attempts count from nothing.
        change = Change(set=fields | {"attempts": 0, "faults": 0}, remove=forget)
        busy = Attr("status").eq(Status.PROCESSING) & Attr("LeaseUntil").gte(self._clock())
        return self._table.update(identity, change, Attr("Sequencer").lt(arrival.sequencer) & busy)

    @staticmethod
    def _announced(identity: str, arrival: Arrival) -> tuple[dict[str, Any], list[str]]:
        """What the newest event tells: attributes to set, and to remove."""
        fields: dict[str, Any] = {
            "Sequencer": arrival.sequencer,
            "arrivedAt": arrival.at,
            # The id breaks ties, so that listing by time is one stable order.
            "timelineAt": f"{arrival.at}#{identity}",
        }
        if arrival.principal is None:
            return fields, ["principal"]
        return fields | {"principal": arrival.principal}, []

    def _working(self, identity: str, lease: int) -> dict[str, Any]:
        fields = {"status": Status.PROCESSING, "startedAt": iso(self._clock())}
        return fields | self._held(identity, lease)

    def _held(self, identity: str, lease: int) -> dict[str, Any]:
        until = self._clock() + lease
        index, _ = self._attention(identity, Status.PROCESSING, until)
        return {"LeaseUntil": until} | index

    def claimed(self, item: Item) -> Claim:
        """The claim that a record, as it was just read, is under."""
        return Claim(
            file_id=item["FileId"],
            epoch=item["Epoch"],
            seen=item["Sequencer"],
            attempt=item["attempts"],
            started=milliseconds(item["startedAt"]),
            live=item.get("Live"),
            error=item.get("error"),
            principal=item.get("principal"),
            faults=item.get("faults", 0),
            notes=tuple(name for name in item if name.startswith((PART_NOTE, SHARED_NOTE))),
        )

    def _attention(self, identity: str, status: Status, at: int) -> tuple[dict[str, str], list[str]]:
        """Attributes to set and to remove, so that the sparse index holds just what needs attention."""
        if status not in NEEDS_ATTENTION:
            return {}, ["attention", "attentionAt"]
        partition = attention(self._pipeline, status, shard(identity, self._shards))
        return {"attention": partition, "attentionAt": f"{iso(at)}#{identity}"}, []


def _is_void(arrival: Arrival, item: Item) -> bool:
    """Whether an announcement was overtaken by another; once handed out, its message is the retry of its own run."""
    return not arrival.redelivered and arrival.epoch not in {None, item["Epoch"]}
