"""What a reader may ask for, and the cursor that goes on where a page ended."""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from remessa.errors import UsageError

MAX_CURSOR = 400
MAX_ROW = 10**15
"""No file has so many rows."""
_PLACE = re.compile(r"[0-9]{4}-[0-9]{2}(?:-[0-9]{2}#[0-9A-Z ./_-]{1,60}#[0-9a-f]{16})?").fullmatch
_GENERATION = re.compile(r"[0-9A-Za-z-]{1,40}").fullmatch


@dataclass(frozen=True, slots=True)
class Search:
    """A selection of invoices; what is None does not matter."""

    issuer: str | None = None
    """CNPJ or CPF without punctuation, as `customer`."""
    customer: str | None = None
    date_from: str | None = None
    """First day of issue, `YYYY-MM-DD`."""
    date_to: str | None = None
    """Last day of issue."""
    file: str | None = None
    """FileId."""
    number: str | None = None
    """Without leading zeros."""
    min_cents: int | None = None
    max_cents: int | None = None

    def accepts(self, item: Mapping[str, Any]) -> bool:
        """Whether an invoice's item is among those asked for."""
        return (
            (self.issuer is None or item["issuer"] == self.issuer)
            and (self.customer is None or item.get("customer") == self.customer)
            and (self.number is None or item["number"] == self.number)
            and (self.date_from is None or item["issued"] >= self.date_from)
            and (self.date_to is None or item["issued"] <= self.date_to)
            and (self.min_cents is None or item["totalCents"] >= self.min_cents)
            and (self.max_cents is None or item["totalCents"] <= self.max_cents)
        )

    def digest(self) -> str:
        """Tells cursors of one search from those of another."""
        return hashlib.sha256(json.dumps(asdict(self)).encode()).hexdigest()[:12]


@dataclass(frozen=True, slots=True)
class Position:
    """Where a page ended."""

    at: str | int
    """Sort key of the last invoice, a month that was gone through, or the last row of a file."""
    generation: str | None = None
    """Of a file's rows: the next page must not come from another generation."""


def cursor_of(search: Search, position: Position) -> str:
    """A position as an opaque text, safe in a URL."""
    content: dict[str, Any] = {"q": search.digest(), "at": position.at}
    if position.generation is not None:
        content["g"] = position.generation
    return base64.urlsafe_b64encode(json.dumps(content, separators=(",", ":")).encode()).decode().rstrip("=")


def position_of(search: Search, cursor: str) -> Position:
    """The position that a cursor tells; raises UsageError for what is no cursor of this search. It may be forged."""
    content = _content(cursor)
    if content is None:
        raise UsageError("The cursor is damaged; copy it whole, or list from the start without it.")
    if content.get("q") != search.digest():
        raise UsageError("The cursor is of a list with other filters; repeat those filters, or list from the start.")
    at, generation = content.get("at"), content.get("g")
    if search.file is None and isinstance(at, str) and _PLACE(at) and generation is None:
        return Position(at)
    if search.file is not None and type(at) is int and isinstance(generation, str) and _GENERATION(generation):
        return Position(min(max(at, 0), MAX_ROW), generation)
    raise UsageError("The cursor is damaged; copy it whole, or list from the start without it.")


def _content(cursor: str) -> dict[str, Any] | None:
    if len(cursor) > MAX_CURSOR or not cursor.isascii():
        return None
    try:
        content = json.loads(base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True))
    except (binascii.Error, ValueError, RecursionError):
        return None
    return content if isinstance(content, dict) else None
