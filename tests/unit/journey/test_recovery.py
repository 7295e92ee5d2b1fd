"""Sweeping, redriving and collecting, in memory."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator

import pytest
from support.ledger_cases import ERROR, LEASE, LIVE, Clock
from support.memory import MemoryTable

from remessa.journey import settlements as transitions
from remessa.journey.arrivals import Arrival, normalise
from remessa.journey.collect import GRACE, orphans
from remessa.journey.ledger import Claim, Dropped, Ledger
from remessa.journey.moments import iso
from remessa.journey.objects import Listed
from remessa.journey.record import file_id
from remessa.journey.sweep import PATIENCE, overdue
from remessa.journey.table import Item

SHARDS = 4


class Registry:
    """A table, its ledger and a clock."""

    def __init__(self) -> None:
        self.table = MemoryTable()
        self.clock = Clock()
        self.ledger = Ledger(self.table, "files", shards=SHARDS, clock=self.clock)

    def claim(self, key: str, sequencer: str = "10", epoch: int | None = None) -> Claim:
        """Claim a file's record."""
        at = "2027-01-15T08:00:00.000Z"
        claim = self.ledger.arrive(Arrival("bucket", key, normalise(sequencer), at, epoch=epoch), LEASE)
        assert isinstance(claim, Claim)
        return claim

    def fail(self, key: str) -> None:
        """Claim a file's record, and fail."""
        claim = self.claim(key)
        self.ledger.settle(claim, transitions.failed(claim, ERROR, blameless=False))

    def item(self, key: str) -> Item:
        """A file's record."""
        return self.table.items[file_id("bucket", key)]

    def overdue(self) -> list[str]:
        """Keys that the sweeper announces."""
        return [found.key for found in overdue(self.table, "files", SHARDS, self.clock)]


@pytest.fixture
def registry() -> Registry:
    """Nothing yet."""
    return Registry()


def test_dead_runs_are_overdue(registry: Registry) -> None:
    """A lease that has ended, and no other: not a live run, not a finished file."""
    registry.ledger.settle(registry.claim("done"), transitions.published(LIVE, {}))
    registry.claim("dead")
    registry.clock.now += LEASE // 2
    registry.claim("alive")
    assert registry.overdue() == []
    registry.clock.now += LEASE // 2 + 1
    assert registry.overdue() == ["dead"]
    registry.claim("dead", epoch=1)
    assert registry.overdue() == []


def test_lost_retries_are_overdue(registry: Registry) -> None:
    """A RETRYING record whose own message should long have come back."""
    registry.fail("lost")
    registry.clock.now += PATIENCE
    assert registry.overdue() == []
    registry.clock.now += 1
    assert registry.overdue() == ["lost"]


def test_many_overdue_records_are_all_found(registry: Registry) -> None:
    """Page after page, each once."""
    keys = {f"{number}" for number in range(1000)}
    for key in keys:
        registry.claim(key)
    registry.clock.now += LEASE + 1
    found = registry.overdue()
    assert (len(found), set(found)) == (1000, keys)


def test_redrive_gives_new_attempts(registry: Registry) -> None:
    """REDRIVE: a FAILED file is taken up again, from its first attempt."""
    claim = registry.claim("bad")
    registry.ledger.settle(claim, transitions.rejected("poison", "x", {}))
    assert registry.ledger.redrive(registry.item("bad")).applied
    assert (registry.item("bad")["status"], registry.item("bad")["attempts"]) == ("RETRYING", 0)
    assert registry.claim("bad", epoch=1).attempt == 1


def test_redrive_is_refused_when_the_file_moved_on(registry: Registry) -> None:
    """A new version, or somebody else's retry, came first."""
    registry.ledger.settle(registry.claim("bad"), transitions.rejected("poison", "x", {}))
    read = dict(registry.item("bad"))
    registry.claim("bad", "11")
    assert not registry.ledger.redrive(read).applied
    registry.ledger.settle(registry.claim("good"), transitions.published(LIVE, {}))
    assert not registry.ledger.redrive(registry.item("good")).applied


def test_announcement_for_an_older_epoch_is_void(registry: Registry) -> None:
    """The record was claimed since it was read."""
    registry.fail("file")
    at = "2027-01-15T08:00:00.000Z"
    stale = Arrival("bucket", "file", normalise("10"), at, epoch=7)
    assert registry.ledger.arrive(stale, LEASE) == Dropped()
    assert registry.item("file")["status"] == "RETRYING"


def test_revived_run_that_fails_keeps_its_message(registry: Registry) -> None:
    """The announcement comes back as its own retry, though the epoch it names has passed."""
    registry.claim("file")
    registry.clock.now += LEASE + 1
    at = "2027-01-15T08:00:00.000Z"
    revival = Arrival("bucket", "file", normalise("10"), at, epoch=1)
    claim = registry.ledger.arrive(revival, LEASE)
    assert isinstance(claim, Claim)
    registry.ledger.settle(claim, transitions.failed(claim, ERROR, blameless=False))
    back = dataclasses.replace(revival, redelivered=True)
    assert isinstance(registry.ledger.arrive(back, LEASE), Claim)


class Results:
    """A results bucket that can be listed."""

    def __init__(self, registry: Registry, keys: list[str]) -> None:
        self._found = [Listed(key, "etag", iso(registry.clock.now)) for key in sorted(keys)]

    def list(self, bucket: str, after: str = "", prefix: str = "") -> Iterator[Listed]:
        """Its objects."""
        return (found for found in self._found if found.key.startswith(prefix))


def test_only_orphans_are_collected(registry: Registry) -> None:
    """What is live, what a run is making and what is fresh stays; the rest goes."""
    registry.ledger.settle(registry.claim("live", "10"), transitions.published({**LIVE, "generation": "1-1"}, {}))
    registry.ledger.settle(registry.claim("live", "11"), transitions.published({**LIVE, "generation": "2-2"}, {}))
    live, working = file_id("bucket", "live"), file_id("bucket", "working")
    results = Results(
        registry,
        [
            f"reports/{live}/1-1/report.json",
            f"reports/{live}/2-1/report.json",
            f"reports/{live}/2-2/report.json",
            f"reports/{working}/1-1/report.json",
            f"reports/{working}/2-1/report.json",
            f"reports/{'0' * 32}/1-1/report.json",
        ],
    )
    registry.claim("working")
    registry.clock.now += GRACE
    registry.claim("working", epoch=1)
    assert list(orphans("results", results, registry.table, registry.clock)) == []
    registry.clock.now += 1
    assert set(orphans("results", results, registry.table, registry.clock)) == {
        f"reports/{live}/1-1/report.json",
        f"reports/{live}/2-1/report.json",
        f"reports/{working}/1-1/report.json",
        f"reports/{'0' * 32}/1-1/report.json",
    }
