"""How one file writes what can be written two ways: decimal marks, day and month, names in columns of identifiers.

Decided once per file from its first rows, so that a file in parts is read alike in every part.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import islice
from typing import Any, NamedTuple

from remessa.pipelines.contract import Problem
from remessa.pipelines.invoices.amounts import decimal_mark_of
from remessa.pipelines.invoices.cells import as_text
from remessa.pipelines.invoices.dates import proves_month_first
from remessa.pipelines.invoices.headers import NAMED_PARTIES, folded, is_shared, map_columns
from remessa.pipelines.invoices.rows import RawRow

SAMPLE = 1000
"""Rows looked at. They are held in memory together."""
AMOUNTS = ("total", "tax", "products_total", "items_total")


class Conventions(NamedTuple):
    """What the first rows prove."""

    decimal_marks: Mapping[str, str]
    """Field of an amount to its decimal mark, for fields whose cells prove one and no cell the other."""
    month_first: bool = False
    """Dates like 07/15/2026 occur, and none like 15/07/2026."""
    names: frozenset[str] = frozenset()
    """Folded headers that could mean a party's identifier but whose cells are names."""

    def as_dict(self) -> dict[str, Any]:
        """As JSON-able data, to go with each part of a file."""
        return {
            "decimalMarks": dict(self.decimal_marks),
            "monthFirst": self.month_first,
            "names": sorted(self.names),
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Conventions:
        """The conventions that `as_dict` wrote."""
        return cls(dict(data["decimalMarks"]), bool(data["monthFirst"]), frozenset(data["names"]))


def sample_of(rows: Iterable[RawRow | Problem]) -> list[RawRow | Problem]:
    """The first items of a reader, taken from it; put them back in front with `itertools.chain`."""
    return list(islice(rows, SAMPLE))


def conventions_of(sample: Sequence[RawRow | Problem]) -> Conventions:
    """What these rows prove about the file."""
    evidence = _Evidence()
    for row in sample:
        if isinstance(row, RawRow):
            evidence.add(row)
    return evidence.conventions()


class _Evidence:
    def __init__(self) -> None:
        self._marks: dict[str, set[str]] = {}
        self._month_first: set[bool] = set()
        self._identifies: dict[str, bool] = {}
        self._columns: tuple[str, ...] | None = None
        self._places: dict[str, int] = {}
        self._shared: list[tuple[str, int]] = []

    def add(self, row: RawRow) -> None:
        if row.columns is not self._columns:
            self._turn_to(row.columns)
        for field in AMOUNTS:
            if field in self._places:
                mark = decimal_mark_of(as_text(row.values[self._places[field]]))
                if mark:
                    self._marks.setdefault(field, set()).add(mark)
        if "issued" in self._places:
            proof = proves_month_first(as_text(row.values[self._places["issued"]]))
            if proof is not None:
                self._month_first.add(proof)
        for name, index in self._shared:
            text = as_text(row.values[index])
            if text:
                self._identifies[name] = self._identifies.get(name, False) or _looks_like_tax_id(text)

    def conventions(self) -> Conventions:
        proven = {field: marks.copy().pop() for field, marks in self._marks.items() if len(marks) == 1}
        everywhere = {mark for marks in self._marks.values() for mark in marks}
        if len(everywhere) == 1:
            # A column that proves nothing itself follows the others of the file.
            proven = dict.fromkeys(AMOUNTS, everywhere.pop())
        names = frozenset(name for name, identifies in self._identifies.items() if not identifies)
        return Conventions(proven, self._month_first == {True}, names)

    def _turn_to(self, columns: tuple[str, ...]) -> None:
        found = map_columns(columns)
        self._columns = columns
        self._places = found.fields
        self._shared = [
            (folded(columns[index]), index)
            for field, index in found.fields.items()
            if field in NAMED_PARTIES and is_shared(folded(columns[index]))
        ]


def _looks_like_tax_id(text: str) -> bool:
    """More digits than not, spaces aside: a broken CNPJ is still meant as one, a name with a number in it is not."""
    digits = sum(char.isdigit() for char in text)
    return digits > 0 and 2 * digits >= len(text.replace(" ", ""))
