"""Synthetic invoices, as facts: what they say, not yet how a file writes it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from random import Random
from typing import NamedTuple

from remessa.cli.samples.parties import Party, companies, parties, weighted_sum

ISSUERS, CUSTOMERS = 200, 1200
FIRST_DAY, DAYS = date(2026, 7, 1), 92
"""July to September 2026: CNPJs may hold letters since then."""
_WEIGHTS = bytes(2 + place % 8 for place in range(43))[::-1]
_HEAD = 25
"""Characters of a key up to the series: the same for an issuer's invoices of a month."""
_LARGEST = 500_000_000
"""Cents of the largest total, or nearly."""
_TAX_PERCENT = 18


class Day(NamedTuple):
    """A day of issue in both notations."""

    iso: str
    brazilian: str


class Facts(NamedTuple):
    """What an invoice says."""

    key: str
    number: int
    series: int
    day: Day
    issuer: Party
    customer: Party
    total: int
    """Cents."""
    tax: int
    """Cents."""


class _Issuing:
    """An issuer, and how far it has counted."""

    def __init__(self, random: Random, party: Party) -> None:
        self.party = party
        self.series = random.randrange(1, 4)
        self.number = random.randrange(1, 500_000)
        self._heads: dict[str, tuple[str, int]] = {}

    def head(self, day: Day) -> tuple[str, int]:
        """The first part of the key of an invoice of that day, and its part in the check digit."""
        month = day.iso[2:4] + day.iso[5:7]
        if month not in self._heads:
            head = f"{self.party.state_code}{month}{self.party.tax_id}55{self.series:03d}"
            self._heads[month] = head, weighted_sum(head, _WEIGHTS[:_HEAD])
        return self._heads[month]


def invoices(seed: int) -> Iterator[Facts]:
    """Invoices without end, the same for the same seed; no two are the same invoice.

    Keys are consistent with the rest and end in their check digit, weighted 2 to 9 from the right (Manual de Orientação
    do Contribuinte, http://moc.sped.fazenda.pr.gov.br/). Small totals are far more common than large ones.
    """
    random = Random(seed)  # noqa: S311  makes samples, guards nothing
    issuers = [_Issuing(random, party) for party in companies(random, ISSUERS)]
    customers = parties(random, CUSTOMERS)
    dates = [FIRST_DAY + timedelta(days=passed) for passed in range(DAYS)]
    days = [Day(day.isoformat(), f"{day:%d/%m/%Y}") for day in dates]
    draw = random.random
    while True:
        issuer = issuers[int(draw() * ISSUERS)]
        issuer.number += 1
        day = days[int(draw() * DAYS)]
        head, weighted = issuer.head(day)
        tail = f"{issuer.number:09d}1{int(draw() * 100_000_000):08d}"
        rest = (weighted + weighted_sum(tail, _WEIGHTS[_HEAD:])) % 11
        size = draw()
        total = 100 + int(size * size * size * size * _LARGEST)
        yield Facts(
            f"{head}{tail}{0 if rest < 2 else 11 - rest}",
            issuer.number,
            issuer.series,
            day,
            issuer.party,
            customers[int(draw() * CUSTOMERS)],
            total,
            total * _TAX_PERCENT // 100,
        )
