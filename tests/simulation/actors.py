"""Who acts on the stores: the function behind the queue, and everybody who repairs. All of it is the real code."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from functools import cache, partial
from typing import TYPE_CHECKING, Any, cast

from remessa.errors import Rejected
from remessa.journey import batch, collect, process, reconcile, retry, sweep
from remessa.journey.announce import Announcement, SqsAnnouncer
from remessa.journey.batch import Handle
from remessa.journey.faults import TooSlow
from remessa.journey.ledger import Ledger
from remessa.journey.ports import Ports
from remessa.journey.verdict import Verdict
from remessa.pipelines.contract import Artifact, Outcome, Source
from simulation.ports import ArtifactsPort, ObjectsPort, QueuePort, TablePort
from simulation.stores import BUCKET
from simulation.tasks import Broken, InjectedFault, ProcessorFault

if TYPE_CHECKING:
    from simulation.queue import Message
    from simulation.tasks import Task
    from simulation.world import World

PIPELINE = "files"
SHARDS = 2
TIMEOUT = 300_000
"""Milliseconds: the function's, as in template.yaml."""
LEASE = TIMEOUT + 5_000

Invoked = Callable[["Task"], None]
"""Told each time a processor starts."""


@dataclass(frozen=True, slots=True)
class System:
    """The code under test. Mutants replace parts of it."""

    ledger: type[Ledger] = Ledger
    table: Callable[[TablePort], Any] = lambda port: port
    ports: Callable[[Ports], Ports] = lambda ports: ports
    process: Callable[..., Verdict] = process.process
    overdue: Callable[..., Iterator[Announcement]] = sweep.overdue
    reconcile: Callable[..., Iterator[Announcement]] = reconcile.reconcile
    orphans: Callable[..., Iterator[str]] = collect.orphans
    retry: Callable[..., tuple[str, Announcement]] = retry.retry


REAL = System()


@cache
def content(body: bytes) -> dict[str, Artifact]:
    """What the processor makes of a body: two or three artifacts that name it."""
    kinds = ("reports", "thumbnails", "resized-images")[: 2 + body[-1] % 2]
    return {kind: Artifact(f"{kind}.txt", "text/plain", f"{kind} of ".encode() + body, kind) for kind in kinds}


class Actors:
    """Makes the bodies of tasks."""

    def __init__(self, world: World, system: System, invoked: Invoked) -> None:
        self._world = world
        self._system = system
        self._invoked = invoked
        self.announced = 0
        """By recovery, all in all."""

    def work(self, message: Message) -> Callable[[Task], object]:
        """One invocation of the function, and what the event source mapping does with its answer."""

        def body(task: Task) -> None:
            record = self._world.queue.receive(message, self._world.now)
            if record is None:
                return
            queue = QueuePort(self._world, task)
            handle = cast("Handle", partial(self._system.process, ports=self._ports(task), lease=LEASE))
            deadline = self._world.now + TIMEOUT
            reporter = Reporter()
            answer = batch.handle_event(
                {"Records": [record]}, handle, queue, reporter, lambda: max(0, deadline - self._world.now)
            )
            if not answer["batchItemFailures"]:
                queue.delete(record["receiptHandle"])

        return body

    def sweep(self, task: Task) -> None:
        """The scheduled sweeper."""
        self._announce(task, self._system.overdue(self._table(task), PIPELINE, SHARDS, self._clock(task)))

    def reconcile(self, task: Task) -> None:
        """`remessa reconcile`."""
        objects = ObjectsPort(self._world, task)
        self._announce(task, self._system.reconcile(BUCKET, objects, self._table(task), self._clock(task)))

    def collect(self, task: Task) -> None:
        """Garbage collection."""
        results = ArtifactsPort(self._world, task)
        for key in self._system.orphans(
            "results", results, self._table(task), self._clock(task), grace=self._world.profile.grace
        ):
            results.delete([key])

    def retry(self, task: Task) -> None:
        """`remessa retry --all-failed`."""
        table = self._table(task)
        for identity in list(retry.failed(table, PIPELINE, SHARDS)):
            with suppress(retry.NotRetried):
                _, announcement = self._system.retry(identity, table, SHARDS, self._clock(task))
                self._announce(task, [announcement])

    def redrive(self, task: Task) -> None:
        """`remessa redrive`."""
        QueuePort(self._world, task).redrive()

    def _announce(self, task: Task, announcements: Iterable[Announcement]) -> None:
        queue = QueuePort(self._world, task)
        SqsAnnouncer(cast("Any", queue), "queue").announce(announcements)
        self.announced += queue.sent

    def _table(self, task: Task) -> Any:
        return self._system.table(TablePort(self._world, task))

    def _ledger(self, task: Task) -> Ledger:
        return self._system.ledger(
            self._table(task), PIPELINE, shards=SHARDS, clock=self._clock(task), token=self._world.token
        )

    def _ports(self, task: Task) -> Ports:
        objects, artifacts = ObjectsPort(self._world, task), ArtifactsPort(self._world, task)
        return self._system.ports(Ports(self._ledger(task), objects, artifacts, self._processor(task)))

    def _clock(self, task: Task) -> Callable[[], int]:
        return lambda: self._world.now + task.skew

    @staticmethod
    def _think(task: Task) -> None:
        """Time passes in the processor, and it may fail."""
        try:
            task.perform("think", None, lambda: None)
        except InjectedFault as fault:
            task.harmed = True
            raise ProcessorFault from fault

    def _processor(self, task: Task) -> Callable[[Source], Outcome]:
        def processor(source: Source) -> Outcome:
            with source.open() as stream:
                body = stream.read()
            self._invoked(task)
            kind = body.split()[0]
            if kind == b"broken":
                raise Rejected("broken", "It breaks at line 1.")
            if kind == b"poison":
                task.die()
            for _ in range(4 if kind == b"slow" else 1):
                self._think(task)
            return Outcome("text/plain", {"body": body.decode()}, list(content(body).values()))

        return processor


class Reporter:
    """Lets no fault pass that was not injected: it would be a fault of the code under test."""

    def finished(self, verdict: Verdict, milliseconds: int) -> None:
        """The end of an arrival."""
        if verdict.fault:
            self.crashed("", verdict.fault)

    def crashed(self, message_id: str, fault: BaseException) -> None:
        """The end of a message."""
        if not isinstance(fault, InjectedFault | ProcessorFault | TooSlow):
            raise Broken from fault
