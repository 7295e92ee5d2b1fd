"""Saving state although the emulator hides its failures."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

import pytest

from remessa.local.snapshot import save


class Writer:
    """Writes like the emulator: a failure is only logged. `bad` says how often each service fails."""

    def __init__(self, **bad: int) -> None:
        self.bad = bad
        self.written: list[str] = []

    def __call__(self, states: dict[str, Callable[[], Any]]) -> None:
        """Write, or log an error."""
        for name in states:
            if self.bad.get(name, 0):
                self.bad[name] -= 1
                logging.getLogger("persistence").error("%s: dictionary changed size during iteration", name)
            else:
                self.written.append(name)


STATES = {"cloudformation": dict, "dynamodb": dict, "sqs": dict}


def test_stacks_are_written_last() -> None:
    """A stack that is on disk has its resources on disk."""
    writer = Writer()
    save(STATES, writer)
    assert writer.written == ["dynamodb", "sqs", "cloudformation"]


def test_a_failed_service_is_tried_again() -> None:
    """A table that changed while it was copied is copied again."""
    writer = Writer(dynamodb=2)
    save(STATES, writer)
    assert sorted(writer.written) == sorted(STATES)


def test_a_service_that_never_works_is_an_error() -> None:
    """The caller learns the reason, and the list of stacks is not written."""
    writer = Writer(sqs=1000)
    with pytest.raises(OSError, match="sqs: dictionary changed size"):
        save(STATES, writer)
    assert "cloudformation" not in writer.written
