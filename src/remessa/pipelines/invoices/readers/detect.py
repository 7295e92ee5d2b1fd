"""What a file of invoices is, by its first bytes and never by its name."""

from __future__ import annotations

import json
import re
from typing import Literal, TypeAlias

from remessa.errors import Rejected
from remessa.pipelines.files.encoding import TextDecoder, detect_encoding
from remessa.pipelines.files.signatures import OCTET_STREAM, binary_media_type
from remessa.pipelines.files.xml_check import resembles_xml
from remessa.pipelines.invoices.readers.csv_layout import csv_layout
from remessa.pipelines.invoices.readers.nfe_rows import kind_of_root
from remessa.pipelines.xml_root import root_name

Format: TypeAlias = Literal["csv", "json", "ndjson", "nfe", "zip"]

MEDIA_TYPES: dict[Format, str] = {
    "csv": "text/csv",
    "json": "application/json",
    "ndjson": "application/x-ndjson",
    "nfe": "application/xml",
    "zip": "application/zip",
}

_FORMATS = "CSV, JSON, NDJSON, NF-e XML or a zip of NF-e XML files"
_SAMPLE_LINES = 20
_CONTROLS = bytes(code for code in range(32) if code not in b"\t\n\f\r\x1a")
_MAX_CONTROLS = 100
"""One in so many bytes may be a control character in a text that is damaged, and is still read."""
_JSON_ARRAY = re.compile(r"\[\s*(?:[\[\]{\"\d-]|null|true|false|$)")
"""Not `[Número];[Valor]`, as SQL Server names columns."""


def detect(head: bytes, size: int) -> Format:
    """The format of a file of `size` bytes that begins with `head`, 64 KB of it or all.

    A CSV file is any table with a row that names columns: whether these are an invoice's is the header's matter.
    Raises `Rejected` (`not-invoices`), with a message that says what the file looks like and where it belongs.
    """
    if not head:
        raise _not_invoices("is empty", "Export it again, and upload it.")
    if head.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        return _detect_zip(head)
    media_type = binary_media_type(head.rstrip(b"\0") or head)
    if media_type and not (media_type == OCTET_STREAM and _is_nearly_text(head)):
        raise _elsewhere(media_type)
    text = TextDecoder(detect_encoding(head), tolerant=True).feed(head, final=len(head) >= size).lstrip()
    if resembles_xml(text):
        return _detect_xml(text)
    if text.startswith("{") or _JSON_ARRAY.match(text):
        return "ndjson" if _is_ndjson(text, is_whole=len(head) >= size) else "json"
    if csv_layout(head, is_whole=len(head) >= size):
        return "csv"
    raise _not_invoices(
        "looks like plain text without a row that names columns",
        "Name the columns in the first row; a file that is no table of invoices belongs in the files bucket.",
    )


def _detect_zip(head: bytes) -> Format:
    media_type = binary_media_type(head)
    if media_type in ("application/zip", None):
        return "zip"
    if media_type and "spreadsheetml" in media_type:
        raise _not_invoices("is an Excel workbook", "Save the sheet with the invoices as CSV, and upload that.")
    raise _elsewhere(str(media_type))


def _detect_xml(text: str) -> Format:
    root = root_name(text)
    kind = kind_of_root(root) if root else "an XML document whose root element does not begin in the first 64 KB"
    if kind:
        raise _not_invoices(f"is {kind}", "Only NF-e and NFC-e are read; other documents belong in the files bucket.")
    return "nfe"


def _is_ndjson(text: str, *, is_whole: bool) -> bool:
    """Whether most lines are each a whole object; of a single line, whether it holds no array of objects."""
    lines = text.splitlines() if is_whole else text.splitlines()[:-1]
    lines = [line for line in lines if line.strip()][:_SAMPLE_LINES]
    objects = [found for line in lines if (found := _object_in(line)) is not None]
    if len(lines) == 1 and objects:
        return not any(
            isinstance(value, list) and value and isinstance(value[0], dict) for value in objects[0].values()
        )
    return len(objects) > 1 and 2 * len(objects) > len(lines)


def _object_in(line: str) -> dict[str, object] | None:
    try:
        found = json.loads(line, parse_int=str)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


def _is_nearly_text(head: bytes) -> bool:
    text = head.rstrip(b"\0")
    if detect_encoding(text).startswith("utf-16"):
        return True
    return (len(text) - len(text.translate(None, _CONTROLS))) * _MAX_CONTROLS <= len(text)


def _elsewhere(media_type: str) -> Rejected:
    bucket = "images" if media_type.startswith("image/") else "files"
    return _not_invoices(f"looks like {media_type}", f"It belongs in the {bucket} bucket.")


def _not_invoices(found: str, advice: str) -> Rejected:
    return Rejected("not-invoices", f"The file {found}, which is no file of invoices ({_FORMATS}). {advice}")
