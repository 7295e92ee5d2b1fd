"""The input bucket, the results bucket and the table, without faults: what is there, and since when."""

from __future__ import annotations

import hashlib
import io
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, BinaryIO

from boto3.dynamodb.conditions import ConditionBase
from support.memory import MemoryTable

from remessa.journey.objects import Changed, Listed, Version
from remessa.journey.table import Change, Item, Written

BUCKET = "bucket"
_REMEMBERED = 8


def second(milliseconds: int) -> str:
    """A moment as S3's headers tell it: whole seconds."""
    return f"{datetime.fromtimestamp(milliseconds // 1000, UTC):%Y-%m-%dT%H:%M:%SZ}"


@dataclass(frozen=True, slots=True)
class Upload:
    """One version of one object, and how many uploads came before it."""

    rank: int
    version: Version
    body: bytes


class InputBucket:
    """The input bucket, with or without versioning, and everything that was ever in it."""

    def __init__(self, *, versioned: bool) -> None:
        self.current: dict[str, Upload] = {}
        self._history: dict[tuple[str, str, str | None, str], Upload] = {}
        self._versioned = versioned
        self._rank = 0

    def put(self, key: str, body: bytes, now: int) -> Upload:
        """Upload."""
        self._rank += 1
        number = f"v{self._rank}" if self._versioned else None
        etag = hashlib.md5(body, usedforsecurity=False).hexdigest()
        upload = Upload(self._rank, Version(BUCKET, key, len(body), etag, number, second(now)), body)
        self.current[key] = upload
        self._history[(key, etag, number, upload.version.modified)] = upload
        return upload

    def remove(self, key: str) -> None:
        """Delete the object; with versioning, what was there can still be opened."""
        del self.current[key]

    def known(self, key: str, identity: Mapping[str, Any]) -> Upload:
        """The upload that a record means; without versioning the newest of those it cannot tell apart."""
        return self._history[key, identity["etag"], identity["versionId"], identity["modified"]]

    def head(self, key: str) -> Version | None:
        """The current version, or None when the object is gone."""
        upload = self.current.get(key)
        return upload.version if upload else None

    def predecessor(self, key: str) -> Version | None:
        """The version before the newest."""
        versions = [upload.version for upload in self._history.values() if upload.version.key == key]
        return versions[-2] if len(versions) > 1 else None

    def open(self, version: Version, start: int) -> BinaryIO:
        """That version's bytes; without versioning, whatever has its ETag, as `If-Match` does."""
        if version.version_id:
            upload = self.known(version.key, version.identity)
        elif not (found := self.current.get(version.key)) or found.version.etag != version.etag:
            raise Changed(version.etag)
        else:
            upload = found
        return io.BytesIO(upload.body[start:])

    def after(self, key: str) -> Listed | None:
        """The first object whose key comes after `key`."""
        following = min((name for name in self.current if name > key), default=None)
        if following is None:
            return None
        version = self.current[following].version
        return Listed(following, version.etag, version.modified)


class ResultsBucket:
    """The results bucket: bodies, and when they were written."""

    def __init__(self) -> None:
        self.stored: dict[str, tuple[bytes, int]] = {}
        self.changes = 0

    def put(self, key: str, body: bytes, now: int) -> int:
        """Write or overwrite."""
        self.stored[key] = (body, now)
        self.changes += 1
        return len(body)

    def remove(self, key: str) -> None:
        """Delete; what is gone already is no error."""
        self.stored.pop(key, None)
        self.changes += 1

    def after(self, key: str, prefix: str) -> Listed | None:
        """The first artifact below `prefix` whose key comes after `key`."""
        following = min((name for name in self.stored if name > key and name.startswith(prefix)), default=None)
        if following is None:
            return None
        body, written = self.stored[following]
        return Listed(following, hashlib.md5(body, usedforsecurity=False).hexdigest(), second(written))


class Table(MemoryTable):
    """The table, and what it was some writes ago: its indexes are eventually consistent."""

    def __init__(self) -> None:
        super().__init__()
        self.calls: list[tuple[str, tuple[Change, ConditionBase] | None, Written | Item | None]] = []
        """Every read and write of one item, with its answer: file id, what was asked (None for a read), answer."""
        self._past: deque[dict[str, Item]] = deque(maxlen=_REMEMBERED)

    def update(self, file_id: str, change: Change, when: ConditionBase) -> Written:
        """Apply the change if the condition holds."""
        before = dict(self.items)
        written = super().update(file_id, change, when)
        if written.applied:
            self._past.append(before)
        self.calls.append((file_id, (change, when), written))
        return written

    def get(self, file_id: str) -> Item | None:
        """Read one item."""
        item = super().get(file_id)
        self.calls.append((file_id, None, item))
        return item

    def as_of(self, writes_ago: int) -> MemoryTable:
        """The table before its last so many writes, for an index that lags behind."""
        then = MemoryTable()
        ago = min(writes_ago, len(self._past))
        then.items = self._past[-ago] if ago else self.items
        return then
