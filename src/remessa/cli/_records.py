"""Records as people read them in a terminal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rich.console import Console
    from rich.text import Text

_STYLES = {"SUCCEEDED": "green", "FAILED": "bold red", "RETRYING": "yellow", "PROCESSING": "cyan", "DELETED": "dim"}
_WIDTH_OFF_A_TERMINAL = 1000  # nothing is wrapped there, so that `grep` finds whole lines
_ROOMY = 100


def printable(text: object) -> str:
    r"""A stranger's text made safe for a terminal: control and direction characters are shown as `\x1b`, `\u202e`."""
    return "".join(
        character if character.isprintable() else character.encode("unicode_escape").decode() for character in str(text)
    )


def output() -> Console:
    """The console for data, on stdout."""
    from rich.console import Console

    console = Console(highlight=False, markup=False)
    return console if console.is_terminal else Console(highlight=False, markup=False, width=_WIDTH_OFF_A_TERMINAL)


def size_of(record: Mapping[str, Any]) -> str:
    """A size in bytes as people say it."""
    from rich.filesize import decimal

    return "" if record["size"] is None else decimal(record["size"])


def print_records(records: Sequence[Mapping[str, Any]]) -> None:
    """One row a file, in the order given; below them, why files failed."""
    from rich.box import SIMPLE_HEAD
    from rich.padding import Padding
    from rich.table import Table

    console = output()
    table = Table(box=SIMPLE_HEAD, pad_edge=False, expand=False)
    table.add_column("File", overflow="fold")
    table.add_column("Status", no_wrap=True, min_width=9)
    table.add_column("Size", justify="right", no_wrap=True, min_width=9)
    if console.width >= _ROOMY:
        table.add_column("What it is", overflow="fold")
    # Never cut: it is there to be copied.
    table.add_column("FileId", no_wrap=True, min_width=32)
    for record in records:
        cells = [printable(record["name"]), _status(record), size_of(record), told(record), record["FileId"]]
        table.add_row(*(cells if console.width >= _ROOMY else cells[:3] + cells[4:]))
    console.print(table)
    for record in records:
        if record["error"]:
            console.print(printable(record["name"]), style=_STYLES[record["status"]])
            console.print(Padding(f"{record['error']['code']}: {printable(record['error']['message'])}", (0, 0, 0, 2)))


def told(record: Mapping[str, Any]) -> str:
    """The one thing to know of a file: what it is, or why it failed."""
    if record["error"]:
        return str(record["error"]["code"])
    metadata = record["metadata"]
    counts = {"rowCount": "row", "itemCount": "item", "elementCount": "element", "lineCount": "line"}
    count = next((f", {many(metadata[name], word)}" for name, word in counts.items() if name in metadata), "")
    return f"{record['mediaType'] or ''}{count}"


def many(number: int, word: str) -> str:
    """`1 row`, `2 rows`."""
    return f"{number:,} {word}{'' if number == 1 else 's'}"


def print_record(record: Mapping[str, Any]) -> None:
    """Everything about one file."""
    from rich.table import Table

    table = Table(box=None, show_header=False, pad_edge=False)
    table.add_column(style="dim", no_wrap=True)
    table.add_column(overflow="fold")
    for name, value in _facts(record):
        table.add_row(name, printable(value))
    console = output()
    console.print(_status(record), printable(record["name"]))
    console.print(table)
    for problem in record["problems"]:
        console.print(f"  row {problem.get('row', '?')}: {printable(problem['message'])}", style="yellow")


def _facts(record: Mapping[str, Any]) -> list[tuple[str, Any]]:
    plain = ["FileId", "bucket", "key", "pipeline", "mediaType", "uploadedBy", "uploadedAt", "processedAt", "attempts"]
    facts = [(name, record[name]) for name in plain if record[name] is not None]
    facts += [("size", size_of(record))] if record["size"] is not None else []
    facts += [("duration", f"{record['durationMs']} ms")] if record["durationMs"] is not None else []
    facts += [(f"  {name}", value) for name, value in sorted(record["metadata"].items())]
    facts += [("problems", record["problemCount"])] if record["problemCount"] else []
    facts += [("artifact", f"{artifact['key']} ({artifact['size']} bytes)") for artifact in record["artifacts"]]
    facts += [("error", f"{record['error']['code']}: {record['error']['message']}")] if record["error"] else []
    return facts


def _status(record: Mapping[str, Any]) -> Text:
    from rich.text import Text

    return Text(record["status"], style=_STYLES.get(record["status"], ""))
