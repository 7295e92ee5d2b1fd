"""The demo of `remessa up --demo`: upload the samples, and check that each ends as it should."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from remessa.cli._records import print_records
from remessa.cli._shared import messages
from remessa.cli._upload import Upload, by_content, plan
from remessa.cli.put import upload_and_follow
from remessa.errors import RemessaError

if TYPE_CHECKING:
    from remessa.local.connection import Connection

SAMPLES = Path(__file__).parents[3] / "samples"
_TIMEOUT = 120
_FORCED = {"imagem-disfarcada.csv": "files"}
"""Broken only in that its name lies: to `images` it is a good picture, while `files` holds names to their promise."""


def run(connection: Connection) -> None:
    """Raises RemessaError when a valid sample failed or a broken one did not."""
    console = messages()
    uploads = plan(connection, sample_files(), pipeline_of)
    console.print(f"Uploading {len(uploads)} files from {SAMPLES.name}/.")
    records = upload_and_follow(connection, uploads, _TIMEOUT)
    print_records(records)
    wrong = [
        upload.path.name
        for upload, record in zip(uploads, records, strict=True)
        if record["status"] != expected(upload)
    ]
    if wrong:
        raise RemessaError(f"These samples did not end as they should: {', '.join(wrong)}.")
    broken = sum(expected(upload) == "FAILED" for upload in uploads)
    console.print(f"{len(uploads) - broken} samples succeeded; {broken} broken ones failed, each with its reason.")


def sample_files() -> list[Path]:
    """Every sample, valid ones first."""
    valid = [path for path in sorted(SAMPLES.iterdir()) if path.is_file() and path.name != "README.md"]
    return valid + sorted((SAMPLES / "broken").iterdir())


def pipeline_of(sample: Path) -> str:
    """Where a sample goes: where its content says, as with `remessa put`, but for those named above."""
    return _FORCED.get(sample.name) or by_content(sample)


def expected(upload: Upload) -> str:
    """The status that a sample must end with."""
    return "FAILED" if upload.path.parent.name == "broken" else "SUCCEEDED"
