"""Days of issue: `2026-07-15`, `2026-07-15T10:20:30-03:00`, `15/07/2026`, `15/07/2026 00:00:00`, `20260715`.

The day is the one that the file writes, in its own time zone, because that is the day of the tax law (dhEmi of the NF-e
carries the issuer's offset). Day stands before month, as in Brazil, unless the file proves otherwise (`conventions`).
"""

from __future__ import annotations

import re
from datetime import date, timedelta

from remessa.pipelines.invoices.rows import CellReading

MAX_CELL = 60
EARLIEST = date(1990, 1, 1)
"""Before it a date is a mistake: spreadsheets turn an empty cell into 1900, programs into 1970."""
LATEST_AHEAD = timedelta(days=366)
"""Further ahead a date is a mistake; nearer it may be an invoice issued in advance, and is only warned of."""

_ISO = re.compile(r"([0-9]{4})([-/.]?)([0-9]{2})\2([0-9]{2})").fullmatch
_LOCAL = re.compile(r"([0-9]{1,2})([/.-])([0-9]{1,2})\2([0-9]{4})").fullmatch
_TIME = re.compile(
    r"[T ]([01]?[0-9]|2[0-3]):[0-5][0-9](:([0-5][0-9]|60)([.,][0-9]{1,9})?)?( ?[AP]M)?"
    r"( ?(Z|UTC|[+-][0-9]{2}:?([0-9]{2})?))?",
    re.IGNORECASE,
).fullmatch
_COMPACT_TIME = re.compile(r"T[0-9]{4}([0-9]{2})?(Z|[+-][0-9]{4})?").fullmatch
_NUMBER = re.compile(r"[0-9]{5}([.,][0-9]+)?").fullmatch


def is_time(text: str) -> bool:
    """Whether what follows a date is nothing or a time of day."""
    return not text or _TIME(text) is not None or _COMPACT_TIME(text) is not None


def read_date(cell: str, *, today: date, month_first: bool = False) -> CellReading[str]:
    """The day of a cell as `YYYY-MM-DD`."""
    if len(cell) > MAX_CELL:
        return CellReading(None, "date-format")
    text = cell.strip()
    written = text.replace("t", "T").partition("T")[0].partition(" ")[0]
    if not is_time(text[len(written) :]):
        return CellReading(None, "date-format")
    numbers = _year_month_day(written, month_first=month_first)
    if numbers is None:
        return CellReading(None, "date-serial-number" if _NUMBER(written) else "date-format")
    try:
        day = date(*numbers)
    except ValueError:
        return CellReading(None, "date-impossible")
    if day < EARLIEST or day > today + LATEST_AHEAD:
        return CellReading(None, "date-out-of-range")
    # A day ahead is no warning: it is already tomorrow east of here.
    return CellReading(day.isoformat(), "date-in-future" if day > today + timedelta(days=1) else None)


def proves_month_first(cell: str) -> bool | None:
    """True for `07/15/2026`, False for `15/07/2026`, None for a cell that is neither or could be both."""
    match = _LOCAL(cell.strip()[:10].partition(" ")[0]) if len(cell) <= MAX_CELL else None
    if match is None:
        return None
    first, second = int(match[1]), int(match[3])
    if first <= 12 < second <= 31:
        return True
    if second <= 12 < first <= 31:
        return False
    return None


def _year_month_day(text: str, *, month_first: bool) -> tuple[int, int, int] | None:
    match = _ISO(text)
    if match:
        return int(match[1]), int(match[3]), int(match[4])
    match = _LOCAL(text)
    if match is None:
        return None
    day, month = (match[3], match[1]) if month_first else (match[1], match[3])
    return int(match[4]), int(month), int(day)
