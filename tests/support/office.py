"""What tests of the whole road do all the time: upload, wait, look."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from remessa.journey.artifacts import KINDS
from remessa.journey.record import Status, file_id, public
from remessa.journey.table import DynamoTable
from support.local_cloud import LocalCloud, wait_for

ENDED = {Status.SUCCEEDED, Status.FAILED, Status.DELETED}


class Office:
    """Somebody who uploads files to a local cloud."""

    def __init__(self, cloud: LocalCloud, bucket: str = "FilesBucket") -> None:
        """Whoever uploads to one bucket, which the stack's output of this name tells."""
        self.cloud = cloud
        self.connection = cloud.connection
        self.s3 = self.connection.client("s3")
        self.bucket = self.connection.outputs[bucket]
        self.results = self.connection.outputs["ResultsBucket"]
        self.table = DynamoTable(self.connection.client("dynamodb"), self.connection.outputs["FilesTable"])

    def put(self, path: Path, *options: str) -> dict[str, Any]:
        """Upload one file with the command line and return its final record."""
        done = self.cloud.remessa("put", str(path), "--json", *options)
        assert done.returncode in {0, 4}, done.stderr
        [record] = json.loads(done.stdout)
        assert isinstance(record, dict)
        return record

    def upload(self, key: str, body: bytes, **extra: Any) -> str:
        """Upload one object with boto3 and return its version."""
        version = self.s3.put_object(Bucket=self.bucket, Key=key, Body=body, **extra)["VersionId"]
        assert isinstance(version, str)
        return version

    def record(self, key: str) -> dict[str, Any] | None:
        """The record as it stands."""
        item = self.table.get(file_id(self.bucket, key))
        return public(item) if item else None

    def ended(self, key: str, version: str | None = None, seconds: float = 60) -> dict[str, Any]:
        """Wait until the record has ended (for this version, if one is named), and return it."""
        deadline = time.monotonic() + seconds
        while True:
            record = self.record(key)
            if record and record["status"] in ENDED and version in {None, record["versionId"]}:
                return record
            assert time.monotonic() < deadline, f"{key!r} did not end; its record: {record}"
            time.sleep(0.05)

    def process(self, key: str, body: bytes, **extra: Any) -> dict[str, Any]:
        """Upload an object and wait for its end."""
        return self.ended(key, self.upload(key, body, **extra))

    def wait_deleted(self, key: str) -> dict[str, Any]:
        """Wait until the record says DELETED."""
        wait_for(lambda: (self.record(key) or {}).get("status") == Status.DELETED)
        return self.ended(key)

    @contextmanager
    def configured(self, function: str, **variables: str) -> Iterator[None]:
        """A function, by the stack's output, runs with other variables for a while."""
        functions, name = self.connection.client("lambda"), self.connection.outputs[function]
        before = functions.get_function(FunctionName=name)["Configuration"]["Environment"]["Variables"]
        functions.update_function_configuration(FunctionName=name, Environment={"Variables": before | variables})
        try:
            yield
        finally:
            functions.update_function_configuration(FunctionName=name, Environment={"Variables": before})

    def artifacts(self, identity: str) -> list[str]:
        """Keys in the results bucket that belong to a record."""
        pages = [self.s3.list_objects_v2(Bucket=self.results, Prefix=f"{kind}/{identity}/") for kind in KINDS]
        return [entry["Key"] for page in pages for entry in page.get("Contents", [])]
