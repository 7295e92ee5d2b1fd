"""Invoices read back from the real local DynamoDB: keys, indexes and reads as `template.yaml` is to have them."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest
from support.invoice_table import ACME, ANA, BETA, DEFINITION, SHARDS, invoice, items_of
from support.local_cloud import LocalCloud

from remessa.journey.invoices.export import ISO, export
from remessa.journey.invoices.layout import Fields, Origin
from remessa.journey.invoices.queries import Invoices
from remessa.journey.invoices.search import Search
from remessa.journey.invoices.table import DynamoInvoices
from remessa.journey.invoices.totals import By, Totals
from remessa.journey.table import DynamoTable
from remessa.pipelines.invoices.rows import Invoice

ONE, TWO = "a1" * 16, "b2" * 16
ROWS = [
    invoice(
        number,
        issued=f"2026-{number % 3 + 4:02}-{number % 28 + 1:02}",
        issuer=BETA if number % 5 == 0 else ACME,
        customer=None if number % 7 == 0 else ANA,
        tax_cents=None,
        extra={"vendedor": "Zé"} if number % 2 else {},
    )
    for number in range(1, 151)
]


class Stock:
    """A table of invoices beside the stack's own table of files."""

    def __init__(self, cloud: LocalCloud) -> None:
        connection = cloud.connection
        self._client: Any = connection.client("dynamodb")
        self._files = connection.outputs["FilesTable"]
        self._name = "remessa-invoices-to-query"
        self._client.create_table(TableName=self._name, **DEFINITION)
        table = DynamoInvoices(self._client, self._name)
        self.invoices = Invoices(table, DynamoTable(self._client, self._files), shards=SHARDS)
        self.totals = Totals(table, DynamoTable(self._client, self._files), shards=SHARDS)

    def put(self, items: list[Fields]) -> None:
        """Write items with boto3, so that what is tested here is only reading."""
        from boto3.dynamodb.types import TypeSerializer

        serialize = TypeSerializer().serialize
        for start in range(0, len(items), 25):
            batch = [
                {name: serialize(value) for name, value in item.items() if value is not None}
                for item in items[start : start + 25]
            ]
            self._client.batch_write_item(RequestItems={self._name: [{"PutRequest": {"Item": item}} for item in batch]})

    def publish(self, origin: Origin) -> None:
        """Make a generation live, in a record that was settled long ago."""
        live = {"M": {"generation": {"S": origin.generation}}}
        item = {"FileId": {"S": origin.file_id}, "Live": live, "processedAt": {"S": "2026-01-01T00:00:00.000Z"}}
        self._client.put_item(TableName=self._files, Item=item)

    def remove(self) -> None:
        """Leave the shared cloud as it was."""
        self._client.delete_table(TableName=self._name)
        for identity in (ONE, TWO):
            self._client.delete_item(TableName=self._files, Key={"FileId": {"S": identity}})


@pytest.fixture(scope="module")
def stock(cloud: LocalCloud) -> Iterator[Stock]:
    """One file with a live and a stale generation, and another that tells of ten of its invoices."""
    stock = Stock(cloud)
    try:
        stock.put(items_of([row._replace(total_cents=9) for row in ROWS[:40]], Origin(ONE, "1-0")))
        stock.put(items_of(ROWS, Origin(ONE, "2-0")))
        stock.put(items_of(ROWS[:10], Origin(TWO, "1-0")))
        stock.publish(Origin(ONE, "2-0"))
        stock.publish(Origin(TWO, "1-0"))
        yield stock
    finally:
        stock.remove()


@pytest.mark.parametrize(
    "search",
    [
        Search(),
        Search(issuer=BETA),
        Search(customer=ANA, min_cents=3000),
        Search(date_from="2026-04-10", date_to="2026-05-20"),
        Search(issuer=ACME, date_from="2026-05-03"),
        Search(file=ONE),
        Search(file=ONE, issuer=BETA),
        Search(file="c3" * 16),
    ],
)
def test_pages_hold_every_invoice_once_and_in_order(stock: Stock, search: Search) -> None:
    """The same as a plain filter over the rows, whichever index serves it."""
    wanted = [(ONE, row) for row in ROWS] + [(TWO, row) for row in ROWS[:10]]
    wanted = [(file, row) for file, row in wanted if search.file in {None, file} and _matches(search, row)]
    found = _all(stock, search, limit=17)
    assert sorted((one["FileId"], one["row"]) for one in found) == sorted((file, row.line) for file, row in wanted)
    if search.file:
        assert [one["row"] for one in found] == sorted(one["row"] for one in found)
    else:
        places = [(one["issued"], int(one["number"])) for one in found]
        assert places == sorted(places, reverse=True)
    assert list(stock.invoices.every(search)) == found


def test_an_invoice_and_who_shares_it(stock: Stock) -> None:
    """With its unmapped columns, once for each file; stale generations do not tell of it."""
    identity = f"INV#{1:032x}"
    told = stock.invoices.invoice(identity)
    assert [(one["FileId"], one["total"], one["extra"]) for one in told] == [
        (ONE, "1.01", {"vendedor": "Zé"}),
        (TWO, "1.01", {"vendedor": "Zé"}),
    ]
    assert stock.invoices.shared([identity, f"INV#{11:032x}"]) == {identity: [ONE, TWO]}


@pytest.mark.parametrize("by", By)
def test_totals_equal_an_independent_sum(stock: Stock, by: By) -> None:
    """Of every live generation, to the cent."""
    sums: dict[str | None, int] = {}
    for row in [*ROWS, *ROWS[:10]]:
        group = {By.MONTH: row.issued[:7], By.ISSUER: row.issuer, By.CUSTOMER: row.customer}[by]
        sums[group] = sums.get(group, 0) + row.total_cents
    found = {total[by.value]: Decimal(total["total"]) * 100 for total in stock.totals.by(by)}
    assert found == sums
    [may] = stock.totals.by(By.MONTH, first="2026-05", last="2026-05", issuer=BETA)
    assert may["count"] == sum(row.issuer == BETA and row.issued[:7] == "2026-05" for row in [*ROWS, *ROWS[:10]])


def test_export_holds_everything(stock: Stock) -> None:
    """One row for each live row, and amounts that add up."""
    file = io.StringIO(newline="")
    assert export(stock.invoices.every(Search()), file, ISO) == 160
    rows = list(csv.DictReader(io.StringIO(file.getvalue(), newline="")))
    assert sum(Decimal(row["total"]) for row in rows) * 100 == sum(row.total_cents for row in [*ROWS, *ROWS[:10]])


def _matches(search: Search, row: Invoice) -> bool:
    return (
        search.issuer in {None, row.issuer}
        and search.customer in {None, row.customer}
        and (search.date_from or "") <= row.issued <= (search.date_to or "9")
        and row.total_cents >= (search.min_cents or 0)
    )


def _all(stock: Stock, search: Search, limit: int) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    cursor = None
    while True:
        page = stock.invoices.page(search, cursor=cursor, limit=limit)
        found += page.invoices
        if page.cursor is None:
            return found
        cursor = page.cursor
