"""When the running cloud saves itself."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from remessa.local.autosave import Autosave


@dataclass
class Cloud:
    """Counts saves, which take `seconds`, fail while `failing`, and must wait while a deploy runs."""

    seconds: float = 0.0
    failing: bool = False
    deploying: bool = False
    times: list[float] = field(default_factory=list)

    async def save(self) -> None:
        """Save."""
        self.times.append(asyncio.get_running_loop().time())
        await asyncio.sleep(self.seconds)
        if self.failing:
            raise OSError("disk full")

    @contextmanager
    def undisturbed(self) -> Iterator[bool]:
        """Whether no deploy runs."""
        yield not self.deploying


def run(cloud: Cloud, story: Callable[[Autosave], object], *, seconds: float = 0.6, pause: float = 0.05) -> None:
    """Let the autosave run for a while beside what `story`, called every 10 ms, does."""

    async def main() -> None:
        autosave = Autosave(cloud.save, cloud.undisturbed, pause=pause, lull=0.03)
        task = asyncio.create_task(autosave.run())
        loop = asyncio.get_running_loop()
        end = loop.time() + seconds
        while loop.time() < end:
            story(autosave)
            await asyncio.sleep(0.01)
        task.cancel()

    asyncio.run(main())


class Once:
    """Notes one change, the first time."""

    def __init__(self) -> None:
        self.done = False

    def __call__(self, autosave: Autosave) -> None:
        """Note it."""
        if not self.done:
            self.done = True
            autosave.note_change()


def test_nothing_is_saved_while_nothing_changes() -> None:
    """An idle cloud does not touch the disk."""
    cloud = Cloud()
    run(cloud, lambda _: None)
    assert cloud.times == []


def test_one_change_is_saved_once() -> None:
    """A change is saved, and then there is nothing more to save."""
    cloud = Cloud()
    run(cloud, Once())
    assert len(cloud.times) == 1


def test_changes_without_end_are_saved_too() -> None:
    """A burst puts the save off for a while, not for ever."""
    cloud = Cloud()
    run(cloud, Autosave.note_change)
    assert len(cloud.times) >= 2


def test_saving_takes_a_twentieth_of_the_time_at_most() -> None:
    """After a slow save the pause is twenty times as long."""
    cloud = Cloud(seconds=0.02)
    run(cloud, Autosave.note_change, seconds=1.2)
    gaps = [later - earlier for earlier, later in zip(cloud.times, cloud.times[1:], strict=False)]
    assert gaps
    assert min(gaps) >= 0.4


def test_a_failed_save_is_tried_again() -> None:
    """What could not be saved stays to be saved, without another change."""
    cloud = Cloud(failing=True)
    run(cloud, Once())
    assert len(cloud.times) >= 2


def test_half_a_deploy_is_not_saved() -> None:
    """While a deploy runs nothing is saved; afterwards the change is saved after all."""
    cloud = Cloud(deploying=True)
    run(cloud, Once())
    assert cloud.times == []


def test_after_a_deploy_the_change_is_saved() -> None:
    """A change that a deploy kept from being saved is not forgotten."""
    cloud = Cloud(deploying=True)
    once = Once()

    def story(autosave: Autosave) -> None:
        once(autosave)
        cloud.deploying = time.monotonic() < begin + 0.3

    begin = time.monotonic()
    run(cloud, story, seconds=0.9)
    assert len(cloud.times) == 1
