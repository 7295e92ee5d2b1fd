"""Recovering objects, cut off after every single step."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from support.local_cloud import LocalCloud

from remessa.local import supervisor
from remessa.local.connection import Connection
from remessa.local.home import ACCOUNT, REGION
from remessa.local.setaside import clear_the_way, put_back

BUCKET = f"remessa-probe-{ACCOUNT}-{REGION}"
CONTENT = {"a.csv": b"1", "dir/ç +.csv": b"2", "last.csv": b"3"}
READS = {"list_buckets", "get_paginator"}


class Crash(Exception):
    """The process was killed here."""


@dataclass(frozen=True)
class Doomed:
    """A connection whose client dies before its `steps`-th change."""

    connection: Connection
    steps: int

    def client(self, service: str) -> Any:
        """The doomed client."""
        return DoomedClient(self.connection.client(service), self.steps)


class DoomedClient:
    """Passes calls on, until it has made its last change."""

    def __init__(self, client: Any, steps: int) -> None:
        self._client = client
        self._left = steps

    def __getattr__(self, name: str) -> Any:
        """The call, if there is still life for it."""
        if name not in READS:
            self._left -= 1
            if self._left < 0:
                raise Crash
        return getattr(self._client, name)


def seed(client: Any) -> None:
    """The bucket as a crash leaves it: versioned, with overwritten and deleted objects and an unfinished upload."""
    client.create_bucket(Bucket=BUCKET)
    client.put_bucket_versioning(Bucket=BUCKET, VersioningConfiguration={"Status": "Enabled"})
    client.put_object(Bucket=BUCKET, Key="a.csv", Body=b"old")
    client.put_object(Bucket=BUCKET, Key="deleted.csv", Body=b"x")
    client.delete_object(Bucket=BUCKET, Key="deleted.csv")
    for key, body in CONTENT.items():
        client.put_object(Bucket=BUCKET, Key=key, Body=body, Metadata={"n": str(len(key))}, ContentType="text/csv")
    client.create_multipart_upload(Bucket=BUCKET, Key="unfinished.csv")


def survives_every_crash(step: Callable[[Any], object], connection: Connection) -> int:
    """Run `step` with a crash one change later each time, until it gets through; returns the number of crashes."""
    for changes in range(100):
        try:
            step(Doomed(connection, changes))
        except Crash:
            continue
        return changes
    pytest.fail("it never got through")


@pytest.fixture
def bare_cloud(fresh_cloud: Callable[[], LocalCloud]) -> Iterator[LocalCloud]:
    """A cloud that runs with nothing deployed to it."""
    cloud = fresh_cloud()
    started = supervisor.start(cloud.home, cloud.port)
    yield cloud
    supervisor.stop(cloud.home, print)
    assert started.process.wait(30) == 0


def test_recovery_survives_a_crash_at_every_step(bare_cloud: LocalCloud) -> None:
    """However often it is killed, in the end every object is back in its bucket with its metadata, and only there."""
    cloud = bare_cloud
    client = cloud.client("s3")
    seed(client)
    crashes = survives_every_crash(lambda doomed: clear_the_way(doomed, print), cloud.connection)
    assert crashes > len(CONTENT)
    assert BUCKET not in [bucket["Name"] for bucket in client.list_buckets()["Buckets"]]
    survives_every_crash(lambda doomed: put_back(doomed, print), cloud.connection)
    assert [bucket["Name"] for bucket in client.list_buckets()["Buckets"]] == [BUCKET]
    listed = client.list_objects_v2(Bucket=BUCKET)["Contents"]
    found = {item["Key"]: client.get_object(Bucket=BUCKET, Key=item["Key"]) for item in listed}
    assert {key: answer["Body"].read() for key, answer in found.items()} == CONTENT
    assert {answer["ContentType"] for answer in found.values()} == {"text/csv"}
    assert {key: answer["Metadata"] for key, answer in found.items()} == {key: {"n": str(len(key))} for key in CONTENT}


def test_somebody_elses_bucket_is_left_alone(bare_cloud: LocalCloud) -> None:
    """Only buckets named as the stack names its own are set aside."""
    cloud = bare_cloud
    client = cloud.client("s3")
    for name in ("mine", "remessa-mine", f"other-files-{ACCOUNT}-{REGION}"):
        client.create_bucket(Bucket=name)
    clear_the_way(cloud.connection, print)
    assert len(client.list_buckets()["Buckets"]) == 3
