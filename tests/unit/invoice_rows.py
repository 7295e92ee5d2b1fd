"""Rows of invoices for the tests: one good row, and ways to change it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date

from remessa.pipelines.contract import Problem
from remessa.pipelines.invoices.access_keys import key_check_digit
from remessa.pipelines.invoices.conventions import conventions_of
from remessa.pipelines.invoices.rows import Invoice, RawRow
from remessa.pipelines.invoices.validate import Validation

TODAY = date(2026, 7, 20)
KEY = "35260711222333000181550010000001231123456786"
LETTERS_KEY = "35260712ABC34501DE35550010000001231123456787"
GOOD = {
    "Chave de Acesso": KEY,
    "Número": "123",
    "Série": "1",
    "CNPJ Emitente": "11.222.333/0001-81",
    "Razão Social Emitente": "Oficina Um Ltda",
    "CNPJ Destinatário": "12.ABC.345/01DE-35",
    "Nome Destinatário": "Loja Dois",
    "Data de Emissão": "15/07/2026",
    "Valor Total": "1.234,56",
    "Valor ICMS": "222,22",
    "Observação": "entregar",
}
GOOD_INVOICE = Invoice(
    invoice_id=f"INV#{KEY}",
    access_key=KEY,
    number="123",
    series="1",
    issuer="11222333000181",
    issuer_name="Oficina Um Ltda",
    customer="12ABC34501DE35",
    customer_name="Loja Dois",
    issued="2026-07-15",
    total_cents=123456,
    tax_cents=22222,
    line=2,
    extra={"Observação": "entregar"},
)


def row_of(cells: Mapping[str, object], line: int = 2) -> RawRow:
    """A row with these columns and cells."""
    return RawRow(line, tuple(cells), list(cells.values()))


def checked(*rows: RawRow | Problem, today: date = TODAY) -> list[Invoice | Problem]:
    """What a validation makes of a whole file of these rows."""
    return list(Validation(conventions_of(rows), today=today).check(rows))


def outcome(changes: Mapping[str, object], without: Iterable[str] = ()) -> tuple[Invoice | None, list[str]]:
    """The invoice, if any, and the problems' codes of the good row with some cells changed."""
    cells = {name: cell for name, cell in {**GOOD, **changes}.items() if name not in without}
    results = checked(row_of(cells))
    invoices = [result for result in results if isinstance(result, Invoice)]
    codes = [result.code for result in results if isinstance(result, Problem)]
    return (invoices[0] if invoices else None), codes


def key_of(body: str) -> str:
    """A key of 43 characters with its check digit."""
    return body + key_check_digit(body)


def numbered_key(number: int) -> str:
    """The good row's key with another invoice number."""
    return key_of(f"{KEY[:25]}{number:09d}{KEY[34:-1]}")
