"""What writing rows costs the client: ours beside boto3, against a server that only says yes.

    python -m bench.rows_writer [--items N] [--rounds N] [--json FILE]

Every way writes the same invoices, 25 a batch, from plain Python values to the server's answer. The server is a process
of its own and answers at once, or after 12 ms, which is about what DynamoDB takes. The ways take turns, so that a slow
moment of the machine hits all of them; figures are medians. *CPU* is the client's own, all threads together.
"""

from __future__ import annotations

import argparse
import json
import platform
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import boto3
import psutil
from botocore.config import Config
from botocore.credentials import Credentials

from remessa.journey.row_requests import put_request
from remessa.journey.row_sender import Destination
from remessa.journey.rows_writer import BATCH, RowsWriter

TABLE, REGION, KEY, SECRET = "Invoices", "us-east-1", "AKIDEXAMPLE", "secret"
DELAYS = {"at once": 0.0, "after 12 ms": 0.012}
Invoice = dict[str, str | int]
Way = Callable[[str, int], None]


@dataclass(frozen=True, slots=True)
class Row:
    """One way of writing against one server."""

    answers: str
    way: str
    items_per_second: int
    cpu_microseconds_per_item: float
    times_batch_writer: float


def invoices(count: int) -> Iterator[Invoice]:
    """Items as the pipeline writes them: 14 attributes, about 500 bytes."""
    for number in range(count):
        yield {
            "InvoiceId": f"INV#35260711222333000181550010{number:09d}1123456786",
            "generation": 3,
            "byIssuer": "E#11222333000181#2026-07#3",
            "byIssuerAt": f"2026-07-14#{number:09d}",
            "byCustomer": "C#12ABC34501DE35#2026-07#3",
            "byFile": "F#0123456789abcdef0123456789abcdef#3",
            "row": number + 2,
            "number": str(number),
            "series": "1",
            "issuer": "11222333000181",
            "issuerName": "Padaria São Zuvaré Fictícia Ltda",
            "customer": "12ABC34501DE35",
            "issued": "2026-07-14",
            "total": number * 7 % 1_000_000,
        }


def _client(endpoint: str, **options: Any) -> Any:
    config = Config(max_pool_connections=16, **options)
    return boto3.client("dynamodb", **_where(endpoint), config=config)  # type: ignore[call-overload]


def _where(endpoint: str) -> dict[str, str]:
    return {
        "endpoint_url": endpoint,
        "region_name": REGION,
        "aws_access_key_id": KEY,
        "aws_secret_access_key": SECRET,
    }


def batch_writer(endpoint: str, count: int) -> None:
    """What the documentation of boto3 shows."""
    table = boto3.resource("dynamodb", **_where(endpoint)).Table(TABLE)  # type: ignore[call-overload]
    with table.batch_writer() as batch:
        for invoice in invoices(count):
            batch.put_item(Item=invoice)


def _batches(count: int) -> Iterator[list[dict[str, Any]]]:
    items = invoices(count)
    while batch := list(islice(items, BATCH)):
        yield [{"PutRequest": {"Item": {name: _typed(value) for name, value in item.items()}}} for item in batch]


def _typed(value: str | int) -> dict[str, str]:
    return {"S": value} if isinstance(value, str) else {"N": str(value)}


def plain_client(endpoint: str, count: int) -> None:
    """The low-level client, one call after the other."""
    client = _client(endpoint)
    for batch in _batches(count):
        client.batch_write_item(RequestItems={TABLE: batch})


def tuned_client(endpoint: str, count: int) -> None:
    """The low-level client at its best: no validation, eight threads."""
    client = _client(endpoint, parameter_validation=False)
    with ThreadPoolExecutor(8) as pool:
        for _ in pool.map(lambda batch: client.batch_write_item(RequestItems={TABLE: batch}), _batches(count)):
            pass


def _writer(connections: int) -> Way:
    def write(endpoint: str, count: int) -> None:
        destination = Destination(TABLE, endpoint, REGION, Credentials(KEY, SECRET))
        with RowsWriter(destination, connections=connections) as writer:
            for invoice in invoices(count):
                writer.add(invoice["InvoiceId"], put_request(invoice))

    return write


BASE = "boto3 resource, batch_writer"
WAYS: dict[str, Way] = {
    BASE: batch_writer,
    "boto3 client": plain_client,
    "boto3 client, unchecked, 8 threads": tuned_client,
    "RowsWriter, 1 connection": _writer(1),
    "RowsWriter, 8 connections": _writer(8),
    "RowsWriter, 16 connections": _writer(16),
    "RowsWriter, 32 connections": _writer(32),
}
FAST = frozenset(name for name in WAYS if name.endswith("connections"))


@contextmanager
def null_server(delay: float) -> Iterator[str]:
    """The endpoint of a server that says yes."""
    command = [sys.executable, "-m", "bench.null_server", "--delay", str(delay)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as server:  # noqa: S603
        try:
            yield f"http://127.0.0.1:{int(server.stdout.readline())}"  # type: ignore[union-attr]
        finally:
            server.communicate()


def measure(delay: float, count: int, rounds: int) -> dict[str, tuple[float, float]]:
    """For each way the median of items a second, and of CPU seconds an item."""
    figures: dict[str, list[tuple[float, float]]] = {name: [] for name in WAYS}
    with null_server(delay) as endpoint:
        for _ in range(rounds):
            for name, way in WAYS.items():
                items = count if name in FAST else count // 8  # about as long each
                wall, cpu = time.perf_counter(), time.process_time()
                way(endpoint, items)
                seconds = time.perf_counter() - wall
                figures[name].append((items / seconds, (time.process_time() - cpu) / items))
    return {
        name: (statistics.median(rate for rate, _ in found), statistics.median(cost for _, cost in found))
        for name, found in figures.items()
    }


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--items", type=int, default=40_000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--json", type=Path, metavar="FILE", help="also write the figures there")
    options = parser.parse_args()
    rows = []
    sys.stdout.write(f"{platform.machine()}, {psutil.cpu_count()} cores, Python {platform.python_version()}\n\n")
    sys.stdout.write("| server answers | way | items/s | CPU µs/item | times batch_writer |\n|---|---|---|---|---|\n")
    for answers, delay in DELAYS.items():
        figures = measure(delay, options.items, options.rounds)
        for name, (rate, cost) in figures.items():
            row = Row(answers, name, round(rate), round(cost * 1e6, 1), round(rate / figures[BASE][0], 1))
            rows.append(row)
            sys.stdout.write("| " + " | ".join(str(value) for value in asdict(row).values()) + " |\n")
            sys.stdout.flush()
    if options.json:
        options.json.write_text(json.dumps([asdict(row) for row in rows], indent=2), encoding="utf-8")


if __name__ == "__main__":
    main()
