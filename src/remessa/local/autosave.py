"""Saving the running cloud's state now and then, so that a crash loses little.

Nothing is saved while nothing changes. A save of 100,000 records takes some 20 s of a small machine's time, so the
pause after one grows with how long it took.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, field

log = logging.getLogger("remessa.local")

_DUTY_CYCLE = 20
"""A pause is at least so many times as long as the last save: saving takes 5 % of the time at most."""


@dataclass
class Autosave:
    """Saves some time after the first change since the last save."""

    save: Callable[[], Awaitable[None]]
    """Raises OSError when it could not."""
    undisturbed: Callable[[], AbstractContextManager[bool]]
    """Yields whether this is a time to save, and keeps it so: half a deploy is no state to start from."""
    pause: float = 60.0
    """Seconds from a change to its save."""
    lull: float = 1.0
    """Seconds without a change that make a good moment; waited for as long again as the pause."""
    _changed: asyncio.Event = field(default_factory=asyncio.Event)
    _last_change: float = 0.0

    def note_change(self) -> None:
        """Something may have changed. Call it in the event loop."""
        self._last_change = time.monotonic()
        self._changed.set()

    async def run(self) -> None:
        """Go on for ever."""
        took = 0.0
        while True:
            await self._changed.wait()
            pause = max(self.pause, _DUTY_CYCLE * took)
            await asyncio.sleep(pause)
            await self._wait_for_lull(time.monotonic() + pause)
            took = await self._save()

    async def _wait_for_lull(self, deadline: float) -> None:
        while (quiet := time.monotonic() - self._last_change) < self.lull and time.monotonic() < deadline:
            await asyncio.sleep(self.lull - quiet)

    async def _save(self) -> float:
        """Save if this is the time to; returns the seconds it took. What could not be saved stays to be saved."""
        begin = time.monotonic()
        try:
            with self.undisturbed() as now:
                if now:
                    self._changed.clear()
                    await self.save()
        except OSError as error:
            log.warning("the state could not be saved: %s", error)
            self._changed.set()
        return time.monotonic() - begin
