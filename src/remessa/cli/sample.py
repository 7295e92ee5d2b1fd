"""`remessa sample invoices`: synthetic files to try the pipelines with."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from remessa.cli._shared import messages
from remessa.cli.samples.mistakes import Format
from remessa.errors import UsageError

if TYPE_CHECKING:
    from remessa.cli.samples.writing import Tally

app = typer.Typer(no_args_is_help=True)


@app.callback()
def sample() -> None:
    """Make synthetic files; nothing in them is real."""


@app.command()
def invoices(
    *,
    rows: Annotated[int, typer.Option(min=0, help="How many invoices.")] = 1000,
    form: Annotated[
        Format, typer.Option("--format", help="For nfe: one XML for one row, a zip of XMLs for more.")
    ] = Format.CSV,
    errors: Annotated[float, typer.Option(min=0, max=100, help="Percent of the rows that have a mistake.")] = 0,
    seed: Annotated[int, typer.Option(help="The same seed makes the same file.")] = 1,
    output: Annotated[Path | None, typer.Option("--output", "-o", help="Where to write; else stdout.")] = None,
) -> None:
    """Write synthetic invoices; stderr says how many are good and how many are not."""
    from remessa.cli.samples.writing import write_invoices

    if output is not None:
        try:
            file = output.open("wb")
        except OSError as fault:
            raise UsageError(f"{output} cannot be written: {fault.strerror}.") from None
        with file:
            tally = write_invoices(file, form, rows, errors=errors, seed=seed)
    else:
        if form is Format.NFE and rows != 1 and sys.stdout.isatty():
            raise UsageError("A zip file is nothing to look at: name a file with -o, or redirect the output.")
        try:
            tally = write_invoices(sys.stdout.buffer, form, rows, errors=errors, seed=seed)
            sys.stdout.flush()
        except BrokenPipeError:  # `| head` has seen enough; Python must not try to flush the rest at its end
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            return
    _tell(tally)


def _tell(tally: Tally) -> None:
    console = messages()
    console.print(f"{tally.rows} rows: {tally.good} good, {tally.bad} bad.")
    for code, count in sorted(tally.mistakes.items()):
        console.print(f"  {code}: {count}")
