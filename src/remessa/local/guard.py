"""Keeps web pages and the emulator's own administration away from the local cloud.

Any web page that the user visits can send requests to 127.0.0.1, and by DNS rebinding even read the answers; one
`POST /_ministack/reset` would wipe everything. So this ASGI middleware, inside the server's process, lets through
only what a program on this machine or our own console sends. It also serves the two control paths that the command
line uses.

Rules: Host https://www.rfc-editor.org/rfc/rfc9110#name-host-and-authority · Origin
https://www.rfc-editor.org/rfc/rfc6454#section-7 · Sec-Fetch-* https://www.w3.org/TR/fetch-metadata/ (and
https://web.dev/articles/fetch-metadata for the exception made for a top-level navigation).
"""

from __future__ import annotations

import hashlib
import hmac
import json
import re
from collections.abc import Awaitable, Callable, MutableMapping
from dataclasses import dataclass
from typing import Any, TypeAlias
from urllib.parse import parse_qsl

Message: TypeAlias = MutableMapping[str, Any]
Scope: TypeAlias = MutableMapping[str, Any]
Receive: TypeAlias = Callable[[], Awaitable[Message]]
Send: TypeAlias = Callable[[Message], Awaitable[None]]
App: TypeAlias = Callable[[Scope, Receive, Send], Awaitable[None]]

HEALTH = "/_remessa/health"
SNAPSHOT = "/_remessa/snapshot"
TOKEN_HEADER = "x-remessa-token"  # noqa: S105 - a header's name

_HTTP_PORT = 80
_API = "/_aws/execute-api/"
_READS = ("Get", "BatchGet", "List", "Describe", "Query", "Scan", "Filter")
_LOCAL_NAME = re.compile(r"127\.0\.0\.1|\[::1\]|(?:[a-z0-9.-]+\.)?localhost", re.ASCII)
# The web page's API stays usable; everything else that comes from the cloud is content that somebody uploaded.
_SANDBOX = (b"content-security-policy", b"sandbox")


def fingerprint(token: str) -> str:
    """What the health path shows of the token: enough to recognise our cloud, nothing to log in with."""
    return hashlib.sha256(token.encode()).hexdigest()


@dataclass(frozen=True)
class Guard:
    """ASGI middleware around the emulator's application."""

    app: App
    port: int
    token: str
    pid: int
    snapshot: Callable[[], Awaitable[None]]
    """Saves the emulator's state; raises OSError when it could not."""
    note_change: Callable[[], None]
    """Called with each request that may change the state."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Refuse, answer a control path, or pass on. Lifespan events always pass."""
        if scope["type"] not in {"http", "websocket"}:
            await self.app(scope, receive, send)
            return
        reason = refusal(scope, self.port)
        if reason is not None:
            await _refuse(scope, send, reason)
        elif scope["path"] in {HEALTH, SNAPSHOT}:
            await self._control(scope, send)
        else:
            if _may_change(scope):
                self.note_change()
            await self.app(scope, receive, send if scope["path"].startswith(_API) else _sandboxed(send))

    async def _control(self, scope: Scope, send: Send) -> None:
        if (scope.get("method"), scope["path"]) == ("GET", HEALTH):
            await _answer(send, 200, {"pid": self.pid, "cloud": fingerprint(self.token), "ready": True})
        elif (scope.get("method"), scope["path"]) != ("POST", SNAPSHOT):
            await _refuse(scope, send, "this control path takes another method")
        elif not hmac.compare_digest("".join(_values(scope, TOKEN_HEADER)).encode(), self.token.encode()):
            await _refuse(scope, send, f"{TOKEN_HEADER} must carry the token in the local cloud's cloud.json")
        else:
            await self._save(send)

    async def _save(self, send: Send) -> None:
        try:
            await self.snapshot()
        except OSError as error:
            await _answer(send, 500, {"message": f"The state could not be saved: {error}"})
        else:
            await _answer(send, 200, {"saved": True})


def refusal(scope: Scope, port: int) -> str | None:
    """Why a request to the cloud on `port` is refused, or None when it may pass."""
    hosts = _values(scope, "host")
    if len(hosts) != 1 or not _is_local(hosts[0], port):
        return f"the Host header must be 127.0.0.1:{port} or localhost:{port}; use that address"
    if any(origin.lower() != f"http://{hosts[0].lower()}" for origin in _values(scope, "origin")):
        return f"it comes from a web page that is not this cloud's own; open http://{hosts[0]} itself"
    if _is_foreign_fetch(scope):
        return "a web page of another site asked for it; open the address yourself"
    if _is_call_by_link(scope):
        return "calls with an Action in their URL are closed to all but POST; use the AWS CLI or an SDK"
    return _closed_path(scope["path"])


def _may_change(scope: Scope) -> bool:
    """Whether a request may change the emulator's state; when in doubt, yes."""
    # The JSON protocols POST everything and name the operation: https://smithy.io/2.0/aws/protocols/aws-json-1_1-protocol.html
    operation = "".join(_values(scope, "x-amz-target")).rpartition(".")[2]
    return scope.get("method") not in {"GET", "HEAD", "OPTIONS"} and not operation.startswith(_READS)


def _values(scope: Scope, name: str) -> list[str]:
    return [value.decode("latin-1") for key, value in scope["headers"] if key.decode("latin-1").lower() == name]


def _is_local(host: str, port: int) -> bool:
    # A client leaves out the scheme's own port: https://www.rfc-editor.org/rfc/rfc9110#section-7.2
    if port == _HTTP_PORT and _LOCAL_NAME.fullmatch(host.lower()):
        return True
    name, _, given = host.lower().rpartition(":")
    return given == str(port) and _LOCAL_NAME.fullmatch(name) is not None


def _is_foreign_fetch(scope: Scope) -> bool:
    # Other ports of localhost count as the same site, so "same-site" is as foreign as "cross-site" here.
    sites = [value.strip().lower() for value in _values(scope, "sec-fetch-site")]
    if all(site in {"same-origin", "none"} for site in sites):
        return False
    navigation = _values(scope, "sec-fetch-mode") == ["navigate"] and _values(scope, "sec-fetch-dest") == ["document"]
    return not (navigation and scope.get("method") == "GET" and _may_be_linked(scope))


def _may_be_linked(scope: Scope) -> bool:
    """Whether another site may link here: to our web page, and by presigned link to one object.

    The signature is the emulator's to check; here it only tells such a link from every other request.
    """
    bucket, _, key = scope["path"].lstrip("/").partition("/")
    # Signature versions 4 and 2; the AWS CLI v1 still writes the latter.
    signed = bool({"x-amz-signature", "signature"} & _query_names(scope))
    return scope["path"].startswith(_API) or (signed and bool(bucket and key))


def _is_call_by_link(scope: Scope) -> bool:
    # The older protocols take a whole call from a URL, and a browser opens a link without a word about who wrote it.
    # The SDKs and the AWS CLI POST these calls.
    elsewhere = scope.get("method") != "POST" and not scope["path"].startswith(_API)
    return elsewhere and "action" in _query_names(scope)


def _query_names(scope: Scope) -> set[str]:
    query = scope.get("query_string", b"").decode("latin-1")
    return {name.lower() for name, _ in parse_qsl(query, keep_blank_values=True)}


def _closed_path(path: str) -> str | None:
    # The server has decoded percent-encoding once; the emulator does not decode again.
    if path.startswith(_API) or path in {HEALTH, SNAPSHOT}:
        return None
    segments = [segment for segment in path.split("/") if segment not in {"", "."}]
    if segments and segments[0].startswith("_"):
        return "the emulator's administration is closed; use `remessa up`, `remessa down` and `remessa status`"
    if segments and segments[0].lower() == "health":
        return "the emulator's health page is closed; use `remessa status`"
    return None


def _sandboxed(send: Send) -> Send:
    # An uploaded HTML page, opened from its bucket, shares its origin with our console; sandboxed, a browser gives
    # it an origin of its own ("null"), which is refused above.
    async def send_sandboxed(message: Message) -> None:
        if message["type"] == "http.response.start":
            message = {**message, "headers": [*message.get("headers", []), _SANDBOX]}
        await send(message)

    return send_sandboxed


async def _refuse(scope: Scope, send: Send, reason: str) -> None:
    if scope["type"] == "websocket":
        await send({"type": "websocket.close", "code": 1008})  # before it is accepted: the server answers 403
    else:
        await _answer(send, 403, {"message": f"Refused by Remessa's local cloud: {reason}."})


async def _answer(send: Send, status: int, content: dict[str, object]) -> None:
    body = json.dumps(content).encode()
    headers = [
        (b"content-type", b"application/json"),
        (b"content-length", str(len(body)).encode()),
        (b"cache-control", b"no-store"),
    ]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
