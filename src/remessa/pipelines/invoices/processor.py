"""A file of invoices, whole or in parts: rows that can be trusted, and every problem of those that cannot."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict
from datetime import UTC, date, datetime
from itertools import chain
from typing import Any

from remessa.errors import Rejected
from remessa.pipelines.contract import Parts, Rows, Source
from remessa.pipelines.invoices.conventions import Conventions, conventions_of, sample_of
from remessa.pipelines.invoices.invoice_rows import InvoiceRows, Opened
from remessa.pipelines.invoices.readers import Item, Part, Reading, open_part, open_parts, open_rows
from remessa.pipelines.invoices.validate import Validation, require_invoices
from remessa.settings import InvoiceSettings

MOST_PARTS = 200
"""Parts of a file; each leaves a note of about a kilobyte on the record, which holds 400."""
_CUT = ("csv", "ndjson")
"""Formats of which a part can be read without what stands before it."""


def _utc_today() -> date:
    return datetime.now(UTC).date()


class InvoiceProcessor:
    """The pipeline's `process` and `process_part`, for certain settings."""

    def __init__(self, settings: InvoiceSettings, today: Callable[[], date] = _utc_today) -> None:
        """`today` bounds the dates of invoices."""
        self._settings = settings
        self._today = today

    def process(self, source: Source) -> Rows | Parts:
        """The rows of one file, or where a long one can be cut. Raises `Rejected` for what is no file of invoices.

        Of a long file the beginning is read first, so that nothing is cut that no part could make sense of.
        """
        if source.size <= self._settings.invoice_part_bytes:
            return InvoiceRows(self._whole(source), self._settings)
        with self._understood(source) as (reading, _, _):
            format_ = reading.format
        if format_ in _CUT:
            part_bytes = max(self._settings.invoice_part_bytes, source.size // MOST_PARTS)
            with open_parts(source, part_bytes=part_bytes) as splitting:
                return Parts([asdict(part) for part in splitting.parts])
        if source.size > self._settings.max_whole_bytes:
            most = self._settings.max_whole_bytes / 1e6
            message = (
                f"The file has {source.size / 1e6:,.0f} MB; {most:,.0f} MB is the most that {format_.upper()} may \
have, because it cannot be read in parts. Split it, or export it as CSV or NDJSON."
            )
            raise Rejected("file-too-long", message)
        return InvoiceRows(self._whole(source), self._settings)

    def process_part(self, source: Source, part: Mapping[str, Any], number: int, count: int) -> Rows:
        """The rows of one of the `count` parts of a file, the `number`-th from 0.

        How the file is laid out and written is told anew from its beginning, which is the same for every part.
        """

        @contextmanager
        def opened() -> Iterator[tuple[Reading, Validation, Iterator[Item]]]:
            with self._understood(source) as (reading, _, conventions):
                layout = reading.layout
            validation = Validation(conventions, today=self._today(), announce=number == 0)
            with open_part(source, layout, Part.from_dict(part)) as rows:
                yield reading, validation, rows

        return InvoiceRows(opened, self._settings, number=number, count=count)

    def _whole(self, source: Source) -> Opened:
        @contextmanager
        def opened() -> Iterator[tuple[Reading, Validation, Iterator[Item]]]:
            with self._understood(source) as (reading, sample, conventions):
                yield reading, Validation(conventions, today=self._today()), chain(sample, reading.rows)

        return opened

    @contextmanager
    def _understood(self, source: Source) -> Iterator[tuple[Reading, list[Item], Conventions]]:
        """The file, opened, with its first rows and what they prove; raises `Rejected` when they are no invoices."""
        with open_rows(source) as reading:
            sample = sample_of(reading.rows)
            conventions = conventions_of(sample)
            require_invoices(sample, conventions)
            yield reading, sample, conventions
