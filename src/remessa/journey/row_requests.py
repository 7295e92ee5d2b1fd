"""Rows as the requests of BatchWriteItem, in DynamoDB's own JSON: straight to text, with no boto3 between.

The format: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Programming.LowLevelAPI.html
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from json.encoder import encode_basestring_ascii as quote
from typing import TypeAlias

Value: TypeAlias = str | int | Mapping[str, str] | None
"""Text, a whole number, a map of texts; None leaves the attribute out, and the row out of an index on it."""

_LIMIT = 10**38
_ESCAPES = re.compile(r"\\\\|\\ud[89ab][0-9a-f]{2}\\ud[c-f][0-9a-f]{2}|\\ud[89a-f][0-9a-f]{2}")
_ESCAPE_LENGTH = 6


def put_request(fields: Mapping[str, Value]) -> str:
    """A request that writes an item, replacing the one of the same key.

    Half a surrogate pair, which a JSON file may hold and DynamoDB would refuse the whole batch for, becomes U+FFFD.
    Raises ValueError for a number of more than the 38 digits that DynamoDB keeps, TypeError for any other value.
    """
    return f'{{"PutRequest":{{"Item":{_attributes(fields)}}}}}'


def delete_request(key: Mapping[str, str | int]) -> str:
    """A request that deletes the item of this key, if there is one."""
    return f'{{"DeleteRequest":{{"Key":{_attributes(key)}}}}}'


def _attributes(fields: Mapping[str, Value]) -> str:
    parts = []
    for name, value in fields.items():
        if type(value) is str:  # by far the most; the exact type also keeps bool out of int below
            parts.append(f'{quote(name)}:{{"S":{quote(value)}}}')
        elif value is not None:
            parts.append(f"{quote(name)}:{_rarer(value)}")
    text = f"{{{','.join(parts)}}}"
    return _ESCAPES.sub(_whole, text) if "\\ud" in text else text


def _rarer(value: object) -> str:
    if type(value) is int:
        if not -_LIMIT < value < _LIMIT:
            raise ValueError("DynamoDB keeps numbers of 38 digits at most")
        return f'{{"N":"{value}"}}'
    if isinstance(value, Mapping):
        texts = ",".join([f'{quote(name)}:{{"S":{quote(text)}}}' for name, text in value.items()])
        return f'{{"M":{{{texts}}}}}'
    raise TypeError(f"a row holds text, whole numbers and maps of text, not {type(value).__name__}")


def _whole(escape: re.Match[str]) -> str:
    """A pair, or an escaped backslash, as it is; a half pair replaced."""
    text = escape[0]
    return "\\ufffd" if len(text) == _ESCAPE_LENGTH else text
