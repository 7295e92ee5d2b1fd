"""Every error that Remessa raises on purpose.

    RemessaError
    ├── Rejected            the file can never succeed: its record ends FAILED, nothing is retried
    ├── MalformedEvent      a message that is no arrival we know: it goes to the dead-letter queue
    ├── EnvironmentDown     there is no cloud to talk to (exit code 3)
    ├── DeployFailed        the template could not be deployed (exit code 1)
    └── UsageError          the command was called wrongly (exit code 2)

Anything else that escapes (a throttled table, an S3 500) is a fault of the moment and is retried.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


class RemessaError(Exception):
    """Base of the tree. `exit_code` is what the command line returns for it."""

    exit_code = 1


class Rejected(RemessaError):
    """The input can never succeed; trying again would end the same.

    `code` is stable and kebab-case. `message` names what is wrong, where (line, column or byte), and
    what to do about it. `media_type` and `metadata` are what was learnt before giving up.
    """

    def __init__(
        self,
        code: str,
        message: str,
        *,
        media_type: str | None = None,
        metadata: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.media_type = media_type
        self.metadata = dict(metadata or {})


class MalformedEvent(RemessaError):
    """An event or queue message that describes no arrival."""


class EnvironmentDown(RemessaError):
    """No running cloud answers; the message says how to start one."""

    exit_code = 3


class DeployFailed(RemessaError):
    """CloudFormation refused or rolled back the template; the message carries its reason."""


class UsageError(RemessaError):
    """The command's arguments do not fit together."""

    exit_code = 2
