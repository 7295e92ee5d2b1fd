"""What a processor found becomes what readers may later see: rows and artifacts under one generation."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import nullcontext
from typing import Any

from remessa.journey.artifacts import artifact_key, manifest_entry
from remessa.journey.objects import Version
from remessa.journey.ports import Ports
from remessa.journey.record import file_name
from remessa.pipelines.contract import Artifact, Outcome, Rows

ROWS_KIND = "rows"
"""First folder of the results bucket for marks: where one is, the table has, or had, rows of that generation."""


def make(
    found: Outcome | Rows,
    ports: Ports,
    version: Version,
    file_id: str,
    made_by: str,
    progress: Callable[[int], None],
    part: int = 0,
    parts: int = 1,
) -> tuple[Outcome, list[dict[str, Any]]]:
    """Write what was found in a file or a part of it; returns what to tell of it, and the list of its artifacts.

    Repeated for the same generation and part, it writes the same again.
    """
    outcome = found if isinstance(found, Outcome) else _kept(found, ports, file_id, made_by, progress, part, parts)
    manifest = []
    for artifact in outcome.artifacts:
        key = artifact_key(artifact, file_id, made_by)
        with nullcontext() if isinstance(artifact.body, bytes) else artifact.body:
            size = ports.artifacts.write(key, artifact, download_name=f"{file_name(version.key)}.{artifact.name}")
        if not isinstance(artifact.body, bytes):
            artifact.body.close()
        manifest.append(dict(manifest_entry(artifact, ports.artifacts.bucket, key, size)))
    return outcome, manifest


def _kept(
    rows: Rows, ports: Ports, file_id: str, made_by: str, progress: Callable[[int], None], part: int, parts: int
) -> Outcome:
    if ports.rows is None:
        raise TypeError("a pipeline without a table for rows makes none")
    # First the mark, so that rows of a run that dies are found and removed like its artifacts.
    mark = Artifact("mark.json", "application/json", json.dumps({"part": part}).encode(), ROWS_KIND)
    ports.artifacts.write(artifact_key(mark, file_id, made_by), mark, download_name=mark.name)
    held = ports.rows.keep(rows, file_id, made_by, part, progress)
    if parts > 1:
        left = Artifact(_held_name(part), "application/octet-stream", held, ROWS_KIND)
        ports.artifacts.write(artifact_key(left, file_id, made_by), left, download_name=left.name)
    return rows.outcome()


def read_held(ports: Ports, file_id: str, made_by: str, parts: int) -> list[bytes]:
    """What the parts of a file left for whoever puts them together."""
    return [ports.artifacts.read(f"{ROWS_KIND}/{file_id}/{made_by}/{_held_name(part)}") for part in range(parts)]


def _held_name(part: int) -> str:
    return f"held-{part:04}.bin"
