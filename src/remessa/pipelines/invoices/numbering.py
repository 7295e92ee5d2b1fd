"""Numbers, series and models of invoices, names of parties, and the id of an invoice that has no access key."""

from __future__ import annotations

import hashlib
import re

from remessa.pipelines.invoices.rows import CellReading

MAX_NUMBER, MAX_SERIES, MAX_MODEL, MAX_NAME = 60, 20, 20, 200
"""Characters. The NF-e has 9 digits for the number, the national NFS-e 15; other systems write letters."""

_GROUPED = re.compile(r"[0-9]{1,3}(?:\.[0-9]{3})+").fullmatch
_SCIENTIFIC = re.compile(r"[0-9](?:[.,][0-9]+)?E\+?[0-9]+", re.IGNORECASE).fullmatch
_NUMBER = re.compile(r"(?=.*[0-9])[0-9A-Z][0-9A-Z ./_-]*").fullmatch
_SERIES = re.compile(r"[^\W_][\w ./-]*").fullmatch


def read_number(cell: str) -> CellReading[str]:
    """The number of an invoice: digits without leading zeros and points (`000.001.234`), or a code with letters."""
    text = cell.strip().upper()
    if len(text) > MAX_NUMBER or not text.isascii():
        return CellReading(None, "number-format")
    code = None
    if text.endswith(".0") and text[:-2].isdigit():
        text, code = text[:-2], "decimal-tail"
    elif _GROUPED(text):
        text = text.replace(".", "")
    if text.isdigit():
        text = text.lstrip("0")
        return CellReading(text, code) if text else CellReading(None, "number-format")
    if _SCIENTIFIC(text):
        return CellReading(None, "number-damaged")
    return CellReading(text) if _NUMBER(text) else CellReading(None, "number-format")


def read_series(cell: str) -> CellReading[str]:
    """The series of an invoice: digits without leading zeros (`0` stays), or letters in upper case."""
    text = cell.strip().upper()
    code = None
    if text.endswith(".0") and text[:-2].isdigit():
        text, code = text[:-2], "decimal-tail"
    if len(text) > MAX_SERIES or not _SERIES(text):
        return CellReading(None, "series-format")
    return CellReading(text.lstrip("0") or "0" if text.isascii() and text.isdigit() else text, code)


def read_name(cell: str) -> CellReading[str]:
    """The name of a party, cut at `MAX_NAME` characters."""
    text = cell.strip()
    return CellReading(text[:MAX_NAME], "name-cut" if len(text) > MAX_NAME else None)


def model_of(cell: str) -> str:
    """The model of a document (`55`, `NFS-E`) as it enters the id."""
    return cell.strip().upper()[:MAX_MODEL]


def keyless_id(issuer: str, model: str, series: str, number: str, year: str) -> str:
    """`INV#` and 32 hex digits that are the same for the same invoice in every file and at every time."""
    identity = "|".join((issuer, model, series, number, year))
    return "INV#" + hashlib.sha256(identity.encode(errors="backslashreplace")).hexdigest()[:32]
