"""Amounts of money as integers of cents, never through a float.

`1.234,56`, `1,234.56`, `1234.5`, `R$ 9.803,47`, `-1.234,56`, `1.234,56-`, `(1.234,56)`, JSON's `1.5e3`. Which of
point and comma is the decimal mark:

1. Both occur: the one that occurs last.
2. One of them occurs more than once: it groups thousands.
3. One occurs once: it is the decimal mark, unless exactly three digits follow and one to three digits, the first not a
   zero, stand before. `1.234` alone says nothing, so the other cells of the column decide (`conventions`); if they do
   not, it groups thousands, because money has two decimals, and the row carries a warning.

More than two decimals are an error unless the rest is zero: to round money is not for us to decide.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

from remessa.pipelines.invoices.rows import CellReading

MAX_CELL = 60
MAX_CENTS = 10**15 - 1
"""13 digits before the mark and 2 after it, as the NF-e has them (type TDec_1302 of the layout 4.00)."""

_PLAIN_BRAZILIAN = re.compile(r"([0-9]{1,3}(?:\.[0-9]{3}){1,3}(?=,)|[0-9]{1,12})(?:,([0-9]{1,2}))?").fullmatch
_PLAIN_ENGLISH = re.compile(r"([0-9]{1,3}(?:,[0-9]{3}){1,3}(?=\.)|[0-9]{1,12})(?:\.([0-9]{1,2}))?").fullmatch
_ALL_BRAZILIAN = re.compile(r"(?:(?:[0-9]{1,3}(?:\.[0-9]{3}){0,3}|[0-9]{4,12}),[0-9]{2}\n)+").fullmatch
_ALL_ENGLISH = re.compile(r"(?:(?:[0-9]{1,3}(?:,[0-9]{3}){0,3}|[0-9]{4,12})\.[0-9]{2}\n)+").fullmatch
_ANY = re.compile(r"[0-9]*(?:[.,][0-9]+)*[.,]?").fullmatch
_EXPONENT = re.compile(r"([0-9]{1,30})(?:\.([0-9]{1,30}))?[eE]([+-]?[0-9]{1,2})").fullmatch
_SPREADSHEET_EXPONENT = re.compile(r"[0-9](?:[.,][0-9]+)?E[+-][0-9]{2,3}").fullmatch
_FOREIGN = re.compile(r"US\$|USD|EUR|GBP|[€£¥]", re.IGNORECASE).search
_CURRENCY = re.compile(r"(?:R\$|BRL|\$)", re.IGNORECASE)
_SPACED_GROUPS = re.compile(r"[0-9]{1,3}(?: [0-9]{3})+(?:[.,][0-9]*)?").fullmatch


class _Parts(NamedTuple):
    whole: str
    decimals: str
    is_ambiguous: bool = False


def plain_cents(text: str) -> int:
    """Cents of an amount that can be read only one way and has two decimals at most: the bulk of every file.

    Raises ValueError for everything else, which `read_amount` then takes its time for.
    """
    found = _PLAIN_BRAZILIAN(text) or _PLAIN_ENGLISH(text)
    if not found:
        raise ValueError
    whole, decimals = found.groups("")
    return int(whole.replace(".", "").replace(",", "") + decimals.ljust(2, "0"))


def plain_column(cells: Sequence[str]) -> list[int]:
    """`plain_cents` of many cells at once, in half the time. Raises ValueError unless all have two decimals."""
    text = "\n".join(cells) + "\n"
    if not (_ALL_BRAZILIAN(text) or _ALL_ENGLISH(text)) or text.count("\n") != len(cells):
        raise ValueError
    return list(map(int, text.replace(",", "").replace(".", "").split()))


def decimal_mark_of(cell: str) -> str | None:
    """Which decimal mark a cell proves (`,` or `.`), None if it proves nothing or is no amount."""
    bare = _bare(cell)
    if bare is None or not _ANY(bare[1]):
        return None
    text = bare[1]
    last = max(text.rfind("."), text.rfind(","))
    if last < 0 or _split(text, None).is_ambiguous:
        return None
    mark = text[last]
    if text.count(mark) > 1:
        return "," if mark == "." else "."
    return mark


def read_amount(cell: str, decimal_mark: str | None) -> CellReading[int]:
    """The amount of a cell in cents. `decimal_mark` is the column's, for cells that do not show it themselves."""
    if len(cell) > MAX_CELL:
        return CellReading(None, "amount-not-a-number")
    if _FOREIGN(cell):
        return CellReading(None, "amount-currency")
    bare = _bare(cell)
    if bare is None:
        return CellReading(None, "amount-not-a-number")
    sign, text = bare
    if _SPREADSHEET_EXPONENT(text):
        return CellReading(None, "amount-damaged")
    parts = _parts(text, decimal_mark)
    if parts is None:
        return CellReading(None, "amount-not-a-number")
    if parts.decimals[2:].strip("0"):
        return CellReading(None, "amount-too-many-decimals")
    cents = int((parts.whole or "0") + parts.decimals[:2].ljust(2, "0"))
    if cents > MAX_CENTS:
        return CellReading(None, "amount-out-of-range")
    return CellReading(sign * cents, "amount-ambiguous" if parts.is_ambiguous else None)


def _bare(cell: str) -> tuple[int, str] | None:
    """The sign, and the amount without sign, currency and spaces; None if something else is in the cell."""
    text = " ".join(_CURRENCY.sub(" ", cell.replace("\u2212", "-"), count=1).split())
    sign = 1
    if text.startswith("(") and text.endswith(")"):
        sign, text = -1, text[1:-1].strip()
    elif text.startswith("-"):
        sign, text = -1, text[1:].lstrip()
    elif text.endswith("-"):
        sign, text = -1, text[:-1].rstrip()
    elif text.startswith("+"):
        text = text[1:].lstrip()
    if _SPACED_GROUPS(text):
        text = text.replace(" ", "")
    has_digit = text[:1].isdigit() or text[1:2].isdigit()
    return (sign, text) if has_digit else None


def _parts(text: str, decimal_mark: str | None) -> _Parts | None:
    """Digits before and after the decimal mark, None if the text is no number or its groups are not of three."""
    exponent = _EXPONENT(text)
    if exponent:
        whole, decimals, shift = exponent[1], exponent[2] or "", int(exponent[3])
        digits, point = whole + decimals, len(whole) + shift
        digits = "0" * max(0, -point) + digits + "0" * max(0, point - len(digits))
        point = max(0, point)
        return _Parts(digits[:point], digits[point:])
    if not _ANY(text):
        return None
    parts = _split(text, decimal_mark)
    return parts if parts.whole.isdigit() or not parts.whole else None


def _split(text: str, decimal_mark: str | None) -> _Parts:
    """Cut at the decimal mark; what is left of grouping marks in `whole` is there because it is wrong."""
    last = max(text.rfind("."), text.rfind(","))
    if last < 0:
        return _Parts(text, "")
    mark = text[last]
    whole, rest = text[:last], text[last + 1 :]
    if text.count(mark) > 1:
        return _Parts(_ungrouped(text, mark), "")
    other = "," if mark == "." else "."
    if other in whole:
        return _Parts(_ungrouped(whole, other), rest)
    if len(rest) == 3 and 1 <= len(whole) <= 3 and whole[0] != "0":
        if decimal_mark == mark:
            return _Parts(whole, rest)
        return _Parts(whole + rest, "", is_ambiguous=decimal_mark is None)
    return _Parts(whole, rest)


def _ungrouped(text: str, mark: str) -> str:
    groups = text.split(mark)
    fits = 1 <= len(groups[0]) <= 3 and all(len(group) == 3 for group in groups[1:])
    return "".join(groups) if fits else text
