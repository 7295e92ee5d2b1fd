"""Cells of any kind as tidy text."""

from __future__ import annotations

import json

MAX_NESTED = 2000
"""Characters of nested JSON that are kept."""
_MAX_BITS = 256


def as_text(value: object) -> str:
    """A cell as text without blanks around it; None is blank. Nested JSON stays JSON."""
    if isinstance(value, str):
        return value.strip()
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        # Python refuses to print integers of more than 4300 digits, and none of these is an amount or a number.
        return str(value) if value.bit_length() <= _MAX_BITS else f"integer of {value.bit_length()} bits"
    return json.dumps(value, ensure_ascii=False, default=str)[:MAX_NESTED]
