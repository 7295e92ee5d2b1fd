"""Rows of a zip file of NF-e documents. The names of its members are shown in problems, and never used as paths."""

from __future__ import annotations

import codecs
import struct
import tempfile
import zlib
from collections.abc import Iterable, Iterator
from typing import IO
from zipfile import ZIP_DEFLATED, ZIP_STORED, BadZipFile, ZipFile, ZipInfo

from remessa.errors import Rejected
from remessa.pipelines.contract import Problem
from remessa.pipelines.invoices.masking import shown_cell
from remessa.pipelines.invoices.readers import nfe_rows
from remessa.pipelines.invoices.readers.nfe_rows import NfeDocument
from remessa.pipelines.invoices.rows import RawRow

MAX_ARCHIVE = 400 * 1024 * 1024
"""Bytes of a zip file: it is copied to the disk, because its directory stands at its end. A function has 512 MB there.
https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html"""
MAX_MEMBERS = 50_000
MAX_DIRECTORY = 8 * 1024 * 1024
"""Bytes of the directory, which is read into memory as a whole: 160 for each of so many members."""
MAX_MEMBER = 5 * 1024 * 1024
"""Bytes of one document; the tax authorities take 500 KB at most."""
MAX_INFLATED = 1024 * 1024 * 1024
MAX_RATIO = 200
"""Inflated bytes for each byte in the archive. XML has ten to thirty; deflate can reach 1,032."""

COLUMNS = (*nfe_rows.COLUMNS, "zipMember")
_IN_MEMORY = 16 * 1024 * 1024
_PIECE = 64 * 1024
_MAX_NAME = 100
_STARTS_OF_XML = (b"<", codecs.BOM_UTF8, codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
_JUNK = ("thumbs.db", "desktop.ini")


def zip_rows(raws: Iterable[bytes]) -> Iterator[RawRow | Problem]:
    """Yield a row for each invoice of the zip file, and a problem for each member that is none.

    Rows and problems are counted through, from 1, in the order of the directory; `zipMember` names a row's member.
    Raises `Rejected` when the file is no sound zip, is beyond the limits, or holds no invoice at all.
    """
    with _Archive(max_size=_IN_MEMORY) as file:
        _copy(raws, file)
        members = _members(file)
        number, rows = 0, 0
        for member in members.infolist():
            if not _is_junk(member):
                for found in _member_rows(members, member):
                    number += 1
                    if isinstance(found, Rejected):
                        yield Problem(found.code, f"{_shown_name(member)}: {found.message}", row=number)
                    else:
                        rows += 1
                        yield RawRow(number, COLUMNS, found)
    if not rows:
        raise Rejected("zip-no-invoices", "No member of the zip file is an NF-e. Upload the XML files of the invoices.")


class _Archive(tempfile.SpooledTemporaryFile[bytes]):
    """A temporary file that does not answer the one huge read with which `ZipFile` takes in the directory."""

    def read(self, size: int = -1, /) -> bytes:
        if size > MAX_DIRECTORY:
            raise _too_many_members()
        return super().read(size)


def _too_many_members() -> Rejected:
    message = (
        f"The zip file has more than {MAX_MEMBERS:,} members, or their names are too long. Upload several smaller."
    )
    return Rejected("zip-too-large", message)


def _copy(raws: Iterable[bytes], file: IO[bytes]) -> None:
    size = 0
    for raw in raws:
        size += len(raw)
        if size > MAX_ARCHIVE:
            message = f"The zip file is larger than {MAX_ARCHIVE:,} bytes. Upload several smaller ones."
            raise Rejected("zip-too-large", message)
        file.write(raw)


def _members(file: IO[bytes]) -> ZipFile:
    try:
        members = ZipFile(file)
    except (BadZipFile, NotImplementedError, struct.error, ValueError):
        message = "The zip file is broken: its directory, at the end, cannot be read. Pack it again, and upload it."
        raise Rejected("zip-invalid", message) from None
    if len(members.infolist()) > MAX_MEMBERS:
        raise _too_many_members()
    # ZipFile gives no more of a member than the directory promises, so that the promises can be trusted as a limit.
    if sum(member.file_size for member in members.infolist()) > MAX_INFLATED:
        message = f"The zip file unpacks to more than {MAX_INFLATED:,} bytes. Upload several smaller ones."
        raise Rejected("zip-too-large", message)
    return members


def _is_junk(member: ZipInfo) -> bool:
    """Folders, and what operating systems put beside people's files."""
    base = member.filename.rpartition("/")[2]
    return not base or base.startswith(".") or base.lower() in _JUNK or member.filename.startswith("__MACOSX/")


def _member_rows(members: ZipFile, member: ZipInfo) -> Iterator[list[str] | Rejected]:
    """The values of the invoices of one member, and the error that ends it."""
    name = "".join(char if char.isprintable() else "\ufffd" for char in member.filename[-_MAX_NAME:])
    found = 0
    try:
        _refuse_unreadable(member)
        with members.open(member) as stream:
            for values in _document_rows(stream):
                found += 1
                yield [*values, name]
        if not found:
            yield Rejected("nfe-invalid", "The XML holds no infNFe element, and so no invoice. Export it again.")
    except Rejected as error:
        yield error
    except (BadZipFile, NotImplementedError, EOFError, ValueError, zlib.error):
        yield Rejected("zip-member-unreadable", "It is damaged in the zip file. Pack it again, and upload it.")


def _refuse_unreadable(member: ZipInfo) -> None:
    if member.flag_bits & 0x1:  # APPNOTE 4.4.4, https://pkware.cachefly.net/webdocs/casestudies/APPNOTE.TXT
        raise Rejected("zip-member-encrypted", "It is encrypted. Pack the zip file without a password.")
    if member.compress_type not in (ZIP_STORED, ZIP_DEFLATED) or member.header_offset < 0:
        raise Rejected("zip-member-unreadable", "It is packed in a way that is not read. Pack it with deflate.")
    if member.file_size > MAX_MEMBER:
        message = f"It is longer than {MAX_MEMBER:,} bytes, which no NF-e is."
        raise Rejected("zip-member-too-large", message)
    if member.file_size > MAX_RATIO * max(member.compress_size, 1):
        message = f"It unpacks to more than {MAX_RATIO} times its size, which no NF-e does."
        raise Rejected("zip-member-too-large", message)


def _document_rows(stream: IO[bytes]) -> Iterator[list[str]]:
    document = NfeDocument()
    raw = stream.read(_PIECE)
    if raw.startswith(b"PK\x03\x04"):
        raise Rejected("zip-nested", "It is a zip file itself. Pack the XML files directly.")
    if not raw.lstrip().startswith(_STARTS_OF_XML):
        raise Rejected("zip-member-not-xml", "It is no XML. Pack only the XML files of the invoices.")
    while raw:
        yield from document.feed(raw)
        raw = stream.read(_PIECE)
    document.finish()


def _shown_name(member: ZipInfo) -> str:
    """The last part of the member's name, printable, cut, and with its access key masked: names are made of keys."""
    return shown_cell(None, member.filename.rpartition("/")[2]) or "a member without a name"
