"""Who may do what in the local cloud: signatures, functions' credentials, policies."""

from __future__ import annotations

import dataclasses
import http.client
import json
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

import boto3
import pytest
from botocore import UNSIGNED
from botocore.auth import SigV4QueryAuth
from botocore.awsrequest import AWSRequest
from botocore.config import Config
from botocore.credentials import Credentials
from botocore.exceptions import ClientError
from support.local_cloud import FILES, LocalCloud, keys, make_function, put, wait_for
from support.office import Office

from remessa.local.home import ACCOUNT, REGION

Fresh = Callable[[], LocalCloud]

CALLS = [
    ("s3", "list_buckets"),
    ("dynamodb", "list_tables"),
    ("sqs", "list_queues"),
    ("cloudformation", "list_stacks"),
    ("lambda", "list_functions"),
    ("iam", "list_roles"),
    ("sts", "get_caller_identity"),
    ("logs", "describe_log_groups"),
]
ENVIRONMENT = "import os\ndef handler(event, context):\n    return dict(os.environ)\n"


def refused(client: Any, operation: str) -> str:
    """The code of the error that the call must end with."""
    with pytest.raises(ClientError) as raised:
        getattr(client, operation)()
    code: str = raised.value.response["Error"]["Code"]
    return code


@pytest.mark.parametrize(("service", "operation"), CALLS)
def test_the_root_key_needs_its_secret(cloud: LocalCloud, service: str, operation: str) -> None:
    """With the emulator's well-known secret, or as another of its roots, nothing can be called."""
    guesses = [(ACCOUNT, "test"), ("test", "test"), ("222222222222", "test")]
    for key, secret in guesses:
        guess = dataclasses.replace(cloud.connection, access_key=key, secret_key=secret)
        assert refused(guess.client(service), operation)
    getattr(cloud.client(service), operation)()


@pytest.mark.parametrize(("service", "operation"), [call for call in CALLS if call[0] != "sts"])
def test_nothing_is_open_to_unsigned_requests(cloud: LocalCloud, service: str, operation: str) -> None:
    """A request without credentials is nobody's."""
    endpoint = cloud.connection.endpoint
    client = boto3.client(  # type: ignore[call-overload]
        service, endpoint_url=endpoint, region_name=REGION, config=Config(signature_version=UNSIGNED, proxies={})
    )
    assert refused(client, operation)


def ask(url: str, method: str = "GET", body: bytes | None = None, headers: dict[str, str] | None = None) -> int:
    """The status that a bare request gets."""
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(str(parts.hostname), parts.port, timeout=30)
    try:
        connection.request(method, f"{parts.path}?{parts.query}", body, headers or {})
        return connection.getresponse().status
    finally:
        connection.close()


def test_a_foreign_authorization_header_is_no_root(cloud: LocalCloud) -> None:
    """A header that names no key at all is not taken for the root's."""
    headers = {"Authorization": "Bearer x", "X-Amz-Target": "DynamoDB_20120810.ListTables"}
    assert ask(f"{cloud.connection.endpoint}/", "POST", b"{}", headers) in {400, 403}


NAVIGATION = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document"}


@pytest.mark.parametrize("headers", [NAVIGATION, {}], ids=["told as a foreign link", "told nothing"])
@pytest.mark.parametrize("secret", [True, False], ids=["own secret", "test"])
def test_a_link_cannot_call_a_service(cloud: LocalCloud, headers: dict[str, str], secret: bool) -> None:
    """A presigned query call, opened as a link by whatever browser, does nothing, not even with the right signature."""
    client = cloud.client("sqs")
    name = "made-by-a-link"
    url = f"{cloud.connection.endpoint}/?Action=CreateQueue&QueueName={name}&Version=2012-11-05"
    request = AWSRequest("GET", url)
    credentials = Credentials(ACCOUNT, str(cloud.connection.secret_key) if secret else "test")
    SigV4QueryAuth(credentials, "sqs", REGION).add_auth(request)
    assert ask(str(request.url), headers=headers) == 403
    assert not client.list_queues(QueueNamePrefix=name).get("QueueUrls")


@pytest.mark.parametrize("version", ["s3v4", "s3"])
def test_a_presigned_link_to_an_object_may_be_sent(cloud: LocalCloud, version: str) -> None:
    """A presigned link opened from a chat works; with a guessed secret, or without a signature, it does not."""
    put(cloud, "linked.csv", b"1")
    where = {"Bucket": FILES, "Key": "linked.csv"}
    link = cloud.connection.client("s3", signature_version=version).generate_presigned_url("get_object", Params=where)
    guess = dataclasses.replace(cloud.connection, secret_key="test").client("s3", signature_version=version)  # noqa: S106
    assert ask(link, headers=NAVIGATION) == 200
    assert ask(guess.generate_presigned_url("get_object", Params=where), headers=NAVIGATION) == 403
    assert ask(link.partition("?")[0], headers=NAVIGATION) == 403
    assert ask(link.partition("?")[0]) == 403


@pytest.mark.parametrize("version", ["s3v4", "s3"])
@pytest.mark.parametrize("signed", ["rightly", "wrongly", "not at all"])
def test_an_upload_by_form_needs_the_secret(cloud: LocalCloud, signed: str, version: str) -> None:
    """A presigned POST, as a web page sends it, is taken with the right signature only."""
    secret = cloud.connection.secret_key if signed == "rightly" else "test"
    client = dataclasses.replace(cloud.connection, secret_key=secret).client("s3", signature_version=version)
    key = f"by-form-signed-{signed}-{version}.csv"
    form = client.generate_presigned_post(FILES, key)
    fields = {"key": key} if signed == "not at all" else form["fields"]
    items = [*fields.items(), ("file", "1;2")]
    parts = [f'--limit\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n' for name, value in items]
    body = "".join([*parts, "--limit--\r\n"]).encode()
    status = ask(form["url"], "POST", body, {"Content-Type": "multipart/form-data; boundary=limit"})
    assert (status == 204, key in keys(cloud)) == (signed == "rightly", signed == "rightly")


def test_functions_hold_no_root_key_and_lose_theirs_with_a_crash(fresh_cloud: Fresh) -> None:
    """A function knows its role's key only; after kill -9 and `up` the old one is refused: an orphan is harmless."""
    cloud = fresh_cloud()
    cloud.up("--port", str(cloud.port))
    make_function(cloud, ENVIRONMENT)
    root = cloud.connection.secret_key
    before = environment(cloud)
    assert root not in before.values()
    assert before["AWS_ACCESS_KEY_ID"] != ACCOUNT
    assert allowed(cloud, before)
    cloud.remessa("down")
    cloud.up()
    cloud.kill()
    cloud.up()
    after = environment(cloud)
    assert cloud.connection.secret_key == root  # while a shell's own `eval` goes on working
    assert after["AWS_ACCESS_KEY_ID"] != before["AWS_ACCESS_KEY_ID"]
    assert allowed(cloud, after)
    assert not allowed(cloud, before)


def environment(cloud: LocalCloud) -> dict[str, str]:
    """The whole environment of the function `probe`."""
    payload: dict[str, str] = json.load(cloud.client("lambda").invoke(FunctionName="probe")["Payload"])
    return payload


def allowed(cloud: LocalCloud, variables: dict[str, str]) -> bool:
    """Whether the function's credentials may read its bucket."""
    client = boto3.client(
        "s3",
        endpoint_url=cloud.connection.endpoint,
        region_name=REGION,
        aws_access_key_id=variables["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=variables["AWS_SECRET_ACCESS_KEY"],
        aws_session_token=variables["AWS_SESSION_TOKEN"],
        config=Config(s3={"addressing_style": "path"}, proxies={}),
    )
    try:
        client.list_objects_v2(Bucket=FILES)
    except ClientError as error:
        if error.response["ResponseMetadata"]["HTTPStatusCode"] != http.client.FORBIDDEN:
            raise
        return False
    return True


def test_a_key_with_a_line_break_is_processed(office: Office) -> None:
    """The function's role may read every key of its bucket, whatever is in the key."""
    assert office.process("a\nb.csv", b"a;b\n1;2\n")["status"] == "SUCCEEDED"


def test_an_orphan_does_not_stop_the_next_start(fresh_cloud: Fresh) -> None:
    """A function that outlives a killed server is no obstacle to the next `up`."""
    cloud = fresh_cloud()
    cloud.up("--port", str(cloud.port))
    make_function(cloud, "import time\ndef handler(event, context):\n    time.sleep(100)\n")
    cloud.client("lambda").invoke(FunctionName="probe", InvocationType="Event")
    wait_for(lambda: len(cloud.status()["pids"]) > 1)
    cloud.kill()
    cloud.up()
    assert cloud.status()["running"]
