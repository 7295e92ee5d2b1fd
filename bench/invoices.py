"""Invoices: rows per CPU-second, memory, the write path, and 100,000 rows through the whole local road.

    python -m bench.invoices [--rows N] [--rounds N] [--megabytes N] [--large] [--skip-road] [--json FILE]

*Reading* is everything from bytes to invoices, every rule checked: 12 columns, two CNPJs, a key. The formats take turns
with a bare `csv.reader` on the same CSV file, so that a slow moment of the machine hits all of them; figures are
medians. *Memory* is the high-water mark of a process that cuts a CSV
file into parts and reads them one after the other. *Writing* is
`bench.rows_writer`, *the road* is `bench.invoices_road`. `--large` reads a file of 1 GB.
"""

from __future__ import annotations

import argparse
import csv
import io
import json
import platform
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path
from typing import Any, BinaryIO

import psutil

from bench import rows_writer
from bench.invoices_road import Stage, road
from remessa.cli.samples.mistakes import Format
from remessa.cli.samples.writing import write_invoices
from remessa.pipelines.contract import Parts, Rows
from remessa.pipelines.invoices.invoice_rows import InvoiceRows
from remessa.pipelines.invoices.processor import InvoiceProcessor
from remessa.settings import InvoiceSettings

TODAY = date(2027, 1, 1)
"""After the samples' dates."""
ONE_RUN = InvoiceSettings(invoice_part_bytes=10**12, max_whole_bytes=10**12)
TARGETS = {"csv": 120_000, "json": 200_000}
"""Rows per CPU-second that issue 5 asks for."""
MAX_MEMORY = 150
"""MB that issue 5 allows for 1 GB of CSV."""
MIN_TIMES_BATCH_WRITER = 8
BARE = "bare `csv.reader`"
_HEADER_LINES = 1


@dataclass(frozen=True, slots=True)
class PathSource:
    """A file on the disk as a pipeline's source."""

    path: Path

    @property
    def name(self) -> str:
        """Its name."""
        return self.path.name

    @property
    def size(self) -> int:
        """Length in bytes."""
        return self.path.stat().st_size

    def open(self, start: int = 0) -> BinaryIO:
        """The content from byte `start` on."""
        stream = self.path.open("rb")
        stream.seek(start)
        return stream


@dataclass(frozen=True, slots=True)
class Read:
    """One way of reading."""

    way: str
    rows: int
    bytes_per_row: int
    rows_per_cpu_second: int
    share_of_csv_reader: float
    target: int | None


@dataclass(frozen=True, slots=True)
class Memory:
    """What one process needed for a file."""

    file_megabytes: int
    rows: int
    megabytes: int
    at_start: int
    """Before anything was read: Python and the imports."""
    cpu_seconds: float


def rows_of(path: Path) -> Rows:
    """The invoices of a file, as the pipeline gives them, in one run."""
    rows = InvoiceProcessor(ONE_RUN, lambda: TODAY).process(PathSource(path))
    if not isinstance(rows, InvoiceRows):
        raise TypeError("the file was cut into parts")
    return rows


def _read(path: Path) -> int:
    return sum(1 for _ in rows_of(path))


def _read_in_parts(path: Path) -> int:
    """As the functions do it, but one part after the other in one process."""
    source, processor = PathSource(path), InvoiceProcessor(InvoiceSettings(), lambda: TODAY)
    found = processor.process(source)
    if not isinstance(found, Parts):
        return sum(1 for _ in found)
    parts = list(enumerate(found.parts))
    return sum(1 for number, part in parts for _ in processor.process_part(source, part, number, len(parts)))


def _read_bare(path: Path) -> int:
    with path.open(encoding="utf-8-sig", newline="") as file:
        return sum(1 for _ in csv.reader(file, delimiter=";")) - _HEADER_LINES


def _ways(folder: Path, rows: int) -> dict[str, tuple[Callable[[Path], int], Path]]:
    """Name to what reads, and the file that it reads."""
    ways: dict[str, tuple[Callable[[Path], int], Path]] = {}
    for format_, errors in ((Format.CSV, 0), (Format.CSV, 5), (Format.JSON, 0), (Format.NDJSON, 0), (Format.NFE, 0)):
        name = f"{format_.value}, {errors}% wrong rows" if errors else format_.value
        path = folder / name
        with path.open("wb") as file:
            write_invoices(file, format_, rows if format_ is not Format.NFE else rows // 20, errors=errors)
        ways[name] = _read, path
    return {BARE: (_read_bare, folder / "csv"), **ways}


def reading(folder: Path, rows: int, rounds: int) -> list[Read]:
    """Each way's rows per CPU-second, the ways taking turns."""
    ways = _ways(folder, rows)
    rates: dict[str, list[float]] = {name: [] for name in ways}
    counts: dict[str, int] = {}
    for _ in range(rounds):
        for name, (read, path) in ways.items():
            cpu = time.process_time()
            counts[name] = read(path)
            rates[name].append(counts[name] / (time.process_time() - cpu))
    medians = {name: statistics.median(found) for name, found in rates.items()}
    return [
        Read(
            name,
            counts[name],
            path.stat().st_size // counts[name],
            round(medians[name]),
            round(medians[name] / medians[BARE], 2),
            TARGETS.get(name),
        )
        for name, (_, path) in ways.items()
    ]


def memory(folder: Path, megabytes: int) -> Memory:
    """Cut and read a CSV file of so many megabytes in a process of its own."""
    path = folder / "large.csv"
    _grow(path, megabytes * 1_000_000)
    command = [sys.executable, "-m", "bench.invoices", "--measure", str(path)]
    done = subprocess.run(command, stdout=subprocess.PIPE, check=True)  # noqa: S603  our own module
    path.unlink()
    return Memory(megabytes, **json.loads(done.stdout))


def _grow(path: Path, size: int) -> None:
    """Write a file of about so many bytes: different invoices, block after block, under one header."""
    with path.open("wb") as file:
        seed = 1
        while file.tell() < size:
            block = io.BytesIO()
            write_invoices(block, Format.CSV, 100_000, seed=seed)
            block.seek(0)
            header = block.readline()
            file.write(header if seed == 1 else b"")
            shutil.copyfileobj(block, file)
            seed += 1


def _measure(path: Path) -> dict[str, Any]:
    """What reading a file costs this process."""
    at_start = _peak()
    cpu = time.process_time()
    count = _read_in_parts(path)
    seconds = round(time.process_time() - cpu, 1)
    return {"rows": count, "megabytes": _peak(), "at_start": at_start, "cpu_seconds": seconds}


def _peak() -> int:
    """The most memory that this process ever had, in MB."""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    [line] = [line for line in status.splitlines() if line.startswith("VmHWM:")]
    return int(line.split()[1]) // 1000


def writing(items: int, rounds: int) -> tuple[float, float]:
    """Items a second of boto3's `batch_writer`, and of ours, against a server that answers at once."""
    figures = rows_writer.measure(0, items, rounds)
    ours = max(rate for name, (rate, _) in figures.items() if name in rows_writer.FAST)
    return figures[rows_writer.BASE][0], ours


def _say(line: str = "") -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def _table(columns: tuple[str, ...], rows: list[tuple[object, ...]]) -> None:
    _say("| " + " | ".join(columns) + " |\n" + "|---" * len(columns) + "|")
    for row in rows:
        _say("| " + " | ".join("" if cell is None else str(cell) for cell in row) + " |")
    _say()


def _verdict(*, reached: bool) -> str:
    return "reached" if reached else "missed"


def report(options: argparse.Namespace, folder: Path) -> dict[str, Any]:
    """Measure and print everything; returns the figures."""
    reads = reading(folder, options.rows, options.rounds)
    _table(
        ("reading", "rows", "bytes/row", "rows per CPU-second", "of `csv.reader`", "target"),
        [
            (*list(asdict(read).values())[:-1], read.target and f"{read.target:,}: "
             + _verdict(reached=read.rows_per_cpu_second >= read.target)) for read in reads
        ],
    )  # fmt: skip
    sizes = [options.megabytes, *([1000] if options.large else [])]
    needed = [memory(folder, size) for size in sizes]
    _table(
        ("CSV file, MB", "rows", "memory, MB", "of it before reading", "CPU seconds", f"target {MAX_MEMORY} MB"),
        [(*asdict(found).values(), _verdict(reached=found.megabytes < MAX_MEMORY)) for found in needed],
    )
    boto3, ours = writing(40_000, options.rounds)
    _table(
        ("writing", "items/s", "times", f"target {MIN_TIMES_BATCH_WRITER}×"),
        [("boto3, batch_writer", round(boto3), 1, None),
         ("RowsWriter", round(ours), round(ours / boto3, 1), _verdict(reached=ours >= MIN_TIMES_BATCH_WRITER * boto3))],
    )  # fmt: skip
    figures: dict[str, Any] = {
        "reading": [asdict(read) for read in reads],
        "memory": [asdict(found) for found in needed],
        "writing": {"batch_writer": round(boto3), "RowsWriter": round(ours)},
    }
    if not options.skip_road:
        figures["road"] = _report_road(folder / "csv", rows_of)
    return figures


def _report_road(path: Path, read: Callable[[Path], Rows]) -> list[dict[str, Any]]:
    stages: list[Stage] = road(path, read)
    _table(
        ("the road", "seconds", "rows/s", "what it is"),
        [(stage.name, stage.seconds, stage.rows_per_second, stage.meaning) for stage in stages],
    )
    return [asdict(stage) for stage in stages]


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--megabytes", type=int, default=300, help="length of the file for the measure of memory")
    parser.add_argument("--large", action="store_true", help="measure memory with a file of 1 GB too")
    parser.add_argument("--skip-road", action="store_true")
    parser.add_argument("--json", type=Path, metavar="FILE", help="also write the figures there")
    parser.add_argument("--measure", type=Path, help=argparse.SUPPRESS)  # the child of `memory`
    options = parser.parse_args()
    if options.measure:
        _say(json.dumps(_measure(options.measure)))
        return
    _say(f"{platform.machine()}, {psutil.cpu_count()} cores, Python {platform.python_version()}\n")
    with tempfile.TemporaryDirectory(prefix="remessa-bench-") as name:
        figures = report(options, Path(name))
    if options.json:
        options.json.write_text(json.dumps(figures, indent=2), encoding="utf-8")


if __name__ == "__main__":
    main()
