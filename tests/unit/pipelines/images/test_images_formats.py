"""Every format that is read: what is told of it, and that what is written shows the same."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from support import pictures
from support.camera_data import display_p3
from unit.pipelines.images.processing import EVERY_FORMAT, differs, near, outcome_of, output, refusal_of

from remessa.pipelines.images.formats import FORMATS, recognised

MEDIA_TYPES = {format_.name: format_.media_type for format_ in FORMATS}
WRITTEN = {"jpeg": "jpg", "png": "png", "webp": "webp", "gif": "png", "tiff": "jpg", "avif": "jpg"}


@pytest.mark.parametrize("name", pictures.SAMPLES)
def test_a_format_is_recognised_by_its_content(name: str) -> None:
    """Its first bytes tell it, and what is told of it names it."""
    content = pictures.sample(name)
    format_ = recognised(content[:4096])
    assert format_ is not None
    outcome = outcome_of(content, formats=EVERY_FORMAT)
    assert (format_.name, outcome.media_type) == (name, MEDIA_TYPES[name])
    assert outcome.metadata["format"] == name
    assert (outcome.problems, outcome.problem_count) == ([], 0)


@pytest.mark.parametrize(("name", "suffix"), WRITTEN.items())
def test_what_is_written_shows_what_was_read(name: str, suffix: str) -> None:
    """An image that is no larger than the outputs keeps its pixels, but for what two compressions cost."""
    image = pictures.photo(300, 200, seed=5)
    outcome = outcome_of(pictures.ENCODERS[name](image))
    assert [artifact.name for artifact in outcome.artifacts] == [f"{bound}.{suffix}" for bound in (1024, 512, 128)]
    written = output(outcome)
    assert differs(written.extract_band(0, n=3), image) < (12 if name == "gif" else 4)
    metadata = outcome.metadata
    assert (metadata["width"], metadata["height"], metadata["frames"], metadata["orientation"]) == (300, 200, 1, 1)


def test_a_telephones_heic() -> None:
    """Turned by its container, in Display P3: shown upright, and in the colours that the profile means."""
    outcome = outcome_of(pictures.HEIC)
    same = pictures.labelled(pictures.quarters(640, 480), icc_profile_data=display_p3())
    expected = pictures.corners(output(outcome_of(pictures.png(same))))
    assert near(pictures.corners(output(outcome)), expected)
    assert not near(expected, pictures.CORNERS)
    metadata = outcome.metadata
    assert (metadata["width"], metadata["height"], metadata["orientation"]) == (640, 480, 1)
    assert (metadata["camera"], metadata["capturedAt"]) == ("Apple iPhone 15", "2026-03-01T09:30:00-03:00")


@pytest.mark.parametrize("save", [pictures.gif, pictures.webp, pictures.tiff], ids=lambda save: save.__name__)
def test_of_several_frames_the_first_is_taken(save: Callable[..., bytes]) -> None:
    """An animation's or a document's copies show its first frame, and the record counts all of them."""
    content = pictures.animated(save, pictures.quarters(64, 48), frames=5)
    outcome = outcome_of(content)
    assert (outcome.metadata["frames"], outcome.metadata["width"], outcome.metadata["height"]) == (5, 64, 48)
    assert near([corner[:3] for corner in pictures.corners(output(outcome))], pictures.CORNERS, tolerance=12)


@pytest.mark.parametrize("save", [pictures.png, pictures.tiff], ids=lambda save: save.__name__)
def test_sixteen_bits_become_eight(save: Callable[..., bytes]) -> None:
    """The colours stay, and the record tells what they were made of."""
    image = pictures.quarters(64, 64)
    outcome = outcome_of(save((image.cast("ushort") * 257).cast("ushort").copy(interpretation="rgb16")))
    written = output(outcome)
    assert (outcome.metadata["bitDepth"], outcome.metadata["colourSpace"], written.format) == (16, "rgb16", "uchar")
    assert near(pictures.corners(written), pictures.CORNERS)


@pytest.mark.parametrize("save", [pictures.jpeg, pictures.png, pictures.tiff], ids=lambda save: save.__name__)
def test_grey_stays_grey(save: Callable[..., bytes]) -> None:
    """One channel in, one channel out, and no colour in what is told of it."""
    grey = pictures.photo(600, 400).colourspace("b-w")
    outcome = outcome_of(save(grey))
    written = output(outcome)
    assert (written.bands, written.interpretation, outcome.metadata["colourSpace"]) == (1, "b-w", "b-w")
    assert differs(written, grey) < 3
    dominant = outcome.metadata["dominantColour"]
    assert dominant[1:3] == dominant[3:5] == dominant[5:7]


@pytest.mark.parametrize("save", [pictures.png, pictures.webp, pictures.avif], ids=lambda save: save.__name__)
def test_alpha_is_kept(save: Callable[..., bytes]) -> None:
    """What is transparent stays so at every size, and what shows keeps its colour up to the edge."""
    outcome = outcome_of(save(pictures.with_alpha(pictures.flat(1400, 700, (200, 40, 40)))))
    assert outcome.metadata["hasAlpha"] is True
    for bound in (1024, 128, 64):
        written = output(outcome, bound)
        left, right = written.getpoint(1, 1), written.getpoint(written.width - 2, 1)
        assert (left[-1], right[-1]) == (255, 0)
        middle = written.getpoint(written.width // 2 - 1, written.height // 2)
        assert near(middle[:3], (200, 40, 40), tolerance=10)


def test_grey_with_alpha_and_sixteen_bits() -> None:
    """Two channels of sixteen bits become two of eight."""
    grey = pictures.photo(60, 40).colourspace("grey16").bandjoin(30_000).cast("ushort").copy(interpretation="grey16")
    written = output(outcome_of(pictures.png(grey)))
    assert (written.bands, written.format) == (2, "uchar")
    assert near([written.getpoint(3, 3)[1]], [30_000 / 257], tolerance=1)


def test_palette() -> None:
    """A palette's colours come out as they are."""
    outcome = outcome_of(pictures.png(pictures.quarters(64, 64), palette=True, bitdepth=4))
    assert outcome.metadata["bitDepth"] == 4
    assert near([corner[:3] for corner in pictures.corners(output(outcome))], pictures.CORNERS)


@pytest.mark.parametrize(
    ("save", "options"), [(pictures.png, {}), (pictures.tiff, {"compression": "ccittfax4"})], ids=["png", "tiff"]
)
def test_one_bit(save: Callable[..., bytes], options: dict[str, str]) -> None:
    """Black and white of one bit are black and white of eight."""
    drawing = (pictures.quarters(64, 64).colourspace("b-w") > 100).copy(interpretation="b-w")
    outcome = outcome_of(save(drawing, bitdepth=1, **options))
    assert outcome.metadata["bitDepth"] == 1
    assert near(pictures.corners(output(outcome)), pictures.corners(drawing))
    assert len(set(pictures.corners(drawing))) == 2


def test_svg_is_refused_unless_it_is_allowed() -> None:
    """A drawing is a program: by default it is refused and what to do is said; a setting allows it."""
    drawing = pictures.svg(640, 480)
    refusal = refusal_of(drawing, "logo.svg")
    assert (refusal.code, refusal.media_type) == ("format-switched-off", "image/svg+xml")
    assert "ImageFormats" in refusal.message
    outcome = outcome_of(drawing, "logo.svg", formats=EVERY_FORMAT)
    written = output(outcome)
    assert (outcome.artifacts[0].name, written.width, written.height) == ("1024.png", 640, 480)
    assert [corner[:3] for corner in pictures.corners(written)] == list(pictures.CORNERS)


@pytest.mark.parametrize("name", [name for name in pictures.SAMPLES if name != "svg"])
def test_any_format_can_be_switched_off(name: str) -> None:
    """What the setting does not list is refused before it is read."""
    others = tuple(format_ for format_ in EVERY_FORMAT if format_ != name)
    assert refusal_of(pictures.sample(name), formats=others).code == "format-switched-off"


@pytest.mark.parametrize(
    ("name", "problems"),
    [("photo.jpg", []), ("photo.JPEG", []), ("photo", []), ("a.csv", []), ("photo.png", ["name-mismatch"])],
)
def test_an_extension_that_promises_another_format_is_told(name: str, problems: list[str]) -> None:
    """The content counts; that the name says otherwise is remarked."""
    outcome = outcome_of(pictures.sample("jpeg"), name)
    assert [problem.code for problem in outcome.problems] == problems
    assert outcome.metadata["format"] == "jpeg"
