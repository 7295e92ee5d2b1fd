"""Real event shapes from `tests/events`, and the queue messages that carry them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

EVENTS = Path(__file__).parents[1] / "events"


def event(name: str) -> dict[str, Any]:
    """One event, as AWS documents it."""
    content: dict[str, Any] = json.loads((EVENTS / f"{name}.json").read_text(encoding="utf-8"))
    return content


def message(body: object, *, receives: int = 1, number: int = 1) -> dict[str, Any]:
    """A queue message around a body, as Lambda hands it over."""
    return {
        "messageId": f"message-{number}",
        "receiptHandle": f"receipt-{number}",
        "body": body if isinstance(body, str) else json.dumps(body),
        "attributes": {"ApproximateReceiveCount": str(receives)},
        "eventSource": "aws:sqs",
    }
