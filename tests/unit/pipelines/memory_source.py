"""A source kept in memory, or made while it is read, for the tests of pipelines."""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import BinaryIO, cast

from remessa.pipelines.contract import Outcome
from remessa.pipelines.files import process


class MemorySource:
    """A source that counts how often it is opened and answers every read with `step` bytes at most."""

    def __init__(self, name: str, content: bytes, step: int = 1 << 20) -> None:
        self.name = name
        self.content = content
        self.step = step
        self.opens = 0

    @property
    def size(self) -> int:
        """Length in bytes."""
        return len(self.content)

    def open(self, start: int = 0) -> BinaryIO:
        """A stream that cannot seek."""
        self.opens += 1
        return cast("BinaryIO", _ShortReads(io.BytesIO(self.content[start:]), self.step))


class _ShortReads(io.RawIOBase):
    def __init__(self, stream: io.BytesIO, step: int) -> None:
        self._stream = stream
        self._step = step

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1, /) -> bytes:
        return self._stream.read(self._step if size < 0 else min(size, self._step))


class LazySource:
    """A source of any length, whose blocks are made while it is read and never kept."""

    def __init__(self, name: str, *parts: tuple[bytes, int]) -> None:
        self.name = name
        self._parts = parts
        self.size = sum(len(block) * times for block, times in parts)

    def open(self, start: int = 0) -> BinaryIO:
        """A stream that cannot seek; only from the beginning."""
        assert start == 0
        return cast("BinaryIO", _Lazy(block for block, times in self._parts for _ in range(times)))


class _Lazy(io.RawIOBase):
    def __init__(self, blocks: Iterator[bytes]) -> None:
        self._blocks = blocks
        self._rest = b""

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1, /) -> bytes:
        self._rest = self._rest or next(self._blocks, b"")
        answer, self._rest = self._rest[:size], self._rest[size:]
        return answer


def outcome_of(name: str, content: bytes | str, step: int = 1 << 20) -> Outcome:
    """What the pipeline `files` makes of a file; text goes in as UTF-8."""
    return process(MemorySource(name, content.encode() if isinstance(content, str) else content, step))
