"""A store of rows in memory, and a small pipeline whose files have rows and can be cut into parts."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any, Protocol, TypeVar

from remessa.errors import Rejected
from remessa.journey.invoices.layout import (
    BY_FILE,
    Fields,
    Origin,
    file_partition,
    file_totals_partition,
    row_fields,
)
from remessa.journey.invoices.live import Live
from remessa.journey.invoices.overlaps import Overlap, overlaps
from remessa.journey.invoices.table import Span, every
from remessa.journey.invoices.tally import Tally
from remessa.journey.invoices.unite import Held, repeated, rows_at
from remessa.journey.table import Table
from remessa.pipelines.contract import Artifact, Metadata, Outcome, Parts, Problem, Rows, Source
from remessa.pipelines.invoices.problem_codes import repeated_row
from remessa.pipelines.invoices.rows import Invoice
from support.invoice_table import ACME, ANA, BETA, MEGABYTE, SHARDS, MemoryInvoices, invoice

T = TypeVar("T")
BATCH = 2
"""Rows that are written at once: few, so that there is much between the first and the last."""


class Perform(Protocol):
    """Does something to the outside world, under a name; tests let things happen before and after it."""

    def __call__(self, name: str, effect: Callable[[], T]) -> T:
        """Have the effect and return its answer."""


def at_once(name: str, effect: Callable[[], T]) -> T:
    """Have an effect with nothing around it."""
    return effect()


class MemoryRows:
    """What `InvoiceStore` is, in memory: rows go out in batches, then the totals; removal goes by the file's index."""

    def __init__(self, table: MemoryInvoices, records: Table, perform: Perform = at_once) -> None:
        self._table = table
        self._records = records
        self._perform = perform

    def keep(self, rows: Rows, file_id: str, generation: str, part: int, progress: Callable[[int], None]) -> bytes:
        """Write every row and what they add to the totals; `progress` is told after every batch."""
        origin = Origin(file_id, generation)
        tally, held, batch = Tally(origin, SHARDS, part), Held(), list[Fields]()
        for count, one in enumerate(rows, start=1):
            batch.append(row_fields(one, origin, SHARDS))
            tally.add(one)
            held.add(one)
            if len(batch) == BATCH:
                self._write(batch)
                batch = []
                progress(count)
        self._write([*batch, *tally.drain()])
        return held.packed()

    def unite(
        self, file_id: str, generation: str, held: Sequence[bytes], rows_of: Callable[[int], Rows]
    ) -> Iterator[Problem]:
        """Write the first rows of repeated invoices again, and take the later ones off the totals."""
        again, origin = repeated(held), Origin(file_id, generation)
        tally = Tally(origin, SHARDS, -1)
        self._write([row_fields(one, origin, SHARDS) for _, one in rows_at(rows_of, again.firsts)])
        for part, one in rows_at(rows_of, {part: set(lines) for part, lines in again.later.items()}):
            tally.add(one, times=-1)
            yield repeated_row(one, again.later[part][one.line])
        self._write(list(tally.drain()))

    def compare(self, file_id: str, generation: str, rows: int) -> Mapping[str, Overlap]:
        """What a live file has in common with others."""
        return overlaps(self._table, Live(self._records), Origin(file_id, generation), rows, SHARDS)

    def forget(self, file_id: str, generation: str) -> None:
        """Remove rows and totals of a generation."""
        origin = Origin(file_id, generation)
        for number in range(SHARDS):
            for partition in (file_partition(origin, number), file_totals_partition(origin, number)):
                for item in list(every(self._table, Span(partition, BY_FILE), MEGABYTE)):
                    self._remove((item["InvoiceId"], item["Source"]))

    def _write(self, items: Sequence[Fields]) -> None:
        for start in range(0, len(items), 2 * BATCH):
            self._perform("rows.write", partial(self._table.put, items[start : start + 2 * BATCH]))

    def _remove(self, key: tuple[str, str]) -> None:
        self._perform("rows.delete", lambda: self._table.items.pop(key, None))


def file_of(lines: int, first: int = 1, *, cents: int = 100, bad: int = 0, again: int = 0) -> bytes:
    """A file of so many invoices, numbered from `first` on; `cents` times the number is an invoice's total.

    Line `bad`, from 1, is no invoice, and line `again` is that of the first once more, with another total.
    """
    texts = [f"{number} {number * cents}" for number in range(first, first + lines)]
    if bad:
        texts[bad - 1] = "what is this?"
    if again:
        texts[again - 1] = f"{first} 7"
    return "".join(f"{text}\n" for text in texts).encode()


def invoices_in(body: bytes, first_line: int = 1) -> Iterator[Invoice | Problem]:
    """What the lines of a file are; issuers, customers and months take turns."""
    seen: set[str] = set()
    for line, text in enumerate(body.decode().splitlines(), start=first_line):
        number, _, cents = text.partition(" ")
        if not cents.isdigit() or number in seen:
            yield Problem("odd-line", "This is no invoice, or one that was there before.", row=line)
            continue
        seen.add(number)
        which = int(number)
        yield invoice(
            which,
            line=line,
            total_cents=int(cents),
            issuer=BETA if which % 3 else ACME,
            customer=ANA if which % 2 else None,
            issued=f"2026-{which % 2 + 4:02}-10",
        )


class LineRows:
    """The rows of a file of lines, or of a part of it."""

    def __init__(self, source: Source, part: Mapping[str, Any] | None, number: int, *, strict: bool) -> None:
        self._source = source
        self._part = part or {"start": 0, "end": source.size, "line": 1}
        self._number = number
        self._strict = strict
        self._outcome: Outcome | None = None

    def __iter__(self) -> Iterator[Invoice]:
        """Every good line; with `strict`, Rejected after the last if any was bad."""
        start, end = self._part["start"], self._part["end"]
        with self._source.open(start) as stream:
            body = stream.read(end - start)
        problems, count = [], 0
        for found in invoices_in(body, self._part["line"]):
            if isinstance(found, Problem):
                problems.append(found)
            else:
                count += 1
                yield found
        told = [Artifact(f"problems-{self._number}.ndjson", "application/x-ndjson", b"{}\n")] if problems else []
        metadata: Metadata = {"format": "csv", "rowCount": count, "errorCount": len(problems)}
        self._outcome = Outcome("text/csv", metadata, told, problems, len(problems))
        if self._strict and problems:
            raise Rejected("rows-refused", "A line is no invoice.")

    def outcome(self) -> Outcome:
        """What was found."""
        assert self._outcome is not None, "asked before the end"
        return self._outcome


class LinePipeline:
    """`process` and `process_part` for files of lines."""

    def __init__(self, part_bytes: int, *, strict: bool = False) -> None:
        self._part_bytes = part_bytes
        self._strict = strict

    def process(self, source: Source) -> Rows | Parts:
        """The rows of a short file, and the parts of a longer one."""
        if source.size <= self._part_bytes:
            return LineRows(source, None, 0, strict=self._strict)
        with source.open() as stream:
            lines = stream.read().splitlines(keepends=True)
        parts: list[Metadata] = []
        start = end = 0
        line = following = 1
        for text in lines:
            end, following = end + len(text), following + 1
            if end - start >= self._part_bytes:
                parts.append({"start": start, "end": end, "line": line})
                start, line = end, following
        if end > start:
            parts.append({"start": start, "end": end, "line": line})
        return Parts(parts)

    def process_part(self, source: Source, part: Mapping[str, Any], number: int, count: int) -> Rows:
        """The rows of one part."""
        return LineRows(source, part, number, strict=self._strict)
