"""After a crash of the local cloud every file is still there, and its record comes back."""

from __future__ import annotations

from collections.abc import Callable

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
