"""The command line: `remessa VERB`.

Exit codes: 0 success · 1 failure · 2 wrong usage · 3 no cloud answers · 4 a file that was waited for failed ·
130 interrupted by Ctrl-C. Data goes to stdout; progress and messages go to stderr.
"""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from remessa.cli import down, env, gc, get, invoices, logs, ls, put, reconcile, redrive, retry, sample, show, status, up
from remessa.cli._shared import cloud_error, explain
from remessa.errors import RemessaError

app = typer.Typer(
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _version(asked: bool) -> None:  # noqa: FBT001  as Typer calls it
    if asked:
        from importlib.metadata import version

        sys.stdout.write(f"remessa {version('remessa')}\n")
        raise typer.Exit


@app.callback()
def options(
    *,
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version and leave.")
    ] = False,
) -> None:
    """Upload a file, and it is processed, recorded and queryable: on this machine or on AWS."""


app.command()(up.up)
app.command()(down.down)
app.command()(env.env)
app.command()(put.put)
app.command()(ls.ls)
app.command()(show.show)
app.command()(get.get)
app.command()(logs.logs)
app.command()(retry.retry)
app.command()(redrive.redrive)
app.command()(reconcile.reconcile)
app.command()(gc.gc)
app.command()(status.status)
app.add_typer(invoices.app, name="invoices")
app.add_typer(sample.app, name="sample")


def main() -> None:
    """Run the command line; every error that we expect ends in one readable paragraph and its exit code."""
    try:
        app()
    except RemessaError as error:
        explain(str(error))
        sys.exit(error.exit_code)
    except KeyboardInterrupt:
        sys.exit(130)
    except Exception as error:
        known = cloud_error(error)
        if known is None:
            raise  # a fault of ours: its traceback is what helps
        explain(str(known))
        sys.exit(known.exit_code)


__all__ = ["app", "main"]
