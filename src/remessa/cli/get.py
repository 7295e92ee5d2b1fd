"""`remessa get`: download what was made of a file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from remessa.cli._download import Download, fetch, plan_downloads, prepare
from remessa.cli._records import printable
from remessa.cli._shared import check_file_id, messages, print_json, record_of
from remessa.errors import RemessaError, UsageError

if TYPE_CHECKING:
    from remessa.local.connection import Connection


def get(
    file_id: Annotated[str, typer.Argument(metavar="FILE_ID", help="As `remessa ls` prints it.")],
    name: Annotated[
        str | None, typer.Argument(metavar="[NAME]", help="Which artifact, as `remessa show` names it.")
    ] = None,
    *,
    everything: Annotated[bool, typer.Option("--all", help="Every artifact of the file.")] = False,
    folder: Annotated[
        Path, typer.Option("--output", "-o", metavar="DIR", help="Where to; made when missing.")
    ] = Path(),
    force: Annotated[bool, typer.Option("--force", help="Replace files that are there already.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="An array of what was saved, instead of paths.")] = False,
) -> None:
    """Download what was made of a file, as `<file name>.<artifact name>`, and print the paths.

    A file appears under its name only when it is complete.
    """
    from remessa.local.connection import connect

    check_file_id(file_id)
    _check_options(name, folder, everything=everything)
    connection = connect()
    record = record_of(connection, file_id)
    artifacts = wanted(record, name, everything=everything)
    downloads = plan_downloads(record, artifacts, folder, connection.outputs.get("ResultsBucket"))
    prepare(folder, downloads, force=force)
    saved: list[Download] = []
    try:
        _fetch_all(connection, downloads, saved, force=force)
    finally:  # what is here is told, even when the rest could not be had
        _tell(saved, as_json=as_json)


def wanted(record: Mapping[str, Any], name: str | None, *, everything: bool) -> Sequence[Mapping[str, Any]]:
    """The artifacts that were asked for; raises what says why there are none, or which there are to choose from."""
    artifacts: Sequence[Mapping[str, Any]] = record["artifacts"]
    if not artifacts:
        raise RemessaError(_why_none(record))
    if everything or (name is None and len(artifacts) == 1):
        return artifacts
    names = ", ".join(dict.fromkeys(printable(artifact["name"]) for artifact in artifacts))
    if name is None:
        raise UsageError(f"Name one of {names}; or give --all.")
    named = [artifact for artifact in artifacts if artifact["name"] == name]
    if not named:
        raise UsageError(f"{printable(record['name'])!r} has no artifact {name!r}; there are: {names}.")
    return named


def _check_options(name: str | None, folder: Path, *, everything: bool) -> None:
    if everything and name is not None:
        raise UsageError("Give the name of an artifact or --all, not both.")
    try:
        str(folder).encode()
    except UnicodeEncodeError as error:  # its path could not be printed
        raise UsageError(f"The name of the folder {str(folder)!r} is not UTF-8. Give another with -o.") from error


def _why_none(record: Mapping[str, Any]) -> str:
    name, file_id = printable(record["name"]), record["FileId"]
    match record["status"]:
        case "FAILED":
            why = f"{record['error']['code']}: {printable(record['error']['message'])}"
            return f"Nothing was made of {name!r}: it failed. {why} See `remessa show {file_id}`."
        case "DELETED":
            return f"{name!r} was deleted, and what was made of it too. Upload it again with `remessa put`."
        case "PROCESSING" | "RETRYING":
            return (
                f"{name!r} has not been processed yet. Look with `remessa show {file_id}`, and try again when it has."
            )
        case _:
            return f"{name!r} was processed, and there was nothing to make of it. See `remessa show {file_id}`."


def _fetch_all(connection: Connection, downloads: Sequence[Download], saved: list[Download], *, force: bool) -> None:
    """Download one after another, with a progress bar where there is a terminal to show it; `saved` grows."""
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn, TransferSpeedColumn

    columns = (TextColumn("downloading"), BarColumn(), DownloadColumn(), TransferSpeedColumn(), TimeRemainingColumn())
    console, s3 = messages(), connection.client("s3")
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as progress:
        task = progress.add_task("download", total=sum(one.size for one in downloads))
        for one in downloads:
            fetch(s3, one, lambda moved: progress.advance(task, moved), force=force)
            saved.append(one)


def _tell(saved: Sequence[Download], *, as_json: bool) -> None:
    if as_json and saved:
        print_json([one.as_dict() for one in saved])
    elif saved:
        typer.echo("\n".join(str(one.path) for one in saved))
