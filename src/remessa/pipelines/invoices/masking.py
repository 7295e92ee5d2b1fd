"""Cells as problems may show them: cut, printable, and without a whole CNPJ, CPF or access key."""

from __future__ import annotations

import re

MAX_SHOWN = 40
_IDENTIFYING_FIELDS = frozenset({"access_key", "issuer", "issuer_cpf", "customer", "customer_cpf"})
_SHORT = 8
"""A tax id or key of fewer letters and digits says nothing about anyone (`191`, `3,5E+43`)."""
_LONG_RUN = re.compile(r"[0-9A-Za-z](?:[./\- ]?[0-9A-Za-z]){10,}")
_DIGITS_OF_CPF, _DIGITS_OF_ALPHANUMERIC = 11, 2


def shown_cell(field: str | None, cell: str) -> str:
    """A cell as a problem shows it: at most 40 characters, numbers that identify someone reduced to their ends.

    In fields that hold identifiers everything is masked; in others what looks like one, because shifted columns put
    a CPF anywhere.
    """
    # Cut only after masking: the end of a masked run must be the end of the run.
    text = cell[: 10 * MAX_SHOWN].strip()
    text = _masked(text) if field in _IDENTIFYING_FIELDS else _LONG_RUN.sub(_mask_identifier, text)
    if not text.isprintable():
        text = "".join(char if char.isprintable() else "\ufffd" for char in text)
    return text if len(text) <= MAX_SHOWN else text[: MAX_SHOWN - 1] + "…"


def _mask_identifier(match: re.Match[str]) -> str:
    run = match[0]
    bare = [char for char in run if char.isalnum()]
    digits = sum(char.isdigit() for char in bare)
    is_identifier = digits >= _DIGITS_OF_CPF or (
        len(bare) in (14, 44) and digits >= _DIGITS_OF_ALPHANUMERIC and "".join(bare[-2:]).isdigit()
    )
    return _masked(run) if is_identifier else run


def _masked(text: str) -> str:
    """All letters and digits but the first two and the last two are stars; punctuation stays."""
    total = sum(map(str.isalnum, text))
    if total < _SHORT:
        return text
    shown, seen = [], 0
    for char in text:
        if char.isalnum():
            seen += 1
            char = char if seen <= 2 or seen > total - 2 else "*"
        shown.append(char)
    return "".join(shown)
