"""The short way to an invoice, for rows about which there is nothing to say.

Most rows of most files are clean, so they are read many at a time, column by column, which leaves nearly all the work
to loops in C. A row with a cell that cannot be read without a remark is odd: `careful` reads it again, with all the
rules, and explains. The short way must never accept what `careful` would refuse or read differently, which a test
checks with random rows.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import partial
from itertools import repeat
from typing import Any, TypeAlias, TypeVar

from remessa.pipelines.invoices.access_keys import HEAD, NUMBER_END, KeyHead, sound_keys
from remessa.pipelines.invoices.amounts import plain_cents, plain_column
from remessa.pipelines.invoices.cells import as_text
from remessa.pipelines.invoices.headers import ColumnMap
from remessa.pipelines.invoices.numbering import keyless_id, model_of
from remessa.pipelines.invoices.remembered import Memory, Remembered
from remessa.pipelines.invoices.rows import Invoice

MAX_EXTRA_CELL = 500
"""Characters of an unmapped cell that are kept."""
_MAX_DIGITS = 15
_DAY = 10
"""Characters of a date; what follows is a time of day."""
_MONTH = 7
_ONLY_CAREFUL = frozenset({"items_total", "products_total"})
_NO_HEAD = KeyHead("", "", "", "", "")

T = TypeVar("T")
Cells: TypeAlias = Sequence[str]
_make_invoice = partial(tuple.__new__, Invoice)  # what Invoice._make does, without a Python call for each row


class PlainValidator:
    """Reads rows of one shape."""

    def __init__(self, found: ColumnMap, memory: Memory) -> None:
        self._found = found
        self._memory = memory
        self._is_of_use = not found.missing and not found.twice and _ONLY_CAREFUL.isdisjoint(found.fields)
        self.is_tidying = False
        """Whether blanks around cells are taken off first, which most files need not wait for."""

    def check(self, lines: Sequence[int], rows: Iterable[Sequence[object]]) -> list[Invoice | None]:
        """The invoice of each row, given with its line; None for a row that `careful` must look at."""
        if not self._is_of_use:
            return [None] * len(lines)
        columns = [self._texts(column) for column in zip(*rows, strict=True)]
        return _Table(self._found, columns, lines, self._memory).invoices()

    def _texts(self, column: Sequence[Any]) -> Cells:
        try:
            "".join(column)  # the fastest proof that all are texts, which JSON's need not be
        except TypeError:
            return list(map(as_text, column))
        return list(map(str.strip, column)) if self.is_tidying else column


class _Table:
    """Some rows as columns of text."""

    def __init__(self, found: ColumnMap, columns: Sequence[Cells], lines: Sequence[int], memory: Memory) -> None:
        self._found = found
        self._columns = columns
        self._lines = lines
        self._memory = memory
        self._blank: Cells = [""] * len(lines)
        self._odd: set[int] = set()

    def invoices(self) -> list[Invoice | None]:
        """The invoice of each row, None for the odd ones."""
        memory, take = self._memory, self._take
        issuers, customers = take(memory.tax_ids, self._party("issuer")), take(memory.tax_ids, self._party("customer"))
        days, totals = self._days(), self._amounts("total")
        for required in (issuers, days, totals):
            if None in required:
                self._odd.update(place for place, value in enumerate(required) if value is None)
        keys, numbers, series = self._numbering(issuers, days)
        made: list[Invoice | None] = list(map(_make_invoice, zip(
            self._ids(keys, issuers, series, numbers, days), [key or None for key in keys] if "" in keys else keys,
            numbers, series, issuers, take(memory.names, self._cells("issuer_name")),
            customers, take(memory.names, self._cells("customer_name")), days, totals, self._amounts("tax"),
            self._lines, self._extras(), strict=True,
        )))  # fmt: skip
        for place in self._odd:
            made[place] = None
        return made

    def _cells(self, field: str) -> Cells:
        index = self._found.fields.get(field)
        return self._blank if index is None else self._columns[index]

    def _party(self, field: str) -> Cells:
        """The column of a party's identifiers, filled up from the one beside it for the CPF."""
        cells, persons = self._cells(field), self._cells(f"{field}_cpf")
        return cells if persons is self._blank else [cell or other for cell, other in zip(cells, persons, strict=True)]

    def _days(self) -> Sequence[str | None]:
        cells = self._cells("issued")
        if set(map(len, cells)) != {_DAY}:
            self._take(self._memory.times, [cell[_DAY:] for cell in cells])
            cells = [cell[:_DAY] for cell in cells]
        return self._take(self._memory.days, cells)

    def _amounts(self, field: str) -> Sequence[int | None]:
        cells = self._cells(field)
        try:
            return plain_column(cells)
        except ValueError:
            return self._each(plain_cents, cells)

    def _take(self, memory: Remembered[T], cells: Cells) -> Sequence[T | None]:
        return self._each(memory.__getitem__, cells)

    def _each(self, read: Callable[[str], T | None], cells: Cells) -> Sequence[T | None]:
        """What the cells of a column say, None where nothing."""
        if cells is self._blank:
            return [None] * len(cells)
        try:
            return list(map(read, cells))
        except (KeyError, ValueError):
            return [self._one(read, cell, place) for place, cell in enumerate(cells)]

    def _one(self, read: Callable[[str], T | None], cell: str, place: int) -> T | None:
        try:
            return read(cell) if cell else None
        except (KeyError, ValueError):
            self._odd.add(place)
            return None

    def _numbering(
        self, issuers: Sequence[str | None], days: Sequence[str | None]
    ) -> tuple[Cells, Cells, Sequence[str | None]]:
        """Keys, numbers and series. A key repeats what the row says, and tells what the row leaves blank."""
        numbers = [cell.lstrip("0") for cell in self._cells("number")]
        series = self._take(self._memory.series, self._cells("series"))
        cells = self._cells("access_key")
        if cells is self._blank:
            return cells, numbers, series
        keys = sound_keys(cells)
        heads = [found or _NO_HEAD for found in self._take(self._memory.heads, [key[:HEAD] for key in keys])]
        of_state, of_month, of_issuer, _, of_series = zip(*heads, strict=True)
        of_number = [key[HEAD:NUMBER_END].lstrip("0") for key in keys]
        if keys is not cells or "" in of_number:
            self._odd.update(place for place, cell in enumerate(cells) if cell and not of_number[place])
        self._compare(numbers, of_number)
        self._compare(series, of_series)
        self._compare(issuers, of_issuer)
        self._compare([day and day[:_MONTH] for day in days], of_month)
        self._compare(self._cells("issuer_state"), of_state)
        if "" in keys:
            of_number = [number or told for number, told in zip(of_number, numbers, strict=True)]
            return keys, of_number, [found or told for found, told in zip(of_series, series, strict=True)]
        return keys, of_number, of_series

    def _compare(self, told: Sequence[str | None], of_key: Sequence[str]) -> None:
        """Rows are odd where their key says something else than they do."""
        if told is not self._blank and list(told) != list(of_key):
            both = enumerate(zip(told, of_key, strict=True))
            self._odd.update(place for place, (one, other) in both if one and other and one != other)

    def _ids(
        self,
        keys: Cells,
        issuers: Sequence[str | None],
        series: Sequence[str | None],
        numbers: Cells,
        days: Sequence[str | None],
    ) -> list[str]:
        if "" not in keys:
            return ["INV#" + key for key in keys]
        rows = zip(keys, issuers, self._cells("model"), series, numbers, days, strict=True)
        return [
            "INV#" + key if key else self._keyless(place, issuer, model, series or "", number, day)
            for place, (key, issuer, model, series, number, day) in enumerate(rows)
        ]

    def _keyless(self, place: int, issuer: str | None, model: str, series: str, number: str, day: str | None) -> str:
        if not issuer or not day or not number.isdigit() or not number.isascii() or len(number) > _MAX_DIGITS:
            self._odd.add(place)
            return ""
        return keyless_id(issuer, model_of(model), series, number, day[:4])

    def _extras(self) -> Iterable[dict[str, str]]:
        names = tuple(self._found.extra.values())
        columns = [self._columns[index] for index in self._found.extra]
        if not columns:
            return ({} for _ in self._lines)
        for column in columns:
            if max(map(len, column)) > MAX_EXTRA_CELL:
                self._odd.update(place for place, cell in enumerate(column) if len(cell) > MAX_EXTRA_CELL)
        rows = zip(*columns, strict=True)
        if any("" in column for column in columns):
            return ({name: cell for name, cell in zip(names, row, strict=True) if cell} for row in rows)
        return map(dict, map(zip, repeat(names), rows))
