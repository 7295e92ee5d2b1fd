"""Rows to invoices: the way of a whole file, or of one part of it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from itertools import islice
from typing import cast

from remessa.pipelines.contract import Problem
from remessa.pipelines.invoices.careful import CarefulValidator
from remessa.pipelines.invoices.conventions import Conventions
from remessa.pipelines.invoices.duplicates import Duplicates
from remessa.pipelines.invoices.headers import ColumnMap, map_columns, require_fields
from remessa.pipelines.invoices.plain import PlainValidator
from remessa.pipelines.invoices.problem_codes import problem, repeated_row
from remessa.pipelines.invoices.remembered import Memory
from remessa.pipelines.invoices.rows import Invoice, RawRow

BATCH = 500
"""Rows that are read together, column by column."""
MAX_SHAPES = 64
"""Sets of columns that are remembered. JSON objects may have as many as rows; then they are mapped again."""


class Validation:
    """Checks rows one after the other, and counts.

    `conventions` come from the first rows of the file, for a part from the file's first part. `today` bounds the dates.
    `announce` is for the first part only: it says what was decided about the file as a whole.
    """

    def __init__(self, conventions: Conventions, *, today: date, announce: bool = True) -> None:
        self.accepted = 0
        """Rows that became invoices."""
        self.refused = 0
        """Rows that a reader delivered and that had an error; those that a reader could not deliver are not counted."""
        self._conventions = conventions
        self._today = today
        self._announce = announce
        self._announced: set[tuple[str, str | None]] = set()
        self._memory = Memory(today=today, month_first=conventions.month_first)
        self._duplicates = Duplicates()
        self._shapes: dict[tuple[str, ...], Shape] = {}

    def check(self, rows: Iterable[RawRow | Problem]) -> Iterator[Invoice | Problem]:
        """An invoice for each good row, after the problems of the row; a reader's problems pass unchanged."""
        if self._conventions.month_first:
            yield from self._news([problem("month-first")])
        waiting = iter(rows)
        while batch := list(islice(waiting, BATCH)):
            shapes, invoices = self._read_plainly(batch)
            for shape in dict.fromkeys(shapes):
                yield from self._news(shape.found.notices if shape else ())
            if self._are_all_new(invoices):
                yield from cast("Sequence[Invoice]", invoices)
                continue
            for row, shape, invoice in zip(batch, shapes, invoices, strict=True):
                if invoice is not None:
                    yield self._take(invoice)
                elif shape is not None and isinstance(row, RawRow):
                    yield from self._read_carefully(row, shape)
                elif isinstance(row, Problem):
                    yield row

    def _read_plainly(
        self, batch: Sequence[RawRow | Problem]
    ) -> tuple[Sequence[Shape | None], Sequence[Invoice | None]]:
        """The shape of each row, None for a problem, and its invoice if the short way leads to one."""
        if set(map(type, batch)) == {RawRow}:
            lines, columns, values = zip(*batch, strict=True)
            if columns.count(columns[0]) == len(batch):
                shape = self._shape(columns[0])
                return [shape] * len(batch), shape.plain.check(lines, values)
        places: dict[tuple[str, ...], list[int]] = {}
        for place, row in enumerate(batch):
            if isinstance(row, RawRow):
                places.setdefault(row.columns, []).append(place)
        shapes: list[Shape | None] = [None] * len(batch)
        invoices: list[Invoice | None] = [None] * len(batch)
        for names, its in places.items():
            shape = self._shape(names)
            rows = [row for place in its if isinstance(row := batch[place], RawRow)]
            found = shape.plain.check([row.line for row in rows], [row.values for row in rows])
            for place, invoice in zip(its, found, strict=True):
                shapes[place], invoices[place] = shape, invoice
        return shapes, invoices

    def _are_all_new(self, invoices: Sequence[Invoice | None]) -> bool:
        """Whether there is nothing to say about a batch, as about most; if so, its invoices are counted."""
        good = [invoice for invoice in invoices if invoice is not None]
        if len(good) < len(invoices) or not self._duplicates.are_new(
            [one[0] for one in good], [one.line for one in good]
        ):
            return False
        self.accepted += len(good)
        return True

    def _read_carefully(self, row: RawRow, shape: Shape) -> Iterator[Invoice | Problem]:
        invoice, problems = shape.read_carefully(row.line, row.values)
        yield from problems
        if invoice is None:
            self.refused += 1
        else:
            yield self._take(invoice)

    def _take(self, invoice: Invoice) -> Invoice | Problem:
        """Count an invoice, or refuse it because it is in the file already."""
        first = self._duplicates.first_line(invoice.invoice_id, invoice.line)
        if first != invoice.line:
            self.refused += 1
            return repeated_row(invoice, first)
        self.accepted += 1
        return invoice

    def _shape(self, columns: tuple[str, ...]) -> Shape:
        shape = self._shapes.get(columns)
        if shape is None:
            if len(self._shapes) >= MAX_SHAPES:
                self._shapes.clear()
            found = map_columns(columns, self._conventions.names)
            shape = self._shapes[columns] = Shape(found, self._conventions, self._memory, self._today)
        return shape

    def _news(self, notices: Iterable[Problem]) -> Iterator[Problem]:
        """Notices that have not been given yet."""
        for notice in notices if self._announce else ():
            if (notice.code, notice.field) not in self._announced and len(self._announced) < MAX_SHAPES:
                self._announced.add((notice.code, notice.field))
                yield notice


class Shape:
    """Rows with the same columns."""

    def __init__(self, found: ColumnMap, conventions: Conventions, memory: Memory, today: date) -> None:
        self.found = found
        self.plain = PlainValidator(found, memory)
        self._careful = CarefulValidator(found, conventions, today)

    def read_carefully(self, line: int, values: Sequence[object]) -> tuple[Invoice | None, list[Problem]]:
        """What the row is, and why. Learns to tidy cells first if that may be all that kept it from the short way."""
        invoice, problems = self._careful.check(line, values)
        if invoice is not None and not problems:
            self.plain.is_tidying = True
        return invoice, problems


def require_invoices(sample: Sequence[RawRow | Problem], conventions: Conventions) -> None:
    """Raise Rejected if no row of a file's first rows has the columns of an invoice, with what was understood instead.

    Codes: `columns-missing`, `column-twice`. For CSV, where all rows share one header, this decides for the whole file.
    """
    shapes = {row.columns: map_columns(row.columns, conventions.names) for row in sample if isinstance(row, RawRow)}
    if shapes and all(found.missing or found.twice for found in shapes.values()):
        require_fields(next(iter(shapes.values())))
