"""XML: whether it is well-formed, and what its root is. A DOCTYPE is refused, and with it every entity trick."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NoReturn

from remessa.errors import Rejected
from remessa.pipelines.contract import Metadata
from remessa.pipelines.files.content import Content
from remessa.pipelines.files.problems import ProblemLog

if TYPE_CHECKING:
    from xml.parsers.expat import XMLParserType

MAX_DEPTH = 500
"""Levels of nesting. Expat keeps every open element in memory; an NF-e has eight levels."""
MAX_TOKEN = 8 * 1024 * 1024
"""Bytes in one tag, comment or the like, which expat keeps in memory until it ends."""
MAX_NAME = 200

_DECLARATION = "<?xml"
_TAG = re.compile(r"\s*<(?:[A-Za-z_]|!--)|\s*<!DOCTYPE\s+(?!html\b)", re.IGNORECASE)


def check(content: Content, problems: ProblemLog) -> Metadata:  # noqa: ARG001 - every format's check has this shape
    """Read an XML document. Raises `Rejected` for a DOCTYPE, and with line and column where it is not well-formed.

    It gets the bytes and not our text: the document itself says its encoding, and must keep to it.
    """
    from xml.parsers import expat  # here because only XML needs it

    # Not with a namespace separator: expat would copy a namespace's name into the name of every element, and a long one
    # in front of many elements would take hours.
    document = _Document(expat.ParserCreate())
    parser = document.parser
    try:
        for raw in content.raws():
            document.feed(raw)
        parser.Parse(b"", True)  # noqa: FBT003 - expat takes no keyword
    except expat.ExpatError as error:
        place = f"line {error.lineno}, column {error.offset + 1}"
        reason = expat.ErrorString(error.code) or "not well-formed"
        message = f"The XML breaks at {place} ({reason}). Correct it there, or export the file again, and upload it."
        raise Rejected("xml-invalid", message) from None
    except (LookupError, ValueError):
        message = "Line 1 declares an encoding that cannot be read. Save the file as UTF-8 and upload it again."
        raise Rejected("xml-invalid", message) from None
    return document.metadata()


def is_declared_xml(sample: str) -> bool:
    """Whether a text says of itself that it is XML."""
    return sample.startswith(_DECLARATION)


def resembles_xml(sample: str) -> bool:
    """Whether a text of unknown kind starts as XML does. HTML with its DOCTYPE is left to be text."""
    return is_declared_xml(sample) or _TAG.match(sample) is not None


class _Document:
    def __init__(self, parser: XMLParserType) -> None:
        self.parser = parser
        self._fed = 0
        self._depth = 0
        self._elements = 0
        self._root = ""
        self._namespace = ""
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.StartDoctypeDeclHandler = self._doctype

    def feed(self, raw: bytes) -> None:
        self.parser.Parse(raw, False)  # noqa: FBT003 - expat takes no keyword
        self._fed += len(raw)
        if self._fed - max(self.parser.CurrentByteIndex, 0) > MAX_TOKEN:
            message = f"A tag or comment is longer than {MAX_TOKEN:,} bytes, from {self._place()} on. Shorten it."
            raise Rejected("xml-token-too-long", message)

    def metadata(self) -> Metadata:
        found: Metadata = {"rootElement": self._root, "elementCount": self._elements}
        return {**found, "namespace": self._namespace} if self._namespace else found

    def _place(self) -> str:
        return f"line {self.parser.CurrentLineNumber}, column {self.parser.CurrentColumnNumber + 1}"

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        if not self._elements:
            prefix, _, local = name.rpartition(":")
            self._root = local[:MAX_NAME]
            self._namespace = attributes.get(f"xmlns:{prefix}" if prefix else "xmlns", "")[:MAX_NAME]
        self._elements += 1
        self._depth += 1
        if self._depth > MAX_DEPTH:
            message = f"The XML is nested more than {MAX_DEPTH} levels deep at {self._place()}. Flatten it."
            raise Rejected("xml-too-deep", message)

    def _end(self, _name: str) -> None:
        self._depth -= 1

    def _doctype(self, *_declaration: object) -> NoReturn:
        message = f"The XML has a DOCTYPE at {self._place()}, which is not accepted because it can make a small file \
expand without end. Remove the DOCTYPE and upload the file again."
        raise Rejected("xml-doctype", message)
