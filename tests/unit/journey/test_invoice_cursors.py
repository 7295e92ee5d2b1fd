"""Cursors of lists of invoices: opaque, and worth nothing when forged."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.invoice_table import ACME, ANA, SHARDS, Shelf

from remessa.errors import UsageError
from remessa.journey.invoices.queries import Invoices
from remessa.journey.invoices.search import Search, cursor_of, position_of

ONE = "1" * 32
searches = st.builds(
    Search, st.sampled_from([None, ACME]), st.sampled_from([None, ANA]), file=st.sampled_from([None, ONE])
)


def _forged(content: Any) -> str:
    return base64.urlsafe_b64encode(json.dumps(content).encode()).decode()


_DIGEST = Search().digest()


@pytest.mark.parametrize(
    "cursor",
    [
        "x",
        "é",
        "a" * 10_000,
        "[" * 300,
        _forged(None),
        _forged([1]),
        _forged({"q": _DIGEST}),
        _forged({"q": _DIGEST, "at": 7}),
        _forged({"q": _DIGEST, "at": "2026-05-31"}),
        _forged({"q": _DIGEST, "at": "2026-05\n"}),
        _forged({"q": _DIGEST, "at": "2026-05", "g": "1-0"}),
        _forged({"q": Search(file=ONE).digest(), "at": True, "g": "1-0"}),
        cursor_of(Search(issuer=ACME), position_of(Search(), _forged({"q": _DIGEST, "at": "2026-05"}))),
    ],
)
def test_cursors_may_be_forged(cursor: str) -> None:
    """What is no cursor of this very search is refused in plain words, and reads nothing."""
    shelf = Shelf()
    for search in (Search(), Search(file=ONE)):
        with pytest.raises(UsageError, match="cursor"):
            Invoices(shelf.invoices, shelf.records, shards=SHARDS).page(search, cursor=cursor)
    assert shelf.invoices.queries == 0


@given(searches, st.text() | st.binary().map(lambda noise: base64.urlsafe_b64encode(noise).decode()))
def test_noise_is_no_cursor(search: Search, noise: str) -> None:
    """Nothing but UsageError ever comes of it."""
    with pytest.raises(UsageError):
        position_of(search, noise)
