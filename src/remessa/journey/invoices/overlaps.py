"""The same invoice in two files: found when a file has become live, and told on the records of both.

Both look when they are live, so of two files that are published at the same time one sees the other. Indexes lag behind
by moments, so on AWS an overlap of two files of the same second can be missed.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby

from remessa.journey.invoices.layout import (
    BY_FILE,
    BY_ISSUER,
    INVOICE,
    NOBODY,
    Kind,
    Origin,
    beginning_with,
    file_partition,
    issuer_partition,
    origin_of,
    party_of,
    party_shard,
    total_partition,
)
from remessa.journey.invoices.live import Live
from remessa.journey.invoices.table import InvoicesTable, Span, every
from remessa.journey.invoices.walk import months
from remessa.journey.table import Item

_PAGE = 5000
"""DynamoDB ends a page at 1 MB anyway."""
_FIRST_MONTH, _LAST_MONTH = "0000-00", "9999-99"
FEW = 1000
"""Rows that cost less to look up one by one than their issuers' months may hold."""
_PLACE = len("2026-11-20#000000000000000")
"""Length of day and number in the sort key of the index ByIssuer."""


@dataclass(slots=True)
class Overlap:
    """Invoices that two files have in common."""

    generation: str
    """The other file's, for which this holds."""
    count: int = 0
    row: int = 0
    """The first such row in the one file."""
    other_row: int = 0
    """The same in the other."""


def overlaps(table: InvoicesTable, live: Live, origin: Origin, rows: int, shards: int) -> dict[str, Overlap]:
    """What a live file of so many rows shares with other live files, by their FileId.

    A few rows are looked up one by one. For many, the months are read through of those issuers of whom other files tell
    in the same month.
    """
    found: dict[str, Overlap] = {}
    pairs = _looked_up(table, live, origin, shards) if rows <= FEW else _read_through(table, live, origin, shards)
    for mine, theirs in pairs:
        _add(found, mine, theirs)
    return found


def _looked_up(table: InvoicesTable, live: Live, origin: Origin, shards: int) -> Iterator[tuple[Item, Item]]:
    for number in range(shards):
        for mine in every(table, Span(file_partition(origin, number), BY_FILE), _PAGE):
            for theirs in live.visible(every(table, Span(mine["InvoiceId"]), _PAGE)):
                if origin_of(theirs) != origin:
                    yield mine, theirs


def _read_through(table: InvoicesTable, live: Live, origin: Origin, shards: int) -> Iterator[tuple[Item, Item]]:
    for month in months(table, _FIRST_MONTH, _LAST_MONTH):
        if _has_rows_in(table, month, origin, shards):
            for issuer, others in _issuers_in_common(table, live, month, origin, shards):
                yield from _common(table, origin, others, issuer, month, shards)


def _has_rows_in(table: InvoicesTable, month: str, origin: Origin, shards: int) -> bool:
    partition = total_partition(Kind.MONTH, month, party_shard(origin.file_id, shards))
    span = Span(partition, between=beginning_with(f"{NOBODY}#{origin.file_id}#{origin.generation}"))
    return bool(table.query(span, limit=1).items)


def _issuers_in_common(
    table: InvoicesTable, live: Live, month: str, origin: Origin, shards: int
) -> Iterator[tuple[str, set[Origin]]]:
    """Issuers of whom this and other live files tell in a month, and those others."""
    for number in range(shards):
        items = every(table, Span(total_partition(Kind.ISSUER, month, number)), _PAGE)
        for issuer, group in groupby(live.visible(items), key=party_of):
            origins = {origin_of(item) for item in group}
            if origin in origins and len(origins) > 1:
                yield issuer, origins - {origin}


def _common(
    table: InvoicesTable, origin: Origin, others: set[Origin], issuer: str, month: str, shards: int
) -> Iterator[tuple[Item, Item]]:
    """Pairs of rows, of the file and of another, that are the same invoice. Both tell the same day and number."""
    spans = [Span(issuer_partition(issuer, month, number), BY_ISSUER) for number in range(shards)]
    merged = heapq.merge(*(every(table, span, _PAGE) for span in spans), key=lambda item: str(item["byIssuerAt"]))
    for _, group in groupby(merged, key=lambda item: str(item["byIssuerAt"])[:_PLACE]):
        items = [item for item in group if item["InvoiceId"].startswith(INVOICE)]
        mine = {item["InvoiceId"]: item for item in items if origin_of(item) == origin}
        for item in items:
            if item["InvoiceId"] in mine and origin_of(item) in others:
                yield mine[item["InvoiceId"]], item


def _add(found: dict[str, Overlap], mine: Item, theirs: Item) -> None:
    file_id, generation = origin_of(theirs)
    overlap = found.setdefault(file_id, Overlap(generation))
    overlap.count += 1
    if not overlap.row or mine["row"] < overlap.row:
        overlap.row, overlap.other_row = mine["row"], theirs["row"]
