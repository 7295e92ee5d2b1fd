"""Faults on the running local cloud: nothing is lost, doubled or half done."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import psutil
import pytest
from support.events import event
from support.faulty import FaultyCloud
from support.local_cloud import LocalCloud, free_port, wait_for
from support.office import Office

from remessa.local.home import Home

ROWS = b"".join(b"%d;Fornecedor Ltda;1.234,56;ok\n" % number for number in range(10_000))


@pytest.fixture(scope="module")
def faulty(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FaultyCloud]:
    """A cloud whose dependencies can be broken; its function has time for the client's own retries."""
    folder = tmp_path_factory.mktemp("faulty")
    cloud = LocalCloud(Home(folder / "home"), free_port())
    try:
        yield FaultyCloud(cloud, folder, timeout=60)
    finally:
        cloud.destroy()


def _workers(cloud: LocalCloud) -> list[psutil.Process]:
    return [psutil.Process(pid) for pid in cloud.status()["pids"][1:]]


def test_kill_9_of_a_function_in_the_middle_of_a_file(fresh_cloud: Callable[[], LocalCloud], tmp_path: Path) -> None:
    """The sweeper takes the file up when the dead run's lease has ended."""
    faulty = FaultyCloud(fresh_cloud(), tmp_path, timeout=15)
    office = faulty.office
    office.upload("large.csv", b"id;nome;valor;obs\n" + ROWS * 600)
    faulty.wait_status("large.csv", "PROCESSING")
    for worker in _workers(faulty.cloud):
        worker.kill()
    assert office.record("large.csv")["status"] == "PROCESSING"  # type: ignore[index]
    record = faulty.sweep_until_ended("large.csv")
    assert (record["status"], record["attempts"]) == ("SUCCEEDED", 2)
    assert record["metadata"]["rowCount"] == 6_000_000
    assert len(record["artifacts"]) == 1


def test_poison_file_ends_failed_and_harms_no_other(fresh_cloud: Callable[[], LocalCloud], tmp_path: Path) -> None:
    """A file that kills its worker is given up after five attempts; those that came with it all succeed."""
    faulty = FaultyCloud(fresh_cloud(), tmp_path, timeout=3)
    office = faulty.office
    keys = [f"harmless/{number}.csv" for number in range(20)]
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda key: office.upload(key, b"a,b\n1,2\n"), [*keys[:10], "kills-its-worker.csv", *keys[10:]]))
    record = faulty.sweep_until_ended("kills-its-worker.csv")
    assert (record["status"], record["error"]["code"], record["attempts"]) == ("FAILED", "poison", 5)
    ends = [faulty.sweep_until_ended(key) for key in keys]
    assert {end["status"] for end in ends} == {"SUCCEEDED"}


@pytest.mark.parametrize(
    ("call", "status", "code"),
    [
        ("s3.HeadObject", 500, "InternalError"),
        ("s3.GetObject", 503, "SlowDown"),
        ("s3.PutObject", 500, "InternalError"),
        ("dynamodb.UpdateItem", 400, "ProvisionedThroughputExceededException"),
    ],
)
def test_dependency_that_fails_for_a_while(faulty: FaultyCloud, call: str, status: int, code: str) -> None:
    """When it works again, so does the file, by itself."""
    office, key = faulty.office, f"patient-{call}.csv"
    faulty.break_call(call, status, code)
    office.upload(key, b"a,b\n1,2\n")
    if call.startswith("s3"):
        faulty.wait_status(key, "RETRYING")
        error = (office.record(key) or {})["error"]
        assert error["code"] == "processing-error"
        assert code in error["message"] or str(status) in error["message"]
    else:
        lines = ["fault", "ProvisionedThroughputExceededException"]
        wait_for(lambda: all(line in faulty.cloud.remessa("logs", "--json").stdout for line in lines), 60)
        assert office.record(key) is None
    faulty.heal()
    record = office.ended(key, seconds=120)
    assert record["status"] == "SUCCEEDED"
    assert record["error"] is None


def test_retry_when_the_cause_is_gone(faulty: FaultyCloud) -> None:
    """A fault in the function itself ends files FAILED; `retry --all-failed` brings every one of them through."""
    office = faulty.office
    faulty.break_call("s3.GetObject", 0, "ZeroDivisionError")
    keys = ["one.csv", "two.csv"]
    for key in keys:
        office.upload(key, b"a,b\n1,2\n")
    # Their messages would come back by themselves, later each time; an impatient operator revives them at once.
    for key in keys:
        record = _exhaust(faulty, key)
        assert (record["status"], record["error"]["code"], record["attempts"]) == ("FAILED", "poison", 5)
        assert "ZeroDivisionError" in record["error"]["message"]
    faulty.heal()
    done = faulty.cloud.remessa("retry", "--all-failed", "--json")
    assert done.returncode == 0, done.stderr
    answer = json.loads(done.stdout)
    assert {record["key"]: record["status"] for record in answer["records"]} == dict.fromkeys(keys, "SUCCEEDED")
    again = faulty.cloud.remessa("retry", answer["retried"][0])
    assert again.returncode == 1
    assert "SUCCEEDED" in again.stderr


def _exhaust(faulty: FaultyCloud, key: str) -> dict[str, Any]:
    """Let a file fail until it is given up, without waiting for its backoff."""
    sqs = faulty.office.connection.client("sqs")
    queue = faulty.office.connection.pipeline("files").queue

    def given_up() -> bool:
        record = faulty.office.record(key) or {}
        if record.get("status") == "RETRYING":
            item = faulty.office.table.get(record["FileId"]) or {}
            entity = {"bucket": {"name": item["bucket"]}, "object": {"key": key, "sequencer": item["Sequencer"]}}
            hint = {"eventTime": item["arrivedAt"], "s3": entity, "remessa": {"epoch": item["Epoch"]}}
            sqs.send_message(QueueUrl=queue, MessageBody=json.dumps({"Records": [hint]}))
        return record.get("status") == "FAILED"

    wait_for(given_up, 90)
    return faulty.office.record(key) or {}


def test_event_replayed_five_times_and_shuffled(office: Office) -> None:
    """Every event of a key's history again, in any order: nothing moves."""
    key = "replayed.csv"
    messages = []
    for number in range(4):
        record = office.process(key, b"a,b\n" + b"1,2\n" * number)
        item = office.table.get(record["FileId"])
        assert item is not None
        body = event("s3-put")
        entity = body["Records"][0]["s3"]
        entity["bucket"]["name"] = office.bucket
        entity["object"] |= {"key": key, "sequencer": item["Sequencer"]}
        messages += [json.dumps(body)] * 5
    random.Random(7).shuffle(messages)
    before = office.table.get(record["FileId"])
    sqs, queue = office.connection.client("sqs"), office.connection.pipeline("files").queue
    for replayed in messages:
        sqs.send_message(QueueUrl=queue, MessageBody=replayed)
    wait_for(lambda: _is_idle(office), 60)
    assert office.table.get(record["FileId"]) == before
    assert before is not None
    assert before["metadata"]["rowCount"] == 3


def _is_idle(office: Office) -> bool:
    names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
    queue = office.connection.pipeline("files").queue
    answer = office.connection.client("sqs").get_queue_attributes(QueueUrl=queue, AttributeNames=names)
    return all(answer["Attributes"][name] == "0" for name in names)


def test_object_overwritten_twenty_times_quickly(office: Office) -> None:
    """One record, and it tells of the last version."""

    def overwrite(number: int) -> None:
        office.upload("rewritten.csv", b"a,b\n" + b"1,2\n" * number)

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(overwrite, range(1, 21)))
    current = office.s3.head_object(Bucket=office.bucket, Key="rewritten.csv")
    record = office.ended("rewritten.csv", current["VersionId"])
    assert (record["status"], record["size"]) == ("SUCCEEDED", current["ContentLength"])
    wait_for(lambda: _is_idle(office))
    settled = office.ended("rewritten.csv")  # an event that came last may have looked once more, and kept it
    told = ("status", "versionId", "size", "metadata", "artifacts")
    assert {name: settled[name] for name in told} == {name: record[name] for name in told}
    report = office.s3.get_object(Bucket=office.results, Key=record["artifacts"][0]["key"])
    assert json.loads(report["Body"].read())["metadata"] == record["metadata"]


def test_deleted_while_it_is_processed(office: Office) -> None:
    """The record ends DELETED, whatever the run had made by then."""
    office.upload("doomed.csv", b"id;nome;valor;obs\n" + ROWS * 300)
    wait_for(lambda: (office.record("doomed.csv") or {}).get("status") == "PROCESSING")
    office.s3.delete_object(Bucket=office.bucket, Key="doomed.csv")
    record = office.wait_deleted("doomed.csv")
    assert record["artifacts"] == []
    assert record["metadata"] == {}


def test_the_schedule_sweeps_by_itself(office: Office) -> None:
    """Nobody needs to call the sweeper: within a minute or so it has run."""
    logs = office.connection.client("logs")
    group = office.connection.outputs["SweepLogGroup"]

    def has_swept() -> bool:
        events = logs.filter_log_events(logGroupName=group)["events"]
        return any("Revived" in found["message"] for found in events)

    wait_for(has_swept, 100)


def test_logs_of_a_file_that_was_tried_again(faulty: FaultyCloud) -> None:
    """They tell what was raised and where, each line with its own time."""
    office, key = faulty.office, "logged.csv"
    faulty.break_call("s3.GetObject", 500, "InternalError")
    office.upload(key, b"a,b\n")
    faulty.wait_status(key, "RETRYING")
    identity = (office.record(key) or {})["FileId"]
    wait_for(lambda: "ClientError" in faulty.cloud.remessa("logs", identity).stdout)
    [line] = json.loads(faulty.cloud.remessa("logs", identity, "--json").stdout)
    assert (line["outcome"], line["fault"]) == ("retrying", "ClientError")
    assert "objects.py" in line["place"]
    assert isinstance(line["at"], int)
    faulty.heal()
    office.ended(key)
