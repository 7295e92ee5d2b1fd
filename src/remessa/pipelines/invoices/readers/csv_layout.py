"""How a CSV file is laid out: encoding, delimiter, and where the row stands that names the columns."""

from __future__ import annotations

import codecs
import csv
import io
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import NamedTuple

from remessa.pipelines.files.dialect import DELIMITERS, is_value
from remessa.pipelines.files.encoding import TextDecoder, detect_encoding

MIN_COLUMNS = 3
"""Fewer cannot hold who, when and how much; and prose has two cells wherever it has a comma."""
MAX_COLUMNS = 1000
"""More columns than any report of invoices has; each would cost a place in every row."""

_SAMPLE_ROWS = 60
_WIDE = 40
"""Cells beyond which a wider row says no more about the delimiter: one torn row must not outvote fifty whole ones."""
_DECLARED = re.compile(r'"?sep=([;,|\t])"?(?:\r\n|\r|\n)', re.IGNORECASE)
"""A first line that tells a spreadsheet the delimiter.
https://support.microsoft.com/en-us/office/import-or-export-text-txt-or-csv-files-5250ac4c-663c-47ce-937b-339e391393ba"""


@dataclass(frozen=True, slots=True)
class CsvLayout:
    """What has to be known before any row of a CSV file can be read."""

    delimiter: str
    columns: tuple[str, ...]
    """The header as the file spells it; two columns may have the same name, and a name may be empty."""
    encoding: str
    """The encoding where the data begins; may still turn out to be cp1252 where it says utf-8."""
    start: int
    """Offset in bytes of the first line after the header."""
    first_line: int
    """Number of that line, from 1."""


class _Candidate(NamedTuple):
    score: int
    delimiter: str
    columns: tuple[str, ...]
    lines: int


def csv_layout(head: bytes, *, is_whole: bool, encoding: str | None = None) -> CsvLayout | None:
    """The layout of the CSV file that begins with `head`; None when no row of it names columns.

    Above the header there may be `sep=;`, titles and blank lines. The delimiter is the one that cuts most rows into
    most cells alike, of those that give a header; on a tie the semicolon wins over the comma, which stands in every
    Brazilian amount.
    """
    encoding = encoding or detect_encoding(head)
    text = TextDecoder(encoding, tolerant=True).feed(head, final=is_whole)
    sample = text if is_whole else text[: max(text.rfind("\n"), text.rfind("\r", 0, -1)) + 1]
    declared = _DECLARED.match(sample)
    delimiters, skipped = ((declared[1],), 1) if declared else (DELIMITERS, 0)
    body = sample[declared.end() :] if declared else sample
    candidates = [found for delimiter in delimiters if (found := _candidate(body, delimiter))]
    if not candidates:
        return None
    best = max(candidates, key=lambda found: found.score)
    lines = skipped + best.lines
    start = _bytes_in_lines(head, sample, encoding, lines)
    return CsvLayout(best.delimiter, best.columns, _encoding_after(head[:start], encoding), start, lines + 1)


def _candidate(body: str, delimiter: str) -> _Candidate | None:
    """The header that a delimiter gives, and how well the rows agree with it."""
    rows = list(islice(_rows(body, delimiter), _SAMPLE_ROWS))
    counts = Counter(len(cells) for _, cells in rows)
    if not counts:
        return None
    width = max(counts, key=lambda width: (counts[width] * min(width, _WIDE), width))
    # A row that is mostly empty is a title, or data of one cell: a spreadsheet fills it up with delimiters.
    filled = ((lines, cells) for lines, cells in rows if len(cells) == width and _is_mostly_filled(cells))
    lines, header = next(filled, (0, []))
    if not MIN_COLUMNS <= width <= MAX_COLUMNS or not header or any(is_value(cell.strip()) for cell in header):
        return None
    return _Candidate(counts[width] * min(width, _WIDE), delimiter, tuple(header), lines)


def _rows(body: str, delimiter: str) -> Iterator[tuple[int, list[str]]]:
    """The rows that are not blank, each with the number of lines up to its end."""
    reader = csv.reader(io.StringIO(body, newline=""), delimiter=delimiter)
    try:
        for cells in reader:
            if any(cells):
                yield reader.line_num, cells
    except csv.Error:  # a cell of more than csv.field_size_limit() characters: the rows before it must do
        return


def _is_mostly_filled(cells: Sequence[str]) -> bool:
    filled = sum(1 for cell in cells if cell.strip())
    return filled > 1 and 2 * filled > len(cells)


def _bytes_in_lines(head: bytes, sample: str, encoding: str, lines: int) -> int:
    if not encoding.startswith("utf-16"):
        return sum(map(len, head.splitlines(keepends=True)[:lines]))
    mark = 2 if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)) else 0
    text = "".join(islice(io.StringIO(sample, newline=""), lines))
    return mark + len(text.encode(encoding))


def _encoding_after(before: bytes, encoding: str) -> str:
    """The encoding that a decoder has arrived at after the bytes before."""
    if not encoding.startswith("utf-8"):
        return encoding
    try:
        before.decode()
    except UnicodeDecodeError:
        return "cp1252"
    return "utf-8"
