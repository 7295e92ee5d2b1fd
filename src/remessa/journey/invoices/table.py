"""The port to the table Invoices, for reading. Writing goes by `rows_writer`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from remessa.journey.invoices.layout import KEYS
from remessa.journey.table import Item, Page

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


@dataclass(frozen=True, slots=True)
class Span:
    """A piece of one partition, in the order of its sort key."""

    partition: str
    index: str | None = None
    """None reads the table itself, strongly consistent; indexes lag behind by moments."""
    between: tuple[str, str] | tuple[int, int] | None = None
    """Lowest and highest sort key, both included."""
    newest_first: bool = False


class InvoicesTable(Protocol):
    """The table as its readers need it."""

    def query(self, span: Span, *, limit: int, resume: Item | None = None) -> Page:
        """Some items of a span, `limit` at most, from where the page before ended."""


def every(table: InvoicesTable, span: Span, page: int) -> Iterator[Item]:
    """All items of a span, read `page` at a time and no page before it is needed."""
    resume = None
    while True:
        found = table.query(span, limit=page, resume=resume)
        yield from found.items
        if found.resume is None:
            return
        resume = found.resume


class DynamoInvoices:
    """The real thing, on a low-level client."""

    def __init__(self, client: DynamoDBClient, name: str) -> None:
        self._client = client
        self._name = name

    def query(self, span: Span, *, limit: int, resume: Item | None = None) -> Page:
        """Some items of a span; a page may end early, since DynamoDB reads 1 MB at most."""
        partition, sort = KEYS[span.index]
        wanted: dict[str, Any] = {
            "TableName": self._name,
            "KeyConditionExpression": "#p = :p",
            "ExpressionAttributeNames": {"#p": partition},
            "ExpressionAttributeValues": {":p": _typed(span.partition)},
            "ScanIndexForward": not span.newest_first,
            "Limit": limit,
        }
        if span.index is None:
            wanted["ConsistentRead"] = True
        else:
            wanted["IndexName"] = span.index
        if span.between is not None:
            low, high = span.between
            wanted["KeyConditionExpression"] += " AND #s BETWEEN :low AND :high"
            wanted["ExpressionAttributeNames"]["#s"] = sort
            wanted["ExpressionAttributeValues"] |= {":low": _typed(low), ":high": _typed(high)}
        if resume is not None:
            wanted["ExclusiveStartKey"] = {name: _typed(value) for name, value in resume.items()}
        answer = self._client.query(**wanted)
        last = answer.get("LastEvaluatedKey")
        return Page([_plain(item) for item in answer["Items"]], _plain(last) if last else None)


def _typed(value: str | int) -> dict[str, str]:
    """A key as DynamoDB's JSON."""
    return {"S": value} if isinstance(value, str) else {"N": str(value)}


def _plain(item: Mapping[str, Any]) -> Item:
    """An item without DynamoDB's types; boto3's own deserializer takes several times as long."""
    plain: Item = {}
    for name, typed in item.items():
        [(kind, content)] = typed.items()
        if kind == "N":
            content = int(content)
        elif kind == "M":
            content = _plain(content)
        plain[name] = content
    return plain
