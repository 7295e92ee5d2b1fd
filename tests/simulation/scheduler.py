"""Decides, step by step, who goes on and what goes wrong; then lets everything come to rest."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import TYPE_CHECKING

from remessa.journey.collect import GRACE
from remessa.journey.process import RESERVE
from remessa.journey.sweep import PATIENCE
from simulation.actors import LEASE, Actors, System
from simulation.invariants import Invariants
from simulation.profile import REPAIRS, SKEW
from simulation.promises import Promise, Violation
from simulation.tasks import Fate, Task

if TYPE_CHECKING:
    from simulation.world import World

MAX_STEPS = 4_000
"""More than any history needs that comes to rest at all."""
_LEAPS = (60_000, LEASE + SKEW, PATIENCE, 1_800_000, GRACE)


class Scheduler:
    """Runs tasks one effect at a time, as the world's random numbers say."""

    def __init__(self, world: World, system: System) -> None:
        self.faults: Counter[str] = Counter()
        self.steps = 0
        self.invariants = Invariants(world)
        self.actors = Actors(world, system, self.invariants.invoked)
        self._world = world
        self._rng = world.rng
        self._tasks: list[Task] = []
        self._last: Task | None = None
        self._is_calm = False
        self._uploads = world.profile.uploads
        self._started: Counter[str] = Counter()

    def trouble(self) -> None:
        """The history proper: uploads, faults and repairs, all mixed."""
        profile, rng = self._world.profile, self._rng
        for _ in range(profile.steps):
            roll = rng.random()
            if roll < profile.upload:
                self._somebody_acts()
            elif roll < profile.upload + profile.recovery:
                self._start_repair()
            elif rng.random() < profile.leap:
                self._pass_time(rng.choice(_LEAPS) + rng.randint(0, 10_000))
            elif self._can_go_on():
                self._pass_time(rng.randint(0, 50))
                self._go_on()
            else:
                self._idle()

    def _somebody_acts(self) -> None:
        if self._uploads:
            self._uploads -= 1
            self._world.somebody_acts()

    def _idle(self) -> None:
        """Nobody has anything to do at this moment."""
        moment = self._next_moment()
        if self._uploads and self._rng.random() < 0.5:
            self._somebody_acts()
        elif moment and self._rng.random() < 0.6:
            self._pass_time(moment - self._world.now)
        else:
            if moment:
                self._pass_time(self._rng.randint(0, moment - self._world.now))
            self._start_repair()

    def rest(self) -> None:
        """No new faults: run until nobody has anything to do, and nothing is on its way any more."""
        self._is_calm = True
        self._world.calm_down()
        while True:
            if self._can_go_on():
                self._go_on()
            elif moment := self._next_moment():
                self._pass_time(moment - self._world.now)
            else:
                return

    def repair(self, name: str, body: Callable[[Task], object]) -> int:
        """Let somebody repair in peace, and come to rest; returns how many announcements it took."""
        before = self.actors.announced
        self._start(name, body)
        self.rest()
        return self.actors.announced - before

    def pass_patience(self) -> None:
        """Wait until whatever is overdue is known to be."""
        self._pass_time(PATIENCE + LEASE + 2 * SKEW)

    def pass_grace(self) -> None:
        """Wait until garbage is old enough."""
        self._pass_time(self._world.profile.grace + 2 * SKEW)

    def _can_go_on(self) -> bool:
        return bool(self._ready() or self._receivable())

    def _ready(self) -> list[Task]:
        now = self._world.now
        return [task for task in self._tasks if task.wake <= now]

    def _receivable(self) -> bool:
        if sum(task.name.startswith("worker") for task in self._tasks) >= self._world.profile.workers:
            return False
        now = self._world.now
        return any(message.visible <= now for message in self._world.queue.messages.values())

    def _next_moment(self) -> int | None:
        wakes = [task.wake for task in self._tasks]
        visible = [message.visible for message in self._world.queue.messages.values()]
        return min((moment for moment in wakes + visible if moment > self._world.now), default=None)

    def _pass_time(self, milliseconds: int) -> None:
        self._world.now += milliseconds
        if milliseconds > 1000:
            self._world.trace.add(self._world.now, "clock", f"+{milliseconds / 1000:.3f}s")

    def _start(self, name: str, body: Callable[[Task], object]) -> None:
        self._started[name] += 1
        skew = self._rng.randint(-SKEW, SKEW) // 2 if self._world.profile.skewed else 0
        self._tasks.append(Task(f"{name}-{self._started[name]}", body, skew=skew))

    def _start_repair(self) -> None:
        name = self._rng.choice(REPAIRS)
        if self._rng.random() < 0.5:
            name = self._world.profile.favourite
        self._start(name, getattr(self.actors, name))

    def _go_on(self) -> None:
        """One step of a task: a new one for a message, the one that ran last, or any."""
        ready = self._ready()
        if self._receivable() and (not ready or self._rng.random() < self._world.profile.eager):
            message = self._rng.choice(self._world.queue.visible(self._world.now))
            self._start("worker", self.actors.work(message))
            ready = self._tasks[-1:]
        elif self._last in ready and self._rng.random() < self._world.profile.sticky:
            ready = [self._last]
        self._last = task = self._rng.choice(ready)
        if task.call != "start" and self._freezes(task):
            return
        self._step(task)

    def _freezes(self, task: Task) -> bool:
        if self._is_calm or self._rng.random() >= self._world.profile.freeze:
            return False
        least = self._rng.choice((1, 1, LEASE + 2 * SKEW, self._world.profile.grace))
        task.wake = self._world.now + least + self._rng.randint(0, self._rng.choice((500, LEASE)))
        task.harmed = True
        self.faults["frozen"] += 1
        self._world.trace.add(self._world.now, task.name, task.call, "frozen", task.about)
        return True

    def _step(self, task: Task) -> None:
        self.steps += 1
        if self.steps > MAX_STEPS:
            raise Violation(Promise.REST, f"no rest after {MAX_STEPS} steps")
        fate = self._fate() if task.call != "start" else Fate.RUN
        now, call, about = self._world.now, task.call, task.about
        if task.deadline is None:
            task.deadline = now + LEASE - RESERVE
        task.harmed |= now > task.deadline
        if fate is not Fate.RUN:
            self.faults[f"{call}: {fate.value}"] += 1
        task.go_on(fate)
        self._world.trace.add(now, task.name, call, fate.value, about, task.outcome)
        if task.is_done:
            self._tasks.remove(task)
        if task.crash:
            cause = task.crash.__cause__ or task.crash
            if isinstance(cause, Violation):
                raise cause
            raise Violation(Promise.SOUND, f"{task.name} raised {cause!r}") from cause
        self.invariants.check(task)

    def _fate(self) -> Fate:
        if self._is_calm:
            return Fate.RUN
        profile, roll = self._world.profile, self._rng.random()
        for fate, rate in (
            (Fate.KILL, profile.kill),
            (Fate.FAULT, profile.fault),
            (Fate.LOST, profile.lost),
            (Fate.RETRY, profile.retry),
        ):
            if roll < rate:
                return fate
            roll -= rate
        return Fate.RUN
