"""A queue as SQS is one: at least once, in any order, with visibility timeouts, receive counts and dead letters."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from random import Random
from typing import Any

MAX_RECEIVES = 10
"""As in template.yaml; after that a message is a dead letter."""


@dataclass(slots=True)
class Message:
    """A message, and when it can be received next (milliseconds)."""

    number: int
    body: str
    visible: int
    receives: int = 0


class Queue:
    """Messages of one pipeline; `rng` decides where SQS promises nothing."""

    def __init__(self, rng: Random, visibility: int) -> None:
        """`visibility` is the timeout in milliseconds."""
        self.messages: dict[int, Message] = {}
        self.dead: list[Message] = []
        self._visibility = visibility
        self._rng = rng
        self._numbers = itertools.count(1)

    def send(self, body: str, visible: int) -> None:
        """Add a message that can be received from the moment `visible` on."""
        number = next(self._numbers)
        self.messages[number] = Message(number, body, visible)

    def visible(self, now: int) -> list[Message]:
        """What could be received now."""
        return [message for message in self.messages.values() if message.visible <= now]

    def receive(self, message: Message, now: int) -> dict[str, Any] | None:
        """Hand a message out as Lambda gets it; None when it was handed out too often and is set aside instead."""
        if message.receives >= MAX_RECEIVES:
            self.dead.append(self.messages.pop(message.number))
            return None
        message.receives += 1
        message.visible = now + self._visibility
        return {
            "eventSource": "aws:sqs",
            "messageId": str(message.number),
            "receiptHandle": f"{message.number}/{message.receives}",
            "body": message.body,
            "attributes": {"ApproximateReceiveCount": str(message.receives)},
        }

    def delete(self, receipt: str) -> None:
        """Acknowledge."""
        if message := self._held(receipt):
            del self.messages[message.number]

    def bury(self, body: str, now: int) -> None:
        """Put a message among the dead letters."""
        self.dead.append(Message(next(self._numbers), body, now))

    def postpone(self, receipt: str, visible: int) -> None:
        """Let a message be received again from the moment `visible` on."""
        if message := self._held(receipt):
            message.visible = visible

    def redrive(self, now: int) -> None:
        """Dead letters back into the queue: each is a new message there, never received before."""
        for message in self.dead:
            self.send(message.body, now)
        self.dead.clear()

    def _held(self, receipt: str) -> Message | None:
        """The receipt's message; an outdated receipt may work or not, as SQS says.

        https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_DeleteMessage.html
        """
        number, receives = receipt.split("/")
        message = self.messages.get(int(number))
        if message and (message.receives == int(receives) or self._rng.random() < 0.5):
            return message
        return None
