"""Readers: a file of any format of invoices into rows, in constant memory."""

from remessa.pipelines.invoices.readers.csv_layout import CsvLayout
from remessa.pipelines.invoices.readers.detect import MEDIA_TYPES, Format, detect
from remessa.pipelines.invoices.readers.reading import Item, Reading, Splitting, open_part, open_parts, open_rows
from remessa.pipelines.invoices.readers.splitting import PART_BYTES, Part

__all__ = [
    "MEDIA_TYPES", "PART_BYTES", "CsvLayout", "Format", "Item", "Part", "Reading", "Splitting", "detect", "open_part",
    "open_parts", "open_rows",
]  # fmt: skip
