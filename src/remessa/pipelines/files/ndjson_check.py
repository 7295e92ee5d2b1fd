"""NDJSON (https://github.com/ndjson/ndjson-spec): one JSON value in each line; blank lines are passed over."""

from __future__ import annotations

import json
from itertools import chain
from typing import NoReturn

from remessa.errors import Rejected
from remessa.pipelines.contract import Metadata
from remessa.pipelines.files.content import Content
from remessa.pipelines.files.lines import whole_lines
from remessa.pipelines.files.problems import ProblemLog

MAX_LINE = 4 * 1024 * 1024
"""Characters in a line, which is parsed in memory and may take twenty times as much there."""


def check(content: Content, problems: ProblemLog) -> Metadata:  # noqa: ARG001 - every format's check has this shape
    """Read NDJSON. Raises `Rejected` with the number of the first line that is not JSON."""
    items = 0
    for number, line in enumerate(chain.from_iterable(whole_lines(content.texts(), MAX_LINE)), start=1):
        if not line.isspace():
            _check_line(line, number)
            items += 1
    return {"itemCount": items}


def resembles_ndjson(sample: str) -> bool:
    """Whether a text of unknown kind is surely NDJSON: its first two lines are each a JSON object or array."""
    lines = [line for line in sample.splitlines() if line.strip()][:2]
    if len(lines) < 2 or not all(line.lstrip().startswith(("{", "[")) for line in lines):
        return False
    try:
        for line in lines:
            _check_line(line, 1)
    except Rejected:
        return False
    return True


def _check_line(line: str, number: int) -> None:
    if len(line) > MAX_LINE:
        message = f"Line {number} is longer than {MAX_LINE:,} characters. Keep large content in a file of its own."
        raise Rejected("ndjson-line-too-long", message)
    try:
        _DECODER.decode(line)
    except json.JSONDecodeError as error:
        place = f"line {number}, column {error.colno}"
        message = (
            f"The JSON breaks at {place} ({error.msg}). Each line must be one whole JSON value; correct that line."
        )
        raise Rejected("ndjson-invalid", message) from None
    except _NoNumber:
        message = f"Line {number} has NaN or Infinity, which JSON does not know; write null instead."
        raise Rejected("ndjson-invalid", message) from None
    except RecursionError:
        message = (
            f"The JSON in line {number} is nested too deep. Flatten it, or export it from the program that made it."
        )
        raise Rejected("json-too-deep", message) from None


class _NoNumber(Exception):
    pass


def _refuse(_name: str) -> NoReturn:
    raise _NoNumber


# Numbers stay text: converting thousands of digits to an int is slow, and Python refuses it.
_DECODER = json.JSONDecoder(parse_int=str, parse_float=str, parse_constant=_refuse)
