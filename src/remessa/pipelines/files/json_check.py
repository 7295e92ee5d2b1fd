"""JSON (RFC 8259): whether it is well-formed, where it breaks, and how many things it holds."""

from __future__ import annotations

import re
from collections.abc import Generator
from typing import Any

from remessa.errors import Rejected
from remessa.pipelines.contract import Metadata
from remessa.pipelines.files.content import Content
from remessa.pipelines.files.lines import Place
from remessa.pipelines.files.problems import ProblemLog

MAX_DEPTH = 500
"""Levels of nesting; the RFC lets a parser set a limit. Real documents have about ten."""
MAX_VALUE = 8 * 1024 * 1024
"""Characters from the end of one value to the end of the next: the parser keeps an unfinished string in memory."""
MAX_DIGITS = 1000
_STEPS = (4096, 64, 1)

_DIGITS = "0123456789"
_LONG_NUMBER = re.compile(f"(?<![0-9])[0-9]{{{MAX_DIGITS},}}")
_LONG_NUMBER_SAMPLED = re.compile("[0-9]{9}")
_SHAPES = {"start_map": "object", "start_array": "array", "string": "string", "number": "number", "boolean": "boolean"}
_OPENINGS = frozenset({"start_map", "start_array"})
_PLAIN = frozenset({"map_key", "string", "number", "boolean", "null"})
_ITEMS = {"start_map": frozenset({"map_key"}), "start_array": frozenset({*_SHAPES, "null"})}
"""What opens the document → the events that stand for one of its items, directly below it."""


def check(content: Content, problems: ProblemLog) -> Metadata:  # noqa: ARG001 - every format's check has this shape
    """Read one JSON document. Raises `Rejected` with the line and column where it breaks."""
    document = _Document()
    intact = 0
    try:
        for text in content.texts():
            document.feed(text)
            intact += len(text)
        document.finish()
    except _Broken as broken:
        place = _place_of_error(content, intact)
        raise Rejected(broken.code, f"{broken.reason} at {place}. {broken.advice}") from None
    return document.metadata()


def resembles_json(sample: str) -> bool:
    """Whether a text of unknown kind starts as a JSON object or array does, as far as the sample goes."""
    if not sample.lstrip().startswith(("{", "[")):
        return False
    try:
        _Document().feed(sample)
    except _Broken:
        return False
    return True


class _Broken(Exception):
    def __init__(self, code: str, reason: str, advice: str) -> None:
        super().__init__(code)
        self.code = code
        self.reason = reason
        self.advice = advice


class _Document:
    """A JSON document, fed piece by piece; raises `_Broken` at the piece in which it breaks."""

    def __init__(self) -> None:
        import ijson  # type: ignore[import-untyped]  # here because only JSON needs it

        self._shape = "null"
        self._items = 0
        self._has_moved = False
        self._since_moved = 0
        self._has_begun = False
        self._last = ""
        self._digits = 0  # how many the text so far ends in
        self._errors = ijson.JSONError
        target = self._count()
        next(target)
        # By name: the pure Python parser, which ijson falls back to, has other rules.
        self._parser = ijson.get_backend("yajl2_c").basic_parse_coro(target)

    def feed(self, text: str) -> None:
        """Take the next piece of text."""
        self._has_moved = False
        self._last = text[-1:]
        # The parser takes a form feed for white space, which JSON does not. A NUL it refuses, at the same place.
        self._parse(self._without_long_numbers(text).replace("\f", "\0").encode())
        self._since_moved = 0 if self._has_moved else self._since_moved + len(text)
        if self._since_moved > MAX_VALUE:
            reason = f"A value is longer than {MAX_VALUE:,} characters"
            raise _Broken("json-value-too-long", reason, "Keep large content in a file of its own.")

    def finish(self) -> None:
        """No more text comes."""
        if self._has_begun:
            # yajl 2 overlooks a string that begins after the document and never ends: `[1]"`. A quotation mark ends
            # it, which is then an error, and in a sound document only begins one. A last backslash would escape it.
            self._parse(b'""' if self._last == "\\" else b'"')
        self._parse(None)

    def metadata(self) -> Metadata:
        counts = {"itemCount": self._items} if self._shape in ("object", "array") else {}
        return {"jsonShape": self._shape, **counts}

    def _without_long_numbers(self, text: str) -> str:
        """The text with shorter runs of digits, which means the same to us as no value is looked at.

        ijson 3.6 ends the whole process with a segmentation fault at an integer of more than 4,300 digits, which Python
        refuses to convert (https://docs.python.org/3/library/stdtypes.html#int-max-str-digits).
        """
        if self._digits >= MAX_DIGITS:
            text = text.lstrip(_DIGITS)
        # Every hundredth character shows a long run ten times over; looking at all of them halves the speed.
        if _LONG_NUMBER_SAMPLED.search(text[::100]):
            text = _LONG_NUMBER.sub(lambda run: run[0][:MAX_DIGITS], text)
        digits = len(text) - len(text.rstrip(_DIGITS))
        self._digits = digits if digits < len(text) else self._digits + digits
        return text

    def _parse(self, data: bytes | None) -> None:
        try:
            if data is None:
                self._parser.close()
            elif data:  # nothing would mean the end
                self._parser.send(data)
        except self._errors as error:
            # Only the first line: the parser quotes the file in the others.
            reason = str(error).partition("\n")[0].rstrip(".")
            advice = "Correct it there, or export the file again, and upload it."
            raise _Broken("json-invalid", f"The JSON breaks ({reason})", advice) from None
        except UnicodeDecodeError:
            # https://www.rfc-editor.org/rfc/rfc8259#section-8.2 lets a parser do as it likes with these.
            reason = "A \\u escape stands for half a character"
            raise _Broken("json-lone-surrogate", reason, "Write the character itself, in UTF-8.") from None
        except ArithmeticError:
            # decimal.InvalidOperation, for an exponent of more than eighteen digits
            reason = "A number has too large an exponent"
            raise _Broken("json-number-too-large", reason, "Write it as a text, in quotation marks.") from None

    def _count(self) -> Generator[None, tuple[str, Any], None]:
        event, _ = yield
        self._has_begun = True
        self._shape = _SHAPES.get(event, "null")
        items = _ITEMS.get(event, frozenset())
        depth = 0
        while True:
            if depth == 1 and event in items:
                self._items += 1
            if event in _PLAIN:
                pass
            elif event in _OPENINGS:
                depth += 1
                if depth > MAX_DEPTH:
                    reason = f"The JSON is nested more than {MAX_DEPTH} levels deep"
                    raise _Broken("json-too-deep", reason, "Flatten it, or export it from the program that made it.")
            else:
                depth -= 1
            self._has_moved = True
            event, _ = yield


def _place_of_error(content: Content, intact: int) -> Place:
    """Where the document breaks, somewhere in the piece after the first `intact` characters.

    The parser does not tell, so the content is read again by three parsers: each goes on in smaller steps from where
    the one before it broke. (Single steps all along would take hours inside a long string, of which the parser looks
    at every character again at every step.)
    """
    place = Place()
    documents = [_Document() for _ in _STEPS]
    with content.reread() as again:
        for text in again.texts():
            sound = min(intact, len(text))
            for document, step in zip(documents, _STEPS, strict=True):
                document.feed(text[:sound])
                if intact < len(text):
                    sound = _feed_until_broken(document, text, sound, step)
            place.advance(text[:sound])
            if intact < len(text):
                break
            intact -= len(text)
    return place


def _feed_until_broken(document: _Document, text: str, sound: int, step: int) -> int:
    """How many characters of `text` are sound, to a multiple of `step`, given that the first `sound` are."""
    try:
        while sound < len(text):
            document.feed(text[sound : sound + step])
            sound += step
    except _Broken:
        return sound
    return len(text)
