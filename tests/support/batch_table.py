"""A table behind real HTTP that takes BatchWriteItem as DynamoDB does, and misbehaves on request."""

from __future__ import annotations

import json
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, TypeAlias

Requests: TypeAlias = list[dict[str, Any]]
Fault: TypeAlias = Callable[["Answering", Requests], bool]
"""Does something wrong with a batch; returns whether that was the whole answer."""

TABLE = "Invoices"
KEY = "InvoiceId"


class BatchTable:
    """What is in the table, and how it is to behave."""

    def __init__(self) -> None:
        self.items: dict[str, dict[str, Any]] = {}
        self.batches: list[Requests] = []
        """Every batch that arrived whole, answered or not."""
        self.headers: list[dict[str, str]] = []
        self.connections: set[tuple[str, int]] = set()
        """Every client's address and port that sent something."""
        self.faults: list[Fault] = []
        """The first batches each meet one of these."""
        self.always: Fault | None = None
        self._lock = threading.Lock()

    def next_fault(self, requests: Requests, headers: dict[str, str]) -> Fault | None:
        """Note what came, and what is to happen to it."""
        with self._lock:
            self.batches.append(requests)
            self.headers.append(headers)
            return self.faults.pop(0) if self.faults else self.always

    def apply(self, requests: Requests) -> str | None:
        """Write a batch; returns why DynamoDB would refuse it."""
        keys = [_key(request) for request in requests]
        if len(keys) > 25:
            return "Member must have length less than or equal to 25"
        if len(set(keys)) < len(keys):
            return "Provided list of item keys contains duplicates"
        with self._lock:
            for request in requests:
                if "PutRequest" in request:
                    self.items[_key(request)] = request["PutRequest"]["Item"]
                else:
                    self.items.pop(_key(request), None)
        return None


def _key(request: dict[str, Any]) -> str:
    attributes = request["PutRequest"]["Item"] if "PutRequest" in request else request["DeleteRequest"]["Key"]
    key: str = attributes[KEY]["S"]
    return key


class Answering(BaseHTTPRequestHandler):
    """One connection to the table."""

    protocol_version = "HTTP/1.1"
    table: BatchTable

    def do_POST(self) -> None:
        """BatchWriteItem."""
        body = self.rfile.read(int(self.headers["Content-Length"]))
        requests = json.loads(body)["RequestItems"][TABLE]
        self.table.connections.add(self.client_address)
        fault = self.table.next_fault(requests, dict(self.headers))
        if fault is not None and fault(self, requests):
            return
        self.write(requests)

    def write(self, requests: Requests, unprocessed: Requests | None = None) -> None:
        """Write these, and leave the others to be sent again."""
        refusal = self.table.apply(requests)
        if refusal:
            self.refuse(400, "ValidationException", refusal)
        else:
            self.reply(200, json.dumps({"UnprocessedItems": {TABLE: unprocessed} if unprocessed else {}}))

    def refuse(self, status: int, code: str, message: str = "as the test wants it") -> None:
        """An error as DynamoDB tells it."""
        self.reply(status, json.dumps({"__type": f"com.amazonaws.dynamodb.v20120810#{code}", "message": message}))

    def reply(self, status: int, body: str) -> None:
        """Any answer."""
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body.encode())

    def log_message(self, *arguments: object) -> None:
        """Say nothing: the default fills stderr."""


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that goes away is what some tests are about."""


@contextmanager
def serving(table: BatchTable, tls: ssl.SSLContext | None = None) -> Iterator[str]:
    """The endpoint of a running server."""
    handler = type("Bound", (Answering,), {"table": table})
    with _Server(("127.0.0.1", 0), handler) as server:
        if tls:
            server.socket = tls.wrap_socket(server.socket, server_side=True)
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield f"{'https' if tls else 'http'}://127.0.0.1:{server.server_address[1]}"
        finally:
            server.shutdown()
            thread.join()


def refusing(status: int, code: str) -> Fault:
    """Answer with an error of DynamoDB's."""

    def fault(answering: Answering, requests: Requests) -> bool:
        answering.refuse(status, code)
        return True

    return fault


def replying(status: int, body: str) -> Fault:
    """Answer with something that is not DynamoDB's."""

    def fault(answering: Answering, requests: Requests) -> bool:
        answering.reply(status, body)
        return True

    return fault


def taking(share: int) -> Fault:
    """Write only the first `share` of a batch."""

    def fault(answering: Answering, requests: Requests) -> bool:
        answering.write(requests[:share], requests[share:])
        return True

    return fault


def waiting_for(gate: threading.Event) -> Fault:
    """Write the batch only when the gate opens."""

    def fault(answering: Answering, requests: Requests) -> bool:
        gate.wait(30)
        return False

    return fault


def hang_up(answering: Answering, requests: Requests) -> bool:
    """Write the batch and close the connection without an answer."""
    answering.table.apply(requests)
    answering.close_connection = True
    return True


def cut_short(answering: Answering, requests: Requests) -> bool:
    """Write the batch and close the connection in the middle of the answer."""
    answering.table.apply(requests)
    answering.send_response(200)
    answering.send_header("Content-Length", "23")
    answering.end_headers()
    answering.wfile.write(b'{"Unproc')
    answering.close_connection = True
    return True
