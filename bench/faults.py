"""Faults on a running local cloud, as a table: what went in, what came out right, and how long healing took.

    make soak            # this table, after the long simulation
    python -m bench.faults [--files N] [--json FILE]

Every row is a local cloud of its own. *Right* are records that are SUCCEEDED, of the object's current version, with an
artifact made from just that content. *Doubles* are records or live artifacts more than one a file, *halves* are
SUCCEEDED records whose artifact is missing or of other content, *lost* is what has no right record in the end. *Heal*
counts seconds from the end of the fault (or of the upload, if that is later) until everything is right.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import platform
import random
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import psutil

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from support.events import event
from support.faulty import FaultyCloud
from support.local_cloud import LocalCloud, free_port
from support.office import Office

from remessa.local.home import Home

PATIENCE = 300.0


@dataclass(frozen=True, slots=True)
class Row:
    """One fault and how it ended."""

    fault: str
    files: int
    right: int
    doubles: int
    halves: int
    lost: int
    heal: float


class Trial:
    """A burst of files into a cloud that is about to be harmed."""

    def __init__(self, faulty: FaultyCloud, files: int) -> None:
        self.faulty = faulty
        self.office = faulty.office
        self.bodies = {f"trial/{number:04d}.csv": _body(number) for number in range(files)}

    def upload(self) -> None:
        """Upload everything, as fast as eight clients can."""
        with ThreadPoolExecutor(8) as pool:
            list(pool.map(self._put, self.bodies.items()))

    def _put(self, item: tuple[str, bytes]) -> None:
        self.office.upload(*item)

    def judge(self, fault: str, healed: float) -> Row:
        """Compare every record with its file."""
        items = list(self.office.table.scan(["FileId", "key", "Live", "status"]))
        ours = [item for item in items if item["key"] in self.bodies]
        contents = [(item["key"], self._digests(item)) for item in ours if item["status"] == "SUCCEEDED"]
        right = {key for key, found in contents if found == [_digest(self.bodies[key])]}
        doubles = len(ours) - len({item["key"] for item in ours}) + sum(max(0, len(found) - 1) for _, found in contents)
        halves = sum(key not in right for key, _ in contents)
        return Row(
            fault, len(self.bodies), len(right), doubles, halves, len(self.bodies) - len(right), round(healed, 1)
        )

    def _digests(self, item: dict[str, Any]) -> list[str]:
        """Which contents the live artifacts of a record tell of."""
        digests = []
        for artifact in item["Live"]["artifacts"]:
            report = self.office.s3.get_object(Bucket=self.office.results, Key=artifact["key"])["Body"].read()
            digests.append(json.loads(report)["metadata"]["sha256"])
        return digests

    def wait_right(self) -> None:
        """Sweep, as the schedule does, until every file has its SUCCEEDED record; gives up after a while."""
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            keys = {item["key"] for item in self.office.table.scan(["key", "status"]) if item["status"] == "SUCCEEDED"}
            if keys >= self.bodies.keys():
                return
            self.faulty.sweep()
            time.sleep(0.5)


def _body(number: int) -> bytes:
    return f"id;valor\n{number};{number},00\n".encode() * 200


def _digest(body: bytes) -> str:
    return hashlib.sha256(body).hexdigest()


def nothing(trial: Trial) -> None:
    """No fault: the measure of the others."""
    trial.upload()


def killed_workers(trial: Trial) -> None:
    """Kill -9 of every function process, three times during the burst."""
    with ThreadPoolExecutor(1) as pool:
        upload = pool.submit(trial.upload)
        for _ in range(3):
            time.sleep(0.7)
            for pid in trial.faulty.cloud.status()["pids"][1:]:
                if psutil.pid_exists(pid):
                    psutil.Process(pid).kill()
        upload.result()


def killed_cloud(trial: Trial) -> None:
    """Kill -9 of the whole local cloud right after the burst, with most events still in the queue."""
    trial.upload()
    trial.faulty.cloud.kill()
    trial.faulty.cloud.up()
    trial.office = Office(trial.faulty.cloud)
    trial.faulty.office = trial.office


def replayed_events(trial: Trial) -> None:
    """Every event five times more, shuffled, while the first ones are being processed."""
    trial.upload()
    hints = []
    for key in trial.bodies:
        hint = event("s3-put")
        hint["Records"][0]["s3"]["bucket"]["name"] = trial.office.bucket
        hint["Records"][0]["s3"]["object"] |= {"key": key, "sequencer": "00"}
        hints += [json.dumps(hint)] * 5
    random.Random(1).shuffle(hints)
    sqs, queue = (
        trial.office.connection.client("sqs", max_pool_connections=16),
        trial.office.connection.pipeline("files").queue,
    )
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda body: sqs.send_message(QueueUrl=queue, MessageBody=body), hints))


def lost_events(trial: Trial) -> None:
    """The bucket announces nothing at all; then `remessa reconcile`."""
    s3, bucket = trial.office.s3, trial.office.bucket
    before = s3.get_bucket_notification_configuration(Bucket=bucket)
    before.pop("ResponseMetadata")
    s3.put_bucket_notification_configuration(Bucket=bucket, NotificationConfiguration={})
    trial.upload()
    s3.put_bucket_notification_configuration(Bucket=bucket, NotificationConfiguration=before)
    done = trial.faulty.cloud.remessa("reconcile", "--grace", "0")
    if done.returncode:
        raise SystemExit(done.stderr)


def _broken(call: str, status: int, code: str) -> Callable[[Trial], None]:
    def fault(trial: Trial) -> None:
        trial.faulty.break_call(call, status, code)
        trial.upload()
        time.sleep(5)
        trial.faulty.heal()

    return fault


FAULTS: dict[str, Callable[[Trial], None]] = {
    "none": nothing,
    "kill -9 of the functions, three times": killed_workers,
    "kill -9 of the whole cloud": killed_cloud,
    "every event five times more, shuffled": replayed_events,
    "every event lost, then reconcile": lost_events,
    "GetObject answers 503 for five seconds": _broken("s3.GetObject", 503, "SlowDown"),
    "PutObject answers 500 for five seconds": _broken("s3.PutObject", 500, "InternalError"),
    "the table throttles for five seconds": _broken(
        "dynamodb.UpdateItem", 400, "ProvisionedThroughputExceededException"
    ),
}


@contextmanager
def _cloud() -> Iterator[FaultyCloud]:
    with tempfile.TemporaryDirectory(prefix="remessa-bench-") as name:
        cloud = LocalCloud(Home(Path(name) / "home"), free_port())
        try:
            yield FaultyCloud(cloud, Path(name), timeout=10)
        finally:
            cloud.destroy()


def measure(name: str, files: int) -> Row:
    """Do one fault to a cloud of its own."""
    with _cloud() as faulty:
        trial = Trial(faulty, files)
        FAULTS[name](trial)
        ended = time.monotonic()
        trial.wait_right()
        return trial.judge(name, time.monotonic() - ended)


def main() -> None:
    """Print the table; exit code 1 if anything was lost, doubled or half done."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--files", type=int, default=300)
    parser.add_argument("--json", type=Path, metavar="FILE", help="also write the figures there")
    options = parser.parse_args()
    rows = []
    sys.stdout.write(f"{platform.machine()}, {psutil.cpu_count()} cores, Python {platform.python_version()}\n\n")
    sys.stdout.write("| fault | files | right | doubles | halves | lost | heal (s) |\n|---|---|---|---|---|---|---|\n")
    for name in FAULTS:
        row = measure(name, options.files)
        rows.append(row)
        sys.stdout.write("| " + " | ".join(str(value) for value in asdict(row).values()) + " |\n")
        sys.stdout.flush()
    if options.json:
        options.json.write_text(json.dumps([asdict(row) for row in rows], indent=2), encoding="utf-8")
    sys.exit(any(row.lost or row.doubles or row.halves for row in rows))


if __name__ == "__main__":
    main()
