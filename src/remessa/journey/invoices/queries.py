"""Invoices read back, for the command line and the API alike. Nothing here writes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Any

from remessa.errors import UsageError
from remessa.journey import moments
from remessa.journey.invoices.layout import INVOICE, Origin, origin_of
from remessa.journey.invoices.live import Live, Moved
from remessa.journey.invoices.search import Position, Search, cursor_of, position_of
from remessa.journey.invoices.table import InvoicesTable, Span, every
from remessa.journey.invoices.walk import Step, by_date, by_row
from remessa.journey.table import Item, Table

_BULK = 5000
"""Items a read when everything is wanted; in fact DynamoDB ends a read at 1 MB, some two or three thousand."""
_SLACK = 4
"""Shards are never quite even: so many more are read of each, which mostly saves a second read."""
_PATIENCE, _LEAST_PATIENCE = 20, 1000
"""A page looks at so many items for each that is asked for, and at least at so many in all."""
_MONTH_COSTS = 25
"""Going to another month takes several reads, as many items would."""
_OCCURRENCES = 100
_LONGEST_ID = 100


@dataclass(frozen=True, slots=True)
class InvoicePage:
    """Some invoices, and where to go on."""

    invoices: list[dict[str, Any]]
    """At most as many as were asked for; fewer, even none, does not mean the end."""
    cursor: str | None
    """For the next page; None at the end."""


class Invoices:
    """The invoices of all files, of their live generations only."""

    def __init__(
        self, table: InvoicesTable, records: Table, *, shards: int, clock: Callable[[], int] = moments.now
    ) -> None:
        """`records` is the Files table, `shards` the stack's IndexShards, `clock` gives milliseconds since 1970."""
        self._table = table
        self._records = records
        self._shards = shards
        self._clock = clock

    def page(self, search: Search, *, cursor: str | None = None, limit: int = 50) -> InvoicePage:
        """Invoices newest first, by number within a day; those of a file in the file's order.

        Filters that the keys do not serve (all but the first given of file, issuer, customer; and dates where no file
        is given) are applied while reading; so that a rare find does not mean an endless request, a page gives up
        after a bounded number of reads and its cursor goes on from there. Raises UsageError for a wrong cursor.
        """
        live = Live(self._records)
        walk, generation = self._walk(search, cursor, live, -(-(limit + 1) // self._shards) + _SLACK)
        found: list[tuple[Any, Item]] = []
        spent, enough = 0, max(_LEAST_PATIENCE, _PATIENCE * limit)
        while chunk := list(islice(walk, limit + 1 - len(found))):
            live.learn(item for _, item in chunk if item)
            for at, item in chunk:
                spent += 1 if item else _MONTH_COSTS
                if item and live.shows(item) and search.accepts(item):
                    found.append((at, item))
            if len(found) > limit or spent >= enough:
                last = found[limit - 1][0] if len(found) > limit else chunk[-1][0]
                return _page(found[:limit], cursor_of(search, Position(last, generation)))
        return _page(found, None)

    def every(self, search: Search) -> Iterator[dict[str, Any]]:
        """All invoices of a selection, in the order of `page`, in constant memory.

        Raises Moved at the end if files were published meanwhile, so that what was given is no one state of them.
        """
        live, since = Live(self._records), self._clock()
        walk, _ = self._walk(search, None, live, _BULK)
        for item in live.visible(item for _, item in walk if item):
            if search.accepts(item):
                yield public(item)
        if live.has_moved(since):
            raise Moved

    def invoice(self, identity: str) -> list[dict[str, Any]]:
        """Everything that files tell of one invoice, named by its InvoiceId or access key: one entry a file."""
        return [public(item) | {"extra": item.get("extra", {})} for item in self._occurrences(identity, self._live())]

    def shared(self, invoice_ids: Iterable[str]) -> dict[str, list[str]]:
        """The FileIds that tell of an invoice, for each that more than one file tells of. One read an invoice."""
        live = self._live()
        files = {
            identity: [origin_of(item).file_id for item in self._occurrences(identity, live)]
            for identity in set(invoice_ids)
        }
        return {identity: ids for identity, ids in files.items() if len(ids) > 1}

    def _live(self) -> Live:
        return Live(self._records)

    def _occurrences(self, identity: str, live: Live) -> list[Item]:
        identity = identity if identity.startswith(INVOICE) else INVOICE + identity
        if len(identity) > _LONGEST_ID:  # longer keys DynamoDB refuses in the end
            return []
        return list(live.visible(every(self._table, Span(identity), _OCCURRENCES)))

    def _walk(self, search: Search, cursor: str | None, live: Live, page: int) -> tuple[Iterator[Step], str | None]:
        """The steps to take from a cursor on, and the generation that they keep to."""
        position = position_of(search, cursor) if cursor else None
        if search.file is None:
            return by_date(self._table, self._shards, search, str(position.at) if position else None, page), None
        origin = live.generation(search.file)
        if position and position.generation != (origin.generation if origin else None):
            raise UsageError("The file was replaced or removed since the page before; list it from the start.")
        if origin is None:
            return iter(()), None
        after = int(position.at) if position else -1
        return by_row(self._table, self._shards, Origin(*origin), after, page), origin.generation


def public(item: Mapping[str, Any]) -> dict[str, Any]:
    """An invoice as the command line and the API show it: every field present, null while unknown."""
    tax = item.get("taxCents")
    return {
        "InvoiceId": item["InvoiceId"],
        "accessKey": item.get("accessKey"),
        "number": item["number"],
        "series": item.get("series"),
        "issued": item["issued"],
        "issuer": item["issuer"],
        "issuerName": item.get("issuerName"),
        "customer": item.get("customer"),
        "customerName": item.get("customerName"),
        "total": decimal(item["totalCents"]),
        "tax": None if tax is None else decimal(tax),
        "FileId": origin_of(item).file_id,
        "row": item["row"],
    }


def decimal(cents: int) -> str:
    """An amount as an exact decimal: `1234.56`."""
    whole, rest = divmod(abs(cents), 100)
    return f"{'-' if cents < 0 else ''}{whole}.{rest:02}"


def _page(found: list[tuple[Any, Item]], cursor: str | None) -> InvoicePage:
    return InvoicePage([public(item) for _, item in found], cursor)
