"""Rows of a JSON document: an array of objects, or an object that holds exactly one, however deep."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from itertools import chain

from remessa.errors import Rejected
from remessa.pipelines.files.encoding import TextDecoder, detect_encoding
from remessa.pipelines.files.lines import Place
from remessa.pipelines.invoices.readers.object_rows import DECODER, LONG_INT_DECODER, Item, ObjectRows

MAX_VALUE = 8 * 1024 * 1024
"""Characters in one element, which is kept in memory and may take ten times as much there."""
MAX_DEPTH = 16
"""Levels of objects around the array. Answers of web services have one or two."""

_NEAR_END = 16
"""Characters from the text's end within which a token begins that the end cuts off; only strings are longer."""
_BATCH = 500
_MISSES = 3
_SPACE = re.compile(r"[ \t\r\n]*")
_COMMA = re.compile(r"[ \t\r\n]*,[ \t\r\n]*")
_COMMA_AND_OBJECT = re.compile(r"[ \t\r\n]*,[ \t\r\n]*\{")


def json_rows(raws: Iterable[bytes]) -> Iterator[Item]:
    """Yield a row for each object of the array, and a problem for each element that is none.

    Raises `Rejected` with line and column where the document breaks (rows before that have been yielded by then), and
    when it holds no array of objects or more than one.
    """
    return chain.from_iterable(_Document(_texts(raws)).batches())


def _texts(raws: Iterable[bytes]) -> Iterator[str]:
    decoder: TextDecoder | None = None
    for raw in raws:
        decoder = decoder or TextDecoder(detect_encoding(raw), tolerant=True)
        yield decoder.feed(raw)
    if decoder:
        yield decoder.feed(b"", final=True)


class _Text:
    """A window on the text, of which everything before `pos` has been read."""

    def __init__(self, texts: Iterator[str]) -> None:
        self._texts = texts
        self._place = Place()
        self.text = ""
        self.pos = 0

    def more(self) -> bool:
        """Make the window longer; whether there was more text. What has been read goes out of it."""
        piece = next(self._texts, None)
        if piece is None:
            return False
        self._place.advance(self.text[: self.pos])
        self.text = self.text[self.pos :] + piece
        self.pos = 0
        return True

    def peek(self) -> str:
        """The next character that is no white space, with `pos` on it; empty at the end."""
        while True:
            found = _SPACE.match(self.text, self.pos)
            self.pos = found.end() if found else self.pos
            if self.pos < len(self.text):
                return self.text[self.pos]
            if not self.more():
                return ""

    def value(self) -> object:
        """The value at `pos`."""
        decoder = DECODER
        while True:
            try:
                value, end = decoder.raw_decode(self.text, self.pos)
            except json.JSONDecodeError as error:
                if not self._may_be_cut_off(error) or not self.more():
                    raise self.broken(error.msg, error.pos) from None
                continue
            except RecursionError:
                message = f"The JSON is nested too deep, from {self.place(self.pos)} on. Flatten it."
                raise Rejected("json-too-deep", message) from None
            except ValueError:
                decoder = LONG_INT_DECODER
                continue
            if end == len(self.text) and not isinstance(value, (dict, list)) and self.more():
                continue  # a number may have more digits
            self.pos = end
            return value

    def place(self, pos: int) -> str:
        """Where in the document a position of the window is."""
        self._place.advance(self.text[: self.pos])
        self.text, pos, self.pos = self.text[self.pos :], pos - self.pos, 0
        place = self._place
        place.advance(self.text[:pos])
        return str(place)

    def broken(self, reason: str, pos: int) -> Rejected:
        """The error for a document that breaks at `pos` of the window."""
        advice = "Correct it there, or export the file again, and upload it."
        return Rejected("json-invalid", f"The JSON breaks at {self.place(pos)} ({reason}). {advice}")

    def _may_be_cut_off(self, error: json.JSONDecodeError) -> bool:
        if len(self.text) - self.pos > MAX_VALUE:
            message = f"A value is longer than {MAX_VALUE:,} characters, from {self.place(self.pos)} on. \
Keep large content in a file of its own."
            raise Rejected("json-value-too-long", message)
        return error.msg.startswith("Unterminated string") or len(self.text) - error.pos < _NEAR_END


class _Document(_Text):
    """A document in which the array of invoices is looked for, and read in batches."""

    def __init__(self, texts: Iterator[str]) -> None:
        super().__init__(texts)
        self._rows = ObjectRows()
        self._number = 1
        self._found: list[str] = []  # keys of the arrays of objects
        self._has_empty_array = False
        self._separator = ""  # what stands between two objects, brackets included, as the document writes it
        self._misses = 0

    def batches(self) -> Iterator[Iterable[Item]]:
        start = self.peek()
        if start == "[":
            self.pos += 1
            yield from self._elements()
        elif start == "{":
            yield from self._members(1)
            if not self._found and not self._has_empty_array:
                message = 'The JSON holds no array of objects. Write the invoices as [{...}, {...}] or \
{"invoices": [{...}, {...}]}.'
                raise Rejected("json-no-invoices", message)
        else:
            raise self.broken("Expecting '[' or '{'", self.pos)
        if self.peek():
            raise self.broken("Extra data", self.pos)

    def _members(self, depth: int) -> Iterator[Iterable[Item]]:
        """Pass over an object's members, but yield the rows of an array of objects among them."""
        self.pos += 1
        if self.peek() == "}":
            self.pos += 1
            return
        while True:
            if self.peek() != '"':
                raise self.broken("Expecting property name enclosed in double quotes", self.pos)
            key = str(self.value())
            if self.peek() != ":":
                raise self.broken("Expecting ':' delimiter", self.pos)
            self.pos += 1
            yield from self._member(key, depth)
            if self._is_last("}"):
                return

    def _member(self, key: str, depth: int) -> Iterator[Iterable[Item]]:
        start = self.peek()
        if start == "{" and depth < MAX_DEPTH:
            yield from self._members(depth + 1)
        elif start == "[":
            self.pos += 1
            first = self.peek()
            if first == "{":
                self._note_array(key)
                yield from self._elements()
            elif first == "]":
                self._has_empty_array = True
                self.pos += 1
            else:
                self.value()
                while not self._is_last("]"):
                    self.peek()
                    self.value()
        else:
            self.value()

    def _note_array(self, key: str) -> None:
        self._found.append("".join(char if char.isprintable() else "\ufffd" for char in key[:40]))
        if len(self._found) > 1:
            names = " and ".join(f'"{name}"' for name in self._found)
            message = f"The JSON holds more than one array of objects: {names}. Upload the one with the invoices only."
            raise Rejected("json-several-arrays", message)

    def _elements(self) -> Iterator[Iterable[Item]]:
        """Read an array from after its opening bracket to after its closing one."""
        if self.peek() == "]":
            self.pos += 1
            return
        while True:
            batch = self._whole_batch() or self._single_batch()
            numbers = range(self._number, self._number + len(batch))
            self._number += len(batch)
            yield self._rows.rows(batch, numbers)
            if self._is_last("]"):
                return

    def _is_last(self, closing: str) -> bool:
        """Pass over the comma, or the closing bracket, after a value."""
        found = self.peek()
        if found not in (",", closing) or not found:
            raise self.broken(f"Expecting ',' delimiter or '{closing}'", self.pos)
        self.pos += 1
        return found == closing

    def _whole_batch(self) -> list[object]:
        """All objects of the window that are surely whole, decoded at once; empty if that does not go.

        The last separator in the window is between two elements if, and only if, what is before it is a sound array
        once a bracket closes it: else it is part of a string or of something nested.
        """
        if not self._separator or self._misses >= _MISSES or self.peek() != "{":
            return []
        cut = self.text.rfind(self._separator, self.pos)
        if cut < 0 and self.more():
            cut = self.text.rfind(self._separator, self.pos)
        if cut < 0:
            return []
        try:
            batch: list[object] = DECODER.decode(f"[{self.text[self.pos : cut + 1]}]")
        except (ValueError, RecursionError):
            self._misses += 1
            return []
        self.pos = cut + 1
        return batch

    def _single_batch(self) -> list[object]:
        """Some elements, one or more, decoded one by one."""
        self.peek()
        batch = [self.value()]
        if not self._separator and (between := _COMMA_AND_OBJECT.match(self.text, self.pos)):
            self._separator = "}" + between[0]
            return batch
        while len(batch) < _BATCH and (comma := _COMMA.match(self.text, self.pos)):
            try:
                value, end = DECODER.raw_decode(self.text, comma.end())
            except (ValueError, RecursionError):  # cut off or broken, which the next batch's first value will show
                break
            if not isinstance(value, (dict, list)):
                break
            batch.append(value)
            self.pos = end
        return batch
