"""What a table in text looks like: its delimiter, and whether its first row names the columns."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Sequence
from itertools import islice

DELIMITERS = (";", "\t", "|", ",")
"""In the order in which a tie is decided. `csv.Sniffer` prefers the comma on a tie, which is wrong for Brazilian
files, where every row has an amount such as `1.234,56`; and it raises on files of one column."""

_SAMPLE_ROWS = 50
_LEAST_ROWS = 2
_VALUE = re.compile(r"[\s\d.,:/%+()-]*\d[\s\d.,:/%+()-]*|R\$.*", re.ASCII)


def delimiter_of(sample: str) -> str:
    """The delimiter of a CSV text, by whole lines from its start.

    It is the one that cuts the first row into several cells and most of the others into as many. Where none cuts the
    first row (a title above the table), it is the one that cuts most rows into three cells or more; where there is
    none either, the file has one column, and any delimiter that does not occur will do.
    """
    widths = {delimiter: _widths(sample, delimiter) for delimiter in DELIMITERS}

    def agreement(delimiter: str) -> tuple[int, int]:
        counts = widths[delimiter]
        like_first = counts.count(counts[0]) if counts and counts[0] > 1 else 0
        return like_first, sum(width > 2 for width in counts)  # two cells may be one decimal number

    best = max(DELIMITERS, key=agreement)
    if agreement(best) == (0, 0):
        return ";" if "," in sample else ","
    return best


def is_header(cells: Sequence[str]) -> bool:
    """Whether a first row names the columns: no cell is empty, none repeats, none is a number, an amount or a date."""
    names = [cell.strip() for cell in cells]
    return all(names) and len(set(names)) == len(names) and not any(map(is_value, names))


def is_value(cell: str) -> bool:
    """Whether a cell, stripped, is a number, an amount or a date: what a column is not named."""
    return _VALUE.fullmatch(cell) is not None


def resembles_table(sample: str) -> bool:
    """Whether a text of unknown kind is a table: two lines or more, all cut into the same number of cells."""
    widths = _widths(sample, delimiter_of(sample))
    return len(widths) >= _LEAST_ROWS and widths[0] > 1 and len(set(widths)) == 1


def _widths(sample: str, delimiter: str) -> list[int]:
    """Cells in each of the first rows, blank lines left out."""
    rows = csv.reader(io.StringIO(sample, newline=""), delimiter=delimiter)
    try:
        return [len(row) for row in islice(filter(None, rows), _SAMPLE_ROWS)]
    except csv.Error:  # a cell of more than csv.field_size_limit() characters: no help in telling the delimiter
        return []
