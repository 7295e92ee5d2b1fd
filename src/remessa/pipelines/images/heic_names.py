"""A look at the names in a HEIC file before pi-heif sees them.

It takes every item's type for text, and when it is none (one flipped bit is enough) the whole process dies of it, with
all the files that it works on.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TypeAlias

Span: TypeAlias = tuple[int, int]
"""Where something begins and ends in the file."""


def check_names(data: bytes | bytearray) -> None:
    """Raise ValueError when an item's type or name is no text, or the boxes around it are malformed."""
    for kind, (start, end) in _boxes(data, (0, len(data))):
        if kind == b"meta":
            for inner, (at, inner_end) in _boxes(data, (start + 4, end)):
                if inner == b"iinf":
                    _check_items(data, (at, inner_end))


def _check_items(data: bytes | bytearray, span: Span) -> None:
    """ISO/IEC 14496-12, 8.11.6: version, flags, the number of items, and a box for each."""
    start, end = span
    counted = 6 if data[start : start + 1] == b"\0" else 8
    for kind, (at, item_end) in _boxes(data, (start + counted, end)):
        if kind == b"infe":
            names = at + (8 if data[at : at + 1] < b"\3" else 10)
            bytes(data[names:item_end]).decode("utf-8")


def _boxes(data: bytes | bytearray, span: Span) -> Iterator[tuple[bytes, Span]]:
    """The boxes one after another, each with where its content is (ISO/IEC 14496-12, 4.2)."""
    at, end = span
    while at + 8 <= end:
        size, start = int.from_bytes(data[at : at + 4], "big"), at + 8
        if size == 1:
            size, start = int.from_bytes(data[start : start + 8], "big"), at + 16
        after = end if size == 0 else at + size
        if not start <= after:
            raise ValueError("a box is shorter than its own header")
        yield bytes(data[at + 4 : at + 8]), (start, min(after, end))
        at = after
