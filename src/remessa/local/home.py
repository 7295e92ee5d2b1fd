"""Where the local cloud keeps its things, and what a running one says about itself."""

from __future__ import annotations

import fcntl
import json
import os
import secrets
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path

from remessa.errors import EnvironmentDown, UsageError

ACCOUNT = "100000000001"
"""The local account, and the root access key: the emulator takes a 12-digit key as the account that signs."""
REGION = "us-east-1"


@dataclass(frozen=True, slots=True)
class CloudInfo:
    """A running local cloud, as it wrote it into `cloud.json` when it became ready."""

    pid: int
    port: int
    endpoint: str
    token: str
    """Random; proves to the control paths that the caller may read this home."""
    started: str
    """UTC, ISO 8601."""


@dataclass(frozen=True, slots=True)
class Home:
    """The directory of one local cloud (`.remessa`)."""

    root: Path

    @property
    def state(self) -> Path:
        """Everything but objects, as of the last save."""
        return self.root / "state"

    @property
    def objects(self) -> Path:
        """The buckets' objects, written as they arrive."""
        return self.root / "s3"

    @property
    def scratch(self) -> Path:
        """Temporary files of the server and its functions; emptied at every start."""
        return self.root / "tmp"

    @property
    def log(self) -> Path:
        """The server's log."""
        return self.root / "logs" / "cloud.log"

    @property
    def start_log(self) -> Path:
        """What the last start printed: why it failed, if it did."""
        return self.root / "logs" / "start.log"

    @property
    def port_file(self) -> Path:
        """The port used last, so that URLs stay the same over restarts."""
        return self.root / "port"

    @property
    def info_file(self) -> Path:
        """Present while a cloud is ready (and after a crash, until somebody looks)."""
        return self.root / "cloud.json"

    @property
    def secret_file(self) -> Path:
        """The root key's secret; it stays the same, so that a shell's `eval` outlives a restart."""
        return self.root / "secret"

    @property
    def server_lock(self) -> Path:
        """Held by the server as long as it lives: two servers on one state would lose data."""
        return self.root / "lock"

    @property
    def deploy_lock(self) -> Path:
        """Held while deploying."""
        return self.root / "deploy.lock"

    def prepare(self) -> None:
        """Make the directories, private to the user. Raises EnvironmentDown if that is impossible."""
        try:
            for folder in (self.root, self.state, self.objects, self.scratch, self.log.parent):
                folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            with tempfile.TemporaryFile(dir=self.root):
                pass  # a directory that exists may still be read-only or full
        except OSError as error:
            raise EnvironmentDown(
                f"The local cloud cannot keep its data in {self.root}: {error.strerror}. "
                "Set REMESSA_HOME to a directory that you can write, then run `remessa up` again."
            ) from error
        ignore = self.root / ".gitignore"
        if not ignore.exists():
            ignore.write_text("*\n")  # uploads and state are never meant for a repository

    def empty_scratch(self) -> None:
        """Remove what earlier servers and functions left behind."""
        shutil.rmtree(self.scratch, ignore_errors=True)
        self.scratch.mkdir(mode=0o700)

    def read_info(self) -> CloudInfo | None:
        """What `cloud.json` says, or None if there is none or it is not ours to understand."""
        try:
            return CloudInfo(**json.loads(self.info_file.read_text()))
        except (FileNotFoundError, NotADirectoryError, ValueError, TypeError):
            return None

    def write_info(self, info: CloudInfo) -> None:
        """Write `cloud.json` in one step, readable by its owner only."""
        replace_private(self.info_file, json.dumps(asdict(info)))

    def make_secret(self) -> str:
        """The root key's secret, made if there is none yet. Only the holder of the server's lock may call this."""
        with suppress(FileNotFoundError):
            if kept := self.secret_file.read_text().strip():
                return kept
        secret = secrets.token_urlsafe(32)
        replace_private(self.secret_file, secret)
        return secret

    def read_secret(self) -> str:
        """The root key's secret. Raises EnvironmentDown when it is gone."""
        try:
            return self.secret_file.read_text().strip()
        except OSError as error:
            raise EnvironmentDown(
                f"{self.secret_file} cannot be read ({error.strerror}). Run `remessa down`, then `remessa up`."
            ) from error

    def remembered_port(self) -> int | None:
        """The port used last, or None."""
        try:
            return int(self.port_file.read_text())
        except (OSError, ValueError):
            return None


def replace_private(path: Path, text: str, *, mode: int = 0o600) -> None:
    """Replace `path` atomically by a file holding `text`, private to the user."""
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    with os.fdopen(handle, "w") as file:
        file.write(text)
        os.fchmod(handle, mode)
    Path(name).replace(path)


@contextmanager
def locked(path: Path, *, wait: bool) -> Iterator[bool]:
    """Hold an exclusive lock on `path`; yields False, at once, when `wait` is off and another process has it.

    The kernel drops the lock when its holder dies, so it cannot go stale as a pid file can.
    """
    with path.open("a") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
        except BlockingIOError:
            yield False
            return
        yield True


def find_home(environ: Mapping[str, str] | None = None, start: Path | None = None) -> Home:
    """`$REMESSA_HOME`, else the nearest `.remessa` at or above the current directory, else one right here."""
    environ = os.environ if environ is None else environ
    here = (start or Path.cwd()).resolve()
    if chosen := environ.get("REMESSA_HOME"):
        return Home(Path(chosen).expanduser().absolute())
    for folder in (here, *here.parents):
        found = folder / ".remessa"
        # Above a shared directory such as /tmp somebody else may have put one, to be sent our uploads.
        if found.is_dir() and found.stat().st_uid == os.getuid():
            return Home(found)
    return Home(here / ".remessa")


def find_template(environ: Mapping[str, str] | None = None, start: Path | None = None) -> Path:
    """`$REMESSA_TEMPLATE`, else the source tree's, else the nearest at or above the current directory.

    Raises UsageError when there is none.
    """
    environ = os.environ if environ is None else environ
    here = (start or Path.cwd()).resolve()
    if chosen := environ.get("REMESSA_TEMPLATE"):
        candidates = [Path(chosen).expanduser().absolute()]
    else:
        folders = (Path(__file__).resolve().parents[3], here, *here.parents)
        candidates = [folder / "template.yaml" for folder in folders]
    for candidate in candidates:
        if candidate.is_file():
            return candidate
    raise UsageError(
        f"No template.yaml found (looked for {candidates[0]} and upwards from {here}). "
        "Run remessa inside its source tree, or set REMESSA_TEMPLATE to the template's path."
    )
