"""Least privilege of the images function: it reads its own bucket, writes its own folders, and nothing else."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from integration.test_rights import DENIED, Call, probing
from support import pictures
from support.local_cloud import LocalCloud
from support.office import Office


@pytest.fixture(scope="module")
def images(cloud: LocalCloud) -> Office:
    """Somebody who uploads images."""
    return Office(cloud, "ImagesBucket")


@pytest.fixture(scope="module")
def images_probe(images: Office) -> Iterator[Call]:
    """The images function's rights."""
    with probing(images, "ImagesFunction") as call:
        yield call


def test_what_the_images_function_may_do(images: Office, images_probe: Call) -> None:
    """Its own work, with both of its folders in the results."""
    outputs = images.connection.outputs
    images.process("rights.png", pictures.sample("png"))
    touch = {"Key": {"FileId": {"S": "0" * 32}}, "UpdateExpression": "SET probed = :p"}
    touch |= {"ExpressionAttributeValues": {":p": {"S": "x"}}, "ConditionExpression": "attribute_exists(FileId)"}
    may: list[tuple[str, str, dict[str, Any]]] = [
        ("s3", "head_object", {"Bucket": images.bucket, "Key": "rights.png"}),
        ("s3", "get_object", {"Bucket": images.bucket, "Key": "rights.png"}),
        ("sqs", "get_queue_attributes", {"QueueUrl": outputs["ImagesQueue"]}),
    ]
    for kind in ("resized-images", "thumbnails"):
        where = {"Bucket": images.results, "Key": f"{kind}/rights/x"}
        may += [("s3", "put_object", {**where, "Body": "x"}), ("s3", "delete_object", where)]
    ends = [(service, call, images_probe(service, call, **arguments)) for service, call, arguments in may]
    assert {end[2] for end in ends} == {"allowed"}, ends
    updated = images_probe("dynamodb", "update_item", TableName=outputs["FilesTable"], **touch)
    assert updated == "ConditionalCheckFailedException"
    assert images_probe("s3", "head_object", Bucket=images.bucket, Key="no such key") == "404"


def test_what_the_images_function_may_not_do(images: Office, office: Office, images_probe: Call) -> None:
    """Neither the other pipeline's files, folders and queue, nor anything that its own work does not need."""
    outputs = images.connection.outputs
    office.upload("guarded.csv", b"a,b\n1,2\n")
    images.upload("guarded.png", pictures.sample("png"))
    table, key = outputs["FilesTable"], {"FileId": {"S": "0" * 32}}
    attempts: list[tuple[str, str, dict[str, Any]]] = [
        ("s3", "get_object", {"Bucket": office.bucket, "Key": "guarded.csv"}),
        ("s3", "list_objects_v2", {"Bucket": office.bucket}),
        ("s3", "put_object", {"Bucket": office.bucket, "Key": "x", "Body": "x"}),
        ("s3", "put_object", {"Bucket": images.bucket, "Key": "x", "Body": "x"}),
        ("s3", "delete_object", {"Bucket": images.bucket, "Key": "guarded.png"}),
        ("s3", "put_object", {"Bucket": images.results, "Key": "reports/x", "Body": "x"}),
        ("s3", "delete_object", {"Bucket": images.results, "Key": "reports/x"}),
        ("s3", "put_object", {"Bucket": images.results, "Key": "elsewhere/x", "Body": "x"}),
        ("s3", "get_object", {"Bucket": images.results, "Key": "thumbnails/x"}),
        ("s3", "list_objects_v2", {"Bucket": images.results}),
        ("s3", "list_buckets", {}),
        ("s3", "put_bucket_policy", {"Bucket": images.bucket, "Policy": "{}"}),
        ("dynamodb", "get_item", {"TableName": table, "Key": key}),
        ("dynamodb", "scan", {"TableName": table}),
        ("dynamodb", "delete_item", {"TableName": table, "Key": key}),
        ("dynamodb", "put_item", {"TableName": table, "Item": key}),
        ("sqs", "receive_message", {"QueueUrl": outputs["FilesQueue"]}),
        ("sqs", "send_message", {"QueueUrl": outputs["FilesQueue"], "MessageBody": "x"}),
        ("sqs", "send_message", {"QueueUrl": outputs["ImagesQueue"], "MessageBody": "x"}),
        ("sqs", "purge_queue", {"QueueUrl": outputs["ImagesQueue"]}),
        ("sqs", "receive_message", {"QueueUrl": outputs["ImagesDeadLetters"]}),
        ("lambda", "list_functions", {}),
        ("iam", "list_roles", {}),
        ("logs", "delete_log_group", {"logGroupName": outputs["ImagesLogGroup"]}),
        ("cloudformation", "describe_stacks", {}),
    ]
    ends = [(service, call, images_probe(service, call, **arguments)) for service, call, arguments in attempts]
    assert [end for end in ends if end[2] not in DENIED] == []


def test_the_files_function_may_not_touch_images(images: Office, office: Office) -> None:
    """The pipelines are strangers to each other."""
    images.upload("guarded.png", pictures.sample("png"))
    with probing(office, "FilesFunction") as files_probe:
        read = files_probe("s3", "get_object", Bucket=images.bucket, Key="guarded.png")
        write = files_probe("s3", "put_object", Bucket=images.results, Key="thumbnails/x", Body="x")
    assert {read, write} <= DENIED


def test_the_images_queue_names_who_may_send_to_it(images: Office) -> None:
    """Only the images bucket of our account may."""
    answer = images.connection.client("sqs").get_queue_attributes(
        QueueUrl=images.connection.outputs["ImagesQueue"], AttributeNames=["Policy"]
    )
    [statement] = json.loads(answer["Attributes"]["Policy"])["Statement"]
    assert statement["Condition"]["ArnEquals"]["aws:SourceArn"] == f"arn:aws:s3:::{images.bucket}"
    assert statement["Condition"]["StringEquals"]["aws:SourceAccount"]
    assert statement["Action"] == "sqs:SendMessage"
