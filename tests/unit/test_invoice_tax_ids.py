"""CNPJ and CPF: check digits against a slow reference, and the damage that spreadsheets do."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from remessa.pipelines.invoices.tax_ids import cnpj_check_digits, cpf_check_digits, is_cnpj, is_cpf, read_tax_id

CNPJ_CHARACTERS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"


def slow_check_digit(body: str, highest_weight: int) -> str:
    """Modulo 11 as the Receita describes it: weights from 2 upwards from the right, starting over after the highest."""
    total = 0
    weight = 2
    for char in reversed(body):
        total += (ord(char) - ord("0")) * weight
        weight = 2 if weight == highest_weight else weight + 1
    remainder = total % 11
    return "0" if remainder < 2 else str(11 - remainder)


@given(st.text(CNPJ_CHARACTERS, min_size=12, max_size=12))
def test_cnpj_check_digits_agree_with_the_reference(body: str) -> None:
    """Both digits, for digits and letters, as the reference computes them one after the other."""
    first = slow_check_digit(body, 9)
    assert cnpj_check_digits(body) == first + slow_check_digit(body + first, 9)


@given(st.text("0123456789", min_size=9, max_size=9))
def test_cpf_check_digits_agree_with_the_reference(body: str) -> None:
    """Both digits, as the reference computes them one after the other."""
    first = slow_check_digit(body, 11)
    assert cpf_check_digits(body) == first + slow_check_digit(body + first, 11)


@pytest.mark.parametrize(
    ("cell", "expected"),
    [
        ("11222333000181", ("11222333000181", None)),
        ("11.222.333/0001-81", ("11222333000181", None)),
        (" 11 222 333 0001 81 ", ("11222333000181", None)),
        ("'11222333000181", ("11222333000181", None)),
        ("12ABC34501DE35", ("12ABC34501DE35", None)),
        ("12.abc.345/01de-35", ("12ABC34501DE35", None)),
        ("529.982.247-25", ("52998224725", None)),
        ("11222333000181.0", ("11222333000181", "decimal-tail")),
        ("1234567000195", ("01234567000195", "tax-id-zeros-lost")),
        ("1234567890", ("01234567890", "tax-id-zeros-lost")),
    ],
)
def test_a_tax_id_is_read_without_its_punctuation(cell: str, expected: tuple[str, str | None]) -> None:
    """Punctuation goes, lost zeros come back with a warning, letters stay."""
    assert read_tax_id(cell) == expected


@pytest.mark.parametrize(
    ("cell", "code"),
    [
        ("11222333000182", "tax-id-check-digits"),
        ("12ABC34501DE36", "tax-id-check-digits"),
        ("52998224726", "tax-id-check-digits"),
        ("00000000000000", "tax-id-repeated"),
        ("000.000.000-00", "tax-id-repeated"),
        ("111.111.111-11", "tax-id-repeated"),
        ("1,12223E+13", "tax-id-damaged"),
        ("1.12223e+13", "tax-id-damaged"),
        ("191", "tax-id-ambiguous"),
        ("12", "tax-id-length"),
        ("112223330001811", "tax-id-length"),
        ("1222333000181", "tax-id-length"),
        ("11222333O00181", "tax-id-check-digits"),
        ("1122233300018A", "tax-id-format"),
        ("ACME LTDA", "tax-id-format"),
        ("isento", "tax-id-format"),
        ("١١٢٢٢٣٣٣٠٠٠١٨١", "tax-id-format"),
        ("1" * 41, "tax-id-format"),
    ],
)
def test_what_is_no_tax_id_is_refused_by_name(cell: str, code: str) -> None:
    """Each way to be wrong has its own code, and no value."""
    assert read_tax_id(cell) == (None, code)


@pytest.mark.parametrize("letter", "IOUQF")
def test_letters_that_are_easily_misread_are_accepted_with_a_warning(letter: str) -> None:
    """The Receita does not give out I, O, U, Q and F, but such a CNPJ with right check digits is not refused."""
    body = f"12{letter}BC34501DE"
    cnpj = body + cnpj_check_digits(body)
    assert read_tax_id(cnpj) == (cnpj, "cnpj-unusual-letter")


@given(st.text("0123456789", min_size=12, max_size=12))
def test_zeros_on_the_left_come_back(body: str) -> None:
    """A CNPJ that lost its zeros is the same CNPJ with a warning, or is refused because it could be a CPF too."""
    cnpj = "0" + body[1:] + cnpj_check_digits("0" + body[1:])
    value, code = read_tax_id(cnpj.lstrip("0") or "0")
    assert value in (cnpj, None) or is_cpf(value or "")
    if value == cnpj:
        assert code == "tax-id-zeros-lost"
        assert is_cnpj(cnpj)


@given(st.text(max_size=50))
def test_no_text_breaks_the_reading(text: str) -> None:
    """Every text is a tax id with right check digits or has a code; nothing raises."""
    value, code = read_tax_id(text)
    assert is_cnpj(value) or is_cpf(value) if value is not None else code is not None
