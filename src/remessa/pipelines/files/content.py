"""One reading of a file: everything that looks at the content sees it go by here, once."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from functools import cached_property
from types import TracebackType
from typing import Self

from remessa.pipelines.contract import Source
from remessa.pipelines.files.encoding import TextDecoder, detect_encoding
from remessa.pipelines.files.lines import Place

HEAD = 64 * 1024
"""Bytes by which the type, the encoding and the delimiter are told."""
CHUNK = 256 * 1024
"""Bytes read at a time, and so the most characters in one piece."""


class Content:
    """The content of a source, read once from start to end while it is hashed, decoded and its lines counted.

    Use as a context manager. A check takes `texts()` or `raws()`, as far as it likes; `finish()` reads the rest.
    All of them raise `NotText` when the content turns out not to be text; `finish_as_bytes()` then still gives the
    hash of the whole.
    """

    def __init__(self, source: Source) -> None:
        self._source = source
        self._stream = source.open()
        self._digest = hashlib.sha256()
        self._place = Place()
        self.head = self._next_bytes(HEAD)
        self._decoder = TextDecoder(detect_encoding(self.head))
        self._pieces = self._read()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stream.close()

    @property
    def encoding(self) -> str:
        """The encoding found so far; final after `finish()`."""
        return self._decoder.encoding

    @property
    def line_count(self) -> int:
        """Lines read so far; final after `finish()`."""
        return self._place.line_count

    @property
    def sha256(self) -> str:
        """Hash of what was read so far, in hexadecimal; final after `finish()` or `finish_as_bytes()`."""
        return self._digest.hexdigest()

    @cached_property
    def is_all_in_head(self) -> bool:
        """Whether the head is the whole file."""
        return len(self.head) < HEAD

    @cached_property
    def sample(self) -> str:
        """The text of the head, without the line that the head cuts off. Raises `NotText`."""
        text = TextDecoder(detect_encoding(self.head)).feed(self.head, final=self.is_all_in_head)
        last_end = max(text.rfind("\n"), text.rfind("\r"))
        return text if self.is_all_in_head or last_end < 0 else text[: last_end + 1]

    def texts(self) -> Iterator[str]:
        """The text, in pieces that are never empty."""
        for _, text in self._pieces:
            if text:
                yield text

    def raws(self) -> Iterator[bytes]:
        """The bytes, in pieces that are never empty."""
        for raw, _ in self._pieces:
            if raw:
                yield raw

    def finish(self) -> None:
        """Read what is left."""
        for _ in self._pieces:
            pass

    def finish_as_bytes(self) -> None:
        """Read what is left, as bytes without meaning."""
        while self._next_bytes(CHUNK):
            pass

    def reread(self) -> Content:
        """The same content from the start, which costs another request: to tell where an error is."""
        return Content(self._source)

    def _read(self) -> Iterator[tuple[bytes, str]]:
        raw = self.head
        while raw:
            yield raw, self._decode(raw)
            raw = self._next_bytes(CHUNK)
        yield b"", self._decode(b"", final=True)

    def _decode(self, raw: bytes, *, final: bool = False) -> str:
        text = self._decoder.feed(raw, final=final)
        self._place.advance(text)
        return text

    def _next_bytes(self, size: int) -> bytes:
        """The next `size` bytes, fewer only at the end of the file: a stream may answer with less than asked."""
        parts: list[bytes] = []
        while size and (part := self._stream.read(size)):
            parts.append(part)
            size -= len(part)
        raw = b"".join(parts)
        self._digest.update(raw)
        return raw
