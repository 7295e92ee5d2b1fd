"""JSON objects into rows: what JSON arrays and NDJSON have in common."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from itertools import repeat
from operator import itemgetter
from typing import Any, TypeAlias

from remessa.pipelines.contract import Problem
from remessa.pipelines.invoices.rows import RawRow

Item: TypeAlias = RawRow | Problem

MAX_FIELDS = 1000
_SHAPES = 64
"""Shapes that are remembered. Programs write objects of one shape, or of few when they leave out what is empty."""

DECODER = json.JSONDecoder(parse_float=str, parse_constant=str)
"""Decimals stay as they are written, so that no cent is lost; NaN and Infinity become texts that are no amounts."""
LONG_INT_DECODER = json.JSONDecoder(parse_float=str, parse_constant=str, parse_int=str)
"""For objects that `DECODER` raises a plain ValueError on: Python refuses integers of more than 4,300 digits.
https://docs.python.org/3/library/stdtypes.html#int-max-str-digits"""

_make_row = partial(tuple.__new__, RawRow)  # what RawRow._make does, without a Python call for each row


class ObjectRows:
    """Makes rows of objects. The fields of one shape come in the order in which the shape's first object has them."""

    def __init__(self) -> None:
        self._shapes: dict[frozenset[str], tuple[str, ...]] = {}
        self._columns: tuple[str, ...] = ()
        self._values: Callable[[Any], Sequence[object]] | None = None  # of an object of that shape

    def rows(self, objects: Sequence[object], numbers: Sequence[int]) -> Iterable[Item]:
        """A row for each object, or a problem where it is none, under its number."""
        if self._values and set(map(type, objects)) == {dict} and set(map(len, objects)) == {len(self._columns)}:  # type: ignore[arg-type]
            try:
                values = list(map(self._values, objects))
            except KeyError:  # an object of another shape
                values = []
            if values:
                return map(_make_row, zip(numbers, repeat(self._columns), values, strict=False))
        return [self._item(found, number) for found, number in zip(objects, numbers, strict=True)]

    def _item(self, found: object, number: int) -> Item:
        if not isinstance(found, dict) or not found:
            kind = "an empty object" if found == {} else f"{_KINDS.get(type(found), 'null')}"
            message = f"Item {number} is {kind}, where an object with the fields of an invoice must be."
            return Problem("json-not-an-invoice", message, row=number)
        if len(found) > MAX_FIELDS:
            message = f"Item {number} has {len(found):,} fields; an invoice has {MAX_FIELDS:,} at most."
            return Problem("json-too-many-fields", message, row=number)
        self._take_shape(found)
        return RawRow(number, self._columns, [found[column] for column in self._columns])

    def _take_shape(self, found: dict[str, object]) -> None:
        shape = frozenset(found)
        columns = self._shapes.get(shape)
        if columns is None:
            if len(self._shapes) >= _SHAPES:
                self._shapes.clear()
            columns = self._shapes[shape] = tuple(found)
        self._columns = columns
        self._values = itemgetter(*columns) if len(columns) > 1 else None


_KINDS: dict[type, str] = {list: "an array", str: "a text", int: "a number", bool: "true or false"}
