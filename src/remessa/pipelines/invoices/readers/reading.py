"""The rows of a file of invoices, whatever its format: of all of it, or of one part."""

from __future__ import annotations

import codecs
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from itertools import chain
from typing import TypeAlias

from remessa.errors import Rejected
from remessa.pipelines.contract import Problem, Source
from remessa.pipelines.files.encoding import detect_encoding
from remessa.pipelines.invoices.readers.blocks import HEAD, pieces
from remessa.pipelines.invoices.readers.csv_layout import CsvLayout, csv_layout
from remessa.pipelines.invoices.readers.csv_rows import csv_rows
from remessa.pipelines.invoices.readers.detect import Format, detect
from remessa.pipelines.invoices.readers.json_rows import json_rows
from remessa.pipelines.invoices.readers.ndjson_rows import ndjson_rows
from remessa.pipelines.invoices.readers.nfe_rows import nfe_rows
from remessa.pipelines.invoices.readers.splitting import PART_BYTES, Part, csv_parts, ndjson_parts
from remessa.pipelines.invoices.readers.zip_rows import zip_rows
from remessa.pipelines.invoices.rows import RawRow

Item: TypeAlias = RawRow | Problem

_JSON_PIECE = 1024 * 1024
_ENCODINGS = {
    "utf-8": "utf-8", "ascii": "utf-8", "cp1252": "cp1252", "iso8859-1": "cp1252", "iso8859-15": "cp1252",
    "utf-16-le": "utf-16-le", "utf-16-be": "utf-16-be",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Reading:
    """A file that is being read."""

    format: Format
    layout: CsvLayout | None
    """How the file is laid out; only of CSV."""
    rows: Iterator[Item]
    """To be read once, while the context lasts. Raises `Rejected` where the file cannot be read on; nothing that was
    yielded before counts then."""


@contextmanager
def open_rows(source: Source, encoding: str | None = None) -> Iterator[Reading]:
    """Open a file of invoices with one request, and read it in constant memory.

    `encoding` is what the object's metadata says of a text, by any name that Python knows; without it, or if it is
    none that is read, the content tells. Raises `Rejected` (`not-invoices`) when the file is something else.
    """
    with closing(source.open()) as stream:
        head = next(pieces(stream, HEAD, HEAD), b"")
        found = detect(head, source.size)
        if found == "csv":
            layout = _layout(head, source.size, encoding)
            yield Reading(found, layout, csv_rows(chain([head[layout.start :]], pieces(stream)), layout))
        elif found == "ndjson":
            raws = chain([head], pieces(stream))
            yield Reading(found, None, ndjson_rows(raws, encoding=_encoding(encoding) or detect_encoding(head)))
        elif found == "json":
            yield Reading(found, None, json_rows(chain([head], pieces(stream, size=_JSON_PIECE))))
        else:
            rows = nfe_rows if found == "nfe" else zip_rows
            yield Reading(found, None, rows(chain([head], pieces(stream))))


@dataclass(frozen=True, slots=True)
class Splitting:
    """A file that is being cut into parts."""

    format: Format
    layout: CsvLayout | None
    parts: Iterator[Part]


@contextmanager
def open_parts(source: Source, encoding: str | None = None, part_bytes: int = PART_BYTES) -> Iterator[Splitting]:
    """Open a file of invoices with one request, and find the parts in which it can be read, about `part_bytes` each.

    Raises `Rejected` when the file is something else (`not-invoices`), and for the formats that are not cut
    (`file-too-long`).
    """
    with closing(source.open()) as stream:
        head = next(pieces(stream, HEAD, HEAD), b"")
        found = detect(head, source.size)
        if found == "csv":
            layout = _layout(head, source.size, encoding)
            raws = chain([head[layout.start :]], pieces(stream))
            yield Splitting(found, layout, csv_parts(raws, layout, part_bytes))
        elif found == "ndjson":
            known = _encoding(encoding) or detect_encoding(head)
            yield Splitting(found, None, ndjson_parts(chain([head], pieces(stream)), known, part_bytes))
        else:
            message = f"A file of {source.size:,} bytes is too long for this format. Split it, or export it as CSV."
            raise Rejected("file-too-long", message)


@contextmanager
def open_part(source: Source, layout: CsvLayout | None, part: Part) -> Iterator[Iterator[Item]]:
    """Open one part of a file, a CSV file by its layout and an NDJSON file without: the rows that it holds."""
    with closing(source.open(part.start)) as stream:
        raws = pieces(stream, part.end - part.start)
        if layout:
            yield csv_rows(raws, layout, first_line=part.first_line, encoding=part.encoding, credit=part.credit)
        else:
            yield ndjson_rows(raws, encoding=part.encoding, first_line=part.first_line, at_start=part.start == 0)


def _layout(head: bytes, size: int, encoding: str | None) -> CsvLayout:
    layout = csv_layout(head, is_whole=len(head) >= size, encoding=_encoding(encoding))
    if not layout:
        message = f"No row in the first {HEAD:,} bytes names columns when read as {encoding}. Correct the encoding."
        raise Rejected("csv-no-header", message)
    return layout


def _encoding(name: str | None) -> str | None:
    try:
        return _ENCODINGS.get(codecs.lookup(name).name) if name else None
    except LookupError:
        return None
