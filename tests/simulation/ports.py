"""The journey's ports to the simulated stores: each call stops its task first, and may be made to fail."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, BinaryIO

from boto3.dynamodb.conditions import ConditionBase

from remessa.journey.moments import iso
from remessa.journey.objects import Listed, Version
from remessa.journey.table import Change, Item, Page, Written
from remessa.pipelines.contract import Artifact

if TYPE_CHECKING:
    from simulation.tasks import Task
    from simulation.world import World


class TablePort:
    """The table as one task sees it."""

    def __init__(self, world: World, task: Task) -> None:
        self._world = world
        self._perform = task.perform

    def update(self, file_id: str, change: Change, when: ConditionBase) -> Written:
        """Apply the change if the condition holds."""
        return self._perform("table.update", (change, when), lambda: self._world.table.update(file_id, change, when))

    def get(self, file_id: str) -> Item | None:
        """Read one item."""
        return self._perform("table.get", None, lambda: self._world.table.get(file_id))

    def get_many(self, file_ids: Sequence[str], attributes: Sequence[str]) -> dict[str, Item]:
        """Read several items."""
        return self._perform("table.get_many", None, lambda: self._world.table.get_many(file_ids, attributes))

    def query(
        self,
        index: str,
        partition: tuple[str, str],
        *,
        limit: int,
        resume: Item | None = None,
        newest_first: bool = True,
    ) -> Page:
        """One page of an index, which may lag behind."""

        def effect() -> Page:
            table = self._world.table.as_of(self._world.lag())
            return table.query(index, partition, limit=limit, resume=resume, newest_first=newest_first)

        return self._perform("table.query", partition[1], effect)

    def count(self, index: str, partition: tuple[str, str]) -> int:
        """How many items an index partition holds."""
        return self._perform("table.count", partition[1], lambda: self._world.table.count(index, partition))

    def scan(self, attributes: Sequence[str]) -> Iterator[Item]:
        """Every item, each read at a moment of its own."""
        after = ""
        while (identity := self._perform("table.scan", after or None, partial(self._following, after))) is not None:
            yield self._world.table.get_many([identity], attributes)[identity]
            after = identity

    def _following(self, after: str) -> str | None:
        return min((identity for identity in self._world.table.items if identity > after), default=None)


class ObjectsPort:
    """The input bucket as one task sees it."""

    def __init__(self, world: World, task: Task) -> None:
        self._bucket = world.bucket
        self._perform = task.perform

    def head(self, bucket: str, key: str) -> Version | None:
        """The current version."""
        return self._perform("s3.head", key, lambda: self._bucket.head(key))

    def open(self, version: Version, start: int = 0) -> BinaryIO:
        """A version's bytes."""
        return self._perform("s3.open", version.version_id, lambda: self._bucket.open(version, start))

    def predecessor(self, key: str) -> Version | None:
        """The version before the current one; no request, and only for a mutant."""
        return self._bucket.predecessor(key)

    def list(self, bucket: str, after: str = "") -> Iterator[Listed]:
        """Every object, each listed at a moment of its own."""
        while listed := self._perform("s3.list", after or None, partial(self._bucket.after, after)):
            yield listed
            after = listed.key


class ArtifactsPort:
    """The results bucket as one task sees it."""

    bucket = "results"

    def __init__(self, world: World, task: Task) -> None:
        self._world = world
        self._perform = task.perform

    def write(self, key: str, artifact: Artifact, *, download_name: str) -> int:
        """Store an artifact."""
        body = artifact.body if isinstance(artifact.body, bytes) else artifact.body.read()
        return self._perform("s3.write", (key, body), lambda: self._world.results.put(key, body, self._world.now))

    def read(self, key: str) -> bytes:
        """No pipeline of the simulation cuts files."""
        raise NotImplementedError(key)

    def delete(self, keys: Sequence[str]) -> None:
        """Remove artifacts, one request each."""
        for key in keys:
            self._perform("s3.delete", key, partial(self._world.results.remove, key))

    def list(self, bucket: str, after: str = "", prefix: str = "") -> Iterator[Listed]:
        """Every artifact, each listed at a moment of its own."""
        results = self._world.results
        while listed := self._perform("s3.list", after or None, partial(results.after, after, prefix)):
            yield listed
            after = listed.key


class QueuePort:
    """The queue as one task sees it: to postpone, to acknowledge, and (as a boto3 client) to send."""

    def __init__(self, world: World, task: Task) -> None:
        self._world = world
        self._perform = task.perform
        self.sent = 0

    def postpone(self, receipt: str, seconds: int) -> None:
        """Let a message come back later."""
        visible = self._world.now + seconds * 1000
        effect = self._world.queue.postpone
        self._perform("sqs.postpone", (receipt, f"{seconds}s"), lambda: effect(receipt, visible))

    def bury(self, body: str) -> None:
        """Put a message among the dead letters."""
        self._perform("sqs.bury", body, lambda: self._world.queue.bury(body, self._world.now))

    def delete(self, receipt: str) -> None:
        """Acknowledge a message."""
        self._perform("sqs.delete", receipt, lambda: self._world.queue.delete(receipt))

    def redrive(self) -> None:
        """Put the dead letters back."""
        self._perform("sqs.redrive", None, lambda: self._world.queue.redrive(self._world.now))

    def send_message_batch(self, *, QueueUrl: str, Entries: Sequence[dict[str, Any]]) -> dict[str, Any]:  # noqa: N803
        """Send, as boto3's client does it."""

        def effect() -> dict[str, Any]:
            for entry in Entries:
                self._world.queue.send(entry["MessageBody"], self._world.now + entry["DelaySeconds"] * 1000)
            self.sent += len(Entries)
            return {"Successful": len(Entries), "at": iso(self._world.now)}

        return self._perform("sqs.send", f"{len(Entries)} announced", effect)
