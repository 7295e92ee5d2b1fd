"""What the command line tells about the local cloud, and who may talk to it."""

from __future__ import annotations

import http.client
import json
import os
import subprocess
from collections.abc import Callable

import psutil
from support.local_cloud import COMMANDS, FILES, LocalCloud, keys, make_function, put

Fresh = Callable[[], LocalCloud]


def http_status(cloud: LocalCloud, method: str, path: str, headers: dict[str, str]) -> int:
    """The status that a request with exactly these headers gets."""
    connection = http.client.HTTPConnection("127.0.0.1", cloud.status()["port"], timeout=30)
    try:
        connection.putrequest(method, path, skip_host="Host" in headers, skip_accept_encoding=True)
        for name, value in headers.items():
            connection.putheader(name, value)
        connection.endheaders()
        return connection.getresponse().status
    finally:
        connection.close()


def test_the_guard_keeps_web_pages_out(cloud: LocalCloud) -> None:
    """A foreign Host, a foreign Origin and the emulator's reset are refused, and the data is still there."""
    put(cloud, "guarded.csv", b"1")
    host = f"127.0.0.1:{cloud.status()['port']}"
    assert http_status(cloud, "GET", "/", {"Host": "evil.example:4566"}) == 403
    assert http_status(cloud, "GET", "/", {"Host": host, "Origin": "https://evil.example"}) == 403
    for path in ("/_ministack/reset", "//_ministack/reset", "/%5fministack/reset", "/_MINISTACK/reset", "/health"):
        assert http_status(cloud, "POST", path, {"Host": host}) == 403
    assert http_status(cloud, "POST", "/_remessa/snapshot", {"Host": host, "x-remessa-token": "guess"}) == 403
    assert http_status(cloud, "GET", "/_remessa/health", {"Host": host}) == 200
    assert "guarded.csv" in keys(cloud)


def test_an_uploaded_page_is_sandboxed(cloud: LocalCloud) -> None:
    """An HTML file opened from its bucket may not act as if it were the console."""
    put(cloud, "page.html", b"<script>1</script>")
    headers = cloud.client("s3").get_object(Bucket=FILES, Key="page.html")["ResponseMetadata"]["HTTPHeaders"]
    assert headers["content-security-policy"] == "sandbox"


def test_env_as_json(cloud: LocalCloud) -> None:
    """`env --json` is one flat object with the endpoint, the credentials and the stack's names."""
    values = json.loads(cloud.remessa("env", "--json").stdout)
    assert values["AWS_ENDPOINT_URL"] == f"http://127.0.0.1:{cloud.status()['port']}"
    assert {"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_DEFAULT_REGION", "AWS_REGION"} <= values.keys()
    assert {"FILES_TABLE", "RESULTS_BUCKET", "FILES_QUEUE", "FILES_DEAD_LETTERS"} <= values.keys()
    assert values["FILES_BUCKET"] == FILES
    assert "PATH" not in values


def test_env_evaluated_by_a_shell_works_with_the_aws_cli(cloud: LocalCloud) -> None:
    """A plain shell with a profile, a session token and a proxy in the way reaches the cloud after the eval."""
    hindered = cloud.env | {
        "AWS_PROFILE": "no-such-profile",
        "AWS_SESSION_TOKEN": "stale",
        "AWS_ENDPOINT_URL_S3": "http://127.0.0.1:1",
        "HTTP_PROXY": "http://127.0.0.1:1",
        "PATH": os.defpath,
    }
    script = (
        f'eval "$({COMMANDS}/remessa env)" && printf 1 | aws s3 cp - "s3://$FILES_BUCKET/shell.csv" && remessa status'
    )
    done = subprocess.run(["sh", "-c", script], env=hindered, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    assert "shell.csv" in keys(cloud)


def test_the_aws_cli_reaches_the_queues_of_this_cloud(cloud: LocalCloud) -> None:
    """After the eval, SQS is asked here, though the AWS CLI knows an endpoint of its own for it."""
    script = (
        f'eval "$({COMMANDS}/remessa env)" && aws sqs list-queues --query "length(QueueUrls)" && '
        'aws sqs get-queue-attributes --queue-url "$FILES_QUEUE" --attribute-names QueueArn --output text'
    )
    environ = cloud.env | {"PATH": os.defpath}
    done = subprocess.run(["sh", "-c", script], env=environ, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    number, attributes = done.stdout.splitlines()
    assert int(number) >= 2
    assert cloud.connection.outputs["FilesQueue"].rpartition("/")[2] in attributes


def test_env_without_a_cloud(fresh_cloud: Fresh) -> None:
    """Exit code 3, nothing on stdout for a shell to evaluate, and the next command on stderr."""
    done = fresh_cloud().remessa("env")
    assert (done.returncode, done.stdout) == (3, "")
    assert "remessa up" in done.stderr


def test_status(cloud: LocalCloud, fresh_cloud: Fresh) -> None:
    """The pids are living processes, the server first; a cloud that is down is answered with exit code 0."""
    facts = cloud.status()
    assert facts["running"]
    assert facts["home"] == str(cloud.home.root)
    assert "remessa.local.server" in psutil.Process(facts["pids"][0]).cmdline()
    assert all(psutil.pid_exists(pid) for pid in facts["pids"])
    assert all(isinstance(count, int) for count in facts["records"].values())
    down = fresh_cloud().status()
    assert (down["running"], down["pids"]) == (False, [])


def test_functions_inherit_nothing_of_the_user(fresh_cloud: Fresh) -> None:
    """A secret in the user's environment does not reach the server, and so none of its functions."""
    cloud = fresh_cloud()
    cloud.variables["OF_MINE"] = "hidden"
    cloud.up("--port", str(cloud.port))
    probe = "import os\ndef handler(event, context):\n    return dict(os.environ)\n"
    make_function(cloud, probe)
    environment = json.load(cloud.client("lambda").invoke(FunctionName="probe")["Payload"])
    assert "OF_MINE" not in environment
    assert environment["AWS_ENDPOINT_URL"] == f"http://127.0.0.1:{cloud.port}"
    assert environment["HOME"] == str(cloud.home.scratch)
