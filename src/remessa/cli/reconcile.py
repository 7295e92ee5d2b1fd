"""`remessa reconcile`: bring records in line with the buckets; also the back-fill for files from before."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated, Any

import typer

from remessa.cli._checkpoint import SavedCheckpoint
from remessa.cli._records import printable
from remessa.cli._shared import chosen, messages, print_json
from remessa.journey.moments import now

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID

    from remessa.journey.announce import Announcement
    from remessa.local.connection import Connection

_NAMED = 100
"""Files that are named in the answer; all are counted."""


def reconcile(
    *,
    pipeline: Annotated[str | None, typer.Option(help="Only this pipeline's bucket.")] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Tell what would be processed again, and do nothing.")
    ] = False,
    grace: Annotated[int, typer.Option(min=0, help="Leave alone what was uploaded in the last so many seconds.")] = 60,
    as_json: Annotated[bool, typer.Option("--json", help="What was compared and announced, by pipeline.")] = False,
) -> None:
    """Compare buckets with records, and process again whatever the records do not tell rightly.

    May be cut off at any time: the next call goes on where this one stopped.
    """
    from remessa.local.connection import connect

    names = chosen(pipeline)
    connection = connect()
    done = [_reconcile(connection, name, dry_run=dry_run, grace=grace * 1000) for name in names]
    if as_json:
        print_json(done)
        return
    for answer in done:
        for file in answer["files"]:
            messages().print(f"  {printable(file['key'])}")
        verb = "would be processed again" if dry_run else "are processed again"
        messages().print(f"{answer['pipeline']}: {answer['compared']} files compared, {answer['announced']} {verb}.")


def _reconcile(connection: Connection, name: str, *, dry_run: bool, grace: int) -> dict[str, Any]:
    from remessa.journey.announce import SqsAnnouncer

    where = connection.pipeline(name)
    files: list[dict[str, str]] = []
    with SavedCheckpoint(where.bucket, keep=not dry_run) as checkpoint:
        announcer, announced = SqsAnnouncer(connection.client("sqs"), where.queue), 0
        for step in _compared(connection, where.bucket, checkpoint, grace):
            announced += len(step) if dry_run else announcer.announce(step)
            named = [{"bucket": found.bucket, "key": found.key} for found in step]
            files += named[: _NAMED - len(files)]
        compared = checkpoint.compared
    return {"pipeline": name, "compared": compared, "announced": announced, "dryRun": dry_run, "files": files}


def _compared(
    connection: Connection, bucket: str, checkpoint: SavedCheckpoint, grace: int
) -> Iterator[list[Announcement]]:
    """The comparison, with a count of the files on a terminal."""
    from rich.progress import Progress, SpinnerColumn, TextColumn

    from remessa.journey.objects import S3Objects
    from remessa.journey.reconcile import steps

    console = messages()
    columns = (SpinnerColumn(), TextColumn("{task.description} {task.completed:,.0f} files"))
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as progress:
        task = progress.add_task(bucket)
        checkpoint.watch(lambda: _show(progress, task, checkpoint))
        objects = S3Objects(connection.client("s3"))
        yield from steps(bucket, objects, connection.table(), now, checkpoint=checkpoint, grace=grace)


def _show(progress: Progress, task: TaskID, checkpoint: SavedCheckpoint) -> None:
    progress.update(task, completed=checkpoint.compared)
