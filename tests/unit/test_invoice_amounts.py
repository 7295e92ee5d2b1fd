"""Amounts: both notations, signs, and what must not be guessed."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from remessa.pipelines.invoices.amounts import MAX_CENTS, decimal_mark_of, plain_cents, plain_column, read_amount


@pytest.mark.parametrize(
    ("cell", "cents"),
    [
        ("1.234,56", 123456),
        ("1,234.56", 123456),
        ("1234,56", 123456),
        ("R$ 9.803,47", 980347),
        ("R$\u00a09.803,47", 980347),
        ("BRL 10", 1000),
        ("-1.234,56", -123456),
        ("R$ -5,00", -500),
        ("-R$ 5,00", -500),
        ("1.234,56-", -123456),
        ("(1.234,56)", -123456),
        ("\u22125,00", -500),
        ("+5,00", 500),
        ("1 234,56", 123456),
        ("1.234.567", 123456700),
        ("1,234,567.8", 123456780),
        ("0,5", 50),
        (",50", 50),
        ("7.", 700),
        ("0", 0),
        ("10,5000", 1050),
        ("0.500", 50),
        ("1.5e3", 150000),
        ("12E-1", 120),
        ("9999999999999.99", MAX_CENTS),
    ],
)
def test_an_amount_is_read_in_any_notation(cell: str, cents: int) -> None:
    """Whatever the notation, the cents are exact and nothing is remarked."""
    assert read_amount(cell, None) == (cents, None)


@pytest.mark.parametrize(
    ("cell", "code"),
    [
        ("abc", "amount-not-a-number"),
        ("-", "amount-not-a-number"),
        ("1.23.456", "amount-not-a-number"),
        ("1,2.345,67", "amount-not-a-number"),
        ("1.234,567.89", "amount-not-a-number"),
        ("--5", "amount-not-a-number"),
        ("1_000", "amount-not-a-number"),
        ("١٢", "amount-not-a-number"),
        ("NaN", "amount-not-a-number"),
        ("1" * 61, "amount-not-a-number"),
        ("1,2345", "amount-too-many-decimals"),
        ("0,123", "amount-too-many-decimals"),
        ("1e-3", "amount-too-many-decimals"),
        ("10000000000000", "amount-out-of-range"),
        ("1e99", "amount-out-of-range"),
        ("1,23E+10", "amount-damaged"),
        ("1.23E+05", "amount-damaged"),
        ("US$ 5.00", "amount-currency"),
        ("5 EUR", "amount-currency"),
    ],
)
def test_what_is_no_amount_is_refused_by_name(cell: str, code: str) -> None:
    """Each way to be wrong has its own code, and no value."""
    assert read_amount(cell, None) == (None, code)


@pytest.mark.parametrize(
    ("cell", "mark", "expected"),
    [
        ("1.234", ",", (123400, None)),
        ("1,234", ".", (123400, None)),
        ("1.234", ".", (None, "amount-too-many-decimals")),
        ("1.230", ".", (123, None)),
        ("1.234", None, (123400, "amount-ambiguous")),
        ("-1,500", None, (-150000, "amount-ambiguous")),
        ("1.23", ",", (123, None)),
    ],
)
def test_the_column_decides_about_three_digits_behind_one_mark(
    cell: str, mark: str | None, expected: tuple[int | None, str | None]
) -> None:
    """`1.234` follows the column's decimal mark, and carries a warning where the column proves none."""
    assert read_amount(cell, mark) == expected


@pytest.mark.parametrize(
    ("cell", "mark"),
    [("1.234,56", ","), ("1,234.56", "."), ("1,5", ","), ("1.234.567", ","), ("1,234,567", "."), ("1.234", None),
     ("1234", None), ("abc", None), ("R$ 5,00", ","), ("1e5", None)],
)  # fmt: skip
def test_a_cell_proves_the_decimal_mark_or_nothing(cell: str, mark: str | None) -> None:
    """Only a cell that can be read one way alone is evidence for its column."""
    assert decimal_mark_of(cell) == mark


@given(st.integers(-MAX_CENTS, MAX_CENTS))
def test_both_notations_round_trip(cents: int) -> None:
    """An amount written in either notation, grouped or not, is read back to the cent."""
    english = f"{Decimal(cents) / 100:,.2f}"
    brazilian = english.translate(str.maketrans(",.", ".,"))
    for text in (english, brazilian, english.replace(",", ""), brazilian.replace(".", ""), f"R$ {brazilian}"):
        assert read_amount(text, None) == (cents, None)


@given(st.one_of(st.text("0123456789.,", max_size=20), st.text("0123456789.,-() R$Ee+²٣", max_size=12)))
@example("1.234,5")
@example(",50")
@example("")
@example("10000000000000")
@example("1.2,34")
@example("1234.56,78")
@example("1,.34")
def test_the_short_way_never_reads_otherwise(text: str) -> None:
    """What `plain_cents` accepts `read_amount` reads alike and without a remark, whatever the column's mark."""
    try:
        cents = plain_cents(text)
    except ValueError:
        return
    assert {read_amount(text, mark) for mark in (None, ",", ".")} == {(cents, None)}


@given(st.integers(0, 10**11))
def test_the_short_way_takes_the_usual_spellings(cents: int) -> None:
    """Amounts with two decimals do not need the long way, else the speed would be gone unnoticed."""
    english = f"{Decimal(cents) / 100:,.2f}"
    assert plain_cents(english) == cents
    assert plain_cents(english.translate(str.maketrans(",.", ".,"))) == cents
    assert plain_cents(english.replace(",", "")) == cents


BRAZILIAN, ENGLISH = ["1.234,56", "5,00", "12345,67", "1.234.567,89"], ["1,234.56", "5.00", "12345.67"]
OTHERS = ["10", "1,5", "x", "", "1,0\n2,00", "1,234.56.78"]


@given(
    st.lists(st.sampled_from(BRAZILIAN), min_size=1),
    st.lists(st.sampled_from(ENGLISH), min_size=1),
    st.lists(st.sampled_from(OTHERS), min_size=1),
)
def test_a_column_written_one_way_is_read_at_once(brazilian: list[str], english: list[str], others: list[str]) -> None:
    """It is read as its cells are one by one; a column in which anything differs is not."""
    for cells in (brazilian, english):
        assert plain_column(cells) == [plain_cents(cell) for cell in cells]
    for cells in (brazilian + english, brazilian + others, others + english):
        with pytest.raises(ValueError, match=r"^$"):
            plain_column(cells)


@given(st.text(max_size=80))
def test_no_text_breaks_the_reading(text: str) -> None:
    """Every text is an amount or has a code; nothing raises."""
    value, code = read_amount(text, None)
    assert (value is None) <= (code is not None)
