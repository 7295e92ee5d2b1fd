"""What went wrong during an attempt, whose fault it is, and how long to wait before the next one."""

from __future__ import annotations

import random

from boto3.exceptions import Boto3Error
from botocore.exceptions import BotoCoreError, ClientError

MAX_ATTEMPTS = 5
"""Attempts at one version of a file that died or failed by the file's own doing; then it ends FAILED as `poison`."""
LONGEST_DELAY = 900
"""Seconds; the longest wait between two attempts."""
MAX_MESSAGE = 500
_DEPENDENCY = (Boto3Error, BotoCoreError, ClientError, ConnectionError, TimeoutError)


class TooSlow(Exception):
    """The file was not read to its end within the function's time."""


def is_dependency(fault: BaseException) -> bool:
    """Whether S3, DynamoDB or the network is to blame: then the file is tried for as long as it takes."""
    return isinstance(fault, _DEPENDENCY)


def is_permanent(fault: BaseException) -> bool:
    """Whether DynamoDB will never take this write: over 400 KB, or a value it does not know."""
    if isinstance(fault, ClientError):
        return fault.response["Error"]["Code"] == "ValidationException"
    return isinstance(fault, TypeError)


def described(fault: BaseException) -> dict[str, str]:
    """A fault as the record's `error` while the file is tried again."""
    return {"code": "processing-error", "message": f"{type(fault).__name__}: {fault}"[:MAX_MESSAGE]}


def backoff(failures: int) -> int:
    """Seconds until the next attempt: doubling, with jitter so that files which failed together return apart."""
    longest = min(LONGEST_DELAY, 4 * 2 ** min(failures, 10))
    return random.randint(longest // 2, longest)  # noqa: S311  spreads load, guards nothing
