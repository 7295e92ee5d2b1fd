"""What the command line says when something is wrong: exit code, and the next step."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from support.local_cloud import LocalCloud


@pytest.mark.parametrize(
    ("arguments", "code", "told"),
    [
        (["show", "nonsense"], 2, "remessa ls"),
        (["show", "0" * 32], 1, "remessa ls"),
        (["logs", "nonsense"], 2, "remessa ls"),
        (["put", "no-such-file"], 2, "no-such-file"),
        (["put", ".", "--pipeline", "none"], 2, "files"),
        (["put"], 2, "PATH"),
        (["ls", "--pipeline", "none"], 2, "files"),
        (["ls", "--status", "none"], 2, "SUCCEEDED"),
        (["ls", "--limit", "0"], 2, "--limit"),
        (["fly"], 2, "fly"),
    ],
)
def test_wrong_use(cloud: LocalCloud, arguments: list[str], code: int, told: str) -> None:
    """The message names what is wrong or what to do next, and stdout stays clean."""
    done = cloud.remessa(*arguments)
    assert done.returncode == code, done.stderr
    assert told.lower() in done.stderr.lower()
    assert done.stdout == ""


def test_key_that_s3_would_not_take(cloud: LocalCloud, tmp_path: Path) -> None:
    """Said before anything is uploaded."""
    (tmp_path / "a.csv").write_text("a\n", encoding="utf-8")
    done = cloud.remessa("put", str(tmp_path / "a.csv"), "--key", "é" * 513)
    assert (done.returncode, "1024" in done.stderr) == (2, True)


@pytest.mark.parametrize("arguments", [["ls"], ["put", "."], ["show", "0" * 32], ["logs"], ["env"]])
def test_without_a_cloud(fresh_cloud: Callable[[], LocalCloud], arguments: list[str]) -> None:
    """Exit code 3, and how to start one."""
    done = fresh_cloud().remessa(*arguments)
    assert done.returncode == 3
    assert "remessa up" in done.stderr


def test_folder_and_several_files(cloud: LocalCloud, tmp_path: Path) -> None:
    """A folder goes up with all that is in it, under its own name."""
    folder = tmp_path / "mês 05"
    (folder / "deep").mkdir(parents=True)
    (folder / "a.csv").write_text("a,b\n1,2\n", encoding="utf-8")
    (folder / "deep" / "b.json").write_text("[]", encoding="utf-8")
    done = cloud.remessa("put", str(folder), "--no-wait", "--json")
    assert done.returncode == 0, done.stderr
    assert '"key": "mês 05/a.csv"' in done.stdout
    assert '"key": "mês 05/deep/b.json"' in done.stdout
