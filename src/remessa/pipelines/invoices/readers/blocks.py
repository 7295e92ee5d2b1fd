"""Whole lines with their place in the file: what CSV and NDJSON are read, and cut into parts, by."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import BinaryIO, NamedTuple

from remessa.pipelines.files.encoding import TextDecoder

HEAD = 64 * 1024
"""Bytes by which the format, the encoding and the header are told."""
BLOCK = 256 * 1024
"""Bytes read at a time. Even, so that no UTF-16 unit is cut."""
MAX_LINE = 1024 * 1024
"""Bytes in one line. An NF-e's longest field has 5,000 characters; a whole invoice as one line has a few thousand."""


class Block(NamedTuple):
    """Some whole lines of a file, or one line that is too long to be kept."""

    text: str
    """The lines with their ends; empty for a line that is too long."""
    end: int
    """Offset in bytes of what follows in the file."""
    encoding: str
    """The encoding found by then, with which what follows can be read."""


def pieces(stream: BinaryIO, length: int | None = None, size: int = BLOCK) -> Iterator[bytes]:
    """The next `length` bytes (all there are, without it) in pieces of exactly `size`, but for the last."""
    left = length
    while left is None or left > 0:
        piece = _read_exactly(stream, size if left is None else min(size, left))
        if not piece:
            return
        yield piece
        left = None if left is None else left - len(piece)


def blocks(raws: Iterable[bytes], decoder: TextDecoder, offset: int = 0, limit: int = MAX_LINE) -> Iterator[Block]:
    r"""Yield the lines of `raws`, whose first byte is at `offset` of the file, in blocks of whole lines.

    A line ends at `\n`, `\r\n` or a lone `\r`. No piece may be longer than `limit`, and all but the last are of even
    length. The decoder must be tolerant. What the lines are does not depend on how the bytes were cut.
    """
    ends = _LineEnds(decoder.encoding)
    tail, lost = b"", 0
    for raw in raws:
        whole = tail + raw
        cut = ends.last(whole)
        if cut:
            yield from _cut(whole[:cut], lost, decoder, offset, limit, ends)
            offset, lost = offset + lost + cut, 0
        tail = whole[cut:]
        if (
            len(tail) > limit + 4
        ):  # of such a line only a beginning is kept, and the last unit, which may be half an end
            lost += len(tail) - (limit + 4)
            tail = tail[: limit + 2] + tail[-2:]
    if tail:
        yield from _cut(tail, lost, decoder, offset, limit, ends)


def _cut(raw: bytes, lost: int, decoder: TextDecoder, offset: int, limit: int, ends: _LineEnds) -> Iterator[Block]:
    """Decode whole lines, of which only the first may be too long; `lost` bytes were left out of that one."""
    end = offset + lost + len(raw)
    if len(raw) > limit and (first := ends.first(raw)) > limit:
        yield Block("", end - (len(raw) - first), decoder.encoding)
        raw = raw[first:]
    if raw:
        text = decoder.feed(raw)
        yield Block(text, end, decoder.encoding)


class _LineEnds:
    """Finds line ends in bytes, at whole units of the encoding."""

    def __init__(self, encoding: str) -> None:
        codec = encoding.removesuffix("-sig")
        self._feed, self._return = "\n".encode(codec), "\r".encode(codec)
        self._unit = len(self._feed)

    def last(self, raw: bytes) -> int:
        """Length of `raw` up to and with its last line end that is surely whole; 0 when there is none."""
        # A return at the very end may be half a line end.
        place = max(
            self._find_last(raw, self._feed, len(raw)), self._find_last(raw, self._return, len(raw) - self._unit)
        )
        return place + self._unit if place >= 0 else 0

    def first(self, raw: bytes) -> int:
        """Length of `raw` up to and with its first line end; all of it when there is none."""
        places = [place for end in (self._feed, self._return) if (place := self._find_first(raw, end)) >= 0]
        if not places:
            return len(raw)
        after = min(places) + self._unit
        is_pair = raw[min(places) : after] == self._return and raw[after : after + self._unit] == self._feed
        return after + self._unit if is_pair else after

    def _find_last(self, raw: bytes, wanted: bytes, end: int) -> int:
        place = raw.rfind(wanted, 0, max(end, 0))
        while place > 0 and place % self._unit:
            place = raw.rfind(wanted, 0, place + self._unit - 1)
        return place

    def _find_first(self, raw: bytes, wanted: bytes) -> int:
        place = raw.find(wanted)
        while place > 0 and place % self._unit:
            place = raw.find(wanted, place + 1)
        return place


def _read_exactly(stream: BinaryIO, size: int) -> bytes:
    """The next `size` bytes, fewer only at the end: a stream may answer with less than it was asked for."""
    parts: list[bytes] = []
    while size and (part := stream.read(size)):
        parts.append(part)
        size -= len(part)
    return b"".join(parts)
