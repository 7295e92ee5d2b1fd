"""Saving what was made of a file: under a name that is safe everywhere, and never half of it."""

from __future__ import annotations

import os
import re
import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any

from remessa.errors import EnvironmentDown, RemessaError

MAX_NAME_BYTES = 255
"""Of one file name, on every file system in common use."""
_MAX_ARTIFACT_BYTES = 100
_FORBIDDEN = frozenset('/\\<>:"|?*')
# https://learn.microsoft.com/en-us/windows/win32/fileio/naming-a-file; what follows the first dot does not matter.
_RESERVED = re.compile(r"(?:con|prn|aux|nul|conin\$|conout\$|(?:com|lpt)[0-9¹²³]) *(?:\.|$)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Download:
    """An artifact and the file that it becomes on this machine."""

    name: str
    bucket: str
    key: str
    size: int
    media_type: str
    path: Path

    def as_dict(self) -> dict[str, Any]:
        """For programs."""
        return {"name": self.name, "path": str(self.path), "size": self.size, "mediaType": self.media_type}


def saved_name(record_name: str, artifact_name: str, instead: str) -> str:
    """`<record name>.<artifact name>` without what a file name must not have; strangers choose the first part.

    No separators, control or direction characters, hidden files, options, names that Windows keeps for itself, or more
    than 255 bytes. `instead` stands for a name of which nothing is left.
    """
    tail = "." + (_cut(_clean(artifact_name), _MAX_ARTIFACT_BYTES).rstrip(". ") or "artifact")
    stem = _clean(record_name) or instead
    if _RESERVED.match(stem):
        stem = f"_{stem}"
    return _cut(stem, MAX_NAME_BYTES - len(tail.encode())) + tail


def _clean(name: str) -> str:
    plain = (character if character.isprintable() and character not in _FORBIDDEN else "_" for character in name)
    text = "".join(plain).strip(" ").lstrip(".").rstrip(". ")
    # `rm *` and its like take a leading hyphen for an option.
    return f"_{text[1:]}" if text.startswith("-") else text


def _cut(text: str, size: int) -> str:
    return text.encode()[:size].decode(errors="ignore")


def plan_downloads(
    record: Mapping[str, Any], artifacts: Sequence[Mapping[str, Any]], folder: Path, results: str | None
) -> list[Download]:
    """The files that artifacts of a record become in `folder`, no two of them the same.

    `results` is the bucket of artifacts whose manifest, an older one, does not name it.
    """
    taken: set[str] = set()
    downloads = []
    for artifact in artifacts:
        bucket = artifact.get("bucket") or results
        if bucket is None:
            raise RemessaError(
                f"The record does not say in which bucket {artifact['name']!r} is, and the stack names no results "
                "bucket. Run `remessa up` to bring it up to date."
            )
        name = saved_name(record["name"], artifact["name"], record["FileId"])
        turns = count(2)
        while name.casefold() in taken:  # the same name under two kinds, or on a file system that ignores case
            name = saved_name(record["name"], f"{next(turns)}.{artifact['name']}", record["FileId"])
        taken.add(name.casefold())
        downloads.append(
            Download(artifact["name"], bucket, artifact["key"], artifact["size"], artifact["mediaType"], folder / name)
        )
    return downloads


def prepare(folder: Path, downloads: Sequence[Download], *, force: bool) -> None:
    """Make the folder; raises RemessaError, before anything is downloaded, for files that would be overwritten."""
    there = [one.path for one in downloads if os.path.lexists(one.path)]
    if there and not force:
        others = f" and {len(there) - 1} more" if len(there) > 1 else ""
        raise _exists(f"{str(there[0])!r}{others}")
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise RemessaError(
            f"The folder {str(folder)!r} cannot be made: {error.strerror}. Use another with -o."
        ) from error


def fetch(s3: Any, one: Download, moved: Callable[[int], None], *, force: bool) -> None:
    """Stream an artifact into a file beside its place, then rename it; `moved` hears of every chunk's bytes."""
    from botocore.exceptions import ClientError
    from s3transfer.exceptions import RetriesExceededError

    part = one.path.with_name(f".remessa-{secrets.token_hex(8)}.part")
    try:
        with part.open("xb") as file:
            s3.download_fileobj(one.bucket, one.key, file, Callback=moved)
        _put_in_place(part, one.path, force=force)
    except ClientError as error:
        if error.response["ResponseMetadata"]["HTTPStatusCode"] == 404:
            raise _gone(one) from error
        raise
    except RetriesExceededError as error:
        raise EnvironmentDown(
            f"The cloud stopped answering while {one.name!r} was downloaded: {error.last_exception}. "
            "Run `remessa status`, then the same command again."
        ) from error
    except OSError as error:
        raise RemessaError(f"{str(one.path)!r} could not be saved: {error.strerror or error}.") from error
    finally:
        part.unlink(missing_ok=True)


def _put_in_place(part: Path, path: Path, *, force: bool) -> None:
    """Rename; without `force` never over a file that came there meanwhile."""
    if not force:
        try:
            os.link(part, path)  # the one way to rename that refuses to replace
        except FileExistsError as error:
            raise _exists(repr(str(path))) from error
        except OSError as error:  # a file system without hard links
            if os.path.lexists(path):
                raise _exists(repr(str(path))) from error
        else:
            return
    part.replace(path)


def _exists(files: str) -> RemessaError:
    return RemessaError(f"{files} exists already and was left alone. Replace with --force, or save elsewhere with -o.")


def _gone(one: Download) -> RemessaError:
    return RemessaError(
        f"{one.name!r} is no longer in the bucket {one.bucket!r}: it was made anew or collected meanwhile. Run the "
        "same command again; if it is still missing, upload the file again with `remessa put`."
    )
