"""Saving the emulator's state so that it survives a crash.

The emulator saves only on a clean stop, and it logs a failure to save instead of raising it: a table that changes
while it is copied ("dictionary changed size during iteration") would silently keep its old file.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping
from typing import Any, Self, TypeAlias

States: TypeAlias = Mapping[str, Callable[[], Any]]
"""For each service, what returns its state."""

_ATTEMPTS = 8
_PAUSE_SECONDS = 0.1
_LAST = "cloudformation"


class Failures(logging.Handler):
    """Counts what the emulator's persistence logs as errors, its only sign of a failed save."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.seen: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        """Keep the message."""
        self.seen.append(record.getMessage())

    def __enter__(self) -> Self:
        logging.getLogger("persistence").addHandler(self)
        return self

    def __exit__(self, *_: object) -> None:
        logging.getLogger("persistence").removeHandler(self)


def save(states: States, write: Callable[[dict[str, Callable[[], Any]]], None]) -> None:
    """Write every service's state with the emulator's `write`, again and again while one fails.

    The list of stacks comes last, so that a stack on disk means that its resources are there too. Raises OSError
    with the last reason when a service cannot be saved.
    """
    for name in sorted(states, key=lambda name: name == _LAST):
        for attempt in range(1, _ATTEMPTS + 1):
            with Failures() as failures:
                write({name: states[name]})
            if not failures.seen:
                break
            if attempt == _ATTEMPTS:
                raise OSError(failures.seen[-1])
            time.sleep(_PAUSE_SECONDS * attempt)
