"""What is put right at every start, after the deploy.

A crash of the local cloud keeps every uploaded file, but may lose records, queued events and running work. The bucket
is the truth: whatever the table does not tell rightly is announced anew.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable

from remessa.journey.announce import SqsAnnouncer
from remessa.journey.moments import now
from remessa.journey.objects import S3Objects
from remessa.journey.reconcile import Checkpoint, steps
from remessa.local.connection import Connection
from remessa.pipelines.registry import PIPELINES

_REPORT_SECONDS = 1.0


def repair(connection: Connection, report: Callable[[str], None]) -> int:
    """Bring records in line with the buckets; returns how many files are processed anew for it."""
    progress = _Progress(report)
    table = connection.table()
    objects = S3Objects(connection.client("s3"))
    for pipeline in PIPELINES:
        where = connection.pipeline(pipeline)
        announcer = SqsAnnouncer(connection.client("sqs"), where.queue)
        for step in steps(where.bucket, objects, table, now, checkpoint=_Counted(progress)):
            progress.tell()
            progress.announced += announcer.announce(step)
    return progress.announced


class _Progress:
    """What has been done, told once a second at most."""

    def __init__(self, report: Callable[[str], None]) -> None:
        self._report = report
        self._told = time.monotonic()
        self.compared = 0
        self.announced = 0
        report("comparing records with the buckets")

    def tell(self) -> None:
        if time.monotonic() - self._told >= _REPORT_SECONDS:
            self._told = time.monotonic()
            self._report(f"compared {self.compared:,} files, {self.announced:,} to be processed again")


class _Counted(Checkpoint):
    """A checkpoint that is only counted: after a crash everything is compared again."""

    def __init__(self, progress: _Progress) -> None:
        super().__init__()
        self._progress = progress

    def passed(self, key: str, file_ids: Iterable[str]) -> None:
        ids = list(file_ids)
        super().passed(key, ids)
        self._progress.compared += len(ids)
