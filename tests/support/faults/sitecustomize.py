"""Faults for the functions of a test's cloud: Python imports this at start when its folder is on PYTHONPATH.

`FAULTS` names a JSON file: `{"dynamodb.UpdateItem": {"status": 400, "code": "ThrottlingException"}}` makes every such
call fail until the file says otherwise; the code `ZeroDivisionError` raises one instead. A request whose URL contains
`kills-its-worker` ends the process, as running out of memory does; so does the call that a file in the folder of that
name asks for (`FaultyCloud.kill_at`).
"""

import http.client
import io
import json
import os
import signal
from pathlib import Path

import botocore.handlers
from botocore.awsrequest import AWSResponse


class _Body(io.BytesIO):
    def stream(self, amt=65536, decode_content=None):
        """What botocore reads a response with."""
        while chunk := self.read(amt):
            yield chunk


def _kill(call, request):
    """Die if this call is one at which a worker is to die; each file asks for one death, after so many calls."""
    for wish in sorted(Path(os.environ["FAULTS"]).with_suffix(".kills").glob("*.json")):
        wanted = json.loads(wish.read_text(encoding="utf-8"))
        if wanted["call"] != call or not all(text in request for text in wanted["holds"]):
            continue
        if wanted["after"]:
            left = wish.with_suffix(".tmp")
            left.write_text(json.dumps(wanted | {"after": wanted["after"] - 1}), encoding="utf-8")
            left.replace(wish)
            continue
        wish.unlink()
        os.kill(os.getpid(), signal.SIGKILL)


class _Connection(http.client.HTTPConnection):
    """What rows are written by, which is not botocore."""

    def request(self, method, url, body=None, headers=None, **options):
        if headers and headers.get("X-Amz-Target", "").endswith("BatchWriteItem"):
            _kill("dynamodb.BatchWriteItem", body.decode())
        super().request(method, url, body, headers or {}, **options)


http.client.HTTPConnection = _Connection  # botocore's own are made of the original, which it has by now


def _fail(request, event_name, **_):
    if "kills-its-worker" in request.url and event_name.endswith("GetObject"):
        os.kill(os.getpid(), signal.SIGKILL)
    body = request.body if isinstance(request.body, bytes) else b""
    _kill(event_name.removeprefix("before-send."), request.url + body.decode(errors="replace"))
    faults = json.loads(Path(os.environ["FAULTS"]).read_text(encoding="utf-8"))
    fault = faults.get(event_name.removeprefix("before-send."))
    if fault is None:
        return None
    code = fault["code"]
    if code == "ZeroDivisionError":  # a fault of the function's own, not of AWS
        raise ZeroDivisionError("injected")
    json_body = json.dumps({"__type": f"com.amazonaws#{code}", "message": "injected"})
    xml_body = f"<Error><Code>{code}</Code><Message>injected</Message></Error>"
    body = json_body if "dynamodb" in event_name else xml_body
    return AWSResponse(request.url, fault["status"], {}, _Body(body.encode()))


botocore.handlers.BUILTIN_HANDLERS.append(("before-send", _fail))
