"""Starting, finding and stopping the local cloud's server process."""

from __future__ import annotations

import http.client
import json
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass

import psutil

from remessa.errors import EnvironmentDown
from remessa.local.guard import HEALTH, SNAPSHOT, TOKEN_HEADER, fingerprint
from remessa.local.home import CloudInfo, Home, locked

_START_SECONDS = 120.0
_STOP_SECONDS = 60.0
_POLL_SECONDS = 0.05
_SNAPSHOT_SECONDS = 300.0

Report = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Started:
    """A cloud that this process has just started."""

    info: CloudInfo
    process: subprocess.Popen[bytes]


def running(home: Home) -> CloudInfo | None:
    """The cloud of this home if it is up and ready, else None. Cleans up what a crash left behind."""
    info = home.read_info()
    if info is None:
        return None
    if not _alive(home):
        home.info_file.unlink(missing_ok=True)
        return None
    return info if _is_ours(info) else None


def pids(home: Home) -> list[int]:
    """Process ids of the running cloud: the server first, then its function workers."""
    info = running(home)
    if info is None:
        return []
    try:
        workers = psutil.Process(info.pid).children(recursive=True)
    except psutil.NoSuchProcess:
        return []
    return [info.pid, *sorted(worker.pid for worker in workers)]


def start(home: Home, port: int | None = None) -> Started:
    """Start the server and wait until it is ready. Raises EnvironmentDown with the reason if it is not.

    Without `port` it takes the port used last, the default one, or a free one.
    """
    home.prepare()
    command = [sys.executable, "-P", "-m", "remessa.local.server", "--home", str(home.root)]
    if port is not None:
        command += ["--port", str(port)]
    with home.start_log.open("wb") as log:
        process = subprocess.Popen(  # noqa: S603 - our own module, no shell
            command, cwd=home.root, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True
        )
    try:
        return Started(_wait_ready(home, process), process)
    except BaseException:
        process.terminate()  # Ctrl-C while it starts: nothing has been written yet that a stop could lose
        process.wait()
        raise


def stop(home: Home, report: Report) -> bool:
    """Stop the cloud cleanly, keeping its data; False when none was running.

    Raises EnvironmentDown if it is still saving after a minute; it then goes on saving and is never killed.
    """
    info = home.read_info()
    if info is None or not _alive(home):
        home.info_file.unlink(missing_ok=True)
        return False
    server = _terminate(info.pid)
    _wait_until_saved(home, info.pid, report)
    if server is not None:
        psutil.wait_procs([server], timeout=5)  # the lock goes a moment before the process
    return True


def snapshot(info: CloudInfo) -> None:
    """Have the running cloud save its state now. Raises EnvironmentDown if it cannot."""
    try:
        status, body = _request(info, "POST", SNAPSHOT, {TOKEN_HEADER: info.token}, _SNAPSHOT_SECONDS)
    except (OSError, http.client.HTTPException) as error:
        raise EnvironmentDown(f"The local cloud did not answer while saving: {error}. Run `remessa up`.") from error
    if status != http.client.OK:
        raise EnvironmentDown(f"{json.loads(body).get('message')} Free some disk space, then run `remessa up`.")


def _terminate(pid: int) -> psutil.Process | None:
    try:
        server = psutil.Process(pid)
        if "remessa.local.server" not in server.cmdline():  # a stranger that got the number of a dead server
            return None
        server.terminate()
    except psutil.NoSuchProcess:
        return None  # it ended by itself between the two looks
    return server


def _wait_until_saved(home: Home, pid: int, report: Report) -> None:
    begin = time.monotonic()
    told = 0
    while _alive(home):
        waited = int(time.monotonic() - begin)
        if waited > _STOP_SECONDS:
            raise EnvironmentDown(
                f"The local cloud (process {pid}) is still saving after {waited} s and goes on doing so. "
                "Run `remessa status` later to see whether it has ended."
            )
        if waited >= told + 5:
            told = waited
            report(f"saving… {waited} s")
        time.sleep(_POLL_SECONDS)


def _alive(home: Home) -> bool:
    try:
        with locked(home.server_lock, wait=False) as free:
            return not free
    except OSError:
        return False


def _is_ours(info: CloudInfo) -> bool:
    """Whether the port is answered by the cloud that wrote `info`, and not by some other program."""
    try:
        status, body = _request(info, "GET", HEALTH, {}, 10.0)
        return status == http.client.OK and json.loads(body).get("cloud") == fingerprint(info.token)
    except (OSError, http.client.HTTPException, ValueError):
        return False


def _request(info: CloudInfo, method: str, path: str, headers: dict[str, str], timeout: float) -> tuple[int, bytes]:
    connection = http.client.HTTPConnection("127.0.0.1", info.port, timeout=timeout)
    try:
        connection.request(method, path, headers=headers)
        response = connection.getresponse()
        return response.status, response.read()
    finally:
        connection.close()


def _wait_ready(home: Home, process: subprocess.Popen[bytes]) -> CloudInfo:
    deadline = time.monotonic() + _START_SECONDS
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise EnvironmentDown(f"The local cloud did not start. {_last_words(home)}")
        info = home.read_info()
        if info is not None and info.pid == process.pid and _is_ours(info):
            return info
        time.sleep(_POLL_SECONDS)
    raise EnvironmentDown(f"The local cloud was not ready after {_START_SECONDS:.0f} s. Its log is {home.log}.")


def _last_words(home: Home) -> str:
    lines = [line for line in home.start_log.read_text(errors="replace").splitlines() if line.strip()]
    return "\n".join(lines[-5:]) or f"Its log is {home.log}."
