"""The text formats that are checked, one row each. A new one takes a module with a `check`, and its row here."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from remessa.pipelines.contract import Metadata
from remessa.pipelines.files import csv_check, json_check, ndjson_check, xml_check
from remessa.pipelines.files.content import Content
from remessa.pipelines.files.dialect import resembles_table
from remessa.pipelines.files.problems import ProblemLog


@dataclass(frozen=True, slots=True)
class Format:
    """A text format: by what it is known, and how it is checked."""

    name: str
    media_type: str
    suffixes: frozenset[str]
    """File name extensions, in lower case and without dot, that promise this format."""
    resembles: Callable[[str], bool]
    """Whether the beginning of a text whose name promises nothing looks like this format."""
    check: Callable[[Content, ProblemLog], Metadata]
    """Reads the content and returns what it learnt; raises `Rejected` when the content is not this format."""
    may_be_empty: bool


def _check_nothing(_content: Content, _problems: ProblemLog) -> Metadata:
    return {}


XML = Format("xml", "application/xml", frozenset({"xml"}), xml_check.resembles_xml, xml_check.check, may_be_empty=False)
FORMATS = (
    XML,
    Format(
        "ndjson",
        "application/x-ndjson",
        frozenset({"ndjson", "jsonl"}),
        ndjson_check.resembles_ndjson,
        ndjson_check.check,
        may_be_empty=True,
    ),
    Format(
        "json",
        "application/json",
        frozenset({"json"}),
        json_check.resembles_json,
        json_check.check,
        may_be_empty=False,
    ),
    Format("csv", "text/csv", frozenset({"csv", "tsv"}), resembles_table, csv_check.check, may_be_empty=True),
)
"""In the order in which a text of unknown kind is compared with them."""

TEXT = Format("text", "text/plain", frozenset(), lambda _sample: True, _check_nothing, may_be_empty=True)

_PROSE = frozenset({"css", "htm", "html", "js", "log", "md", "py", "rst", "sql", "yaml", "yml"})
"""Extensions of text that may look like a table, or XML, by chance."""


def promised_format(suffix: str) -> Format | None:
    """The text format that a file name extension stands for."""
    return next((known for known in FORMATS if suffix in known.suffixes), None)


def format_to_check(sample: str, suffix: str) -> Format:
    """The format to check a text as: what it declares, else what its name promises, else what it looks like."""
    if xml_check.is_declared_xml(sample):
        return XML
    if suffix in _PROSE:
        return TEXT
    return promised_format(suffix) or next((known for known in FORMATS if known.resembles(sample)), TEXT)
