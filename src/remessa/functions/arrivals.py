"""The function behind every pipeline: arrivals in, records out."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import TYPE_CHECKING, Any

import boto3
from aws_lambda_powertools.metrics import MetricUnit
from botocore.config import Config

from remessa.errors import MalformedEvent
from remessa.journey.artifacts import S3Artifacts
from remessa.journey.batch import Work, handle_event
from remessa.journey.ledger import Ledger
from remessa.journey.moments import now
from remessa.journey.objects import S3Objects
from remessa.journey.parts import PartOrder
from remessa.journey.ports import Ports, RowStore
from remessa.journey.process import process
from remessa.journey.process_part import process_part
from remessa.journey.table import DynamoTable
from remessa.journey.verdict import Result, Verdict
from remessa.pipelines.registry import part_processor, processor
from remessa.settings import Settings
from remessa.telemetry import Telemetry, place

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_sqs import SQSClient

LEASE_MARGIN = 5_000
"""Milliseconds a lease outlasts the invocation, so that no live run is taken for dead."""

_COUNTERS = {
    Result.SUCCEEDED: "FilesSucceeded",
    Result.FAILED: "FilesFailed",
    Result.DELETED: "FilesDeleted",
    Result.RETRYING: "Retries",
    Result.DROPPED: "StaleDrops",
    Result.OVERTAKEN: "FenceLosses",
}


class SqsQueue:
    """The queue, as the batch needs it."""

    def __init__(self, client: SQSClient, url: str, dead_letters: str) -> None:
        self._client = client
        self._url = url
        self._dead_letters = dead_letters

    def postpone(self, receipt: str, seconds: int) -> None:
        """Let a message come back after so many seconds."""
        self._client.change_message_visibility(QueueUrl=self._url, ReceiptHandle=receipt, VisibilityTimeout=seconds)

    def send(self, orders: Sequence[PartOrder]) -> None:
        """Put orders for parts into the queue, one request each: together they may be too long for one."""
        for order in orders:
            self._client.send_message(QueueUrl=self._url, MessageBody=order.body)

    def bury(self, body: str) -> None:
        """Put a message among the dead letters."""
        self._client.send_message(QueueUrl=self._dead_letters, MessageBody=body)


class Reporter:
    """Tells the end of each arrival to the log and the metrics."""

    def __init__(self, telemetry: Telemetry) -> None:
        self._telemetry = telemetry

    def finished(self, verdict: Verdict, milliseconds: int) -> None:
        """One line and a few metrics a file."""
        fields = {"FileId": verdict.file_id, "outcome": verdict.result, "ms": milliseconds, "attempt": verdict.attempt}
        if verdict.code:
            fields["code"] = verdict.code
        if verdict.delay is not None:
            fields["retryInSeconds"] = verdict.delay
        if verdict.fault:
            fields |= {"fault": type(verdict.fault).__name__, "place": place(verdict.fault)}
        self._telemetry.line("warning" if verdict.code else "info", "file", **fields)
        if counter := _COUNTERS.get(verdict.result):
            self._telemetry.count(counter)
        if verdict.result is Result.SUCCEEDED:
            self._telemetry.measure("Duration", milliseconds, MetricUnit.Milliseconds)
            self._telemetry.measure("Bytes", verdict.size, MetricUnit.Bytes)

    def crashed(self, message_id: str, fault: BaseException) -> None:
        """A message that could not be handled at all."""
        malformed = isinstance(fault, MalformedEvent)
        self._telemetry.count("MalformedEvents" if malformed else "Crashes")
        reason = {"reason": str(fault)} if malformed else {"place": place(fault)}
        self._telemetry.line("error", "message", messageId=message_id, fault=type(fault).__name__, **reason)


@cache
def _wiring() -> tuple[Ports, SqsQueue, Telemetry, int]:
    """Everything the function needs, made at its first event and kept while its environment lives."""
    settings = Settings.from_environment()
    session = boto3.Session()
    config = Config(
        max_pool_connections=2 * settings.files_at_once,
        connect_timeout=5,
        read_timeout=60,
        retries={"mode": "standard", "total_max_attempts": 4},
    )
    # These answer in milliseconds or not at all: a call that hangs must not eat the files' time.
    brief = config.merge(Config(read_timeout=5))
    s3 = session.client("s3", config=config)
    dynamodb = session.client("dynamodb", config=brief)
    table = DynamoTable(dynamodb, settings.files_table)
    queue = SqsQueue(session.client("sqs", config=brief), settings.queue_url, settings.dead_letters_url)
    ports = Ports(
        ledger=Ledger(table, settings.pipeline, shards=settings.index_shards, clock=now),
        objects=S3Objects(s3),
        artifacts=S3Artifacts(s3, settings.results_bucket),
        process=processor(settings.pipeline),
        rows=_row_store(settings, session, dynamodb, table) if settings.rows_table else None,
        process_part=part_processor(settings.pipeline),
        send=queue.send,
    )
    return ports, queue, Telemetry(settings.pipeline), settings.files_at_once


def _row_store(settings: Settings, session: boto3.Session, client: DynamoDBClient, records: DynamoTable) -> RowStore:
    # Imported here because only the function that has such a table needs it.
    from remessa.journey.invoices.store import invoice_store

    return invoice_store(session, client, settings.rows_table, records, settings.index_shards)


def _see_through(work: Work, ports: Ports, lease: int) -> Verdict:
    if isinstance(work, PartOrder):
        return process_part(work, ports, lease=lease)
    return process(work, ports, lease=lease)


def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Lambda's entry point: a batch from the queue, a direct S3 event or an EventBridge event."""
    ports, queue, telemetry, at_once = _wiring()
    telemetry.logger.set_correlation_id(context.aws_request_id)
    time_left = context.get_remaining_time_in_millis
    try:
        return handle_event(
            event,
            lambda work: _see_through(work, ports, time_left() + LEASE_MARGIN),
            queue,
            Reporter(telemetry),
            time_left,
            at_once,
        )
    finally:
        telemetry.flush()
