"""What is saved under which name, and that it is whole or not there."""

from __future__ import annotations

import io
import os
from collections.abc import Callable
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import Any

import pytest
from botocore.exceptions import ClientError
from hypothesis import given
from hypothesis import strategies as st
from s3transfer.exceptions import RetriesExceededError

from remessa.cli._download import MAX_NAME_BYTES, Download, fetch, plan_downloads, prepare, saved_name
from remessa.cli.get import wanted
from remessa.errors import EnvironmentDown, RemessaError, UsageError

FILE_ID = "0123456789abcdef0123456789abcdef"


def entry(name: str, **more: Any) -> dict[str, Any]:
    """An artifact as a record lists it."""
    return {"name": name, "key": f"reports/{FILE_ID}/1-1/{name}", "size": 5, "mediaType": "text/plain", **more}


def record(*artifacts: dict[str, Any], status: str = "SUCCEEDED", **more: Any) -> dict[str, Any]:
    """A record with such artifacts."""
    return {"FileId": FILE_ID, "name": "a.csv", "status": status, "artifacts": list(artifacts), "error": None, **more}


class Bucket:
    """S3's download, of the content given or ending in the fault given."""

    def __init__(self, content: bytes = b"whole", fault: BaseException | None = None) -> None:
        self.content = content
        self.fault = fault
        self.before_end: Callable[[], object] = lambda: None

    def download_fileobj(self, bucket: str, key: str, file: io.BufferedWriter, Callback: Callable[[int], None]) -> None:  # noqa: N803  as boto3 calls it
        """Write the content, half of it when there is a fault."""
        file.write(self.content if self.fault is None else self.content[:2])
        Callback(len(self.content))
        self.before_end()
        if self.fault is not None:
            raise self.fault


def refusal(status: int) -> ClientError:
    """What S3 answers with this status."""
    answer: Any = {"Error": {"Code": str(status)}, "ResponseMetadata": {"HTTPStatusCode": status}}
    return ClientError(answer, "HeadObject")


def download(folder: Path) -> Download:
    """One artifact on its way to a folder."""
    [one] = plan_downloads(record(), [entry("b.txt")], folder, "results")
    return one


@pytest.mark.parametrize(
    ("name", "artifact", "saved"),
    [
        ("praia.jpg", "128.jpg", "praia.jpg.128.jpg"),
        ("relatório 1+1 = 100%.csv", "report.json", "relatório 1+1 = 100%.csv.report.json"),
        ("../../etc/passwd", "x", "_.._etc_passwd.x"),
        ("..\\..\\boot.ini", "x", "_.._boot.ini.x"),
        ("C:evil", "x", "C_evil.x"),
        ("a\0b\x1b[31m\u202ec", "x", "a_b_[31m_c.x"),
        (".bashrc", "x", "bashrc.x"),
        ("-rf", "x", "_rf.x"),
        ("name. . ", "x", "name.x"),
        ("...", "x", f"{FILE_ID}.x"),
        ("", "x", f"{FILE_ID}.x"),
        ("con", "x", "_con.x"),
        ("NUL.tar.gz", "x", "_NUL.tar.gz.x"),
        ("com¹ .txt", "x", "_com¹ .txt.x"),
        ("console.log", "x", "console.log.x"),
        ("a", "../x", "a._x"),
        ("a", "/etc/passwd", "a._etc_passwd"),
        ("a", "..", "a.artifact"),
        ("a\udc80", "x", "a_.x"),
    ],
)
def test_hostile_names_become_harmless(name: str, artifact: str, saved: str) -> None:
    """Each in a way that still tells which file it was."""
    assert saved_name(name, artifact, FILE_ID) == saved


@given(st.text(max_size=300), st.text(max_size=300))
def test_any_name_is_one_harmless_name(name: str, artifact: str) -> None:
    """Whatever strangers call a file, it stays in its folder, is visible, and fits."""
    saved = saved_name(name, artifact, FILE_ID)
    assert PurePosixPath(saved).name == saved == PureWindowsPath(saved).name
    assert saved.isprintable()
    assert not saved.startswith((".", "-", " "))
    assert not saved.endswith((".", " "))
    assert len(saved.encode()) <= MAX_NAME_BYTES


def test_long_names_are_cut_before_the_artifacts_name() -> None:
    """Between characters, never within one; the end, which tells what it is, stays."""
    saved = saved_name("é" * 255, "1024.jpg", FILE_ID)
    assert saved == "é" * 123 + ".1024.jpg"
    assert saved_name("a", "b" * 300, FILE_ID) == "a." + "b" * 100


def test_no_two_artifacts_become_one_file(tmp_path: Path) -> None:
    """Two kinds may use one name, and some file systems ignore case."""
    artifacts = [entry("64.jpg"), entry("64.JPG"), entry("64.jpg"), entry("a/b"), entry("a_b")]
    names = [one.path.name for one in plan_downloads(record(), artifacts, tmp_path, "results")]
    assert names == ["a.csv.64.jpg", "a.csv.2.64.JPG", "a.csv.3.64.jpg", "a.csv.a_b", "a.csv.2.a_b"]


def test_artifacts_know_their_bucket() -> None:
    """Older entries leave it to the stack; when that does not say either, it is told."""
    artifacts = [entry("a", bucket="own"), entry("b")]
    assert [one.bucket for one in plan_downloads(record(), artifacts, Path(), "stack")] == ["own", "stack"]
    with pytest.raises(RemessaError, match=r"'b'.*remessa up"):
        plan_downloads(record(), artifacts, Path(), None)


def test_saved_whole_under_its_name(tmp_path: Path) -> None:
    """With the permissions of any new file, the folder made on the way, and nothing left beside it."""
    folder = tmp_path / "new" / "folder"
    one, moved = download(folder), list[int]()
    prepare(folder, [one], force=False)
    fetch(Bucket(), one, moved.append, force=False)
    assert one.path.read_bytes() == b"whole"
    assert (list(folder.iterdir()), sum(moved)) == ([one.path], 5)
    (tmp_path / "ordinary").touch()
    assert one.path.stat().st_mode == (tmp_path / "ordinary").stat().st_mode


@pytest.mark.parametrize(
    ("fault", "expected", "told"),
    [
        (refusal(404), RemessaError, r"b\.txt.*'results'.*again"),
        (refusal(403), ClientError, "403"),
        (RetriesExceededError(TimeoutError("silence")), EnvironmentDown, r"silence.*remessa status"),
        (OSError(28, "No space left on device"), RemessaError, r"a\.csv\.b\.txt.*No space left"),
        (ValueError("a fault of ours"), ValueError, "ours"),
        (KeyboardInterrupt("Ctrl-C"), KeyboardInterrupt, "Ctrl-C"),
    ],
)
@pytest.mark.parametrize("force", [False, True])
def test_nothing_is_left_of_a_download_that_failed(
    tmp_path: Path, fault: BaseException, expected: type[BaseException], told: str, force: bool
) -> None:
    """Neither half a file nor a temporary one, and what was there before is still there."""
    one = download(tmp_path)
    if force:
        one.path.write_text("before", encoding="utf-8")
    with pytest.raises(expected, match=told):
        fetch(Bucket(fault=fault), one, lambda _: None, force=force)
    assert [path.read_text(encoding="utf-8") for path in tmp_path.iterdir()] == (["before"] if force else [])


def test_nothing_is_overwritten_unasked(tmp_path: Path) -> None:
    """Not a file, not even a link that leads nowhere; with --force the link goes and what it led to stays."""
    one, precious = download(tmp_path), tmp_path / "precious"
    one.path.symlink_to(precious)
    with pytest.raises(RemessaError, match=r"a\.csv\.b\.txt.*--force"):
        prepare(tmp_path, [one], force=False)
    precious.write_text("mine", encoding="utf-8")
    prepare(tmp_path, [one], force=True)
    fetch(Bucket(), one, lambda _: None, force=True)
    assert (one.path.read_bytes(), one.path.is_symlink()) == (b"whole", False)
    assert precious.read_text(encoding="utf-8") == "mine"


def test_file_that_came_meanwhile_is_left_alone(tmp_path: Path) -> None:
    """It was not there when the download began, and it was there first when it ended."""
    one, bucket = download(tmp_path), Bucket()
    prepare(tmp_path, [one], force=False)
    bucket.before_end = lambda: one.path.write_text("theirs", encoding="utf-8")
    with pytest.raises(RemessaError, match="--force"):
        fetch(bucket, one, lambda _: None, force=False)
    assert [path.read_text(encoding="utf-8") for path in tmp_path.iterdir()] == ["theirs"]


def test_file_system_without_hard_links(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Such as a memory card's: the file is renamed, and one that is there is still not replaced."""

    def no_links(source: object, target: object) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(os, "link", no_links)
    one = download(tmp_path)
    fetch(Bucket(), one, lambda _: None, force=False)
    assert one.path.read_bytes() == b"whole"
    with pytest.raises(RemessaError, match="--force"):
        fetch(Bucket(b"other"), one, lambda _: None, force=False)
    assert [path.read_bytes() for path in tmp_path.iterdir()] == [b"whole"]


def test_folder_that_cannot_be_made(tmp_path: Path) -> None:
    """A file stands in the way: said by name."""
    (tmp_path / "file").touch()
    for folder in (tmp_path / "file", tmp_path / "file" / "below"):
        with pytest.raises(RemessaError, match=r"file.*-o"):
            prepare(folder, [download(folder)], force=False)


def test_which_artifacts_are_wanted() -> None:
    """The only one, all, or one by its name; otherwise the names there are."""
    one, two = entry("1024.jpg"), entry("64.jpg")
    assert wanted(record(one), None, everything=False) == [one]
    assert wanted(record(one, two), None, everything=True) == [one, two]
    assert wanted(record(one, two), "64.jpg", everything=False) == [two]
    for name in (None, "128.jpg"):
        with pytest.raises(UsageError, match=r"1024\.jpg, 64\.jpg"):
            wanted(record(one, two), name, everything=False)


@pytest.mark.parametrize(
    ("status", "told"),
    [
        ("FAILED", rf"csv-invalid: Line 3.*remessa show {FILE_ID}"),
        ("DELETED", "deleted.*remessa put"),
        ("PROCESSING", f"not been processed.*remessa show {FILE_ID}"),
        ("RETRYING", f"not been processed.*remessa show {FILE_ID}"),
        ("SUCCEEDED", f"nothing to make.*remessa show {FILE_ID}"),
    ],
)
def test_why_there_is_nothing_to_get(status: str, told: str) -> None:
    """With the reason of the status, and what to do next; asking by name or for all makes no difference."""
    empty = record(status=status, error={"code": "csv-invalid", "message": "Line 3 is odd.\x1b[2J"})
    for name, everything in ((None, False), (None, True), ("report.json", False)):
        with pytest.raises(RemessaError, match=told) as caught:
            wanted(empty, name, everything=everything)
        assert "\x1b" not in str(caught.value)


def test_what_was_replaced_may_be_had_until_the_new_is_there() -> None:
    """While a new version is processed, readers see the last one, as everywhere."""
    assert wanted(record(entry("a"), status="PROCESSING"), None, everything=False) == [entry("a")]
