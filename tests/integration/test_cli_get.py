"""What was made of files, as the command line shows it and brings it here."""

from __future__ import annotations

import json
import struct
import subprocess
import zlib
from pathlib import Path
from typing import Any

import pytest
from support.local_cloud import LocalCloud
from support.office import Office

SIZES = ["1024.png", "512.png", "128.png", "64.png"]


def png(width: int, height: int) -> bytes:
    """A grey picture of these dimensions."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    rows = zlib.compress((b"\0" + b"\x80" * width) * height)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


@pytest.fixture(scope="module")
def photo(office: Office, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """The record of an image that was put without naming a pipeline; its name says it were a table."""
    path = tmp_path_factory.mktemp("photos") / "praia 1.csv"
    path.write_bytes(png(1600, 1200))
    record = office.put(path)
    assert (record["status"], record["pipeline"]) == ("SUCCEEDED", "images")
    return record


def get(office: Office, *arguments: object) -> subprocess.CompletedProcess[str]:
    """`remessa get`."""
    return office.cloud.remessa("get", *map(str, arguments))


def test_the_only_artifact(office: Office, tmp_path: Path) -> None:
    """No name is needed; the path goes to stdout, and the content is what the bucket has."""
    record = office.process("pasta/notas 1.csv", b"a,b\n1,2\n")
    folder = tmp_path / "not" / "there"
    done = get(office, record["FileId"], "-o", folder)
    saved = folder / "notas 1.csv.report.json"
    assert (done.returncode, done.stdout, done.stderr) == (0, f"{saved}\n", "")
    [artifact] = record["artifacts"]
    stored = office.s3.get_object(Bucket=office.results, Key=artifact["key"])["Body"].read()
    assert saved.read_bytes() == stored
    assert list(folder.iterdir()) == [saved]


def test_nothing_is_overwritten_unasked(office: Office, tmp_path: Path) -> None:
    """A file that is there stays as it is until --force says otherwise."""
    identity = office.process("twice.csv", b"a,b\n1,2\n")["FileId"]
    mine = tmp_path / "twice.csv.report.json"
    mine.write_text("mine", encoding="utf-8")
    done = get(office, identity, "-o", tmp_path)
    assert (done.returncode, done.stdout, mine.read_text(encoding="utf-8")) == (1, "", "mine")
    assert "twice.csv.report.json" in done.stderr
    assert "--force" in done.stderr
    assert get(office, identity, "-o", tmp_path, "--force").returncode == 0
    assert json.loads(mine.read_text(encoding="utf-8"))["mediaType"] == "text/csv"


def test_hostile_key_stays_in_the_folder(office: Office, tmp_path: Path) -> None:
    """Neither the key nor its control characters reach the file system or the terminal."""
    identity = office.process("a/..\\..\\\u202evil\x07.csv", b"a,b\n1,2\n")["FileId"]
    done = get(office, identity, "-o", tmp_path)
    assert done.returncode == 0, done.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["_.._" + "_vil_.csv.report.json"]


def test_all_sizes_of_an_image(office: Office, photo: dict[str, Any], tmp_path: Path) -> None:
    """As JSON with name, path, size and media type, each file as long as it says."""
    done = get(office, photo["FileId"], "--all", "--json", "-o", tmp_path)
    assert done.returncode == 0, done.stderr
    saved = json.loads(done.stdout)
    assert [one["name"] for one in saved] == SIZES
    assert [Path(one["path"]).name for one in saved] == [f"praia 1.csv.{name}" for name in SIZES]
    assert {one["mediaType"] for one in saved} == {"image/png"}
    for one in saved:
        content = Path(one["path"]).read_bytes()
        assert len(content) == one["size"]
        assert max(struct.unpack(">II", content[16:24])) == int(one["name"].removesuffix(".png"))


def test_one_size_of_an_image(office: Office, photo: dict[str, Any], tmp_path: Path) -> None:
    """By its name; without one, or with a wrong one, the names there are."""
    done = get(office, photo["FileId"], "128.png", "-o", tmp_path)
    assert (done.returncode, done.stdout) == (0, f"{tmp_path / 'praia 1.csv.128.png'}\n")
    for wrong in ([], ["129.png"]):
        done = get(office, photo["FileId"], *wrong, "-o", tmp_path)
        assert (done.returncode, done.stdout) == (2, "")
        assert ", ".join(SIZES) in done.stderr


def test_show_tells_what_was_made_and_where(office: Office, photo: dict[str, Any]) -> None:
    """Each address can be given to the AWS CLI as it stands, and the next command is named."""
    done = office.cloud.remessa("show", photo["FileId"])
    assert f"remessa get {photo['FileId']} --all" in done.stderr
    assert "128×96" in done.stdout
    addresses = [word for word in done.stdout.split() if word.startswith("s3://")]
    assert len(addresses) == len(SIZES)
    for address in addresses:
        bucket, _, key = address.removeprefix("s3://").partition("/")
        assert office.s3.head_object(Bucket=bucket, Key=key)["ContentType"] == "image/png"


def test_listing_shows_all_sizes(office: Office, photo: dict[str, Any]) -> None:
    """In the row of the image, beside what it is."""
    listing = office.cloud.remessa("ls", "--pipeline", "images").stdout
    [row] = [line for line in listing.splitlines() if photo["FileId"] in line]
    assert "image/png, 1600×1200 → 1024, 512, 128, 64" in row


def test_mixed_folder_goes_to_several_pipelines(office: Office, tmp_path: Path) -> None:
    """One call, each file where its content says, each followed to its end."""
    folder = tmp_path / "mixed"
    folder.mkdir()
    (folder / "a.csv").write_text("a,b\n1,2\n", encoding="utf-8")
    (folder / "b").write_bytes(png(20, 10))
    (folder / "c.txt").touch()
    done = office.cloud.remessa("put", str(folder), "--json")
    assert done.returncode == 0, done.stderr
    found = {record["name"]: (record["pipeline"], record["status"]) for record in json.loads(done.stdout)}
    assert found == {
        "a.csv": ("files", "SUCCEEDED"),
        "b": ("images", "SUCCEEDED"),
        "c.txt": ("files", "SUCCEEDED"),
    }


def test_pipeline_by_name_is_obeyed(office: Office, tmp_path: Path) -> None:
    """A table sent to `images` ends FAILED there, with exit code 4."""
    (tmp_path / "table.csv").write_text("a,b\n1,2\n", encoding="utf-8")
    record = office.put(tmp_path / "table.csv", "--pipeline", "images")
    assert (record["pipeline"], record["status"]) == ("images", "FAILED")
    done = get(office, record["FileId"], "--all")
    assert (done.returncode, done.stdout) == (1, "")
    assert record["error"]["code"] in done.stderr


def test_deleted_file(office: Office) -> None:
    """What was made of it went with it, and it is said so."""
    identity = office.process("leaving.csv", b"a,b\n1,2\n")["FileId"]
    office.s3.delete_object(Bucket=office.bucket, Key="leaving.csv")
    office.wait_deleted("leaving.csv")
    done = get(office, identity)
    assert (done.returncode, done.stdout) == (1, "")
    assert "deleted" in done.stderr


def test_artifact_that_is_gone(office: Office, tmp_path: Path) -> None:
    """Said by name, with nothing left in the folder."""
    record = office.process("collected.csv", b"a,b\n1,2\n")
    office.s3.delete_object(Bucket=office.results, Key=record["artifacts"][0]["key"])
    done = get(office, record["FileId"], "-o", tmp_path)
    assert (done.returncode, done.stdout, list(tmp_path.iterdir())) == (1, "", [])
    assert "report.json" in done.stderr
    assert "no longer" in done.stderr


@pytest.mark.parametrize(
    ("arguments", "code", "told"),
    [
        (["nonsense"], 2, "remessa ls"),
        (["0" * 32], 1, "remessa ls"),
        (["0" * 32, "report.json", "--all"], 2, "--all"),
    ],
)
def test_wrong_use(cloud: LocalCloud, arguments: list[str], code: int, told: str) -> None:
    """The message names what to do next, and stdout stays clean."""
    done = cloud.remessa("get", *arguments)
    assert (done.returncode, done.stdout) == (code, "")
    assert told in done.stderr
