"""The port to a DynamoDB table: conditional updates, reads and index queries in plain Python values."""

from __future__ import annotations

import itertools
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from functools import cached_property
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias

if TYPE_CHECKING:
    from boto3.dynamodb.conditions import ConditionBase
    from mypy_boto3_dynamodb import DynamoDBClient

Item: TypeAlias = dict[str, Any]
_PAGE = 100


@dataclass(frozen=True, slots=True)
class Change:
    """What one write does to an item."""

    set: Mapping[str, Any] = field(default_factory=dict)
    add: Mapping[str, int] = field(default_factory=dict)
    """Added to a number attribute, which starts at 0."""
    remove: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Written:
    """The answer to a conditional write."""

    applied: bool
    item: Item
    """The item after the write, or the item that refused it (empty when there was none)."""


@dataclass(frozen=True, slots=True)
class Page:
    """Some items of a query, and where to go on."""

    items: list[Item]
    resume: Item | None
    """Pass to the next call; None at the end."""


class Table(Protocol):
    """A table whose partition key is FileId."""

    def update(self, file_id: str, change: Change, when: ConditionBase) -> Written:
        """Apply the change if the condition holds, in one atomic step."""

    def get(self, file_id: str) -> Item | None:
        """Read one item, strongly consistent."""

    def get_many(self, file_ids: Sequence[str], attributes: Sequence[str]) -> dict[str, Item]:
        """Read up to a hundred items by id, strongly consistent, with these attributes only."""

    def query(
        self,
        index: str,
        partition: tuple[str, str],
        *,
        limit: int,
        resume: Item | None = None,
        newest_first: bool = True,
    ) -> Page:
        """One page of an index partition, given as (attribute, value), in the order of its sort key."""

    def count(self, index: str, partition: tuple[str, str]) -> int:
        """How many items an index partition holds."""

    def scan(self, attributes: Sequence[str]) -> Iterator[Item]:
        """Every item, strongly consistent, with these attributes only."""


def every(table: Table, index: str, partition: tuple[str, str], *, newest_first: bool = True) -> Iterator[Item]:
    """All items of an index partition, in order; no page is read before it is needed."""
    resume = None
    while True:
        page = table.query(index, partition, limit=_PAGE, resume=resume, newest_first=newest_first)
        yield from page.items
        if page.resume is None:
            return
        resume = page.resume


class DynamoTable:
    """The real thing, on a low-level client (the resource API costs a function more start-up time)."""

    def __init__(self, client: DynamoDBClient, name: str) -> None:
        self._client = client
        self._name = name

    @cached_property
    def _serialize(self) -> Any:
        from boto3.dynamodb.types import TypeSerializer

        return TypeSerializer().serialize

    @cached_property
    def _deserialize(self) -> Any:
        from boto3.dynamodb.types import TypeDeserializer

        return TypeDeserializer().deserialize

    def update(self, file_id: str, change: Change, when: ConditionBase) -> Written:
        """Apply the change if the condition holds; on refusal the same call returns the item as it stood."""
        from boto3.dynamodb.conditions import ConditionExpressionBuilder

        condition = ConditionExpressionBuilder().build_expression(when)
        names, values = dict(condition.attribute_name_placeholders), dict(condition.attribute_value_placeholders)
        expression = _update_expression(change, names, values)
        try:
            answer = self._client.update_item(
                TableName=self._name,
                Key={"FileId": {"S": file_id}},
                UpdateExpression=expression,
                ConditionExpression=condition.condition_expression,
                ExpressionAttributeNames=names,
                ExpressionAttributeValues={name: self._serialize(value) for name, value in values.items()},
                ReturnValues="ALL_NEW",
                ReturnValuesOnConditionCheckFailure="ALL_OLD",
            )
        except self._client.exceptions.ConditionalCheckFailedException as refusal:
            return Written(applied=False, item=self._plain(refusal.response.get("Item", {})))  # type: ignore[arg-type]
        return Written(applied=True, item=self._plain(answer["Attributes"]))

    def get(self, file_id: str) -> Item | None:
        """Read one item, strongly consistent."""
        answer = self._client.get_item(TableName=self._name, Key={"FileId": {"S": file_id}}, ConsistentRead=True)
        return self._plain(answer["Item"]) if "Item" in answer else None

    def get_many(self, file_ids: Sequence[str], attributes: Sequence[str]) -> dict[str, Item]:
        """Read up to a hundred items by id; asks again for what DynamoDB left out under load."""
        names = {f"#a{position}": name for position, name in enumerate(attributes)}
        wanted: Any = {
            "Keys": [{"FileId": {"S": file_id}} for file_id in file_ids],
            "ConsistentRead": True,
            "ProjectionExpression": ", ".join(names),
            "ExpressionAttributeNames": names,
        }
        found: dict[str, Item] = {}
        for attempt in itertools.count():
            answer = self._client.batch_get_item(RequestItems={self._name: wanted})
            items = [self._plain(item) for item in answer["Responses"].get(self._name, [])]
            found |= {item["FileId"]: item for item in items}
            left = answer.get("UnprocessedKeys", {}).get(self._name)
            if not left:
                break
            wanted = left
            time.sleep(min(5.0, 0.05 * 2**attempt))
        return found

    def query(
        self,
        index: str,
        partition: tuple[str, str],
        *,
        limit: int,
        resume: Item | None = None,
        newest_first: bool = True,
    ) -> Page:
        """One page of an index partition; indexes are eventually consistent."""
        start = {name: self._serialize(value) for name, value in (resume or {}).items()}
        answer = self._client.query(
            **self._partition(index, partition),
            Limit=limit,
            ScanIndexForward=not newest_first,
            **({"ExclusiveStartKey": start} if start else {}),  # type: ignore[arg-type]
        )
        last = answer.get("LastEvaluatedKey")
        return Page([self._plain(item) for item in answer["Items"]], self._plain(last) if last else None)

    def count(self, index: str, partition: tuple[str, str]) -> int:
        """How many items an index partition holds; reads them all, in pages of 1 MB."""
        pages = self._client.get_paginator("query").paginate(**self._partition(index, partition), Select="COUNT")
        return sum(page["Count"] for page in pages)

    def scan(self, attributes: Sequence[str]) -> Iterator[Item]:
        """Every item, page by page, so that memory does not grow with the table."""
        names = {f"#a{position}": name for position, name in enumerate(attributes)}
        pages = self._client.get_paginator("scan").paginate(
            TableName=self._name,
            ConsistentRead=True,
            ProjectionExpression=", ".join(names),
            ExpressionAttributeNames=names,
        )
        for page in pages:
            for item in page["Items"]:
                yield self._plain(item)

    def _partition(self, index: str, partition: tuple[str, str]) -> Any:
        attribute, value = partition
        return {
            "TableName": self._name,
            "IndexName": index,
            "KeyConditionExpression": "#p = :p",
            "ExpressionAttributeNames": {"#p": attribute},
            "ExpressionAttributeValues": {":p": {"S": value}},
        }

    def _plain(self, item: Mapping[str, Any]) -> Item:
        return {name: _plain(self._deserialize(value)) for name, value in item.items()}


def _update_expression(change: Change, names: dict[str, str], values: dict[str, Any]) -> str:
    """Render a change as an UpdateExpression, adding its placeholders to `names` and `values`."""

    def name(attribute: str) -> str:
        placeholder = f"#u{len(names)}"
        names[placeholder] = attribute
        return placeholder

    def value(content: Any) -> str:
        placeholder = f":u{len(values)}"
        values[placeholder] = content
        return placeholder

    clauses = {
        "SET": [f"{name(attribute)} = {value(content)}" for attribute, content in change.set.items()],
        "ADD": [f"{name(attribute)} {value(amount)}" for attribute, amount in change.add.items()],
        "REMOVE": [name(attribute) for attribute in change.remove],
    }
    return " ".join(f"{verb} {', '.join(parts)}" for verb, parts in clauses.items() if parts)


def _plain(value: Any) -> Any:
    """DynamoDB's numbers come as Decimal; ours are all integers."""
    if isinstance(value, Decimal):
        return int(value)
    if isinstance(value, dict):
        return {name: _plain(content) for name, content in value.items()}
    if isinstance(value, list):
        return [_plain(content) for content in value]
    return value
