"""Totals by month, issuer and customer: what every live file adds, summed when it is asked for."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from remessa.errors import UsageError
from remessa.journey import moments
from remessa.journey.invoices.layout import (
    NOBODY,
    Kind,
    beginning_with,
    party_of,
    party_shard,
    total_partition,
)
from remessa.journey.invoices.live import Live
from remessa.journey.invoices.queries import decimal
from remessa.journey.invoices.table import InvoicesTable, Span, every
from remessa.journey.invoices.walk import months
from remessa.journey.table import Item, Table

_BULK = 5000
_PASSES = 3
_FIRST_MONTH, _LAST_MONTH = "0000-00", "9999-99"


class By(StrEnum):
    """What a total is for."""

    MONTH = "month"
    ISSUER = "issuer"
    CUSTOMER = "customer"


@dataclass(slots=True)
class _Sum:
    count: int = 0
    total: int = 0
    tax: int | None = None
    name: str | None = None
    named: int = 0
    """Invoices that the name comes from: of several spellings that of the most counts."""

    def add(self, item: Item) -> None:
        self.count += item["count"]
        self.total += item["totalCents"]
        if "taxCents" in item:
            self.tax = (self.tax or 0) + item["taxCents"]
        if "name" in item and item["count"] > self.named:
            self.name, self.named = item["name"], item["count"]


class Totals:
    """Exact sums over the live generations of all files."""

    def __init__(
        self, table: InvoicesTable, records: Table, *, shards: int, clock: Callable[[], int] = moments.now
    ) -> None:
        """`records` is the Files table, `shards` the stack's IndexShards, `clock` gives milliseconds since 1970."""
        self._table = table
        self._records = records
        self._shards = shards
        self._clock = clock

    def by(
        self,
        by: By,
        *,
        first: str | None = None,
        last: str | None = None,
        issuer: str | None = None,
        customer: str | None = None,
    ) -> list[dict[str, Any]]:
        """Count, total and tax for each month, oldest first, or for each issuer or customer, largest total first.

        `first` and `last` are months, `YYYY-MM`. An issuer's totals can be had by month, not by customer, and the other
        way round: raises UsageError. Files that are published meanwhile make it start again; on a stack where that
        never ends, the third answer is given though a file may be in it in part.
        """
        kind, party = _kind(by, issuer, customer)
        sums: dict[str, _Sum] = {}
        for _ in range(_PASSES):
            live, since, sums = Live(self._records), self._clock(), {}
            for month, item in self._items(kind, party, first or _FIRST_MONTH, last or _LAST_MONTH, live):
                group = month if by is By.MONTH else party_of(item)
                sums.setdefault(group, _Sum()).add(item)
            if not live.has_moved(since):
                break
        return [_shown(by, group, sums[group]) for group in _ordered(by, sums)]

    def _items(self, kind: Kind, party: str | None, first: str, last: str, live: Live) -> Iterator[tuple[str, Item]]:
        """The totals that count, each with its month."""
        if first > last:
            return
        numbers = range(self._shards) if party is None else [party_shard(party, self._shards)]
        between = None if party is None else beginning_with(party)
        for month in months(self._table, first, last):
            for number in numbers:
                span = Span(total_partition(kind, month, number), between=between)
                for item in live.visible(every(self._table, span, _BULK)):
                    yield month, item


def _kind(by: By, issuer: str | None, customer: str | None) -> tuple[Kind, str | None]:
    """Which totals answer the question, and whose of them."""
    if (issuer and customer) or (by is By.ISSUER and customer) or (by is By.CUSTOMER and issuer):
        raise UsageError(
            "Totals are kept for each issuer and for each customer, not for pairs of them; list the invoices of both "
            "with `remessa invoices ls` or export them."
        )
    if issuer or by is By.ISSUER:
        return Kind.ISSUER, issuer
    if customer or by is By.CUSTOMER:
        return Kind.CUSTOMER, customer
    return Kind.MONTH, None


def _ordered(by: By, sums: dict[str, _Sum]) -> list[str]:
    return sorted(sums) if by is By.MONTH else sorted(sums, key=lambda party: (-sums[party].total, party))


def _shown(by: By, group: str, sums: _Sum) -> dict[str, Any]:
    """A total as the command line and the API show it."""
    named = {} if by is By.MONTH else {"name": sums.name}
    tax = None if sums.tax is None else decimal(sums.tax)
    whose = None if group == NOBODY else group
    return {by.value: whose, **named, "count": sums.count, "total": decimal(sums.total), "tax": tax}
