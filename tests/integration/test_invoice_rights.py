"""Least privilege of the invoices function: its own bucket, folders, rows and queue, and nothing else."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from integration.test_rights import DENIED, Call, probing
from support.bookkeeping import Bookkeeping, sample
from support.local_cloud import LocalCloud

from remessa.cli.samples.mistakes import Format

RECORD = {"FileId": {"S": "0" * 32}}
ROW = {"InvoiceId": {"S": "INV#probe"}, "Source": {"S": "probe#1-1"}}
TEST_EVENT = '{"Event": "s3:TestEvent"}'


@pytest.fixture(scope="module")
def desk(cloud: LocalCloud) -> Bookkeeping:
    """Somebody who uploads invoices."""
    return Bookkeeping(cloud)


@pytest.fixture(scope="module")
def invoices_probe(desk: Bookkeeping) -> Iterator[Call]:
    """The invoices function's rights."""
    with probing(desk, "InvoicesFunction") as call:
        yield call


@pytest.fixture(scope="module")
def sweep_probe(desk: Bookkeeping) -> Iterator[Call]:
    """The sweep function's rights."""
    with probing(desk, "SweepFunction") as call:
        yield call


def _query(table: str, attribute: str, **more: str) -> dict[str, Any]:
    values = {":p": {"S": "none"}}
    return {
        "TableName": table,
        "KeyConditionExpression": f"{attribute} = :p",
        "ExpressionAttributeValues": values,
    } | more


def _ends(probe: Call, attempts: list[tuple[str, str, dict[str, Any]]]) -> dict[str, str]:
    return {
        f"{number} {service}:{call}": probe(service, call, **arguments)
        for number, (service, call, arguments) in enumerate(attempts)
    }


def test_what_the_invoices_function_may_do(desk: Bookkeeping, invoices_probe: Call) -> None:
    """Its own work: read its bucket, write results and rows, find rows of a file or an issuer, order parts."""
    outputs = desk.connection.outputs
    desk.process("rights.csv", sample(Format.CSV, 3, seed=61)[0])
    table, results, mark = outputs["InvoicesTable"], desk.results, "rows/rights/1-1/mark.json"
    may: list[tuple[str, str, dict[str, Any]]] = [
        ("s3", "head_object", {"Bucket": desk.bucket, "Key": "rights.csv"}),
        ("s3", "get_object", {"Bucket": desk.bucket, "Key": "rights.csv"}),
        ("s3", "put_object", {"Bucket": results, "Key": "reports/rights/x", "Body": "x"}),
        ("s3", "delete_object", {"Bucket": results, "Key": "reports/rights/x"}),
        ("s3", "put_object", {"Bucket": results, "Key": mark, "Body": "{}"}),
        ("s3", "get_object", {"Bucket": results, "Key": mark}),
        ("s3", "delete_object", {"Bucket": results, "Key": mark}),
        ("dynamodb", "batch_write_item", {"RequestItems": {table: [{"PutRequest": {"Item": ROW}}]}}),
        ("dynamodb", "batch_write_item", {"RequestItems": {table: [{"DeleteRequest": {"Key": ROW}}]}}),
        ("dynamodb", "query", _query(table, "byFile", IndexName="ByFile")),
        ("dynamodb", "query", _query(table, "byIssuer", IndexName="ByIssuer")),
        ("dynamodb", "query", _query(table, "InvoiceId")),
        ("dynamodb", "batch_get_item", {"RequestItems": {outputs["FilesTable"]: {"Keys": [RECORD]}}}),
        ("sqs", "send_message", {"QueueUrl": outputs["InvoicesQueue"], "MessageBody": TEST_EVENT}),
        ("sqs", "get_queue_attributes", {"QueueUrl": outputs["InvoicesQueue"]}),
    ]
    ends = _ends(invoices_probe, may)
    assert set(ends.values()) == {"allowed"}, ends
    touch = {"Key": RECORD, "UpdateExpression": "SET probed = :p", "ExpressionAttributeValues": {":p": {"S": "x"}}}
    refusal = invoices_probe(
        "dynamodb",
        "update_item",
        TableName=outputs["FilesTable"],
        ConditionExpression="attribute_exists(FileId)",
        **touch,
    )
    assert refusal == "ConditionalCheckFailedException", "it may, if there is such a record"
    assert invoices_probe("s3", "head_object", Bucket=desk.bucket, Key="no such key") == "404"


def test_what_the_invoices_function_may_not_do(desk: Bookkeeping, invoices_probe: Call) -> None:
    """Other pipelines' files, other folders, whole tables: refused by IAM, not by luck."""
    outputs = desk.connection.outputs
    files, invoices, results = outputs["FilesTable"], outputs["InvoicesTable"], desk.results
    attempts: list[tuple[str, str, dict[str, Any]]] = [
        ("s3", "put_object", {"Bucket": desk.bucket, "Key": "x", "Body": "x"}),
        ("s3", "delete_object", {"Bucket": desk.bucket, "Key": "rights.csv"}),
        ("s3", "get_object", {"Bucket": outputs["FilesBucket"], "Key": "x"}),
        ("s3", "get_object", {"Bucket": outputs["ImagesBucket"], "Key": "x"}),
        ("s3", "put_object", {"Bucket": results, "Key": "thumbnails/x", "Body": "x"}),
        ("s3", "put_object", {"Bucket": results, "Key": "elsewhere/x", "Body": "x"}),
        ("s3", "get_object", {"Bucket": results, "Key": "reports/x"}),
        ("s3", "delete_object", {"Bucket": results, "Key": "resized-images/x"}),
        ("s3", "list_objects_v2", {"Bucket": results}),
        ("s3", "list_buckets", {}),
        ("dynamodb", "get_item", {"TableName": files, "Key": RECORD}),
        ("dynamodb", "put_item", {"TableName": files, "Item": RECORD}),
        ("dynamodb", "delete_item", {"TableName": files, "Key": RECORD}),
        ("dynamodb", "scan", {"TableName": files}),
        ("dynamodb", "query", _query(files, "attention", IndexName="Attention")),
        ("dynamodb", "batch_write_item", {"RequestItems": {files: [{"DeleteRequest": {"Key": RECORD}}]}}),
        ("dynamodb", "get_item", {"TableName": invoices, "Key": ROW}),
        ("dynamodb", "put_item", {"TableName": invoices, "Item": ROW}),
        ("dynamodb", "scan", {"TableName": invoices}),
        ("dynamodb", "query", _query(invoices, "byCustomer", IndexName="ByCustomer")),
        ("dynamodb", "query", _query(invoices, "byMonth", IndexName="ByMonth")),
        ("dynamodb", "delete_table", {"TableName": invoices}),
        ("sqs", "send_message", {"QueueUrl": outputs["FilesQueue"], "MessageBody": "x"}),
        ("sqs", "purge_queue", {"QueueUrl": outputs["InvoicesQueue"]}),
        ("sqs", "receive_message", {"QueueUrl": outputs["InvoicesDeadLetters"]}),
        ("lambda", "list_functions", {}),
        ("iam", "list_roles", {}),
    ]
    ends = _ends(invoices_probe, attempts)
    assert {name: code for name, code in ends.items() if code not in DENIED} == {}


def test_what_the_sweeper_may_do_with_rows(desk: Bookkeeping, sweep_probe: Call) -> None:
    """Find orphaned rows by their file and remove them, and revive files of invoices; it reads no invoice."""
    outputs = desk.connection.outputs
    table = outputs["InvoicesTable"]
    may: list[tuple[str, str, dict[str, Any]]] = [
        ("dynamodb", "query", _query(table, "byFile", IndexName="ByFile")),
        ("dynamodb", "batch_write_item", {"RequestItems": {table: [{"DeleteRequest": {"Key": ROW}}]}}),
        ("s3", "delete_object", {"Bucket": desk.results, "Key": "rows/none"}),
        ("sqs", "send_message", {"QueueUrl": outputs["InvoicesQueue"], "MessageBody": TEST_EVENT}),
    ]
    may_not: list[tuple[str, str, dict[str, Any]]] = [
        ("dynamodb", "query", _query(table, "InvoiceId")),
        ("dynamodb", "query", _query(table, "byIssuer", IndexName="ByIssuer")),
        ("dynamodb", "get_item", {"TableName": table, "Key": ROW}),
        ("dynamodb", "scan", {"TableName": table}),
        ("s3", "get_object", {"Bucket": desk.bucket, "Key": "rights.csv"}),
        ("s3", "get_object", {"Bucket": desk.results, "Key": "rows/none"}),
        ("sqs", "receive_message", {"QueueUrl": outputs["InvoicesQueue"]}),
    ]
    ends = _ends(sweep_probe, may)
    assert set(ends.values()) == {"allowed"}, ends
    assert {name: code for name, code in _ends(sweep_probe, may_not).items() if code not in DENIED} == {}
