"""Rows as DynamoDB's JSON, whatever their text is."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from remessa.journey.row_requests import Value, delete_request, put_request

_texts_of_any_kind = st.text(st.characters(exclude_categories=())) | st.text('\\"ud8ãfcab\ud83d\ude00', max_size=12)
_values = st.none() | _texts_of_any_kind | st.integers(-(10**38) + 1, 10**38 - 1)


@given(st.dictionaries(_texts_of_any_kind, _values | st.dictionaries(_texts_of_any_kind, _texts_of_any_kind)))
def test_a_request_says_what_the_row_says(fields: dict[str, Value]) -> None:
    """In DynamoDB's types; halves of surrogate pairs are replaced, whatever stands around them."""
    request = put_request(fields)
    expected = {_mended(name): _typed(value) for name, value in fields.items() if value is not None}
    assert json.loads(request)["PutRequest"]["Item"] == expected
    assert request.isascii()


def _mended(text: str) -> str:
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


def _typed(value: Value) -> dict[str, object]:
    if isinstance(value, str):
        return {"S": _mended(value)}
    if isinstance(value, int):
        return {"N": str(value)}
    return {"M": {_mended(name): {"S": _mended(text)} for name, text in (value or {}).items()}}


@pytest.mark.parametrize(
    ("value", "error"), [(10**38, ValueError), (1.5, TypeError), (True, TypeError), ([], TypeError)]
)
def test_what_a_row_cannot_hold(value: Value, error: type[Exception]) -> None:
    """It is refused here, not by DynamoDB together with 24 others."""
    with pytest.raises(error):
        put_request({"total": value})


def test_a_delete_names_its_key() -> None:
    """Text and numbers, as keys are."""
    request = delete_request({"InvoiceId": "INV#1", "row": 2})
    assert json.loads(request) == {"DeleteRequest": {"Key": {"InvoiceId": {"S": "INV#1"}, "row": {"N": "2"}}}}
