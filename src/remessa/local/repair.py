"""What is put right at every start, after the deploy.

A crash of the local cloud keeps every uploaded file, but may lose records, queued events and running work. The bucket
is the truth: whatever the table does not tell rightly is announced anew.
"""

from __future__ import annotations

import time
from collections.abc import Callable

from remessa.journey.objects import S3Objects
from remessa.journey.reconcile import SqsAnnouncer, reconcile
from remessa.journey.table import DynamoTable
from remessa.local.connection import Connection
from remessa.pipelines.registry import PIPELINES


def repair(connection: Connection, report: Callable[[str], None]) -> int:
    """Bring records in line with the buckets; returns how many files are processed anew for it."""
    report("comparing records with the buckets")
    table = DynamoTable(connection.client("dynamodb"), connection.outputs["FilesTable"])
    objects = S3Objects(connection.client("s3"))
    announced = 0
    for pipeline in PIPELINES:
        bucket = connection.outputs[f"{pipeline.capitalize()}Bucket"]
        announcer = SqsAnnouncer(connection.client("sqs"), connection.outputs[f"{pipeline.capitalize()}Queue"])
        announced += announcer.announce(reconcile(bucket, objects, table, lambda: time.time_ns() // 1_000_000))
    return announced
