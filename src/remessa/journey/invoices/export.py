"""Invoices as a CSV file that spreadsheets open as it is meant, and that can be uploaded again.

Text that a stranger wrote must not become a formula in somebody's spreadsheet: what begins like one gets an apostrophe
in front (https://owasp.org/www-community/attacks/CSV_Injection). Numbers, dates and identifiers were validated, so they
stay as they are.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import IO, Any

_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\0")
_CNPJ_LENGTH, _CPF_LENGTH = 14, 11
_KEY_GROUP = 4


@dataclass(frozen=True, slots=True)
class Style:
    """How a CSV file is written."""

    delimiter: str
    encoding: str
    columns: Mapping[str, str]
    """Fields of an invoice to their headers, in order; the importer knows the headers too."""
    for_spreadsheets: bool
    """Amounts and dates as in Brazil; identifiers with punctuation, or a spreadsheet makes 3,5E+43 of an access key."""


BRAZILIAN = Style(
    ";",
    "utf-8-sig",
    {
        "number": "Número",
        "series": "Série",
        "issued": "Data de emissão",
        "issuer": "CNPJ/CPF emitente",
        "issuerName": "Nome emitente",
        "customer": "CNPJ/CPF destinatário",
        "customerName": "Nome destinatário",
        "total": "Valor total",
        "tax": "Imposto",
        "accessKey": "Chave de acesso",
    },
    for_spreadsheets=True,
)
"""`;`, `1234,56`, `31/05/2026`, UTF-8 with a byte order mark: what Excel opens by a double click in Brazil."""
ISO = Style(
    ",",
    "utf-8",
    {
        "number": "number",
        "series": "series",
        "issued": "issued",
        "issuer": "issuer",
        "issuerName": "issuer_name",
        "customer": "customer",
        "customerName": "customer_name",
        "total": "total",
        "tax": "tax",
        "accessKey": "access_key",
    },
    for_spreadsheets=False,
)
"""`,`, `1234.56`, `2026-05-31`, bare identifiers, UTF-8: for programs."""


def export(invoices: Iterable[Mapping[str, Any]], file: IO[str], style: Style) -> int:
    """Write invoices, as `Invoices.every` gives them, as they come; returns how many.

    `file` is a text file opened with `newline=""` and the style's encoding.
    """
    writer = csv.writer(file, delimiter=style.delimiter, lineterminator="\r\n")
    writer.writerow(style.columns.values())
    count = 0
    cells = _brazilian_cells if style.for_spreadsheets else _iso_cells
    fields = tuple(style.columns)
    for invoice in invoices:
        row = cells(invoice)
        writer.writerow([row[field] for field in fields])
        count += 1
    return count


def safe_text(text: str | None) -> str:
    """A text that no spreadsheet takes for a formula."""
    if text is None:
        return ""
    return f"'{text}" if text.startswith(_FORMULA) else text


def punctuated(tax_id: str | None) -> str:
    """A CNPJ or CPF as people write it: `12.ABC.345/01DE-35`, `123.456.789-09`."""
    text = tax_id or ""
    if len(text) == _CNPJ_LENGTH:
        return f"{text[:2]}.{text[2:5]}.{text[5:8]}/{text[8:12]}-{text[12:]}"
    if len(text) == _CPF_LENGTH:
        return f"{text[:3]}.{text[3:6]}.{text[6:9]}-{text[9:]}"
    return text


def _iso_cells(invoice: Mapping[str, Any]) -> dict[str, str]:
    return {
        "number": safe_text(invoice["number"]),
        "series": safe_text(invoice["series"]),
        "issued": invoice["issued"],
        "issuer": invoice["issuer"],
        "issuerName": safe_text(invoice["issuerName"]),
        "customer": invoice["customer"] or "",
        "customerName": safe_text(invoice["customerName"]),
        "total": invoice["total"],
        "tax": invoice["tax"] or "",
        "accessKey": invoice["accessKey"] or "",
    }


def _brazilian_cells(invoice: Mapping[str, Any]) -> dict[str, str]:
    cells = _iso_cells(invoice)
    year, month, day = cells["issued"].split("-")
    key = cells["accessKey"]
    return cells | {
        "issued": f"{day}/{month}/{year}",
        "issuer": punctuated(cells["issuer"]),
        "customer": punctuated(cells["customer"]),
        "total": cells["total"].replace(".", ","),
        "tax": cells["tax"].replace(".", ","),
        "accessKey": " ".join(key[start : start + _KEY_GROUP] for start in range(0, len(key), _KEY_GROUP)),
    }
