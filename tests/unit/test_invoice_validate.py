"""Rows to invoices: each rule, each warning, and that the short way never differs from the long one."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from unit.invoice_rows import (
    GOOD,
    GOOD_INVOICE,
    KEY,
    LETTERS_KEY,
    TODAY,
    checked,
    key_of,
    numbered_key,
    outcome,
    row_of,
)

from remessa.pipelines.contract import Problem
from remessa.pipelines.invoices.careful import CarefulValidator
from remessa.pipelines.invoices.conventions import Conventions
from remessa.pipelines.invoices.headers import map_columns
from remessa.pipelines.invoices.plain import PlainValidator
from remessa.pipelines.invoices.problem_codes import CODES
from remessa.pipelines.invoices.remembered import Memory
from remessa.pipelines.invoices.rows import Invoice, RawRow

MARKED = Conventions({"total": ",", "tax": ","})


def short(*rows: RawRow) -> list[Invoice | None]:
    """What the short way makes of rows of one shape, read together."""
    plain = PlainValidator(map_columns(rows[0].columns), Memory(today=TODAY, month_first=False))
    return plain.check([row.line for row in rows], [row.values for row in rows])


def long(row: RawRow) -> tuple[Invoice | None, list[Problem]]:
    """What the long way makes of a row."""
    return CarefulValidator(map_columns(row.columns), MARKED, TODAY).check(row.line, row.values)


def test_a_good_row_is_an_invoice() -> None:
    """Every field arrives normalised, on either way."""
    assert checked(row_of(GOOD)) == [GOOD_INVOICE]
    assert short(row_of(GOOD)) == [GOOD_INVOICE]
    assert long(row_of(GOOD)) == (GOOD_INVOICE, [])


@pytest.mark.parametrize(
    ("changes", "codes"),
    [
        ({"CNPJ Emitente": ""}, ["cell-missing"]),
        ({"Data de Emissão": " "}, ["cell-missing"]),
        ({"Valor Total": ""}, ["cell-missing"]),
        ({"Chave de Acesso": "", "Número": ""}, ["cell-missing"]),
        ({"CNPJ Emitente": "11.222.333/0001-82"}, ["tax-id-check-digits"]),
        ({"CNPJ Destinatário": "1,2E+13"}, ["tax-id-damaged"]),
        ({"Chave de Acesso": "3,5E+43"}, ["access-key-damaged"]),
        ({"Chave de Acesso": KEY[:-1] + "0"}, ["access-key-check-digit"]),
        ({"CNPJ Emitente": "12ABC34501DE35"}, ["access-key-issuer"]),
        ({"Número": "124"}, ["access-key-number"]),
        ({"Série": "2"}, ["access-key-series"]),
        ({"Data de Emissão": "15/06/2026"}, ["access-key-month"]),
        ({"UF Emitente": "rj"}, ["access-key-state"]),
        ({"Data de Emissão": "31/06/2026"}, ["date-impossible"]),
        ({"Valor Total": "muito"}, ["amount-not-a-number"]),
        ({"Valor ICMS": "1,234"}, ["amount-too-many-decimals"]),
        ({"Número": "1,2E+8"}, ["number-damaged"]),
        ({"Número": "?"}, ["number-format"]),
        ({"Série": "?"}, ["series-format"]),
        ({"Valor Total": True}, ["amount-not-a-number"]),
        ({"CNPJ Emitente": {"cnpj": "11222333000181"}}, ["tax-id-format"]),
        ({"Valor Total": "x", "Data de Emissão": "x"}, ["date-format", "amount-not-a-number"]),
        ({"vProd": "10,00", "items_total": "9,99"}, ["products-differ-from-items"]),
    ],
)
def test_an_error_refuses_the_row(changes: dict[str, object], codes: list[str]) -> None:
    """Every error has its code, one problem for each wrong cell, and there is no invoice."""
    assert outcome(changes) == (None, codes)
    assert all(CODES[code].severity == "error" for code in codes)


@pytest.mark.parametrize(
    ("changes", "codes"),
    [
        ({"CNPJ Emitente": "11222333000181.0"}, ["decimal-tail"]),
        ({"Chave de Acesso": key_of(KEY[:20] + "57" + KEY[22:-1])}, ["access-key-model"]),
        ({"Data de Emissão": "30/06/2026"}, ["access-key-month-edge"]),
        ({"Data de Emissão": "01/08/2026"}, ["access-key-month-edge", "date-in-future"]),
        ({"Valor Total": "-1.234,56"}, ["amount-negative"]),
        ({"Razão Social Emitente": "x" * 201}, ["name-cut"]),
        ({"items_total": "9,99"}, ["total-differs-from-items"]),
        (
            {
                "Chave de Acesso": key_of(KEY[:22] + "890" + KEY[25:-1]),
                "Série": "890",
                "CNPJ Emitente": "12ABC34501DE35",
            },
            ["access-key-tax-office"],
        ),
    ],
)
def test_a_warning_accepts_the_row(changes: dict[str, object], codes: list[str]) -> None:
    """The invoice is there, and so is what is odd about it."""
    invoice, found = outcome(changes)
    assert invoice is not None
    assert sorted(found) == codes
    assert all(CODES[code].severity == "warning" for code in codes)


@pytest.mark.parametrize(
    "changes",
    [
        {"Chave de Acesso": f"NFe{KEY}"},
        {"Número": 123, "Série": 1, "Valor Total": "1234.56"},
        {"Número": "000.000.123", "Série": "001"},
        {"Número": "", "Série": ""},
        {"Número": None, "Série": None},
        {"Data de Emissão": "2026-07-15T22:00:00-03:00"},
        {"CNPJ Emitente": "  11222333000181 "},
        {"Valor Total": "R$ 1.234,56"},
        {"Valor Total": "'1234,56"},
        {"UF Emitente": "SP"},
        {"CNPJ Emitente": "", "CPF Emitente": "11222333000181"},
        {"vProd": "10,00", "items_total": "10,00"},
    ],
)
def test_other_spellings_are_the_same_invoice(changes: dict[str, object]) -> None:
    """Spelling makes no difference to the record, and no remark."""
    assert outcome(changes) == (GOOD_INVOICE, [])


def test_without_a_key_the_id_is_made_of_what_identifies() -> None:
    """Issuer, model, series, number and year make the id, in any spelling; another number makes another."""
    first, codes = outcome({"Número": "0123", "Série": "1"}, without=["Chave de Acesso"])
    again, _ = outcome({"Número": "000.123", "Série": "001", "Valor Total": "9,00"}, without=["Chave de Acesso"])
    other, _ = outcome({"Número": "124"}, without=["Chave de Acesso"])
    assert codes == []
    assert first is not None
    assert again is not None
    assert other is not None
    # Stable for ever, because records are stored under it.
    assert first.invoice_id == "INV#ff7ea4326267da8e1645ccfb180b06da"
    assert again.invoice_id == first.invoice_id != other.invoice_id


def test_half_a_character_where_there_is_no_key_has_an_id_too() -> None:
    """JSON may write half a surrogate pair, which UTF-8 cannot, and the id is made of what the row says."""
    invoice, codes = outcome({"modelo": "\ud800"}, without=["Chave de Acesso"])
    assert invoice is not None
    assert codes == []


def test_an_invoice_with_letters_in_its_key() -> None:
    """A key and an issuer with letters are read and agree."""
    changes: dict[str, object] = {"Chave de Acesso": LETTERS_KEY, "CNPJ Emitente": "12.ABC.345/01DE-35"}
    invoice, codes = outcome(changes)
    assert codes == []
    assert invoice is not None
    assert invoice.invoice_id == f"INV#{LETTERS_KEY}"


def test_a_problem_says_where_and_what_and_how() -> None:
    """Line, column, field, masked cell and a sentence; the full number is nowhere."""
    (problem,) = checked(row_of({**GOOD, "CNPJ Destinatário": "529.982.247-26"}, line=7))
    assert isinstance(problem, Problem)
    assert problem.as_dict() == {
        "code": "tax-id-check-digits",
        "message": "The check digits do not agree: a digit is wrong or swapped; compare with the document.",
        "row": 7,
        "column": 6,
        "field": "CNPJ Destinatário",
        "cell": "52*.***.***-26",
    }


def test_extra_columns_are_kept_and_bounded() -> None:
    """Unmapped cells stay as text, blank ones go, long ones are cut, nested ones become JSON."""
    invoice, _ = outcome({"Observação": "x" * 600, "Cor": "", "itens": [{"valor": 1}], "zero": 0, "certo": False})
    assert invoice is not None
    assert invoice.extra == {"Observação": "x" * 500, "itens": '[{"valor": 1}]', "zero": "0", "certo": "false"}


CELLS = {
    "Chave de Acesso": [KEY, LETTERS_KEY, KEY[:-1] + "0", "", KEY[:25] + "0" * 19, f"NFe{KEY}"],
    "Número": ["123", "0123", "", "124", "A1", "000.123", "²"],
    "Série": ["1", "001", "", "2", "U"],
    "CNPJ Emitente": ["11222333000181", "12.ABC.345/01DE-35", "", "529.982.247-25", "11222333000182", "00052998224725"],
    "CPF Emitente": ["", "52998224725"],
    "Razão Social Emitente": ["", "Oficina Um Ltda", " Um ", "x" * 201],
    "CNPJ Destinatário": ["", "11222333000181", "x"],
    "Data de Emissão": ["15/07/2026", "2026-07-15", "2026-07-15T10:00:00-03:00", "01/08/2026", "30/06/2026",
                        "31/02/2026", ""],
    "Valor Total": ["1.234,56", "1234.56", "10", "0", "-1", "1.234", "1,2345", "", "R$ 5,00", "²"],
    "Valor ICMS": ["", "1,00", "1.000", "x"],
    "UF Emitente": ["", "SP", "sp", "RJ"],
    "modelo": ["", "55", "NFS-e"],
    "Observação": ["", "entregar", "x" * 501],
}  # fmt: skip


@given(st.lists(st.fixed_dictionaries({name: st.sampled_from(cells) for name, cells in CELLS.items()}), min_size=1))
def test_the_short_way_never_differs_from_the_long_one(table: list[dict[str, object]]) -> None:
    """What the short way accepts, the long way accepts alike and without a remark, whatever rows are beside it."""
    rows = [row_of({name: cells[name] for name in CELLS}, line) for line, cells in enumerate(table)]
    for row, invoice in zip(rows, short(*rows), strict=True):
        assert short(row) == [invoice]
        if invoice is not None:
            assert (invoice, []) == long(row)


def test_one_odd_row_does_not_cost_its_neighbours_the_short_way() -> None:
    """Only rows that the long way has something to say about go there, and a file has them sprinkled all over."""
    odd: list[dict[str, object]] = [{name: "?"} for name in GOOD if name != "Observação"]
    odd += [{"Chave de Acesso": KEY[:-1] + "0"}, {"Chave de Acesso": KEY[:30]}, {"Valor Total": ""}]
    odd += [{"Número": "124"}, {"Série": "2"}, {"Data de Emissão": "15/06/2026"}, {"Observação": "x" * 501}]
    names = ("Razão Social Emitente", "Nome Destinatário")
    for changes in odd:
        found = short(row_of(GOOD), row_of({**GOOD, **changes}), row_of(GOOD))
        assert found[0] == found[2] == GOOD_INVOICE
        assert (found[1] is None) == (not changes.keys() & set(names)), changes


def test_rows_without_a_key_and_with_blanks_go_the_short_way() -> None:
    """As most exports of services are: no key, no customer, no tax; amounts with one decimal or none, as JSON's."""
    cells = {**GOOD, "Chave de Acesso": "", "CNPJ Destinatário": "", "Valor ICMS": "", "Valor Total": "1234.5"}
    [with_key, without] = short(row_of(GOOD), row_of(cells))
    assert with_key == GOOD_INVOICE
    assert without is not None
    assert (without.access_key, without.customer, without.tax_cents, without.total_cents) == (None, None, None, 123450)
    assert (without, []) == long(row_of(cells))


@given(st.lists(st.integers(0, 3) | st.none(), max_size=40))
def test_shapes_and_problems_may_alternate(kinds: list[int | None]) -> None:
    """Rows of several shapes are read together, and everything comes out in the order of the file."""
    shapes = [GOOD, {**GOOD, "Cor": "azul"}, dict(reversed(GOOD.items())), {"Cor": "azul"}]
    lines = [
        Problem("csv-nul", "Line with NUL bytes.", row=line) if kind is None else row_of(
            shapes[kind] | ({"Chave de Acesso": numbered_key(line + 1), "Número": str(line + 1)} if kind < 3 else {}),
            line,
        )
        for line, kind in enumerate(kinds)
    ]  # fmt: skip
    items = [item for item in checked(*lines) if not isinstance(item, Problem) or item.code != "column-missing"]
    places = [item.row if isinstance(item, Problem) else item.line for item in items]
    assert places == [line for line, kind in enumerate(kinds) if kind != 3]


@given(
    st.dictionaries(
        st.sampled_from([*GOOD, "x"]), st.text(max_size=60) | st.integers() | st.none() | st.lists(st.integers())
    )
)
def test_no_row_breaks_the_validation(changes: dict[str, object]) -> None:
    """Every row becomes an invoice or has an error; nothing raises, and all that comes out is JSON."""
    invoice, codes = outcome(changes)
    assert (invoice is None) == any(CODES[code].severity == "error" for code in codes)
    json.dumps(invoice)
