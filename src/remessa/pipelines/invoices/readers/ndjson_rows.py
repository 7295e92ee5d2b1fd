"""Rows of NDJSON (https://github.com/ndjson/ndjson-spec): one object in each line; blank lines are passed over."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from io import StringIO
from itertools import chain

from remessa.pipelines.contract import Problem
from remessa.pipelines.files.encoding import TextDecoder
from remessa.pipelines.invoices.readers.blocks import MAX_LINE, blocks
from remessa.pipelines.invoices.readers.object_rows import DECODER, LONG_INT_DECODER, Item, ObjectRows
from remessa.pipelines.invoices.rows import RawRow

_WHITE_SPACE = " \t\r\n\ufeff"


def ndjson_rows(
    raws: Iterable[bytes], *, encoding: str = "utf-8", first_line: int = 1, at_start: bool = True
) -> Iterator[Item]:
    """Yield a row for each line, and a problem for each line that is no JSON object.

    `raws` are the bytes of a file or, with `at_start` false, of a part that begins with line `first_line`. Raises
    nothing.
    """
    decoder = TextDecoder(encoding, tolerant=True, at_start=at_start)
    return chain.from_iterable(_batches(raws, decoder, first_line))


def _batches(raws: Iterable[bytes], decoder: TextDecoder, line: int) -> Iterator[Iterable[Item]]:
    rows = ObjectRows()
    for block in blocks(raws, decoder):
        if not block.text:
            message = f"Line {line} is longer than {MAX_LINE:,} bytes. Put each invoice in a line of its own."
            yield [Problem("ndjson-line-too-long", message, row=line)]
            line += 1
            continue
        objects: list[object] = []
        numbers: list[int] = []
        problems: list[Item] = []
        for text in StringIO(block.text, newline=""):
            try:
                objects.append(DECODER.decode(text))
                numbers.append(line)
            except (ValueError, RecursionError):
                if text.strip(_WHITE_SPACE):
                    _take_odd(text, line, objects, numbers, problems)
            line += 1
        found = rows.rows(objects, numbers)
        yield sorted([*found, *problems], key=_line_of) if problems else found


def _line_of(item: Item) -> int:
    return item.line if isinstance(item, RawRow) else item.row or 0


def _take_odd(text: str, line: int, objects: list[object], numbers: list[int], problems: list[Item]) -> None:
    """Read a line that the usual decoder does not: it has a very long integer, or is broken."""
    try:
        objects.append(LONG_INT_DECODER.decode(text))
        numbers.append(line)
    except json.JSONDecodeError as error:
        message = f"The JSON breaks at line {line}, column {error.colno} ({error.msg}). Each line must be one whole \
JSON object; correct that line."
        problems.append(Problem("ndjson-invalid", message, row=line))
    except RecursionError:
        problems.append(Problem("json-too-deep", f"The JSON in line {line} is nested too deep. Flatten it.", row=line))
