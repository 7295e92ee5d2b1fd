"""A file's totals, as they are written: one item for each month, and in it for each issuer and customer."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TypeAlias

from remessa.journey.invoices.layout import NOBODY, Fields, Kind, Origin, month_fields, total_fields
from remessa.pipelines.invoices.rows import Invoice

MOST_PARTIES = 20_000
"""A tally of so many parties is to be drained, so that memory stays small in a file of a million customers."""


@dataclass(slots=True)
class _Sums:
    count: int = 0
    total_cents: int = 0
    tax_cents: int | None = None
    """None while no invoice has told its tax."""
    name: str | None = None

    def add(self, total_cents: int, tax_cents: int | None, name: str | None, times: int) -> None:
        self.count += times
        self.total_cents += times * total_cents
        if tax_cents is not None:
            self.tax_cents = (self.tax_cents or 0) + times * tax_cents
        if self.name is None:
            self.name = name

    def fields(self, party: str) -> Fields:
        """The sums as attributes; the invoices without a customer have no name in common."""
        name = self.name if party != NOBODY else None
        return {"count": self.count, "totalCents": self.total_cents, "taxCents": self.tax_cents, "name": name}


_Parties: TypeAlias = dict[tuple[str, str], _Sums]
"""By month and party."""


class Tally:
    """Counts invoices and sums their amounts. Give each invoice of a file to exactly one tally, once.

    Where several runs work on one file, each has a `part` of its own. The same rows in the same order give the same
    items, however often they are written.
    """

    def __init__(self, origin: Origin, shards: int, part: int = 0) -> None:
        self._origin = origin
        self._shards = shards
        self._part = part
        self._drained = 0
        self._months: _Parties = {}
        self._issuers: _Parties = {}
        self._customers: _Parties = {}

    @property
    def is_full(self) -> bool:
        """Whether it is time to write down what `drain` gives."""
        return len(self._issuers) + len(self._customers) >= MOST_PARTIES

    def add(self, invoice: Invoice, times: int = 1) -> None:
        """Count an invoice in its month, for its issuer and for its customer; -1 times takes one off."""
        month, total, tax = invoice.issued[:7], invoice.total_cents, invoice.tax_cents
        _of(self._months, month, NOBODY).add(total, tax, None, times)
        _of(self._issuers, month, invoice.issuer).add(total, tax, invoice.issuer_name, times)
        _of(self._customers, month, invoice.customer or NOBODY).add(total, tax, invoice.customer_name, times)

    def drain(self) -> Iterator[Fields]:
        """The items to write for what was counted since the last time, and the months to announce."""
        part = f"{self._part}.{self._drained}"
        kinds = ((Kind.ISSUER, self._issuers), (Kind.CUSTOMER, self._customers), (Kind.MONTH, self._months))
        self._issuers, self._customers, self._months = {}, {}, {}
        self._drained += 1
        for kind, parties in kinds:
            for (month, party), sums in parties.items():
                yield total_fields(kind, month, party, self._origin, part, sums.fields(party), self._shards)
        for month, _ in kinds[-1][1]:
            yield month_fields(month)


def _of(parties: _Parties, month: str, party: str) -> _Sums:
    sums = parties.get((month, party))
    if sums is None:
        sums = parties[month, party] = _Sums()
    return sums
