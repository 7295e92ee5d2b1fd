"""A bucket, a table and a results bucket in memory, and the journey through them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from remessa.errors import Rejected
from remessa.journey.arrivals import Arrival, normalise
from remessa.journey.ledger import Ledger
from remessa.journey.ports import Ports
from remessa.journey.process import process
from remessa.journey.record import file_id, public
from remessa.journey.verdict import Verdict
from remessa.pipelines.contract import Artifact, Outcome, Source
from support.ledger_cases import LEASE, Clock
from support.memory import MemoryArtifacts, MemoryObjects, MemoryTable


def count_bytes(source: Source) -> Outcome:
    """A processor: reads everything, writes one artifact."""
    with source.open() as stream:
        body = stream.read()
    if body == b"broken":
        raise Rejected("json-invalid", "It breaks at line 1.", media_type="application/json", metadata={"lineCount": 1})
    return Outcome("text/plain", {"bytes": len(body)}, [Artifact("report.json", "application/json", body)])


class World:
    """A bucket, a table, a results bucket and a queue's worth of events, all in memory."""

    def __init__(self) -> None:
        self.table = MemoryTable()
        self.objects = MemoryObjects()
        self.artifacts = MemoryArtifacts()
        self.clock = Clock()
        self.processor: Callable[[Source], Outcome] = count_bytes
        self._sequencer = 0

    def put(self, body: bytes = b"hello", user: str | None = None) -> Arrival:
        """Upload, and give the event that announces it."""
        self.objects.put("bucket", "dir/a.txt", body, user)
        return self.event()

    def event(self) -> Arrival:
        """The next event of the key."""
        self._sequencer += 1
        return Arrival("bucket", "dir/a.txt", normalise(f"{self._sequencer:04X}"), "2027-01-15T08:00:00.000Z", "AWS:me")

    def run(self, arrival: Arrival, **ports: Any) -> Verdict:
        """Process one arrival."""
        ledger = Ledger(ports.pop("table", self.table), "files", shards=4, clock=self.clock)
        given: dict[str, Any] = {"objects": self.objects, "artifacts": self.artifacts, "process": self.processor}
        return process(arrival, Ports(ledger=ledger, **(given | ports)), lease=LEASE)

    @property
    def record(self) -> dict[str, Any]:
        """The file's record, as it is shown."""
        return public(self.table.items[file_id("bucket", "dir/a.txt")])
