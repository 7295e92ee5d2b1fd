r"""Physical lines: counting them, and cutting text into them.

A line ends at `\n`, `\r\n` or a lone `\r`. A last line without an end counts.
"""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator


class Place:
    """How far into a text we are, fed piece by piece; the pieces may be cut anywhere."""

    def __init__(self) -> None:
        self._ends = 0
        self._column = 0
        self._after_return = False

    def advance(self, text: str) -> None:
        """Move past `text`."""
        if not text:
            return
        self._ends += text.count("\n")
        if "\r" in text:
            self._ends += text.count("\r") - text.count("\r\n")
        if self._after_return and text[0] == "\n":
            self._ends -= 1  # the second half of a line end that was counted at its first half
        self._after_return = text[-1] == "\r"
        last_end = max(text.rfind("\n"), text.rfind("\r"))
        self._column = self._column + len(text) if last_end < 0 else len(text) - last_end - 1

    @property
    def line_count(self) -> int:
        """Lines so far, the unfinished one included."""
        return self._ends + (1 if self._column else 0)

    def __str__(self) -> str:
        return f"line {self._ends + 1}, column {self._column + 1}"


def whole_lines(texts: Iterable[str], limit: int) -> Iterator[list[str]]:
    """Yield the lines of a text, with their ends, in non-empty lists.

    Of a line longer than `limit` characters only some of the beginning and end come, more than `limit` in all and
    bounded; it is always the first of its list. `limit` must be greater than the length of any piece in `texts`.
    """
    tail = ""
    for text in texts:
        text = tail + text
        # A return at the very end may be half a line end.
        cut = max(text.rfind("\n"), text.rfind("\r", 0, -1)) + 1
        if cut:
            yield list(io.StringIO(text[:cut], newline=""))
        tail = text[cut:]
        if len(tail) > limit:
            tail = tail[:limit] + tail[-1]
    if tail:
        yield [tail]
