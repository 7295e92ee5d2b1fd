"""A real local cloud for tests, driven through the command line exactly as a user does it."""

from __future__ import annotations

import io
import json
import os
import signal
import socket
import subprocess
import sys
import time
import zipfile
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil

from remessa.local.connection import Connection, connect
from remessa.local.home import ACCOUNT, REGION, Home

COMMANDS = Path(sys.executable).parent
FILES = f"remessa-files-{ACCOUNT}-{REGION}"
_SECONDS = 120


@dataclass
class LocalCloud:
    """One local cloud in its own home, and the command line to drive it."""

    home: Home
    port: int
    variables: dict[str, str] = field(default_factory=dict)

    @property
    def env(self) -> dict[str, str]:
        """A clean environment: nothing of the developer's AWS settings, proxy or certificates."""
        kept = {name: os.environ[name] for name in ("LANG", "LD_LIBRARY_PATH") if name in os.environ}
        path = f"{COMMANDS}{os.pathsep}{os.environ.get('PATH', os.defpath)}"
        own = {"PATH": path, "HOME": str(self.home.root.parent), "REMESSA_HOME": str(self.home.root)}
        return kept | own | self.variables

    def remessa(self, *arguments: str, timeout: float = _SECONDS) -> subprocess.CompletedProcess[str]:
        """Run the command line; never raises for its exit code."""
        command = [str(COMMANDS / "remessa"), *arguments]
        return subprocess.run(
            command,
            env=self.env,
            cwd=self.home.root.parent,
            capture_output=True,
            text=True,
            timeout=timeout,
            check=False,
        )

    def popen(self, *arguments: str) -> subprocess.Popen[str]:
        """Start the command line without waiting; the caller ends it."""
        command = [str(COMMANDS / "remessa"), *arguments]
        return subprocess.Popen(
            command,
            env=self.env,
            cwd=self.home.root.parent,
            text=True,
            stderr=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
        )

    def up(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """`remessa up --detach`, which must succeed."""
        done = self.remessa("up", "--detach", *arguments)
        assert done.returncode == 0, done.stderr
        return done

    def down(self) -> None:
        """`remessa down`, which must succeed."""
        done = self.remessa("down")
        assert done.returncode == 0, done.stderr

    def status(self) -> dict[str, Any]:
        """What `remessa status --json` says."""
        done = self.remessa("status", "--json")
        assert done.returncode == 0, done.stderr
        facts: dict[str, Any] = json.loads(done.stdout)
        return facts

    def kill(self) -> None:
        """End the server as a crash does: SIGKILL, no goodbye."""
        server = psutil.Process(self.status()["pids"][0])
        server.send_signal(signal.SIGKILL)
        server.wait(30)

    @property
    def connection(self) -> Connection:
        """The connection that the verbs use too."""
        return connect(self.home, environ={})

    def client(self, service: str) -> Any:
        """A boto3 client with the cloud's root credentials."""
        return self.connection.client(service)

    def destroy(self) -> None:
        """Stop it; as a last resort kill exactly the processes that belong to this home."""
        info = self.home.read_info()
        with suppress(subprocess.TimeoutExpired):
            self.remessa("down")
        if info is not None:
            with suppress(psutil.NoSuchProcess):
                server = psutil.Process(info.pid)
                if str(self.home.root) in server.cmdline():
                    server.kill()


def free_port() -> int:
    """A port that nobody listened on a moment ago."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        number: int = probe.getsockname()[1]
        return number


def wait_for(condition: Callable[[], bool], seconds: float = 30) -> None:
    """Return as soon as `condition` holds; fails the test when it does not in time."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "the condition did not come true in time"
        time.sleep(0.05)


def put(cloud: LocalCloud, key: str, body: bytes, bucket: str = FILES) -> None:
    """Upload with user metadata and a media type."""
    cloud.client("s3").put_object(
        Bucket=bucket, Key=key, Body=body, Metadata={"uploaded-by": "maria"}, ContentType="text/csv"
    )


def read(cloud: LocalCloud, key: str) -> tuple[bytes, dict[str, str], str]:
    """Content, user metadata and media type of an object."""
    answer = cloud.client("s3").get_object(Bucket=FILES, Key=key)
    return answer["Body"].read(), answer["Metadata"], answer["ContentType"]


def keys(cloud: LocalCloud, bucket: str = FILES) -> set[str]:
    """The keys that a listing shows."""
    return {item["Key"] for item in cloud.client("s3").list_objects_v2(Bucket=bucket).get("Contents", [])}


def make_function(cloud: LocalCloud, source: str) -> None:
    """Make a function `probe` of `source`, with the files function's role."""
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr("probe.py", source)
    client = cloud.client("lambda")
    role = client.get_function_configuration(FunctionName=cloud.connection.outputs["FilesFunction"])["Role"]
    code = {"ZipFile": archive.getvalue()}
    client.create_function(
        FunctionName="probe", Runtime="python3.13", Role=role, Handler="probe.handler", Code=code, Timeout=120
    )
