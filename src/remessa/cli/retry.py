"""`remessa retry`: give failed files new attempts."""

from __future__ import annotations

from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from remessa.cli._records import print_records
from remessa.cli._shared import check_file_id, messages, print_json
from remessa.cli._upload import Follower, Upload
from remessa.cli.put import AWAITED_FILE_FAILED
from remessa.errors import RemessaError, UsageError
from remessa.journey.moments import now
from remessa.pipelines.registry import PIPELINES

if TYPE_CHECKING:
    from remessa.local.connection import Connection


def retry(
    file_ids: Annotated[list[str] | None, typer.Argument(metavar="FILE_ID…", help="As `remessa ls` prints it.")] = None,
    *,
    all_failed: Annotated[bool, typer.Option("--all-failed", help="Every file that ended FAILED.")] = False,
    wait: Annotated[bool, typer.Option("--wait/--no-wait", help="Stay until every file has ended.")] = True,
    timeout: Annotated[float, typer.Option(min=1, help="Seconds to wait for the last file.")] = 900,
    as_json: Annotated[bool, typer.Option("--json", help="What was retried and how it ended.")] = False,
) -> None:
    """Process failed files again, once what made them fail is put right. Exit code 4 when one fails again."""
    from remessa.local.connection import connect

    if bool(file_ids) == all_failed:
        raise UsageError("Name the files to retry, or give --all-failed. `remessa ls --status failed` lists them.")
    for file_id in file_ids or []:
        check_file_id(file_id)
    connection = connect()
    wanted = list(dict.fromkeys(file_ids or _all_failed(connection)))
    follower = Follower(connection, _as_uploads(connection, wanted))
    retried, refused = _retry(connection, wanted)
    records = follower.follow(timeout, lambda _: None, only=set(retried)) if wait else []
    if as_json:
        print_json({"retried": retried, "refused": refused, "records": records})
    else:
        _tell(retried, refused, records, wait=wait)
    if refused and not all_failed:
        raise RemessaError(f"{len(refused)} of {len(wanted)} files were not retried.")
    if any(record["status"] == "FAILED" for record in records):
        raise typer.Exit(AWAITED_FILE_FAILED)


def _all_failed(connection: Connection) -> list[str]:
    from remessa.journey.retry import failed

    table = connection.table()
    return list(chain.from_iterable(failed(table, pipeline, connection.shards) for pipeline in PIPELINES))


def _as_uploads(connection: Connection, file_ids: list[str]) -> list[Upload]:
    """The files as the follower knows them; one that does not exist is refused later."""
    records = connection.records()
    found = (records.get(file_id) for file_id in file_ids)
    return [Upload(Path(record["name"]), record["bucket"], record["key"]) for record in found if record]


def _retry(connection: Connection, file_ids: list[str]) -> tuple[list[str], list[dict[str, str]]]:
    """REDRIVE and announce each; returns what was retried, and what was not and why."""
    from remessa.journey.announce import SqsAnnouncer
    from remessa.journey.retry import NotRetried, retry

    table, sqs = connection.table(), connection.client("sqs")
    retried, refused = list[str](), list[dict[str, str]]()
    for file_id in file_ids:
        try:
            pipeline, announcement = retry(file_id, table, connection.shards, now)
        except NotRetried as reason:
            refused.append({"FileId": file_id, "reason": str(reason)})
        else:
            SqsAnnouncer(sqs, connection.pipeline(pipeline).queue).announce([announcement])
            retried.append(file_id)
    return retried, refused


def _tell(retried: list[str], refused: list[dict[str, str]], records: list[dict[str, Any]], *, wait: bool) -> None:
    console = messages()
    for refusal in refused:
        console.print(f"{refusal['FileId']} was not retried: {refusal['reason']}.", style="yellow")
    if records:
        print_records(records)
    elif retried and not wait:
        console.print(f"{len(retried)} files are tried again; see how they end with `remessa ls`.")
    elif not refused:
        console.print("No file is FAILED.")
