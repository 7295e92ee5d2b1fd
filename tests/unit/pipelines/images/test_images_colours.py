"""Colour spaces and profiles: whatever the numbers meant, what is written means it in sRGB."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from support import pictures
from support.camera_data import adobe_rgb, display_p3, linear_srgb, with_profile
from unit.pipelines.images.processing import near, outcome_of, output

SKY = (100, 150, 200)
SAVERS = [pictures.jpeg, pictures.png, pictures.webp, pictures.tiff, pictures.avif]


def _written(content: bytes) -> Any:
    return output(outcome_of(content))


# By the published matrices and curves (IEC 61966-2-1, Adobe RGB (1998), SMPTE EG 432-1), computed apart from libvips.
@pytest.mark.parametrize(
    ("profile", "meant"),
    [(adobe_rgb, (65, 151, 202)), (display_p3, (83, 153, 205)), (linear_srgb, (168, 202, 229))],
    ids=["adobe", "p3", "linear"],
)
@pytest.mark.parametrize("save", SAVERS, ids=lambda save: save.__name__)
def test_a_profiles_colours_are_converted(
    save: Callable[..., bytes], profile: Callable[[], bytes], meant: tuple[int, ...]
) -> None:
    """The same numbers mean another colour in another space, whatever the space's name looks like."""
    image = pictures.labelled(pictures.flat(64, 64, SKY), icc_profile_data=profile())
    assert near(_written(save(image)).getpoint(32, 32), meant, tolerance=4)


def test_a_profile_is_obeyed_with_alpha_and_sixteen_bits() -> None:
    """Neither transparency nor depth loses the profile on the way."""
    deep = (pictures.with_alpha(pictures.flat(1600, 64, SKY)).cast("ushort") * 257).cast("ushort")
    image = pictures.labelled(deep.copy(interpretation="rgb16"), icc_profile_data=adobe_rgb())
    written = _written(pictures.png(image))
    assert near(written.getpoint(8, 8), (65, 151, 202, 255), tolerance=3)
    assert written.getpoint(1000, 8)[3] == 0


def test_no_profile_is_written() -> None:
    """What was converted must not be converted again, and 500 bytes are saved."""
    image = pictures.labelled(pictures.flat(64, 64, SKY), icc_profile_data=adobe_rgb())
    assert "icc-profile-data" in image.get_fields()
    for artifact in outcome_of(pictures.jpeg(image)).artifacts:
        assert isinstance(artifact.body, bytes)
        assert b"ICC_PROFILE" not in artifact.body


@pytest.mark.parametrize(
    "broken",
    [b"garbage" * 50, adobe_rgb()[:200], adobe_rgb()[:140] + bytes(300), adobe_rgb().replace(b"rTRC", b"xTRC")],
    ids=["garbage", "cut off", "zeros", "no curve"],
)
def test_a_broken_profile_is_ignored_and_told(broken: bytes) -> None:
    """The colours stay as the numbers say, and the record tells why."""
    outcome = outcome_of(with_profile(pictures.jpeg(pictures.flat(64, 64, SKY)), broken))
    assert [problem.code for problem in outcome.problems] == ["profile-ignored"]
    assert near(output(outcome).getpoint(32, 32), SKY, tolerance=3)


@pytest.mark.parametrize("save", [pictures.jpeg, pictures.tiff], ids=lambda save: save.__name__)
def test_cmyk_becomes_srgb(save: Callable[..., bytes]) -> None:
    """A printer's colours (in a JPEG inverted, as Adobe's programs write them) keep their hue and are three."""
    outcome = outcome_of(save(pictures.cmyk(pictures.quarters(1400, 1400))))
    written = output(outcome)
    assert (outcome.metadata["colourSpace"], written.bands, written.interpretation) == ("cmyk", 3, "srgb")
    red, green, blue, yellow = pictures.corners(written)
    assert red[0] > max(red[1:]) + 60
    assert green[1] > max(green[0], green[2]) + 15
    assert blue[2] > max(blue[:2]) + 15
    assert min(yellow[:2]) > yellow[2] + 60


def test_lab_becomes_srgb() -> None:
    """What a TIFF keeps as lightness and two opponents comes out as the colour it was."""
    lab = pictures.quarters(64, 64).colourspace("lab")
    outcome = outcome_of(pictures.tiff(lab.colourspace("labs")))
    assert outcome.metadata["colourSpace"] in {"lab", "labs"}
    assert near(pictures.corners(output(outcome)), pictures.CORNERS)


def test_channels_without_a_meaning_are_refused_or_shown() -> None:
    """Whatever a scanner's or a satellite's channels come to, it is an outcome or a reason."""
    bands = pictures.flat(64, 64).bandjoin([10, 20, 30]).copy(interpretation="multiband")
    outcome = outcome_of(pictures.tiff(bands))
    assert output(outcome).bands in {3, 4}
