"""`reconcile`, `redrive` and `gc` on the running local cloud."""

from __future__ import annotations

import json
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

from support.local_cloud import LocalCloud, wait_for
from support.office import Office

from remessa.journey.record import file_id
from remessa.pipelines.registry import PIPELINES

FILES = ("--pipeline", "files")


def _answer(done: subprocess.CompletedProcess[str]) -> Any:
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@contextmanager
def _silence(office: Office) -> Iterator[None]:
    """While inside, the bucket announces nothing: every event is lost."""
    before = office.s3.get_bucket_notification_configuration(Bucket=office.bucket)
    before.pop("ResponseMetadata")
    office.s3.put_bucket_notification_configuration(Bucket=office.bucket, NotificationConfiguration={})
    yield
    office.s3.put_bucket_notification_configuration(Bucket=office.bucket, NotificationConfiguration=before)


def test_reconcile_brings_lost_events_back(office: Office) -> None:
    """Created, overwritten and deleted behind our back; a dry run tells, and the real one repairs."""
    office.process("lost/overwritten.csv", b"a,b\n")
    office.process("lost/deleted.csv", b"a,b\n")
    with _silence(office):
        office.upload("lost/new é+.csv", b"a,b\n1,2\n")
        version = office.upload("lost/overwritten.csv", b"a,b\n1,2\n3,4\n")
        office.s3.delete_object(Bucket=office.bucket, Key="lost/deleted.csv")
    [dry] = _answer(office.cloud.remessa("reconcile", *FILES, "--dry-run", "--grace", "0", "--json"))
    expected = {"lost/new é+.csv", "lost/overwritten.csv", "lost/deleted.csv"}
    assert {file["key"] for file in dry["files"]} == expected
    assert office.record("lost/new é+.csv") is None
    [done] = _answer(office.cloud.remessa("reconcile", *FILES, "--grace", "0", "--json"))
    assert (done["announced"], done["dryRun"]) == (3, False)
    assert office.ended("lost/new é+.csv")["status"] == "SUCCEEDED"
    assert office.ended("lost/overwritten.csv", version)["metadata"]["rowCount"] == 2
    office.wait_deleted("lost/deleted.csv")
    [again] = _answer(office.cloud.remessa("reconcile", *FILES, "--grace", "0", "--json"))
    assert again["announced"] == 0


def test_reconcile_that_is_killed_goes_on(fresh_cloud: Callable[[], LocalCloud]) -> None:
    """A back-fill cut off in the middle: the next call goes on where it stopped, and every file gets its record."""
    cloud = fresh_cloud()
    cloud.up("--port", str(cloud.port))
    office = Office(cloud)
    keys = [f"before/{number:04d}.txt" for number in range(800)]
    with _silence(office), ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda key: office.upload(key, b"x\n"), keys))
    place = cloud.home.root / f"reconcile-{office.bucket}.json"
    with cloud.popen("reconcile", "--grace", "0") as process:
        wait_for(place.exists)
        process.send_signal(signal.SIGKILL)
    after = json.loads(place.read_text(encoding="utf-8"))["after"]
    assert keys[0] < after < keys[-1]
    [done] = _answer(cloud.remessa("reconcile", *FILES, "--grace", "0", "--json"))
    assert done["compared"] == 800
    assert done["announced"] <= 800 - keys.index(after) - 1
    assert not place.exists()
    deadline = time.monotonic() + 120
    while (counts := office.connection.records().count_by_status())["SUCCEEDED"] < 800:
        assert time.monotonic() < deadline, counts
        time.sleep(0.5)
    assert counts == {"PROCESSING": 0, "RETRYING": 0, "SUCCEEDED": 800, "FAILED": 0, "DELETED": 0}


def test_redrive_gives_dead_letters_another_chance(office: Office) -> None:
    """An event that ended among the dead letters is processed after all."""
    with _silence(office):
        office.upload("dead-letter.csv", b"a,b\n1,2\n")
    where = office.connection.pipeline("files")
    entity = {"bucket": {"name": office.bucket}, "object": {"key": "dead-letter.csv", "sequencer": "10"}}
    body = {"Records": [{"eventTime": "2026-11-20T16:20:52.115Z", "s3": entity}]}
    office.connection.client("sqs").send_message(QueueUrl=where.dead_letters, MessageBody=json.dumps(body))
    assert _answer(office.cloud.remessa("redrive", "files", "--json")) == {"moved": {"files": 1}}
    assert office.ended("dead-letter.csv")["status"] == "SUCCEEDED"
    moved = _answer(office.cloud.remessa("redrive", "--json"))["moved"]
    assert (moved["files"], set(moved)) == (0, set(PIPELINES))


def test_gc_removes_only_what_no_record_names(office: Office) -> None:
    """Older generations and leftovers go; what is live stays readable."""
    office.process("kept.csv", b"a,b\n")
    record = office.process("kept.csv", b"a,b\n1,2\n")
    identity = file_id(office.bucket, "kept.csv")
    stray = f"reports/{'e' * 32}/9-9/report.json"
    office.s3.put_object(Bucket=office.results, Key=stray, Body=b"{}")
    assert len(office.artifacts(identity)) == 2
    time.sleep(1.1)  # S3 tells an artifact's time in whole seconds
    dry = _answer(office.cloud.remessa("gc", "--dry-run", "--grace", "0", "--json"))
    assert dry["removed"] >= 2
    assert len(office.artifacts(identity)) == 2
    assert _answer(office.cloud.remessa("gc", "--json"))["removed"] == 0
    done = _answer(office.cloud.remessa("gc", "--grace", "0", "--json"))
    assert done["removed"] == dry["removed"]
    assert office.artifacts(identity) == [record["artifacts"][0]["key"]]
    assert office.artifacts("e" * 32) == []
