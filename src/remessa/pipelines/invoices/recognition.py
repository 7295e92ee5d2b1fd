"""Whether a file is one of invoices, told by its beginning: for whoever has to choose where it goes."""

from __future__ import annotations

import io
import struct
import zlib
from itertools import islice
from typing import BinaryIO

from remessa.errors import Rejected
from remessa.pipelines.invoices.conventions import conventions_of
from remessa.pipelines.invoices.readers import detect, open_rows
from remessa.pipelines.invoices.rows import RawRow
from remessa.pipelines.invoices.validate import require_invoices

_ROWS = 5
_ZIP_ENTRY = struct.Struct("<4s5H3L2H")
"""Of a zip's member, up to its name: APPNOTE.TXT 4.3.7."""
_DEFLATED = 8


class _Beginning:
    """The first bytes of a file, as a source."""

    name = ""

    def __init__(self, head: bytes) -> None:
        self._head = head
        self.size = len(head)

    def open(self, start: int = 0) -> BinaryIO:
        return io.BytesIO(self._head[start:])


def is_invoices(head: bytes) -> bool:
    """Whether a file that begins with `head`, 64 KB of it or all, has rows with the columns of an invoice."""
    try:
        if head.startswith(b"PK\x03\x04"):
            return detect(_first_member(head), len(head)) == "nfe"
        with open_rows(_Beginning(head)) as reading:
            rows = list(islice((row for row in reading.rows if isinstance(row, RawRow)), _ROWS))
            require_invoices(rows, conventions_of(rows))
            return bool(rows)
    except (Rejected, zlib.error, struct.error):
        return False


def _first_member(head: bytes) -> bytes:
    """The beginning of a zip's first file, as far as it is there."""
    fields = _ZIP_ENTRY.unpack_from(head)
    method, names = fields[3], fields[9] + fields[10]
    content = head[_ZIP_ENTRY.size + names :]
    return zlib.decompressobj(-zlib.MAX_WBITS).decompress(content, len(head)) if method == _DEFLATED else content
