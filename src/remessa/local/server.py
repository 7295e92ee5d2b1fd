"""The process that is the local cloud: `python -m remessa.local.server --home DIR [--port N]`.

It serves MiniStack's application behind our guard, in one process, on 127.0.0.1 only. SIGTERM or SIGINT stop it
cleanly: state is saved, `cloud.json` goes away, then the workers and the process end, whatever they are doing.
`remessa.local.supervisor` starts and stops it.
"""

from __future__ import annotations

import argparse
import asyncio
import errno
import fcntl
import logging
import logging.handlers
import os
import resource
import secrets
import signal
import socket
import sys
import time
from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, datetime
from io import TextIOWrapper
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from remessa.errors import EnvironmentDown
from remessa.local import emulator_fixes
from remessa.local.autosave import Autosave
from remessa.local.guard import App, Guard, Receive, Scope, Send
from remessa.local.home import ACCOUNT, REGION, CloudInfo, Home, locked
from remessa.local.leaving import leave
from remessa.local.snapshot import Failures, save

if TYPE_CHECKING:
    from hypercorn.config import Config

DEFAULT_PORT = 4566
_KEPT = ("PATH", "LANG", "LC_ALL", "LC_CTYPE", "TZ", "LD_LIBRARY_PATH")
_LOCK_PATIENCE_SECONDS = 2.0
# Loading and saving 100,000 records takes some 20 s on a small machine; giving up half-way would lose them.
_PATIENCE_SECONDS = 600.0

log = logging.getLogger("remessa.local")


def environment(home: Home, port: int, secret: str, inherited: Mapping[str, str]) -> dict[str, str]:
    """The whole environment of the server: nothing of the user's secrets or settings.

    Its functions inherit it, with their role's credentials in place of the root key and its `secret`.
    """
    kept = {name: inherited[name] for name in _KEPT if name in inherited}
    return kept | {
        "HOME": str(home.scratch),
        "TMPDIR": str(home.scratch),
        "GATEWAY_PORT": str(port),
        "BIND_HOST": "127.0.0.1",
        "MINISTACK_ACCOUNT_ID": ACCOUNT,
        "MINISTACK_REGION": REGION,
        "AUTH": "true",
        "AWS_ACCESS_KEY_ID": ACCOUNT,
        "AWS_SECRET_ACCESS_KEY": secret,
        "PERSIST_STATE": "1",
        "STATE_DIR": str(home.state),
        "S3_PERSIST": "1",
        "S3_DATA_DIR": str(home.objects),
        "SFTP_ENABLED": "0",
        "IOT_MTLS_ENABLED": "0",
        "LOG_LEVEL": "WARNING",  # at INFO it logs every request with the object's key
        # The emulator removes its containers at start and stop, another project's included.
        "DOCKER_HOST": f"unix://{home.scratch}/no-docker.sock",
        "AWS_DEFAULT_REGION": REGION,
        "AWS_REGION": REGION,
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
    }


def hold_lock(home: Home) -> TextIOWrapper:
    """Take the home's lock for as long as the returned file stays open; raises EnvironmentDown if it is taken.

    `remessa status` and others hold it for an instant to see whether it is free, hence the patience.
    """
    file = home.server_lock.open("a")
    deadline = time.monotonic() + _LOCK_PATIENCE_SECONDS
    while True:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return file
        except BlockingIOError:
            if time.monotonic() > deadline:
                file.close()
                raise EnvironmentDown(
                    f"Another process is using {home.root} (starting, running or stopping). Wait for it or run "
                    "`remessa down`, then run `remessa up` again."
                ) from None
        time.sleep(0.05)


def listen(home: Home, port: int | None) -> socket.socket:
    """Listen on `port`, or else on the port used last, the default one, or any free one, in this order.

    Raises EnvironmentDown when the port that was asked for is taken.
    """
    wishes = [port] if port is not None else [home.remembered_port() or DEFAULT_PORT, DEFAULT_PORT, 0]
    for wish in wishes:
        candidate = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        candidate.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        candidate.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        try:
            candidate.bind(("127.0.0.1", wish))
            candidate.listen(1024)
            return candidate
        except (OSError, OverflowError) as error:
            candidate.close()
            reason = error
    in_use = isinstance(reason, OSError) and reason.errno == errno.EADDRINUSE
    raise EnvironmentDown(
        f"Port {port} {'is in use by another program' if in_use else f'cannot be used ({reason})'}. "
        "Run `remessa up` without --port to take a free one."
    )


def forget_unfinished(home: Home) -> None:
    """Drop state that was saved without its list of stacks, which is always written last.

    A crash during the very first save leaves tables and queues that belong to no stack and stand in the way of the
    next deploy. Objects are kept elsewhere, and everything else is derived from them.
    """
    if not (home.state / "cloudformation.json").exists():
        for leftover in home.state.glob("*.json"):
            leftover.unlink()


class Server:
    """One run of the local cloud."""

    def __init__(self, home: Home, listener: socket.socket) -> None:
        self.home = home
        self.listener = listener
        self.port: int = listener.getsockname()[1]
        self.token = secrets.token_urlsafe(32)
        self._saving = asyncio.Lock()
        self._autosave = Autosave(self.snapshot, lambda: locked(home.deploy_lock, wait=False))

    async def snapshot(self) -> None:
        """Save the emulator's state while it runs. Raises OSError if that fails."""
        async with self._saving:
            await asyncio.to_thread(self._save)

    def _save(self) -> None:
        from ministack.app import _build_persistence_save_dict  # type: ignore[import-untyped]
        from ministack.core.persistence import save_all  # type: ignore[import-untyped]

        save(_build_persistence_save_dict(), save_all)

    async def serve(self) -> None:
        """Serve until SIGTERM or SIGINT, then save."""
        from hypercorn.asyncio import serve
        from ministack.app import app

        # While it runs; kept in a variable, or it may be collected: the loop itself only holds a weak reference.
        autosave = asyncio.create_task(self._autosave.run())
        stop = asyncio.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(number, stop.set)
        note = self._autosave.note_change
        guard = Guard(self._announced(app), self.port, self.token, os.getpid(), self.snapshot, note)
        with Failures() as failures:
            await serve(guard, self._config(), shutdown_trigger=lambda: self._asked(stop))  # type: ignore[arg-type]
        autosave.cancel()
        if failures.seen:
            log.warning("saving again: %s", failures.seen[-1])
            await asyncio.to_thread(self._save)
        self.home.info_file.unlink(missing_ok=True)
        log.info("stopped")

    async def _asked(self, stop: asyncio.Event) -> None:
        """Wait until asked to stop, then for a save at work; it is never released: the rest is the last save."""
        await stop.wait()
        await self._saving.acquire()

    def _config(self) -> Config:
        from hypercorn.config import Config

        config = Config()
        config.bind = [f"fd://{self.listener.fileno()}"]
        config.keep_alive_timeout = 75
        config.startup_timeout = config.shutdown_timeout = _PATIENCE_SECONDS
        config.loglevel = "WARNING"
        return config

    def _announced(self, app: App) -> App:
        # Requests have been queueing on the listening socket; the emulator has loaded its state: now it is ready.
        async def announced(scope: Scope, receive: Receive, send: Send) -> None:
            async def sending(message: dict[str, object]) -> None:
                if message["type"] == "lifespan.startup.complete":
                    self._write_info()
                await send(message)

            await app(scope, receive, sending if scope["type"] == "lifespan" else send)  # type: ignore[arg-type]

        return announced

    def _write_info(self) -> None:
        started = datetime.now(UTC).isoformat(timespec="seconds")
        endpoint = f"http://127.0.0.1:{self.port}"
        self.home.write_info(CloudInfo(os.getpid(), self.port, endpoint, self.token, started))
        self.home.port_file.write_text(str(self.port))
        log.info("ready on port %d", self.port)


def _log_to(home: Home) -> None:
    handler = logging.handlers.RotatingFileHandler(home.log, maxBytes=2_000_000, backupCount=2, encoding="utf-8")
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s %(message)s"))
    logging.basicConfig(level=logging.WARNING, handlers=[handler])
    log.setLevel(logging.INFO)
    # At WARNING it repeats a failed function's traceback, which may quote a file; the function's own log has it.
    logging.getLogger("lambda").setLevel(logging.ERROR)


def _raise_open_files() -> None:
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    with suppress(ValueError, OSError):  # macOS refuses "unlimited"; the soft limit then stays as it is
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def main() -> None:
    """Run until told to stop; exit code 3 and a message on stderr when the cloud cannot start."""
    parser = argparse.ArgumentParser(prog="remessa.local.server")
    parser.add_argument("--home", type=Path, required=True)
    parser.add_argument("--port", type=int)
    options = parser.parse_args()
    home = Home(options.home)
    os.umask(0o077)
    try:
        home.prepare()
        lock = hold_lock(home)
        listener = listen(home, options.port)
    except EnvironmentDown as error:
        sys.stderr.write(f"{error}\n")
        raise SystemExit(error.exit_code) from None
    with lock:
        home.info_file.unlink(missing_ok=True)
        home.empty_scratch()
        forget_unfinished(home)
        _log_to(home)
        _raise_open_files()
        settings = environment(home, listener.getsockname()[1], home.make_secret(), os.environ)
        os.environ.clear()
        os.environ.update(settings)
        emulator_fixes.apply()  # after the environment, which the emulator reads when it is imported
        asyncio.run(_run(home, listener))


async def _run(home: Home, listener: socket.socket) -> NoReturn:
    code = 1
    try:
        await Server(home, listener).serve()
        code = 0
    except Exception:
        log.exception("the local cloud ended")
        sys.excepthook(*sys.exc_info())  # its last words are what `remessa up` shows
        raise
    finally:
        leave(code)


if __name__ == "__main__":
    main()
