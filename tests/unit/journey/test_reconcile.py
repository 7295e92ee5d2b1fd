"""Bucket against table."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from support.ledger_cases import LEASE, Clock
from support.memory import MemoryArtifacts, MemoryObjects, MemoryTable

from remessa.journey.announce import Announcement
from remessa.journey.arrivals import Arrival, normalise
from remessa.journey.ledger import Ledger
from remessa.journey.objects import Listed
from remessa.journey.ports import Ports
from remessa.journey.process import process
from remessa.journey.reconcile import Checkpoint, reconcile, short, steps
from remessa.journey.record import Status, file_id
from remessa.journey.verdict import Result, Verdict
from remessa.journey.views import Records
from remessa.pipelines.contract import Outcome


class Listing(MemoryObjects):
    """A bucket that can be listed."""

    def list(self, bucket: str, after: str = "") -> Iterator[Listed]:
        """Every current object."""
        for _, version in sorted(self.current.items()):
            if version.key > after:
                yield Listed(version.key, version.etag, version.modified)


class Office:
    """A bucket and a table that may drift apart."""

    def __init__(self) -> None:
        self.objects = Listing()
        self.table = MemoryTable()
        self.clock = Clock()

    def run(self, arrival: Arrival) -> Verdict:
        """Process one arrival."""
        ledger = Ledger(self.table, "files", shards=4, clock=self.clock)
        ports = Ports(ledger, self.objects, MemoryArtifacts(), lambda source: Outcome("text/plain"))
        return process(arrival, ports, lease=LEASE)

    def arrive(self, key: str, sequencer: str) -> Verdict:
        """Process an announced event."""
        return self.run(Arrival("bucket", key, normalise(sequencer), "2027-01-15T08:00:00.000Z"))

    def reconcile(self) -> list[Announcement]:
        """What must be announced."""
        return list(reconcile("bucket", self.objects, self.table, self.clock))

    def repair(self) -> None:
        """Announce it, and process it."""
        for found in self.reconcile():
            self.announce(found)

    def announce(self, found: Announcement) -> Verdict:
        """Process what was announced."""
        return self.run(Arrival(found.bucket, found.key, found.sequencer, found.at, epoch=found.epoch))

    def status(self, key: str) -> Status:
        """The status of one file."""
        return Status(self.table.items[file_id("bucket", key)]["status"])


@pytest.fixture
def office() -> Office:
    """A bucket with one processed file."""
    office = Office()
    office.objects.put("bucket", "known", b"1")
    office.arrive("known", "10")
    return office


def test_nothing_to_do(office: Office) -> None:
    """A table that tells the truth is left alone."""
    assert office.reconcile() == []


def test_object_without_a_record(office: Office) -> None:
    """A lost event, or a file from before there was a table."""
    office.objects.put("bucket", "forgotten", b"2")
    office.repair()
    assert office.status("forgotten") is Status.SUCCEEDED
    assert office.reconcile() == []


def test_record_of_another_version(office: Office) -> None:
    """An overwrite whose event was lost."""
    office.objects.put("bucket", "known", b"22")
    office.repair()
    assert office.table.items[file_id("bucket", "known")]["size"] == 2
    assert office.reconcile() == []


def test_record_without_an_object(office: Office) -> None:
    """A deletion whose event was lost."""
    office.objects.remove("bucket", "known")
    office.repair()
    assert office.status("known") is Status.DELETED
    assert office.reconcile() == []


def test_object_that_came_back(office: Office) -> None:
    """A deleted file uploaded anew, whose event was lost."""
    office.objects.remove("bucket", "known")
    office.arrive("known", "11")
    office.objects.put("bucket", "known", b"1")
    office.repair()
    assert office.status("known") is Status.SUCCEEDED


def test_dead_run_is_announced_for_when_its_lease_ends(office: Office) -> None:
    """Its queue message may have died with it."""
    office.objects.put("bucket", "half", b"2")
    arrival = Arrival("bucket", "half", normalise("20"), "2027-01-15T08:00:00.000Z")
    Ledger(office.table, "files", shards=4, clock=office.clock).arrive(arrival, LEASE)
    [found] = office.reconcile()
    assert found.delay == LEASE // 1000 + 1
    office.clock.now += found.delay * 1000
    office.repair()
    assert office.status("half") is Status.SUCCEEDED


def test_real_event_after_a_reconcile_still_counts(office: Office) -> None:
    """What reconcile makes up is older than any event to come."""
    office.objects.put("bucket", "known", b"22")
    office.repair()
    office.objects.put("bucket", "known", b"333")
    assert office.arrive("known", "11").result is Result.SUCCEEDED
    assert office.table.items[file_id("bucket", "known")]["size"] == 3


def test_newest_first_over_all_shards(office: Office) -> None:
    """One order over the index's partitions, with each status and pipeline to filter by."""
    for number in range(250):
        key = f"f{number}"
        office.objects.put("bucket", key, b"1")
        at = f"2027-01-16T08:{number // 60:02d}:{number % 60:02d}.000Z"
        office.run(Arrival("bucket", key, normalise("10"), at))
    records = Records(office.table, shards=4)
    assert [record["key"] for record in records.newest(["files"], limit=3)] == ["f249", "f248", "f247"]
    assert len(records.newest(["files"], limit=999)) == 251
    assert records.newest(["images"]) == []
    assert records.newest(["files"], status=Status.FAILED) == []
    assert records.count_by_status() == {
        "PROCESSING": 0,
        "RETRYING": 0,
        "SUCCEEDED": 251,
        "FAILED": 0,
        "DELETED": 0,
    }


def test_run_that_was_cut_off_goes_on(office: Office) -> None:
    """With its checkpoint, nothing that was announced is looked at again and nothing is left out."""
    for number in range(250):
        office.objects.put("bucket", f"back-fill/{number:03d}", b"1")
    office.objects.remove("bucket", "known")
    point = Checkpoint()
    first = steps("bucket", office.objects, office.table, office.clock, checkpoint=point)
    before = [found.key for found in next(first)]
    lost = [found.key for found in next(first)]
    again = Checkpoint(point.after, [short(file_id("bucket", key)) for key in before])
    rest = steps("bucket", office.objects, office.table, office.clock, checkpoint=again)
    after = [found.key for step in rest for found in step]
    assert lost == after[: len(lost)]
    assert before + after == [*(f"back-fill/{number:03d}" for number in range(250)), "known"]


def test_files_on_their_way_are_left_alone(office: Office) -> None:
    """What was uploaded a moment ago has its own event coming."""
    office.objects.put("bucket", "fresh", b"1")
    age = office.clock.now - 1_767_225_600_000  # the double's objects are all of 2026-01-01
    for grace, announced in ((age + 1, 0), (age, 1)):
        found = steps("bucket", office.objects, office.table, office.clock, checkpoint=Checkpoint(), grace=grace)
        assert sum(len(step) for step in found) == announced


def test_second_announcement_of_a_dead_run_is_void(office: Office) -> None:
    """Whoever revives it first makes the others void, so attempts are not burnt."""
    office.objects.put("bucket", "half", b"2")
    arrival = Arrival("bucket", "half", normalise("20"), "2027-01-15T08:00:00.000Z")
    Ledger(office.table, "files", shards=4, clock=office.clock).arrive(arrival, LEASE)
    office.clock.now += LEASE + 1
    [first], [second] = office.reconcile(), office.reconcile()
    assert office.announce(first).result is Result.SUCCEEDED
    assert office.announce(second).result is Result.DROPPED
