"""Somebody who uploads files of invoices, and looks at rows, totals and problems."""

from __future__ import annotations

import io
import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

from remessa.cli.samples.mistakes import Format
from remessa.cli.samples.writing import Tally, write_invoices
from remessa.journey.invoices.queries import Invoices
from remessa.journey.invoices.search import Search
from remessa.journey.invoices.table import DynamoInvoices
from remessa.journey.invoices.totals import By, Totals
from support.local_cloud import LocalCloud
from support.office import Office


class Sums(NamedTuple):
    """How many invoices, and what they add up to in cents."""

    rows: int
    total: int
    tax: int


def sums_of(tally: Tally) -> Sums:
    """What a sample's good rows add up to, as its generator counted them."""
    return Sums(tally.good, tally.total_cents, tally.tax_cents)


def sample(form: Format, rows: int, seed: int, errors: float = 0) -> tuple[bytes, Tally]:
    """A sample file, and what is in it."""
    target = io.BytesIO()
    tally = write_invoices(target, form, rows, errors=errors, seed=seed)
    return target.getvalue(), tally


class Bookkeeping(Office):
    """The bucket of invoices, and what became of them."""

    def __init__(self, cloud: LocalCloud) -> None:
        super().__init__(cloud, "InvoicesBucket")
        self.dynamodb = self.connection.client("dynamodb")
        self.name = self.connection.outputs["InvoicesTable"]
        table, shards = DynamoInvoices(self.dynamodb, self.name), self.connection.shards
        self.invoices = Invoices(table, self.table, shards=shards)
        self.totals = Totals(table, self.table, shards=shards)

    def rows(self, record: dict[str, Any]) -> list[dict[str, Any]]:
        """The rows of a file that readers see."""
        return list(self.invoices.every(Search(file=record["FileId"])))

    def listed(self, record: dict[str, Any]) -> Sums:
        """What the rows of a file add up to."""
        rows = self.rows(record)
        assert len({(row["InvoiceId"], row["row"]) for row in rows}) == len(rows)
        return Sums(len(rows), sum(_cents(row["total"]) for row in rows), sum(_cents(row["tax"]) for row in rows))

    def all_totals(self, by: By = By.MONTH) -> Sums:
        """What the totals of everything add up to."""
        totals = self.totals.by(by)
        return Sums(
            sum(one["count"] for one in totals),
            sum(_cents(one["total"]) for one in totals),
            sum(_cents(one["tax"]) for one in totals),
        )

    @contextmanager
    def adding(self, sums: Sums, kinds: Iterable[By] = (By.MONTH,)) -> Iterator[None]:
        """What happens meanwhile adds so much to the totals of these kinds, and nothing else does."""
        before = {by: self.all_totals(by) for by in kinds}
        yield
        for by in before:
            added = Sums(*(after - then for after, then in zip(self.all_totals(by), before[by], strict=True)))
            assert added == sums, by

    def problems(self, record: dict[str, Any]) -> list[dict[str, Any]]:
        """Every problem of a file."""
        found = []
        for artifact in record["artifacts"]:
            body = self.s3.get_object(Bucket=self.results, Key=artifact["key"])["Body"].read()
            lines = [json.loads(line) for line in body.splitlines()]
            assert artifact["rows"] == len(lines)
            found += lines
        return found

    def stored(self) -> dict[str, Counter[str]]:
        """How many rows and totals the table holds of each file and generation, live or not."""
        pages = self.dynamodb.get_paginator("scan").paginate(
            TableName=self.name, ProjectionExpression="FileId, generation"
        )
        found: defaultdict[str, Counter[str]] = defaultdict(Counter)
        for page in pages:
            for item in page["Items"]:
                if "FileId" in item:  # months have none
                    found[item["FileId"]["S"]][item["generation"]["S"]] += 1
        return found


def _cents(amount: str | None) -> int:
    return int((amount or "0.00").replace(".", ""))
