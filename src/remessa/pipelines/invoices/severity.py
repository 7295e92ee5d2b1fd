"""Whether a problem, of a row or of a reader, costs the row."""

from __future__ import annotations

from remessa.pipelines.invoices.problem_codes import CODES
from remessa.pipelines.invoices.readers.problem_codes import READER_CODES


def is_error(code: str) -> bool:
    """Whether a row with this problem is refused; with a warning it is taken. Raises KeyError for a code of nobody."""
    return (CODES.get(code) or READER_CODES[code]).severity == "error"
