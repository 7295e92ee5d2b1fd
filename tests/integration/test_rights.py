"""Least privilege: a probe runs under the function's own role, with IAM enforced, and tries everything."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from support.office import Office

PROBE = """
import boto3
from botocore.exceptions import ClientError

def handler(event, context):
    client = boto3.client(event["service"])
    try:
        getattr(client, event["call"])(**event["arguments"])
    except ClientError as error:
        return error.response["Error"]["Code"]
    return "allowed"
"""
DENIED = {"AccessDenied", "AccessDeniedException", "403", "AWS.SimpleQueueService.AccessDenied", "Forbidden"}


Call = Callable[..., str]


@contextmanager
def probing(office: Office, function: str) -> Iterator[Call]:
    """Calls AWS as one of the stack's functions would, and tells how that ended."""
    functions = office.connection.client("lambda")
    role = functions.get_function(FunctionName=office.connection.outputs[function])["Configuration"]["Role"]
    package = io.BytesIO()
    with zipfile.ZipFile(package, "w") as archive:
        archive.writestr("probe.py", PROBE)
    name = f"probe-{function}"
    code = {"ZipFile": package.getvalue()}
    functions.create_function(
        FunctionName=name, Runtime="python3.13", Role=role, Handler="probe.handler", Timeout=30, Code=code
    )

    def call(service: str, operation: str, **arguments: Any) -> str:
        event = {"service": service, "call": operation, "arguments": arguments}
        answer = functions.invoke(FunctionName=name, Payload=json.dumps(event))
        code = json.loads(answer["Payload"].read())
        assert isinstance(code, str), code
        return code

    yield call
    functions.delete_function(FunctionName=name)


@pytest.fixture(scope="module")
def probe(office: Office) -> Iterator[Call]:
    """The files function's rights."""
    with probing(office, "FilesFunction") as call:
        yield call


@pytest.fixture(scope="module")
def sweep_probe(office: Office) -> Iterator[Call]:
    """The sweep function's rights."""
    with probing(office, "SweepFunction") as call:
        yield call


def test_what_the_function_may_do(office: Office, probe: Call) -> None:
    """Its own work."""
    outputs = office.connection.outputs
    office.process("rights.csv", b"a,b\n1,2\n")
    touch = {"Key": {"FileId": {"S": "0" * 32}}, "UpdateExpression": "SET probed = :p"}
    touch |= {"ExpressionAttributeValues": {":p": {"S": "x"}}, "ConditionExpression": "attribute_exists(FileId)"}
    assert probe("s3", "head_object", Bucket=office.bucket, Key="rights.csv") == "allowed"
    assert probe("s3", "get_object", Bucket=office.bucket, Key="rights.csv") == "allowed"
    assert probe("s3", "put_object", Bucket=office.results, Key="reports/rights/x", Body="x") == "allowed"
    assert probe("s3", "delete_object", Bucket=office.results, Key="reports/rights/x") == "allowed"
    assert (
        probe("dynamodb", "update_item", TableName=outputs["FilesTable"], **touch) == "ConditionalCheckFailedException"
    )
    assert probe("sqs", "get_queue_attributes", QueueUrl=outputs["FilesQueue"]) == "allowed"


def test_missing_object_is_told_from_a_forbidden_one(office: Office, probe: Call) -> None:
    """404, not 403: the journey would take a deleted file for a fault and try for ever."""
    assert probe("s3", "head_object", Bucket=office.bucket, Key="no such key") == "404"


def test_what_the_function_may_not_do(office: Office, probe: Call) -> None:
    """Everything else is refused by IAM, not by luck."""
    outputs = office.connection.outputs
    office.upload("guarded.csv", b"a,b\n1,2\n")
    table, key = outputs["FilesTable"], {"FileId": {"S": "0" * 32}}
    attempts: list[tuple[str, str, dict[str, Any]]] = [
        ("s3", "put_object", {"Bucket": office.bucket, "Key": "x", "Body": "x"}),
        ("s3", "delete_object", {"Bucket": office.bucket, "Key": "guarded.csv"}),
        ("s3", "put_object", {"Bucket": office.results, "Key": "elsewhere/x", "Body": "x"}),
        ("s3", "get_object", {"Bucket": office.results, "Key": "reports/x"}),
        ("s3", "list_objects_v2", {"Bucket": office.results}),
        ("s3", "list_buckets", {}),
        ("s3", "create_bucket", {"Bucket": "bucket-of-a-thief"}),
        ("s3", "put_bucket_policy", {"Bucket": office.bucket, "Policy": "{}"}),
        ("dynamodb", "get_item", {"TableName": table, "Key": key}),
        ("dynamodb", "scan", {"TableName": table}),
        ("dynamodb", "delete_item", {"TableName": table, "Key": key}),
        ("dynamodb", "put_item", {"TableName": table, "Item": key}),
        ("dynamodb", "delete_table", {"TableName": table}),
        ("dynamodb", "list_tables", {}),
        ("sqs", "send_message", {"QueueUrl": outputs["FilesQueue"], "MessageBody": "x"}),
        ("sqs", "purge_queue", {"QueueUrl": outputs["FilesQueue"]}),
        ("sqs", "receive_message", {"QueueUrl": outputs["FilesDeadLetters"]}),
        ("lambda", "list_functions", {}),
        ("iam", "list_roles", {}),
        ("logs", "delete_log_group", {"logGroupName": outputs["FilesLogGroup"]}),
        ("cloudformation", "describe_stacks", {}),
    ]
    ends = {f"{service}:{call}": probe(service, call, **arguments) for service, call, arguments in attempts}
    assert {name: code for name, code in ends.items() if code not in DENIED} == {}


def test_what_the_sweeper_may_do(office: Office, sweep_probe: Call) -> None:
    """Find what is overdue, announce it, and remove orphans from the results; nothing else."""
    outputs = office.connection.outputs
    table, key = outputs["FilesTable"], {"FileId": {"S": "0" * 32}}
    query: dict[str, Any] = {"TableName": table, "KeyConditionExpression": "attention = :p"}
    query |= {"ExpressionAttributeValues": {":p": {"S": "files#FAILED#0"}}}
    may: list[tuple[str, str, dict[str, Any]]] = [
        ("dynamodb", "query", {**query, "IndexName": "Attention"}),
        ("dynamodb", "get_item", {"TableName": table, "Key": key}),
        ("s3", "list_objects_v2", {"Bucket": office.results}),
        ("s3", "delete_object", {"Bucket": office.results, "Key": "reports/none"}),
        ("sqs", "send_message", {"QueueUrl": outputs["FilesQueue"], "MessageBody": '{"Event": "s3:TestEvent"}'}),
    ]
    may_not: list[tuple[str, str, dict[str, Any]]] = [
        ("dynamodb", "update_item", {"TableName": table, "Key": key}),
        ("dynamodb", "scan", {"TableName": table}),
        ("s3", "get_object", {"Bucket": office.results, "Key": "reports/none"}),
        ("s3", "put_object", {"Bucket": office.results, "Key": "reports/none", "Body": "x"}),
        ("s3", "list_objects_v2", {"Bucket": office.bucket}),
        ("s3", "delete_object", {"Bucket": office.bucket, "Key": "none"}),
        ("sqs", "receive_message", {"QueueUrl": outputs["FilesQueue"]}),
        ("sqs", "send_message", {"QueueUrl": outputs["FilesDeadLetters"], "MessageBody": "{}"}),
        ("lambda", "list_functions", {}),
    ]
    ends = {(service, call): sweep_probe(service, call, **arguments) for service, call, arguments in may}
    assert set(ends.values()) == {"allowed"}, ends
    refused = [(service, call, sweep_probe(service, call, **arguments)) for service, call, arguments in may_not]
    assert [one for one in refused if one[2] not in DENIED] == []


def test_the_queue_names_who_may_send_to_it(office: Office) -> None:
    """Only our own bucket may: the policy names its ARN and our account."""
    answer = office.connection.client("sqs").get_queue_attributes(
        QueueUrl=office.connection.outputs["FilesQueue"], AttributeNames=["Policy"]
    )
    [statement] = json.loads(answer["Attributes"]["Policy"])["Statement"]
    assert statement["Condition"]["ArnEquals"]["aws:SourceArn"] == f"arn:aws:s3:::{office.bucket}"
    assert statement["Condition"]["StringEquals"]["aws:SourceAccount"]
    assert statement["Action"] == "sqs:SendMessage"
