"""What can be wrong with a row: a variety that people and spreadsheets really make.

Every mistake bears the code of the problem that the pipeline `invoices` reports for it (docs/reference/invoices.md).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from random import Random
from typing import TypeAlias

from remessa.cli.samples.cells import Column
from remessa.cli.samples.parties import branch, cnpj

Cells: TypeAlias = list[str]


class Format(StrEnum):
    """How a sample is written."""

    CSV = "csv"
    JSON = "json"
    NDJSON = "ndjson"
    NFE = "nfe"


_ALL = frozenset(Format)
_CSV = frozenset({Format.CSV})


@dataclass(frozen=True, slots=True)
class Mistake:
    """One way to be wrong."""

    code: str
    """Of the problem that it is reported as."""
    make: Callable[[Cells, Random], object]
    """Damages the cells in place."""
    formats: frozenset[Format] = _ALL
    refused: bool = True
    """False: the row is accepted with a warning."""
    cut: bool = False
    """The row's text, not one of its cells, is damaged: half of it is missing."""
    repeats: bool = False
    """The row is an earlier, good one once more."""


def _nothing(_cells: Cells, _random: Random) -> None:
    """The damage is done elsewhere."""


def _put(column: Column, text: str) -> Callable[[Cells, Random], None]:
    def make(cells: Cells, _random: Random) -> None:
        cells[column] = text

    return make


def _wrong_last_digit(column: Column) -> Callable[[Cells, Random], None]:
    def make(cells: Cells, random: Random) -> None:
        cells[column] = cells[column][:-1] + str((int(cells[column][-1]) + random.randrange(1, 10)) % 10)

    return make


def _other_issuer(cells: Cells, random: Random) -> None:
    cells[Column.ISSUER] = cnpj(f"{random.randrange(10_000_000, 100_000_000)}{branch(random)}")


def _other_number(cells: Cells, random: Random) -> None:
    cells[Column.NUMBER] = str(int(cells[Column.NUMBER]) + random.randrange(1, 100))


def _thirty_first_of_february(cells: Cells, _random: Random) -> None:
    cells[Column.ISSUED] = "31/02/2026" if "/" in cells[Column.ISSUED] else "2026-02-31"


def _blank(cells: Cells, random: Random) -> None:
    cells[random.choice((Column.ISSUED, Column.ISSUER, Column.TOTAL))] = ""


def _more_decimals(cells: Cells, random: Random) -> None:
    cells[Column.TOTAL] += str(random.randrange(11, 100))


def _zeros_lost(cells: Cells, random: Random) -> None:
    cells[Column.CUSTOMER] = cnpj(f"0{random.randrange(1_000_000, 10_000_000)}{branch(random)}").lstrip("0")


def _scientific(cells: Cells, _random: Random) -> None:
    cells[Column.KEY] = f"{cells[Column.KEY][0]},{cells[Column.KEY][1:6]}E+43"


def _too_few_or_many(cells: Cells, random: Random) -> None:
    if random.random() < 0.5:
        cells.pop()
    else:
        cells.insert(Column.ISSUER_NAME, "sobra")


MISTAKES = (
    Mistake("access-key-check-digit", _wrong_last_digit(Column.KEY)),
    Mistake("access-key-issuer", _other_issuer),
    Mistake("access-key-number", _other_number),
    Mistake("tax-id-check-digits", _wrong_last_digit(Column.CUSTOMER)),
    Mistake("date-impossible", _thirty_first_of_february),
    Mistake("date-format", _put(Column.ISSUED, "meados de julho")),
    Mistake("amount-not-a-number", _put(Column.TOTAL, "a combinar")),
    Mistake("amount-too-many-decimals", _more_decimals),
    Mistake("cell-missing", _blank),
    Mistake("invoice-repeated", _nothing, repeats=True),
    Mistake("access-key-damaged", _scientific, _CSV),
    Mistake("tax-id-damaged", _put(Column.CUSTOMER, "1,12223E+13"), _CSV),
    Mistake("tax-id-zeros-lost", _zeros_lost, _CSV, refused=False),
    Mistake("date-serial-number", _put(Column.ISSUED, "46204"), _CSV),
    Mistake("csv-ragged-row", _too_few_or_many, _CSV),
    Mistake("ndjson-invalid", _nothing, frozenset({Format.NDJSON}), cut=True),
    Mistake("xml-invalid", _nothing, frozenset({Format.NFE}), cut=True),
)


def mistakes_of(format_: Format) -> tuple[Mistake, ...]:
    """Those that a file of this format can have."""
    return tuple(mistake for mistake in MISTAKES if format_ in mistake.formats)
