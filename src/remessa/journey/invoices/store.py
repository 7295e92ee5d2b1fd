"""Keeping the rows of invoices: what a run writes to the table, and what it removes again."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, cast

from remessa.journey.invoices.layout import BY_FILE, Fields, Origin, file_partition, file_totals_partition, row_fields
from remessa.journey.invoices.live import Live
from remessa.journey.invoices.overlaps import Overlap, overlaps
from remessa.journey.invoices.table import DynamoInvoices, InvoicesTable, Span, every
from remessa.journey.invoices.tally import Tally
from remessa.journey.invoices.unite import Held, repeated, rows_at
from remessa.journey.row_requests import delete_request, put_request
from remessa.journey.row_sender import Destination
from remessa.journey.rows_writer import RowsWriter
from remessa.journey.table import Table
from remessa.pipelines.contract import Problem, Rows
from remessa.pipelines.invoices.problem_codes import repeated_row

if TYPE_CHECKING:
    from boto3 import Session
    from botocore.credentials import Credentials
    from mypy_boto3_dynamodb import DynamoDBClient

_CORRECTION = -1
"""Number of the part whose totals take off what several parts counted."""
TOLD_EVERY = 2.0
"""Seconds between two words about the progress."""
_LOOKED_EVERY = 1000
_PAGE = 1000


class InvoiceStore:
    """The table Invoices as the journey writes it; see `layout` for what is in it."""

    def __init__(self, table: InvoicesTable, destination: Destination, records: Table, *, shards: int) -> None:
        """`table` is for reading, `destination` the same table for writing, `records` the Files table."""
        self._table = table
        self._records = records
        self._destination = destination
        self._shards = shards

    def keep(self, rows: Rows, file_id: str, generation: str, part: int, progress: Callable[[int], None]) -> bytes:
        """Write every row and what they add to the totals; returns which there are, for `unite`.

        Raises what reading or writing raises, and `progress`.
        """
        held = Held()
        origin = Origin(file_id, generation)
        tally = Tally(origin, self._shards, part)
        told, count = time.monotonic(), 0
        with RowsWriter(self._destination) as writer:
            for count, invoice in enumerate(rows, start=1):
                _put(writer, row_fields(invoice, origin, self._shards))
                tally.add(invoice)
                held.add(invoice)
                if tally.is_full:
                    _drain(tally, writer)
                if count % _LOOKED_EVERY == 0 and time.monotonic() - told > TOLD_EVERY:
                    progress(count)
                    told = time.monotonic()
            _drain(tally, writer)
        return held.packed()

    def unite(
        self, file_id: str, generation: str, held: Sequence[bytes], rows_of: Callable[[int], Rows]
    ) -> Iterator[Problem]:
        """See that an invoice which several parts hold counts once: by its first row; a problem for each other row."""
        again = repeated(held)
        if not again.later:
            return
        origin = Origin(file_id, generation)
        tally = Tally(origin, self._shards, _CORRECTION)
        with RowsWriter(self._destination) as writer:
            for _, invoice in rows_at(rows_of, again.firsts):
                _put(writer, row_fields(invoice, origin, self._shards))
            for part, invoice in rows_at(rows_of, {part: set(lines) for part, lines in again.later.items()}):
                tally.add(invoice, times=-1)
                if tally.is_full:
                    _drain(tally, writer)
                yield repeated_row(invoice, again.later[part][invoice.line])
            _drain(tally, writer)

    def compare(self, file_id: str, generation: str, rows: int) -> Mapping[str, Overlap]:
        """What a file of so many rows, that is live now, has in common with other live files, by their FileId."""
        return overlaps(self._table, Live(self._records), Origin(file_id, generation), rows, self._shards)

    def forget(self, file_id: str, generation: str) -> None:
        """Remove rows and totals of a generation; what an index does not show yet is left to the next call."""
        origin = Origin(file_id, generation)
        with RowsWriter(self._destination) as writer:
            for number in range(self._shards):
                for partition in (file_partition(origin, number), file_totals_partition(origin, number)):
                    for item in every(self._table, Span(partition, BY_FILE), _PAGE):
                        key = {"InvoiceId": item["InvoiceId"], "Source": item["Source"]}
                        writer.add(tuple(key.values()), delete_request(key))


def invoice_store(session: Session, client: DynamoDBClient, table: str, records: Table, shards: int) -> InvoiceStore:
    """The store on a table, written to with the credentials of `session` where `client` sends its requests."""
    credentials = cast("Credentials", session.get_credentials())
    place = Destination(table, client.meta.endpoint_url, client.meta.region_name, credentials)
    return InvoiceStore(DynamoInvoices(client, table), place, records, shards=shards)


def _drain(tally: Tally, writer: RowsWriter) -> None:
    for fields in tally.drain():
        _put(writer, fields)


def _put(writer: RowsWriter, fields: Fields) -> None:
    writer.add((fields["InvoiceId"], fields["Source"]), put_request(fields))
