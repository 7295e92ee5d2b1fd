"""Saving objects whose buckets stand in the way of a deploy.

Objects are on disk as soon as they are uploaded, the list of stacks only when state is saved. After a crash in
between there are buckets that no stack owns, and CloudFormation refuses to create them again. So they are emptied
into `remessa-recovered-…` buckets, the stack is deployed, and the objects go back. Only the current version of an
object survives this.

Every step may be cut off and repeated: an object is removed from one place only once it is whole in the other.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from remessa.local.connection import Connection
from remessa.local.home import ACCOUNT, REGION

Report = Callable[[str], None]

_OURS = "remessa-"
_RECOVERED = "remessa-recovered-"
_DEPLOY = "remessa-deploy-"
_SUFFIX = f"-{ACCOUNT}-{REGION}"
# DeleteObjects takes 1,000 keys: https://docs.aws.amazon.com/AmazonS3/latest/API/API_DeleteObjects.html
_DELETE_LIMIT = 1000


def clear_the_way(connection: Connection, report: Report) -> None:
    """Remove the stack's buckets, which no stack owns now, after setting their objects aside."""
    client = connection.client("s3")
    names = _bucket_names(client)
    for bucket in names:
        if not _is_leftover(bucket):
            continue
        aside = _RECOVERED + bucket.removeprefix(_OURS)
        for key in _keys(client, bucket):
            if aside not in names:
                report(f"setting aside the objects of {bucket}")
                client.create_bucket(Bucket=aside)
                names.append(aside)
            _copy(client, bucket, aside, key)
        _remove(client, bucket)


def put_back(connection: Connection, report: Report) -> int:
    """Return what was set aside to its buckets, without replacing anything newer; returns how many objects."""
    client = connection.client("s3")
    names = _bucket_names(client)
    moved = 0
    for aside in [name for name in names if name.startswith(_RECOVERED)]:
        bucket = _OURS + aside.removeprefix(_RECOVERED)
        report(f"putting back the objects of {bucket}")
        if bucket not in names:  # the template no longer has it; its objects are still the user's
            client.create_bucket(Bucket=bucket)
        newer = set(_keys(client, bucket))
        for key in _keys(client, aside):
            if key not in newer:
                _copy(client, aside, bucket, key)
            # At once, so that a file that its user deletes does not come back after another crash.
            client.delete_object(Bucket=aside, Key=key)
            moved += 1
        _remove(client, aside)
    return moved


def _is_leftover(bucket: str) -> bool:
    return bucket.startswith(_OURS) and bucket.endswith(_SUFFIX) and not bucket.startswith((_RECOVERED, _DEPLOY))


def _bucket_names(client: Any) -> list[str]:
    return [bucket["Name"] for bucket in client.list_buckets()["Buckets"]]


def _keys(client: Any, bucket: str) -> Iterator[str]:
    for page in client.get_paginator("list_objects_v2").paginate(Bucket=bucket):
        yield from (item["Key"] for item in page.get("Contents", []))


def _copy(client: Any, source: str, target: str, key: str) -> None:
    # One call whatever the size (the emulator knows no 5 GB limit): a copy in parts would drop the metadata.
    client.copy_object(Bucket=target, Key=key, CopySource={"Bucket": source, "Key": key})


def _remove(client: Any, bucket: str) -> None:
    """Delete a bucket with every version, delete marker and unfinished upload in it."""
    for page in client.get_paginator("list_object_versions").paginate(Bucket=bucket):
        entries = [*page.get("Versions", []), *page.get("DeleteMarkers", [])]
        found = [{"Key": entry["Key"], "VersionId": entry["VersionId"]} for entry in entries]
        for start in range(0, len(found), _DELETE_LIMIT):
            batch = {"Objects": found[start : start + _DELETE_LIMIT], "Quiet": True}
            client.delete_objects(Bucket=bucket, Delete=batch)
    for page in client.get_paginator("list_multipart_uploads").paginate(Bucket=bucket):
        for upload in page.get("Uploads", []):
            client.abort_multipart_upload(Bucket=bucket, Key=upload["Key"], UploadId=upload["UploadId"])
    client.delete_bucket(Bucket=bucket)
