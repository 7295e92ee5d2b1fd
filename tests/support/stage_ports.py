"""The stores of a stage as one run sees them: every effect has its moments."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, BinaryIO

from boto3.dynamodb.conditions import ConditionBase

from remessa.journey.moments import iso
from remessa.journey.objects import Listed, Version
from remessa.journey.table import Change, Written
from remessa.pipelines.contract import Artifact
from support.memory import MemoryArtifacts, MemoryObjects, MemoryTable
from support.rows import Perform


class Repeatable(MemoryArtifacts):
    """A results bucket that takes the same again from whoever gets a part's order again."""

    def write(self, key: str, artifact: Artifact, *, download_name: str) -> int:
        """Store an artifact."""
        body = artifact.body if isinstance(artifact.body, bytes) else artifact.body.read()
        if not key.startswith("rows/") and self.stored.get(key, body) != body:
            raise AssertionError(f"{key} was written anew and differs")
        self.stored[key] = body
        return len(body)

    def list(self, bucket: str, after: str = "", prefix: str = "") -> Iterator[Listed]:
        """Everything in it, as old as can be."""
        yield from [Listed(key, "", iso(0)) for key in sorted(self.stored) if key.startswith(prefix)]


class TablePort:
    """The table, to which a run may do nothing but update a record."""

    def __init__(self, table: MemoryTable, perform: Perform, *, stutters: bool) -> None:
        """With `stutters` the first reply to each write is lost, so that the client makes the write again."""
        self._table = table
        self._perform = perform
        self._stutters = stutters

    def update(self, file_id: str, change: Change, when: ConditionBase) -> Written:
        """Apply the change if the condition holds."""

        def write() -> Written:
            return self._table.update(file_id, change, when)

        answer = self._perform("table.update", write)
        return write() if self._stutters else answer

    def __getattr__(self, name: str) -> Any:
        raise AssertionError(f"a run may only update records, not {name}")


class ObjectsPort:
    """The input bucket."""

    def __init__(self, objects: MemoryObjects, perform: Perform) -> None:
        self._objects = objects
        self._perform = perform

    def head(self, bucket: str, key: str) -> Version | None:
        """The current version."""
        return self._perform("head", lambda: self._objects.head(bucket, key))

    def open(self, version: Version, start: int = 0) -> BinaryIO:
        """Stream one version."""
        return self._perform("open", lambda: self._objects.open(version, start))


class ArtifactsPort:
    """The results bucket."""

    bucket = "results"

    def __init__(self, stored: Repeatable, perform: Perform) -> None:
        self._stored = stored
        self._perform = perform

    def write(self, key: str, artifact: Artifact, *, download_name: str) -> int:
        """Store an artifact."""
        return self._perform("artifact", lambda: self._stored.write(key, artifact, download_name=download_name))

    def read(self, key: str) -> bytes:
        """Read an artifact."""
        return self._perform("read", lambda: self._stored.stored[key])

    def delete(self, keys: Sequence[str]) -> None:
        """Remove artifacts."""
        self._perform("artifacts.delete", lambda: self._stored.delete(keys))
