"""The outside world of one history: clock, stores, queue, and the people who upload and delete."""

from __future__ import annotations

import json
from dataclasses import replace
from random import Random

from remessa.journey.moments import iso
from simulation.profile import Profile
from simulation.queue import Queue
from simulation.stores import BUCKET, InputBucket, ResultsBucket, Table
from simulation.trace import Trace

START = 1_800_000_000_000
_LATE = (300, 1_000, 60_000, 900_000)
"""Milliseconds: from just enough to change places with a neighbour up to a quarter of an hour."""
_GOOD = ("good", "good", "slow")
_ODD = ("broken", "poison")
"""First words of bodies; they tell the processor how to behave."""


class World:
    """Everything outside the code under test."""

    def __init__(self, rng: Random, profile: Profile) -> None:
        self.rng = rng
        self.initial = self.profile = profile
        self.now = START
        self.bucket = InputBucket(versioned=profile.versioned)
        self.results = ResultsBucket()
        self.table = Table()
        self.queue = Queue(rng, profile.visibility)
        self.trace = Trace(START)
        self._keys = [f"dir {number}/a+b.csv" for number in range(profile.keys)]
        self._sequence = 0
        self._bodies = 0
        self._tokens = 0
        self._last_body = b"good 0"

    def calm_down(self) -> None:
        """From now on nothing is late, stale or lost any more."""
        self.profile = replace(self.profile, stale=0, skewed=False)

    def token(self) -> str:
        """A name that was never given before."""
        self._tokens += 1
        return f"run {self._tokens}"

    def lag(self) -> int:
        """How many writes an index is behind, this time."""
        return self.rng.randint(1, 8) if self.rng.random() < self.profile.stale else 0

    def somebody_acts(self) -> None:
        """Upload, overwrite, delete, or delete and upload again."""
        key = self.rng.choice(self._keys)
        roll = self.rng.random()
        if key not in self.bucket.current or roll < 0.6:
            self._upload(key)
        else:
            self.bucket.remove(key)
            self._happened(key, "deletes")
            if roll < 0.8:
                self._upload(key)

    def _upload(self, key: str) -> None:
        body = self._body()
        upload = self.bucket.put(key, body, self.now)
        self._happened(key, f"uploads {body.decode()} as {upload.version.version_id or upload.version.etag[:8]}")

    def _body(self) -> bytes:
        """A new body; now and then the one before it again, so that its ETag comes twice."""
        if self.rng.random() >= 0.1:
            kind = self.rng.choice(_ODD if self.rng.random() < self.profile.odd else _GOOD)
            self._bodies += 1
            self._last_body = f"{kind} {self._bodies}".encode()
        return self._last_body

    def _happened(self, key: str, what: str) -> None:
        """Tell the queue: once, or more often, in time or late, or never."""
        self._sequence += 1
        # Sequencers of one key differ in length, and are compared right-padded.
        sequencer = f"{self._sequence:010x}" + self.rng.choice(("", "A5", "00f"))
        is_lost = self.profile.lossy and self.rng.random() < 0.4
        copies = 0 if is_lost else self.rng.randint(1, self.profile.copies)
        for _ in range(copies):
            late = self.rng.randint(0, self.rng.choice(_LATE))
            delay = late if self.rng.random() < self.profile.late else self.rng.choice((0, 0, 100))
            self.queue.send(_notification(key, sequencer, iso(self.now)), self.now + delay)
        told = f"{what}; event {sequencer} in {copies} copies"
        self.trace.add(self.now, "somebody", "", about=(key, told))


def _notification(key: str, sequencer: str, at: str) -> str:
    """https://docs.aws.amazon.com/AmazonS3/latest/userguide/notification-content-structure.html."""
    quoted = key.replace("+", "%2B").replace(" ", "+")
    entity = {"bucket": {"name": BUCKET}, "object": {"key": quoted, "sequencer": sequencer}}
    return json.dumps({"Records": [{"eventTime": at, "s3": entity}]})
