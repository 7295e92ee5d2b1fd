"""One version of an object as a processor sees it: its name, its size, and streams that end in time."""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, BinaryIO, cast

from remessa.journey.faults import TooSlow
from remessa.journey.objects import Version
from remessa.journey.record import file_name


@dataclass(frozen=True, slots=True)
class ObjectSource:
    """One version of an object, as a processor sees it."""

    version: Version
    reopen: Callable[[Version, int], BinaryIO]
    late: Callable[[], bool]

    @property
    def name(self) -> str:
        """The last part of the key."""
        return file_name(self.version.key)

    @property
    def size(self) -> int:
        """Bytes."""
        return self.version.size

    def open(self, start: int = 0) -> BinaryIO:
        """A fresh stream from byte `start` on, which raises TooSlow when time is up."""
        return cast("BinaryIO", io.BufferedReader(_Punctual(self.reopen(self.version, start), self.late)))


class _Punctual(io.RawIOBase):
    """A stream that ends with TooSlow when the run has no time left, instead of dying with it in the middle."""

    def __init__(self, stream: BinaryIO, late: Callable[[], bool]) -> None:
        self._stream = stream
        self._late = late

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        if self._late():
            raise TooSlow("it was not read to its end within the function's time; it may be too large")
        chunk = self._stream.read(len(buffer))
        buffer[: len(chunk)] = chunk
        return len(chunk)

    def close(self) -> None:
        self._stream.close()
        super().close()
