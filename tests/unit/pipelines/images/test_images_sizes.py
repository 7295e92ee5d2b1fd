"""Which outputs an image gets, how large they are, what they are written as, and the settings that decide it."""

from __future__ import annotations

import hashlib
import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support import pictures
from unit.pipelines.images.processing import decoded, near, outcome_of, output

from remessa.pipelines.contract import Outcome
from remessa.pipelines.images.processor import ImageProcessor
from remessa.pipelines.images.sizes import fit, plan
from remessa.settings import ImageSettings


def _sizes(outcome: Outcome) -> dict[str, tuple[int, int]]:
    """Kind and name of each output → its real dimensions, which must be those that are told."""
    found = {}
    for artifact, told in zip(outcome.artifacts, outcome.metadata["sizes"], strict=True):
        assert isinstance(artifact.body, bytes)
        image = decoded(artifact.name, artifact.body)
        assert artifact.facts == {"width": image.width, "height": image.height}
        assert told == f"{image.width}x{image.height}"
        found[f"{artifact.kind}/{artifact.name.partition('.')[0]}"] = (image.width, image.height)
    return found


@pytest.mark.parametrize(
    ("width", "height", "expected"),
    [
        (1, 1, [(1, 1)] * 3),
        (100, 60, [(100, 60)] * 3),
        (128, 128, [(128, 128)] * 3),
        (129, 2, [(129, 2), (129, 2), (128, 2)]),
        (600, 301, [(600, 301), (512, 257), (128, 64)]),
        (1024, 10, [(1024, 10), (512, 5), (128, 1)]),
        (1025, 1025, [(1024, 1024), (512, 512), (128, 128), (64, 64)]),
        (1999, 1333, [(1024, 683), (512, 341), (128, 85), (64, 43)]),
        (20_000, 10, [(1024, 1), (512, 1), (128, 1), (64, 1)]),
        (10, 20_000, [(1, 1024), (1, 512), (1, 128), (1, 64)]),
    ],
)
@pytest.mark.parametrize("name", ["jpeg", "png"])
def test_every_size_fits_and_none_is_enlarged(
    name: str, width: int, height: int, expected: list[tuple[int, int]]
) -> None:
    """Each is computed from the original; only a large image gets a thumbnail besides."""
    found = _sizes(outcome_of(pictures.ENCODERS[name](pictures.flat(width, height))))
    names = ["resized-images/1024", "resized-images/512", "resized-images/128", "thumbnails/64"]
    assert found == dict(zip(names, expected, strict=False))


@pytest.mark.parametrize(("width", "height"), [(16_383, 1), (1, 16_383), (16_383, 3)])
def test_a_line_of_a_webp(width: int, height: int) -> None:
    """The decoder is not asked to shrink a side to nothing."""
    assert _sizes(outcome_of(pictures.webp(pictures.flat(width, height))))["thumbnails/64"] == fit(width, height, 64)


@given(st.integers(1, 70_000), st.integers(1, 70_000), st.integers(1, 5_000))
def test_fitting_keeps_proportions(width: int, height: int, bound: int) -> None:
    """Within the bound, never larger, never nothing, and off by no more than rounding."""
    fitted = fit(width, height, bound)
    assert all(1 <= new <= min(old, bound) for new, old in zip(fitted, (width, height), strict=True))
    if max(width, height) > bound:
        assert max(fitted) == bound
    scale = min(1, bound / max(width, height))
    assert abs(fitted[0] - width * scale) <= 1 > abs(fitted[1] - height * scale) - 1e-9


def test_equal_sizes_are_encoded_once() -> None:
    """A small image is written under every name, but the work is done once."""
    bodies = [artifact.body for artifact in outcome_of(pictures.sample("jpeg")).artifacts]
    assert len(bodies) == 3
    assert bodies[0] is bodies[1] is bodies[2]


def test_large_outputs_show_the_whole_picture() -> None:
    """No size is cut, shifted or turned."""
    outcome = outcome_of(pictures.jpeg(pictures.quarters(3000, 2000)))
    for bound in (1024, 512, 128, 64):
        assert near(pictures.corners(output(outcome, bound)), pictures.CORNERS)


@pytest.mark.parametrize(
    ("settings", "names"),
    [
        ({}, ["1024.png", "512.png", "128.png", "64.png"]),
        ({"output": "jpeg"}, ["1024.jpg", "512.jpg", "128.jpg", "64.jpg"]),
        ({"output": "webp"}, ["1024.webp", "512.webp", "128.webp", "64.webp"]),
        ({"sizes": (300,)}, ["300.png", "64.png"]),
        ({"sizes": (300,), "thumbnail": 32}, ["300.png", "32.png"]),
        ({"sizes": (10,), "thumbnail": 32}, ["32.png", "10.png"]),
        ({"sizes": (300,), "thumbnail_over": 5000}, ["300.png"]),
    ],
)
def test_settings_choose_the_outputs(settings: dict[str, Any], names: list[str]) -> None:
    """Format, sizes and thumbnail, each written as the format that its name says."""
    outcome = outcome_of(pictures.png(pictures.quarters(2000, 1000)), **settings)
    assert [artifact.name for artifact in outcome.artifacts] == names
    assert set(_sizes(outcome).values()) == {fit(2000, 1000, int(re.sub(r"\D", "", name))) for name in names}
    suffix = {"jpg": "image/jpeg", "png": "image/png", "webp": "image/webp"}
    assert {one.media_type for one in outcome.artifacts} == {suffix[names[0].partition(".")[2]]}


def test_every_image_can_have_a_thumbnail() -> None:
    """With the limit at 0, even a small one is large."""
    kinds = [one.kind for one in outcome_of(pictures.sample("png"), thumbnail_over=0).artifacts]
    assert kinds.count("thumbnails") == 1


def test_transparency_becomes_white_in_a_jpeg() -> None:
    """JPEG knows none; with `same`, a format that browsers do not show keeps it in a PNG instead."""
    image = pictures.with_alpha(pictures.flat(200, 100, (0, 0, 0)))
    written = output(outcome_of(pictures.png(image), output="jpeg"))
    assert written.bands == 3
    assert near([written.getpoint(20, 50), written.getpoint(180, 50)], [(0, 0, 0), (255, 255, 255)])
    assert outcome_of(pictures.tiff(image)).artifacts[0].name == "1024.png"
    grey = image.colourspace("b-w")
    assert near(output(outcome_of(pictures.png(grey), output="jpeg")).getpoint(180, 50), [255])


def test_quality_is_a_setting() -> None:
    """Less of it makes smaller files."""
    content = pictures.jpeg(pictures.photo(1200, 800))
    sizes = [len(outcome_of(content, quality=quality).artifacts[0].body) for quality in (20, 80)]  # type: ignore[arg-type]
    assert sizes[0] * 2 < sizes[1]


def test_the_same_image_makes_the_same_outputs() -> None:
    """A second run writes the same bytes, and the hash of the source is its own."""
    content = pictures.jpeg(pictures.photo(1500, 900))
    one, other = outcome_of(content), outcome_of(content)
    assert [artifact.body for artifact in one.artifacts] == [artifact.body for artifact in other.artifacts]
    assert one.metadata == other.metadata
    assert one.metadata["sha256"] == hashlib.sha256(content).hexdigest()


def test_defaults_of_the_environment() -> None:
    """Nothing set means the defaults, which are those of the template."""
    assert ImageSettings.from_environment({}) == ImageSettings()


def test_every_setting_is_read_from_the_environment() -> None:
    """Each variable ends in its field; sizes come in any order."""
    environment = {"IMAGE_SIZES": "96, 2048,512", "THUMBNAIL_SIZE": "32", "THUMBNAIL_OVER": "0"}
    environment |= {"IMAGE_OUTPUT": "webp", "IMAGE_QUALITY": "70", "IMAGE_FORMATS": "jpeg, svg", "IMAGE_GPS": "true"}
    environment |= {"MAX_IMAGE_BYTES": "1", "MAX_IMAGE_PIXELS": "2", "MAX_WHOLE_PIXELS": "3", "MAX_IMAGE_FRAMES": "4"}
    assert ImageSettings.from_environment(environment) == ImageSettings(
        (2048, 512, 96), 32, 0, "webp", 70, ("jpeg", "svg"), 1, 2, 3, 4, True
    )


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("IMAGE_SIZES", "large"),
        ("IMAGE_SIZES", "0,128"),
        ("IMAGE_SIZES", "-5"),
        ("IMAGE_SIZES", "128,128"),
        ("IMAGE_SIZES", "64"),
        ("THUMBNAIL_SIZE", "-3"),
        ("IMAGE_QUALITY", "500"),
        ("THUMBNAIL_OVER", "-1"),
        ("MAX_IMAGE_FRAMES", "0"),
        ("IMAGE_SIZES", ","),
        ("IMAGE_OUTPUT", "bmp"),
        ("THUMBNAIL_SIZE", "small"),
        ("MAX_IMAGE_PIXELS", "1e8"),
        ("MAX_IMAGE_BYTES", ""),
    ],
)
def test_nonsense_in_the_environment_is_no_default(name: str, value: str) -> None:
    """The function says so when it starts, instead of doing something else than was meant."""
    with pytest.raises(ValueError, match=rf"{name}|invalid literal"):
        ImageSettings.from_environment({name: value})


def test_format_that_nobody_knows_ends_the_function_at_its_start() -> None:
    """A typing error must not switch a format off in silence."""
    with pytest.raises(ValueError, match="jepg"):
        ImageProcessor(ImageSettings(formats=("jepg",)))


@pytest.mark.parametrize("width", [1, 1024, 1025])
def test_the_plan_begins_with_the_largest(width: int) -> None:
    """The cascade never has to enlarge."""
    sizes = plan(width, 700, ImageSettings())
    assert sizes == sorted(sizes, key=lambda size: (size.width, size.height), reverse=True)
    assert len(sizes) == (4 if width > 1024 else 3)
