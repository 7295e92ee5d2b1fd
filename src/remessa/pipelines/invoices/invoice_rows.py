"""The rows of a file while they are read, and what is known of it afterwards."""

from __future__ import annotations

import json
import tempfile
import weakref
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from typing import IO, Any, BinaryIO, TypeAlias, cast

from remessa.errors import Rejected
from remessa.pipelines.contract import Artifact, Metadata, Outcome, Problem
from remessa.pipelines.invoices.readers import MEDIA_TYPES, Item, Reading
from remessa.pipelines.invoices.rows import Invoice
from remessa.pipelines.invoices.severity import is_error
from remessa.pipelines.invoices.validate import Validation
from remessa.settings import InvoiceSettings

Opened: TypeAlias = Callable[[], AbstractContextManager[tuple[Reading, Validation, Iterator[Item]]]]
"""Opens a file or a part of it for reading once."""

KEPT = 100
"""Problems that a record holds in full; the artifact has all of them."""
_SPOOLED = 4 * 1024 * 1024
"""Bytes of problems that are kept in memory; more go to a temporary file."""
_COLUMNS = 200


class InvoiceRows:
    """Invoices of a file or of a part of it, made while they are read."""

    def __init__(self, opened: Opened, settings: InvoiceSettings, *, number: int = 0, count: int = 1) -> None:
        """The `number`-th of `count` parts, from 0."""
        self._opened = opened
        self._settings = settings
        self._kept = max(1, KEPT // count)
        self._name = "problems.ndjson" if count == 1 else f"problems-{number:04}.ndjson"
        self._problems: list[Problem] = []
        self._errors = self._warnings = 0
        self._all: IO[bytes] | None = None
        self._outcome: Outcome | None = None

    def __iter__(self) -> Iterator[Invoice]:
        """Every good row; raises `Rejected` where it cannot be read on, or at the end if no bad row is allowed."""
        with self._opened() as (reading, validation, rows):
            for item in validation.check(rows):
                if isinstance(item, Invoice):
                    yield item
                else:
                    self._note(item)
            self._outcome = self._told(reading, validation)
        if self._errors and self._settings.invoice_bad_rows == "reject":
            raise self._refusal(self._outcome)

    def outcome(self) -> Outcome:
        """What is known now that every row was read; RuntimeError before."""
        if self._outcome is None:
            raise RuntimeError("the rows have not been read to their end")
        return self._outcome

    def _note(self, problem: Problem) -> None:
        severe = is_error(problem.code)
        self._errors += severe
        self._warnings += not severe
        if len(self._problems) < self._kept:
            self._problems.append(problem)
        line = problem.as_dict() | {"severity": "error" if severe else "warning"}
        # A cell may hold half a surrogate pair, which UTF-8 cannot; backslashreplace makes it the JSON escape.
        if self._all is None:
            self._all = tempfile.SpooledTemporaryFile(_SPOOLED)  # noqa: SIM115  closed when it was stored
            weakref.finalize(self, self._all.close)
        self._all.write(json.dumps(line, ensure_ascii=False).encode(errors="backslashreplace") + b"\n")

    def _told(self, reading: Reading, validation: Validation) -> Outcome:
        count = self._errors + self._warnings
        artifacts = []
        if self._all:
            self._all.seek(0)
            body = cast("BinaryIO", self._all)
            artifacts.append(Artifact(self._name, "application/x-ndjson", body, facts={"rows": count}))
        metadata: Metadata = {"format": reading.format, "rowCount": validation.accepted}
        metadata |= {"errorCount": self._errors, "warningCount": self._warnings} | _laid_out(reading)
        return Outcome(MEDIA_TYPES[reading.format], metadata, artifacts, self._problems, count)

    def _refusal(self, outcome: Outcome) -> Rejected:
        first = next((problem for problem in self._problems if is_error(problem.code)), None)
        where = f" The first: row {first.row}, {first.message}" if first else ""
        message = (
            f"{self._errors:,} rows have errors, and this stack takes only files without any.{where} Correct them \
and upload the file again."
        )
        return Rejected("rows-refused", message, media_type=outcome.media_type, metadata=outcome.metadata)


def _laid_out(reading: Reading) -> dict[str, Any]:
    if not reading.layout:
        return {}
    names = [name[:_COLUMNS] for name in reading.layout.columns[:_COLUMNS]]
    return {"delimiter": reading.layout.delimiter, "encoding": reading.layout.encoding, "columns": names}
