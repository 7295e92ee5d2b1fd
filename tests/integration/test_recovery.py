"""After a crash of the local cloud every file is still there, and its record comes back."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from botocore.exceptions import BotoCoreError, ClientError
from support.local_cloud import LocalCloud
from support.office import Office


def test_records_come_back_after_kill_9(fresh_cloud: Callable[[], LocalCloud]) -> None:
    """Uploaded, overwritten and deleted since the last saved state: the records end as the bucket is."""
    cloud = fresh_cloud()
    cloud.up("--port", str(cloud.port))
    before = Office(cloud)
    for number in range(20):
        before.process(f"kept/{number}.csv", b"a,b\n1,2\n")
    cloud.down()
    cloud.up()
    again = Office(cloud)
    again.process("new.json", b"[1, 2]")
    again.process("kept/0.csv", b"a,b\n1,2\n3,4\n")
    again.s3.delete_object(Bucket=again.bucket, Key="kept/1.csv")
    again.wait_deleted("kept/1.csv")
    cloud.kill()

    cloud.up()
    after = Office(cloud)
    assert after.ended("new.json")["metadata"]["itemCount"] == 2
    assert after.ended("kept/2.csv")["status"] == "SUCCEEDED"
    assert after.wait_deleted("kept/1.csv")["artifacts"] == []
    version = after.s3.head_object(Bucket=after.bucket, Key="kept/0.csv")["VersionId"]
    assert after.ended("kept/0.csv", version)["metadata"]["rowCount"] == 2
    for key in ("new.json", "kept/0.csv", "kept/2.csv"):
        record = after.ended(key)
        assert [artifact["key"] for artifact in record["artifacts"]] == [
            found for found in after.artifacts(record["FileId"]) if f"/{_generation(after, record['FileId'])}/" in found
        ]
    assert len(after.connection.records().newest(["files"], limit=100)) == 21


def _generation(office: Office, identity: str) -> str:
    item = office.table.get(identity)
    assert item is not None
    generation = item["Live"]["generation"]
    assert isinstance(generation, str)
    return generation


def test_work_under_way_is_taken_up_after_kill_9(fresh_cloud: Callable[[], LocalCloud]) -> None:
    """Files uploaded a moment before the crash, with their events still in the queue, are processed after it."""
    cloud = fresh_cloud()
    cloud.up("--port", str(cloud.port))
    office = Office(cloud)
    keys = [f"burst/{number}.csv" for number in range(60)]
    for key in keys:
        office.upload(key, b"a,b\n1,2\n")
    cloud.kill()
    cloud.up()
    after = Office(cloud)
    assert {after.ended(key, seconds=120)["status"] for key in keys} == {"SUCCEEDED"}


def test_a_thousand_files_through_three_crashes(fresh_cloud: Callable[[], LocalCloud]) -> None:
    """Uploaded while the cloud is killed again and again: every file ends SUCCEEDED, its artifact made from just it."""
    cloud = fresh_cloud()
    cloud.up("--port", str(cloud.port))
    bodies = {f"thousand/{number:04d}.csv": f"id;valor\n{number};1.234,56\n".encode() for number in range(1000)}

    before = Office(cloud)
    with ThreadPoolExecutor(8) as pool:
        uploads = [pool.submit(_upload_until_answered, before, key, body) for key, body in bodies.items()]
        for _ in range(3):
            time.sleep(1.5)
            cloud.kill()
            cloud.up()
        for upload in uploads:
            upload.result()
    done = cloud.remessa("reconcile", "--grace", "0", "--json")
    assert done.returncode == 0, done.stderr
    office = Office(cloud)
    deadline = time.monotonic() + 150
    while (counts := office.connection.records().count_by_status())["SUCCEEDED"] < 1000:
        assert time.monotonic() < deadline, counts
        time.sleep(0.5)
    assert counts == {"PROCESSING": 0, "RETRYING": 0, "SUCCEEDED": 1000, "FAILED": 0, "DELETED": 0}
    with ThreadPoolExecutor(8) as pool:
        made_from = dict(
            pool.map(lambda item: (item["key"], _source_of(office, item)), office.table.scan(["key", "Live"]))
        )
    assert made_from == {key: [hashlib.sha256(body).hexdigest()] for key, body in bodies.items()}


def _upload_until_answered(office: Office, key: str, body: bytes) -> None:
    """As an office's scanner does it: again, until the cloud says that it has the file."""
    deadline = time.monotonic() + 120
    while True:
        try:
            office.upload(key, body)
            return
        except (BotoCoreError, ClientError):
            assert time.monotonic() < deadline
            time.sleep(0.2)


def _source_of(office: Office, item: dict[str, object]) -> list[str]:
    """Hashes of the contents that a record's artifacts were made from."""
    keys = [artifact["key"] for artifact in item["Live"]["artifacts"]]  # type: ignore[index]
    bodies = [office.s3.get_object(Bucket=office.results, Key=key)["Body"].read() for key in keys]
    return [json.loads(body)["metadata"]["sha256"] for body in bodies]
