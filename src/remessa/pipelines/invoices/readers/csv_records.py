"""Lines into rows, so that one quotation mark that nobody closed costs one row and not the rest of the file."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable
from functools import partial
from itertools import chain, count, repeat
from typing import TYPE_CHECKING, Literal, TypeAlias

from remessa.pipelines.contract import Problem
from remessa.pipelines.invoices.rows import RawRow

if TYPE_CHECKING:
    from _csv import Reader

Item: TypeAlias = RawRow | Problem

MAX_RECORD = 1024 * 1024
"""Characters in one record. Single cells are limited to `csv.field_size_limit()`, 131,072 characters."""
CREDIT = 32 * 1024 * 1024
"""Characters that may be read again after unclosed quotation marks, besides as many as the file has had so far. Beyond
it the marks are ordinary characters, so that a hostile file costs time in proportion to its size."""
RESTART = 4096
"""What going back costs at least."""
_SENTINEL = "\x01"
"""A line put after the last one: it is a row of its own unless a quotation mark is still open there."""

_make_row = partial(tuple.__new__, RawRow)  # what RawRow._make does, without a Python call for each row


class Records:
    """The records of a CSV text that is fed in blocks of whole lines. How it is cut into blocks makes no difference."""

    def __init__(self, delimiter: str, columns: tuple[str, ...], first_line: int, credit: int = CREDIT) -> None:
        self._delimiter = delimiter
        self._columns = columns
        self._line = first_line  # number of the first line not yet dealt with
        self._open: list[str] = []  # lines from there on: the start of a record whose quotation mark is open
        self._credit = credit

    @property
    def is_between_records(self) -> bool:
        """Whether what was fed so far ends where a record ends."""
        return not self._open

    @property
    def next_line(self) -> int:
        """Number of the first line not yet dealt with."""
        return self._line

    @property
    def credit(self) -> int:
        """How much more may be read again; negative once quotation marks are ordinary characters."""
        return self._credit

    def feed(self, text: str) -> Iterable[Item]:
        """The rows and problems of the next whole lines; a record that is still open comes with a later block."""
        lines = list(io.StringIO(text, newline=""))
        if self._open:
            lines = self._open + lines
        rows = self._flat_rows(lines)
        if rows is None:
            return self._careful(lines, is_final=False)
        first, self._line, self._open = self._line, self._line + len(lines), []
        if self._credit >= 0:
            self._credit += sum(map(len, lines))
        width = len(self._columns)
        if set(map(len, rows)) == {width} and all(map(any, rows)) and "\0" not in text:
            return map(_make_row, zip(count(first), repeat(self._columns), rows))
        return [item for line, row in enumerate(rows, first) if (item := self._item(row, line))]

    def skip_overlong(self) -> Iterable[Item]:
        """Pass over a line that is too long to be kept."""
        items = self.finish()
        items.append(self._overlong(self._line))
        self._line += 1
        return items

    def finish(self) -> list[Item]:
        """No line follows, so a quotation mark that is still open stays so."""
        return self._careful(self._open, is_final=True)

    def _reader(self, lines: list[str]) -> Reader:
        quoting: Literal[0, 3] = csv.QUOTE_MINIMAL if self._credit >= 0 else csv.QUOTE_NONE
        return csv.reader(chain(lines, (_SENTINEL,)), delimiter=self._delimiter, quoting=quoting)

    def _flat_rows(self, lines: list[str]) -> list[list[str]] | None:
        """One row for each line, if every line is a record of its own. Most files are only this."""
        try:
            rows = list(self._reader(lines))
        except csv.Error:
            return None
        if len(rows) != len(lines) + 1:
            return None
        rows.pop()
        return rows

    def _careful(self, lines: list[str], *, is_final: bool) -> list[Item]:
        """Take the records one by one, and keep a record that is still open for when its next lines come."""
        items: list[Item] = []
        start, is_open = 0, False
        while start < len(lines) and not is_open:
            start, is_open = self._read_from(lines, start, items, is_final=is_final)
        self._line += start
        self._open = lines[start:]
        return items

    def _read_from(self, lines: list[str], start: int, items: list[Item], *, is_final: bool) -> tuple[int, bool]:
        """Take records until the end or a torn one: the next line to start from, and whether its record is open."""
        reader = self._reader(lines[start:])
        begin = start
        while begin < len(lines):
            try:
                row = next(reader)
            except csv.Error:
                row = None
            end = start + reader.line_num
            line = self._line + begin
            if end - begin > 1:
                record = lines[begin:end]
                size = sum(map(len, record))
                is_closed = end <= len(lines)
                if not is_closed and not is_final and size <= MAX_RECORD:
                    return begin, True
                if row is None or not is_closed or not self._is_one(row, record, size):
                    items.extend(self._unclosed(line, size))
                    self._earn(len(record[0]))
                    return begin + 1, False
            elif row is None:
                items.append(self._overlong(line))
                self._earn(len(lines[begin]))
                return begin + 1, False
            else:
                size = len(lines[begin])
            if item := self._item(row, line):
                items.append(item)
            self._earn(size)
            begin = end
        return begin, False

    def _earn(self, size: int) -> None:
        if self._credit >= 0:
            self._credit += size

    def _is_one(self, row: list[str], record: list[str], size: int) -> bool:
        """Whether a row of several lines is really one: small, of the right width, nothing after a closing quote."""
        if len(row) != len(self._columns) or size > MAX_RECORD:
            return False
        try:
            next(csv.reader(record, delimiter=self._delimiter, strict=True))
        except csv.Error:
            return False
        return True

    def _item(self, row: list[str], line: int) -> Item | None:
        """What becomes of a row: None when it is blank, which a row of nothing but delimiters is too."""
        width = len(self._columns)
        if len(row) == width and row[0] and "\0" not in "".join(row):
            return _make_row((line, self._columns, row))
        if not any(row) or (len(row) == 1 and row[0].isspace()):
            return None
        if len(row) > width and not any(row[width:]):  # delimiters at the end of the line that the header has not
            row = row[:width]
        if len(row) != width:
            message = f"Line {line} has {len(row)} columns where the header has {width}. Look for a delimiter too many \
or too few, and put quotation marks around a text that holds one."
            return Problem("csv-ragged-row", message, row=line)
        if any("\0" in cell for cell in row):
            message = f"Line {line} holds NUL bytes, which are no text. Export the file again."
            return Problem("csv-nul", message, row=line)
        return RawRow(line, self._columns, row)

    def _overlong(self, line: int) -> Problem:
        message = f"Line {line} is too long to be an invoice: it has more than {csv.field_size_limit():,} characters \
in one cell, or {MAX_RECORD:,} in all. Look for line ends that are missing."
        return Problem("csv-line-too-long", message, row=line)

    def _unclosed(self, line: int, size: int) -> list[Problem]:
        message = f'A quotation mark (") in line {line} is not closed in its row. Close or remove it. Reading went on \
at the next line.'
        problems = [Problem("csv-unclosed-quote", message, row=line)]
        self._credit -= min(max(size, RESTART), MAX_RECORD)
        if self._credit < 0:
            message = "After so many unclosed quotation marks, they are ordinary characters from here on."
            problems.append(Problem("csv-quotes-ignored", message, row=line + 1))
        return problems
