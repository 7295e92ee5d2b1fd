"""Uploading files and following each to its end; `put` and the demo share it."""

from __future__ import annotations

import getpass
import os
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from email.header import Header
from pathlib import Path
from typing import TYPE_CHECKING, Any

from remessa.errors import RemessaError, UsageError
from remessa.journey.record import Status, file_id
from remessa.pipelines.choice import HEAD, pipeline_for

if TYPE_CHECKING:
    from remessa.local.connection import Connection

MAX_KEY_BYTES = 1024
_AT_ONCE = 8
_LOOK_SECONDS = 0.2
_ENDS = {Status.SUCCEEDED, Status.FAILED, Status.DELETED}


@dataclass(frozen=True, slots=True)
class Upload:
    """A file on this machine and the object it becomes."""

    path: Path
    bucket: str
    key: str

    @property
    def file_id(self) -> str:
        """The FileId that its record will have."""
        return file_id(self.bucket, self.key)


def plan(
    connection: Connection, paths: Sequence[Path], choose: Callable[[Path], str], key: str | None = None
) -> list[Upload]:
    """The objects that these files and folders become, each in the bucket of the pipeline that `choose` names for it.

    Raises UsageError for what cannot be uploaded, EnvironmentDown for a pipeline that is not deployed.
    """
    files = [found for path in paths for found in _files(path)]
    if key is not None and len(files) != 1:
        raise UsageError(f"--key names one object, but {len(files)} files were given.")
    if not files:
        raise UsageError("There is no file to upload: the folders are empty.")
    buckets: dict[str, str] = {}
    taken: dict[tuple[str, str], Upload] = {}
    for path, default in files:
        chosen_key = default if key is None else key
        _check(chosen_key, path)
        pipeline = choose(path)
        if pipeline not in buckets:
            buckets[pipeline] = connection.pipeline(pipeline).bucket
        upload = Upload(path, buckets[pipeline], chosen_key)
        other = taken.setdefault((upload.bucket, upload.key), upload)
        if other is not upload:
            raise UsageError(
                f"{str(other.path)!r} and {str(path)!r} would both become {upload.key!r}. "
                "Upload their folder, or one by one with --key."
            )
    return list(taken.values())


def by_content(path: Path) -> str:
    """The pipeline that a file's first bytes ask for, whatever its name says."""
    try:
        with path.open("rb") as file:
            return pipeline_for(file.read(HEAD))
    except OSError as error:
        raise UsageError(f"{str(path)!r} cannot be read: {error.strerror}. Nothing was uploaded.") from error


def _files(path: Path) -> Iterator[tuple[Path, str]]:
    """A file under its own name; a folder's files under the folder's name.

    Raises UsageError for what is no file, and for a folder that cannot be read whole.
    """
    try:
        if path.is_dir():
            yield from _folder(path)
        elif path.is_file():
            yield path, path.name
        else:
            what = "is no regular file" if path.exists() or path.is_symlink() else "does not exist"
            raise UsageError(f"{str(path)!r} {what}.")
    except OSError as error:
        raise UsageError(
            f"{str(error.filename or path)!r} cannot be read: {error.strerror}. Nothing was uploaded."
        ) from error


def _folder(path: Path) -> Iterator[tuple[Path, str]]:
    def refuse(error: OSError) -> None:
        raise error

    for folder, subfolders, names in os.walk(path, onerror=refuse):
        subfolders.sort()
        for name in sorted(names):
            found = Path(folder, name)
            if not found.is_file():
                raise UsageError(f"{str(found)!r} is no regular file. Nothing was uploaded; leave it out.")
            yield found, f"{path.resolve().name}/{found.relative_to(path).as_posix()}"


def _check(key: str, path: Path) -> None:
    if not os.access(path, os.R_OK):
        raise UsageError(f"{str(path)!r} may not be read. Nothing was uploaded.")
    try:
        length = len(key.encode())
    except UnicodeEncodeError as error:
        raise UsageError(f"The name of {str(path)!r} is not UTF-8; give it another with --key.") from error
    if not 0 < length <= MAX_KEY_BYTES:
        raise UsageError(f"The key of {str(path)!r} has {length} bytes; S3 takes 1 to {MAX_KEY_BYTES}. Use --key.")


def send(connection: Connection, uploads: Sequence[Upload], moved: Callable[[int], None]) -> None:
    """Upload files, eight at a time; `moved` hears of every chunk's bytes, from any thread."""
    from boto3.exceptions import S3UploadFailedError

    s3 = connection.client("s3", max_pool_connections=4 * _AT_ONCE)
    metadata = {"user": _user()}

    def upload(one: Upload) -> None:
        try:
            s3.upload_file(str(one.path), one.bucket, one.key, ExtraArgs={"Metadata": metadata}, Callback=moved)
        except (S3UploadFailedError, OSError) as error:
            raise RemessaError(f"{str(one.path)!r} could not be uploaded: {error}") from error

    with ThreadPoolExecutor(_AT_ONCE) as pool:
        list(pool.map(upload, uploads))


def _user() -> str:
    """Who is at the keyboard, as S3 metadata takes it: ASCII, or RFC 2047."""
    try:
        name = getpass.getuser()
    except (KeyError, OSError):  # a container's user without a name
        return ""
    return name if name.isascii() else Header(name, "utf-8").encode(linesep="", maxlinelen=0)


class Follower:
    """Waits until files have ended, however that is."""

    def __init__(self, connection: Connection, uploads: Sequence[Upload]) -> None:
        """Look before uploading or retrying, so that an old end is not taken for the new one."""
        self._records = connection.records()
        self._s3 = connection.client("s3")
        self._uploads = list(uploads)
        self._before = {upload.file_id: self._processed(upload) for upload in uploads}

    def follow(
        self, seconds: float, ended: Callable[[dict[str, Any]], None], only: set[str] | None = None
    ) -> list[dict[str, Any]]:
        """The final records in the order of the uploads; `ended` hears of each as it ends.

        `only` names the FileIds to wait for; None means all.
        Raises RemessaError naming a file that has not ended after so many seconds.
        """
        deadline = time.monotonic() + seconds
        final: dict[str, dict[str, Any]] = {}
        wanted = [upload for upload in self._uploads if only is None or upload.file_id in only]
        waiting = {upload.file_id: upload for upload in wanted}
        while True:
            for upload in list(waiting.values()):
                record = self._ended(upload)
                if record is not None:
                    del waiting[upload.file_id]
                    final[upload.file_id] = record
                    ended(record)
            if not waiting:
                return [final[upload.file_id] for upload in wanted]
            if time.monotonic() > deadline:
                raise RemessaError(_still_waiting(list(waiting.values()), seconds))
            time.sleep(_LOOK_SECONDS)

    def _processed(self, upload: Upload) -> str | None:
        record = self._records.get(upload.file_id)
        return record["processedAt"] if record else None

    def _ended(self, upload: Upload) -> dict[str, Any] | None:
        record = self._records.get(upload.file_id)
        if record is None or record["status"] not in _ENDS or record["processedAt"] == self._before[upload.file_id]:
            return None
        return record if self._is_current(record) else None

    def _is_current(self, record: dict[str, Any]) -> bool:
        """Whether the record tells of the version in the bucket."""
        from botocore.exceptions import ClientError

        try:
            now = self._s3.head_object(Bucket=record["bucket"], Key=record["key"])
        except ClientError as error:
            if error.response["ResponseMetadata"]["HTTPStatusCode"] == 404:
                return bool(record["status"] == Status.DELETED)
            raise
        same = record["etag"] == now["ETag"].strip('"') and record["versionId"] in {None, now.get("VersionId")}
        return bool(same)


def _still_waiting(uploads: Sequence[Upload], seconds: float) -> str:
    first = uploads[0]
    others = f" and {len(uploads) - 1} more" if len(uploads) > 1 else ""
    return (
        f"{first.path.name!r}{others} did not end within {seconds:g} s. It is uploaded and will not be lost: "
        f"look at it with `remessa show {first.file_id}`."
    )
