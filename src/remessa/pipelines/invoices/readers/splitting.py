"""A file too long for one run, cut into parts that can each be read alone.

Cutting at the next line end would tear records whose cells hold line ends, and counting quotation marks fails on stray
ones. So the file is read once as it is always read, and cut only where that ends a record.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from remessa.pipelines.files.encoding import TextDecoder
from remessa.pipelines.files.lines import Place
from remessa.pipelines.invoices.readers.blocks import blocks
from remessa.pipelines.invoices.readers.csv_layout import CsvLayout
from remessa.pipelines.invoices.readers.csv_records import CREDIT, Records

PART_BYTES = 32 * 1024 * 1024
"""About 150,000 rows of twelve columns."""


@dataclass(frozen=True, slots=True)
class Part:
    """Some whole records of a file."""

    start: int
    """Offset in bytes of the first."""
    end: int
    """Offset in bytes after the last."""
    first_line: int
    """Number in the file of the first line, from 1."""
    encoding: str
    """The encoding with which the part begins."""
    credit: int = CREDIT
    """`csv_records.CREDIT`, as much of it as is left."""

    def as_dict(self) -> dict[str, Any]:
        """The part as JSON-able data."""
        return asdict(self)

    @classmethod
    def from_dict(cls, fields: Mapping[str, Any]) -> Part:
        """The part that `as_dict` made `fields` of."""
        return cls(**{name: fields[name] for name in ("start", "end", "first_line", "encoding", "credit")})


def csv_parts(raws: Iterable[bytes], layout: CsvLayout, part_bytes: int = PART_BYTES) -> Iterator[Part]:
    """Cut the rows of a CSV file, whose bytes after the header are `raws`, into parts of `part_bytes` or little more.

    There is at least one part, and together they are all of the file after the header.
    """
    decoder = TextDecoder(layout.encoding, tolerant=True, at_start=False)
    records = Records(layout.delimiter, layout.columns, layout.first_line)
    part = Part(layout.start, layout.start, layout.first_line, layout.encoding)
    end = layout.start
    for block in blocks(raws, decoder, layout.start):
        if block.text:
            records.feed(block.text)
        else:
            records.skip_overlong()
        end = block.end
        if end - part.start >= part_bytes and records.is_between_records:
            yield _until(part, end)
            part = Part(end, end, records.next_line, block.encoding, records.credit)
    if end > part.start or part.start == layout.start:
        yield _until(part, end)


def ndjson_parts(raws: Iterable[bytes], encoding: str, part_bytes: int = PART_BYTES) -> Iterator[Part]:
    """Cut an NDJSON file into parts of `part_bytes` or little more; there is at least one."""
    decoder = TextDecoder(encoding, tolerant=True)
    place = Place()
    part = Part(0, 0, 1, encoding)
    end = 0
    for block in blocks(raws, decoder):
        place.advance(block.text or "\n")
        end = block.end
        if end - part.start >= part_bytes:
            yield _until(part, end)
            part = Part(end, end, place.line_count + 1, block.encoding)
    if end > part.start or part.start == 0:
        yield _until(part, end)


def _until(part: Part, end: int) -> Part:
    return Part(part.start, end, part.first_line, part.encoding, part.credit)
