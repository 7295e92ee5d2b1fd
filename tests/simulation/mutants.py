"""Faults planted into the code under test, one each: what the simulation has to find."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from types import ModuleType
from typing import Any, BinaryIO, cast

from remessa.journey import arrivals, collect, process, reconcile
from remessa.journey.announce import Announcement
from remessa.journey.arrivals import Arrival
from remessa.journey.artifacts import Artifacts
from remessa.journey.ledger import Ledger
from remessa.journey.objects import Objects, Version
from remessa.journey.ports import Ports
from remessa.journey.record import Status
from remessa.journey.table import Item, Written
from remessa.journey.verdict import Verdict
from remessa.pipelines.contract import Artifact
from simulation.actors import System
from simulation.ports import ObjectsPort
from simulation.promises import Promise
from simulation.tampering import keeps_live, overcounted, redrives, same_epoch, settles, tampered, unchecked, uncounted

START = "2027-01-15T08:00:00.000Z"


@dataclass(frozen=True)
class Mutant:
    """A system with one fault."""

    name: str
    breaks: Promise
    system: System = field(default_factory=System)
    habits: Mapping[str, Any] = field(default_factory=dict)
    """Fields of the profile that make the fault likely to show, where it needs a rare coincidence."""
    patch: tuple[ModuleType, str, Any] | None = None
    """A plain function to replace: module, name, replacement."""


class Deaf(Ledger):
    """No NOTE: a newer event that meets an owner at work is acknowledged and forgotten."""

    def _note(self, identity: str, arrival: Arrival) -> Written:
        return Written(applied=True, item={})


class Rash(Ledger):
    """Every owner at work is taken for dead."""

    def arrive(self, arrival: Arrival, lease: int) -> Any:
        """Claim under a lease that has ended already."""
        return super().arrive(arrival, -lease)


class Late:
    """Artifacts that are written only after the pointer was flipped."""

    def __init__(self, artifacts: Artifacts) -> None:
        self._artifacts = artifacts
        self.bucket = artifacts.bucket
        self._waiting: list[tuple[str, Artifact]] = []

    def write(self, key: str, artifact: Artifact, *, download_name: str) -> int:
        """Remember it for later."""
        self._waiting.append((key, artifact))
        return len(cast("bytes", artifact.body))

    def read(self, key: str) -> bytes:
        """As it is."""
        return self._artifacts.read(key)

    def delete(self, keys: Sequence[str]) -> None:
        """Remove artifacts."""
        self._artifacts.delete(keys)

    def flush(self) -> None:
        """Write what waits."""
        for key, artifact in self._waiting:
            self._artifacts.write(key, artifact, download_name="late")


def flips_first(arrival: Arrival, ports: Ports, *, lease: int) -> Verdict:
    """The pointer is flipped before the artifacts are written."""
    late = Late(ports.artifacts)
    verdict = process.process(arrival, replace(ports, artifacts=late), lease=lease)
    late.flush()
    return verdict


class Foreseen:
    """A bucket whose first look was taken before the claim."""

    def __init__(self, objects: Objects, first: Version | None) -> None:
        self._objects = objects
        self._answers = [first]

    def head(self, bucket: str, key: str) -> Version | None:
        """What was seen, and after that what is."""
        return self._answers.pop() if self._answers else self._objects.head(bucket, key)

    def open(self, version: Version, start: int = 0) -> BinaryIO:
        """Stream a version."""
        return self._objects.open(version, start)


def looks_first(arrival: Arrival, ports: Ports, *, lease: int) -> Verdict:
    """HEAD before CLAIM."""
    foreseen = Foreseen(ports.objects, ports.objects.head(arrival.bucket, arrival.key))
    return process.process(arrival, replace(ports, objects=foreseen), lease=lease)


class Unpinned:
    """A bucket of which whatever is there now is read, not the version that was looked at."""

    def __init__(self, objects: Objects) -> None:
        self._objects = objects

    def head(self, bucket: str, key: str) -> Version | None:
        """The current version."""
        return self._objects.head(bucket, key)

    def open(self, version: Version, start: int = 0) -> BinaryIO:
        """Stream the current version."""
        return self._objects.open(self._objects.head(version.bucket, version.key) or version, start)


class Stale:
    """A bucket whose HEAD sometimes still tells of the version before, as S3's did until 2020."""

    def __init__(self, objects: Objects) -> None:
        self._objects = cast("ObjectsPort", objects)

    def head(self, bucket: str, key: str) -> Version | None:
        """The current version, or its predecessor."""
        current, before = self._objects.head(bucket, key), self._objects.predecessor(key)
        return before if current and before and random.random() < 0.3 else current

    def open(self, version: Version, start: int = 0) -> BinaryIO:
        """Stream a version."""
        return self._objects.open(version, start)


def never(*_: Any, **__: Any) -> Iterator[Any]:
    """Nobody repairs."""
    return iter(())


def repeats(*arguments: Any, **options: Any) -> Iterator[Announcement]:
    """Reconcile announces with a sequencer that the record has accepted already."""
    for found in reconcile.reconcile(*arguments, **options):
        previous = f"{max(0, int(found.sequencer, 16) - 1):064X}"
        yield replace(found, sequencer=previous) if found.epoch is None else found


def announces_all(*arguments: Any, **options: Any) -> Iterator[Announcement]:
    """Reconcile announces every record anew."""
    for item in arguments[2].scan(("key", "Sequencer")):
        yield Announcement(arguments[0], item["key"], arrivals.following(item["Sequencer"]), START)
    yield from reconcile.reconcile(*arguments, **options)


def unnamed(epoch: int, turn: int) -> str:
    """A fault of the journey's own."""
    raise KeyError(epoch, turn)


def collects_at_once(*arguments: Any, grace: int) -> Iterator[str]:
    """Garbage collection without grace."""
    return collect.orphans(*arguments, grace=-10_000)


def ignores_runs(bucket: str, results: Any, table: Any, clock: Callable[[], int], *, grace: int) -> Iterator[str]:
    """Garbage collection that does not know of runs at work."""

    class Idle:
        def get(self, file_id: str) -> Item | None:
            record = table.get(file_id)
            return record and {**record, "status": Status.RETRYING}

    return collect.orphans(bucket, results, cast("Any", Idle()), clock, grace=grace)


def records_first(bucket: str, results: Any, table: Any, clock: Callable[[], int], *, grace: int) -> Iterator[str]:
    """Garbage collection that reads the records before it lists the artifacts."""
    records: Mapping[str, Item] = {item["FileId"]: item for item in table.scan(_COLLECTED)}
    return collect.orphans(bucket, results, cast("Any", records), clock, grace=grace)


_COLLECTED = ("FileId", "status", "Epoch", "Live", "processedAt")


def left_padded(sequencer: str) -> str:
    """Sequencers compared as numbers of one length, which they are not."""
    return sequencer.upper().rjust(arrivals.SEQUENCER_LENGTH, "0")


_CROWDED = {"keys": 1, "workers": 6, "steps": 300, "uploads": 20, "upload": 0.06, "freeze": 0.1, "late": 0.7}
_CROWDED |= {"odd": 0, "fault": 0, "kill": 0, "lost": 0, "retry": 0, "leap": 0, "recovery": 0.01, "lossy": False}
"""Many workers on one key, whose events change places."""

MUTANTS = [
    Mutant("no fence", Promise.FENCE, unchecked("Epoch", settles)),
    Mutant("epoch does not grow at TAKE", Promise.FENCE, tampered(same_epoch)),
    Mutant("shared generation prefix", Promise.WHOLE, patch=(process, "generation", lambda epoch, turn: "1-1")),
    Mutant("pointer flipped before the artifacts are written", Promise.WHOLE, System(process=flips_first)),
    Mutant("HEAD before CLAIM", Promise.TRUTH, System(process=looks_first), _CROWDED),
    Mutant(
        "reads another version than it looked at",
        Promise.WHOLE,
        System(ports=lambda p: replace(p, objects=Unpinned(p.objects))),
    ),
    Mutant("no Sequencer = seen", Promise.TRUTH, unchecked("Sequencer", settles)),
    Mutant("no NOTE", Promise.TRUTH, System(ledger=Deaf), {"keys": 1, "lossy": False, "eager": 0.6}),
    Mutant("sequencers padded on the left", Promise.TRUTH, patch=(arrivals, "normalise", left_padded)),
    Mutant("a HEAD that lags behind", Promise.FORWARD, System(ports=lambda p: replace(p, objects=Stale(p.objects)))),
    Mutant("attempts not counted at the claim", Promise.ATTEMPTS, tampered(uncounted)),
    Mutant("attempts counted twice", Promise.ATTEMPTS, tampered(overcounted)),
    Mutant("a live owner is taken for dead", Promise.ALIVE, System(ledger=Rash)),
    Mutant("REJECT and TOMB leave Live", Promise.SHAPE, tampered(keeps_live)),
    Mutant(
        "REDRIVE of whatever the record is now",
        Promise.SHAPE,
        unchecked("status", redrives),
        {
            "favourite": "retry",
            "recovery": 0.3,
            "upload": 0.15,
            "uploads": 20,
            "odd": 0.5,
            "keys": 1,
            "freeze": 0,
            "kill": 0,
        },
    ),
    Mutant("no reconcile under loss", Promise.TRUTH, System(reconcile=never)),
    Mutant("reconcile repeats an accepted sequencer", Promise.REST, System(reconcile=repeats)),
    Mutant("reconcile announces what is right", Promise.QUIET, System(reconcile=announces_all)),
    Mutant("a fault of its own", Promise.SOUND, patch=(process, "generation", unnamed)),
    Mutant("no sweeper", Promise.REST, System(overdue=never)),
    Mutant("no garbage collection", Promise.CLEAN, System(orphans=never)),
    Mutant("garbage collection without grace", Promise.READING, System(orphans=collects_at_once)),
    Mutant(
        "garbage collection ignores the running epoch",
        Promise.WHOLE,
        System(orphans=ignores_runs),
        {"favourite": "collect", "grace": 60_000, "recovery": 0.1, "freeze": 0.1},
    ),
    Mutant("garbage collection reads records first", Promise.WHOLE, System(orphans=records_first)),
]
