"""`remessa ls`: the newest files and how they ended."""

from __future__ import annotations

from typing import Annotated

import typer

from remessa.cli._records import print_records
from remessa.cli._shared import chosen, messages, print_json
from remessa.journey.record import Status


def ls(
    *,
    pipeline: Annotated[str | None, typer.Option(help="Only files of this pipeline.")] = None,
    status: Annotated[Status | None, typer.Option(case_sensitive=False, help="Only files in this state.")] = None,
    limit: Annotated[int, typer.Option(min=1, help="At most so many files.")] = 50,
    as_json: Annotated[bool, typer.Option("--json", help="An array of records.")] = False,
) -> None:
    """List files, newest first."""
    from remessa.local.connection import connect

    pipelines = chosen(pipeline)
    records = connect().records().newest(pipelines, status=status, limit=limit)
    if as_json:
        print_json(records)
    elif records:
        print_records(records)
        if len(records) == limit:
            messages().print(f"The newest {limit}; see more with --limit.", style="dim")
    else:
        messages().print("No files. Upload one with `remessa put FILE`." if status is None else f"No {status} files.")
