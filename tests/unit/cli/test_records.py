"""How records look in a terminal."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any

import pytest
from rich.console import Console

from remessa.cli import _records

RECORD: dict[str, Any] = {
    "FileId": "0123456789abcdef0123456789abcdef",
    "name": "evil\x1b[31m\u202egnp.csv",
    "status": "FAILED",
    "size": 1,
    "mediaType": "text/csv",
    "metadata": {"rowCount": 1},
    "progress": None,
    "artifacts": [],
    "error": {"code": "csv-not-text", "message": "It looks like image/png."},
}
PHOTO: dict[str, Any] = {
    "FileId": "fedcba9876543210fedcba9876543210",
    "bucket": "images",
    "key": "praia.jpg",
    "name": "praia.jpg",
    "pipeline": "images",
    "status": "SUCCEEDED",
    "size": 3_400_000,
    "mediaType": "image/jpeg",
    "uploadedBy": "maria",
    "uploadedAt": "2026-11-20T17:06:39Z",
    "processedAt": "2026-11-20T17:06:40.129Z",
    "durationMs": 38,
    "attempts": 1,
    "metadata": {
        "width": 4000,
        "height": 3000,
        "hasAlpha": False,
        "placeholder": "data:image/webp;base64," + "A" * 500,
        "sizes": [{"name": "1024", "width": 1024, "height": 768}, {"name": "64", "width": 64, "height": 48}],
    },
    "problems": [],
    "problemCount": 0,
    "progress": None,
    "artifacts": [
        {
            "name": f"{bound}.jpg",
            "key": f"resized-images/fedcba9876543210fedcba9876543210/1-1/{bound}.jpg",
            "size": bound * 100,
            "mediaType": "image/jpeg",
            "width": bound,
            "height": bound * 3 // 4,
            "bucket": "results",
        }
        for bound in (1024, 512, 128, 64)
    ],
    "error": None,
}
Screen = Callable[[int], io.StringIO]


@pytest.fixture
def screen(monkeypatch: pytest.MonkeyPatch) -> Screen:
    """Makes a terminal of some width, and what is written on it."""

    def make(width: int) -> io.StringIO:
        written = io.StringIO()
        console = Console(file=written, width=width, highlight=False, markup=False)
        monkeypatch.setattr(_records, "output", lambda: console)
        return written

    return make


@pytest.mark.parametrize("width", [60, 80, 100, 200])
def test_file_id_is_never_cut(screen: Screen, width: int) -> None:
    """It is there to be copied, however narrow the terminal; a hostile name commands nothing."""
    written = screen(width)
    _records.print_records([RECORD, PHOTO])
    assert RECORD["FileId"] in written.getvalue()
    assert PHOTO["FileId"] in written.getvalue()
    assert "csv-not-text" in written.getvalue()
    assert not {"\x1b", "\u202e"} & set(written.getvalue())


def test_counts_are_said_in_words() -> None:
    """One row, two rows."""
    assert _records.told({**RECORD, "error": None}) == "text/csv, 1 row"
    assert _records.told({**RECORD, "error": None, "metadata": {"lineCount": 2000}}) == "text/csv, 2,000 lines"


def test_progress_is_told_while_rows_are_read() -> None:
    """How many rows so far, and how many parts are done."""
    progress = {"rows": 1500, "partsBegun": 3, "partsDone": 1}
    record = {**RECORD, "error": None, "progress": progress}
    assert _records.told(record) == "1,500 rows so far"


def test_images_are_told_by_their_dimensions() -> None:
    """Where they are known; a failed one by its reason."""
    assert _records.told(PHOTO) == "image/jpeg, 4000×3000"
    assert _records.told({**PHOTO, "metadata": {"width": 4000}}) == "image/jpeg"
    assert _records.told({**PHOTO, "error": {"code": "image-too-large"}}) == "image-too-large"


def test_listing_shows_the_sizes_made_where_there_is_room(screen: Screen) -> None:
    """On a wide terminal or in a pipe; a narrower one keeps names and FileIds whole instead."""
    written = screen(160)
    _records.print_records([PHOTO])
    assert "image/jpeg, 4000×3000 → 1024, 512, 128, 64 " in written.getvalue()
    written = screen(110)
    _records.print_records([PHOTO])
    assert "image/jpeg, 4000×3000 " in written.getvalue()
    assert "→" not in written.getvalue()


def test_only_sizes_count_as_sizes() -> None:
    """Reports and whatever else is made are no sizes, nor is what a failed run left."""
    report = {"name": "report.json"}
    assert _records.made({**RECORD, "artifacts": [report]}) == ""
    assert _records.made({**PHOTO, "artifacts": [report, *PHOTO["artifacts"][:1]]}) == " → 1024"
    assert _records.made({**PHOTO, "error": {"code": "timeout"}}) == ""


@pytest.mark.parametrize("width", [40, 80, 200])
def test_outputs_are_shown_with_where_they_are(screen: Screen, width: int) -> None:
    """Name, dimensions, size and type on one line, and the whole address however narrow the terminal."""
    written = screen(width)
    _records.print_record(PHOTO)
    lines = written.getvalue().splitlines()
    assert any(line.split()[:5] == ["512.jpg", "512×384", "51.2", "kB", "image/jpeg"] for line in map(str.strip, lines))
    addresses = [part for line in lines for part in line.split() if part.startswith("s3://")]
    assert addresses == [f"s3://results/{artifact['key']}" for artifact in PHOTO["artifacts"]]


def test_outputs_of_older_records(screen: Screen) -> None:
    """Their entries name no bucket: it is the stack's, and without one the key is all there is to tell."""
    report = {"name": "report.json", "key": "reports/x/1-1/report.json", "size": 9, "mediaType": "application/json"}
    for results, where in (("stack-results", f"s3://stack-results/{report['key']}"), (None, report["key"])):
        written = screen(200)
        _records.print_record({**PHOTO, "artifacts": [report]}, results)
        [line] = [line for line in written.getvalue().splitlines() if line.startswith("report.json")]
        assert line.split() == ["report.json", "9", "bytes", "application/json", where]


def test_metadata_is_readable(screen: Screen) -> None:
    """A picture as text is cut and its length told; what is nested stands on one line."""
    written = screen(200)
    _records.print_record(PHOTO)
    lines = {line.split()[0]: line.rstrip() for line in written.getvalue().splitlines() if line.strip()}
    assert lines["sizes"].endswith("name 1024, width 1024, height 768; name 64, width 64, height 48")
    assert lines["placeholder"].endswith("… (523 characters)")
    assert len(lines["placeholder"]) < 120


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (3, "3"),
        (True, "yes"),
        ("a" * 64, "a" * 64),
        (["a", 1, None], "a, 1, None"),
        ([], ""),
        ({"a": [1, 2], "b": {"c": 3}}, "a (1, 2), b (c 3)"),
        ([[1, 2], [3]], "(1, 2), (3)"),
    ],
)
def test_values_of_every_shape(value: object, shown: str) -> None:
    """JSON's shapes, without its punctuation."""
    assert _records.readable(value) == shown


def test_long_lists_are_cut() -> None:
    """A table of two hundred columns does not fill the screen; `--json` has them all."""
    shown = _records.readable([f"column {number}" for number in range(200)])
    assert len(shown) < 420
    assert shown.endswith("characters)")
