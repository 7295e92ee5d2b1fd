"""What a record holds, and how it is shown.

One item per (bucket, key). Attributes in camelCase are for people and programs that read the table; the five in
PascalCase belong to the journey:

- `Sequencer`   of the newest event accepted (normalised)
- `Owner`       of the claim: a name that no other run has
- `Epoch`       fencing token: grows at every claim, so an outlived run can no longer write
- `LeaseUntil`  milliseconds since 1970; while it lasts, the claim's owner is believed alive
- `Live`        what readers see: generation, identity of the object's version, manifest of artifacts, number of rows
- `Shared…`     the same invoices in another file, named by its FileId
- `Part0000` …  while rows are read: how far each part of the file is
"""

from __future__ import annotations

import hashlib
from enum import StrEnum
from typing import Any

from remessa.journey.table import Item

MAX_NAME = 255
PART_NOTE = "Part"
"""Beginning of the attributes that tell how far the parts of a file are."""
SHARED_NOTE = "Shared"
"""Beginning of the attributes that tell of another file's record what both files tell of."""


class Status(StrEnum):
    """Where a file stands."""

    PROCESSING = "PROCESSING"
    RETRYING = "RETRYING"
    SUCCEEDED = "SUCCEEDED"
    FAILED = "FAILED"
    DELETED = "DELETED"


NEEDS_ATTENTION = (Status.FAILED, Status.RETRYING, Status.PROCESSING)
"""The statuses that the sparse index Attention holds."""


def file_id(bucket: str, key: str) -> str:
    """The record's key: a hash, since keys may be 1,024 bytes long and are chosen by strangers."""
    return hashlib.sha256(f"{bucket}\0{key}".encode()).hexdigest()[:32]


def file_name(key: str) -> str:
    """The last part of the key, as a person would call the file."""
    return (key.rstrip("/").rsplit("/", 1)[-1] or key)[:MAX_NAME]


def shard(identity: str, shards: int) -> int:
    """Which of an index's partitions a record belongs to: spread evenly, and the same for ever."""
    return int(identity[:8], 16) % shards


def timeline(pipeline: str, number: int) -> str:
    """Partition of the index Timeline, which holds every record by the time of its newest event."""
    return f"{pipeline}#{number}"


def attention(pipeline: str, status: Status, number: int) -> str:
    """Partition of the sparse index Attention, which holds only what is FAILED, RETRYING or PROCESSING."""
    return f"{pipeline}#{status}#{number}"


def public(item: Item) -> dict[str, Any]:
    """The record as the command line and the API show it: every field present, null while unknown."""
    live = item.get("Live") or {}
    return {
        "FileId": item["FileId"],
        "bucket": item["bucket"],
        "key": item["key"],
        "name": item["name"],
        "pipeline": item["pipeline"],
        "status": item["status"],
        "size": item.get("size"),
        "mediaType": item.get("mediaType"),
        "etag": item.get("etag"),
        "versionId": item.get("versionId"),
        "uploadedBy": item.get("uploadedBy"),
        "uploadedAt": item.get("uploadedAt"),
        "arrivedAt": item.get("arrivedAt"),
        "startedAt": item.get("startedAt"),
        "processedAt": item.get("processedAt"),
        "durationMs": item.get("durationMs"),
        "attempts": item.get("attempts", 0),
        "metadata": item.get("metadata", {}),
        "problems": item.get("problems", []),
        "problemCount": item.get("problemCount", 0),
        "artifacts": live.get("artifacts", []),
        "progress": _progress(item),
        "error": item.get("error"),
    }


def part_note(number: int) -> str:
    """Attribute that tells of the work on one part of a file, numbered from 0."""
    return f"{PART_NOTE}{number:04}"


def shared_note(other: str) -> str:
    """Attribute that tells what a file has in common with another."""
    return f"{SHARED_NOTE}{other}"


def shared(item: Item) -> dict[str, dict[str, Any]]:
    """What a file has in common with others, by their FileId, as far as it is about what is live of it now."""
    generation = (item.get("Live") or {}).get("generation")
    notes = {name.removeprefix(SHARED_NOTE): note for name, note in item.items() if name.startswith(SHARED_NOTE)}
    return {other: note for other, note in notes.items() if note["mine"] == generation}


def part_notes(item: Item) -> list[str]:
    """The attributes of an item that tell of parts."""
    return [name for name in item if name.startswith(PART_NOTE)]


def _progress(item: Item) -> dict[str, int] | None:
    """How far a file is whose rows are being read: rows so far, parts begun and done; None before and after."""
    if item["status"] != Status.PROCESSING:
        return None
    notes = [item[name] for name in part_notes(item)]
    # Those of an earlier run stay until the record is settled.
    notes = [note for note in notes if note["generation"].startswith(f"{item['Epoch']}-")]
    if not notes:
        return None
    return {
        "rows": sum(note["rows"] for note in notes),
        "partsBegun": len(notes),
        "partsDone": sum("mediaType" in note for note in notes),
    }
