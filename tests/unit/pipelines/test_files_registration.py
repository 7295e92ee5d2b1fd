"""What the pipeline `files` says about a file of any kind, and what it refuses."""

from __future__ import annotations

import hashlib
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from unit.pipelines.memory_source import MemorySource, outcome_of

from remessa.errors import Rejected
from remessa.pipelines.contract import Metadata
from remessa.pipelines.files import process

PNG = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR"


@pytest.mark.parametrize(
    ("head", "media_type"),
    [
        (PNG, "image/png"),
        (b"\xff\xd8\xff\xe0\0\x10JFIF\0", "image/jpeg"),
        (b"\xff\xd8\xff\xe1\0\x10Exif\0", "image/jpeg"),
        (b"GIF89a\1\0\1\0", "image/gif"),
        (b"RIFF\x24\0\0\0WEBPVP8 ", "image/webp"),
        (b"II*\0\x08\0\0\0", "image/tiff"),
        (b"MM\0*\0\0\0\x08", "image/tiff"),
        (b"%PDF-1.4\n%%EOF", "application/pdf"),
        (b"PK\3\4\x14\0\0\0\x08\0name.txt", "application/zip"),
        (b"PK\5\6" + bytes(18), "application/zip"),
        (
            b"PK\3\4\0\0[Content_Types].xml\0word/document.xml",
            "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
        ),
        (
            b"PK\3\4\0\0[Content_Types].xml\0xl/workbook.xml",
            "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        ),
        (b"\x1f\x8b\x08\0\0\0\0\0", "application/gzip"),
        (b"\0\0\0\x18ftypisom\0\0\2\0", "video/mp4"),
        (b"BM\x36\0\0\0\0\0\0\0\x36\0\0\0", "image/bmp"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(8), "application/x-ole-storage"),
        (b"PAR1\x15\0", "application/vnd.apache.parquet"),
        (bytes(range(8)), "application/octet-stream"),
    ],
)
def test_binary_files_are_told_by_content(head: bytes, media_type: str) -> None:
    """A binary file gets its media type from its first bytes, and no text metadata."""
    outcome = outcome_of("whatever", head)
    assert outcome.media_type == media_type
    assert outcome.metadata == {"sha256": hashlib.sha256(head).hexdigest(), "format": "binary"}


@pytest.mark.parametrize(
    ("name", "text", "media_type"),
    [
        ("a", "hello\n", "text/plain"),
        ("a", "BM is how this text starts\n", "text/plain"),
        ("a", "id;nome\n1;Ana\n", "text/csv"),
        ("a.txt", "id;nome\n1;Ana\n", "text/csv"),
        ("a.log", "id;nome\n1;Ana\n", "text/plain"),
        ("a", "id;nome\n1;Ana;2\n", "text/plain"),
        ("a", '{"a": 1}\n', "application/json"),
        ("a", '{"a": 1}\n{"a": 2}\n', "application/x-ndjson"),
        ("a", "[2026-01-01] started\nnext\n", "text/plain"),
        ("a", "{" + "x" * 100, "text/plain"),
        ("a", "[" + "1," * 100_000, "text/plain"),
        ("a", "<a><b/></a>", "application/xml"),
        ("a", "<p>not closed<br>", "text/plain"),
        ("a.html", "<!DOCTYPE html>\n<p>page", "text/plain"),
        ("a", "<!doctype html>\n<p>page", "text/plain"),
    ],
)
def test_text_of_unknown_kind_is_told_by_content(name: str, text: str, media_type: str) -> None:
    """Text whose name promises nothing is what it looks like, and plain text when it only resembles a format."""
    assert outcome_of(name, text).media_type == media_type


@pytest.mark.parametrize("name", ["a.csv", "a.txt", "a", "a.jsonl", "a.bin"])
def test_an_empty_file_is_accepted(name: str) -> None:
    """A file of 0 bytes is registered, where its name does not promise a document."""
    outcome = outcome_of(name, b"")
    assert outcome.media_type == "application/x-empty"
    assert outcome.metadata == {"sha256": hashlib.sha256().hexdigest(), "format": "empty", "lineCount": 0}


@pytest.mark.parametrize(
    ("name", "content", "code"),
    [
        ("a.json", b"", "json-invalid"),
        ("a.xml", b"", "xml-invalid"),
        ("a.png", b"", "content-mismatch"),
        ("a.csv", PNG, "csv-not-text"),
        ("A.CSV", PNG, "csv-not-text"),
        ("a.csv. ", PNG, "csv-not-text"),
        ("a.tsv", b"a\tb\n\0", "csv-not-text"),
        ("a.csv", b"a;b\n" * 50_000 + b"\0", "csv-not-text"),
        ("a.json", PNG, "json-not-text"),
        ("a.jpg", PNG, "content-mismatch"),
        ("a.pdf", b"hello", "content-mismatch"),
        ("a.zip", b"%PDF-1.4", "content-mismatch"),
        ("a.csv", b'<?xml version="1.0"?><a/>', "content-mismatch"),
    ],
)
def test_content_that_breaks_the_names_promise_is_refused(name: str, content: bytes, code: str) -> None:
    """A file that is not what its extension says is refused with a stable code, and its hash is known all the same."""
    with pytest.raises(Rejected) as caught:
        outcome_of(name, content)
    assert caught.value.code == code
    assert caught.value.metadata["sha256"] == hashlib.sha256(content).hexdigest()


def test_a_mismatch_says_what_was_found_and_expected() -> None:
    """The message of a mismatch names both types."""
    with pytest.raises(Rejected, match=r"image/jpeg.*image/png"):
        outcome_of("a.jpg", PNG)
    with pytest.raises(Rejected, match="image/png"):
        outcome_of("a.csv", PNG)


def test_a_control_character_is_reported_by_its_byte() -> None:
    """Where the text stops being text is told as a byte offset, also far into the file and in UTF-16."""
    with pytest.raises(Rejected, match="byte 400000 "):
        outcome_of("a.csv", b"a;b\n" * 100_000 + b"\0")
    with pytest.raises(Rejected, match="byte 200002 "):
        outcome_of("a.csv", ("a;b\n" * 25_000 + "\1").encode("utf-16"))


def test_a_file_is_opened_once() -> None:
    """A sound file of each format is read in one request."""
    for name, text in (("a.csv", "a;b\n1;2\n"), ("a.json", "[1]"), ("a.jsonl", "1\n"), ("a.xml", "<a/>"), ("a", "x")):
        source = MemorySource(name, text.encode())
        process(source)
        assert source.opens == 1


def test_the_report_tells_what_the_outcome_does() -> None:
    """The report is the outcome as JSON with the file's name and size, whatever the name."""
    name = "relatório\ud800\u202e.csv"
    outcome = outcome_of(name, "a;b\n1\n")
    (report,) = outcome.artifacts
    assert (report.name, report.media_type, report.kind) == ("report.json", "application/json", "reports")
    assert isinstance(report.body, bytes)
    told = json.loads(report.body)
    assert told["name"] == name
    assert told["size"] == 6
    assert told["mediaType"] == "text/csv"
    assert told["metadata"] == outcome.metadata
    assert told["problems"] == [outcome.problems[0].as_dict()]
    assert told["problemCount"] == 1


_NAMES = st.text(max_size=12) | st.builds(
    "{}.{}".format, st.text(max_size=3), st.sampled_from(["csv", "json", "jsonl", "xml", "png", "zip", "md", "TSV "])
)
_CONTENTS = st.binary(max_size=200) | st.text(alphabet='a1;,"{}[]<>/!?:\n\r\té \0', max_size=60).map(str.encode)


def _end_of(name: str, content: bytes, step: int) -> object:
    """How a file ends, in a form that can be compared."""
    try:
        return outcome_of(name, content, step)
    except Rejected as refusal:
        return refusal.code, refusal.message, refusal.media_type, refusal.metadata


def _facts_of(name: str, content: bytes) -> tuple[str | None, Metadata]:
    try:
        outcome = outcome_of(name, content)
    except Rejected as refusal:
        return refusal.media_type, refusal.metadata
    return outcome.media_type, outcome.metadata


@given(_NAMES, _CONTENTS)
def test_any_file_under_any_name_is_registered_or_refused(name: str, content: bytes) -> None:
    """Nothing but `Rejected` comes out, the type is told, and the hash is always right."""
    media_type, metadata = _facts_of(name, content)
    assert media_type
    assert metadata["sha256"] == hashlib.sha256(content).hexdigest()
    json.dumps(metadata)


@given(_NAMES, _CONTENTS, st.integers(1, 7))
def test_short_reads_change_nothing(name: str, content: bytes, step: int) -> None:
    """A stream that answers in small pieces gives the same end, problems and messages."""
    assert _end_of(name, content, step) == _end_of(name, content, 1 << 20)
