"""Invoices in order: the shards of a partition merged by their sort key, month after month."""

from __future__ import annotations

import heapq
from collections.abc import Iterator
from operator import itemgetter
from typing import Any, TypeAlias

from remessa.journey.invoices.layout import (
    BY_CUSTOMER,
    BY_FILE,
    BY_ISSUER,
    BY_MONTH,
    KEYS,
    MONTHS,
    Kind,
    Origin,
    beginning_with,
    customer_partition,
    file_partition,
    issuer_partition,
    month_partition,
    party_shard,
    total_partition,
)
from remessa.journey.invoices.search import MAX_ROW, Search
from remessa.journey.invoices.table import InvoicesTable, Span, every
from remessa.journey.table import Item

Step: TypeAlias = tuple[Any, Item | None]
"""Where the walk is, and the invoice there; None at the end of a month."""
_EARLIEST, _LATEST = "0000", "9999-99-99"
_MONTHS_PAGE = 1000


def months(table: InvoicesTable, first: str, last: str) -> list[str]:
    """The months (`YYYY-MM`) from `first` to `last` that may have invoices, newest first."""
    span = Span(MONTHS, between=(first, last), newest_first=True)
    return [str(item["Source"]) for item in every(table, span, _MONTHS_PAGE)]


def by_date(table: InvoicesTable, shards: int, search: Search, after: str | None, page: int) -> Iterator[Step]:
    """What the search's keys can select, newest first, from below `after` (a place or a month gone through).

    The rest of the search is left to the caller. Every shard is read `page` items at a time.
    """
    low = search.date_from or _EARLIEST
    _, high = beginning_with(search.date_to or _LATEST)
    high = min(high, after or high)
    if low > high:
        return
    for month in months(table, low[:7], high[:7]):
        if not _is_known_empty(table, shards, search, month):
            index, partitions = _partitions(search, month, shards)
            spans = [Span(partition, index, (low, high), newest_first=True) for partition in partitions]
            steps = _merged(table, spans, page)
            yield from (step for step in steps if step[0] != after)
        yield month, None


def by_row(table: InvoicesTable, shards: int, origin: Origin, after: int, page: int) -> Iterator[Step]:
    """The rows of one generation of a file, from below row `after`."""
    partitions = [file_partition(origin, number) for number in range(shards)]
    return _merged(table, [Span(partition, BY_FILE, (after + 1, MAX_ROW + 1)) for partition in partitions], page)


def _is_known_empty(table: InvoicesTable, shards: int, search: Search, month: str) -> bool:
    """Whether the totals, one short read, tell that an issuer or customer has nothing in a month."""
    party = search.issuer or search.customer
    if party is None:
        return False
    kind = Kind.ISSUER if search.issuer else Kind.CUSTOMER
    span = Span(total_partition(kind, month, party_shard(party, shards)), between=beginning_with(party))
    return not table.query(span, limit=1).items


def _partitions(search: Search, month: str, shards: int) -> tuple[str, list[str]]:
    numbers = range(shards)
    if search.issuer:
        return BY_ISSUER, [issuer_partition(search.issuer, month, number) for number in numbers]
    if search.customer:
        return BY_CUSTOMER, [customer_partition(search.customer, month, number) for number in numbers]
    return BY_MONTH, [month_partition(month, number) for number in numbers]


def _merged(table: InvoicesTable, spans: list[Span], page: int) -> Iterator[Step]:
    """Spans of one index as one stream, reading no page before it is needed."""
    place = itemgetter(KEYS[spans[0].index][1])
    items = heapq.merge(*(every(table, span, page) for span in spans), key=place, reverse=spans[0].newest_first)
    return ((place(item), item) for item in items)
