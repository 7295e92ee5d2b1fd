"""Records as people read them in a terminal."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rich.console import Console
    from rich.text import Text

_STYLES = {"SUCCEEDED": "green", "FAILED": "bold red", "RETRYING": "yellow", "PROCESSING": "cyan", "DELETED": "dim"}
_WIDTH_OFF_A_TERMINAL = 1000  # nothing is wrapped there, so that `grep` finds whole lines
_ROOMY = 100
_WIDE = 130
_LONGEST_TEXT = 80
"""Characters of one text in the metadata: a hash of 64 is whole, a picture as a data URI is not."""
_LONGEST_VALUE = 400


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
    """A size in bytes, of a record or an artifact, as people say it."""
    from rich.filesize import decimal

    return "" if record["size"] is None else decimal(record["size"])


def dimensions_of(described: Mapping[str, Any]) -> str:
    """`4000×3000`, or nothing where no width and height are told."""
    width, height = described.get("width"), described.get("height")
    return f"{width}×{height}" if isinstance(width, int) and isinstance(height, int) else ""


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
        what = told(record) + (made(record) if console.width >= _WIDE else "")
        cells = [printable(record["name"]), _status(record), size_of(record), printable(what), record["FileId"]]
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
    if record["progress"]:
        return f"{many(record['progress']['rows'], 'row')} so far"
    metadata = record["metadata"]
    counts = {"rowCount": "row", "itemCount": "item", "elementCount": "element", "lineCount": "line"}
    count = next((f", {many(metadata[name], word)}" for name, word in counts.items() if name in metadata), "")
    dimensions = dimensions_of(metadata)
    return f"{record['mediaType'] or ''}{count}{f', {dimensions}' if dimensions else ''}"


def made(record: Mapping[str, Any]) -> str:
    """` → 1024, 512, 128, 64`: the sizes of an image that were made, which are its artifacts' names."""
    sizes = [match[1] for artifact in record["artifacts"] if (match := re.fullmatch(r"(\d+)\.\w+", artifact["name"]))]
    return f" → {', '.join(sizes)}" if sizes and not record["error"] else ""


def many(number: int, word: str) -> str:
    """`1 row`, `2 rows`."""
    return f"{number:,} {word}{'' if number == 1 else 's'}"


def print_record(record: Mapping[str, Any], results: str | None = None) -> None:
    """Everything about one file; `results` is the bucket of artifacts whose entry, an older one, does not name it."""
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
    if record["artifacts"]:
        _print_artifacts(record["artifacts"], results, console)


def _print_artifacts(artifacts: Sequence[Mapping[str, Any]], results: str | None, console: Console) -> None:
    """One artifact a row, or two lines each where the terminal is narrow; where it is kept comes last, never cut."""
    from rich.table import Table

    table = Table(box=None, show_header=False, pad_edge=False)
    for justify in ("left", "right", "right", "left", "left"):
        table.add_column(justify=justify, no_wrap=True)
    rows = [[printable(cell) for cell in _artifact(artifact, results)] for artifact in artifacts]
    is_wide = sum(max(map(len, column)) + 1 for column in zip(*rows, strict=True)) <= console.width
    console.print("made:", style="dim")
    for row in rows:
        table.add_row(*(row if is_wide else row[:-1]))
    console.print(table)
    for row in () if is_wide else rows:
        console.print(row[-1], soft_wrap=True)


def _artifact(artifact: Mapping[str, Any], results: str | None) -> tuple[str, ...]:
    bucket = artifact.get("bucket") or results
    where = f"s3://{bucket}/{artifact['key']}" if bucket else artifact["key"]
    return artifact["name"], dimensions_of(artifact), size_of(artifact), artifact["mediaType"], where


def _facts(record: Mapping[str, Any]) -> list[tuple[str, Any]]:
    plain = ["FileId", "bucket", "key", "pipeline", "mediaType", "uploadedBy", "uploadedAt", "processedAt", "attempts"]
    facts = [(name, record[name]) for name in plain if record[name] is not None]
    facts += [("size", size_of(record))] if record["size"] is not None else []
    if record["progress"]:
        told = record["progress"]
        facts += [("progress", f"{many(told['rows'], 'row')} so far; {told['partsDone']} parts done")]
    facts += [("duration", f"{record['durationMs']} ms")] if record["durationMs"] is not None else []
    facts += [(f"  {name}", readable(value)) for name, value in sorted(record["metadata"].items())]
    facts += [("problems", record["problemCount"])] if record["problemCount"] else []
    facts += [("error", f"{record['error']['code']}: {record['error']['message']}")] if record["error"] else []
    return facts


def readable(value: object) -> str:
    """A value of the metadata on one line: what is nested spelt out, and what is long cut, with its length."""
    text = _spelt(value)
    return text if isinstance(value, str) else _short(text, _LONGEST_VALUE)


def _spelt(value: object) -> str:
    match value:
        case str():
            return _short(value, _LONGEST_TEXT)
        case bool():
            return "yes" if value else "no"
        case Mapping():
            return ", ".join(f"{name} {_inner(part, Mapping, list)}" for name, part in value.items())
        case list():
            separator = "; " if any(isinstance(part, Mapping) for part in value) else ", "
            return separator.join(_inner(part, list) for part in value)
        case _:
            return str(value)


def _inner(value: object, *bracketed: type) -> str:
    return f"({_spelt(value)})" if isinstance(value, bracketed) else _spelt(value)


def _short(text: str, longest: int) -> str:
    return text if len(text) <= longest else f"{text[: longest - 20]}… ({len(text):,} characters)"


def _status(record: Mapping[str, Any]) -> Text:
    from rich.text import Text

    return Text(record["status"], style=_STYLES.get(record["status"], ""))
