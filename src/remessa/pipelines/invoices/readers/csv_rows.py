"""Rows of a CSV file, of all of it or of one part."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import chain

from remessa.pipelines.files.encoding import TextDecoder
from remessa.pipelines.invoices.readers.blocks import blocks
from remessa.pipelines.invoices.readers.csv_layout import CsvLayout
from remessa.pipelines.invoices.readers.csv_records import CREDIT, Item, Records


def csv_rows(
    raws: Iterable[bytes],
    layout: CsvLayout,
    *,
    first_line: int | None = None,
    encoding: str | None = None,
    credit: int = CREDIT,
) -> Iterator[Item]:
    """Yield the rows, and a problem for each record that is none, of the bytes after the header or of a part.

    `first_line`, `encoding` and `credit` are those of the part. Raises nothing: what is odd about a row is a problem
    of that row.
    """
    decoder = TextDecoder(encoding or layout.encoding, tolerant=True, at_start=False)
    records = Records(layout.delimiter, layout.columns, first_line or layout.first_line, credit)
    # Flattened in C: no Python runs for a row of a block in which nothing is odd.
    return chain.from_iterable(_batches(raws, decoder, records))


def _batches(raws: Iterable[bytes], decoder: TextDecoder, records: Records) -> Iterator[Iterable[Item]]:
    for block in blocks(raws, decoder):
        yield records.feed(block.text) if block.text else records.skip_overlong()
    yield records.finish()
