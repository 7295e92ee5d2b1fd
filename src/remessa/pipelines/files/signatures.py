"""Binary files: told by their first bytes, and what file name extensions promise."""

from __future__ import annotations

from remessa.pipelines.files.encoding import NotText, TextDecoder, detect_encoding

OCTET_STREAM = "application/octet-stream"

_OOXML = "application/vnd.openxmlformats-officedocument."
_DOCX = f"{_OOXML}wordprocessingml.document"
_XLSX = f"{_OOXML}spreadsheetml.sheet"
_PPTX = f"{_OOXML}presentationml.presentation"
_ZIP_MEMBERS = ((b"word/", _DOCX), (b"xl/", _XLSX), (b"ppt/", _PPTX))

_PROMISES = {
    "bmp": ("image/bmp",),
    "docx": (_DOCX, "application/zip"),
    "gif": ("image/gif",),
    "gz": ("application/gzip",),
    "jpeg": ("image/jpeg",),
    "jpg": ("image/jpeg",),
    "pdf": ("application/pdf",),
    "png": ("image/png",),
    "pptx": (_PPTX, "application/zip"),
    "tif": ("image/tiff",),
    "tiff": ("image/tiff",),
    "webp": ("image/webp",),
    "xlsx": (_XLSX, "application/zip"),
    "zip": ("application/zip", _DOCX, _XLSX, _PPTX),
}

_PRINTABLE_SIGNATURES = (b"%PDF-", b"GIF87a", b"GIF89a", b"\xff\xd8\xff")
"""A file that starts so is what it says, even where all of it could pass for text."""

_OWN_SIGNATURES = (
    # puremagic takes any zip file for a Word document, and any OLE file for an old one.
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "application/x-ole-storage"),
    (b"PAR1", "application/vnd.apache.parquet"),
)
_REGISTERED_NAMES = {  # https://www.iana.org/assignments/media-types
    "application/x-gzip": "application/gzip",
    "image/x-ms-bmp": "image/bmp",
    "audio/x-wav": "audio/wav",
    "audio/wave": "audio/wav",
}
_LEAST_SIGNATURE = 4
_SHORT_SIGNATURES = {"image/jpeg", "application/x-gzip", "application/x-bzip2", "image/x-ms-bmp", "audio/mpeg"}
"""Types whose signature is two or three bytes; of any other, puremagic's matches that short are chance."""


def promised_media_types(suffix: str) -> tuple[str, ...]:
    """The binary media types that a file name extension (lower case, no dot) stands for; empty when none."""
    return _PROMISES.get(suffix, ())


def binary_media_type(head: bytes) -> str | None:
    """The media type of a binary file by its first bytes; `None` when they are text or there are none.

    A type that nobody knows is `application/octet-stream`.
    """
    if not head.startswith(_PRINTABLE_SIGNATURES) and _is_text(head):
        return None
    if head.startswith(b"PK\x03\x04"):
        return _zip_media_type(head)
    for signature, media_type in _OWN_SIGNATURES:
        if head.startswith(signature):
            return media_type
    return _known_to_puremagic(head)


def _zip_media_type(head: bytes) -> str:
    if b"[Content_Types].xml" not in head:  # the part that every Office file has: ECMA-376 part 2, section 7.2.3
        return "application/zip"
    return next((media_type for member, media_type in _ZIP_MEMBERS if member in head), "application/zip")


def _is_text(head: bytes) -> bool:
    try:
        TextDecoder(detect_encoding(head)).feed(head)
    except NotText:
        return False
    return True


def _known_to_puremagic(head: bytes) -> str:
    import puremagic  # imported here because only binary files need it

    try:
        matches = puremagic.magic_string(head)
    except puremagic.PureError:
        return OCTET_STREAM
    for match in matches:
        media_type = str(match.mime_type)
        # puremagic also matches the end of what it is given, which is not the end of the file. Of a signature in
        # two parts, the offset is the second part's.
        is_header = match.offset >= 0 and (
            head.startswith(match.byte_match, match.offset) or head.startswith(match.byte_match)
        )
        is_real = len(match.byte_match) >= _LEAST_SIGNATURE or media_type in _SHORT_SIGNATURES
        if media_type and is_header and is_real:
            return _REGISTERED_NAMES.get(media_type, media_type)
    return OCTET_STREAM
