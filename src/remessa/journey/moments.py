"""Time as the journey writes it: milliseconds since 1970 to reckon with, ISO 8601 in UTC to store and sort."""

from __future__ import annotations

import time
from datetime import UTC, datetime


def now() -> int:
    """Milliseconds since 1970."""
    return time.time_ns() // 1_000_000


def iso(milliseconds: int) -> str:
    """A moment as ISO 8601 in UTC with milliseconds, which sorts as text."""
    moment = datetime.fromtimestamp(milliseconds / 1000, UTC)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{milliseconds % 1000:03d}Z"


def milliseconds(text: str) -> int:
    """The moment that an ISO 8601 text tells, in milliseconds since 1970; raises ValueError for any other text."""
    return round(datetime.fromisoformat(text).timestamp() * 1000)
