"""The function on a schedule: takes up what died, and removes what nobody refers to."""

from __future__ import annotations

import time
from functools import cache
from typing import Any

import boto3

from remessa.journey.announce import SqsAnnouncer
from remessa.journey.artifacts import KINDS
from remessa.journey.collect import discard, orphans
from remessa.journey.moments import now
from remessa.journey.objects import S3Objects
from remessa.journey.ports import RowStore
from remessa.journey.sweep import overdue
from remessa.journey.table import DynamoTable
from remessa.settings import SweepSettings
from remessa.telemetry import Telemetry

SLICES = 16
"""One hour removes the orphans of a sixteenth of all files, so that a run stays short however many there are."""
_LAST_SECONDS = 10_000


@cache
def _wiring() -> tuple[SweepSettings, DynamoTable, Telemetry]:
    settings = SweepSettings.from_environment()
    return settings, DynamoTable(boto3.client("dynamodb"), settings.files_table), Telemetry("sweep")


def handler(event: dict[str, Any], context: Any) -> dict[str, int]:
    """Lambda's entry point; the schedule's `task` is `sweep` or `collect`. Returns what was done."""
    _, _, telemetry = _wiring()
    done = sweep() if event["task"] == "sweep" else collect(context)
    telemetry.line("info", event["task"], **done)
    for name, number in done.items():
        telemetry.count(name, number)
    telemetry.flush()
    return done


def sweep() -> dict[str, int]:
    """Announce every run whose lease has ended and every retry whose message is lost."""
    settings, table, _ = _wiring()
    client = boto3.client("sqs")
    found = (
        SqsAnnouncer(client, url).announce(overdue(table, pipeline, settings.index_shards, now))
        for pipeline, url in settings.queue_urls.items()
    )
    return {"Revived": sum(found)}


def collect(context: Any) -> dict[str, int]:
    """Remove this hour's slice of orphaned artifacts, as far as the time allows."""
    settings, table, _ = _wiring()
    client = boto3.client("s3")
    rows = _row_store(settings) if settings.rows_table else None
    digit = f"{int(time.time() // 3600) % SLICES:x}"
    removed = 0
    for kind in KINDS:
        prefix = f"{kind}/{digit}"
        for key in orphans(settings.results_bucket, S3Objects(client), table, now, prefix=prefix):
            if context.get_remaining_time_in_millis() < _LAST_SECONDS:
                return {"Collected": removed, "CollectUnfinished": 1}
            discard(key, lambda key: client.delete_object(Bucket=settings.results_bucket, Key=key), rows)
            removed += 1
    return {"Collected": removed}


def _row_store(settings: SweepSettings) -> RowStore:
    # Imported here because the sweep, which runs every minute, needs none of it.
    from remessa.journey.invoices.store import invoice_store

    session = boto3.Session()
    client = session.client("dynamodb")
    records = DynamoTable(client, settings.files_table)
    return invoice_store(session, client, settings.rows_table, records, settings.index_shards)
