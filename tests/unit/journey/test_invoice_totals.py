"""Totals as they are read: exact, of live generations only, whatever happens meanwhile."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.invoice_table import ACME, ANA, BETA, SHARDS, Shelf, invoice

from remessa.errors import UsageError
from remessa.journey.invoices.totals import By, Totals
from remessa.pipelines.invoices.rows import Invoice

ONE, TWO, THREE = "1" * 32, "2" * 32, "3" * 32

files = st.lists(
    st.builds(
        lambda number, month, issuer, customer, total, tax: invoice(
            number, issued=f"2026-{month:02}-01", issuer=issuer, customer=customer, total_cents=total, tax_cents=tax
        ),
        st.integers(1, 99_999),
        st.integers(1, 4),
        st.sampled_from([ACME, BETA]),
        st.sampled_from([ANA, BETA, None]),
        st.integers(-(10**15), 10**15),
        st.none() | st.integers(0, 10**6),
    ),
    max_size=15,
)


@given(files, files, st.sampled_from(By), st.sampled_from([None, "2026-02"]), st.sampled_from([None, "2026-03"]))
def test_totals_equal_an_independent_sum(
    first: list[Invoice], second: list[Invoice], by: By, begin: str | None, end: str | None
) -> None:
    """To the cent, over several files; stale, unfinished and removed generations add nothing."""
    shelf = Shelf()
    shelf.publish(ONE, "1-0", second)
    shelf.publish(ONE, "2-0", first)
    shelf.publish(TWO, "1-0", second)
    shelf.publish(THREE, "1-0", first)
    shelf.remove(THREE)
    counts: Counter[str | None] = Counter()
    sums: dict[str | None, int] = {}
    for row in first + second:
        if (begin or "") <= row.issued[:7] <= (end or "9"):
            group = {By.MONTH: row.issued[:7], By.ISSUER: row.issuer, By.CUSTOMER: row.customer}[by]
            counts[group] += 1
            sums[group] = sums.get(group, 0) + row.total_cents
    found = _totals(shelf).by(by, first=begin, last=end)
    assert {total[by.value]: total["count"] for total in found} == counts
    assert {total[by.value]: Decimal(total["total"]) * 100 for total in found} == sums


def test_a_total_as_it_is_shown() -> None:
    """Names are those that most invoices bear; the largest total comes first, months in their order."""
    shelf = Shelf()
    shelf.publish(ONE, "1-0", [invoice(1, issued="2026-06-01", total_cents=5, tax_cents=None, customer=None)])
    shelf.publish(TWO, "1-0", [invoice(number, issuer_name="ACME", issued="2026-05-01") for number in (2, 3)])
    shelf.publish(THREE, "1-0", [invoice(4, issuer=BETA, issuer_name=None, issued="2026-05-01", total_cents=10**7)])
    totals = _totals(shelf)
    assert totals.by(By.MONTH) == [
        {"month": "2026-05", "count": 3, "total": "100005.02", "tax": "0.09"},
        {"month": "2026-06", "count": 1, "total": "0.05", "tax": None},
    ]
    assert totals.by(By.ISSUER) == [
        {"issuer": BETA, "name": None, "count": 1, "total": "100000.00", "tax": "0.04"},
        {"issuer": ACME, "name": "ACME", "count": 3, "total": "5.07", "tax": "0.05"},
    ]
    assert [(total["customer"], total["name"]) for total in totals.by(By.CUSTOMER)] == [(ANA, "Ana"), (None, None)]


def test_one_party_by_month() -> None:
    """An issuer's or customer's months, read from its own shard alone."""
    shelf = Shelf()
    shelf.publish(ONE, "1-0", [invoice(1), invoice(2, issuer=BETA), invoice(3, customer=BETA, issued="2026-06-01")])
    totals = _totals(shelf)
    assert [(total["month"], total["count"]) for total in totals.by(By.MONTH, issuer=ACME)] == [
        ("2026-05", 1),
        ("2026-06", 1),
    ]
    shelf.invoices.queries = 0
    assert [(total["month"], total["count"]) for total in totals.by(By.MONTH, customer=ANA)] == [("2026-05", 2)]
    assert shelf.invoices.queries == 3  # the months, and one shard of each
    assert [total["count"] for total in totals.by(By.ISSUER, issuer=BETA)] == [1]


@pytest.mark.parametrize(
    "question",
    [
        {"by": By.MONTH, "issuer": ACME, "customer": ANA},
        {"by": By.ISSUER, "customer": ANA},
        {"by": By.CUSTOMER, "issuer": ACME},
    ],
)
def test_pairs_are_refused(question: dict[str, Any]) -> None:
    """A wrong total would be worse than none."""
    with pytest.raises(UsageError, match="not for pairs"):
        _totals(Shelf()).by(**question)


def test_nothing_to_sum() -> None:
    """Neither an empty stack nor a period that ends before it begins is an error."""
    shelf = Shelf()
    assert _totals(shelf).by(By.ISSUER) == []
    shelf.publish(ONE, "1-0", [invoice(1)])
    assert _totals(shelf).by(By.MONTH, first="2026-06", last="2026-05") == []


def _replaced(shelf: Shelf) -> None:
    """The file gets a new generation by a clock that is slow, and its old totals are removed."""
    shelf.now -= 3_600_000
    shelf.publish(ONE, "2-0", [invoice(number, issuer=f"{number:014}") for number in range(1, 31)])
    shelf.now += 3_600_000
    for key in [key for key, item in shelf.invoices.items.items() if item.get("generation") == "1-0"]:
        del shelf.invoices.items[key]


def _added(shelf: Shelf) -> None:
    shelf.publish(TWO, "1-0", [invoice(number, issuer=f"{number:014}") for number in range(500, 530)])


@pytest.mark.parametrize(("happening", "after"), [(_replaced, 30), (_added, 50)])
def test_totals_are_of_one_state(happening: Callable[[Shelf], None], after: int) -> None:
    """When a file is replaced or added between two reads, they are summed anew: all of it counts, or none."""
    for moment in range(1, SHARDS + 2):
        shelf = Shelf()
        shelf.publish(ONE, "1-0", [invoice(number, issuer=f"{number:014}") for number in range(1, 21)])
        shelf.invoices.at_query[moment] = lambda shelf=shelf: happening(shelf)  # type: ignore[misc]
        assert sum(total["count"] for total in _totals(shelf).by(By.ISSUER)) in {20, after}


def _totals(shelf: Shelf) -> Totals:
    return Totals(shelf.invoices, shelf.records, shards=SHARDS, clock=shelf.clock)
