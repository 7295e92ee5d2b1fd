"""What is put right at every start, after the deploy.

A crash of the local cloud keeps every uploaded file, but may lose records, queued events and running work. The bucket
is the truth: whatever the table does not tell rightly is announced anew.
"""

from __future__ import annotations

import time
from collections.abc import Callable

from remessa.journey.announce import SqsAnnouncer
from remessa.journey.objects import S3Objects
from remessa.journey.reconcile import reconcile
from remessa.local.connection import Connection
from remessa.pipelines.registry import PIPELINES


def repair(connection: Connection, report: Callable[[str], None]) -> int:
    """Bring records in line with the buckets; returns how many files are processed anew for it."""
    report("comparing records with the buckets")
    table = connection.table()
    objects = S3Objects(connection.client("s3"))
    announced = 0
    for pipeline in PIPELINES:
        where = connection.pipeline(pipeline)
        announcer = SqsAnnouncer(connection.client("sqs"), where.queue)
        announced += announcer.announce(reconcile(where.bucket, objects, table, lambda: time.time_ns() // 1_000_000))
    return announced
