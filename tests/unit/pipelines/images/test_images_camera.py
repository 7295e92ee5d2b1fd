"""Photos as cameras write them: turned upright, stripped of what is private, and whatever a stranger put into EXIF."""

from __future__ import annotations

import struct
from typing import Any

import pytest
from support import pictures
from support.camera_data import (
    DATE,
    EXIF,
    GPS,
    LONG,
    MAKE,
    MODEL,
    ORIENTATION,
    SECRETS,
    TAKEN,
    TAKEN_OFFSET,
    UNDEFINED,
    Directory,
    Field,
    exif,
    phone,
    rationals,
    short,
    text,
    with_exif,
)
from unit.pipelines.images.processing import near, outcome_of, output

# How an upright picture must be stored so that EXIF's orientation brings it back (Exif 3.0, 4.6.5.1.6).
_STORED = {1: [], 2: ["fliphor"], 3: ["rot180"], 4: ["flipver"]}
_STORED |= {5: ["rot90", "fliphor"], 6: ["rot270"], 7: ["rot270", "fliphor"], 8: ["rot90"]}


def _stored(orientation: int, width: int, height: int) -> Any:
    image = pictures.quarters(width, height)
    for step in _STORED[orientation]:
        image = getattr(image, step)()
    return image


def _told(block: bytes, **settings: Any) -> dict[str, Any]:
    outcome = outcome_of(with_exif(pictures.jpeg(pictures.quarters(32, 32)), block), **settings)
    assert output(outcome).width == 32
    found = {name: outcome.metadata.get(name) for name in ("capturedAt", "camera", "gps") if name in outcome.metadata}
    return found | {"problems": [problem.code for problem in outcome.problems]}


@pytest.mark.parametrize("width", [480, 2000])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_every_orientation_is_shown_upright(orientation: int, width: int) -> None:
    """All outputs, shrunk while decoding or not, look like the upright original and say nothing of turning."""
    content = pictures.jpeg(_stored(orientation, width, width // 2))
    outcome = outcome_of(with_exif(content, exif({ORIENTATION: short(orientation)})))
    metadata = outcome.metadata
    assert (metadata["orientation"], metadata["width"], metadata["height"]) == (orientation, width, width // 2)
    for artifact in outcome.artifacts:
        written = output(outcome, int(artifact.name.partition(".")[0]))
        assert near(pictures.corners(written), pictures.CORNERS)
        assert written.width == artifact.facts["width"] == 2 * written.height
        assert "orientation" not in written.get_fields()


@pytest.mark.parametrize("orientation", [0, 9, 65_535])
def test_an_orientation_that_does_not_exist_is_upright(orientation: int) -> None:
    """Nonsense turns nothing."""
    content = pictures.jpeg(pictures.quarters(64, 64))
    outcome = outcome_of(with_exif(content, exif({ORIENTATION: short(orientation)})))
    assert outcome.metadata["orientation"] == 1
    assert near(pictures.corners(output(outcome)), pictures.CORNERS)


def _upside_down() -> bytes:
    return with_exif(pictures.jpeg(_stored(3, 1600, 1200)), phone(orientation=3))


@pytest.mark.parametrize("chosen", ["same", "jpeg", "webp"])
def test_nothing_private_is_written(chosen: str) -> None:
    """Neither outputs nor record tell where a photo was taken, by whom, or with which very camera."""
    content = _upside_down()
    assert all(secret in content for secret in SECRETS)
    outcome = outcome_of(content, output=chosen)
    for artifact in outcome.artifacts:
        assert isinstance(artifact.body, bytes)
        assert [secret for secret in (*SECRETS, b"Canon", b"EXIF") if secret in artifact.body] == []
    told = str(outcome.metadata)
    assert [secret for secret in SECRETS if secret.decode() in told] == []
    assert "gps" not in outcome.metadata


def test_when_and_with_what_is_told() -> None:
    """The time with the zone that the camera knew, and the camera with its maker named once."""
    metadata = outcome_of(_upside_down()).metadata
    assert (metadata["capturedAt"], metadata["camera"]) == ("2026-11-20T10:15:00-03:00", "Canon EOS R6")
    assert (metadata["orientation"], metadata["width"], metadata["height"]) == (3, 1600, 1200)


def test_the_place_is_told_if_asked_for() -> None:
    """Only on the record, as text, south and west negative; the outputs stay silent."""
    outcome = outcome_of(_upside_down(), gps=True)
    assert outcome.metadata["gps"] == {"latitude": "-23.550417", "longitude": "-46.633958"}
    assert all(isinstance(one.body, bytes) and b"Exif" not in one.body for one in outcome.artifacts)


@pytest.mark.parametrize("name", ["png", "webp", "avif"])
def test_exif_is_read_from_other_formats_too(name: str) -> None:
    """The camera is told, and the picture turned once and not twice."""
    image = pictures.labelled(pictures.quarters(64, 32), exif_data=phone(orientation=1))
    outcome = outcome_of(pictures.ENCODERS[name](image))
    assert outcome.metadata["camera"] == "Canon EOS R6"
    assert near(pictures.corners(output(outcome)), pictures.CORNERS, tolerance=10)


@pytest.mark.parametrize(
    ("main", "detail", "told"),
    [
        ({MAKE: text("Apple"), MODEL: text("iPhone 15")}, {}, {"camera": "Apple iPhone 15"}),
        ({MODEL: text("X")}, {}, {"camera": "X"}),
        ({MAKE: text("\x1b[31mEvil\n\r\t\x00hidden"), MODEL: text("\x07\x9b")}, {}, {"camera": "[31mEvil hidden"}),
        ({MAKE: text("A" * 60_000)}, {}, {"camera": "A" * 80}),
        ({MAKE: short(7), MODEL: short(9)}, {}, {}),
        ({MAKE: (UNDEFINED, b"\xff\xfe\x00raw")}, {}, {}),
        ({DATE: text("2026:01:02 03:04:05")}, {}, {"capturedAt": "2026-01-02T03:04:05"}),
        ({}, {TAKEN: text("2026:01:02 03:04:05"), TAKEN_OFFSET: text("now")}, {"capturedAt": "2026-01-02T03:04:05"}),
        ({}, {TAKEN: text("2026:13:45 99:99:99")}, {}),
        ({}, {TAKEN: text("    :  :     :  :  ")}, {}),
        ({}, {TAKEN: short(5)}, {}),
        ({}, {TAKEN: text("9" * 60_000)}, {}),
    ],
    ids=lambda value: None,
)
@pytest.mark.filterwarnings("ignore")
def test_hostile_fields_tell_nothing_or_what_is_safe(main: Directory, detail: Directory, told: dict[str, str]) -> None:
    """Control characters go, length is bounded, and what has the wrong type or makes no sense is left out."""
    assert _told(exif(main, detail)) == told | {"problems": []}


def _place(latitude: Field, longitude: Field) -> bytes:
    return exif({}, {}, {1: text("S"), 2: latitude, 3: text("W"), 4: longitude})


@pytest.mark.parametrize(
    "latitude",
    [
        rationals((0, 0), (0, 0), (0, 0)),
        rationals((91, 1), (0, 1), (0, 1)),
        rationals((4_294_967_295, 1), (1, 1), (1, 1)),
        rationals((23, 1)),
        short(23),
        text("23 degrees"),
    ],
    ids=["nan", "beyond the pole", "huge", "one part", "wrong type", "text"],
)
@pytest.mark.filterwarnings("ignore")
def test_a_place_that_makes_no_sense_is_left_out(latitude: Field) -> None:
    """No NaN and no impossible degree reaches the record."""
    assert _told(_place(latitude, rationals((46, 1), (38, 1), (0, 1))), gps=True) == {"problems": []}


_CYCLE = {MAKE: text("Canon"), EXIF: (LONG, struct.pack("<I", 8)), GPS: (LONG, struct.pack("<I", 8))}


@pytest.mark.parametrize(
    "block",
    [
        exif(_CYCLE),
        exif({MAKE: text("Canon")})[:-4] + struct.pack("<I", 8),
        exif({MAKE: (2, b"x" * 100)}).replace(struct.pack("<I", 100), struct.pack("<I", 0xFFFFFFFF)),
        exif({EXIF: (LONG, struct.pack("<I", 0xFFFFFFF0))}),
        b"Exif\0\0",
        b"Exif\0\0II*\0\xff\xff\xff\xff",
        b"Exif\0\0XX garbage",
        b"Exif\0\0" + bytes(range(256)) * 20,
        phone()[:60],
    ],
    ids=["cycle", "next is itself", "4 GB of text", "beyond the end", "empty", "far", "garbage", "noise", "cut off"],
)
@pytest.mark.parametrize("gps", [False, True])
@pytest.mark.filterwarnings("ignore")
def test_a_malformed_block_harms_nothing(block: bytes, gps: bool) -> None:
    """The photo is processed all the same; that its EXIF could not be read may be remarked."""
    told = _told(block, gps=gps)
    assert set(told["problems"]) <= {"exif-unreadable"}
    assert "gps" not in told
    assert all(str(value).isprintable() for value in told.values())
