"""`remessa up`: start the local cloud, deploy to it, and stay until Ctrl-C."""

from __future__ import annotations

import shlex
import signal
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

from remessa.cli._shared import messages, progress
from remessa.errors import EnvironmentDown

if TYPE_CHECKING:
    from rich.console import Console

    from remessa.local.connection import Connection
    from remessa.local.home import CloudInfo, Home
    from remessa.local.supervisor import Started

_LOOK_SECONDS = 0.5


def up(
    *,
    detach: Annotated[bool, typer.Option("--detach", "-d", help="Return when ready, and leave it running.")] = False,
    demo: Annotated[bool, typer.Option("--demo", help="Upload some sample files once it is ready.")] = False,
    port: Annotated[
        int | None, typer.Option(min=1, max=65535, help="Port on 127.0.0.1; else the one used last, 4566, or any.")
    ] = None,
) -> None:
    """Start the local cloud and deploy Remessa to it; data is kept between runs.

    It stays in the foreground until Ctrl-C, which stops it cleanly and ends with exit code 0: being stopped is how
    it is meant to end. Asked to stop before it is ready, it ends with 128 and the signal's number (130 for Ctrl-C).
    If a cloud is already running, it is only brought up to date and left running, and the command returns.
    """
    from remessa.local import supervisor
    from remessa.local.home import find_home

    console = messages()
    home = find_home()
    info = supervisor.running(home)
    if info is not None:
        if port not in {None, info.port}:
            console.print(f"Already running on port {info.port}; run `remessa down` first to change it.")
        _deploy(console, home, info, demo=demo, already=True)
        if not detach:
            console.print("This cloud was started elsewhere and is left running; `remessa down` stops it.")
        return
    started = _make_ready(console, home, port, demo=demo)
    if not detach:
        _stay(console, home, started)


def _make_ready(console: Console, home: Home, port: int | None, *, demo: bool) -> Started:
    """Start and deploy; interrupted or refused, leave nothing half-deployed running behind the user's back."""
    from remessa.local import supervisor

    started = None
    try:
        with _on_stop_signals(_leave):
            with progress(console, "starting"):
                started = supervisor.start(home, port)
            _deploy(console, home, started.info, demo=demo, already=False)
        return started
    except BaseException as error:
        with _on_stop_signals(lambda _: None):  # it is stopping already
            if started is not None:
                _stop(home, started, console)
            if isinstance(error, SystemExit):
                _say(console, "Stopped; data is kept.")
        raise


def _leave(number: int) -> NoReturn:
    # As a shell reports a command that a signal ended: https://www.gnu.org/software/bash/manual/html_node/Exit-Status.html
    raise SystemExit(128 + number)


def _deploy(console: Console, home: Home, info: CloudInfo, *, demo: bool, already: bool) -> None:
    from remessa.local.deploy import deploy
    from remessa.local.home import find_template
    from remessa.local.repair import repair

    begin = time.monotonic()
    with progress(console, "checking") as report:
        deployment = deploy(home, info, find_template(), report)
        # Whatever ran before may have lost events; a deploy may have had to make the table anew.
        repaired = repair(deployment.connection, report) if deployment.changed or not already else 0
    seconds = time.monotonic() - begin
    how = f"deployed in {seconds:.1f} s" if deployment.changed else "nothing to deploy"
    console.print(f"{'Already running' if already else 'Ready'} at {info.endpoint} ({how}).", style="bold green")
    if repaired:
        console.print(f"{repaired} files whose records were lost or unfinished are being processed again.")
    if demo:
        from remessa.cli.demo import run

        run(deployment.connection)
    _how_to_go_on(console, deployment.connection)


def _how_to_go_on(console: Console, connection: Connection) -> None:
    bucket = connection.outputs.get("FilesBucket", "BUCKET")
    console.print(
        "\nIn another terminal:\n"
        f'  eval "$({_own_path()} env)"   # the AWS CLI and SDKs use this cloud; remessa and aws are on the path\n'
        f"  aws s3 cp FILE s3://{bucket}/\n"
        "  remessa put FILE   # or let Remessa find the bucket, and follow the file to its end\n"
        "  remessa ls         # and show, logs, status\n"
        "  remessa down       # stop; data is kept\n"
    )


def _own_path() -> str:
    """How to call this command from the same folder in a shell that knows nothing of it yet."""
    command = Path(sys.executable).with_name("remessa")
    here = Path.cwd()
    return shlex.quote(str(command.relative_to(here) if command.is_relative_to(here) else command))


def _stay(console: Console, home: Home, started: Started) -> None:
    """Wait until asked to stop, then stop cleanly. Raises EnvironmentDown if the server ends by itself."""
    from remessa.local import supervisor

    asked = threading.Event()
    # No exception may fly while the state is being saved, however often Ctrl-C is pressed: only a flag is set.
    with _on_stop_signals(lambda _: asked.set()):
        console.print("Press Ctrl-C to stop.")
        while not asked.wait(_LOOK_SECONDS):
            if started.process.poll() is None:
                continue
            if started.process.returncode == 0:
                console.print("Stopped by another command; data is kept.")
                return
            raise EnvironmentDown(
                f"The local cloud ended unexpectedly ({_fate(started.process.returncode)}); uploaded files are kept. "
                f"Its log is {home.log}. Start it again with `remessa up`."
            )
        _say(console, "Stopping: saving state…")
        _stop(home, started, console)
        supervisor.running(home)  # removes cloud.json should the server have died while stopping
    _say(console, "Stopped; data is kept.")


def _stop(home: Home, started: Started, console: Console) -> None:
    from remessa.local import supervisor

    supervisor.stop(home, lambda step: _say(console, step))
    started.process.wait()


def _say(console: Console, words: str) -> None:
    """Print to a terminal that may have been closed: stopping goes on all the same."""
    with suppress(OSError):
        console.print(words)


def _fate(code: int) -> str:
    return f"killed by {signal.Signals(-code).name}" if code < 0 else f"exit code {code}"


class _on_stop_signals:  # noqa: N801 - reads as the statement it is used in
    """While inside, Ctrl-C, SIGTERM and a closed terminal call `action` with their number instead of ending us."""

    def __init__(self, action: Callable[[int], None]) -> None:
        self._action = action

    def __enter__(self) -> None:
        numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
        self._before = {number: signal.signal(number, lambda number, _: self._action(number)) for number in numbers}

    def __exit__(self, *_: object) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)
