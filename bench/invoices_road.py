"""A file of invoices through the whole local road, and where its time goes.

The file is uploaded to a local cloud of its own by the command line, as a user does it. What our own code needs is
measured beside it, in one process and against a server that answers at once; the rest is the emulator, which answers
for S3, SQS, Lambda and DynamoDB in one process of Python.
"""

from __future__ import annotations

import json
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import psutil
from botocore.credentials import Credentials

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from support.local_cloud import LocalCloud, free_port

from bench.rows_writer import KEY, REGION, SECRET, TABLE, null_server
from remessa.journey.invoices.layout import Origin, row_fields
from remessa.journey.invoices.store import InvoiceStore
from remessa.journey.row_requests import put_request
from remessa.journey.row_sender import Destination
from remessa.local.home import Home
from remessa.pipelines.contract import Rows

SHARDS = 4
ORIGIN = Origin("0123456789abcdef0123456789abcdef", "1")
PATIENCE = 3600.0
_SUCCEEDED = "SUCCEEDED"


@dataclass(frozen=True, slots=True)
class Stage:
    """A stretch of the road."""

    name: str
    seconds: float
    rows_per_second: int
    meaning: str


def road(path: Path, read: Callable[[Path], Rows]) -> list[Stage]:
    """Everything that is known of one file's time. Raises SystemExit unless all of its rows arrive."""
    count, seconds = _timed(lambda: sum(1 for _ in read(path)))
    requested, with_requests = _timed(lambda: _requests(read(path)))
    _, with_sending = _timed(lambda: _keep(read(path)))
    wall, server, functions = _whole(path, count)
    steps = (
        ("1. parse and validate", seconds, "CPU, one process"),
        ("2. 1 and building requests", with_requests, f"CPU; {requested // count} bytes a row"),
        ("3. 2, totals and sending", with_sending, "CPU, against a server that answers at once"),
        ("whole road: functions", functions, "CPU of the functions' processes, their start included"),
        ("whole road: emulator", server, "CPU of its one process"),
        ("whole road", wall, "`remessa put`, from upload to SUCCEEDED"),
    )
    return [Stage(name, round(found, 2), round(count / found), meaning) for name, found, meaning in steps]


def _timed(work: Callable[[], int]) -> tuple[int, float]:
    cpu = time.process_time()
    result = work()
    return result, time.process_time() - cpu


def _requests(rows: Rows) -> int:
    """Length of all requests."""
    return sum(len(put_request(row_fields(invoice, ORIGIN, SHARDS))) for invoice in rows)


def _keep(rows: Rows) -> int:
    with null_server(0) as endpoint:
        destination = Destination(TABLE, endpoint, REGION, Credentials(KEY, SECRET))
        nothing = cast("Any", None)  # tables that only reading needs
        store = InvoiceStore(nothing, destination, nothing, shards=SHARDS)
        store.keep(rows, *ORIGIN, 0, lambda _count: None)
    return 0


def _whole(path: Path, count: int) -> tuple[float, float, float]:
    """Seconds from upload to end, CPU seconds of the emulator and of the functions."""
    with _cloud() as cloud:
        server = psutil.Process(cloud.status()["pids"][0])
        before = _cpu(server), _cpu_of_children(server)
        start = time.perf_counter()
        command = ("put", str(path), "--pipeline", "invoices", "--json", "--timeout", str(int(PATIENCE)))
        done = cloud.remessa(*command, timeout=PATIENCE)
        wall = time.perf_counter() - start
        [record] = json.loads(done.stdout or "[{}]")
        if record.get("status") != _SUCCEEDED or record["metadata"]["rowCount"] != count:
            raise SystemExit(f"the file did not arrive: {record or done.stderr}")
        return wall, _cpu(server) - before[0], _cpu_of_children(server) - before[1]


@contextmanager
def _cloud() -> Iterator[LocalCloud]:
    with tempfile.TemporaryDirectory(prefix="remessa-bench-") as name:
        cloud = LocalCloud(Home(Path(name) / "home"), free_port())
        try:
            cloud.up()
            yield cloud
        finally:
            cloud.destroy()


def _cpu(process: psutil.Process) -> float:
    times = process.cpu_times()
    return float(times.user + times.system)


def _cpu_of_children(server: psutil.Process) -> float:
    """Of those that live and of those that have ended."""
    times = server.cpu_times()
    return float(times.children_user + times.children_system) + sum(map(_cpu, server.children(recursive=True)))
