"""Cells that were read before: most columns say the same few things over and over."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Generic, TypeVar

from remessa.pipelines.invoices.access_keys import KeyHead, read_head
from remessa.pipelines.invoices.dates import is_time, read_date
from remessa.pipelines.invoices.numbering import read_name, read_series
from remessa.pipelines.invoices.rows import CellReading
from remessa.pipelines.invoices.tax_ids import read_tax_id

REMEMBERED = 1 << 16
"""Distinct cells of one kind that are remembered; then all are forgotten and learnt again."""
_LONGEST_REMEMBERED = 80

T = TypeVar("T")


class Remembered(dict[str, T | None], Generic[T]):
    """Cells to what they say, None for a blank one. A cell that cannot be read without a remark raises KeyError."""

    def __init__(self, read: Callable[[str], CellReading[T]]) -> None:
        super().__init__()
        self._read = read

    def __missing__(self, cell: str) -> T | None:
        reading = self._read(cell) if cell and len(cell) <= _LONGEST_REMEMBERED else CellReading[T](None)
        if cell and (reading.value is None or reading.code is not None):
            raise KeyError
        if len(self) >= REMEMBERED:
            self.clear()
        self[cell] = reading.value
        return reading.value


class Memory:
    """What has been learnt of a file's cells, shared by all its rows; bounded."""

    def __init__(self, *, today: date, month_first: bool) -> None:
        self.tax_ids = Remembered(read_tax_id)
        self.days = Remembered(lambda cell: read_date(cell, today=today, month_first=month_first))
        self.times = Remembered(lambda cell: CellReading(cell if is_time(cell) else None))
        self.heads: Remembered[KeyHead] = Remembered(read_head)
        self.series = Remembered(read_series)
        self.names = Remembered(read_name)
