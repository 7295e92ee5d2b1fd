"""Files that are not what this pipeline expects: what to tell whoever uploaded them."""

from __future__ import annotations

from remessa.errors import Rejected
from remessa.pipelines.contract import Problem
from remessa.pipelines.images.formats import FORMATS, ImageFormat

_KNOWN = (
    (b"%PDF-", "application/pdf", "a PDF"),
    (b"PK\x03\x04", "application/zip", "a ZIP archive or Office document"),
    (b"\x00\x00\x00\x0cJXL \r\n\x87\n", "image/jxl", "a JPEG XL image, which cannot be read yet"),
    (b"\xff\x0a", "image/jxl", "a JPEG XL image, which cannot be read yet"),
    (b"BM", "image/bmp", "a BMP image, which cannot be read"),
    (b"8BPS", "image/vnd.adobe.photoshop", "a Photoshop file"),
)


def refuse_what_is_no_image(name: str, head: bytes) -> Rejected:
    """The refusal of a file whose first bytes are no image's, with where it belongs."""
    if not head:
        return Rejected("empty-file", "The file is empty (0 bytes). Upload the image again.", media_type=_EMPTY)
    for signature, media_type, what in _KNOWN:
        if head.startswith(signature):
            return Rejected("not-an-image", _belongs(f"By its content the file is {what}"), media_type=media_type)
    promised = _promised(name)
    what = f"The name promises {promised.name.upper()}, but the content" if promised else "The content"
    return Rejected("not-an-image", _belongs(f"{what} is no image that can be read"))


def check_name(name: str, format_: ImageFormat) -> list[Problem]:
    """A remark when the extension promises another image format than the content is."""
    promised = _promised(name)
    if promised is None or promised is format_:
        return []
    message = f"The name says {promised.name.upper()}, the content is {format_.name.upper()}; it was read as that."
    return [Problem("name-mismatch", message)]


_EMPTY = "application/x-empty"


def _belongs(finding: str) -> str:
    readable = ", ".join(format_.name.upper() for format_ in FORMATS)
    return f"{finding}. Images ({readable}) belong here; any other file goes to the files bucket: \
`remessa put FILE --pipeline files`."


def _promised(name: str) -> ImageFormat | None:
    suffix = name.rstrip(". \t\r\n").rpartition(".")[2].lower()
    return next((format_ for format_ in FORMATS if suffix in format_.suffixes), None)
