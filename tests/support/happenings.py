"""What may happen to a file of rows at any moment of its journey, and a journey for each such moment."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from functools import partial
from typing import TypeAlias

from support.rows import LinePipeline, file_of
from support.stage import Crash, Stage

Happening: TypeAlias = Callable[[Stage], object]
WHOLE, IN_PARTS = 10_000, 24
"""Bytes that one run takes on: the file below is processed by one run, or in four parts."""
OLD, NEW = file_of(2), file_of(13, 2, cents=300, bad=3)
NEWER, SMALL = file_of(12, 4, cents=500), file_of(2, 5, cents=700)
"""The latter is short enough for one run in any case."""


def _dies(_: Stage) -> None:
    raise Crash


def _fails(_: Stage) -> None:
    raise ConnectionError("a dependency is ill")


HAPPENINGS: dict[str, Happening] = {
    "the worker dies": _dies,
    "a call fails": _fails,
    "a new version, its event comes later": lambda stage: stage.upload(NEWER),
    "a new version, its event comes at once": lambda stage: stage.deliver(stage.upload(NEWER)),
    "a small new version": lambda stage: stage.deliver(stage.upload(SMALL)),
    "deletion, its event comes later": Stage.delete,
    "deletion, its event comes at once": lambda stage: stage.deliver(stage.delete()),
    "the message is delivered twice": Stage.repeat,
    "all other messages come in between": Stage.hand_out,
    "the run sleeps until others have done its work": Stage.outlive,
}


def begun(part_bytes: int, body: bytes = NEW, *, newest_first: bool = False, stutters: bool = False) -> Stage:
    """A file that is about to be replaced by a longer one."""
    stage = Stage(LinePipeline(part_bytes), newest_first=newest_first, stutters=stutters)
    stage.upload(OLD)
    stage.run()
    stage.moments.clear()
    stage.upload(body)
    return stage


def at_every_moment(make: Callable[[], Stage], happening: Happening) -> Iterator[tuple[str, Stage]]:
    """The journey as often as it has moments: each time something happens at the next one, until all is at rest."""
    plain = make()
    plain.run()
    for number, moment in enumerate(plain.moments, start=1):
        stage = make()
        stage.at[number] = partial(happening, stage)
        stage.run()
        assert stage.moments[number - 1] == moment, "the same journey until then"
        yield f"{number}, {moment}", stage


def at_some_moments(seed: int, part_bytes: int, most: int) -> Stage:
    """A journey in which several things happen, chosen by the seed among the first `most` moments."""
    chance = random.Random(seed)
    stage = begun(part_bytes, newest_first=chance.random() < 0.5, stutters=chance.random() < 0.2)
    for _ in range(chance.randint(2, 4)):
        happening = chance.choice(list(HAPPENINGS.values()))
        stage.at[chance.randint(1, most)] = partial(happening, stage)
    stage.run()
    stage.at.clear()
    return stage
