"""Rows into the local cloud's DynamoDB, which checks signatures and parses for itself."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from botocore.credentials import Credentials
from support.local_cloud import LocalCloud

from remessa.journey.row_requests import delete_request, put_request
from remessa.journey.row_sender import Destination, RowsRefused
from remessa.journey.rows_writer import RowsWriter

TABLE = "RowsWritten"


@pytest.fixture
def destination(cloud: LocalCloud) -> Iterator[Destination]:
    """A table of its own in the shared cloud."""
    client = cloud.client("dynamodb")
    client.create_table(
        TableName=TABLE,
        KeySchema=[{"AttributeName": "InvoiceId", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "InvoiceId", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )
    connection = cloud.connection
    credentials = Credentials(connection.access_key or "", connection.secret_key or "")
    yield Destination(TABLE, client.meta.endpoint_url, client.meta.region_name, credentials)
    client.delete_table(TableName=TABLE)


def test_rows_are_there_as_boto3_reads_them(cloud: LocalCloud, destination: Destination) -> None:
    """Puts, a delete and every type of value."""
    with RowsWriter(destination, connections=4) as writer:
        for number in range(103):
            extra = {"natureza": 'venda "à vista"\\', "emoji": "🧾"}
            request = put_request({"InvoiceId": f"INV#{number}", "total": -number, "extra": extra, "none": None})
            writer.add(number, request)
        writer.add(0, delete_request({"InvoiceId": "INV#0"}))
    items = cloud.client("dynamodb").get_paginator("scan").paginate(TableName=TABLE).build_full_result()["Items"]
    assert sorted(int(item["total"]["N"]) for item in items) == list(range(-102, 0))
    assert all(item["extra"]["M"] == {"natureza": {"S": 'venda "à vista"\\'}, "emoji": {"S": "🧾"}} for item in items)
    assert {name for item in items for name in item} == {"InvoiceId", "total", "extra"}


def test_a_wrong_signature_is_refused(destination: Destination) -> None:
    """With the table's name and AWS's code; the rows are not tried again."""
    wrong = Destination(TABLE, destination.endpoint, destination.region, Credentials("AKIDNOBODY", "wrong"))
    with pytest.raises(RowsRefused, match=rf"Table {TABLE} refused .* \(HTTP 40[03]\)"), RowsWriter(wrong) as writer:
        writer.add("1", put_request({"InvoiceId": "1"}))
