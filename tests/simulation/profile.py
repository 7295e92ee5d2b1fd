"""What kind of history a seed is: how much goes wrong, and how."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

from remessa.journey.collect import GRACE

SKEW = 5_000
"""Milliseconds that two machines' clocks differ at most."""

REPAIRS = ("sweep", "reconcile", "collect", "retry", "redrive")
"""Methods of `Actors`."""


@dataclass(frozen=True, slots=True)
class Profile:
    """Drawn once per seed, so that seeds differ in character. Rates are per step of a task, chances per decision."""

    keys: int
    steps: int
    uploads: int
    workers: int
    visibility: int
    grace: int
    """Of garbage collection; a short one, too, must never take what a run at work has made."""
    versioned: bool
    lossy: bool
    """Events may be lost for good; then only reconcile can make the record right."""
    skewed: bool
    sticky: float
    """Chance that the task which ran last runs again: low for fine interleaving, high for long runs of one task."""
    kill: float
    fault: float
    lost: float
    retry: float
    freeze: float
    upload: float
    recovery: float
    favourite: str
    """Which repair happens most."""
    leap: float
    """Chance of a great step of the clock, past leases and time-outs."""
    late: float
    """Chance that an event's copy arrives late."""
    eager: float
    """Chance that a message is received before the tasks at work go on."""
    copies: int
    odd: float
    """Chance that a body is broken or kills its worker."""
    stale: float
    """Chance that an index answers as of some writes ago."""


def draw(rng: Random) -> Profile:
    """A seed's character."""

    def rate(*values: float) -> float:
        return rng.choice(values)

    return Profile(
        keys=rng.choice((1, 1, 1, 2, 3)),
        steps=rng.choice((60, 120, 200, 300)),
        uploads=rng.randint(2, 20),
        workers=rng.choice((1, 2, 3, 4, 6)),
        visibility=rng.choice((310_000, 600_000, 1_800_000)),
        grace=rng.choice((60_000, GRACE)),
        versioned=rng.random() < 0.7,
        lossy=rng.random() < 0.3,
        skewed=rng.random() < 0.3,
        sticky=rate(0, 0.5, 0.9),
        kill=rate(0, 0, 0.02, 0.1),
        fault=rate(0, 0, 0.02, 0.15),
        lost=rate(0, 0, 0.02, 0.1),
        retry=rate(0, 0, 0.05),
        freeze=rate(0, 0.02, 0.1),
        upload=rate(0.03, 0.06, 0.15),
        recovery=rate(0.01, 0.03, 0.1),
        favourite=rng.choice(REPAIRS),
        leap=rate(0, 0.005, 0.02),
        late=rate(0, 0.3, 0.7),
        eager=rate(0.1, 0.3, 0.6),
        copies=rng.choice((1, 1, 1, 2, 3)),
        odd=rate(0, 0.2, 0.5),
        stale=rate(0, 0, 0.5),
    )
