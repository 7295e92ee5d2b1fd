"""The seam of the pipeline: a reader makes `RawRow`s of a file, a validator makes `Invoice`s of the rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Generic, NamedTuple, TypeVar

T = TypeVar("T")


class RawRow(NamedTuple):
    """One row as the file has it: nothing checked, nothing converted. There are as many values as columns."""

    line: int
    """Line of the file (CSV, NDJSON) or ordinal of the element (JSON, XML), from 1."""
    columns: tuple[str, ...]
    """Header names as the file spells them. Consecutive rows of equal shape share the same tuple object."""
    values: Sequence[object]
    """The cells: `str` from CSV and XML; from JSON also `int`, decimals as `str`, `bool`, None and nested values."""


class Invoice(NamedTuple):
    """One invoice that can be trusted: identifiers normalised, amounts exact.

    A named tuple because a frozen dataclass takes four times as long to make, a tenth of the time of a whole row.
    """

    invoice_id: str
    """`INV#` and the access key; without a key, `INV#` and a hash of issuer, model, series, number and year."""
    access_key: str | None
    """The 44 characters of an NF-e or NFC-e key, without prefix or spaces."""
    number: str
    """The number without leading zeros."""
    series: str | None
    """The series without leading zeros."""
    issuer: str
    """CNPJ (14 characters) or CPF (11 digits), without punctuation."""
    issuer_name: str | None
    customer: str | None
    """CNPJ or CPF, without punctuation."""
    customer_name: str | None
    issued: str
    """Day of issue, `YYYY-MM-DD`, in the zone in which the file wrote it."""
    total_cents: int
    tax_cents: int | None
    line: int
    """`RawRow.line`: where in the file the invoice stands."""
    extra: Mapping[str, str]
    """Columns that map to no field and are not blank, by the name the file gives them; bounded in number and length."""


class CellReading(NamedTuple, Generic[T]):
    """What one cell says: its value, or the reason why it has none."""

    value: T | None
    """None when the cell cannot be accepted; `code` then names the error."""
    code: str | None = None
    """With a value: a warning about it. Without: the error. See `problem_codes`."""
