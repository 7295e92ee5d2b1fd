"""Tasks: pieces of ordinary code that stop before every effect and go on when the scheduler says so.

A task runs in a greenlet, so the code under test needs no hooks: it calls a port, and the port stops it. Between two
effects a task touches nothing but its own memory, so stopping once per effect shows every interleaving there is; what
may happen *after* an effect (the reply is lost, the worker dies) is decided together with it.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum
from typing import Any, NoReturn, TypeVar

from greenlet import getcurrent, greenlet  # type: ignore[import-untyped]

T = TypeVar("T")


class Killed(BaseException):
    """The process is gone. No `except Exception` sees it, as none sees a SIGKILL."""


class Broken(BaseException):
    """The code under test raised something of its own; passes every `except Exception` too."""


class InjectedFault(ConnectionError):
    """A dependency failed for a reason of the moment: throttled, HTTP 500, or its reply was lost."""


class ProcessorFault(Exception):
    """The processor failed by its own doing, on a file that it may still manage the next time."""


class Fate(Enum):
    """What becomes of an effect."""

    RUN = "ok"
    FAULT = "fails, nothing done"
    LOST = "done, but its reply is lost"
    RETRY = "done, but its reply is lost and the client tries again"
    KILL = "worker dies before it"


class Task:
    """Code on its way from effect to effect."""

    def __init__(self, name: str, body: Callable[[Task], object], *, skew: int = 0) -> None:
        """`skew` is how many milliseconds this task's clock is ahead."""
        self.name = name
        self.skew = skew
        self.wake = 0
        """Not run again before this moment."""
        self.harmed = False
        """Something was done to it that may count as a failed attempt: it died, was late, or its processor failed."""
        self.died = False
        self.deadline: int | None = None
        """From this moment on the run may find itself too slow."""
        self.call = "start"
        self.about: Any = None
        self.outcome: Any = None
        self.crash: BaseException | None = None
        """What the body let escape, other than an injected fault."""
        self._body = body
        self._greenlet: Any = greenlet(self._run)
        self._scheduler: Any = getcurrent()

    @property
    def is_done(self) -> bool:
        """Whether the code came to its end, or died."""
        return bool(self._greenlet.dead)

    def go_on(self, fate: Fate) -> None:
        """Perform the effect it waits for, and run to the next one."""
        self.outcome = None
        self._greenlet.switch(fate)

    def perform(self, call: str, about: Any, effect: Callable[[], T]) -> T:
        """Stop; then do the effect, if that is its fate, and answer as the outside world would."""
        while True:
            self.call, self.about = call, about
            fate = self._scheduler.switch()
            if fate is Fate.KILL:
                self.die()
            if fate is Fate.FAULT:
                raise InjectedFault(f"{call} failed")
            answer = effect()
            self.outcome = answer
            if fate is Fate.LOST:
                raise InjectedFault(f"the reply of {call} was lost")
            if fate is Fate.RUN:
                return answer

    def die(self) -> NoReturn:
        """End here and now, as a process does that runs out of memory."""
        self.died = self.harmed = True
        raise Killed

    def _run(self, _: Fate) -> None:
        try:
            self._body(self)
        except (Killed, InjectedFault):  # the actors that repair let faults escape, and come again
            return
        except (Exception, Broken) as crash:  # noqa: BLE001  told to the scheduler, which ends the simulation with it
            self.crash = crash
