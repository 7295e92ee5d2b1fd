"""`remessa redrive`: give events that ended among the dead letters another chance."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any

import typer

from remessa.cli._shared import chosen, messages, print_json

_HELD_SECONDS = 60


def redrive(
    pipeline: Annotated[str | None, typer.Argument(help="Only this pipeline's.")] = None,
    *,
    as_json: Annotated[bool, typer.Option("--json", help="How many messages moved, by pipeline.")] = False,
) -> None:
    """Move dead letters back to the queue they came from, once what made them fail is put right."""
    from remessa.local.connection import connect

    names = chosen(pipeline)
    connection = connect()
    sqs = connection.client("sqs")
    moved = {}
    for name in names:
        where = connection.pipeline(name)
        moved[name] = sum(1 for _ in _move(sqs, where.dead_letters, where.queue))
    if as_json:
        print_json({"moved": moved})
    elif any(moved.values()):
        told = ", ".join(f"{number} of {name}" for name, number in moved.items() if number)
        messages().print(f"Moved {told} back to the queue; see how they end with `remessa ls`.")
    else:
        messages().print("There are no dead letters.")


def _move(sqs: Any, dead_letters: str, queue: str) -> Iterator[None]:
    """Send each message on, and only then delete it: cut off in between it is there twice, which does no harm.

    By hand, not by StartMessageMoveTask, which the local cloud does not know. Stops at the first message that comes
    round again.
    """
    seen: set[str] = set()
    while True:
        answer = sqs.receive_message(QueueUrl=dead_letters, MaxNumberOfMessages=10, VisibilityTimeout=_HELD_SECONDS)
        fresh = [message for message in answer.get("Messages", []) if message["MessageId"] not in seen]
        if not fresh:
            return
        for message in fresh:
            seen.add(message["MessageId"])
            sqs.send_message(QueueUrl=queue, MessageBody=message["Body"])
            sqs.delete_message(QueueUrl=dead_letters, ReceiptHandle=message["ReceiptHandle"])
            yield
