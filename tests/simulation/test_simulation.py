"""The journey under thousands of histories in which everything goes wrong that can.

`SEEDS=20000 FIRST_SEED=4000 pytest tests/simulation/test_simulation.py` tries others; `SEED=7 pytest …` tells the whole
history of one.
"""

from __future__ import annotations

import multiprocessing
import os
import sys
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor

import pytest

from simulation.run import simulate

SEEDS = int(os.environ.get("SEEDS", "4000"))
FIRST_SEED = int(os.environ.get("FIRST_SEED", "0"))
ONE_SEED = os.environ.get("SEED")
_CHUNK = 50


def try_seeds(seeds: range) -> tuple[list[int], Counter[str]]:
    """The seeds that broke something, and what happened in all of them."""
    broken, happened = [], Counter[str]()
    for seed in seeds:
        run = simulate(seed)
        happened.update(run.faults)
        happened["steps"] += run.steps
        happened["writes to the table"] += run.writes
        if run.violation:
            broken.append(seed)
    return broken, happened


def chunks() -> Iterator[range]:
    """All seeds, in portions for the processes."""
    end = FIRST_SEED + SEEDS
    for first in range(FIRST_SEED, end, _CHUNK):
        yield range(first, min(first + _CHUNK, end))


def tell(capsys: pytest.CaptureFixture[str], text: str) -> None:
    """Show a text, past pytest's capture."""
    with capsys.disabled():
        sys.stdout.write(f"\n{text}\n")


@pytest.mark.timeout(0)
@pytest.mark.skipif(ONE_SEED is not None, reason="one seed is asked for")
def test_no_history_breaks_a_promise(capsys: pytest.CaptureFixture[str]) -> None:
    """Whatever is lost, doubled, late, killed or refused: readers see whole results, and records end right."""
    broken, happened, started = list[int](), Counter[str](), time.monotonic()
    with ProcessPoolExecutor(os.cpu_count(), multiprocessing.get_context("spawn")) as pool:
        for some, what in pool.map(try_seeds, chunks()):
            broken += some
            happened.update(what)
    seconds = time.monotonic() - started
    lines = [f"{SEEDS} seeds in {seconds:.1f} s", *(f"{count:9} {what}" for what, count in happened.most_common())]
    if "SEEDS" in os.environ:
        tell(capsys, "\n".join(lines))
    assert not broken, f"seeds {broken[:20]} of {SEEDS}; the first of them:\n{simulate(broken[0]).story()}"
    assert len(happened) > 40, "the simulation has become tame"


@pytest.mark.skipif(ONE_SEED is None, reason="SEED=n tells one history")
def test_one_seed(capsys: pytest.CaptureFixture[str]) -> None:
    """The history of the seed that was asked for."""
    run = simulate(int(ONE_SEED or 0))
    tell(capsys, run.story())
    assert run.violation is None


def test_a_seed_is_a_history() -> None:
    """The same seed gives the same history twice, and another seed another one."""
    stories = [simulate(seed).story() for seed in (1, 2, 1)]
    assert stories[0] == stories[2]
    assert stories[0] != stories[1]


def test_a_history_can_be_read() -> None:
    """The trace names who did what, what became of it, and how the record stood after it."""
    story = simulate(3).story()
    for word in ("somebody", "worker-1", "table.update", "s3.head", "status=PROCESSING", "applied", "seed 3"):
        assert word in story
