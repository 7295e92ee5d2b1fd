"""Which encoding a text is in, and decoding it piece by piece.

The rule: a byte order mark decides; else many NULs on one side of each pair mean UTF-16; else UTF-8; and from the
first byte that is not UTF-8 on, cp1252 (the encoding of older Windows programs), however late that byte comes. Text
read before the switch stays as it was read: line ends, delimiters and quotes are the same bytes in both.
"""

from __future__ import annotations

import codecs
import re

_BOMS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))

_TEXT_CONTROLS = b"\a\b\t\n\f\r\x1b\x1a"
"""What file(1) takes for text (https://github.com/file/file/blob/master/src/encoding.c), and the Ctrl-Z with which
DOS programs and bank files (CNAB) end a file."""
_CONTROLS = bytes(code for code in range(32) if code not in _TEXT_CONTROLS)
_FIRST_CONTROL = re.compile("[" + "".join(rf"\x{code:02x}" for code in _CONTROLS) + "]")
_FIRST_CONTROL_BYTE = re.compile(_FIRST_CONTROL.pattern.encode())


class NotText(Exception):
    """The bytes are no text in any encoding we read; `offset` counts the bytes before the first that shows it."""

    def __init__(self, offset: int) -> None:
        super().__init__(f"not text at byte {offset}")
        self.offset = offset


def detect_encoding(head: bytes) -> str:
    """The encoding to start reading with: `utf-8`, `utf-8-sig`, `utf-16-le` or `utf-16-be`."""
    for bom, name in _BOMS:
        if head.startswith(bom):
            return name
    pairs = len(head) // 2
    even, odd = head[0 : 2 * pairs : 2].count(0), head[1 : 2 * pairs : 2].count(0)
    # Latin text in UTF-16 has a NUL in almost every pair, on one side only; a third leaves room for other scripts.
    if pairs and odd * 3 > pairs and even * 10 < odd:
        return "utf-16-le"
    if pairs and even * 3 > pairs and odd * 10 < even:
        return "utf-16-be"
    return "utf-8"


class TextDecoder:
    """Turns bytes, in pieces of any size, into text. The same bytes give the same text however they are cut.

    A tolerant decoder never raises `NotText`: control characters come through, and what is no character in UTF-16
    becomes U+FFFD. `at_start` says that the bytes are the beginning of a file, where a byte order mark is no text.
    """

    def __init__(self, encoding: str, *, tolerant: bool = False, at_start: bool = True) -> None:
        self.encoding = encoding
        """The encoding found so far: becomes `cp1252` when UTF-8 turns out wrong."""
        self._wide = encoding.startswith("utf-16")
        self._tolerant = tolerant
        replaces = encoding == "cp1252" or (self._wide and tolerant)
        decoder = codecs.getincrementaldecoder(encoding.removesuffix("-sig"))
        self._decoder = decoder("replace" if replaces else "strict")
        self._fed = 0
        self._at_start = at_start

    def feed(self, data: bytes, *, final: bool = False) -> str:
        """The text of the next bytes; `final` says that no more will come. Raises `NotText`."""
        text = self._decode_wide(data, final=final) if self._wide else self._decode_narrow(data, final=final)
        self._fed += len(data)
        if self._at_start and text:
            self._at_start = False
            return text.removeprefix("\ufeff")
        return text

    def _decode_wide(self, data: bytes, *, final: bool) -> str:
        start = self._fed - len(self._decoder.getstate()[0])
        try:
            text = self._decoder.decode(data, final)
        except UnicodeDecodeError as error:
            raise NotText(start + error.start) from None
        if not self._tolerant and (control := _FIRST_CONTROL.search(text)):
            raise NotText(start + len(text[: control.start()].encode(self.encoding)))
        return text

    def _decode_narrow(self, data: bytes, *, final: bool) -> str:
        if not self._tolerant:
            self._refuse_controls(data)
        try:
            return self._decoder.decode(data, final)
        except UnicodeDecodeError as error:
            # cp1252 leaves five bytes undefined. They become U+FFFD: a text from DOS has some, and still has its lines.
            self.encoding = "cp1252"
            self._decoder = codecs.getincrementaldecoder("cp1252")("replace")
            return error.object[: error.start].decode() + self._decoder.decode(error.object[error.start :], final)

    def _refuse_controls(self, data: bytes) -> None:
        # Four times as fast as the search, which only has to tell where.
        if len(data.translate(None, _CONTROLS)) != len(data) and (control := _FIRST_CONTROL_BYTE.search(data)):
            raise NotText(self._fed + control.start())
