"""The table of problem codes, masked cells, numbers and series, and duplicates."""

from __future__ import annotations

import ast
import re
import string
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from unit.invoice_rows import KEY

from remessa.pipelines import invoices
from remessa.pipelines.invoices.duplicates import Duplicates
from remessa.pipelines.invoices.masking import MAX_SHOWN, shown_cell
from remessa.pipelines.invoices.numbering import read_name, read_number, read_series
from remessa.pipelines.invoices.problem_codes import CODES, OURS

HERE = Path(invoices.__path__[0])


def test_codes_are_kebab_case_and_sourced() -> None:
    """Each code is stable in form, says what to do in at least a clause, and has a source."""
    for code, meaning in CODES.items():
        assert re.fullmatch(r"[a-z]+(-[a-z]+)+", code), code
        assert meaning.message.endswith("."), code
        assert meaning.source == OURS or meaning.source.startswith(("http://", "https://")), code


def test_every_code_in_the_sources_is_in_the_table_and_the_other_way_round() -> None:
    """The table neither lacks a code that a rule gives nor keeps one that no rule gives."""
    prefixes = ("access-key-", "amount-", "cell-", "cnpj-", "column", "date-", "decimal-", "invoice-", "month-",
                "name-",                "number-", "products-", "series-", "tax-id-", "total-")  # fmt: skip
    used = {
        node.value
        for path in HERE.glob("*.py")
        if path.name != "problem_codes.py"
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Constant)
        and isinstance(node.value, str)
        and node.value.startswith(prefixes)
        and re.fullmatch(r"[a-z]+(-[a-z]+)+", node.value)
    }
    table = (HERE / "problem_codes.py").read_text(encoding="utf-8")
    used.update(re.findall(r'\bproblem\("([a-z-]+)"', table))  # the module of the table makes one itself
    assert used - {"columns-missing"} == set(CODES)


def test_templates_need_only_what_is_given() -> None:
    """The names in the templates are those that `problem` and its callers know."""
    known = {"label", "taken", "meaning", "limit", "length", "model", "series", "of_key", "of_row", "items", "products",
             "total", "first"}  # fmt: skip
    needed = {name for meaning in CODES.values() for _, name, _, _ in string.Formatter().parse(meaning.message) if name}
    assert needed <= known


@pytest.mark.parametrize(
    ("field", "cell", "shown"),
    [
        ("issuer", "11.222.333/0001-82", "11.***.***/****-82"),
        ("access_key", KEY, "35****************************************…"[:39] + "…"),
        ("access_key", "3,5E+43", "3,5E+43"),
        ("customer", "191", "191"),
        ("total", "R$ 1.234,5678", "R$ 1.234,5678"),
        ("total", "529.982.247-25", "52*.***.***-25"),
        ("number", "nota 11222333000181", "no** ************81"),
        ("number", "12ABC34501DE35", "12**********35"),
        ("issued", "15/07/2026 10:00", "15/07/2026 10:00"),
        ("total", "a\x1b[31m\nb", "a\ufffd[31m\ufffdb"),
        ("total", "x y " * 30, ("x y " * 30)[:39] + "…"),
    ],
)
def test_a_shown_cell_is_cut_and_masked(field: str, cell: str, shown: str) -> None:
    """Identifiers keep their ends only, wherever they stand; nothing unprintable is left."""
    assert shown_cell(field, cell) == shown


@given(st.text(max_size=700))
def test_a_shown_cell_is_short_printable_and_names_nobody(cell: str) -> None:
    """Whatever the cell: at most 40 characters, printable, and no eleven digits in a row."""
    shown = shown_cell("total", cell + " 52998224725")
    assert len(shown) <= MAX_SHOWN
    assert shown.isprintable()
    assert not re.search(r"[0-9]{11}", shown)


@pytest.mark.parametrize(
    ("cell", "expected"),
    [
        ("000000123", ("123", None)),
        ("000.001.234", ("1234", None)),
        ("1234.0", ("1234", "decimal-tail")),
        ("inv-0012", ("INV-0012", None)),
        ("2026/123", ("2026/123", None)),
        ("202600000000123", ("202600000000123", None)),
        ("0", (None, "number-format")),
        ("-", (None, "number-format")),
        ("ABC", (None, "number-format")),
        ("1,23E+8", (None, "number-damaged")),
        ("1" * 61, (None, "number-format")),
        ("²", (None, "number-format")),
    ],
)
def test_a_number_is_read_as_digits_or_a_code(cell: str, expected: tuple[str | None, str | None]) -> None:
    """Leading zeros and points go; letters stay; what holds no digit is no number."""
    assert read_number(cell) == expected


@pytest.mark.parametrize(
    ("cell", "expected"),
    [
        ("001", ("1", None)),
        ("0", ("0", None)),
        ("u", ("U", None)),
        ("Única", ("ÚNICA", None)),
        ("1.0", ("1", "decimal-tail")),
        ("-", (None, "series-format")),
        ("x" * 21, (None, "series-format")),
    ],
)
def test_a_series_is_digits_or_letters(cell: str, expected: tuple[str | None, str | None]) -> None:
    """Leading zeros go, but series zero stays zero."""
    assert read_series(cell) == expected


def test_a_long_name_is_cut_and_told() -> None:
    """A name of 200 characters is whole, a longer one is cut with a warning."""
    assert read_name(" " + "x" * 200) == ("x" * 200, None)
    assert read_name("x" * 201) == ("x" * 200, "name-cut")


@given(st.lists(st.integers(0, 20), max_size=60))
def test_a_repeated_id_is_found_at_its_first_line(ids: list[int]) -> None:
    """While there is room, every id is found where it occurred first."""
    duplicates = Duplicates(capacity=100)
    for line, number in enumerate(ids):
        assert duplicates.first_line(f"INV#{number}", line) == ids.index(number)


@given(st.lists(st.lists(st.integers(0, 40), max_size=8), max_size=20))
def test_many_new_ids_are_noted_at_once(batches: list[list[int]]) -> None:
    """All or none: with one known id among them nothing is noted, so that each can be looked at by itself."""
    duplicates, known = Duplicates(capacity=1000), set[int]()
    for batch in batches:
        are_new = len(set(batch)) == len(batch) and known.isdisjoint(batch)
        assert duplicates.are_new([f"INV#{number}" for number in batch], list(range(len(batch)))) == are_new
        known.update(batch if are_new else [])
    assert {number for number in range(41) if duplicates.first_line(f"INV#{number}", -1) != -1} == known


def test_memory_of_ids_is_bounded_but_reaches_back_far_enough() -> None:
    """The latest `capacity` ids are always known, and never more than twice as many are kept."""
    duplicates = Duplicates(capacity=10)
    for line in range(1000):
        assert duplicates.first_line(f"INV#{line}", line) == line
        assert len(duplicates._recent) + len(duplicates._older) <= 20
    assert [duplicates.first_line(f"INV#{number}", 2000) for number in range(991, 1000)] == list(range(991, 1000))
