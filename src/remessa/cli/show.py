"""`remessa show`: everything about one file."""

from __future__ import annotations

from typing import Annotated

import typer

from remessa.cli._records import print_record
from remessa.cli._shared import check_file_id, messages, print_json, record_of


def show(
    file_id: Annotated[str, typer.Argument(metavar="FILE_ID", help="As `remessa ls` prints it.")],
    *,
    as_json: Annotated[bool, typer.Option("--json", help="The record as one object.")] = False,
) -> None:
    """Show one file's record: what it is, how it ended, and what was made of it."""
    from remessa.local.connection import connect

    check_file_id(file_id)
    connection = connect()
    record = record_of(connection, file_id)
    if as_json:
        print_json(record)
        return
    print_record(record, connection.outputs.get("ResultsBucket"))
    if record["artifacts"]:
        messages().print(f"Download what was made of it with `remessa get {file_id} --all`.", style="dim")
    messages().print(f"See what its runs logged with `remessa logs {file_id}`.", style="dim")
