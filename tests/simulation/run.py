"""One seed, one history: trouble, rest, repair, and the comparison of record and bucket."""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import dataclass, replace
from typing import Any

from remessa.journey.record import Status, file_id
from remessa.journey.table import Item
from simulation.actors import REAL, System
from simulation.profile import draw
from simulation.promises import Promise, Violation
from simulation.scheduler import Scheduler
from simulation.stores import BUCKET
from simulation.world import World

_ROUNDS = 12
"""Times that repair may be needed before a record is taken to be beyond it."""


@dataclass(frozen=True, slots=True)
class Run:
    """How a history went."""

    seed: int
    violation: Violation | None
    world: World
    steps: int
    faults: Counter[str]

    @property
    def writes(self) -> int:
        """Writes to the table that were applied."""
        return self.world.table.writes

    def story(self) -> str:
        """The whole history, for people."""
        end = [f"seed {self.seed}: {self.violation or 'no violation'}", str(self.world.initial)]
        return "\n".join([*self.world.trace.lines(), *end])


def simulate(seed: int, system: System = REAL, **habits: Any) -> Run:
    """Run one history. Everything that is random in it comes from the seed.

    `habits` replace fields of the seed's profile, to look where a certain fault is likely.
    """
    random.seed(seed)  # the journey's own jitter
    rng = random.Random(seed)
    world = World(rng, replace(draw(rng), **habits))
    scheduler = Scheduler(world, system)
    try:
        scheduler.trouble()
        scheduler.rest()
        _repair(world, scheduler)
        _compare(world, excuse_poison=True)
        _retry(world, scheduler)
        _compare(world, excuse_poison=False)
        _finish(world, scheduler)
    except Violation as violation:
        return Run(seed, violation, world, scheduler.steps, scheduler.faults)
    return Run(seed, None, world, scheduler.steps, scheduler.faults)


def _repair(world: World, scheduler: Scheduler) -> None:
    """What runs by itself (the sweeper), and what an operator does about dead letters and lost events."""
    drifts = world.profile.lossy
    for _ in range(_ROUNDS):
        if world.queue.dead:
            scheduler.repair("redrive", scheduler.actors.redrive)
        elif any(item["status"] in {Status.PROCESSING, Status.RETRYING} for item in world.table.items.values()):
            scheduler.pass_patience()
            scheduler.repair("sweep", scheduler.actors.sweep)
        elif drifts:
            drifts = scheduler.repair("reconcile", scheduler.actors.reconcile) > 0
        else:
            return
    raise Violation(Promise.REST, f"records are not at rest after {_ROUNDS} repairs")


def _retry(world: World, scheduler: Scheduler) -> None:
    """Files that were given up for faults that are over now."""
    scheduler.repair("retry", scheduler.actors.retry)
    _repair(world, scheduler)


def _finish(world: World, scheduler: Scheduler) -> None:
    """Nothing is left to repair, and nothing is kept but what readers see."""
    if scheduler.repair("reconcile", scheduler.actors.reconcile):
        raise Violation(Promise.QUIET, "reconcile finds fault with what is right")
    scheduler.pass_grace()
    scheduler.repair("collect", scheduler.actors.collect)
    live = [item["Live"] for item in world.table.items.values() if "Live" in item]
    kept = {entry["key"] for one in live for entry in one["artifacts"]}
    if kept != world.results.stored.keys():
        raise Violation(Promise.CLEAN, f"too much or too little is left: {sorted(world.results.stored.keys() ^ kept)}")


def _compare(world: World, *, excuse_poison: bool) -> None:
    """The record equals the bucket.

    A file may have been given up (`poison`) because five runs were really harmed, which the invariants have checked
    when it happened. That is excused until somebody retries it without faults.
    """
    keys = {item["key"] for item in world.table.items.values()} | world.bucket.current.keys()
    for key in keys:
        record = world.table.items.get(file_id(BUCKET, key))
        code = (record or {}).get("error", {}).get("code")
        if not (excuse_poison and code == "poison"):
            _compare_one(world, key, record, code)


def _compare_one(world: World, key: str, record: Item | None, code: str | None) -> None:
    upload = world.bucket.current.get(key)
    status = record["status"] if record else None
    if upload is None:
        if status not in {None, Status.DELETED}:
            raise Violation(Promise.TRUTH, f"{key} is gone, and its record is {status}")
        return
    kind = upload.body.split()[0].decode()
    expected = (Status.FAILED, kind) if kind in {"broken", "poison"} else (Status.SUCCEEDED, None)
    if record is None or (status, code) != expected:
        raise Violation(Promise.TRUTH, f"{key} is {upload.body!r}, and its record is {status} {code}")
    # A reconcile tells versions apart by ETag and second alone: all that a listing knows.
    told = ("etag", "uploadedAt") if world.profile.lossy else ("etag", "uploadedAt", "versionId")
    version = {
        "etag": upload.version.etag,
        "uploadedAt": upload.version.modified,
        "versionId": upload.version.version_id,
    }
    if any(record[name] != version[name] for name in told):
        raise Violation(Promise.TRUTH, f"{key}'s record is not of its current version")
