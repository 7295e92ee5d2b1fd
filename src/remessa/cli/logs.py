"""`remessa logs`: what the functions wrote."""

from __future__ import annotations

import json
import re
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from remessa.cli._records import output, printable
from remessa.cli._shared import check_file_id, messages, print_json

if TYPE_CHECKING:
    from rich.text import Text

    from remessa.local.connection import Connection

_LOOK_SECONDS = 1.0
_OVERLAP_MS = 10_000  # events may become visible a little late
_PLATFORM = re.compile(r"(START|END|REPORT|INIT_START) ")
"""Lambda's own lines; see them with `aws logs filter-log-events`."""
_STYLES = {"ERROR": "bold red", "WARNING": "yellow"}
_ALWAYS_THERE = {"level", "location", "message", "timestamp", "service", "correlation_id"}


def logs(
    file_id: Annotated[str | None, typer.Argument(metavar="[FILE_ID]", help="Only lines about this file.")] = None,
    *,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Go on with new lines until Ctrl-C.")] = False,
    minutes: Annotated[int, typer.Option(min=1, help="How far to look back.")] = 60,
    as_json: Annotated[
        bool, typer.Option("--json", help="An array of lines; with --follow one object a line.")
    ] = False,
) -> None:
    """Print the functions' log, oldest line first."""
    from remessa.local.connection import connect

    if file_id is not None:
        check_file_id(file_id)
    connection = connect()
    since = int(time.time() * 1000) - minutes * 60_000
    if follow:
        for entry in _follow(connection, file_id, since):
            _print(entry, as_json=as_json)
        return
    entries = list(_read(connection, file_id, since))
    if as_json:
        print_json(entries)
        return
    for entry in entries:
        _print(entry, as_json=False)
    if not entries:
        messages().print(f"No lines in the last {minutes} minutes; look further back with --minutes.")


def _read(connection: Connection, file_id: str | None, since: int) -> Iterator[dict[str, Any]]:
    """Log lines as objects, from every pipeline's log group, in order of time."""
    client = connection.client("logs")
    pattern = {"filterPattern": f'"{file_id}"'} if file_id else {}
    events: list[dict[str, Any]] = []
    for name, group in connection.outputs.items():
        if name.endswith("LogGroup"):
            pages = client.get_paginator("filter_log_events").paginate(logGroupName=group, startTime=since, **pattern)
            events += [event for page in pages for event in page["events"]]
    for event in sorted(events, key=lambda event: event["timestamp"]):
        for line in event["message"].splitlines():
            entry = _parse(line, event)
            if not _PLATFORM.match(line) and file_id in {None, entry.get("FileId")}:
                yield entry


def _parse(line: str, event: dict[str, Any]) -> dict[str, Any]:
    try:
        content = json.loads(line)
    except ValueError:
        content = None
    entry = content if isinstance(content, dict) else {"message": line}
    return {**entry, "at": event["timestamp"], "id": event.get("eventId")}


def _follow(connection: Connection, file_id: str | None, since: int) -> Iterator[dict[str, Any]]:
    seen: dict[tuple[Any, ...], int] = {}
    while True:
        for entry in _read(connection, file_id, since):
            mark = (entry["at"], entry["id"], json.dumps(entry, sort_keys=True, default=str))
            if mark not in seen:
                seen[mark] = entry["at"]
                yield entry
        since = max(since, max(seen.values(), default=since) - _OVERLAP_MS)
        seen = {mark: at for mark, at in seen.items() if at >= since}
        time.sleep(_LOOK_SECONDS)


def _print(entry: dict[str, Any], *, as_json: bool) -> None:
    if as_json:
        sys.stdout.write(json.dumps(entry, ensure_ascii=False) + "\n")
        sys.stdout.flush()
    elif "_aws" not in entry:  # metrics in embedded format are for CloudWatch, not for eyes
        output().print(_for_people(entry))


def _for_people(entry: dict[str, Any]) -> Text:
    from rich.text import Text

    moment = datetime.fromtimestamp(entry["at"] / 1000, UTC)
    level = entry.get("level", "")
    line = Text(f"{moment:%H:%M:%S} ", style="dim")
    line.append(f"{level:<8}", style=_STYLES.get(level, ""))
    line.append(f"{entry.get('service', '')} {printable(entry.get('message', ''))}")
    for name, value in entry.items():
        if name not in {*_ALWAYS_THERE, "at", "id"}:
            line.append(f" {name}=", style="dim")
            line.append(printable(value))
    return line
