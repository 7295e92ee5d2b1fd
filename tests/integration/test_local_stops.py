"""Being stopped at any moment: before it is ready, by a closed terminal, with a thread that waits for ever."""

from __future__ import annotations

import json
import os
import pty
import signal
import subprocess
import threading
from collections.abc import Callable

import psutil
import pytest
from support.local_cloud import COMMANDS, LocalCloud, make_function, wait_for

from remessa.local.connection import describe_stack

Fresh = Callable[[], LocalCloud]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_stop_during_the_deploy_leaves_nothing_running(fresh_cloud: Fresh, number: signal.Signals) -> None:
    """Ctrl-C, SIGTERM and SIGHUP in mid-deploy stop the cloud, say so, and end with 128 and the signal's number."""
    cloud = fresh_cloud()
    process = cloud.popen("up", "--port", str(cloud.port))
    wait_for(lambda: cloud.home.read_info() is not None)
    connection = cloud.connection
    wait_for(lambda: describe_stack(connection) is not None)  # CloudFormation is at work
    process.send_signal(number)
    _, messages = process.communicate(timeout=60)
    assert process.returncode == 128 + number, messages
    assert "Stopped; data is kept." in messages
    assert not cloud.status()["running"]


def test_a_closed_terminal_stops_it(fresh_cloud: Fresh) -> None:
    """When the terminal goes, nothing can be printed any more, and the cloud is stopped all the same."""
    cloud = fresh_cloud()
    ours, theirs = pty.openpty()
    command = [str(COMMANDS / "remessa"), "up", "--port", str(cloud.port)]
    process = subprocess.Popen(
        command, env=cloud.env, cwd=cloud.home.root.parent, stdin=theirs, stdout=theirs, stderr=theirs
    )
    os.close(theirs)
    said = b""
    while b"Press Ctrl-C" not in said:
        said += os.read(ours, 4096)
    server = cloud.status()["pids"][0]
    os.close(ours)
    process.send_signal(signal.SIGHUP)  # as the kernel does for a session's leader, which a test is not
    process.wait(60)  # what it returns is Python's own: it may fail to flush to a terminal that is gone
    assert not psutil.pid_exists(server)


def test_a_waiting_custom_resource_does_not_hold_up_the_stop(fresh_cloud: Fresh) -> None:
    """A CloudFormation resource whose function never answers keeps a thread waiting; `down` ends all the same."""
    cloud = fresh_cloud()
    cloud.up("--port", str(cloud.port))
    make_function(cloud, "def handler(event, context):\n    return None\n")
    arn = cloud.client("lambda").get_function_configuration(FunctionName="probe")["FunctionArn"]
    resource = {"Type": "Custom::Silent", "Properties": {"ServiceToken": arn}}
    cloud.client("cloudformation").create_stack(StackName="s", TemplateBody=json.dumps({"Resources": {"R": resource}}))
    wait_for(lambda: len(cloud.status()["pids"]) > 1)  # the function is being asked
    pids = cloud.status()["pids"]
    done = cloud.remessa("down", timeout=30)
    assert done.returncode == 0, done.stderr
    assert not any(map(psutil.pid_exists, pids))
    cloud.up()
    assert cloud.status()["deployed"]


def test_two_at_once_share_one_cloud(fresh_cloud: Fresh) -> None:
    """Of two `up` at the same time one starts it; the other joins it or is told, and stops nothing."""
    cloud = fresh_cloud()
    done: list[subprocess.CompletedProcess[str]] = []
    threads = [threading.Thread(target=lambda: done.append(cloud.remessa("up", "--detach"))) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    codes = sorted(one.returncode for one in done)
    assert codes in ([0, 0], [0, 3]), [one.stderr for one in done]
    assert cloud.status()["deployed"]


def test_the_foreground_tells_that_it_runs_elsewhere(cloud: LocalCloud) -> None:
    """`up` beside a running cloud does not stay, and says why."""
    done = cloud.remessa("up")
    assert done.returncode == 0, done.stderr
    assert "left running" in done.stderr
    assert cloud.status()["running"]
