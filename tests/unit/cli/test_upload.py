"""What goes up, under which key, and to which pipeline."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from remessa.cli._upload import MAX_KEY_BYTES, by_content, plan
from remessa.cli.demo import SAMPLES, expected, pipeline_of, sample_files
from remessa.errors import EnvironmentDown, UsageError
from remessa.local.connection import Connection

PNG = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR"


def stack(*pipelines: str) -> Connection:
    """A stack's names, with no cloud behind them."""
    one = Connection("http://127.0.0.1:9", "x", "x", "us-east-1")
    kinds = ("Bucket", "Queue", "DeadLetters")
    one.__dict__["outputs"] = {f"{name.capitalize()}{kind}": f"{name}-{kind}" for name in pipelines for kind in kinds}
    return one


@pytest.fixture
def connection() -> Connection:
    """A stack of today."""
    return stack("files", "images", "invoices")


def test_folders_become_prefixes(connection: Connection, tmp_path: Path) -> None:
    """A folder's files go up under the folder's name, in one order everywhere."""
    (tmp_path / "maio" / "z").mkdir(parents=True)
    for name in ("b.csv", "a.csv", "z/c.csv"):
        (tmp_path / "maio" / name).touch()
    keys = [upload.key for upload in plan(connection, [tmp_path / "maio"], by_content)]
    assert keys == ["maio/a.csv", "maio/b.csv", "maio/z/c.csv"]


def test_each_file_goes_where_its_content_says(connection: Connection, tmp_path: Path) -> None:
    """One folder may go to several buckets; names promise nothing."""
    (tmp_path / "a.csv").write_bytes(PNG)
    (tmp_path / "b.png").write_bytes(b"a;b\n")
    (tmp_path / "c.png").write_bytes(PNG)
    (tmp_path / "empty.png").touch()
    uploads = plan(connection, [tmp_path], by_content)
    buckets = {upload.path.name: upload.bucket for upload in uploads}
    assert buckets == {
        "a.csv": "images-Bucket",
        "b.png": "files-Bucket",
        "c.png": "images-Bucket",
        "empty.png": "files-Bucket",
    }


def test_a_named_pipeline_is_obeyed(connection: Connection, tmp_path: Path) -> None:
    """Whatever the content is."""
    (tmp_path / "a.png").write_bytes(PNG)
    [upload] = plan(connection, [tmp_path / "a.png"], lambda _: "files", "elsewhere.bin")
    assert (upload.bucket, upload.key) == ("files-Bucket", "elsewhere.bin")


def test_pipeline_that_is_not_deployed(tmp_path: Path) -> None:
    """A stack from before says how to bring it up to date, and still takes what it knows."""
    old = stack("files")
    (tmp_path / "a.png").write_bytes(PNG)
    (tmp_path / "b.csv").write_bytes(b"a;b\n")
    with pytest.raises(EnvironmentDown, match=r"'images'.*remessa up"):
        plan(old, [tmp_path], by_content)
    assert plan(old, [tmp_path / "b.csv"], by_content)


def test_samples_go_where_their_content_says(connection: Connection) -> None:
    """But for the one whose only fault is its name, which the pipeline of its name has to find."""
    uploads = plan(connection, sample_files(), pipeline_of)
    images = {upload.path.name for upload in uploads if upload.bucket == "images-Bucket"}
    assert "gradiente.png" in images
    assert "notas-utf8.csv" in {upload.path.name for upload in uploads if upload.bucket == "invoices-Bucket"}
    disguised = SAMPLES / "broken" / "imagem-disfarcada.csv"
    [upload] = [upload for upload in uploads if upload.path == disguised]
    assert (by_content(disguised), upload.bucket, expected(upload)) == ("images", "files-Bucket", "FAILED")


def test_two_files_never_become_one(connection: Connection, tmp_path: Path) -> None:
    """The second would silently replace the first; in another bucket it would not."""
    for folder in ("jan", "fev", "mar"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "notas.csv").write_bytes(PNG if folder == "mar" else b"a;b\n")
    first, second, third = (tmp_path / folder / "notas.csv" for folder in ("jan", "fev", "mar"))
    with pytest.raises(UsageError, match=r"jan/notas\.csv.*fev/notas\.csv"):
        plan(connection, [first, second], by_content)
    assert len(plan(connection, [first, third], by_content)) == 2


def test_what_cannot_go_up_is_said_before_anything_does(connection: Connection, tmp_path: Path) -> None:
    """No file is skipped without a word."""
    folder = tmp_path / "folder"
    folder.mkdir()
    with pytest.raises(UsageError, match="empty"):
        plan(connection, [folder], by_content)
    (folder / "a.csv").touch()
    for key in ("", "é" * (MAX_KEY_BYTES // 2 + 1)):
        with pytest.raises(UsageError, match="bytes"):
            plan(connection, [folder / "a.csv"], by_content, key)
    os.mkfifo(folder / "pipe")
    for path in (folder, folder / "pipe", Path("/dev/null")):
        with pytest.raises(UsageError, match="no regular file"):
            plan(connection, [path], by_content)
    with pytest.raises(UsageError, match="does not exist"):
        plan(connection, [folder / "none"], by_content)
    (folder / "pipe").unlink()
    (folder / "dangling").symlink_to(folder / "none")
    with pytest.raises(UsageError, match="dangling"):
        plan(connection, [folder], by_content)


def test_file_that_went_away_meanwhile(tmp_path: Path) -> None:
    """Said by name, as every file that cannot be read."""
    with pytest.raises(UsageError, match=r"gone\.csv.*Nothing was uploaded"):
        by_content(tmp_path / "gone.csv")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_unreadable_files_and_folders(connection: Connection, tmp_path: Path) -> None:
    """Said by name, and nothing is uploaded."""
    (tmp_path / "closed").mkdir(mode=0)
    (tmp_path / "secret.csv").touch(mode=0)
    with pytest.raises(UsageError, match="closed"):
        plan(connection, [tmp_path], by_content)
    with pytest.raises(UsageError, match="secret"):
        plan(connection, [tmp_path / "secret.csv"], by_content)
