"""What Remessa promises, whatever goes wrong; each promise is broken by at least one mutant."""

from __future__ import annotations

from enum import StrEnum


class Promise(StrEnum):
    """Checked after every step; the last five when everything has come to rest."""

    WHOLE = "a reader sees one whole generation, made from the version it names"
    FORWARD = "what readers see never goes back to an older version"
    READING = "what a reader has read of stays for the grace time"
    SHAPE = "what is live, leased and indexed fits the status"
    FENCE = "only its owner settles a record; epoch and sequencer only grow"
    ALIVE = "no run is taken for dead before its lease has ended"
    ATTEMPTS = "attempts come to an end, and only real failures use them up"
    SOUND = "the code raises nothing of its own"
    REST = "everything comes to rest"
    TRUTH = "at rest, the record equals the bucket"
    QUIET = "reconcile leaves alone what is right"
    CLEAN = "garbage collection leaves what is live, and nothing else"


class Violation(AssertionError):
    """A promise was broken; the message says how."""

    def __init__(self, promise: Promise, how: str) -> None:
        super().__init__(f"{how} (promised: {promise})")
        self.promise = promise


def require(condition: object, promise: Promise, how: str) -> None:
    """Raise Violation unless the condition holds."""
    if not condition:
        raise Violation(promise, how)
