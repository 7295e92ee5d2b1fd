"""CSV: columns, rows, rows of another width, and quotation marks that nobody closed."""

from __future__ import annotations

import csv
from itertools import chain
from typing import TYPE_CHECKING, Literal

from remessa.pipelines.contract import Metadata
from remessa.pipelines.files.content import Content
from remessa.pipelines.files.dialect import delimiter_of, is_header
from remessa.pipelines.files.lines import whole_lines
from remessa.pipelines.files.problems import ProblemLog

if TYPE_CHECKING:
    from _csv import Reader

MAX_RECORD = 1024 * 1024
"""Characters in one record. Single values are limited to `csv.field_size_limit()`, 131,072 characters."""
MAX_REREAD = 32 * 1024 * 1024
"""Characters read again after unclosed quotation marks, each of which counts for RESTART at least. Beyond it the marks
are taken for ordinary characters, so that a hostile file costs time in proportion to its size."""
RESTART = 4096
MAX_NAMES, MAX_NAME = 200, 200
_SENTINEL = "\x01"
"""A line that no text has. Put after the last line it tells whether a quotation mark is still open there."""


def check(content: Content, problems: ProblemLog) -> Metadata:
    """Read a CSV text. It is never refused: what is odd about a row is a problem of that row."""
    table = _Table(delimiter_of(content.sample), problems)
    for lines in whole_lines(content.texts(), MAX_RECORD):
        table.feed(lines)
    table.finish()
    return table.metadata()


class _Table:
    def __init__(self, delimiter: str, problems: ProblemLog) -> None:
        self._delimiter = delimiter
        self._problems = problems
        self._quoting: Literal[0, 3] = csv.QUOTE_MINIMAL
        self._reread = 0
        self._base = 1  # line number of the first line not yet dealt with
        self._open: list[str] = []  # lines from there on: the start of a record whose quotation mark is open
        self._first: list[str] | None = None
        self._records = 0
        self._ragged = 0

    def feed(self, lines: list[str]) -> None:
        """Take the next physical lines, of which only the first may be overlong."""
        if len(lines[0]) > MAX_RECORD:
            self.finish()
            self._note_overlong(self._base)
            self._base += 1
            lines = lines[1:]
        if self._open:
            lines = self._open + lines
        if not self._take_flat(lines):
            self._take(lines, final=False)

    def finish(self) -> None:
        """No line follows, so a quotation mark that is still open stays so."""
        self._take(self._open, final=True)

    def metadata(self) -> Metadata:
        first = self._first or []
        has_header = bool(first) and is_header(first)
        return {
            "delimiter": self._delimiter,
            "hasHeader": has_header,
            "columns": [name[:MAX_NAME] for name in first[:MAX_NAMES]] if has_header else [],
            "columnCount": len(first),
            "rowCount": self._records - has_header,
            "raggedRowCount": self._ragged,
        }

    def _reader(self, lines: list[str]) -> Reader:
        return csv.reader(chain(lines, (_SENTINEL,)), delimiter=self._delimiter, quoting=self._quoting)

    def _take_flat(self, lines: list[str]) -> bool:
        """Take all lines at once if every one is a record of its own, else nothing. Most files are only this."""
        if self._first is None:
            return False
        try:
            widths = list(map(len, self._reader(lines)))
        except csv.Error:
            return False
        if len(widths) != len(lines) + 1:
            return False
        widths.pop()
        width, blank = len(self._first), widths.count(0)
        self._records += len(widths) - blank
        if widths.count(width) + blank != len(widths):
            for index, found in enumerate(widths):
                if found not in (0, width):
                    self._note_ragged(self._base + index, found)
        self._base += len(lines)
        self._open = []
        return True

    def _take(self, lines: list[str], *, final: bool) -> None:
        """Take the records one by one, and keep a record that is still open for when its next lines come."""
        start, is_open = 0, False
        while start < len(lines) and not is_open:
            start, is_open = self._take_from(lines, start, final=final)
        self._base += start
        self._open = lines[start:]

    def _take_from(self, lines: list[str], start: int, *, final: bool) -> tuple[int, bool]:
        """Take records until the end or a torn one: the next line to start from, and whether its record is open."""
        reader = self._reader(lines[start:])
        begin = start
        while begin < len(lines):
            try:
                row = next(reader)
            except csv.Error:
                row = None
            end = start + reader.line_num
            record, is_closed = lines[begin:end], end <= len(lines)
            if end - begin > 1:
                if row is not None and not is_closed and not final and _size(record) <= MAX_RECORD:
                    return begin, True
                if row is None or not is_closed or not self._holds(row, record):
                    self._note_unclosed(self._base + begin, _size(record))
                    return begin + 1, False
            elif row is None:
                self._note_overlong(self._base + begin)
                return begin + 1, False
            self._take_row(row, self._base + begin)
            begin = end
        return begin, False

    def _holds(self, row: list[str], record: list[str]) -> bool:
        """Whether a row of several lines is really one: small, of the right width, nothing after a closing quote."""
        has_width = self._first is None or len(row) == len(self._first)
        if not has_width or _size(record) > MAX_RECORD:
            return False
        try:
            next(csv.reader(record, delimiter=self._delimiter, strict=True))
        except csv.Error:
            return False
        return True

    def _take_row(self, row: list[str], line: int) -> None:
        if not row:
            return
        self._records += 1
        if self._first is None:
            self._first = row
        elif len(row) != len(self._first):
            self._note_ragged(line, len(row))

    def _note_ragged(self, line: int, found: int) -> None:
        self._ragged += 1
        expected = len(self._first or [])
        message = f"Line {line} has {found} columns where the first row has {expected}. Look for a delimiter too many \
or too few."
        self._problems.add("csv-ragged-row", message, row=line)

    def _note_overlong(self, line: int) -> None:
        self._records += 1
        message = f"Line {line} is too long to be checked: it has more than {csv.field_size_limit():,} characters in \
one value, or {MAX_RECORD:,} in all."
        self._problems.add("csv-line-too-long", message, row=line)

    def _note_unclosed(self, line: int, size: int) -> None:
        self._records += 1
        self._reread += max(size, RESTART)
        message = f'A quotation mark (") in line {line} is not closed in its row. Close or remove it. Reading went on \
at the next line.'
        self._problems.add("csv-unclosed-quote", message, row=line)
        if self._reread > MAX_REREAD:
            self._quoting = csv.QUOTE_NONE
            message = "After so many unclosed quotation marks, they are ordinary characters from here on."
            self._problems.add("csv-quotes-ignored", message, row=line + 1)


def _size(lines: list[str]) -> int:
    return sum(map(len, lines))
