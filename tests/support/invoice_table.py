"""The table Invoices in a dict, and invoices to fill it with."""

from __future__ import annotations

import copy
import operator
from collections.abc import Callable, Iterable
from typing import Any

from remessa.journey.invoices.layout import (
    BY_CUSTOMER,
    BY_FILE,
    BY_ISSUER,
    BY_MONTH,
    KEYS,
    LISTED,
    Fields,
    Origin,
    row_fields,
)
from remessa.journey.invoices.table import Span
from remessa.journey.invoices.tally import Tally
from remessa.journey.moments import iso
from remessa.journey.table import Item, Page
from remessa.pipelines.invoices.rows import Invoice
from support.memory import MemoryTable

SHARDS = 4
MEGABYTE = 1000
"""DynamoDB ends a page at so many items, about, whatever the limit."""
ACME, BETA, ANA = "11222333000181", "12ABC34501DE35", "52998224725"
DEFINITION: dict[str, Any] = {
    "BillingMode": "PAY_PER_REQUEST",
    "AttributeDefinitions": [
        {"AttributeName": name, "AttributeType": "N" if name == "byFileAt" else "S"}
        for names in KEYS.values()
        for name in names
    ],
    "KeySchema": [
        {"AttributeName": "InvoiceId", "KeyType": "HASH"},
        {"AttributeName": "Source", "KeyType": "RANGE"},
    ],
    "GlobalSecondaryIndexes": [
        {
            "IndexName": index,
            "KeySchema": [
                {"AttributeName": KEYS[index][0], "KeyType": "HASH"},
                {"AttributeName": KEYS[index][1], "KeyType": "RANGE"},
            ],
            "Projection": {"ProjectionType": "INCLUDE", "NonKeyAttributes": list(LISTED)},
        }
        for index in (BY_ISSUER, BY_CUSTOMER, BY_MONTH, BY_FILE)
    ],
}
"""What `template.yaml` says of the table, as CreateTable takes it."""


def invoice(number: int, **changes: Any) -> Invoice:
    """A synthetic invoice; what is not named depends on the number alone."""
    known: dict[str, Any] = {
        "invoice_id": f"INV#{number:032x}",
        "access_key": None,
        "number": str(number),
        "series": "1",
        "issuer": ACME,
        "issuer_name": "Acme Ltda",
        "customer": ANA,
        "customer_name": "Ana",
        "issued": "2026-05-10",
        "total_cents": 100 * number + 1,
        "tax_cents": number,
        "line": number,
        "extra": {},
    }
    return Invoice(**(known | changes))


def items_of(invoices: Iterable[Invoice], origin: Origin, shards: int = SHARDS) -> list[Fields]:
    """Everything that a file of these invoices brings to the table."""
    tally, items = Tally(origin, shards), []
    for one in invoices:
        tally.add(one)
        items.append(row_fields(one, origin, shards))
    return [*items, *tally.drain()]


class MemoryInvoices:
    """The table in a dict, which counts how it is read."""

    def __init__(self) -> None:
        self.items: dict[tuple[Any, Any], Item] = {}
        self.queries = 0
        self.items_read = 0
        self.at_query: dict[int, Callable[[], object]] = {}
        """What happens elsewhere just before the query of that number, counted from 1."""

    def put(self, items: Iterable[Fields]) -> None:
        """Write items, replacing those of the same keys."""
        for item in items:
            known = {name: value for name, value in item.items() if value is not None}
            self.items[item["InvoiceId"], item["Source"]] = known

    def query(self, span: Span, *, limit: int, resume: Item | None = None) -> Page:
        """Some items of a span, with what its index holds of them."""
        self.queries += 1
        if self.queries in self.at_query:
            self.at_query.pop(self.queries)()
        partition, sort = KEYS[span.index]
        found = [item for item in self.items.values() if item.get(partition) == span.partition]
        if span.between is not None:
            low, high = span.between
            if low > high:  # type: ignore[operator]
                raise ValueError("DynamoDB refuses a BETWEEN whose bounds are the wrong way round")
            found = [item for item in found if low <= item[sort] <= high]
        found.sort(key=lambda item: item[sort], reverse=span.newest_first)
        if resume is not None:
            beyond = operator.lt if span.newest_first else operator.gt
            found = [item for item in found if beyond(item[sort], resume[sort])]
        limit = min(limit, MEGABYTE)
        self.items_read += len(found[:limit])
        kept = {name for keys in (KEYS[None], KEYS[span.index]) for name in keys} | set(LISTED)
        page = [
            {name: copy.deepcopy(value) for name, value in item.items() if span.index is None or name in kept}
            for item in found[:limit]
        ]
        return Page(page, {sort: page[-1][sort]} if len(found) > limit else None)


class Shelf:
    """Both tables in memory, and files that are put there."""

    def __init__(self) -> None:
        self.invoices = MemoryInvoices()
        self.records = MemoryTable()
        self.now = 1_800_000_000_000

    def publish(self, file_id: str, generation: str, invoices: Iterable[Invoice] | None = None) -> Origin:
        """Write a file's invoices, if any are named, and make the generation live."""
        origin = Origin(file_id, generation)
        if invoices is not None:
            self.invoices.put(items_of(invoices, origin))
        self.records.items[file_id] = {
            "FileId": file_id,
            "Live": {"generation": generation, "version": {}, "artifacts": []},
            "processedAt": iso(self.now),
        }
        self.now += 1
        return origin

    def remove(self, file_id: str) -> None:
        """Make nothing of a file live, as a deletion does."""
        del self.records.items[file_id]["Live"]

    def clock(self) -> int:
        """Milliseconds since 1970; publications happened before."""
        return self.now
