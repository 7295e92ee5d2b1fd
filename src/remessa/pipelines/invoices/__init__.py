"""Invoices: from a file of rows (CSV, JSON, NDJSON, NF-e XML) to records that can be trusted and queried."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import TYPE_CHECKING, Any

from remessa.pipelines.contract import Parts, Rows, Source

if TYPE_CHECKING:
    from remessa.pipelines.invoices.processor import InvoiceProcessor


def process(source: Source) -> Rows | Parts:
    """Process one file by the settings of the environment; see `processor.InvoiceProcessor`."""
    return _processor().process(source)


def process_part(source: Source, part: Mapping[str, Any], number: int, count: int) -> Rows:
    """Process one part of a long file."""
    return _processor().process_part(source, part, number, count)


@cache
def _processor() -> InvoiceProcessor:
    # Imported when first called: readers of the invoices' table need the shape of a row, not the way to it.
    from remessa.pipelines.invoices.processor import InvoiceProcessor
    from remessa.settings import InvoiceSettings

    return InvoiceProcessor(InvoiceSettings.from_environment())
