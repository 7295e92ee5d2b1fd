"""The port to the results bucket: what a run makes, under a prefix that no other run ever writes to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, BinaryIO, Protocol, cast
from urllib.parse import quote

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

    from remessa.pipelines.contract import Artifact


MAX_DISPOSITION = 1000
"""Bytes of an encoded name: S3 takes 2 KB of such headers in all."""
KINDS = ("reports", "thumbnails", "resized-images", "rows")
"""First folders of the results bucket."""


class Artifacts(Protocol):
    """The results bucket as the journey needs it."""

    @property
    def bucket(self) -> str:
        """Its name."""

    def write(self, key: str, artifact: Artifact, *, download_name: str) -> int:
        """Store an artifact under a key and return its size in bytes."""

    def read(self, key: str) -> bytes:
        """An artifact that a part of the same file left for the others."""

    def delete(self, keys: Sequence[str]) -> None:
        """Remove artifacts; one that is gone already is no error."""


class S3Artifacts:
    """The real thing."""

    def __init__(self, client: S3Client, bucket: str) -> None:
        self._client = client
        self.bucket = bucket

    def write(self, key: str, artifact: Artifact, *, download_name: str) -> int:
        """Store an artifact; browsers save it under `download_name` instead of opening it."""
        kind, saved_as, body = artifact.media_type, disposition(download_name), artifact.body
        if isinstance(body, bytes):
            self._client.put_object(
                Bucket=self.bucket, Key=key, Body=body, ContentType=kind, ContentDisposition=saved_as
            )
            return len(body)
        counted = _Counted(body)
        headers = {"ContentType": kind, "ContentDisposition": saved_as}
        self._client.upload_fileobj(cast("BinaryIO", counted), self.bucket, key, ExtraArgs=headers)
        return counted.size

    def read(self, key: str) -> bytes:
        """The whole of a small artifact."""
        return self._client.get_object(Bucket=self.bucket, Key=key)["Body"].read()

    def delete(self, keys: Sequence[str]) -> None:
        """Remove artifacts one by one: a function may delete only under its own prefix."""
        for key in keys:
            self._client.delete_object(Bucket=self.bucket, Key=key)


class _Counted:
    """A stream that knows how much was read from it."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self.size = 0

    def read(self, size: int = -1) -> bytes:
        chunk = self._stream.read(size)
        self.size += len(chunk)
        return chunk


def generation(epoch: int, turn: int) -> str:
    """Name of what one turn of one claim makes; no other run can ever have it."""
    return f"{epoch}-{turn}"


def artifact_key(artifact: Artifact, file_id: str, made_by: str) -> str:
    """Where an artifact is kept; the user's key, which may be long and hostile, has no part in it."""
    return f"{artifact.kind}/{file_id}/{made_by}/{artifact.name}"


def disposition(name: str) -> str:
    """Content-Disposition that carries any file name safely (RFC 6266, RFC 8187)."""
    encoded = quote(name, safe="")
    while len(encoded) > MAX_DISPOSITION:
        name = name[len(name) // 10 + 1 :]  # its end, which has the extension
        encoded = quote(name, safe="")
    return f"attachment; filename*=UTF-8''{encoded}"


def manifest_entry(artifact: Artifact, bucket: str, key: str, size: int) -> Mapping[str, Any]:
    """An artifact as the record lists it: what it is, and where."""
    what = {"name": artifact.name, "size": size, "mediaType": artifact.media_type, **artifact.facts}
    return {**what, "bucket": bucket, "key": key}
