"""The lines that `remessa env` gives to a shell."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from remessa.cli.env import shell_lines, upper_snake
from remessa.local.aws_command import write_wrapper
from remessa.local.home import Home

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
    script = "\n".join([*shell_lines(LOCAL | {"VALUE": value}, {}, []), 'printf %s "$VALUE"'])
    done = subprocess.run(["sh", "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout == value


def test_only_what_gets_in_the_way_is_unset() -> None:
    """A profile and a per-service endpoint go, a name that could smuggle in a command is left alone."""
    environ = {"AWS_PROFILE": "x", "AWS_ENDPOINT_URL_S3": "x", "AWS_ENDPOINT_URL_X;rm": "x", "AWS_PAGER": "less"}
    unset = [line for line in shell_lines(LOCAL, environ, []) if line.startswith("unset")]
    assert unset == ["unset AWS_ENDPOINT_URL_S3", "unset AWS_PROFILE"]


def test_nothing_is_unset_for_aws_itself() -> None:
    """Without a local endpoint the user's own AWS settings are the right ones."""
    assert not [line for line in shell_lines({"FILES_TABLE": "x"}, {"AWS_PROFILE": "x"}, []) if "unset" in line]


def test_a_proxy_is_passed_by() -> None:
    """Behind a proxy, requests to this machine stay on this machine, and earlier exceptions are kept."""
    lines = shell_lines(LOCAL, {"HTTP_PROXY": "http://proxy:3128", "NO_PROXY": "internal"}, [])
    assert "export NO_PROXY='internal,127.0.0.1'" in lines


def test_our_commands_come_first_and_only_once() -> None:
    """A second eval does not grow PATH."""
    ours = [Path("/home/bin"), Path("/venv/bin")]
    assert "export PATH='/home/bin:/venv/bin':\"$PATH\"" in shell_lines(LOCAL, {"PATH": "/bin"}, ours)
    assert not [line for line in shell_lines(LOCAL, {"PATH": "/home/bin:/venv/bin:/bin"}, ours) if "PATH" in line]


def fake_aws(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The wrapper around an `aws` that only prints its arguments, one a line; its folder has a blank and a quote."""
    folder = tmp_path / "it's a venv"
    folder.mkdir()
    (folder / "aws").write_text('#!/bin/sh\nprintf "%s\\n" "$@"\n')
    (folder / "aws").chmod(0o700)
    monkeypatch.setattr(sys, "executable", str(folder / "python"))
    return write_wrapper(Home(tmp_path)) / "aws"


@pytest.mark.parametrize(("endpoint", "given", "passed"), [
    ("http://127.0.0.1:1", ["sqs", "a b"], ["--endpoint-url", "http://127.0.0.1:1", "sqs", "a b"]),
    ("http://127.0.0.1:1", ["sqs", "--endpoint-url", "x"], ["sqs", "--endpoint-url", "x"]),
    ("http://127.0.0.1:1", ["--endpoint-url=x", "sqs"], ["--endpoint-url=x", "sqs"]),
    ("", ["sqs", "*"], ["sqs", "*"]),
    (None, ["sqs"], ["sqs"]),
])  # fmt: skip
def test_the_wrapper_names_the_endpoint(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, endpoint: str | None, given: list[str], passed: list[str]
) -> None:
    """The AWS CLI gets the endpoint of the environment unless it was given one, and every argument as it was."""
    wrapper = fake_aws(tmp_path, monkeypatch)
    environ = {} if endpoint is None else {"AWS_ENDPOINT_URL": endpoint}
    done = subprocess.run([str(wrapper), *given], env=environ, capture_output=True, text=True, check=True)
    assert done.stdout.splitlines() == passed
