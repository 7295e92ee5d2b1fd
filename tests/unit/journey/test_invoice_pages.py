"""Pages of invoices: complete, in order, of live generations only, and at a bounded price."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.invoice_table import ACME, ANA, BETA, SHARDS, Shelf, invoice

from remessa.errors import UsageError
from remessa.journey.invoices.layout import Origin, row_fields
from remessa.journey.invoices.live import Moved
from remessa.journey.invoices.queries import Invoices, decimal
from remessa.journey.invoices.search import Search
from remessa.pipelines.invoices.rows import Invoice

ONE, TWO, THREE = "1" * 32, "2" * 32, "3" * 32

rows = st.builds(
    lambda number, month, day, issuer, customer: invoice(
        number, issued=f"2026-{month:02}-{day:02}", issuer=issuer, customer=customer
    ),
    st.integers(1, 99_999),
    st.integers(1, 3),
    st.integers(1, 3),
    st.sampled_from([ACME, BETA]),
    st.sampled_from([ANA, None]),
)
files = st.lists(rows, max_size=15, unique_by=lambda row: row.number).map(
    lambda found: [row._replace(line=line) for line, row in enumerate(found, start=2)]
)
searches = st.builds(
    Search,
    st.sampled_from([None, ACME]),
    st.sampled_from([None, ANA]),
    st.sampled_from([None, "2026-01-02", "2026-02-01"]),
    st.sampled_from([None, "2026-02-02", "2026-03-02"]),
    st.sampled_from([None, ONE]),
    st.none(),
    st.sampled_from([None, 300_000]),
    st.sampled_from([None, 7_000_000]),
)


@given(files, files, searches, st.integers(1, 7))
def test_pages_hold_every_invoice_once_and_in_order(
    first: list[Invoice], second: list[Invoice], search: Search, limit: int
) -> None:
    """Whatever is asked for in pages of whatever size: just the live invoices that match, newest first."""
    shelf = Shelf()
    shelf.publish(ONE, "1-0", [row._replace(total_cents=0) for row in second])
    shelf.publish(ONE, "2-0", first)
    shelf.publish(TWO, "1-0", second)
    shelf.publish(THREE, "1-0", first)
    shelf.remove(THREE)
    live = [(ONE, row) for row in first] + [(TWO, row) for row in second if search.file is None]
    wanted = [
        (row.issued, int(row.number), file, row.line)
        for file, row in live
        if (search.issuer in {None, row.issuer} and search.customer in {None, row.customer})
        and (search.date_from or "") <= row.issued <= (search.date_to or "9")
        and (search.min_cents or 0) <= row.total_cents <= (search.max_cents or 10**18)
    ]
    found = [(one["issued"], int(one["number"]), one["FileId"], one["row"]) for one in _all(shelf, search, limit)]
    assert sorted(found) == sorted(wanted)
    if search.file:
        assert [line for *_, line in found] == sorted(line for *_, line in found)
    else:
        assert [place[:2] for place in found] == sorted((place[:2] for place in found), reverse=True)
    assert [
        (one["issued"], int(one["number"]), one["FileId"], one["row"]) for one in _invoices(shelf).every(search)
    ] == found


def test_an_invoice_as_it_is_shown() -> None:
    """Every field is present, amounts are exact decimals, and only the single view tells unmapped columns."""
    shelf = Shelf()
    shelf.publish(ONE, "1-0", [invoice(7, total_cents=-123456, customer=None, customer_name=None, extra={"a": "b"})])
    shown = {
        "InvoiceId": f"INV#{7:032x}",
        "accessKey": None,
        "number": "7",
        "series": "1",
        "issued": "2026-05-10",
        "issuer": ACME,
        "issuerName": "Acme Ltda",
        "customer": None,
        "customerName": None,
        "total": "-1234.56",
        "tax": "0.07",
        "FileId": ONE,
        "row": 7,
    }
    assert _invoices(shelf).page(Search()).invoices == [shown]
    assert _invoices(shelf).invoice(f"{7:032x}") == [shown | {"extra": {"a": "b"}}]


@given(st.integers(-(10**18), 10**18))
def test_amounts_are_exact(cents: int) -> None:
    """No cent is lost between integer and text."""
    assert int(decimal(cents).replace(".", "")) == cents
    assert decimal(cents)[-3] == "."


@pytest.mark.parametrize("search", [Search(), Search(issuer=ACME), Search(customer=ANA), Search(file=ONE)])
def test_a_page_costs_the_same_wherever_it_is(search: Search) -> None:
    """A page of a large stack reads its share of every shard and little more, at the start and deep inside."""
    shelf, limit = Shelf(), 40
    shelf.publish(ONE, "1-0", [invoice(number) for number in range(1, 2001)])
    cursor = None
    for _ in range(10):
        shelf.invoices.queries = shelf.invoices.items_read = 0
        page = _invoices(shelf).page(search, cursor=cursor, limit=limit)
        assert len(page.invoices) == limit
        assert shelf.invoices.items_read <= 2 * limit
        assert shelf.invoices.queries <= 2 * SHARDS + 2
        cursor = page.cursor


def test_months_without_an_issuer_cost_one_read_each() -> None:
    """An issuer of one invoice long ago is found without looking through all shards of the months since."""
    shelf = Shelf()
    months = [f"{year}-{month:02}" for year in (2024, 2025, 2026) for month in range(1, 13)]
    shelf.publish(ONE, "1-0", [invoice(line, issued=f"{month}-01") for line, month in enumerate(months)])
    shelf.publish(TWO, "1-0", [invoice(1, issued="2024-01-01", issuer=BETA)])
    page = _invoices(shelf).page(Search(issuer=BETA))
    assert [one["issuer"] for one in page.invoices] == [BETA]
    assert shelf.invoices.queries <= len(months) + SHARDS + 1


def test_a_rare_find_does_not_make_an_endless_request() -> None:
    """A page gives up after a bounded number of reads, and its cursor goes on from there until all is found."""
    shelf = Shelf()
    shelf.publish(ONE, "1-0", [invoice(number) for number in range(1, 3001)])
    search = Search(number="2")
    page = _invoices(shelf).page(search, limit=5)
    assert page.invoices == []
    assert page.cursor is not None
    assert shelf.invoices.items_read < 1200
    assert [one["number"] for one in _all(shelf, search, 5)] == ["2"]


def test_months_that_hold_nothing_any_more_are_passed_a_bounded_number_at_a_time() -> None:
    """They stay announced when their files are gone."""
    shelf = Shelf()
    months = [f"{1970 + year}-{month:02}" for year in range(10) for month in range(1, 13)]
    shelf.invoices.put({"InvoiceId": "MONTHS", "Source": month} for month in months)
    shelf.publish(ONE, "1-0", [invoice(1, issued="1970-01-01")])
    page = _invoices(shelf).page(Search(), limit=1)
    assert page.invoices == []
    assert shelf.invoices.queries <= 200
    assert [one["number"] for one in _all(shelf, Search(), 1)] == ["1"]


@pytest.mark.parametrize("last", ["2026-05-09", "2026-04-30"])
def test_a_period_that_ends_before_it_begins(last: str) -> None:
    """Holds nothing; DynamoDB itself would refuse the question."""
    shelf = Shelf()
    shelf.publish(ONE, "1-0", [invoice(1)])
    assert _all(shelf, Search(date_from="2026-05-10", date_to=last), 5) == []


def test_a_new_generation_replaces_all_rows_at_once() -> None:
    """Before the record changes only the old rows are seen, after it only the new ones, though both are there."""
    shelf = Shelf()
    shelf.publish(ONE, "1-0", [invoice(number) for number in range(1, 10)])
    shelf.publish(TWO, "2-0", [invoice(number) for number in range(5, 20)])
    shelf.invoices.put(row_fields(invoice(number), Origin(ONE, "2-0"), SHARDS) for number in range(5, 20))
    assert sorted(int(one["number"]) for one in _all(shelf, Search(file=ONE), 4)) == list(range(1, 10))
    shelf.publish(ONE, "2-0")
    assert sorted(int(one["number"]) for one in _all(shelf, Search(file=ONE), 4)) == list(range(5, 20))
    shelf.remove(ONE)
    assert {one["FileId"] for one in _all(shelf, Search(), 4)} == {TWO}
    assert _all(shelf, Search(file=ONE), 4) == []


def test_the_same_invoice_in_two_files() -> None:
    """Both files tell of it, until one of them is removed; other people's invoices share nothing."""
    shelf = Shelf()
    shelf.publish(ONE, "1-0", [invoice(1), invoice(2)])
    shelf.publish(TWO, "4-1", [invoice(2, line=9), invoice(3)])
    invoices = _invoices(shelf)
    ids = [f"INV#{number:032x}" for number in (1, 2, 3, 4)]
    assert invoices.shared(ids) == {ids[1]: [ONE, TWO]}
    assert [(one["FileId"], one["row"]) for one in invoices.invoice(ids[1])] == [(ONE, 2), (TWO, 9)]
    shelf.remove(ONE)
    assert invoices.shared(ids) == {}
    assert [one["FileId"] for one in invoices.invoice(ids[1])] == [TWO]


@pytest.mark.parametrize("identity", ["TOT#M#2026-05#0", "MONTHS", "", "#", "x" * 5000])
def test_only_invoices_can_be_asked_for(identity: str) -> None:
    """Whatever name is given, no other kind of item comes back."""
    shelf = Shelf()
    shelf.publish(ONE, "1-0", [invoice(1)])
    assert _invoices(shelf).invoice(identity) == []


def _replaced(shelf: Shelf) -> None:
    """The file gets a new generation, and its old rows are removed."""
    shelf.publish(ONE, "2-0", [invoice(number, total_cents=5) for number in range(1, 1001)])
    for key in [key for key, item in shelf.invoices.items.items() if item.get("generation") == "1-0"]:
        del shelf.invoices.items[key]


def _added(shelf: Shelf) -> None:
    shelf.publish(TWO, "1-0", [invoice(number) for number in range(9000, 9500)])


def _read_while(happening: Callable[[Shelf], None], query: int) -> int | None:
    """How many invoices a reader of everything gets when something happens before a query; None if it is refused."""
    shelf = Shelf()
    shelf.publish(ONE, "1-0", [invoice(number) for number in range(1, 6001)])
    shelf.invoices.at_query[query] = lambda: happening(shelf)
    try:
        return sum(1 for _ in _invoices(shelf).every(Search()))
    except Moved:
        assert sum(1 for _ in _invoices(shelf).every(Search())) in {1000, 6500}
        return None


@pytest.mark.parametrize(("happening", "after"), [(_replaced, 1000), (_added, 6500)])
def test_a_selection_is_of_one_state_or_fails(happening: Callable[[Shelf], None], after: int) -> None:
    """Whenever a file is replaced or added meanwhile: all as before, all as after, or the reader is told."""
    outcomes = {_read_while(happening, query) for query in range(1, 13)}
    assert None in outcomes
    assert outcomes <= {None, 6000, after}


def test_a_replaced_file_is_noticed_without_a_clock() -> None:
    """Once its rows were read, its generation alone tells, though the other clock is an hour slow."""

    def replaced_by_a_slow_clock(shelf: Shelf) -> None:
        shelf.now -= 3_600_000
        _replaced(shelf)
        shelf.now += 3_600_000

    assert _read_while(replaced_by_a_slow_clock, 6) is None


def test_a_files_pages_never_mix_generations() -> None:
    """A cursor of the old rows does not go on in the new ones."""
    shelf = Shelf()
    shelf.publish(ONE, "1-0", [invoice(number) for number in range(1, 10)])
    search = Search(file=ONE)
    cursor = _invoices(shelf).page(search, limit=3).cursor
    shelf.publish(ONE, "2-0", [invoice(number) for number in range(1, 10)])
    with pytest.raises(UsageError, match="replaced"):
        _invoices(shelf).page(search, cursor=cursor)
    shelf.remove(ONE)
    with pytest.raises(UsageError, match="removed"):
        _invoices(shelf).page(search, cursor=cursor)


def _invoices(shelf: Shelf) -> Invoices:
    return Invoices(shelf.invoices, shelf.records, shards=SHARDS, clock=shelf.clock)


def _all(shelf: Shelf, search: Search, limit: int) -> list[dict[str, Any]]:
    """All pages of a search, one after the other."""
    return [one for page in _pages(shelf, search, limit) for one in page]


def _pages(shelf: Shelf, search: Search, limit: int) -> Iterator[list[dict[str, Any]]]:
    cursor = None
    while True:
        page = _invoices(shelf).page(search, cursor=cursor, limit=limit)
        assert len(page.invoices) <= limit
        yield page.invoices
        if page.cursor is None:
            return
        cursor = page.cursor
