"""Whole files of rows: what the first rows decide, what comes once, and what comes twice."""

from __future__ import annotations

import json
from datetime import date

import pytest
from unit.invoice_rows import GOOD, GOOD_INVOICE, KEY, TODAY, checked, numbered_key, row_of

from remessa.errors import Rejected
from remessa.pipelines.contract import Problem
from remessa.pipelines.invoices.conventions import Conventions, conventions_of, sample_of
from remessa.pipelines.invoices.rows import Invoice, RawRow
from remessa.pipelines.invoices.validate import Validation, require_invoices


def test_a_row_of_other_columns_is_judged_alone() -> None:
    """In JSON each object has its own columns: one without a total is refused, and the next is read."""
    results = checked(row_of({"Chave": KEY, "CNPJ": "11222333000181", "Data": "2026-07-15"}, 1), row_of(GOOD, 2))
    assert [result.code for result in results if isinstance(result, Problem)] == ["column-missing"]
    assert results[-1] == GOOD_INVOICE


def test_rows_that_only_need_tidying_take_the_short_way_from_then_on() -> None:
    """Cells with blanks around them and JSON's numbers give the same invoices, first row and later ones."""
    columns = tuple(GOOD)
    rows = [
        RawRow(
            line,
            columns,
            [f" {cell} " for cell in {**GOOD, "Chave de Acesso": numbered_key(line), "Número": str(line)}.values()],
        )
        for line in range(1, 5)
    ]
    invoices = checked(*rows)
    expected = [
        GOOD_INVOICE._replace(
            invoice_id=f"INV#{numbered_key(line)}", access_key=numbered_key(line), number=str(line), line=line
        )
        for line in range(1, 5)
    ]
    assert invoices == expected


def test_the_same_invoice_twice_is_refused_the_second_time() -> None:
    """The problem names the first line, and only the first row counts."""
    columns = tuple(GOOD)
    rows = [RawRow(line, columns, list(GOOD.values())) for line in (2, 3, 4)]
    validation = Validation(conventions_of(rows), today=TODAY)
    first, second, third = validation.check(rows)
    assert first == GOOD_INVOICE
    for problem, line in ((second, 3), (third, 4)):
        assert isinstance(problem, Problem)
        assert (problem.code, problem.row) == ("invoice-repeated", line)
        assert "line 2 " in problem.message
    assert (validation.accepted, validation.refused) == (1, 2)


def test_a_readers_problem_passes() -> None:
    """What a reader could not deliver goes through unchanged, in its place."""
    problem = Problem("csv-ragged-row", "Too short.", row=2)
    assert checked(problem, row_of(GOOD)) == [problem, GOOD_INVOICE]


def test_a_warning_about_the_header_comes_once() -> None:
    """Two columns for one field are told once for the file, and not at all for its later parts."""
    rows = [
        row_of({**GOOD, "Total": "1"}, 2),
        row_of({**GOOD, "Total": "1", "Chave de Acesso": numbered_key(5), "Número": "5"}, 3),
    ]
    told = [result.code for result in checked(*rows) if isinstance(result, Problem)]
    later = Validation(conventions_of(rows), today=TODAY, announce=False).check(rows)
    assert told == ["columns-compete"]
    assert [result for result in later if isinstance(result, Problem)] == []


@pytest.mark.parametrize(
    ("neighbour", "cents", "codes"),
    [("10,50", 123400, []), ("10.50", None, ["amount-too-many-decimals"]), ("10", 123400, ["amount-ambiguous"])],
)
def test_the_column_decides_what_a_point_means(neighbour: str, cents: int | None, codes: list[str]) -> None:
    """`1.234` in a total follows the other totals of the file."""
    cells = {name: cell for name, cell in GOOD.items() if name != "Valor ICMS"}
    rows = [
        row_of({**cells, "Valor Total": "1.234"}, 2),
        row_of({**cells, "Valor Total": neighbour, "Chave de Acesso": numbered_key(5), "Número": "5"}, 3),
    ]
    results = checked(*rows)
    totals = [result.total_cents for result in results if isinstance(result, Invoice) and result.line == 2]
    assert totals == ([] if cents is None else [cents])
    assert [result.code for result in results if isinstance(result, Problem)] == codes


def test_american_dates_need_proof_and_are_told() -> None:
    """07/15/2026 fits only month first, so 07/08/2026 in the same file is the eighth of July, with a warning."""
    rows = [
        row_of({**GOOD, "Data de Emissão": "07/08/2026"}, 2),
        row_of({**GOOD, "Data de Emissão": "07/15/2026", "Chave de Acesso": numbered_key(5), "Número": "5"}, 3),
    ]
    news, first, second = checked(*rows)
    assert isinstance(news, Problem)
    assert news.code == "month-first"
    assert isinstance(first, Invoice)
    assert isinstance(second, Invoice)
    assert (first.issued, second.issued) == ("2026-07-08", "2026-07-15")


def test_conventions_travel_as_json() -> None:
    """What the first rows prove reaches the workers of the other parts unchanged."""
    rows = [
        row_of({"Fornecedor": "Oficina Um", "CNPJ": "1", "Cliente": "Loja Dois", "Total": "1,5", "Data": "07/15/2026"})
    ]
    conventions = conventions_of(rows)
    assert conventions.month_first
    assert conventions.names == {"cliente"}
    assert conventions.decimal_marks["tax"] == ","
    assert Conventions.from_dict(json.loads(json.dumps(conventions.as_dict()))) == conventions


def test_contradicting_amounts_prove_nothing() -> None:
    """A column with both notations leaves `1.234` to the default, with its warning."""
    rows = [row_of({**GOOD, "Valor Total": total}) for total in ("1,50", "1.50")]
    assert "total" not in conventions_of(rows).decimal_marks


def test_a_file_without_invoice_columns_is_rejected() -> None:
    """The first rows decide; one good shape among them is enough."""
    bad = row_of({"name": "x", "age": 3})
    with pytest.raises(Rejected) as caught:
        require_invoices([bad], conventions_of([bad]))
    assert caught.value.code == "columns-missing"
    require_invoices([bad, row_of(GOOD)], conventions_of([row_of(GOOD)]))
    require_invoices([], conventions_of([]))


def test_a_sample_takes_what_it_needs() -> None:
    """The sample is bounded, and the rest of the rows stays with the reader."""
    rows = iter([row_of(GOOD)] * 1500)
    assert len(sample_of(rows)) == 1000
    assert len(list(rows)) == 500


def test_a_file_of_many_shapes_stays_small() -> None:
    """JSON objects with ever other keys are still judged one by one, and what is remembered of shapes is bounded."""
    rows = [
        row_of({**GOOD, f"k{line}": "v", "Chave de Acesso": numbered_key(line), "Número": line}, line)
        for line in range(1, 200)
    ]
    validation = Validation(conventions_of(rows), today=date(2026, 7, 20))
    assert all(isinstance(result, Invoice) for result in validation.check(rows))
    assert len(validation._shapes) <= 64
