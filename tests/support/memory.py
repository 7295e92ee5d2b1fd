"""In-memory stores with the semantics of the real ones, for tests that steer every step.

The table is held to the real DynamoDB by the ledger's suite, which runs on both.
"""

from __future__ import annotations

import copy
import io
import operator
from collections.abc import Callable, Iterator, Sequence
from typing import Any, BinaryIO

from boto3.dynamodb.conditions import And, AttributeNotExists, ConditionBase, Or

from remessa.journey.objects import Changed, Version
from remessa.journey.table import Change, Item, Page, Written
from remessa.pipelines.contract import Artifact

_COMPARISONS: dict[str, Callable[[Any, Any], bool]] = {
    "=": operator.eq,
    "<": operator.lt,
    ">=": operator.ge,
}


def holds(condition: ConditionBase, item: Item) -> bool:
    """Whether an item meets a boto3 condition; a comparison with a missing attribute is false, but `<>` true."""
    values = condition.get_expression()["values"]
    if isinstance(condition, And):
        return all(holds(part, item) for part in values)
    if isinstance(condition, Or):
        return any(holds(part, item) for part in values)
    name = values[0].name
    if isinstance(condition, AttributeNotExists):
        return name not in item
    symbol = condition.expression_operator
    comparable = name in item and _kind(item[name]) is _kind(values[1])
    if symbol == "<>":
        return not comparable or bool(item[name] != values[1])
    return comparable and _COMPARISONS[symbol](item[name], values[1])


def _kind(value: Any) -> type:
    """DynamoDB's type of a value: values of different types are unequal, and neither is less than the other.

    https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Expressions.OperatorsAndFunctions.html
    """
    return str if isinstance(value, str) else type(value)


class MemoryTable:
    """A table in a dict."""

    def __init__(self) -> None:
        self.items: dict[str, Item] = {}
        self.writes = 0

    def update(self, file_id: str, change: Change, when: ConditionBase) -> Written:
        """Apply the change if the condition holds."""
        named = [*change.set, *change.add, *change.remove]
        if len(named) > len(set(named)):
            raise ValueError("DynamoDB refuses a change that names an attribute twice")
        old = self.items.get(file_id, {})
        if not holds(when, old):
            return Written(applied=False, item=copy.deepcopy(old))
        new = {"FileId": file_id, **old, **copy.deepcopy(dict(change.set))}
        for name, amount in change.add.items():
            new[name] = old.get(name, 0) + amount
        for name in change.remove:
            new.pop(name, None)
        self.items[file_id] = new
        self.writes += 1
        return Written(applied=True, item=copy.deepcopy(new))

    def get(self, file_id: str) -> Item | None:
        """Read one item."""
        return copy.deepcopy(self.items.get(file_id))

    def get_many(self, file_ids: Sequence[str], attributes: Sequence[str]) -> dict[str, Item]:
        """Read items by id, with these attributes only."""
        found = {identity: self.items[identity] for identity in file_ids if identity in self.items}
        return {
            identity: {name: copy.deepcopy(item[name]) for name in attributes if name in item}
            for identity, item in found.items()
        }

    def query(
        self,
        index: str,
        partition: tuple[str, str],
        *,
        limit: int,
        resume: Item | None = None,
        newest_first: bool = True,
    ) -> Page:
        """One page of an index partition."""
        sort = {"Timeline": "timelineAt", "Attention": "attentionAt"}[index]
        found = [item for item in self.items.values() if item.get(partition[0]) == partition[1]]
        found.sort(key=lambda item: item[sort], reverse=newest_first)
        if resume:
            keep = operator.lt if newest_first else operator.gt
            found = [item for item in found if keep(item[sort], resume[sort])]
        page = copy.deepcopy(found[:limit])
        return Page(page, page[-1] if len(found) > limit else None)

    def count(self, index: str, partition: tuple[str, str]) -> int:
        """How many items an index partition holds."""
        return len(self.query(index, partition, limit=len(self.items) or 1).items)

    def scan(self, attributes: Sequence[str]) -> Iterator[Item]:
        """Every item, with these attributes only."""
        for item in list(self.items.values()):
            yield {name: copy.deepcopy(item[name]) for name in attributes if name in item}


class MemoryObjects:
    """A versioned bucket in a dict."""

    def __init__(self) -> None:
        self.current: dict[tuple[str, str], Version] = {}
        self.bodies: dict[str | None, bytes] = {}
        self._number = 0

    def put(self, bucket: str, key: str, body: bytes, user: str | None = None) -> Version:
        """Upload a new version."""
        self._number += 1
        number = f"v{self._number}"
        version = Version(bucket, key, len(body), f"etag-{hash(body):x}", number, "2026-01-01T00:00:00Z", user)
        self.current[bucket, key] = version
        self.bodies[number] = body
        return version

    def remove(self, bucket: str, key: str) -> None:
        """Delete the object."""
        del self.current[bucket, key]

    def head(self, bucket: str, key: str) -> Version | None:
        """The current version, or None when the object is gone."""
        return self.current.get((bucket, key))

    def open(self, version: Version, start: int = 0) -> BinaryIO:
        """Stream one version."""
        if version.version_id not in self.bodies:
            raise Changed(version.version_id)
        return io.BytesIO(self.bodies[version.version_id][start:])


class MemoryArtifacts:
    """A results bucket in a dict."""

    bucket = "results"

    def __init__(self) -> None:
        self.stored: dict[str, bytes] = {}

    def write(self, key: str, artifact: Artifact, *, download_name: str) -> int:
        """Store an artifact; a key never gets another content: generations are never shared but by repeated parts."""
        body = artifact.body if isinstance(artifact.body, bytes) else artifact.body.read()
        if self.stored.setdefault(key, body) != body:
            raise AssertionError(f"{key} was written twice")
        return len(body)

    def read(self, key: str) -> bytes:
        """An artifact's content."""
        return self.stored[key]

    def delete(self, keys: Sequence[str]) -> None:
        """Remove artifacts."""
        for key in keys:
            self.stored.pop(key, None)
