"""`remessa put`: upload files and follow each to its end."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from remessa.cli._records import print_records
from remessa.cli._shared import chosen, messages, print_json
from remessa.cli._upload import Follower, Upload, by_content, plan, send

if TYPE_CHECKING:
    from remessa.local.connection import Connection

AWAITED_FILE_FAILED = 4


def put(
    paths: Annotated[list[Path], typer.Argument(metavar="PATH…", help="Files, and folders with all that is in them.")],
    *,
    pipeline: Annotated[
        str | None, typer.Option(help="Which pipeline processes them; else the content of each file says.")
    ] = None,
    key: Annotated[str | None, typer.Option(help="The object's key; else the file's name.")] = None,
    wait: Annotated[bool, typer.Option("--wait/--no-wait", help="Stay until every file has ended.")] = True,
    timeout: Annotated[float, typer.Option(min=1, help="Seconds to wait for the last file.")] = 900,
    as_json: Annotated[
        bool, typer.Option("--json", help="An array of records (what was uploaded, with --no-wait).")
    ] = False,
) -> None:
    """Upload files and follow each to its end. Exit code 4 when one of them ended FAILED."""
    from remessa.local.connection import connect

    chosen(pipeline)
    connection = connect()
    uploads = plan(connection, paths, by_content if pipeline is None else lambda _: pipeline, key)
    if not wait:
        upload_all(connection, uploads)
        _print_sent(uploads, as_json=as_json)
        return
    records = upload_and_follow(connection, uploads, timeout)
    if as_json:
        print_json(records)
    elif records:
        print_records(records)
    if any(record["status"] == "FAILED" for record in records):
        raise typer.Exit(AWAITED_FILE_FAILED)


def upload_all(connection: Connection, uploads: Sequence[Upload]) -> None:
    """Upload with a progress bar, where there is a terminal to show it."""
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn, TransferSpeedColumn

    columns = (TextColumn("uploading"), BarColumn(), DownloadColumn(), TransferSpeedColumn(), TimeRemainingColumn())
    console = messages()
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as progress:
        task = progress.add_task("upload", total=sum(upload.path.stat().st_size for upload in uploads))
        send(connection, uploads, lambda moved: progress.advance(task, moved))


def upload_and_follow(connection: Connection, uploads: Sequence[Upload], timeout: float) -> list[dict[str, Any]]:
    """Upload, then wait for every file's end; returns their records."""
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

    follower = Follower(connection, uploads)
    upload_all(connection, uploads)
    columns = (TextColumn("processing"), BarColumn(), MofNCompleteColumn())
    console = messages()
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as progress:
        task = progress.add_task("process", total=len(uploads))
        return follower.follow(timeout, lambda _: progress.advance(task))


def _print_sent(uploads: Sequence[Upload], *, as_json: bool) -> None:
    if as_json:
        print_json([{"FileId": sent.file_id, "bucket": sent.bucket, "key": sent.key} for sent in uploads])
    else:
        messages().print(f"Uploaded {len(uploads)} files; see how they end with `remessa ls`.")
