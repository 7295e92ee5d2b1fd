"""`remessa env`: what a shell or a program needs to talk to the cloud."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from remessa.cli._shared import print_json

if TYPE_CHECKING:
    from remessa.local.connection import Connection

# Each of these would send `aws` elsewhere, sign with other keys, or fail before any request:
# https://docs.aws.amazon.com/cli/latest/userguide/cli-configure-envvars.html
_IN_THE_WAY = ("AWS_PROFILE", "AWS_DEFAULT_PROFILE", "AWS_SESSION_TOKEN", "AWS_SECURITY_TOKEN", "AWS_USE_FIPS_ENDPOINT",
    "AWS_USE_DUALSTACK_ENDPOINT", "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS")  # fmt: skip
_PER_SERVICE = "AWS_ENDPOINT_URL_"


def env(
    *, as_json: Annotated[bool, typer.Option("--json", help="One JSON object instead of shell lines.")] = False
) -> None:
    """Print the settings of the running cloud: `eval "$(remessa env)"`."""
    from remessa.local.aws_command import write_wrapper
    from remessa.local.connection import connect
    from remessa.local.home import find_home

    connection = connect()
    values = settings(connection)
    if as_json:
        print_json(values)
        return
    commands = [Path(sys.executable).parent]
    if connection.endpoint is not None:
        commands.insert(0, write_wrapper(find_home()))
    sys.stdout.writelines(f"{line}\n" for line in shell_lines(values, os.environ, commands))


def settings(connection: Connection) -> dict[str, str]:
    """Endpoint, credentials and region, where they are known, and every output of the stack as UPPER_SNAKE."""
    known = {
        "AWS_ENDPOINT_URL": connection.endpoint,
        "AWS_ACCESS_KEY_ID": connection.access_key,
        "AWS_SECRET_ACCESS_KEY": connection.secret_key,
        "AWS_DEFAULT_REGION": connection.region,
        "AWS_REGION": connection.region,
    }
    values = {name: value for name, value in known.items() if value is not None}
    return values | {upper_snake(name): value for name, value in sorted(connection.outputs.items())}


def upper_snake(name: str) -> str:
    """`FilesDeadLetters` → `FILES_DEAD_LETTERS`, `ApiURL` → `API_URL`."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", name).upper()


def shell_lines(values: Mapping[str, str], environ: Mapping[str, str], commands: Sequence[Path]) -> list[str]:
    """Lines that a POSIX shell evaluates; in `environ`, the caller's, only what would get in the way is unset.

    The folders in `commands` come first on the PATH, so that `aws` is the one that came with us.
    """
    lines = []
    if "AWS_ENDPOINT_URL" in values:
        unset = [name for name in environ if name in _IN_THE_WAY or _overrides_endpoint(name)]
        lines += [f"unset {name}" for name in sorted(unset)]
        lines += _past_the_proxy(environ)
    lines += [f"export {name}={quoted(value)}" for name, value in values.items()]
    ours = [str(folder) for folder in commands]
    if environ.get("PATH", "").split(os.pathsep)[: len(ours)] != ours:
        lines.append(f'export PATH={quoted(os.pathsep.join(ours))}:"$PATH"')
    return lines


def quoted(value: str) -> str:
    """The value in single quotes, always, so that a line can also be read by something simpler than a shell."""
    return "'" + value.replace("'", "'\"'\"'") + "'"


def _overrides_endpoint(name: str) -> bool:
    # AWS_ENDPOINT_URL_S3 beats AWS_ENDPOINT_URL. The name goes into a shell line, so it must be a plain one.
    return re.fullmatch(_PER_SERVICE + "[A-Z0-9_]+", name) is not None


def _past_the_proxy(environ: Mapping[str, str]) -> list[str]:
    lines = []
    for name in ("NO_PROXY", "no_proxy"):
        proxy = environ.get(name.replace("NO", "HTTP").replace("no", "http"))
        if proxy and "127.0.0.1" not in environ.get(name, "").split(","):
            value = ",".join(filter(None, [environ.get(name, ""), "127.0.0.1"]))
            lines.append(f"export {name}={quoted(value)}")
    return lines
