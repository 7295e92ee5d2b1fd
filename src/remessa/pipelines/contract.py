"""What a pipeline's processor receives and returns.

A processor is a function `process(source: Source) -> Outcome`. It raises `remessa.errors.Rejected` for a
file that can never succeed and lets every other exception propagate, which means "try again".
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, BinaryIO, Protocol, TypeAlias

Metadata: TypeAlias = dict[str, Any]
"""JSON-able values only: str, int, bool, None, lists and dicts of these. No floats (DynamoDB refuses them)."""


class Source(Protocol):
    """The file under work: one version of one object, wherever it is kept."""

    @property
    def name(self) -> str:
        """The last part of the object's key. Chosen by a stranger: a hint about the format, never a path."""

    @property
    def size(self) -> int:
        """Length in bytes."""

    def open(self, start: int = 0) -> BinaryIO:
        """A fresh stream of the content from byte `start` to the end; the caller closes it.

        Every call may cost a request, so a processor reads once where it can. Streams are not seekable.
        """


@dataclass(frozen=True, slots=True)
class Artifact:
    """A file that the processor made, to be stored beside the record."""

    name: str
    """File name within the record's artifacts, for example `report.json`; made by us, never from the input."""
    media_type: str
    body: bytes | BinaryIO
    kind: str = "reports"
    """First folder of the results bucket: `reports`, `thumbnails` or `resized-images`."""
    facts: Mapping[str, int | str] = field(default_factory=dict)
    """What else the record's list of artifacts tells of it, for example an image's `width` and `height`."""


@dataclass(frozen=True, slots=True)
class Problem:
    """Something odd about one place of the file that does not make it fail (Frictionless' shape)."""

    code: str
    message: str
    row: int | None = None
    """Line of the file, counted from 1."""
    column: int | None = None
    """Column or field, counted from 1."""
    field: str | None = None
    """What the file calls the column, cut to a bounded length."""
    cell: str | None = None
    """The value in question, cut, and masked where it identifies a person or a company."""

    def as_dict(self) -> dict[str, Any]:
        """The problem as JSON-able data, without what is unknown."""
        known = {
            "code": self.code,
            "message": self.message,
            "row": self.row,
            "column": self.column,
            "field": self.field,
            "cell": self.cell,
        }
        return {name: value for name, value in known.items() if value is not None}


@dataclass(frozen=True, slots=True)
class Outcome:
    """What the processor found and made."""

    media_type: str
    """By content, for example `text/csv`."""
    metadata: Metadata = field(default_factory=dict)
    artifacts: Sequence[Artifact] = ()
    problems: Sequence[Problem] = ()
    """The first hundred at most; `problem_count` counts all."""
    problem_count: int = 0


class Rows(Protocol):
    """Rows of a file, made while they are read; what else there is to know of the file is known after the last."""

    def __iter__(self) -> Iterator[Any]:
        """Read them, once. Raises `Rejected` when the file turns out to be unreadable; no row counts then."""

    def outcome(self) -> Outcome:
        """What was found, when all of them have been read."""


@dataclass(frozen=True, slots=True)
class Parts:
    """A file too long for one run, cut into parts that are processed by runs of their own and published as one."""

    parts: Sequence[Metadata]
    """For each what its run must know, JSON-able and small (it travels in a message)."""


Processor: TypeAlias = Callable[[Source], Outcome | Rows | Parts]
PartProcessor: TypeAlias = Callable[[Source, Mapping[str, Any], int, int], Rows]
"""Called with the file, one of its parts, its number from 0, and how many parts there are."""


def outcome_as_dict(outcome: Outcome) -> dict[str, Any]:
    """The outcome as JSON-able data, without the artifacts' bodies."""
    return {
        "mediaType": outcome.media_type,
        "metadata": outcome.metadata,
        "problems": [problem.as_dict() for problem in outcome.problems],
        "problemCount": outcome.problem_count,
    }
