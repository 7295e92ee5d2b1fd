"""The lines that `remessa env` gives to a shell."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from remessa.cli.env import shell_lines, upper_snake

LOCAL = {"AWS_ENDPOINT_URL": "http://127.0.0.1:4570"}


@pytest.mark.parametrize(("name", "expected"), [
    ("FilesBucket", "FILES_BUCKET"),
    ("FilesDeadLetters", "FILES_DEAD_LETTERS"),
    ("ApiURL", "API_URL"),
    ("URLOfApi", "URL_OF_API"),
    ("Table2Name", "TABLE2_NAME"),
])  # fmt: skip
def test_names_become_upper_snake(name: str, expected: str) -> None:
    """An output's name becomes the usual name of a variable."""
    assert upper_snake(name) == expected


@pytest.mark.parametrize("value", ["plain", "a b", "it's", '"$(touch x)`', "a\nb", "ç$HOME\\"])
def test_a_shell_reads_back_the_value(value: str) -> None:
    """Whatever is in a value, a shell sees it as it is and executes nothing."""
    script = "\n".join([*shell_lines(LOCAL | {"VALUE": value}, {}), 'printf %s "$VALUE"'])
    done = subprocess.run(["sh", "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout == value


def test_only_what_gets_in_the_way_is_unset() -> None:
    """A profile and a per-service endpoint go, a name that could smuggle in a command is left alone."""
    environ = {"AWS_PROFILE": "x", "AWS_ENDPOINT_URL_S3": "x", "AWS_ENDPOINT_URL_X;rm": "x", "AWS_PAGER": "less"}
    unset = [line for line in shell_lines(LOCAL, environ) if line.startswith("unset")]
    assert unset == ["unset AWS_ENDPOINT_URL_S3", "unset AWS_PROFILE"]


def test_nothing_is_unset_for_aws_itself() -> None:
    """Without a local endpoint the user's own AWS settings are the right ones."""
    assert not [line for line in shell_lines({"FILES_TABLE": "x"}, {"AWS_PROFILE": "x"}) if "unset" in line]


def test_a_proxy_is_passed_by() -> None:
    """Behind a proxy, requests to this machine stay on this machine, and earlier exceptions are kept."""
    lines = shell_lines(LOCAL, {"HTTP_PROXY": "http://proxy:3128", "NO_PROXY": "internal"})
    assert "export NO_PROXY='internal,127.0.0.1'" in lines


def test_our_commands_come_first_and_only_once() -> None:
    """A second eval does not grow PATH."""
    commands = str(Path(sys.executable).parent)
    assert f"export PATH='{commands}':\"$PATH\"" in shell_lines(LOCAL, {"PATH": "/bin"})
    assert not [line for line in shell_lines(LOCAL, {"PATH": f"{commands}{os.pathsep}/bin"}) if "PATH" in line]
