"""Access keys: check digit, contents, persons as issuers, and the damage that spreadsheets do."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from unit.invoice_rows import KEY, LETTERS_KEY, key_of
from unit.test_invoice_tax_ids import slow_check_digit

from remessa.pipelines.invoices.access_keys import HEAD, key_check_digit, read_access_key, read_head, sound_keys

BODY = r"[0-9]{6}[0-9A-Z]{12}[0-9]{25}"


@given(st.from_regex(BODY, fullmatch=True))
def test_the_check_digit_agrees_with_the_reference(body: str) -> None:
    """Weights 2 to 9 from the right over 43 characters, letters included."""
    assert key_check_digit(body) == slow_check_digit(body, 9)


@given(st.lists(st.tuples(st.from_regex(BODY, fullmatch=True), st.integers(0, 9)), min_size=1, max_size=30))
def test_many_keys_are_checked_at_once(keys: list[tuple[str, int]]) -> None:
    """Each key stays or goes by its own check digit, whatever keys are beside it."""
    sound = sound_keys([body + str(digit) for body, digit in keys])
    assert list(sound) == [body + str(digit) if slow_check_digit(body, 9) == str(digit) else "" for body, digit in keys]


@pytest.mark.parametrize("other", ["", "1", KEY[:-1], KEY + "6", KEY[:30] + "A" + KEY[31:], KEY[:25] + "²" * 19])
def test_what_is_no_key_does_not_disturb_its_neighbours(other: str) -> None:
    """Texts of other lengths and characters go, and the keys beside them stay."""
    assert list(sound_keys([KEY, other, LETTERS_KEY])) == [KEY, "", LETTERS_KEY]


@pytest.mark.parametrize(
    ("cell", "key"),
    [
        (KEY, KEY),
        (LETTERS_KEY, LETTERS_KEY),
        (f"NFe{KEY}", KEY),
        (f"NFe{LETTERS_KEY.lower()}", LETTERS_KEY),
        (" ".join(KEY[start : start + 4] for start in range(0, 44, 4)), KEY),
        (f"'{KEY}", KEY),
    ],
)
def test_a_key_is_read_without_prefix_and_spaces(cell: str, key: str) -> None:
    """The prefix of the XML's Id and the groups of four of the DANFE go; letters of the CNPJ stay."""
    assert read_access_key(cell) == (key, None)


@pytest.mark.parametrize(
    ("cell", "code"),
    [
        (KEY[:-1] + "7", "access-key-check-digit"),
        (KEY[:32] + KEY[33] + KEY[32] + KEY[34:], "access-key-check-digit"),
        (KEY[:-1], "access-key-length"),
        (KEY + "0", "access-key-length"),
        ("", "access-key-length"),
        ("1" * 81, "access-key-length"),
        (KEY[:30] + "A" + KEY[31:], "access-key-characters"),
        ("A" + KEY[1:], "access-key-characters"),
        ("3,5E+43", "access-key-damaged"),
        ("3.52607E+43", "access-key-damaged"),
        (KEY[:15] + "0" * 29, "access-key-damaged"),
        (key_of("99" + KEY[2:-1]), "access-key-content"),
        (key_of("352613" + KEY[6:-1]), "access-key-content"),
        (key_of("352607" + "11222333000182" + KEY[20:-1]), "access-key-content"),
        (key_of("352607" + "00000000000000" + KEY[20:-1]), "access-key-content"),
    ],
)
def test_what_is_no_key_is_refused_by_name(cell: str, code: str) -> None:
    """Each way to be wrong has its own code, and no value."""
    assert read_access_key(cell) == (None, code)


def test_another_model_is_only_warned_of() -> None:
    """A freight document's key (57) is a key, but perhaps not of an invoice."""
    key = key_of(KEY[:20] + "57" + KEY[22:-1])
    assert read_access_key(key) == (key, "access-key-model")


@pytest.mark.parametrize(
    ("emitter", "series", "issuer"),
    [
        ("00052998224725", "920", "52998224725"),
        ("00052998224725", "001", "52998224725"),
        ("11222333000181", "920", "11222333000181"),
        # Valid both as CNPJ 00.000.000/0001-91 and as 000 with CPF 000.000.001-91.
        ("00000000000191", "001", "00000000000191"),
        ("00000000000191", "920", "00000000191"),
    ],
)
def test_a_person_stands_as_three_zeros_and_cpf(emitter: str, series: str, issuer: str) -> None:
    """`000` and CPF is a person, unless it is also a CNPJ and the series is not one of those for persons."""
    head = read_head(f"352607{emitter}55{series}").value
    assert head is not None
    assert head.issuer == issuer


def test_the_head_says_what_the_key_repeats() -> None:
    """State, month, issuer, model and series come out as a row would write them."""
    head = read_head(KEY[:HEAD]).value
    assert head is not None
    assert head == ("SP", "2026-07", "11222333000181", "55", "1")


@given(st.text(max_size=90))
def test_no_text_breaks_the_reading(text: str) -> None:
    """Every text is a key or has a code; nothing raises."""
    value, code = read_access_key(text)
    assert (value is None) <= (code is not None)
