"""Parts of one file that hold the same invoice: the first row counts, as in a file that is read by one run.

Each part leaves behind which invoices it holds, as digests. Whoever puts the parts together looks for those that two
of them hold. Both wrote the same item and both counted it, so the first row is written again, and what the later ones
added to the totals is taken off by items of its own. All of it is repeatable.
"""

from __future__ import annotations

import heapq
import struct
from array import array
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from hashlib import blake2b
from typing import NamedTuple

from remessa.pipelines.contract import Rows
from remessa.pipelines.invoices.rows import Invoice

_ENTRY = struct.Struct("<QQ")
_DIGEST_BYTES = 8
"""Of a million invoices, two share a digest of so many bytes with a probability of 1 in 36 million."""


class Held:
    """Which invoices a part holds, and in which rows."""

    def __init__(self) -> None:
        self._digests = array("Q")
        self._lines = array("Q")

    def add(self, invoice: Invoice) -> None:
        """Note one."""
        digest = blake2b(invoice.invoice_id.encode(errors="backslashreplace"), digest_size=_DIGEST_BYTES).digest()
        self._digests.append(int.from_bytes(digest, "little"))
        self._lines.append(invoice.line)

    def packed(self) -> bytes:
        """As bytes, in the order of the digests: what the other parts' are merged with."""
        return b"".join(_ENTRY.pack(*entry) for entry in sorted(zip(self._digests, self._lines, strict=True)))


class Repeated(NamedTuple):
    """Rows of one file that tell of an invoice which another part of it tells of as well, by their part."""

    firsts: dict[int, set[int]]
    """Lines that count."""
    later: dict[int, dict[int, int]]
    """Lines that do not, and the line that does instead."""


def repeated(held: Sequence[bytes]) -> Repeated:
    """What the parts, in their order, have in common."""
    firsts: defaultdict[int, set[int]] = defaultdict(set)
    later: defaultdict[int, dict[int, int]] = defaultdict(dict)
    previous, first_part, first_line = -1, 0, 0
    for digest, line, part in heapq.merge(*(_entries(packed, part) for part, packed in enumerate(held))):
        if digest != previous:
            previous, first_part, first_line = digest, part, line
            continue
        firsts[first_part].add(first_line)
        later[part][line] = first_line
    return Repeated(dict(firsts), dict(later))


def rows_at(rows_of: Callable[[int], Rows], lines: dict[int, set[int]]) -> Iterator[tuple[int, Invoice]]:
    """Invoices at certain lines of certain parts, read again; with their part."""
    for part, wanted in lines.items():
        for invoice in rows_of(part):
            if invoice.line in wanted:
                yield part, invoice


def _entries(packed: bytes, part: int) -> Iterator[tuple[int, int, int]]:
    # Equal digests come in the order of their lines, and so does whichever part holds the earlier line.
    for digest, line in _ENTRY.iter_unpack(packed):
        yield digest, line, part
