"""What a record tells at a glance: colour, placeholder, and a hash that near-duplicates share."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from itertools import combinations
from typing import Any

import pytest
from boto3.dynamodb.types import TypeSerializer
from support import pictures
from support.camera_data import phone, with_exif
from unit.pipelines.images.processing import EVERY_FORMAT, decoded, near, outcome_of, refusal_of

from remessa.pipelines.images import vips

_MAX_DIFFERENT = 6
"""Bits of 64 in which copies of one picture may differ."""


def _hash(content: bytes) -> int:
    digits = outcome_of(content).metadata["perceptualHash"]
    assert len(digits) == 16
    return int(digits, 16)


def _distance(one: int, other: int) -> int:
    return (one ^ other).bit_count()


def _copies(image: Any) -> list[bytes]:
    """The picture as it comes back from messengers and websites."""
    return [
        pictures.jpeg(image, Q=40),
        pictures.jpeg(image, interlace=True, Q=75),
        pictures.jpeg(image.resize(0.5)),
        pictures.jpeg(image.resize(0.21)),
        pictures.webp(image.resize(0.7), Q=60),
        pictures.png(image.resize(0.33)),
        pictures.gif(image.resize(0.2)),
        with_exif(pictures.jpeg(image), phone(orientation=1)),
    ]


def test_copies_share_their_hash() -> None:
    """Resized or recompressed: most copies have the very same hash, and none is far off."""
    distances = []
    for seed in range(8):
        image = pictures.photo(1100, 700, seed)
        original = _hash(pictures.jpeg(image, Q=95))
        distances += [_distance(original, _hash(copy)) for copy in _copies(image)]
    assert max(distances) <= _MAX_DIFFERENT
    assert sum(distance <= 2 for distance in distances) / len(distances) >= 0.9


def test_plain_areas_do_not_disturb_the_hash() -> None:
    """A sky's noise and a compressor's ripples are no structure: copies of a mostly plain picture stay near."""
    image = pictures.quarters(1200, 800)
    noise = vips.Image.gaussnoise(1200, 800, sigma=4, mean=0, seed=1)
    noisy = (image + noise).cast("uchar").copy(interpretation="srgb")
    original = _hash(pictures.png(image))
    for copy in (pictures.jpeg(image, Q=20), pictures.jpeg(noisy, Q=30), pictures.webp(noisy.resize(0.3), Q=30)):
        assert _distance(original, _hash(copy)) <= _MAX_DIFFERENT


def test_different_pictures_have_different_hashes() -> None:
    """Of fifty pictures, 1,225 pairs, none is taken for a copy of another."""
    hashes = [_hash(pictures.jpeg(pictures.photo(300, 200, seed))) for seed in range(50)]
    nearest = min(_distance(*pair) for pair in combinations(hashes, 2))
    assert nearest > _MAX_DIFFERENT


def test_a_turned_picture_is_another_one() -> None:
    """The hash is of what is seen; a photo that only EXIF turns has the hash of the upright one."""
    image = pictures.photo(600, 400, seed=3)
    upright = _hash(pictures.jpeg(image))
    assert _distance(upright, _hash(pictures.jpeg(image.rot180()))) > _MAX_DIFFERENT
    stored = with_exif(pictures.jpeg(image.rot180()), phone(orientation=3))
    assert _distance(upright, _hash(stored)) <= _MAX_DIFFERENT


@pytest.mark.parametrize("colour", [(255, 0, 0), (12, 34, 56), (0, 0, 0), (255, 255, 255)])
def test_dominant_colour_of_a_plain_picture(colour: tuple[int, int, int]) -> None:
    """It is the picture's, as `#rrggbb`."""
    told = outcome_of(pictures.png(pictures.flat(50, 40, colour))).metadata["dominantColour"]
    assert near(tuple(bytes.fromhex(told.removeprefix("#"))), colour, tolerance=1)


def test_dominant_colour_is_one_that_is_there() -> None:
    """Not the mean of a red and a blue part, which would be violet; what is transparent counts as white."""
    image = pictures.flat(70, 50, (220, 20, 20)).join(pictures.flat(30, 50, (20, 20, 220)), "horizontal")
    told = outcome_of(pictures.png(image)).metadata["dominantColour"]
    assert near(tuple(bytes.fromhex(told[1:])), (220, 20, 20), tolerance=8)
    clear = pictures.flat(50, 40).bandjoin(0)
    assert outcome_of(pictures.png(clear)).metadata["dominantColour"] == "#ffffff"


@pytest.mark.parametrize("name", ["jpeg", "png", "avif"])
def test_the_placeholder_is_a_small_picture_of_it(name: str) -> None:
    """A data URI of a few hundred bytes that every browser shows: the corners are where they belong."""
    image = pictures.quarters(640, 480)
    uri = outcome_of(pictures.ENCODERS[name](image)).metadata["placeholder"]
    kind, _, text = uri.partition(",")
    assert kind == "data:image/webp;base64"
    assert len(uri) < 800
    shown = decoded("placeholder.webp", base64.b64decode(text, validate=True))
    assert (shown.width, shown.height) == (18, 16)
    assert near([corner[:3] for corner in pictures.corners(shown)], pictures.CORNERS, tolerance=45)


def _leaves(value: Any) -> Iterator[Any]:
    if isinstance(value, dict):
        for name, inner in value.items():
            assert isinstance(name, str)
            yield from _leaves(inner)
    elif isinstance(value, list | tuple):
        for inner in value:
            yield from _leaves(inner)
    else:
        yield value


@pytest.mark.parametrize("name", [*pictures.SAMPLES, "phone"])
def test_metadata_fits_into_a_record(name: str) -> None:
    """Text, whole numbers and truth values only, small, and as DynamoDB and JSON take them."""
    content = pictures.sample("jpeg") if name == "phone" else pictures.sample(name)
    content = with_exif(content, phone()) if name == "phone" else content
    outcome = outcome_of(content, formats=EVERY_FORMAT, gps=True)
    for leaf in _leaves([outcome.metadata, [artifact.facts for artifact in outcome.artifacts]]):
        assert type(leaf) in {str, int, bool}
    assert isinstance(outcome.metadata["hasAlpha"], bool)
    assert TypeSerializer().serialize(outcome.metadata)
    assert len(json.dumps(outcome.metadata)) < 3000


def test_metadata_of_a_refusal_fits_as_well() -> None:
    """What the header told is kept of an image that is too large."""
    metadata = refusal_of(pictures.sample("tiff"), max_whole_pixels=10).metadata
    assert {type(leaf) for leaf in _leaves(metadata)} <= {str, int, bool}
    assert (metadata["format"], metadata["width"], metadata["height"]) == ("tiff", 96, 64)
