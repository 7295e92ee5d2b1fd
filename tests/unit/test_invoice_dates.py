"""Days of issue: ISO and Brazilian, with and without a time, and days that cannot be."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from remessa.pipelines.invoices.dates import proves_month_first, read_date

TODAY = date(2026, 7, 20)


@pytest.mark.parametrize(
    ("cell", "day"),
    [
        ("2026-07-15", "2026-07-15"),
        ("20260715", "2026-07-15"),
        ("2026/07/15", "2026-07-15"),
        ("2026-07-15T23:59:59-03:00", "2026-07-15"),
        ("2026-07-15T23:59:59.123456Z", "2026-07-15"),
        ("2026-07-15t10:00", "2026-07-15"),
        ("20260715T102030", "2026-07-15"),
        ("2026-07-15 10:20:30 +0300", "2026-07-15"),
        ("01/05/2025", "2025-05-01"),
        ("1/5/2025", "2025-05-01"),
        ("01/05/2025 00:00:00", "2025-05-01"),
        ("01-05-2025", "2025-05-01"),
        ("01.05.2025", "2025-05-01"),
        ("01/05/2025 1:30 PM", "2025-05-01"),
        ("01/05/2025 10:00 UTC", "2025-05-01"),
        ("29/02/2024", "2024-02-29"),
        ("2026-07-21", "2026-07-21"),
    ],
)
def test_a_date_is_read(cell: str, day: str) -> None:
    """The day is the one that the file writes, whatever the time and its zone."""
    assert read_date(cell, today=TODAY) == (day, None)


@pytest.mark.parametrize(
    ("cell", "code"),
    [
        ("30/02/2025", "date-impossible"),
        ("29/02/2025", "date-impossible"),
        ("2025-13-01", "date-impossible"),
        ("05/31/2025", "date-impossible"),
        ("0000-01-01", "date-impossible"),
        ("01/05/25", "date-format"),
        ("2025-5-1", "date-format"),
        ("2025-05/01", "date-format"),
        ("01/05/2025 25:00", "date-format"),
        ("01/05/2025 soon", "date-format"),
        ("yesterday", "date-format"),
        ("\u0661/\u0665/2025", "date-format"),
        ("1" * 61, "date-format"),
        ("45778", "date-serial-number"),
        ("45778,5", "date-serial-number"),
        ("1899-12-30", "date-out-of-range"),
        ("01/01/1900", "date-out-of-range"),
        ("1970-01-01", "date-out-of-range"),
        ("2027-07-22", "date-out-of-range"),
        ("9999-12-31", "date-out-of-range"),
    ],
)
def test_what_is_no_date_is_refused_by_name(cell: str, code: str) -> None:
    """Each way to be wrong has its own code, and no value."""
    assert read_date(cell, today=TODAY) == (None, code)


def test_a_day_ahead_is_warned_of() -> None:
    """A date a few weeks ahead is accepted with a warning; tomorrow is already today further east."""
    assert read_date("01/08/2026", today=TODAY) == ("2026-08-01", "date-in-future")
    assert read_date("21/07/2026", today=TODAY) == ("2026-07-21", None)


@given(st.dates(date(1990, 1, 1), TODAY))
def test_every_spelling_of_a_day_is_that_day(day: date) -> None:
    """ISO, Brazilian, American (where the file proves it) and with a time: the same day."""
    iso = day.isoformat()
    for text in (iso, f"{day:%Y%m%d}", f"{day:%d/%m/%Y}", f"{day:%d/%m/%Y} 00:00:00", f"{iso}T23:59:59-03:00"):
        assert read_date(text, today=TODAY) == (iso, None)
    assert read_date(f"{day:%m/%d/%Y}", today=TODAY, month_first=True) == (iso, None)


@given(st.dates(TODAY - timedelta(days=400), TODAY))
def test_only_a_day_above_twelve_proves_the_order(day: date) -> None:
    """A date proves day or month first exactly when its day is no month."""
    assert proves_month_first(f"{day:%d/%m/%Y}") is (False if day.day > 12 else None)
    assert proves_month_first(f"{day:%m/%d/%Y 10:00}") is (True if day.day > 12 else None)
    assert proves_month_first(day.isoformat()) is None


@given(st.text(max_size=70), st.booleans())
def test_no_text_breaks_the_reading(text: str, month_first: bool) -> None:
    """Every text is a date or has a code; nothing raises."""
    value, code = read_date(text, today=TODAY, month_first=month_first)
    assert (value is None) <= (code is not None)
