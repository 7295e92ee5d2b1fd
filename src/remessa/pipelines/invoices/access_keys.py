"""The access key of an NF-e or NFC-e: 44 characters that repeat the invoice's state, month, issuer, series and number.

    35 2607 11222333000181 55 001 000000123 1 12345678 6
    cUF, AAMM, CNPJ, mod, serie, nNF, tpEmis, cNF, cDV

The check digit weighs the first 43 characters by 2 to 9 from the right; a letter, which only the CNPJ may hold, counts
as its ASCII code minus 48. An issuer that is a person stands as `000` and CPF.

Sources: Manual de Orientação do Contribuinte 7.0 (http://moc.sped.fazenda.pr.gov.br/), sections on the access key and
on the reserved series; technical note 2018.001 for issuers with a CPF; joint technical note 2025.001 for letters.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

from remessa.pipelines.invoices.rows import CellReading
from remessa.pipelines.invoices.tax_ids import CHECK_DIGIT, is_cnpj, is_cpf, weighted_sum

LENGTH = 44
HEAD = 25
"""Characters up to and with the series: what many invoices of one issuer share."""
NUMBER_END = 34
"""Where the number, which follows the head, ends."""
MAX_CELL = 80

STATES = {
    "11": "RO", "12": "AC", "13": "AM", "14": "RR", "15": "PA", "16": "AP", "17": "TO",
    "21": "MA", "22": "PI", "23": "CE", "24": "RN", "25": "PB", "26": "PE", "27": "AL", "28": "SE", "29": "BA",
    "31": "MG", "32": "ES", "33": "RJ", "35": "SP",
    "41": "PR", "42": "SC", "43": "RS",
    "50": "MS", "51": "MT", "52": "GO", "53": "DF",
}  # fmt: skip
"""IBGE's codes of the states."""
INVOICE_MODELS = frozenset({"55", "65"})
"""NF-e and NFC-e. Other models (57 freight, 59 SAT, 62 telecom, 66 electricity) have keys of the same form."""
TAX_OFFICE_SERIES = range(890, 910)
"""Series of single invoices that the tax office issues: the key may name the office's CNPJ instead of the issuer's."""
PERSON_SERIES = range(910, 970)
"""Series of issuers that are persons."""

WEIGHTS = bytes(2 + place % 8 for place in reversed(range(LENGTH - 1)))
_AFTER_HEAD = range(HEAD, LENGTH)
_ZEROS = "0" * LENGTH
_ADDED = 22
_WEIGHED = {weight: bytes((code - 48) * weight % 11 for code in range(256)) for weight in set(WEIGHTS)}
_REDUCED = bytes(code % 11 for code in range(256))
_CHECK_DIGITS = CHECK_DIGIT.encode().ljust(256)
_KEY = re.compile(r"[0-9]{6}[0-9A-Z]{12}[0-9]{26}").fullmatch
_PREFIX = re.compile(r"NF-?C?E", re.IGNORECASE).match
_SCIENTIFIC = re.compile(r"[0-9]([.,][0-9]+)?E\+?[0-9]+", re.IGNORECASE).fullmatch
_SEPARATORS = str.maketrans("", "", " \u00a0\t.-/'")


class KeyHead(NamedTuple):
    """What the first 25 characters of a key say."""

    state: str
    month: str
    """`YYYY-MM`."""
    issuer: str
    """CNPJ, or CPF if the issuer is a person."""
    model: str
    series: str
    """Without leading zeros."""


def key_check_digit(body: str) -> str:
    """The check digit of a key's first 43 characters."""
    return CHECK_DIGIT[weighted_sum(body, WEIGHTS) % 11]


def sound_keys(keys: Sequence[str]) -> Sequence[str]:
    """Bare keys as they are, and blank where the characters after the head or the check digit cannot be right."""
    raw = "".join(keys).encode("ascii", "replace")
    if set(map(len, keys)) != {LENGTH} or not b"".join([raw[place::LENGTH] for place in _AFTER_HEAD]).isdigit():
        keys = [key if len(key) == LENGTH and key.isascii() and key[HEAD:].isdigit() else "" for key in keys]
        raw = "".join([key or _ZEROS for key in keys]).encode()
    given, right = raw[LENGTH - 1 :: LENGTH], _check_digits(raw)
    return keys if given == right else [key if given[at] == right[at] else "" for at, key in enumerate(keys)]


def _check_digits(raw: bytes) -> bytes:
    """The check digits of many keys, joined.

    All keys' characters of one place, weighed and reduced, are the bytes of one long integer. Adding such integers adds
    all keys' weighted characters at once, in an eighth of the time of weighing keys one by one. (`_ADDED` remainders of
    ten at most fit into a byte.)
    """
    size = len(raw) // LENGTH
    remainders = 0
    for start in range(0, LENGTH - 1, _ADDED):
        for place in range(start, min(start + _ADDED, LENGTH - 1)):
            remainders += int.from_bytes(raw[place::LENGTH].translate(_WEIGHED[WEIGHTS[place]]), "little")
        remainders = int.from_bytes(remainders.to_bytes(size, "little").translate(_REDUCED), "little")
    return remainders.to_bytes(size, "little").translate(_CHECK_DIGITS)


def read_access_key(cell: str) -> CellReading[str]:
    """The 44 characters of a key, without the `NFe` of an XML Id, spaces and punctuation. No letter is ever dropped."""
    if len(cell) > MAX_CELL:
        return CellReading(None, "access-key-length")
    text = cell.strip()
    if _SCIENTIFIC(text):
        return CellReading(None, "access-key-damaged")
    prefix = _PREFIX(text)
    text = text[prefix.end() if prefix else 0 :].translate(_SEPARATORS).upper()
    if len(text) != LENGTH:
        return CellReading(None, "access-key-length")
    if not _KEY(text):
        return CellReading(None, "access-key-characters")
    # A spreadsheet keeps 15 digits of a number (17 in some exports) and fills up with zeros.
    if not text[17:].strip("0"):
        return CellReading(None, "access-key-damaged")
    if key_check_digit(text[:-1]) != text[-1]:
        return CellReading(None, "access-key-check-digit")
    reading = read_head(text[:HEAD])
    return CellReading(None if reading.value is None else text, reading.code)


def read_head(text: str) -> CellReading[KeyHead]:
    """What the first 25 characters of a key say, if such a state, month and issuer can be."""
    state, month, emitter, model, series = STATES.get(text[:2]), text[4:6], text[6:20], text[20:22], text[22:25]
    if state is None or not "01" <= month <= "12" or not series.isdigit():
        return CellReading(None, "access-key-content")
    issuer = _issuer_of(emitter, int(series))
    if issuer is None:
        return CellReading(None, "access-key-content")
    head = KeyHead(state, f"20{text[2:4]}-{month}", issuer, model, series.lstrip("0") or "0")
    return CellReading(head, None if model in INVOICE_MODELS else "access-key-model")


def _issuer_of(emitter: str, series: int) -> str | None:
    """A CNPJ may begin with 000 too, so `000` and CPF is believed first only in the series that are for persons."""
    is_person = emitter.startswith("000") and is_cpf(emitter[3:])
    if is_person and (series in PERSON_SERIES or not is_cnpj(emitter)):
        return emitter[3:]
    return emitter if is_cnpj(emitter) else None
