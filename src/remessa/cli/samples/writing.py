"""Files of synthetic invoices, written as a stream."""

from __future__ import annotations

import csv
import io
import json
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import islice
from json.encoder import encode_basestring as quote
from random import Random
from typing import BinaryIO, NamedTuple
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

from remessa.cli.samples.cells import ENGLISH, PORTUGUESE, Notation, brazilian, plain
from remessa.cli.samples.invoices import Facts, invoices
from remessa.cli.samples.mistakes import Format, Mistake, mistakes_of
from remessa.cli.samples.nfe import document

_BLOCK = 500
_OBJECT = "{" + ", ".join(f'"{name}": %s' for name in ENGLISH) + "}"
_AMOUNTS = ("total", "tax")


@dataclass(slots=True)
class Tally:
    """What a sample holds, to compare with what is made of it."""

    rows: int = 0
    good: int = 0
    """Invoices that are accepted; with the bad rows they make up all rows."""
    mistakes: Counter[str] = field(default_factory=Counter)
    """Codes of the problems that the rows have, one a row at most."""
    total_cents: int = 0
    """Sum of the good rows' totals."""
    tax_cents: int = 0

    @property
    def bad(self) -> int:
        """Rows that are refused."""
        return self.rows - self.good


class _Row(NamedTuple):
    facts: Facts
    cells: list[str]
    mistake: Mistake | None

    def cut(self, text: str) -> str:
        """The row's text as this row deserves it."""
        return text[: len(text) // 2] if self.mistake and self.mistake.cut else text


def write_invoices(target: BinaryIO, format_: Format, rows: int, *, errors: float = 0, seed: int = 1) -> Tally:
    """Write so many rows, `errors` percent of them with a mistake; the same for the same arguments.

    `csv` has Brazilian notation and `;`; `nfe` is one XML for one row and a zip of them for more. The target need
    not be seekable. With another share of errors the good rows stay what they were.
    """
    tally = Tally()
    notation = brazilian if format_ is Format.CSV else plain
    _WRITERS[format_](target, _rows(format_, notation, rows, errors, seed, tally), rows)
    return tally


def _rows(format_: Format, notation: Notation, count: int, errors: float, seed: int, tally: Tally) -> Iterator[_Row]:
    """Rows, some of them damaged, counted as they go by."""
    random = Random(f"mistakes {seed}")  # noqa: S311  of its own, so that mistakes do not change the invoices
    kinds = mistakes_of(format_)
    last: tuple[Facts, list[str]] | None = None
    for facts in islice(invoices(seed), count):
        cells, mistake = notation(facts), None
        if errors and random.random() * 100 < errors:
            mistake = random.choice([kind for kind in kinds if last or not kind.repeats])
            if mistake.repeats and last:
                facts, cells = last[0], list(last[1])
            mistake.make(cells, random)
            tally.mistakes[mistake.code] += 1
        else:
            last = facts, cells
        if mistake is None or not mistake.refused:
            tally.good += 1
            tally.total_cents += facts.total
            tally.tax_cents += facts.tax
        tally.rows += 1
        yield _Row(facts, cells, mistake)


def _write_csv(target: BinaryIO, rows: Iterator[_Row], _count: int) -> None:
    target.write((";".join(PORTUGUESE) + "\n").encode())
    while block := list(islice(rows, _BLOCK)):
        target.write("".join([_csv_line(row.cells) for row in block]).encode())


def _csv_line(cells: list[str]) -> str:
    line = ";".join(cells)
    if '"' not in line:  # nothing else that our cells hold needs quotes
        return line + "\n"
    quoted = io.StringIO()
    csv.writer(quoted, delimiter=";", lineterminator="\n").writerow(cells)
    return quoted.getvalue()


def _write_json(target: BinaryIO, rows: Iterator[_Row], _count: int) -> None:
    separator = "[\n"
    while block := list(islice(rows, _BLOCK)):
        target.write((separator + ",\n".join([_object(row) for row in block])).encode())
        separator = ",\n"
    target.write(b"\n]\n" if separator[0] == "," else b"[]\n")


def _write_ndjson(target: BinaryIO, rows: Iterator[_Row], _count: int) -> None:
    while block := list(islice(rows, _BLOCK)):
        target.write("".join([row.cut(_object(row)) + "\n" for row in block]).encode())


def _object(row: _Row) -> str:
    """The invoice as a JSON object: amounts are numbers, unless the row is damaged and they may be none."""
    if row.mistake:
        return json.dumps(dict(zip(ENGLISH, row.cells, strict=True)), ensure_ascii=False)
    cells = [quote(cell) for cell in row.cells]
    for name in _AMOUNTS:
        cells[ENGLISH.index(name)] = row.cells[ENGLISH.index(name)]
    return _OBJECT % tuple(cells)


def _write_nfe(target: BinaryIO, rows: Iterator[_Row], count: int) -> None:
    if count == 1:
        target.writelines(row.cut(document(row.facts, row.cells)).encode() for row in rows)
        return
    with ZipFile(target, "w", ZIP_DEFLATED) as archive:
        for number, row in enumerate(rows, start=1):
            member = ZipInfo(f"{number:06d}-{row.facts.key}.xml")  # dated 1980, for the same bytes every time
            archive.writestr(member, row.cut(document(row.facts, row.cells)), ZIP_DEFLATED)


_WRITERS: dict[Format, Callable[[BinaryIO, Iterator[_Row], int], None]] = {
    Format.CSV: _write_csv,
    Format.JSON: _write_json,
    Format.NDJSON: _write_ndjson,
    Format.NFE: _write_nfe,
}
