"""An export opens in a spreadsheet as it is meant, runs nothing there, and can be uploaded again."""

from __future__ import annotations

import csv
import io
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.invoice_table import ACME, ANA, BETA, SHARDS, Shelf, invoice

from remessa.journey.invoices.export import BRAZILIAN, ISO, Style, export, punctuated, safe_text
from remessa.journey.invoices.queries import Invoices
from remessa.journey.invoices.search import Search
from remessa.pipelines.invoices.access_keys import read_access_key
from remessa.pipelines.invoices.amounts import read_amount
from remessa.pipelines.invoices.headers import map_columns
from remessa.pipelines.invoices.rows import Invoice
from remessa.pipelines.invoices.tax_ids import read_tax_id

KEY = "35260711222333000181550010000001231123456786"


def test_brazilian() -> None:
    """Semicolons, decimal commas and dates as in Brazil; no spreadsheet takes keys and CNPJs for numbers."""
    assert _exported([invoice(123, access_key=KEY, total_cents=-123456, tax_cents=None)], BRAZILIAN) == (
        "Número;Série;Data de emissão;CNPJ/CPF emitente;Nome emitente;CNPJ/CPF destinatário;Nome destinatário;"
        "Valor total;Imposto;Chave de acesso\r\n"
        "123;1;10/05/2026;11.222.333/0001-81;Acme Ltda;529.982.247-25;Ana;-1234,56;;"
        "3526 0711 2223 3300 0181 5500 1000 0001 2311 2345 6786\r\n"
    )


def test_iso() -> None:
    """Commas, decimal points, ISO dates and bare identifiers."""
    assert _exported([invoice(123, access_key=KEY, customer=None, customer_name=None)], ISO) == (
        "number,series,issued,issuer,issuer_name,customer,customer_name,total,tax,access_key\r\n"
        f"123,1,2026-05-10,{ACME},Acme Ltda,,,123.01,1.23,{KEY}\r\n"
    )


@pytest.mark.parametrize("style", [BRAZILIAN, ISO])
def test_the_importer_knows_every_column(style: Style) -> None:
    """What was exported can be uploaded again: all headers map to the fields they came from."""
    fields = {"issuerName": "issuer_name", "customerName": "customer_name", "accessKey": "access_key"}
    found = map_columns(tuple(style.columns.values()))
    assert found.fields == {fields.get(field, field): place for place, field in enumerate(style.columns)}
    assert found.extra == {}


@given(
    st.sampled_from([BRAZILIAN, ISO]),
    st.integers(-(10**15) + 1, 10**15 - 1),
    st.sampled_from([ACME, BETA, ANA]),
    st.text(st.characters(exclude_categories=["Cs"])),
)
def test_what_was_exported_reads_back(style: Style, cents: int, issuer: str, name: str) -> None:
    """Amounts, identifiers and names come back as they were, formulas with an apostrophe in front."""
    row = invoice(1, total_cents=cents, issuer=issuer, issuer_name=name, access_key=KEY)
    _, cells = csv.reader(io.StringIO(_exported([row], style), newline=""), delimiter=style.delimiter)
    read = dict(zip(style.columns, cells, strict=True))
    assert read_amount(read["total"], None).value == cents
    assert read_tax_id(read["issuer"]).value == issuer
    assert read_access_key(read["accessKey"]).value == KEY
    assert read["issuerName"] == safe_text(name)
    assert not read["issuerName"].startswith(("=", "+", "-", "@", "\t", "\r", "\0"))


@pytest.mark.parametrize(
    ("text", "safe"),
    [
        ("=HYPERLINK(1)", "'=HYPERLINK(1)"),
        ("+1", "'+1"),
        ("-1", "'-1"),
        ("@SUM(1)", "'@SUM(1)"),
        ("\t=1", "'\t=1"),
        ("\r=1", "'\r=1"),
        ("\0=1", "'\0=1"),
        ("a=1", "a=1"),
        ("", ""),
        (None, ""),
    ],
)
def test_formulas_are_defused(text: str | None, safe: str) -> None:
    """An apostrophe makes a spreadsheet show the text instead of running it."""
    assert safe_text(text) == safe


def test_hostile_names_stay_in_their_cell() -> None:
    """Quotes, separators and line ends of a name begin no new cell and no new row."""
    row = invoice(1, issuer_name='=1";"2\r\n=3', customer_name="@x")
    parsed = list(csv.reader(io.StringIO(_exported([row], BRAZILIAN), newline=""), delimiter=";"))
    assert len(parsed) == 2
    assert parsed[1][4] == '\'=1";"2\r\n=3'
    assert parsed[1][6] == "'@x"


def test_identifiers_as_people_write_them() -> None:
    """A CNPJ with letters too; whatever is neither stays as it is."""
    assert [punctuated(text) for text in (BETA, ANA, "7", None)] == ["12.ABC.345/01DE-35", "529.982.247-25", "7", ""]


def _exported(rows: list[Invoice], style: Style) -> str:
    shelf = Shelf()
    shelf.publish("1" * 32, "1-0", rows)
    file: Any = io.StringIO(newline="")
    found = Invoices(shelf.invoices, shelf.records, shards=SHARDS, clock=shelf.clock).every(Search())
    assert export(found, file, style) == len(rows)
    text: str = file.getvalue()
    return text
