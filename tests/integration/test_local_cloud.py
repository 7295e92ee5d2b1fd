"""The local cloud's life: up, down, and what crashes leave."""

from __future__ import annotations

import fcntl
import signal
import socket
import subprocess
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest
from support.local_cloud import FILES, LocalCloud, keys, make_function, put, read, wait_for

from remessa.local.connection import describe_stack
from remessa.local.deploy import DEPLOY_BUCKET
from remessa.local.home import find_template
from remessa.pipelines.registry import PIPELINES

Fresh = Callable[[], LocalCloud]


def buckets(cloud: LocalCloud) -> set[str]:
    """The names of all buckets."""
    return {bucket["Name"] for bucket in cloud.client("s3").list_buckets()["Buckets"]}


def changes(cloud: LocalCloud) -> int:
    """How often the stack was deployed: CloudFormation notes when each create and update is complete."""
    pages = cloud.client("cloudformation").get_paginator("describe_stack_events").paginate(StackName="remessa")
    events = [event for page in pages for event in page["StackEvents"]]
    done = {"CREATE_COMPLETE", "UPDATE_COMPLETE"}
    return sum(event["ResourceStatus"] in done and event["LogicalResourceId"] == "remessa" for event in events)


def put_item(cloud: LocalCloud) -> None:
    """Make a table of the test's own with one item: state that a crash loses and a clean stop keeps."""
    client = cloud.client("dynamodb")
    schema = [{"AttributeName": "id", "KeyType": "HASH"}]
    types = [{"AttributeName": "id", "AttributeType": "S"}]
    client.create_table(TableName="probe", KeySchema=schema, AttributeDefinitions=types, BillingMode="PAY_PER_REQUEST")
    client.put_item(TableName="probe", Item={"id": {"S": "1"}})


def item_count(cloud: LocalCloud) -> int:
    """How many items that table has."""
    count: int = cloud.client("dynamodb").scan(TableName="probe")["Count"]
    return count


def queues(cloud: LocalCloud) -> list[tuple[str, list[str]]]:
    """Which events the bucket announces to which queues."""
    answer = cloud.client("s3").get_bucket_notification_configuration(Bucket=FILES)
    return [(one["QueueArn"], one["Events"]) for one in answer["QueueConfigurations"]]


def test_down_and_up_keep_data(fresh_cloud: Fresh) -> None:
    """A clean stop and a start on another port keep objects, the table's items and the stack."""
    cloud = fresh_cloud()
    cloud.up("--port", str(cloud.port))
    put(cloud, "a/ç +.csv", b"1;2")
    put_item(cloud)
    cloud.down()
    with socket.create_server(("127.0.0.1", cloud.port)):  # the remembered port is taken now
        cloud.up()
    assert cloud.status()["port"] != cloud.port
    assert read(cloud, "a/ç +.csv") == (b"1;2", {"uploaded-by": "maria"}, "text/csv")
    assert item_count(cloud) == 1
    queue = cloud.connection.outputs["FilesQueue"]  # made on the old port
    assert cloud.client("sqs").get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]


def test_an_unchanged_stack_is_not_deployed_again(cloud: LocalCloud) -> None:
    """A second `up` finds the cloud running and the stack current, and makes no change set."""
    before = changes(cloud), cloud.status()["pids"][0]
    done = cloud.up()
    assert (changes(cloud), cloud.status()["pids"][0]) == before
    assert "nothing to deploy" in done.stderr


def test_changed_source_is_deployed(fresh_cloud: Fresh, changed_template: Path) -> None:
    """A running cloud takes over a changed template, and `up` says that it was running."""
    cloud = fresh_cloud()
    cloud.up("--port", str(cloud.port))
    before = changes(cloud)
    cloud.variables["REMESSA_TEMPLATE"] = str(changed_template)
    done = cloud.up()
    assert changes(cloud) == before + 1
    assert "Already running" in done.stderr
    assert cloud.connection.outputs["Changed"] == "yes"


@pytest.fixture
def changed_template(tmp_path: Path) -> Path:
    """A copy of the source tree's template with one more output."""
    template = find_template({})
    copy = tmp_path / "tree" / "template.yaml"
    copy.parent.mkdir()
    (copy.parent / "src").symlink_to(template.parent / "src")
    copy.write_text(template.read_text() + "\n  Changed: {Value: 'yes'}\n")
    return copy


def test_a_template_that_fails_is_told_with_its_reason(fresh_cloud: Fresh, changed_template: Path) -> None:
    """CloudFormation's reason reaches the user with exit code 1, and nothing is left running."""
    cloud = fresh_cloud()
    text = changed_template.read_text()
    changed_template.write_text(text.replace("!GetAtt FilesDeadLetters.Arn", "!GetAtt FilesDeadLetters.Nothing"))
    cloud.variables["REMESSA_TEMPLATE"] = str(changed_template)
    done = cloud.remessa("up", "--detach", "--port", str(cloud.port))
    assert done.returncode == 1
    assert "FilesDeadLetters" in done.stderr or "FilesQueue" in done.stderr
    assert not cloud.status()["running"]
    del cloud.variables["REMESSA_TEMPLATE"]
    cloud.up()  # and the failed stack is no obstacle to the next try
    assert cloud.status()["deployed"]


def test_a_crash_keeps_objects(fresh_cloud: Fresh) -> None:
    """After kill -9 and `up`, uploads, overwrites and deletes that were never saved are still exactly right."""
    cloud = fresh_cloud()
    cloud.up("--port", str(cloud.port))
    put(cloud, "kept.csv", b"old")
    put(cloud, "gone.csv", b"x")
    put(cloud, "kept.csv", b"new")
    cloud.client("s3").delete_object(Bucket=FILES, Key="gone.csv")
    notifications = queues(cloud)
    cloud.kill()
    assert not cloud.status()["running"]
    cloud.up()
    assert keys(cloud) == {"kept.csv"}
    assert read(cloud, "kept.csv") == (b"new", {"uploaded-by": "maria"}, "text/csv")
    assert notifications
    assert queues(cloud) == notifications
    assert changes(cloud) == 1  # the state saved after the deploy was found, nothing was deployed again


def lose_state(cloud: LocalCloud) -> None:
    """Crash before any state was saved: what is left is what was on disk, the objects."""
    cloud.kill()
    for file in cloud.home.state.glob("*.json"):
        file.unlink()


def test_objects_without_a_stack_are_set_aside_and_put_back(fresh_cloud: Fresh) -> None:
    """Buckets that no stack owns do not stop a deploy, and their objects come back with their metadata."""
    cloud = fresh_cloud()
    cloud.up("--port", str(cloud.port))
    put(cloud, "a/b.csv", b"old")
    put(cloud, "a/b.csv", b"1;2")
    put(cloud, "deleted.csv", b"x")
    cloud.client("s3").delete_object(Bucket=FILES, Key="deleted.csv")
    lose_state(cloud)
    done = cloud.up()
    assert "setting aside" in done.stderr
    assert keys(cloud) == {"a/b.csv"}
    assert read(cloud, "a/b.csv") == (b"1;2", {"uploaded-by": "maria"}, "text/csv")
    assert buckets(cloud) == {DEPLOY_BUCKET, *(FILES.replace("files", name) for name in ("results", *PIPELINES))}
    assert cloud.client("s3").get_bucket_notification_configuration(Bucket=FILES)["QueueConfigurations"]


def test_an_interrupted_put_back_is_finished_without_replacing_newer_files(fresh_cloud: Fresh) -> None:
    """What an interrupted recovery left aside returns at the next `up`; a newer upload under the same key stays."""
    cloud = fresh_cloud()
    cloud.up("--port", str(cloud.port))
    aside = FILES.replace("remessa-", "remessa-recovered-")
    cloud.client("s3").create_bucket(Bucket=aside)
    put(cloud, "both.csv", b"older", bucket=aside)
    put(cloud, "only-aside.csv", b"saved", bucket=aside)
    put(cloud, "both.csv", b"newer")
    cloud.up()
    assert read(cloud, "both.csv")[0] == b"newer"
    assert read(cloud, "only-aside.csv") == (b"saved", {"uploaded-by": "maria"}, "text/csv")
    assert aside not in buckets(cloud)


def test_up_says_why_it_cannot_start(fresh_cloud: Fresh) -> None:
    """A home that cannot be written, a lock that is held, a port that is taken: exit code 3 and the reason."""
    cloud = fresh_cloud()
    cloud.home.root.write_text("a file where the directory should be")
    assert_cannot_start(cloud, "cannot keep its data", "--port", str(cloud.port))
    cloud.home.root.unlink()
    cloud.home.prepare()
    with cloud.home.server_lock.open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        assert_cannot_start(cloud, "Another process is using", "--port", str(cloud.port))
    with socket.create_server(("127.0.0.1", 0)) as taken:
        number = str(taken.getsockname()[1])
        assert_cannot_start(cloud, f"Port {number} is in use", "--port", number)


def assert_cannot_start(cloud: LocalCloud, reason: str, *arguments: str) -> None:
    """`up` ends with exit code 3, tells `reason`, and shows no traceback."""
    done = cloud.remessa("up", "--detach", *arguments)
    assert done.returncode == 3, done.stderr
    assert reason in done.stderr
    assert "Traceback" not in done.stderr


def test_down_without_a_cloud(fresh_cloud: Fresh) -> None:
    """Nothing to stop is no failure, and is said."""
    done = fresh_cloud().remessa("down")
    assert done.returncode == 0
    assert "Nothing is running" in done.stderr


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_the_foreground_stops_cleanly(fresh_cloud: Fresh, number: signal.Signals) -> None:
    """Ctrl-C, even pressed twice, ends `up` with exit code 0 after the state was saved."""
    cloud = fresh_cloud()
    process = cloud.popen("up", "--port", str(cloud.port))
    wait_until_it_says(process, "Press Ctrl-C")
    put(cloud, "kept.csv", b"1")
    put_item(cloud)
    process.send_signal(number)
    process.send_signal(number)
    _, messages = process.communicate(timeout=60)
    assert process.returncode == 0, messages
    assert not cloud.status()["running"]
    cloud.up()
    assert keys(cloud) == {"kept.csv"}
    assert item_count(cloud) == 1


def test_the_foreground_notices_that_the_server_died(fresh_cloud: Fresh) -> None:
    """When the server is killed, `up` does not sit there as if all were well: it ends with exit code 3."""
    cloud = fresh_cloud()
    process = cloud.popen("up", "--port", str(cloud.port))
    wait_until_it_says(process, "Press Ctrl-C")
    psutil.Process(cloud.status()["pids"][0]).kill()
    _, messages = process.communicate(timeout=60)
    assert process.returncode == 3
    assert "SIGKILL" in messages


@pytest.mark.parametrize("crash", [False, True], ids=["ctrl-c", "kill -9"])
def test_an_interrupted_deploy_is_no_obstacle(fresh_cloud: Fresh, crash: bool) -> None:
    """Cut off in the middle of the first deploy, `up` ends with 130 or 3, and the next `up` succeeds."""
    cloud = fresh_cloud()
    process = cloud.popen("up", "--port", str(cloud.port))
    wait_until_it_says(process, "deploying")
    connection = cloud.connection
    wait_for(lambda: describe_stack(connection) is not None)  # CloudFormation is at work
    if crash:
        cloud.kill()
    else:
        process.send_signal(signal.SIGINT)
    _, messages = process.communicate(timeout=60)
    assert process.returncode == (3 if crash else 130), messages
    assert "Traceback" not in messages
    assert not cloud.status()["running"]
    cloud.up()
    assert cloud.status()["deployed"]


def test_down_does_not_wait_for_a_running_function(fresh_cloud: Fresh) -> None:
    """A function in mid-run is ended with the cloud, and no process is left."""
    cloud = fresh_cloud()
    cloud.up("--port", str(cloud.port))
    make_function(cloud, "import time\ndef handler(event, context):\n    time.sleep(100)\n")
    cloud.client("lambda").invoke(FunctionName="probe", InvocationType="Event")
    wait_for(lambda: len(cloud.status()["pids"]) > 1)
    pids = cloud.status()["pids"]
    assert cloud.remessa("down", timeout=30).returncode == 0
    wait_for(lambda: not any(map(psutil.pid_exists, pids)))


def wait_until_it_says(process: subprocess.Popen[str], words: str) -> None:
    """Read the process's messages up to the line with `words`."""
    assert process.stderr is not None
    for line in process.stderr:
        if words in line:
            return
    pytest.fail(f"{words!r} was never said")
