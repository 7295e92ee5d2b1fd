"""Where an export goes: a file that is there whole or not at all, or stdout."""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import IO

from remessa.errors import RemessaError, UsageError
from remessa.journey.invoices.live import Moved

_ATTEMPTS = 3

Write = Callable[[IO[str]], int]
"""Writes everything from the beginning and returns how many rows that were."""


class FileTarget:
    """A file, written under another name beside it and renamed when it is complete."""

    def __init__(self, path: Path, *, force: bool) -> None:
        """Raises UsageError when the file cannot be, or is there already and `force` is not given."""
        if path.is_dir() or not path.name:
            raise UsageError(f"{path} is a folder; name the file to write.")
        if not path.parent.is_dir():
            raise UsageError(f"There is no folder {path.parent} to write {path.name} to.")
        self._path = path
        self._force = force
        self._check()

    def write(self, write: Write, encoding: str) -> int:
        """Write the file; again from the beginning if what is read moves meanwhile, raising Moved the third time."""
        part = self._path.with_name(f".{self._path.name}.{os.getpid()}.part")
        try:
            for attempt in range(1, _ATTEMPTS + 1):
                try:
                    with part.open("w", encoding=encoding, newline="") as file:
                        count = write(file)
                    break
                except Moved:
                    if attempt == _ATTEMPTS:
                        raise
            self._check()  # somebody else may have made it meanwhile
            part.replace(self._path)
        except OSError as fault:
            raise RemessaError(f"{self._path} could not be written: {fault.strerror or fault}.") from fault
        finally:
            part.unlink(missing_ok=True)
        return count

    def _check(self) -> None:
        if not self._force and self._path.exists():
            raise UsageError(f"{self._path} is there already; --force replaces it.")


class StandardOutput:
    """Stdout, where nothing that is written can be taken back."""

    def write(self, write: Write, encoding: str) -> int:
        """Write to stdout; raises Moved at the end if what was read moved, SystemExit when nobody reads on."""
        out = io.TextIOWrapper(sys.stdout.buffer, encoding=encoding, newline="", write_through=False)
        try:
            count = write(out)
            out.flush()
        except BrokenPipeError:
            # `| head` has seen enough. Python would complain once more when it closes stdout.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            raise SystemExit(1) from None
        finally:
            with suppress(BrokenPipeError):
                out.detach()
        return count
