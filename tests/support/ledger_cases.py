"""What the ledger must do on any table; `test_ledger` runs it in memory and on the real local DynamoDB."""

from __future__ import annotations

import dataclasses
import uuid
from collections.abc import Callable
from typing import Any, cast

import pytest
from boto3.dynamodb.conditions import ConditionBase

from remessa.journey import settlements as transitions
from remessa.journey.arrivals import Arrival, following, normalise
from remessa.journey.ledger import Claim, Deferred, Dropped, Ledger, Noted
from remessa.journey.record import Status, file_id
from remessa.journey.table import Change, Item, Table, Written

LEASE = 10_000
ERROR = {"code": "processing-error", "message": "the table is throttled"}
LIVE = {"generation": "1-1", "version": {"versionId": "v1"}, "artifacts": []}


class Clock:
    """A clock that tests move by hand."""

    def __init__(self) -> None:
        self.now = 1_800_000_000_000

    def __call__(self) -> int:
        """Milliseconds since 1970."""
        return self.now


class Stuttering:
    """A table whose first reply to each write is lost, so that the client makes the write again."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def update(self, file_id: str, change: Change, when: ConditionBase) -> Written:
        """Apply the change, lose the reply, and answer what the repeated write is told."""
        self._table.update(file_id, change, when)
        return self._table.update(file_id, change, when)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._table, name)


class LedgerCases:
    """One file's record through every transition; subclasses provide the `table` fixture."""

    @pytest.fixture
    def clock(self) -> Clock:
        """A clock that stands still until moved."""
        return Clock()

    @pytest.fixture
    def ledger(self, table: Table, clock: Clock) -> Ledger:
        """The ledger under test."""
        return Ledger(table, "files", shards=4, clock=clock)

    @pytest.fixture
    def arrive(self) -> Callable[..., Arrival]:
        """Makes arrivals of one key that no other test has."""
        key = f"{uuid.uuid4()}/a.csv"

        def make(sequencer: str = "10", *, redelivered: bool = False) -> Arrival:
            at = "2027-01-15T08:00:00.000Z"
            return Arrival("bucket", key, normalise(sequencer), at, "AWS:someone", redelivered)

        return make

    @staticmethod
    def claim(ledger: Ledger, arrival: Arrival) -> Claim:
        """Arrive, and expect to own the record."""
        claim = ledger.arrive(arrival, LEASE)
        assert isinstance(claim, Claim)
        return claim

    @staticmethod
    def item(table: Table, arrival: Arrival) -> Item:
        """The record as it is stored."""
        item = table.get(file_id(arrival.bucket, arrival.key))
        assert item is not None
        return item

    def test_first_arrival_claims(
        self, table: Table, ledger: Ledger, clock: Clock, arrive: Callable[..., Arrival]
    ) -> None:
        """CLAIM: a file never seen becomes PROCESSING, its first attempt, under a lease."""
        claim = self.claim(ledger, arrive())
        item = self.item(table, arrive())
        assert (claim.epoch, claim.attempt, claim.live) == (1, 1, None)
        assert (item["status"], item["name"], item["attempts"]) == ("PROCESSING", "a.csv", 1)
        assert item["LeaseUntil"] == clock.now + LEASE
        assert item["attention"].startswith("files#PROCESSING#")

    def test_publish(self, table: Table, ledger: Ledger, clock: Clock, arrive: Callable[..., Arrival]) -> None:
        """PUBLISH: SUCCEEDED, live, no lease, and out of the index of what needs attention."""
        claim = self.claim(ledger, arrive())
        clock.now += 250
        fields = {"size": 7, "metadata": {"lineCount": 3}}
        assert ledger.settle(claim, transitions.published(LIVE, fields)).applied
        item = self.item(table, arrive())
        assert (item["status"], item["Live"], item["durationMs"]) == ("SUCCEEDED", LIVE, 250)
        assert item["metadata"] == {"lineCount": 3}
        assert not {"LeaseUntil", "error", "attention", "attentionAt"} & item.keys()

    def test_duplicate_is_dropped(self, ledger: Ledger, arrive: Callable[..., Arrival]) -> None:
        """DROP: the same event again, while at work and after the end."""
        claim = self.claim(ledger, arrive())
        assert ledger.arrive(arrive(), LEASE) == Dropped()
        ledger.settle(claim, transitions.published(LIVE, {}))
        assert ledger.arrive(arrive(), LEASE) == Dropped()

    def test_older_event_is_dropped(self, ledger: Ledger, arrive: Callable[..., Arrival]) -> None:
        """DROP: an event that was overtaken by a newer one, however short its sequencer is written."""
        claim = self.claim(ledger, arrive("0A"))
        ledger.settle(claim, transitions.published(LIVE, {}))
        assert ledger.arrive(arrive("09FF"), LEASE) == Dropped()

    def test_newer_event_claims_again(self, table: Table, ledger: Ledger, arrive: Callable[..., Arrival]) -> None:
        """CLAIM: a newer event of a finished file starts over, and readers keep what is live meanwhile."""
        ledger.settle(self.claim(ledger, arrive("10")), transitions.published(LIVE, {}))
        claim = self.claim(ledger, arrive("11"))
        assert (claim.epoch, claim.attempt, claim.live) == (2, 1, LIVE)
        assert self.item(table, arrive())["Live"] == LIVE

    def test_newer_event_while_busy_is_noted(
        self, table: Table, ledger: Ledger, arrive: Callable[..., Arrival]
    ) -> None:
        """NOTE: the owner cannot publish before it has looked again."""
        claim = self.claim(ledger, arrive("10"))
        assert ledger.arrive(arrive("11"), LEASE) == Noted()
        refused = ledger.settle(claim, transitions.published(LIVE, {}))
        assert not refused.applied
        looked = transitions.again(claim, refused.item)
        assert looked.seen == normalise("11")
        assert looked.attempt == 1
        assert ledger.settle(looked, transitions.published(LIVE, {})).applied
        assert self.item(table, arrive())["status"] == "SUCCEEDED"

    def test_dead_run_is_taken_over(self, ledger: Ledger, clock: Clock, arrive: Callable[..., Arrival]) -> None:
        """TAKE: after the lease a redelivery goes on, as the next attempt."""
        self.claim(ledger, arrive())
        clock.now += LEASE + 1
        claim = self.claim(ledger, arrive(redelivered=True))
        assert (claim.epoch, claim.attempt) == (2, 2)

    def test_newer_event_takes_over_a_dead_run(
        self, ledger: Ledger, clock: Clock, arrive: Callable[..., Arrival]
    ) -> None:
        """CLAIM: after the lease a newer event need not wait for anybody."""
        self.claim(ledger, arrive("10"))
        clock.now += LEASE + 1
        claim = self.claim(ledger, arrive("11"))
        assert (claim.epoch, claim.attempt) == (2, 1)

    def test_redelivery_before_the_lease_ends_waits(
        self, ledger: Ledger, clock: Clock, arrive: Callable[..., Arrival]
    ) -> None:
        """A redelivered message is the retry itself: not acknowledged while nobody knows how the run ends."""
        self.claim(ledger, arrive())
        clock.now += LEASE // 2
        assert ledger.arrive(arrive(redelivered=True), LEASE) == Deferred(LEASE // 2 + 1)

    @pytest.mark.parametrize(
        "settlement", [transitions.published(LIVE, {}), transitions.kept(), transitions.tombstone()]
    )
    def test_outlived_run_is_fenced(
        self,
        table: Table,
        ledger: Ledger,
        clock: Clock,
        arrive: Callable[..., Arrival],
        settlement: transitions.Settlement,
    ) -> None:
        """A zombie's writes are refused, before and after its successor's end."""
        zombie = self.claim(ledger, arrive())
        clock.now += LEASE + 1
        successor = self.claim(ledger, arrive(redelivered=True))
        assert not ledger.settle(zombie, settlement).applied
        assert not ledger.settle(zombie, transitions.failed(zombie, ERROR, blameless=False)).applied
        assert ledger.settle(successor, transitions.published({**LIVE, "generation": "2-1"}, {})).applied
        assert not ledger.settle(zombie, settlement).applied
        assert self.item(table, arrive())["Live"]["generation"] == "2-1"

    def test_failed_attempt_is_retried(self, table: Table, ledger: Ledger, arrive: Callable[..., Arrival]) -> None:
        """FAIL, then TAKE: the record says why it waits, and counts its attempts."""
        claim = self.claim(ledger, arrive())
        assert ledger.settle(claim, transitions.failed(claim, ERROR, blameless=False)).applied
        item = self.item(table, arrive())
        assert (item["status"], item["error"]) == ("RETRYING", ERROR)
        assert "processedAt" not in item
        assert item["attention"].startswith("files#RETRYING#")
        claim = self.claim(ledger, arrive(redelivered=True))
        assert (claim.attempt, claim.error) == (2, ERROR)

    def test_blameless_attempt_does_not_count(self, ledger: Ledger, arrive: Callable[..., Arrival]) -> None:
        """FAIL for a fault of S3: the attempts stay, the faults are counted for the waiting time."""
        claim = self.claim(ledger, arrive())
        ledger.settle(claim, transitions.failed(claim, ERROR, blameless=True))
        claim = self.claim(ledger, arrive(redelivered=True))
        assert (claim.attempt, claim.faults) == (1, 1)

    def test_newer_event_before_a_failure_is_seen(self, ledger: Ledger, arrive: Callable[..., Arrival]) -> None:
        """FAIL is refused like any other end: the newer version must be looked at first, with attempts of its own."""
        claim = self.claim(ledger, arrive("10"))
        ledger.arrive(arrive("11"), LEASE)
        refused = ledger.settle(claim, transitions.failed(claim, ERROR, blameless=False))
        assert not refused.applied
        assert transitions.again(claim, refused.item).attempt == 1

    def test_claim_whose_reply_was_lost_is_known_as_ones_own(
        self, table: Table, clock: Clock, arrive: Callable[..., Arrival]
    ) -> None:
        """CLAIM and TAKE: the client repeats the write, is refused, and must not drop its own file."""
        ledger = Ledger(cast("Table", Stuttering(table)), "files", shards=4, clock=clock)
        claim = self.claim(ledger, arrive())
        assert (claim.epoch, claim.attempt) == (1, 1)
        clock.now += LEASE + 1
        claim = self.claim(ledger, arrive())
        assert (claim.epoch, claim.attempt) == (2, 2)
        assert ledger.arrive(arrive(), LEASE) == Dropped()

    def test_revival_before_the_lease_ends_waits(self, ledger: Ledger, arrive: Callable[..., Arrival]) -> None:
        """Clocks differ: an announcement that comes early is not dropped."""
        self.claim(ledger, arrive())
        early = dataclasses.replace(arrive(), epoch=1)
        assert isinstance(ledger.arrive(early, LEASE), Deferred)

    def test_reject(self, table: Table, ledger: Ledger, arrive: Callable[..., Arrival]) -> None:
        """REJECT: a broken new version of a good file leaves nothing live."""
        ledger.settle(self.claim(ledger, arrive("10")), transitions.published(LIVE, {"size": 5}))
        claim = self.claim(ledger, arrive("11"))
        settlement = transitions.rejected("json-invalid", "It breaks at line 3.", {"size": 9, "metadata": {}})
        assert ledger.settle(claim, settlement).applied
        item = self.item(table, arrive())
        assert (item["status"], item["size"]) == ("FAILED", 9)
        assert item["error"] == {"code": "json-invalid", "message": "It breaks at line 3."}
        assert "Live" not in item

    def test_deletion(self, table: Table, ledger: Ledger, arrive: Callable[..., Arrival]) -> None:
        """TOMB: the record stays as a trace, and describes nothing any more."""
        ledger.settle(self.claim(ledger, arrive("10")), transitions.published(LIVE, {"size": 5, "metadata": {"a": 1}}))
        assert ledger.settle(self.claim(ledger, arrive("11")), transitions.tombstone()).applied
        item = self.item(table, arrive())
        assert item["status"] == Status.DELETED
        assert not {"Live", "size", "metadata"} & item.keys()

    def test_event_found_by_looking(self, ledger: Ledger, arrive: Callable[..., Arrival]) -> None:
        """A sequencer made up by reconcile claims once, and any real later event is greater."""
        ledger.settle(self.claim(ledger, arrive("10")), transitions.published(LIVE, {}))
        found = following(normalise("10"))
        ledger.settle(self.claim(ledger, arrive(found)), transitions.kept())
        assert ledger.arrive(arrive(found), LEASE) == Dropped()
        assert isinstance(ledger.arrive(arrive("11"), LEASE), Claim)
