"""How records look in a terminal, and what may go up."""

from __future__ import annotations

import io
import os
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from remessa.cli import _records
from remessa.cli._upload import MAX_KEY_BYTES, plan
from remessa.errors import UsageError
from remessa.local.connection import Connection

RECORD: dict[str, Any] = {
    "FileId": "0123456789abcdef0123456789abcdef",
    "name": "evil\x1b[31m\u202egnp.csv",
    "status": "FAILED",
    "size": 1,
    "mediaType": "text/csv",
    "metadata": {"rowCount": 1},
    "error": {"code": "csv-not-text", "message": "It looks like image/png."},
}


@pytest.mark.parametrize("width", [60, 80, 100, 200])
def test_file_id_is_never_cut(monkeypatch: pytest.MonkeyPatch, width: int) -> None:
    """It is there to be copied, however narrow the terminal; a hostile name commands nothing."""
    written = io.StringIO()
    monkeypatch.setattr(_records, "output", lambda: Console(file=written, width=width, highlight=False, markup=False))
    _records.print_records([RECORD])
    assert RECORD["FileId"] in written.getvalue()
    assert "csv-not-text" in written.getvalue()
    assert not {"\x1b", "\u202e"} & set(written.getvalue())


def test_counts_are_said_in_words() -> None:
    """One row, two rows."""
    assert _records.told({**RECORD, "error": None}) == "text/csv, 1 row"
    assert _records.told({**RECORD, "error": None, "metadata": {"lineCount": 2000}}) == "text/csv, 2,000 lines"


@pytest.fixture
def connection() -> Connection:
    """A stack's names, with no cloud behind them."""
    one = Connection("http://127.0.0.1:9", "x", "x", "us-east-1")
    one.__dict__["outputs"] = {"FilesBucket": "files", "FilesQueue": "queue", "FilesDeadLetters": "dead"}
    return one


def test_folders_become_prefixes(connection: Connection, tmp_path: Path) -> None:
    """A folder's files go up under the folder's name, in one order everywhere."""
    (tmp_path / "maio" / "z").mkdir(parents=True)
    for name in ("b.csv", "a.csv", "z/c.csv"):
        (tmp_path / "maio" / name).touch()
    keys = [upload.key for upload in plan(connection, [tmp_path / "maio"], "files")]
    assert keys == ["maio/a.csv", "maio/b.csv", "maio/z/c.csv"]


def test_two_files_never_become_one(connection: Connection, tmp_path: Path) -> None:
    """The second would silently replace the first."""
    for folder in ("jan", "fev"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "notas.csv").touch()
    with pytest.raises(UsageError, match=r"jan/notas\.csv.*fev/notas\.csv"):
        plan(connection, [tmp_path / "jan" / "notas.csv", tmp_path / "fev" / "notas.csv"], "files")


def test_what_cannot_go_up_is_said_before_anything_does(connection: Connection, tmp_path: Path) -> None:
    """No file is skipped without a word."""
    folder = tmp_path / "folder"
    folder.mkdir()
    with pytest.raises(UsageError, match="empty"):
        plan(connection, [folder], "files")
    (folder / "a.csv").touch()
    for key in ("", "é" * (MAX_KEY_BYTES // 2 + 1)):
        with pytest.raises(UsageError, match="bytes"):
            plan(connection, [folder / "a.csv"], "files", key)
    os.mkfifo(folder / "pipe")
    for path in (folder, folder / "pipe", Path("/dev/null")):
        with pytest.raises(UsageError, match="no regular file"):
            plan(connection, [path], "files")
    with pytest.raises(UsageError, match="does not exist"):
        plan(connection, [folder / "none"], "files")
    (folder / "pipe").unlink()
    (folder / "dangling").symlink_to(folder / "none")
    with pytest.raises(UsageError, match="dangling"):
        plan(connection, [folder], "files")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_unreadable_files_and_folders(connection: Connection, tmp_path: Path) -> None:
    """Said by name, and nothing is uploaded."""
    (tmp_path / "closed").mkdir(mode=0)
    (tmp_path / "secret.csv").touch(mode=0)
    with pytest.raises(UsageError, match="closed"):
        plan(connection, [tmp_path], "files")
    with pytest.raises(UsageError, match="secret"):
        plan(connection, [tmp_path / "secret.csv"], "files")
