"""What the verbs share: the console on stderr, and progress that stays quiet off a terminal."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from remessa.errors import EnvironmentDown, RemessaError, UsageError
from remessa.pipelines.registry import PIPELINES

if TYPE_CHECKING:
    from rich.console import Console

    from remessa.local.connection import Connection

Report = Callable[[str], None]


def messages() -> Console:
    """The console for people, on stderr; rich itself honours NO_COLOR (https://no-color.org)."""
    from rich.console import Console

    return Console(stderr=True, highlight=False, markup=False, soft_wrap=True)


def explain(message: str) -> None:
    """One paragraph about what went wrong."""
    console = messages()
    console.print("remessa: ", style="bold red", end="")
    console.print(message)


def cloud_error(error: Exception) -> RemessaError | None:
    """What an error of the AWS SDK means to the user, or None when it is not one."""
    from botocore.exceptions import BotoCoreError, ClientError, ConnectionError, HTTPClientError  # noqa: A004

    if isinstance(error, (ConnectionError, HTTPClientError)):
        return EnvironmentDown(f"The cloud stopped answering: {error} Run `remessa status`, then `remessa up`.")
    if isinstance(error, (BotoCoreError, ClientError)):
        return RemessaError(f"The cloud refused: {error}. See `remessa status` and `remessa env`.")
    return None


def chosen(pipeline: str | None) -> list[str]:
    """The pipeline that was named, or all; raises UsageError for one there is not."""
    if pipeline is None:
        return list(PIPELINES)
    if pipeline not in PIPELINES:
        raise UsageError(f"There is no pipeline {pipeline!r}; there are: {', '.join(PIPELINES)}.")
    return [pipeline]


def check_file_id(file_id: str) -> None:
    """Raise UsageError for what cannot be a FileId."""
    if not re.fullmatch(r"[0-9a-f]{32}", file_id):
        raise UsageError(f"{file_id!r} is no FileId (32 hex digits). `remessa ls` lists them.")


def record_of(connection: Connection, file_id: str) -> dict[str, Any]:
    """The record of a file; raises RemessaError when there is none."""
    record = connection.records().get(file_id)
    if record is None:
        raise RemessaError(f"There is no file {file_id}. `remessa ls` lists those there are.")
    return record


def print_json(content: Any) -> None:
    """Data for programs, on stdout."""
    sys.stdout.write(json.dumps(content, indent=2, ensure_ascii=False) + "\n")


@contextmanager
def progress(console: Console, first: str) -> Iterator[Report]:
    """Yields what to call with each step: a spinner on a terminal, a plain line a step elsewhere."""
    if not console.is_terminal:
        console.print(first)
        yield lambda step: console.print(step)
        return
    with console.status(first) as spinner:
        yield lambda step: spinner.update(step)
