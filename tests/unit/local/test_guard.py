"""Who may talk to the local cloud: the guard's ASGI application, called directly."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import boto3
import pytest
from botocore.awsrequest import AWSPreparedRequest, AWSResponse

from remessa.local.guard import Guard, Message, Receive, Scope, Send, fingerprint, refusal

PORT = 4570
OURS = f"127.0.0.1:{PORT}"
TOKEN = "a-token"  # noqa: S105 - made up


def scope(path: str = "/bucket/key", *, method: str = "GET", kind: str = "http", **headers: str | list[str]) -> Scope:
    """A request as the server hands it over; header names with `_` for `-`, and lists for repeated headers."""
    path, _, query = path.partition("?")
    pairs: list[tuple[bytes, bytes]] = []
    for name, value in ({"host": OURS} | headers).items():
        values = value if isinstance(value, list) else [value]
        pairs += [(name.replace("_", "-").encode(), item.encode()) for item in values]
    return {"type": kind, "method": method, "path": path, "query_string": query.encode(), "headers": pairs}


class Emulator:
    """Stands where the emulator does: remembers what reached it and answers 200."""

    def __init__(self) -> None:
        self.reached: list[str] = []

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer."""
        self.reached.append(scope["type"])
        await send({"type": "http.response.start", "status": 200, "headers": [(b"x-mine", b"1")]})
        await send({"type": "http.response.body", "body": b"fine"})


class Saving:
    """Counts snapshots; fails with `error` if there is one."""

    def __init__(self, error: OSError | None = None) -> None:
        self.count = 0
        self.error = error
        self.changes = 0

    def note_change(self) -> None:
        """Count."""
        self.changes += 1

    async def __call__(self) -> None:
        """Save."""
        self.count += 1
        if self.error:
            raise self.error


def ask(request: Scope, emulator: Emulator | None = None, saving: Saving | None = None) -> list[Message]:
    """What the guard sends in answer to one request."""
    sent: list[Message] = []

    async def receive() -> Message:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Message) -> None:
        sent.append(message)

    saving = saving or Saving()
    guard = Guard(emulator or Emulator(), PORT, TOKEN, 42, saving, saving.note_change)
    asyncio.run(guard(request, receive, send))
    return sent


def body(sent: list[Message]) -> Any:
    """The JSON of an answer."""
    return json.loads(sent[1]["body"])


@pytest.mark.parametrize("host", [OURS, f"localhost:{PORT}", f"LOCALHOST:{PORT}", f"[::1]:{PORT}",
    f"b.localhost:{PORT}", f"my-bucket.s3.localhost:{PORT}"])  # fmt: skip
def test_our_own_hosts_pass(host: str) -> None:
    """Every name that only this machine has may be asked, virtual-hosted buckets included."""
    assert refusal(scope(host=host), PORT) is None


@pytest.mark.parametrize("host", ["evil.example", f"evil.example:{PORT}", "127.0.0.1", "127.0.0.1:80", "localhost", "",
    f"127.0.0.1.evil.example:{PORT}", f"localhost.evil.example:{PORT}", f"evillocalhost:{PORT}", f"127.0.0.2:{PORT}",
    f"evil.example@127.0.0.1:{PORT}", f"0.0.0.0:{PORT}", f"127.0.0.1:{PORT} ", f"x/.localhost:{PORT}",
    f"127.0.0.1:{PORT}\n", f"::1:{PORT}"])  # fmt: skip
def test_foreign_hosts_are_refused(host: str) -> None:
    """A name that an attacker can point at 127.0.0.1, or another port, is refused (DNS rebinding)."""
    assert "Host" in str(refusal(scope(host=host), PORT))


def test_a_missing_or_doubled_host_is_refused() -> None:
    """With no or two Host headers nobody can tell which one the emulator would believe."""
    assert refusal(scope(host=[]), PORT)
    assert refusal(scope(host=[OURS, OURS]), PORT)


@pytest.mark.parametrize(("origin", "passes"), [
    (f"http://{OURS}", True),
    (f"https://{OURS}", False),
    (f"http://localhost:{PORT}", False),
    ("http://127.0.0.1:3000", False),
    ("https://evil.example", False),
    ("null", False),
    ("", False),
    ([f"http://{OURS}", "https://evil.example"], False),
])  # fmt: skip
def test_only_our_own_origin_passes(origin: str | list[str], passes: bool) -> None:
    """Only a page of exactly this address may send requests from a browser."""
    assert (refusal(scope(origin=origin, method="POST"), PORT) is None) is passes


@pytest.mark.parametrize(("site", "mode", "destination", "method", "passes"), [
    ("same-origin", "cors", "empty", "POST", True),
    ("none", "navigate", "document", "GET", True),
    ("cross-site", "navigate", "document", "GET", False),
    ("same-site", "navigate", "document", "GET", False),
    ("cross-site", "navigate", "document", "POST", False),
    ("cross-site", "navigate", "iframe", "GET", False),
    ("cross-site", "no-cors", "image", "GET", False),
    ("same-site", "cors", "empty", "GET", False),
    ("something-new", "cors", "empty", "GET", False),
])  # fmt: skip
def test_fetch_metadata(site: str, mode: str, destination: str, method: str, passes: bool) -> None:
    """Other sites may neither open, embed, fetch nor post to what is in the cloud."""
    request = scope(method=method, sec_fetch_site=site, sec_fetch_mode=mode, sec_fetch_dest=destination)
    assert (refusal(request, PORT) is None) is passes


@pytest.mark.parametrize(("path", "method", "destination", "passes"), [
    ("/_aws/execute-api/abc/$default/files?status=FAILED", "GET", "document", True),
    ("/_aws/execute-api/abc/$default/files", "POST", "document", False),
    ("/_aws/execute-api/abc/$default/files", "GET", "iframe", False),
    ("/bucket/a/b.csv?X-Amz-Signature=x", "GET", "document", True),
    ("/bucket/a/b.csv?AWSAccessKeyId=x&Signature=x&Expires=1", "GET", "document", True),
    ("/bucket/b.csv?X-Amz-Signature=x", "DELETE", "document", False),
    ("/bucket/b.csv?X-Amz-Signature=x&Action=DeleteQueue", "GET", "document", False),
    ("/bucket/b.csv", "GET", "document", False),
    ("/bucket?X-Amz-Signature=x", "GET", "document", False),
    ("/bucket/?X-Amz-Signature=x", "GET", "document", False),
    ("/?X-Amz-Signature=x", "GET", "document", False),
])  # fmt: skip
def test_what_another_site_may_link_to(path: str, method: str, destination: str, passes: bool) -> None:
    """A link may open our web page or, presigned, one object; nothing else, and nothing embedded."""
    request = scope(
        path, method=method, sec_fetch_site="cross-site", sec_fetch_mode="navigate", sec_fetch_dest=destination
    )
    assert (refusal(request, PORT) is None) is passes


@pytest.mark.parametrize(("path", "method", "passes"), [
    ("/?Action=DeleteStack&StackName=remessa", "GET", False),
    ("/?Action=DeleteStack", "HEAD", False),
    ("/?%41ction=DeleteStack", "GET", False),
    ("/?x=1&action=", "GET", False),
    ("/100000000001/queue?Action=PurgeQueue", "GET", False),
    ("/?Action=DeleteStack", "POST", True),
    ("/bucket/key?transaction=1", "GET", True),
    ("/_aws/execute-api/abc/$default/?Action=1", "GET", True),
])  # fmt: skip
def test_no_call_by_link(path: str, method: str, passes: bool) -> None:
    """A call that is all in its URL is refused, whatever the headers say: old browsers say nothing."""
    assert (refusal(scope(path, method=method), PORT) is None) is passes


@pytest.mark.parametrize(("service", "operation", "arguments"), [
    ("cloudformation", "describe_stacks", {}),
    ("iam", "list_roles", {}),
    ("sts", "get_caller_identity", {}),
    ("sns", "list_topics", {}),
    ("sqs", "list_queues", {}),
    ("cloudwatch", "list_metrics", {}),
])  # fmt: skip
def test_the_sdk_posts_its_calls(service: str, operation: str, arguments: dict[str, str]) -> None:
    """What the rule above takes for granted: boto3 sends the query protocol by POST, with nothing in the URL."""
    sent: list[AWSPreparedRequest] = []

    def answer(request: AWSPreparedRequest, **_: object) -> AWSResponse:
        sent.append(request)
        raise ConnectionError

    client = boto3.client(service, region_name="us-east-1", aws_access_key_id="x", aws_secret_access_key="x")  # type: ignore[call-overload]  # noqa: S106
    client.meta.events.register("before-send", answer)
    with pytest.raises(ConnectionError):
        getattr(client, operation)(**arguments)
    assert [(request.method, "?" in str(request.url)) for request in sent] == [("POST", False)]


@pytest.mark.parametrize(("host", "passes"), [
    ("127.0.0.1", True), ("localhost:80", True), ("bucket.localhost", True), ("[::1]", True),
    ("evil.example", False), ("127.0.0.1:81", False), ("::1", False),
])  # fmt: skip
def test_port_80_may_go_without_saying(host: str, passes: bool) -> None:
    """Clients leave out HTTP's own port."""
    assert (refusal(scope(host=host), 80) is None) is passes


@pytest.mark.parametrize(("method", "target", "changes"), [
    ("GET", [], 0),
    ("HEAD", [], 0),
    ("PUT", [], 1),
    ("DELETE", [], 1),
    ("POST", [], 1),
    ("POST", "DynamoDB_20120810.GetItem", 0),
    ("POST", "DynamoDB_20120810.Query", 0),
    ("POST", "DynamoDB_20120810.UpdateItem", 1),
    ("POST", "AmazonSQS.ReceiveMessage", 1),
])  # fmt: skip
def test_changes_are_noted(method: str, target: str | list[str], changes: int) -> None:
    """What may change the state is noted, what surely only reads is not."""
    saving = Saving()
    ask(scope("/", method=method, x_amz_target=target), saving=saving)
    assert saving.changes == changes


def test_a_refused_request_changes_nothing() -> None:
    """What does not reach the emulator is no change."""
    saving = Saving()
    ask(scope("/", method="POST", origin="https://evil.example"), saving=saving)
    assert saving.changes == 0


@pytest.mark.parametrize("path", ["/_ministack/reset", "/_MiniStack/reset", "//_ministack/reset", "/./_ministack/reset",
    "/_localstack/health", "/_aws/lambda-url/x/", "/_aws/execute-api", "/_AWS/execute-api/x/", "/health", "//health",
    "/health/", "/Health", "/_anything", "/_remessa/other"])  # fmt: skip
def test_administration_is_closed(path: str) -> None:
    """The emulator's own pages, which ask for no credentials, cannot be reached by any spelling."""
    emulator = Emulator()
    sent = ask(scope(path, method="POST"), emulator)
    assert sent[0]["status"] == 403
    assert "remessa" in body(sent)["message"]
    assert emulator.reached == []


@pytest.mark.parametrize("path", ["/", "/bucket/_temporary/x", "/bucket/health", "/healthy/x", "/bucket/../_x",
    "/_aws/execute-api/abc/$default/api/files"])  # fmt: skip
def test_everything_else_reaches_the_emulator(path: str) -> None:
    """Buckets, keys that look like administration, and the web API pass."""
    emulator = Emulator()
    assert ask(scope(path), emulator)[0]["status"] == 200
    assert emulator.reached == ["http"]


def test_lifespan_passes() -> None:
    """Start-up and shutdown reach the emulator, or it would neither load nor save."""
    emulator = Emulator()
    ask({"type": "lifespan"}, emulator)
    assert emulator.reached == ["lifespan"]


def test_a_foreign_websocket_is_closed_before_it_opens() -> None:
    """A websocket knows no same-origin rule, so the guard is its only protection."""
    emulator = Emulator()
    sent = ask(scope(kind="websocket", origin="https://evil.example"), emulator)
    assert [message["type"] for message in sent] == ["websocket.close"]
    assert emulator.reached == []


def test_content_is_sandboxed_and_the_api_is_not() -> None:
    """What somebody uploaded gets an origin of its own in a browser; the console keeps ours."""
    header = (b"content-security-policy", b"sandbox")
    assert ask(scope("/bucket/page.html"))[0]["headers"] == [(b"x-mine", b"1"), header]
    assert ask(scope("/_aws/execute-api/abc/$default/"))[0]["headers"] == [(b"x-mine", b"1")]


def test_health_recognises_the_cloud_without_giving_the_token_away() -> None:
    """Health shows the process id and the token's hash, never the token."""
    sent = ask(scope("/_remessa/health"))
    assert body(sent) == {"pid": 42, "cloud": fingerprint(TOKEN), "ready": True}
    assert TOKEN not in str(sent)


@pytest.mark.parametrize(("method", "token", "status", "saves"), [
    ("POST", TOKEN, 200, 1),
    ("POST", "wrong", 403, 0),
    ("POST", [], 403, 0),
    ("POST", "ç", 403, 0),
    ("GET", TOKEN, 403, 0),
])  # fmt: skip
def test_snapshot_needs_the_token(method: str, token: str | list[str], status: int, saves: int) -> None:
    """Only who can read cloud.json may have the state saved."""
    saving = Saving()
    sent = ask(scope("/_remessa/snapshot", method=method, x_remessa_token=token), saving=saving)
    assert (sent[0]["status"], saving.count) == (status, saves)


def test_a_failed_snapshot_is_told() -> None:
    """A save that failed is an error, with its reason."""
    sent = ask(scope("/_remessa/snapshot", method="POST", x_remessa_token=TOKEN), saving=Saving(OSError("disk full")))
    assert sent[0]["status"] == 500
    assert "disk full" in body(sent)["message"]
