"""Registers a file: what it is by content, its hash, its counts; and refuses one that breaks its name's promise."""

from __future__ import annotations

import json

from remessa.errors import Rejected
from remessa.pipelines.contract import Artifact, Metadata, Outcome, Source, outcome_as_dict
from remessa.pipelines.files.content import Content
from remessa.pipelines.files.encoding import NotText
from remessa.pipelines.files.formats import TEXT, Format, format_to_check, promised_format
from remessa.pipelines.files.problems import ProblemLog
from remessa.pipelines.files.signatures import OCTET_STREAM, binary_media_type, promised_media_types

EMPTY = "application/x-empty"


def process(source: Source) -> Outcome:
    """Register and check one file of any kind.

    Reads it once, in constant memory; a second time only to tell where a JSON document breaks. Raises `Rejected`,
    with what was learnt, when the content is not what the name's extension promises.
    """
    suffix = suffix_of(source.name)
    problems = ProblemLog()
    with Content(source) as content:
        media_type, metadata = _examine(content, suffix, problems)
    outcome = Outcome(media_type, metadata, problems=tuple(problems.kept), problem_count=problems.count)
    report = Artifact("report.json", "application/json", _report(source, outcome))
    return Outcome(media_type, metadata, (report,), outcome.problems, outcome.problem_count)


def suffix_of(name: str) -> str:
    """A file name's extension in lower case, without the dot, and without the dots and spaces that may trail it.

    Empty when there is none. Windows drops trailing dots and spaces, so `data.csv. ` is `data.csv` to its user.
    """
    stem, _, suffix = name.rstrip(". \t\r\n").rpartition(".")
    return suffix.lower() if stem else ""


def _examine(content: Content, suffix: str, problems: ProblemLog) -> tuple[str, Metadata]:
    if not content.head:
        return _register_empty(content, suffix)
    binary = binary_media_type(content.head)
    if binary:
        return _register_binary(content, suffix, binary)
    try:
        return _register_text(content, suffix, problems)
    except NotText as fault:
        problems.clear()
        return _register_binary(content, suffix, OCTET_STREAM, fault.offset)


def _register_empty(content: Content, suffix: str) -> tuple[str, Metadata]:
    metadata: Metadata = {"sha256": content.sha256, "format": "empty", "lineCount": 0}
    promised = promised_format(suffix)
    if promised and not promised.may_be_empty:
        message = f"The file is empty (0 bytes), which is no {promised.name.upper()}. Export it again and upload it."
        raise Rejected(f"{promised.name}-invalid", message, media_type=EMPTY, metadata=metadata)
    _keep_promise(suffix, promised_media_types(suffix), EMPTY, metadata)
    return EMPTY, metadata


def _register_binary(content: Content, suffix: str, media_type: str, offset: int | None = None) -> tuple[str, Metadata]:
    content.finish_as_bytes()
    metadata: Metadata = {"sha256": content.sha256, "format": "binary"}
    promised = promised_format(suffix)
    if promised:
        found = f"it looks like {media_type}" if media_type != OCTET_STREAM else f"see byte {offset or 0} and after"
        message = f"The name says {promised.name.upper()}, but the content is not text: {found}. \
Rename the file to what it is, or export it as {promised.name.upper()} and upload it again."
        raise Rejected(f"{promised.name}-not-text", message, media_type=media_type, metadata=metadata)
    _keep_promise(suffix, promised_media_types(suffix), media_type, metadata)
    return media_type, metadata


def _register_text(content: Content, suffix: str, problems: ProblemLog) -> tuple[str, Metadata]:
    promised = promised_format(suffix)
    checked = format_to_check(content.sample, suffix)
    found: Metadata = {}
    refusal: Rejected | None = None
    try:
        found = checked.check(content, problems)
    except Rejected as error:
        refusal = error
    content.finish()
    if refusal and (checked is promised or refusal.code == "xml-doctype"):
        metadata = _text_metadata(content, checked)
        raise Rejected(refusal.code, refusal.message, media_type=checked.media_type, metadata=metadata)
    if refusal:
        checked = TEXT
    metadata = _text_metadata(content, checked) | found
    expected = (promised.media_type,) if promised else promised_media_types(suffix)
    _keep_promise(suffix, expected, checked.media_type, metadata)
    return checked.media_type, metadata


def _text_metadata(content: Content, checked: Format) -> Metadata:
    return {
        "sha256": content.sha256,
        "format": checked.name,
        "encoding": content.encoding,
        "lineCount": content.line_count,
    }


def _keep_promise(suffix: str, expected: tuple[str, ...], media_type: str, metadata: Metadata) -> None:
    """Raise `Rejected` when the extension promises certain media types and the content is none of them."""
    if not expected or media_type in expected:
        return
    message = f"The name ends in .{suffix}, which means {expected[0]}, but the content from its first byte on is \
{media_type}. Rename the file to what it is, or export it again as {expected[0]}."
    raise Rejected("content-mismatch", message, media_type=media_type, metadata=metadata)


def _report(source: Source, outcome: Outcome) -> bytes:
    report = {"name": source.name, "size": source.size, **outcome_as_dict(outcome)}
    # A name may hold half a surrogate pair, which UTF-8 cannot; backslashreplace makes it the JSON escape.
    return json.dumps(report, ensure_ascii=False, indent=2).encode(errors="backslashreplace")
