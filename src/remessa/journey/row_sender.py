"""Batches of rows over one kept connection to DynamoDB: signed by botocore, sent and answered as JSON text.

boto3 spends most of a batch's time on building, checking and parsing Python objects; rows that come as JSON text need
none of it. Sending and answering are two steps, so that one thread keeps many connections busy. `bench/rows_writer.py`
measures what that gains.
"""

from __future__ import annotations

import json
import ssl
from collections.abc import Sequence
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPSConnection
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.exceptions import ClientError
from botocore.httpsession import get_cert_path

if TYPE_CHECKING:
    from botocore.credentials import Credentials, ReadOnlyCredentials

TIMEOUT = 10.0
"""Seconds for an answer, and for a connection to open."""
_OPERATION = "BatchWriteItem"
_HEADERS = {"Content-Type": "application/x-amz-json-1.0", "X-Amz-Target": f"DynamoDB_20120810.{_OPERATION}"}
_MAX_MESSAGE = 300
# https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Programming.Errors.html
_TRANSIENT = frozenset({
    "ProvisionedThroughputExceededException",
    "ThrottlingException",
    "RequestLimitExceeded",
    "InternalServerError",
    "ServiceUnavailable",
})  # fmt: skip
_TRANSIENT_STATUS = frozenset({408, 429})
_OK, _SERVER_FAULT = 200, 500


class RowsRefused(ClientError):
    """DynamoDB will not take a batch, however often it is sent: a 4xx that is no throttling.

    It is a ClientError, so that the journey tells dependency from poison by it as by any other (see `faults`).
    """

    def __init__(self, table: str, status: int, code: str, message: str) -> None:
        answer = {"Error": {"Code": code, "Message": message}, "ResponseMetadata": {"HTTPStatusCode": status}}
        super().__init__(answer, _OPERATION)  # type: ignore[arg-type]  # of the metadata only the status is known
        self.args = (f"Table {table} refused a batch of rows: {code} (HTTP {status}). {message}".rstrip(),)


class RowsDelayed(TimeoutError):
    """A batch was not written in time, however often it was tried; the message holds the last reason."""


class NotNow(Exception):
    """The table is too busy, or the service is ill: send the same again later."""


@dataclass(frozen=True, slots=True)
class Destination:
    """A table, and how to reach it. Proxies are not used, whatever the environment says."""

    table: str
    endpoint: str
    """URL of the service: a client's `meta.endpoint_url`."""
    region: str
    credentials: Credentials
    """The session's; asked at every signing, so that they may expire and be renewed at any time."""
    ca_bundle: str | None = None
    """File of certificates to trust; None takes botocore's."""

    def trust(self) -> ssl.SSLContext | None:
        """What connections of one writer share to check the server by; None for plain HTTP."""
        if not self.endpoint.startswith("https:"):
            return None
        return ssl.create_default_context(cafile=self.ca_bundle or get_cert_path(verify=True))


class _Request(AWSRequest):
    """A request whose body is known: AWSRequest prepares the whole request anew each time that its body is read."""

    @property
    def body(self) -> bytes:  # type: ignore[override]
        body: bytes = self.data or b""
        return body


class Channel:
    """One connection, opened when first needed and again whenever it was lost."""

    def __init__(self, destination: Destination, trust: ssl.SSLContext | None) -> None:
        self._to = destination
        self._url = destination.endpoint.rstrip("/") + "/"
        self._start = f'{{"RequestItems":{{{json.dumps(destination.table)}:['
        place = urlsplit(self._url)
        self._path, host = place.path, place.hostname or ""
        self._connection = (
            HTTPSConnection(host, place.port, timeout=TIMEOUT, context=trust)
            if trust
            else HTTPConnection(host, place.port, timeout=TIMEOUT)
        )

    def fileno(self) -> int:
        """The open socket, to wait on for the answer."""
        return self._connection.sock.fileno()

    def post(self, requests: Sequence[str]) -> None:
        """Send up to 25 requests of different keys; raises OSError or HTTPException when the connection fails."""
        body = f"{self._start}{','.join(requests)}]}}}}".encode("ascii")
        self._connection.request("POST", self._path, body, self._signed(body))

    def answer(self) -> list[str]:
        """Wait for the answer to `post`; returns what is not written yet, for want of capacity.

        Raises NotNow when nothing was written and trying again makes sense, RowsRefused when it does not, OSError or
        HTTPException when the connection fails.
        """
        response = self._connection.getresponse()
        try:
            content = json.loads(response.read())
        except ValueError:
            content = None
        if response.status == _OK and isinstance(content, dict):
            unprocessed = content.get("UnprocessedItems") or {}
            return [json.dumps(request) for requests in unprocessed.values() for request in requests]
        raise self._refusal(response.status, content if isinstance(content, dict) else {})

    def drop(self) -> None:
        """Close the connection, with whatever it waits for."""
        self._connection.close()

    def _refusal(self, status: int, content: dict[str, object]) -> NotNow | RowsRefused:
        code = str(content.get("__type", f"HTTP {status}")).rpartition("#")[2]
        garbled = status == _OK
        if garbled or status >= _SERVER_FAULT or status in _TRANSIENT_STATUS or code in _TRANSIENT:
            return NotNow(f"{code} (HTTP {status})")
        message = str(content.get("message") or content.get("Message") or "")
        return RowsRefused(self._to.table, status, code, message[:_MAX_MESSAGE])

    def _signed(self, body: bytes) -> dict[str, str]:
        """The headers that let a body in."""
        request = _Request(method="POST", url=self._url, data=body, headers=_HEADERS)
        credentials: ReadOnlyCredentials = self._to.credentials.get_frozen_credentials()
        SigV4Auth(credentials, "dynamodb", self._to.region).add_auth(request)
        return dict(request.headers.items())
