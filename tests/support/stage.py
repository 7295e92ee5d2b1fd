"""One file of rows on its whole journey, in memory: a queue that repeats itself, and things that happen in between.

Every effect on the outside world has a moment before and a moment after it, numbered from 1. A test says what happens
at one of them: the run dies, the file is replaced, another run comes in between. After each effect the stage looks
whether readers see exactly the rows of one version.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, TypeVar

from remessa.journey.arrivals import Arrival, normalise
from remessa.journey.collect import discard, orphans
from remessa.journey.invoices.totals import By, Totals
from remessa.journey.ledger import Ledger
from remessa.journey.parts import WAIT, PartOrder, order_of
from remessa.journey.ports import Ports
from remessa.journey.process import process
from remessa.journey.process_part import process_part
from remessa.journey.record import Status, file_id
from remessa.journey.sweep import PATIENCE, overdue
from remessa.journey.table import Item
from remessa.journey.verdict import Verdict
from remessa.pipelines.invoices.rows import Invoice
from support.invoice_table import SHARDS, MemoryInvoices
from support.ledger_cases import LEASE, Clock
from support.memory import MemoryObjects, MemoryTable
from support.rows import LinePipeline, MemoryRows, invoices_in
from support.stage_ports import ArtifactsPort, ObjectsPort, Repeatable, TablePort

T = TypeVar("T")
PLACE = ("bucket", "dir/notas.csv")
FILE = file_id(*PLACE)
AWAY = LEASE + 1000
"""Milliseconds that a message is hidden whose run died: a little longer than the run can have lasted."""
MOST_ROUNDS = 300


class Crash(BaseException):
    """The worker is gone: nothing catches this."""


@dataclass
class Message:
    """Work in the queue."""

    work: Arrival | PartOrder
    due: int = 0
    receives: int = 0


class Stage:
    """A bucket, two tables, a results bucket, a queue, and the journey between them."""

    def __init__(self, pipeline: LinePipeline, *, newest_first: bool = False, stutters: bool = False) -> None:
        """With `newest_first` the queue hands out the last message first; with `stutters` every reply is lost once."""
        random.seed(7)  # waiting times have jitter
        self.table, self.objects, self.artifacts = MemoryTable(), MemoryObjects(), Repeatable()
        self.invoices, self.clock = MemoryInvoices(), Clock()
        self.queue: list[Message] = []
        self.at: dict[int, Callable[[], object]] = {}
        """What is to happen at a moment."""
        self.moments: list[str] = []
        """The names of the moments that passed."""
        self.verdicts: list[Verdict] = []
        self.revived = 0
        """How often the sweeper had to help."""
        self._pipeline = pipeline
        self._newest_first = newest_first
        self._stutters = stutters
        self._current: Message | None = None
        self._sequencer = 0
        self._known: dict[str | None, list[Invoice]] = {}
        self.rows = MemoryRows(self.invoices, self.table, self.perform)

    # ---- what happens outside

    def upload(self, body: bytes) -> Message:
        """Put a version into the bucket and its event into the queue."""
        self.objects.put(*PLACE, body)
        return self.announce()

    def delete(self) -> Message:
        """Remove the object, which is announced too."""
        self.objects.current.pop(PLACE, None)
        return self.announce()

    def announce(self) -> Message:
        """Put the next event of the object into the queue."""
        self._sequencer += 1
        at = "2027-01-15T08:00:00.000Z"
        message = Message(Arrival(*PLACE, normalise(f"{self._sequencer:04X}"), at))
        self.queue.append(message)
        return message

    def deliver(self, message: Message) -> None:
        """Hand a message to a run; unless it is done with, it stays in the queue."""
        if message not in self.queue:
            self.queue.append(message)
        message.receives += 1
        message.due = self.clock.now + AWAY
        outer, self._current = self._current, message
        try:
            verdict = self._run(message)
        except (Crash, ConnectionError):
            return
        finally:
            self._current = outer
        self.verdicts.append(verdict)
        if verdict.delay is None:
            self.queue[:] = [one for one in self.queue if one is not message]
        else:
            message.due = self.clock.now + 1000 * verdict.delay

    def repeat(self) -> None:
        """The queue hands out the message under work once more, to another run, which comes to its end."""
        assert self._current is not None
        self.deliver(Message(self._current.work, receives=self._current.receives))

    def hand_out(self) -> None:
        """All that waits in the queue is handed to other runs, which come to their ends."""
        for message in [one for one in self.queue if one is not self._current and one.due <= self.clock.now]:
            self.deliver(message)

    def outlive(self) -> None:
        """The run under work sleeps until its lease and its file's are over, and all others are done."""
        self.clock.now += WAIT + 1
        self.run(sleeping=self._current)

    def lose(self) -> None:
        """The queue forgets everything."""
        self.queue.clear()

    def run(self, *, sleeping: Message | None = None) -> None:
        """Hand out messages, in the order of this queue, until nothing is left and nothing is to be revived."""
        for _ in range(MOST_ROUNDS):
            waiting = [one for one in self.queue if one is not sleeping]
            ready = [one for one in waiting if one.due <= self.clock.now]
            if ready:
                self.deliver(ready[-1 if self._newest_first else 0])
            elif waiting:
                self.clock.now = min(one.due for one in waiting)
            elif not self._revive():
                return
        raise AssertionError(f"it does not come to rest: {self.record}")

    # ---- what is seen

    @property
    def record(self) -> Item:
        """The file's record as the table has it."""
        return self.table.items.get(FILE, {})

    def see(self) -> None:
        """Readers see exactly one version's rows and totals, or none; and every row can be found by its mark."""
        items = self.invoices.items.values()
        for generation in {item["generation"] for item in items if "generation" in item}:
            assert f"rows/{FILE}/{generation}/mark.json" in self.artifacts.stored, generation
        live = self.record.get("Live")
        if live is None:
            return
        wanted = self._rows_of(live["version"]["versionId"])
        seen = [item for item in items if item.get("generation") == live["generation"]]
        rows = {item["InvoiceId"]: (item["row"], item["totalCents"]) for item in seen if "row" in item}
        assert rows == {one.invoice_id: (one.line, one.total_cents) for one in wanted}, self.record
        sums: Counter[str] = Counter()
        for item in seen:
            if "row" not in item:
                sums[item["InvoiceId"].split("#")[1]] += item["totalCents"]
        assert sums == dict.fromkeys("ICM", sum(one.total_cents for one in wanted)), self.record
        assert live["rows"] == len(wanted)
        assert all(artifact["key"] in self.artifacts.stored for artifact in live["artifacts"])

    def assert_at_rest(self) -> None:
        """The record tells of what is in the bucket, totals equal a plain sum, and collection leaves nothing else."""
        assert self.queue == []
        head = self.objects.head(*PLACE)
        expected = Status.SUCCEEDED if head else Status.DELETED
        assert self.record["status"] == expected, self.record
        assert (self.record.get("Live") or {}).get("version") == (head.identity if head else None)
        wanted = self._rows_of(head.version_id) if head else []
        totals = Totals(self.invoices, self.table, shards=SHARDS, clock=self.clock)
        for by, of in _GROUPS.items():
            sums: Counter[Any] = Counter()
            for one in wanted:
                sums[of(one)] += one.total_cents
            found = {total[by.value]: round(float(total["total"]) * 100) for total in totals.by(by)}
            assert found == sums
        if head:
            assert self.record["metadata"]["rowCount"] == len(wanted)
        self._collect()

    def _collect(self) -> None:
        generation = (self.record.get("Live") or {}).get("generation")
        for key in list(orphans("results", self.artifacts, self.table, self.clock, grace=-1)):
            discard(key, lambda key: self.artifacts.delete([key]), self.rows)
        self.see()
        left = {item["generation"] for item in self.invoices.items.values() if "generation" in item}
        assert left <= {generation}
        assert {key.split("/")[2] for key in self.artifacts.stored} <= {generation}

    def _rows_of(self, version: str | None) -> list[Invoice]:
        if version not in self._known:
            found = invoices_in(self.objects.bodies[version])
            self._known[version] = [one for one in found if isinstance(one, Invoice)]
        return self._known[version]

    # ---- the ports

    def perform(self, name: str, effect: Callable[[], T]) -> T:
        """Have an effect, with a moment before and after it."""
        self._pass(f"before {name}")
        answer = effect()
        self.see()
        self._pass(f"after {name}")
        return answer

    def _pass(self, moment: str) -> None:
        self.moments.append(moment)
        if happening := self.at.pop(len(self.moments), None):
            happening()
            self.see()

    def _run(self, message: Message) -> Verdict:
        table = TablePort(self.table, self.perform, stutters=self._stutters)
        ports = Ports(
            ledger=Ledger(table, "invoices", shards=4, clock=self.clock),
            objects=ObjectsPort(self.objects, self.perform),
            artifacts=ArtifactsPort(self.artifacts, self.perform),
            process=self._pipeline.process,
            rows=self.rows,
            process_part=self._pipeline.process_part,
            send=self._send,
        )
        work = message.work
        if isinstance(work, PartOrder):
            return process_part(replace(work, receives=message.receives), ports, lease=LEASE)
        return process(replace(work, redelivered=message.receives > 1), ports, lease=LEASE)

    def _send(self, orders: Sequence[PartOrder]) -> None:
        for order in orders:
            sent = order_of({"body": order.body})
            assert sent is not None
            self.perform("send", partial(self.queue.append, Message(sent)))

    def _revive(self) -> bool:
        """What the sweeper does when nothing has happened for long."""
        self.clock.now += WAIT + PATIENCE
        found = list(overdue(self.table, "invoices", 4, self.clock))
        self.queue += [
            Message(Arrival(one.bucket, one.key, one.sequencer, one.at, epoch=one.epoch, alone=one.alone))
            for one in found
        ]
        self.revived += len(found)
        return bool(found)


_GROUPS: dict[By, Callable[[Invoice], str | None]] = {
    By.MONTH: lambda one: one.issued[:7],
    By.ISSUER: lambda one: one.issuer,
    By.CUSTOMER: lambda one: one.customer,
}
