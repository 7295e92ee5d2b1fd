"""The whole road, from an upload to its record, for every kind of file and name."""

from __future__ import annotations

import hashlib
import json
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psutil
import pytest
from support.local_cloud import LocalCloud, wait_for
from support.office import Office

from remessa.cli.demo import SAMPLES

PNG = (SAMPLES / "broken" / "imagem-disfarcada.csv").read_bytes()
CONTRACT = {
    "FileId",
    "bucket",
    "key",
    "name",
    "size",
    "pipeline",
    "status",
    "mediaType",
    "uploadedBy",
    "uploadedAt",
    "processedAt",
    "attempts",
    "metadata",
    "artifacts",
    "error",
}


def test_samples_end_as_they_should(cloud: LocalCloud) -> None:
    """`up --demo`: every valid sample SUCCEEDED, every broken one FAILED with its reason."""
    done = cloud.remessa("up", "--detach", "--demo")
    assert done.returncode == 0, done.stderr
    assert "SUCCEEDED" in done.stdout
    assert "json-invalid" in done.stdout


def test_record_keeps_the_contract(office: Office, tmp_path: Path) -> None:
    """`put --json`, `ls --json` and `show --json` give the same record, with every field promised to scripts."""
    path = tmp_path / "notas.csv"
    path.write_text("número;valor\n1;1.234,56\n2;9,90\n", encoding="utf-8")
    record = office.put(path)
    assert record.keys() >= CONTRACT
    assert (record["status"], record["name"], record["pipeline"], record["attempts"]) == (
        "SUCCEEDED",
        "notas.csv",
        "files",
        1,
    )
    assert (record["mediaType"], record["size"], record["error"]) == ("text/csv", path.stat().st_size, None)
    metadata = record["metadata"]
    assert (metadata["lineCount"], metadata["rowCount"], metadata["delimiter"]) == (3, 2, ";")
    assert metadata["sha256"] == hashlib.sha256(path.read_bytes()).hexdigest()
    shown = json.loads(office.cloud.remessa("show", record["FileId"], "--json").stdout)
    listed = json.loads(office.cloud.remessa("ls", "--json", "--limit", "500").stdout)
    assert shown == record
    assert record in listed


def test_report_is_kept_in_the_results_bucket(office: Office) -> None:
    """The artifact that the record names is there, and browsers save it under the file's name."""
    record = office.process("relatório.csv", b"a,b\n1,2\n3\n")
    [artifact] = record["artifacts"]
    answer = office.s3.get_object(Bucket=office.results, Key=artifact["key"])
    report = json.loads(answer["Body"].read())
    assert (artifact["name"], artifact["mediaType"]) == ("report.json", "application/json")
    assert artifact["size"] == answer["ContentLength"]
    assert report["metadata"] == record["metadata"]
    assert report["problems"][0]["row"] == 3
    assert answer["ContentDisposition"] == "attachment; filename*=UTF-8''relat%C3%B3rio.csv.report.json"


@pytest.mark.parametrize(
    "key",
    [
        "with spaces/and more.csv",
        "1+1=2.csv",
        "100%25 %41.csv",
        "ação/descrição ñ ü.csv",
        "📄/😀.csv",
        "../../etc/passwd",
        "a//b///c.csv",
        "quote\"'<script>&amp;.csv",
        "ends with dot.",
        "\u202egnp.exe.csv",
        "é" * 500 + ".csv",
        "x" * 1024,
    ],
)
def test_any_name_is_one_record(office: Office, key: str) -> None:
    """A key is decoded exactly once and kept as it is, however long or hostile."""
    record = office.process(key, b"a,b\n1,2\n")
    assert (record["key"], record["status"], record["size"]) == (key, "SUCCEEDED", 8)
    assert office.artifacts(record["FileId"]) == [record["artifacts"][0]["key"]]
    assert office.record(key) == record


def test_empty_file(office: Office) -> None:
    """Nothing in it is not wrong."""
    record = office.process("empty.csv", b"")
    assert (record["status"], record["size"], record["metadata"]["lineCount"]) == ("SUCCEEDED", 0, 0)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
def test_encodings_of_a_brazilian_csv(office: Office, encoding: str) -> None:
    """Excel's exports are read as they come."""
    text = "descrição;valor\r\nágua e café;1.234,56\r\nação;2,00\r\n"
    record = office.process(f"excel-{encoding}.csv", text.encode(encoding))
    metadata = record["metadata"]
    assert record["status"] == "SUCCEEDED"
    assert (metadata["columns"], metadata["rowCount"], metadata["lineCount"]) == (["descrição", "valor"], 2, 3)


@pytest.mark.parametrize(
    ("key", "body", "code", "told"),
    [
        ("photo.csv", PNG, "csv-not-text", "image/png"),
        ("broken.json", b'{"a": 1,\n "b": }', "json-invalid", "line 2"),
        ("broken.ndjson", b'{"a": 1}\n{"a": \n{"a": 3}\n', "ndjson-invalid", "line 2"),
        ("broken.xml", b"<a>\n<b></a>", "xml-invalid", "line 2"),
        ("evil.xml", b'<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]>\n<x>&e;</x>', "xml-doctype", "DOCTYPE"),
    ],
)
def test_content_against_its_extension(office: Office, key: str, body: bytes, code: str, told: str) -> None:
    """The file ends FAILED with a code and a place that a person can act on; the file itself stays."""
    record = office.process(key, body)
    assert (record["status"], record["error"]["code"], record["artifacts"]) == ("FAILED", code, [])
    assert told in record["error"]["message"]
    assert office.s3.get_object(Bucket=office.bucket, Key=key)["Body"].read() == body


def test_broken_file_put_with_the_command_line(office: Office) -> None:
    """Exit code 4, and the reason where people look."""
    done = office.cloud.remessa("put", str(SAMPLES / "broken" / "imagem-disfarcada.csv"), "--pipeline", "files")
    assert done.returncode == 4
    assert "FAILED" in done.stdout
    assert "csv-not-text" in done.stdout
    failed = json.loads(office.cloud.remessa("ls", "--status", "failed", "--json").stdout)
    assert "imagem-disfarcada.csv" in {record["name"] for record in failed}
    assert {record["status"] for record in failed} == {"FAILED"}


def test_reupload_updates_the_one_record(office: Office) -> None:
    """The record follows the bucket, and a good version heals a bad one."""
    first = office.process("again.json", b"{")
    second = office.process("again.json", b"[1, 2, 3]")
    assert first["FileId"] == second["FileId"]
    assert (first["status"], second["status"], second["error"]) == ("FAILED", "SUCCEEDED", None)
    assert (second["size"], second["metadata"]["itemCount"], second["attempts"]) == (9, 3, 1)


def test_delete(office: Office) -> None:
    """The record stays as DELETED and its artifacts go."""
    record = office.process("short-lived.csv", b"a,b\n1,2\n")
    assert office.artifacts(record["FileId"])
    office.s3.delete_object(Bucket=office.bucket, Key="short-lived.csv")
    deleted = office.wait_deleted("short-lived.csv")
    assert (deleted["artifacts"], deleted["metadata"], deleted["size"]) == ([], {}, None)
    wait_for(lambda: not office.artifacts(record["FileId"]))


@pytest.mark.parametrize(
    ("metadata", "uploader"),
    [({"user": "maria"}, "maria"), ({"user": "=?utf-8?b?Sm/Do28=?="}, "João"), ({}, "EXAMPLE")],
)
def test_uploader(office: Office, metadata: dict[str, str], uploader: str) -> None:
    """The metadata `user`, else who the event names (the local cloud always names EXAMPLE)."""
    assert office.process("whose.csv", b"a\n", Metadata=metadata)["uploadedBy"] == uploader


def test_large_csv_in_flat_memory(office: Office, tmp_path: Path) -> None:
    """300 MB go through a function that never holds more than 150 MB."""
    path = tmp_path / "large.csv"
    rows = "".join(
        f"{number};Fornecedor {number} Ltda;{number % 977},{number % 100:02d};ok\n" for number in range(10_000)
    )
    with path.open("w", encoding="utf-8") as stream:
        stream.write("id;nome;valor;obs\n")
        copies = 300_000_000 // len(rows) + 1
        for _ in range(copies):
            stream.write(rows)
    assert path.stat().st_size > 300_000_000
    with ThreadPoolExecutor(1) as pool:
        upload = pool.submit(office.put, path)
        peak = 0
        while not upload.done():
            peak = max([peak, *(_peak(worker) for worker in _workers(office.cloud))])
            time.sleep(0.05)
        record = upload.result()
    assert (record["status"], record["metadata"]["rowCount"]) == ("SUCCEEDED", copies * 10_000)
    assert 0 < peak < 150_000_000, "no worker was seen, or one took too much memory"


def _workers(cloud: LocalCloud) -> list[psutil.Process]:
    """The functions' processes: children of the server."""
    info = cloud.home.read_info()
    assert info is not None
    return psutil.Process(info.pid).children(recursive=True)


def _peak(process: psutil.Process) -> int:
    """The most memory a process ever held, in bytes."""
    try:
        status = Path(f"/proc/{process.pid}/status").read_text(encoding="ascii")
    except OSError:  # it ended meanwhile
        return 0
    lines = [line for line in status.splitlines() if line.startswith("VmHWM:")]
    return int(lines[0].split()[1]) * 1024 if lines else 0


def test_burst_of_300_files(office: Office) -> None:
    """As fast as eight clients can: 300 records SUCCEEDED, none twice, none lost."""

    def upload(number: int) -> str:
        key = f"burst/{number:03d}.csv"
        office.upload(key, f"id;valor\n{number};1,00\n".encode())
        return key

    with ThreadPoolExecutor(8) as pool:
        keys = list(pool.map(upload, range(300)))
    records = [office.ended(key, seconds=120) for key in keys]
    assert {record["status"] for record in records} == {"SUCCEEDED"}
    assert len({record["FileId"] for record in records}) == 300
    items = [item for item in office.table.scan(["FileId", "key", "Epoch"]) if item["key"].startswith("burst/")]
    assert len(items) == 300
    assert {item["Epoch"] for item in items} == {1}
    assert {record["attempts"] for record in records} == {1}
