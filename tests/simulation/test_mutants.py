"""The simulation's own test: every fault planted into the journey is found, and every promise can be broken."""

from __future__ import annotations

import pytest

from simulation.mutants import MUTANTS, Mutant
from simulation.promises import Promise
from simulation.run import simulate

ENOUGH = 4_000
"""Seeds, as many as `make test` tries."""


def hunt(mutant: Mutant) -> int | None:
    """The first seed whose history breaks the promise that this fault endangers."""
    for seed in range(ENOUGH):
        violation = simulate(seed, mutant.system, **mutant.habits).violation
        if violation and violation.promise is mutant.breaks:
            return seed
    return None


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.name)
def test_planted_fault_is_found(mutant: Mutant, monkeypatch: pytest.MonkeyPatch) -> None:
    """A journey with this fault breaks its promise in some history."""
    if mutant.patch:
        monkeypatch.setattr(*mutant.patch)
    assert hunt(mutant) is not None, f"{ENOUGH} seeds, and nothing was seen of it"


def test_every_promise_is_endangered() -> None:
    """No promise is checked by something that could never fail."""
    assert {mutant.breaks for mutant in MUTANTS} == set(Promise)


@pytest.mark.parametrize("mutant", [one for one in MUTANTS if one.habits], ids=lambda mutant: mutant.name)
def test_habits_alone_break_nothing(mutant: Mutant) -> None:
    """Where a mutant is sought, the journey itself holds: it is the fault that was found, not the place."""
    assert [seed for seed in range(100) if simulate(seed, **mutant.habits).violation] == []
