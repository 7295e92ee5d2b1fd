"""Keys and attributes of the table Invoices, and the totals that are written to it."""

from __future__ import annotations

import json
from collections import Counter
from datetime import date

from hypothesis import given
from hypothesis import strategies as st
from support.invoice_table import ACME, ANA, BETA, SHARDS, invoice

from remessa.journey.invoices import tally as tally_module
from remessa.journey.invoices.layout import (
    KEYS,
    LISTED,
    NOBODY,
    Fields,
    Kind,
    Origin,
    beginning_with,
    origin_of,
    party_of,
    row_fields,
)
from remessa.journey.invoices.tally import Tally
from remessa.journey.row_requests import put_request
from remessa.pipelines.invoices.rows import Invoice

FILE = Origin("0123456789abcdef0123456789abcdef", "3-1")

days = st.dates(date(2024, 12, 30), date(2025, 2, 2)).map(date.isoformat)
invoices = st.builds(
    lambda number, issued, issuer, customer, total, tax: invoice(
        number, issued=issued, issuer=issuer, customer=customer, total_cents=total, tax_cents=tax
    ),
    st.integers(1, 10**9),
    days,
    st.sampled_from([ACME, BETA]),
    st.sampled_from([ANA, ACME, None]),
    st.integers(-(10**15), 10**15),
    st.none() | st.integers(0, 10**15),
)


def test_item_of_an_invoice() -> None:
    """Exactly these attributes; the item as `row_requests` writes it is DynamoDB's own JSON."""
    item = row_fields(invoice(7, extra={"vendedor": "Zé"}), FILE, SHARDS)
    shard = item["byMonth"].rsplit("#", 1)[1]  # type: ignore[union-attr]
    at = item["byMonthAt"]
    assert str(at).startswith("2026-05-10#000000000000007#")
    assert item == {
        "InvoiceId": f"INV#{7:032x}",
        "Source": "0123456789abcdef0123456789abcdef#3-1",
        "FileId": FILE.file_id,
        "generation": "3-1",
        "row": 7,
        "number": "7",
        "series": "1",
        "issuer": ACME,
        "issuerName": "Acme Ltda",
        "customer": ANA,
        "customerName": "Ana",
        "issued": "2026-05-10",
        "totalCents": 701,
        "taxCents": 7,
        "accessKey": None,
        "extra": {"vendedor": "Zé"},
        "byIssuer": f"E#{ACME}#2026-05#{shard}",
        "byIssuerAt": at,
        "byCustomer": f"C#{ANA}#2026-05#{shard}",
        "byCustomerAt": at,
        "byMonth": f"M#2026-05#{shard}",
        "byMonthAt": at,
        "byFile": f"F#{FILE.file_id}#3-1#{shard}",
        "byFileAt": 7,
    }
    written = json.loads(put_request(item))["PutRequest"]["Item"]
    assert written["extra"] == {"M": {"vendedor": {"S": "Zé"}}}
    assert "accessKey" not in written


def test_an_invoice_without_customer_is_not_in_that_index() -> None:
    """DynamoDB indexes only items that have the index's keys, and refuses a null there."""
    item = row_fields(invoice(7, customer=None, customer_name=None), FILE, SHARDS)
    assert item["byCustomer"] is None
    assert item["byCustomerAt"] is None


def test_indexes_hold_no_more_than_dynamodb_allows() -> None:
    """A hundred attributes at most are projected by name into the indexes of a table, each index counted."""
    assert len(LISTED) * (len(KEYS) - 1) <= 100


@given(st.integers(1, 10**15 - 1), st.integers(1, 10**15 - 1))
def test_numbers_sort_as_numbers(first: int, second: int) -> None:
    """Invoice 10 comes after invoice 9, though text would have it otherwise."""
    one, other = (str(row_fields(invoice(number), FILE, SHARDS)["byIssuerAt"]) for number in (first, second))
    assert (one < other) == (first < second) or first == second


def test_places_are_unique() -> None:
    """The same number of other issuers on the same day, and the same invoice of another generation."""
    places = [
        row_fields(invoice(1, invoice_id=f"INV#{issuer}", issuer=issuer), origin, SHARDS)["byMonthAt"]
        for issuer in (ACME, BETA)
        for origin in (FILE, Origin(FILE.file_id, "3-2"), Origin("f" * 32, "3-1"))
    ]
    assert len(set(places)) == len(places)


def test_rows_spread_over_the_shards() -> None:
    """No shard of a large file gets much more than its part."""
    spread = Counter(row_fields(invoice(number), FILE, SHARDS)["byFile"] for number in range(4000))
    assert len(spread) == SHARDS
    assert max(spread.values()) < 1.2 * 4000 / SHARDS


def test_a_prefix_selects_only_whole_names() -> None:
    """A CPF that begins another identifier must not select it."""
    low, high = beginning_with("123")
    assert low <= "123#file#1-0#0.0" <= high
    assert not low <= "1234#file#1-0#0.0" <= high


@given(st.lists(invoices, max_size=30))
def test_totals_equal_an_independent_sum(rows: list[Invoice]) -> None:
    """By month, issuer and customer: count, total and tax, none lost and none twice."""
    items = _totals(rows, drain_every=10**9)
    expected: Counter[tuple[str, str, str, str]] = Counter()
    for row in rows:
        month = row.issued[:7]
        for kind, party in ((Kind.MONTH, NOBODY), (Kind.ISSUER, row.issuer), (Kind.CUSTOMER, row.customer or NOBODY)):
            expected[kind, month, party, "count"] += 1
            expected[kind, month, party, "totalCents"] += row.total_cents
            expected[kind, month, party, "taxCents"] += row.tax_cents or 0
    assert _summed(items) == +expected | {key: value for key, value in expected.items() if value <= 0}


@given(st.lists(invoices, max_size=30), st.integers(1, 5))
def test_totals_written_in_several_goes(rows: list[Invoice], every: int) -> None:
    """They sum up to the same, have keys of their own, and are the same again when the run is repeated."""
    items = _totals(rows, drain_every=every)
    assert _summed(items) == _summed(_totals(rows, drain_every=10**9))
    keys = [(item["InvoiceId"], item["Source"]) for item in items if item["InvoiceId"] != "MONTHS"]
    assert len(set(keys)) == len(keys)
    assert items == _totals(rows, drain_every=every)


def test_an_unknown_tax_is_not_a_tax_of_zero() -> None:
    """While no invoice tells its tax, the total tells none either."""
    unknown, zero = (_totals([invoice(1, tax_cents=tax)], drain_every=9)[0]["taxCents"] for tax in (None, 0))
    assert (unknown, zero) == (None, 0)


def test_a_tally_tells_when_it_is_full() -> None:
    """In a file of a million customers memory must not grow with them."""
    tally = Tally(FILE, SHARDS)
    added = 0
    while not tally.is_full:
        tally.add(invoice(added, customer=f"{added:011}"))
        added += 1
    assert added <= tally_module.MOST_PARTIES
    assert sum(1 for _ in tally.drain()) == added + 3  # one issuer, one month, the month's announcement
    assert not tally.is_full


def test_totals_name_their_file_and_party() -> None:
    """Readers take both from the key."""
    items = _totals([invoice(1)], drain_every=9)
    assert {(party_of(item), origin_of(item)) for item in items[:3]} == {(ACME, FILE), (ANA, FILE), (NOBODY, FILE)}
    assert items[3] == {"InvoiceId": "MONTHS", "Source": "2026-05"}


def _totals(rows: list[Invoice], drain_every: int) -> list[Fields]:
    tally = Tally(FILE, SHARDS)
    items: list[Fields] = []
    for count, row in enumerate(rows, start=1):
        tally.add(row)
        if count % drain_every == 0:
            items += tally.drain()
    return items + list(tally.drain())


def _summed(items: list[Fields]) -> dict[tuple[str, str, str, str], int]:
    sums: Counter[tuple[str, str, str, str]] = Counter()
    for item in items:
        if item["InvoiceId"] != "MONTHS":
            _, kind, month, _ = str(item["InvoiceId"]).split("#")
            for name in ("count", "totalCents", "taxCents"):
                sums[kind, month, party_of(item), name] += int(item[name] or 0)  # type: ignore[arg-type]
    return dict(sums)
