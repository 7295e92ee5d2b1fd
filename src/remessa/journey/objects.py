"""The port to the input bucket: what an object is now, and its bytes."""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from email.errors import HeaderParseError
from email.header import decode_header, make_header
from typing import TYPE_CHECKING, Any, BinaryIO, Protocol, cast

if TYPE_CHECKING:
    from botocore.response import StreamingBody
    from mypy_boto3_s3 import S3Client

MAX_USER = 128
READ_BUFFER = 256 * 1024


class Changed(Exception):
    """The version that was looked at is no longer there; look again."""


@dataclass(frozen=True, slots=True)
class Version:
    """One version of one object."""

    bucket: str
    key: str
    size: int
    etag: str
    version_id: str | None
    modified: str
    """ISO 8601."""
    user: str | None = None
    """The uploader's own word for who they are: metadata `user`."""

    @property
    def identity(self) -> dict[str, Any]:
        """What tells this version from every other of the same key."""
        return {"versionId": self.version_id, "etag": self.etag, "modified": self.modified}


@dataclass(frozen=True, slots=True)
class Listed:
    """An object as a listing tells of it."""

    key: str
    etag: str
    modified: str
    """ISO 8601."""


class Objects(Protocol):
    """The input bucket as the journey needs it."""

    def head(self, bucket: str, key: str) -> Version | None:
        """The current version, or None when the object is gone."""

    def open(self, version: Version, start: int = 0) -> BinaryIO:
        """Stream just that version from byte `start`; raises Changed when it is no longer there."""


class S3Objects:
    """The real thing."""

    def __init__(self, client: S3Client) -> None:
        self._client = client

    def head(self, bucket: str, key: str) -> Version | None:
        """The current version, or None when the object is gone."""
        try:
            answer = self._client.head_object(Bucket=bucket, Key=key)
        except self._client.exceptions.ClientError as error:
            if error.response["ResponseMetadata"]["HTTPStatusCode"] == 404:
                return None
            raise
        return Version(
            bucket=bucket,
            key=key,
            size=answer["ContentLength"],
            etag=answer["ETag"].strip('"'),
            version_id=_real_version(answer.get("VersionId")),
            modified=_iso(answer["LastModified"]),
            user=uploader(answer["Metadata"]),
        )

    def open(self, version: Version, start: int = 0) -> BinaryIO:
        """Stream just that version from byte `start`; raises Changed when it is no longer there."""
        if start >= version.size:
            return io.BytesIO()
        wanted: dict[str, Any] = {"Bucket": version.bucket, "Key": version.key, "IfMatch": f'"{version.etag}"'}
        if version.version_id:
            wanted["VersionId"] = version.version_id
        if start:
            wanted["Range"] = f"bytes={start}-"
        try:
            answer = self._client.get_object(**wanted)
        except self._client.exceptions.ClientError as error:
            if error.response["ResponseMetadata"]["HTTPStatusCode"] in {404, 412}:
                raise Changed(version.version_id or version.etag) from error
            raise
        stream = cast("BinaryIO", io.BufferedReader(_Raw(answer["Body"]), READ_BUFFER))
        if start and "ContentRange" not in answer:
            # A server may ignore a range, as the local cloud does when a version is asked for (RFC 9110, 14.2).
            _skip(stream, start)
        return stream

    def list(self, bucket: str, after: str = "", prefix: str = "") -> Iterator[Listed]:
        """Every current object whose key comes after `after` and begins with `prefix`, in order, page by page."""
        pages = self._client.get_paginator("list_objects_v2").paginate(Bucket=bucket, StartAfter=after, Prefix=prefix)
        for page in pages:
            for entry in page.get("Contents", []):
                yield Listed(entry["Key"], entry["ETag"].strip('"'), _iso(entry["LastModified"]))


def _skip(stream: BinaryIO, length: int) -> None:
    while length and (passed := len(stream.read(min(length, READ_BUFFER)))):
        length -= passed


class _Raw(io.RawIOBase):
    """botocore's body as a raw stream, so that the standard library buffers and closes it."""

    def __init__(self, body: StreamingBody) -> None:
        self._body = body

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        chunk = self._body.read(len(buffer))
        buffer[: len(chunk)] = chunk
        return len(chunk)

    def close(self) -> None:
        self._body.close()
        super().close()


def uploader(metadata: Mapping[str, str]) -> str | None:
    """Who uploaded, from the object's metadata `user`: decoded (S3 sends RFC 2047), cut, without control characters."""
    word = metadata.get("user", "")
    try:
        word = str(make_header(decode_header(word)))
    except (HeaderParseError, LookupError, ValueError):
        word = metadata["user"]
    return "".join(character for character in word if character.isprintable()).strip()[:MAX_USER] or None


def _iso(moment: datetime) -> str:
    """S3's headers tell whole seconds only, its listings more: cut to what both know."""
    return f"{moment:%Y-%m-%dT%H:%M:%SZ}"


def _real_version(version_id: str | None) -> str | None:
    """A bucket without versioning says "null"."""
    return None if version_id in {None, "", "null"} else version_id
