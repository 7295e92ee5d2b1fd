"""`remessa show`: everything about one file."""

from __future__ import annotations

from typing import Annotated

import typer

from remessa.cli._records import print_record
from remessa.cli._shared import check_file_id, messages, print_json
from remessa.errors import RemessaError


def show(
    file_id: Annotated[str, typer.Argument(metavar="FILE_ID", help="As `remessa ls` prints it.")],
    *,
    as_json: Annotated[bool, typer.Option("--json", help="The record as one object.")] = False,
) -> None:
    """Show one file's record: what it is, how it ended, and what was made of it."""
    from remessa.local.connection import connect

    check_file_id(file_id)
    record = connect().records().get(file_id)
    if record is None:
        raise RemessaError(f"There is no file {file_id}. `remessa ls` lists those there are.")
    if as_json:
        print_json(record)
    else:
        print_record(record)
        messages().print(f"See what its runs logged with `remessa logs {file_id}`.", style="dim")
