"""CNPJ and CPF: check digits, and what spreadsheets do to them.

A CNPJ is twelve letters or digits and two check digits (letters since July 2026, Instrução Normativa RFB 2.229/2024); a
CPF is nine digits and two check digits. A character counts as its ASCII code minus 48.

Sources: joint technical note 2025.001 on the alphanumeric CNPJ
(https://portalspedbrasil.com.br/forum/df-es-nota-tecnica-conjunta-cnpj-alfanumerico-nota-tecnica-2025-001-versao-1-00-de-25-de-abril-de-2025/)
and the Receita's technical note COCAD 49/2024
(https://documentacao.senior.com.br/exigenciaslegais/materias/erp/2024/2024-06-19-nota-tecnica-n49-2024-cocad-suara-rfb-novo-formato-de-cnpj-em-alfanumerico.htm).
"""

from __future__ import annotations

import re
from functools import cache
from operator import mul

from remessa.pipelines.invoices.rows import CellReading

CNPJ_LENGTH, CPF_LENGTH = 14, 11
MAX_CELL = 40
"""Characters in a cell that can be a tax id at all, punctuation included."""
SHORTEST_WITHOUT_ZEROS = 3
"""`00.000.000/0001-91`, the lowest CNPJ there is, is 191 as a number."""

_CNPJ = re.compile(r"[0-9A-Z]{12}[0-9]{2}").fullmatch
_SCIENTIFIC = re.compile(r"[0-9]([.,][0-9]+)?E[+-]?[0-9]+", re.IGNORECASE).fullmatch
_PUNCTUATION = str.maketrans("", "", " ./-'\u00a0\u2013")
_UNUSUAL = frozenset("IOUQF")

_CNPJ_FIRST, _CNPJ_SECOND = bytes([5, 4, 3, 2, 9, 8, 7, 6, 5, 4, 3, 2]), bytes([6, 5, 4, 3, 2, 9, 8, 7, 6, 5, 4, 3])
_CPF_FIRST, _CPF_SECOND = bytes([10, 9, 8, 7, 6, 5, 4, 3, 2]), bytes([11, 10, 9, 8, 7, 6, 5, 4, 3])
CHECK_DIGIT = "00987654321"
"""The check digit for each remainder of a weighted sum by 11: 0 below 2, else 11 minus the remainder."""


def weighted_sum(text: str, weights: bytes) -> int:
    """Each character of an ASCII text (code minus 48) times its weight, summed."""
    total: int = sum(map(mul, text.encode("ascii"), weights))
    return total - _zeros(weights)


@cache
def _zeros(weights: bytes) -> int:
    """What a text of zeros would weigh by its codes."""
    return 48 * sum(weights)


def cnpj_check_digits(body: str) -> str:
    """The two check digits of the first twelve characters (upper case) of a CNPJ."""
    return _check_digits(body, _CNPJ_FIRST, _CNPJ_SECOND)


def cpf_check_digits(body: str) -> str:
    """The two check digits of the first nine digits of a CPF."""
    return _check_digits(body, _CPF_FIRST, _CPF_SECOND)


def _check_digits(body: str, first_weights: bytes, second_weights: bytes) -> str:
    """The second digit weighs the first one too, by 2."""
    first = CHECK_DIGIT[weighted_sum(body, first_weights) % 11]
    return first + CHECK_DIGIT[(weighted_sum(body, second_weights) + 2 * int(first)) % 11]


def is_cnpj(text: str) -> bool:
    """Whether fourteen bare upper-case characters are a CNPJ, all-zero excepted."""
    return _CNPJ(text) is not None and text != "0" * CNPJ_LENGTH and cnpj_check_digits(text[:12]) == text[12:]


def is_cpf(text: str) -> bool:
    """Whether a text is the eleven bare digits of a CPF, not all the same: `111.111.111-11` checks but is nobody's."""
    return (
        len(text) == CPF_LENGTH
        and text.isascii()
        and text.isdigit()
        and text != text[0] * CPF_LENGTH
        and cpf_check_digits(text[:9]) == text[9:]
    )


def read_tax_id(cell: str) -> CellReading[str]:
    """The CNPJ or CPF of a cell, without punctuation and in upper case.

    Zeros that a spreadsheet took from the left are put back if the check digits then agree for exactly one of CNPJ and
    CPF. Letters are never dropped or guessed.
    """
    if len(cell) > MAX_CELL:
        return CellReading(None, "tax-id-format")
    usual = cell.replace(".", "").replace("/", "").replace("-", "")
    if len(usual) == CNPJ_LENGTH and is_cnpj(usual) and usual.isdigit() and cell[-2:] != ".0":
        return CellReading(usual)
    text = cell.strip()
    if text.endswith(".0") and text[:-2].isdigit():
        reading = _read(text[:-2])
        return reading if reading.value is None else CellReading(reading.value, reading.code or "decimal-tail")
    if _SCIENTIFIC(text):
        return CellReading(None, "tax-id-damaged")
    return _read(text.translate(_PUNCTUATION).upper())


def _read(text: str) -> CellReading[str]:
    if not text.isascii() or not text.isalnum():
        return CellReading(None, "tax-id-format")
    if len(text) >= SHORTEST_WITHOUT_ZEROS and text == text[0] * len(text):
        return CellReading(None, "tax-id-repeated")
    if len(text) == CNPJ_LENGTH:
        return _read_cnpj(text)
    if not text.isdigit() or not SHORTEST_WITHOUT_ZEROS <= len(text) < CNPJ_LENGTH:
        return CellReading(None, "tax-id-length" if text.isdigit() else "tax-id-format")
    return _read_shorter(text)


def _read_cnpj(text: str) -> CellReading[str]:
    if not _CNPJ(text):
        return CellReading(None, "tax-id-format")
    if cnpj_check_digits(text[:12]) != text[12:]:
        return CellReading(None, "tax-id-check-digits")
    if not text.isdigit() and not _UNUSUAL.isdisjoint(text):
        return CellReading(text, "cnpj-unusual-letter")
    return CellReading(text)


def _read_shorter(digits: str) -> CellReading[str]:
    """A CPF, or digits that lost zeros on their left."""
    cpf, cnpj = digits.zfill(CPF_LENGTH), digits.zfill(CNPJ_LENGTH)
    if len(digits) == CPF_LENGTH and is_cpf(digits):
        return CellReading(digits)
    found = [text for text, fits in ((cpf, is_cpf(cpf)), (cnpj, is_cnpj(cnpj))) if fits]
    if len(found) == 1:
        return CellReading(found[0], "tax-id-zeros-lost")
    if found:
        return CellReading(None, "tax-id-ambiguous")
    return CellReading(None, "tax-id-check-digits" if len(digits) == CPF_LENGTH else "tax-id-length")
