"""The ports to S3 and SQS, against recorded answers."""

from __future__ import annotations

import dataclasses
import io
import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from botocore.response import StreamingBody
from botocore.stub import Stubber
from support.events import message

from remessa.journey.announce import Announcement, SqsAnnouncer
from remessa.journey.arrivals import FIRST_SEQUENCER, from_message
from remessa.journey.artifacts import MAX_DISPOSITION, S3Artifacts, disposition
from remessa.journey.objects import Changed, S3Objects, Version, uploader
from remessa.pipelines.contract import Artifact

MOMENT = datetime(2026, 11, 20, 16, 20, 52, 115_000, UTC)
VERSION = Version("bucket", "a b+c%é.csv", 8, "e5eb", "v1", "2026-11-20T16:20:52Z")


@pytest.fixture
def s3() -> Iterator[tuple[Any, Stubber]]:
    """A client that answers only what a test has told it to, and checks every request."""
    client = boto3.client("s3", region_name="us-east-1", aws_access_key_id="x", aws_secret_access_key="x")  # noqa: S106
    with Stubber(client) as stub:
        yield client, stub
        stub.assert_no_pending_responses()


def test_head(s3: tuple[Any, Stubber]) -> None:
    """The current version, with its time cut to what listings and headers both know."""
    client, stub = s3
    answer = {
        "ContentLength": 8,
        "ETag": '"e5eb"',
        "VersionId": "v1",
        "LastModified": MOMENT,
        "Metadata": {"user": "ana"},
    }
    stub.add_response("head_object", answer, {"Bucket": "bucket", "Key": VERSION.key})
    assert S3Objects(client).head("bucket", VERSION.key) == dataclasses.replace(VERSION, user="ana")


def test_bucket_without_versions(s3: tuple[Any, Stubber]) -> None:
    """S3 says "null" there, which names no version."""
    client, stub = s3
    answer = {"ContentLength": 8, "ETag": '"e5eb"', "VersionId": "null", "LastModified": MOMENT, "Metadata": {}}
    stub.add_response("head_object", answer, {"Bucket": "bucket", "Key": "k"})
    version = S3Objects(client).head("bucket", "k")
    assert version is not None
    assert version.version_id is None


@pytest.mark.parametrize(("status", "gone"), [(404, True), (403, False), (500, False)])
def test_only_404_means_gone(s3: tuple[Any, Stubber], status: int, *, gone: bool) -> None:
    """A missing right or a fault must never be taken for a deletion."""
    client, stub = s3
    stub.add_client_error("head_object", str(status), http_status_code=status)
    if gone:
        assert S3Objects(client).head("bucket", "k") is None
    else:
        with pytest.raises(ClientError):
            S3Objects(client).head("bucket", "k")


def test_open_reads_just_that_version(s3: tuple[Any, Stubber]) -> None:
    """Version, etag and range are asked for; the connection is closed with the stream, read or not."""
    client, stub = s3
    raw = io.BytesIO(b"cdefgh")
    wanted = {"Bucket": "bucket", "Key": VERSION.key, "IfMatch": '"e5eb"', "VersionId": "v1", "Range": "bytes=2-"}
    stub.add_response("get_object", {"Body": StreamingBody(raw, 6), "ContentRange": "bytes 2-7/8"}, wanted)
    with S3Objects(client).open(VERSION, 2) as stream:
        assert stream.read(4) == b"cdef"
    assert raw.closed
    assert S3Objects(client).open(VERSION, 8).read() == b""


def test_server_that_ignores_the_range(s3: tuple[Any, Stubber]) -> None:
    """It may; what stands before the start is then passed over."""
    client, stub = s3
    stub.add_response("get_object", {"Body": StreamingBody(io.BytesIO(b"abcdefgh"), 8)})
    with S3Objects(client).open(VERSION, 2) as stream:
        assert stream.read() == b"cdefgh"


@pytest.mark.parametrize("status", [404, 412])
def test_version_that_is_no_longer_there(s3: tuple[Any, Stubber], status: int) -> None:
    """Deleted or replaced since it was looked at: look again."""
    client, stub = s3
    stub.add_client_error("get_object", "x", http_status_code=status)
    with pytest.raises(Changed):
        S3Objects(client).open(VERSION)


def test_broken_connection_is_no_end_of_file(s3: tuple[Any, Stubber]) -> None:
    """A stream that ends early raises: half a file must never pass for a whole one."""
    client, stub = s3
    stub.add_response("get_object", {"Body": StreamingBody(io.BytesIO(b"abc"), 8)})
    with (
        S3Objects(client).open(VERSION) as stream,
        pytest.raises(Exception, match="3 read, but total bytes expected is 8"),
    ):
        stream.read()


@pytest.mark.parametrize(
    ("word", "name"),
    [
        ("maria", "maria"),
        ("=?utf-8?b?Sm/Do28=?=", "João"),
        ("=?utf-8?q?Jo=C3=A3o?=", "João"),
        ("=?x-unknown?b?AAAA?=", "=?x-unknown?b?AAAA?="),
        ("a\x1b[31m\nb", "a[31mb"),
        ("x" * 999, "x" * 128),
        ("  ", None),
    ],
)
def test_uploader(word: str, name: str | None) -> None:
    """Decoded, cut, and without anything that a terminal or a log would obey."""
    assert uploader({"user": word}) == name


def test_artifacts_of_both_kinds_are_written(s3: tuple[Any, Stubber]) -> None:
    """Bytes and streams; the size is what was written."""
    client, stub = s3
    saved = "attachment; filename*=UTF-8''nota%20%C3%A9.csv"
    for body in (b"12345", io.BytesIO(b"12345")):
        stub.add_response("put_object", {})
        artifact = Artifact("report.json", "application/json", body)
        assert S3Artifacts(client, "results").write("key", artifact, download_name="nota é.csv") == 5
    assert disposition("nota é.csv") == saved


@pytest.mark.parametrize("name", ["日" * 255 + ".csv", "😀" * 255 + ".csv", 'a"; filename=evil.exe\r\nX: y.csv'])
def test_disposition_of_any_name(name: str) -> None:
    """Short enough for S3, one header, and still with its extension."""
    header = disposition(name)
    assert len(header) < MAX_DISPOSITION + 50
    assert header.isascii()
    assert header.isprintable()
    assert header.endswith(".csv")


def test_announcements_are_read_back_as_they_were_meant() -> None:
    """Any key, ten a request, with what recovery adds; a refusal is not swallowed."""
    client = boto3.client("sqs", region_name="us-east-1", aws_access_key_id="x", aws_secret_access_key="x")  # noqa: S106
    sent: list[Any] = []
    with Stubber(client) as stub:
        client.meta.events.register(
            "before-parameter-build.sqs.SendMessageBatch", lambda params, **_: sent.append(params)
        )
        for number in (10, 2):
            stub.add_response("send_message_batch", {"Successful": [], "Failed": []})
            assert number
        keys = [f"a b+c%é&={number}" for number in range(12)]
        found = [
            Announcement("b", key, FIRST_SEQUENCER, "2026-11-20T16:20:52.115Z", 3, 900, alone=True) for key in keys
        ]
        assert SqsAnnouncer(client, "https://queue").announce(found) == 12
        failed = {"Id": "0", "SenderFault": True, "Code": "x", "Message": "too many"}
        stub.add_response("send_message_batch", {"Successful": [], "Failed": [failed]})
        with pytest.raises(RuntimeError, match="too many"):
            SqsAnnouncer(client, "https://queue").announce(found[:1])
    assert [len(params["Entries"]) for params in sent] == [10, 2, 1]
    entries = [entry for params in sent[:2] for entry in params["Entries"]]
    assert {entry["DelaySeconds"] for entry in entries} == {900}
    arrivals = [from_message(message(json.loads(entry["MessageBody"])))[0] for entry in entries]
    assert [arrival.key for arrival in arrivals] == keys
    assert {(arrival.epoch, arrival.alone, arrival.sequencer) for arrival in arrivals} == {(3, True, FIRST_SEQUENCER)}
