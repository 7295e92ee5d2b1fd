"""What is cut off, damaged or no image at all ends with a reason: never as a grey picture, never as another error."""

from __future__ import annotations

import random
import struct

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support import pictures
from unit.pipelines.images.processing import EVERY_FORMAT, differs, outcome_of, output, refusal_of

from remessa.errors import Rejected
from remessa.pipelines.contract import Outcome

_CONTENTS = {name: pictures.sample(name) for name in pictures.SAMPLES}
_PICTURE = pictures.photo(96, 64, seed=11)
_CONTENTS |= {
    "progressive": pictures.jpeg(_PICTURE, interlace=True),
    "interlaced": pictures.png(_PICTURE, interlace=True),
    "lossless": pictures.webp(_PICTURE, lossless=True),
    "tiles": pictures.tiff(_PICTURE, compression="lzw", tile=True, tile_width=32, tile_height=32),
    "raw": pictures.tiff(_PICTURE, compression="none"),
    "alpha": pictures.avif(pictures.with_alpha(_PICTURE)),
    "animation": pictures.animated(pictures.webp, pictures.quarters(64, 64), 3),
}


@pytest.mark.parametrize("name", _CONTENTS)
def test_what_is_cut_off_anywhere_is_refused(name: str) -> None:
    """At fifty places from the first byte to the last but twenty, the end of which is told as what it is."""
    content = _CONTENTS[name]
    for end in range(0, len(content) - 20, len(content) // 50):
        refusal = refusal_of(content[:end], formats=EVERY_FORMAT)
        assert refusal.code == "empty-file" if end == 0 else refusal.code in {"image-damaged", "not-an-image"}
        if end > 400:
            assert refusal.code == "image-damaged"
            assert "Upload the original again" in refusal.message


@pytest.mark.parametrize("name", ["jpeg", "progressive", "png", "webp"])
def test_a_large_image_cut_off_near_its_end_is_refused(name: str) -> None:
    """Also when the decoder shrinks it, and when only one of a hundred rows is missing."""
    image = pictures.photo(2400, 1600)
    whole = name == "progressive"
    content = pictures.jpeg(image, interlace=True) if whole else pictures.ENCODERS[name](image)
    assert refusal_of(content[: len(content) * 99 // 100]).code == "image-damaged"


def test_an_animation_cut_off_after_its_first_frame_shows_that_frame() -> None:
    """What is written is complete, for the first frame was; a GIF has no count of frames that could tell."""
    content = pictures.animated(pictures.gif, pictures.quarters(64, 64), 5)
    whole, part = outcome_of(content), outcome_of(content[: len(content) * 3 // 4])
    assert differs(output(whole), output(part)) == 0
    assert part.metadata["frames"] < whole.metadata["frames"] == 5


def _end(content: bytes) -> Outcome | Rejected:
    try:
        return outcome_of(content, formats=EVERY_FORMAT, gps=True)
    except Rejected as refusal:
        return refusal


def _corrupted(name: str, seed: int) -> bytes:
    content = bytearray(_CONTENTS[name])
    middle = len(content) // 2 + seed
    content[middle : middle + 64] = random.Random(seed).randbytes(64)
    return bytes(content)


@pytest.mark.parametrize("name", ["png", "interlaced"])
def test_corruption_is_found_where_a_checksum_tells(name: str) -> None:
    """64 random bytes in the middle never go unnoticed."""
    assert {refusal_of(_corrupted(name, seed)).code for seed in range(20)} == {"image-damaged"}


@pytest.mark.parametrize("name", ["jpeg", "progressive", "webp", "gif", "tiff", "avif", "heic"])
def test_corruption_never_makes_a_picture_of_nothing(name: str) -> None:
    """Where no checksum tells, the picture may be wrong but is complete: never the decoder's plain filling."""
    for seed in range(20):
        end = _end(_corrupted(name, seed))
        if isinstance(end, Rejected):
            assert end.code == "image-damaged"
        else:
            assert output(end).deviate() > 5


@pytest.mark.parametrize("name", _CONTENTS)
@pytest.mark.filterwarnings("ignore")
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_any_file_ends_in_an_outcome_or_a_reason(name: str, data: st.DataObject) -> None:
    """Whatever bytes are changed or missing, nothing else is raised, so that nothing is tried again for ever."""
    content = bytearray(_CONTENTS[name])
    places = st.one_of(st.integers(0, min(600, len(content)) - 1), st.integers(0, len(content) - 1))
    changes = st.lists(st.tuples(places, st.integers(0, 255)), max_size=8)
    for place, value in data.draw(changes):
        content[place] = value
    cut = data.draw(st.one_of(st.none(), st.integers(0, len(content))))
    assert _end(bytes(content[:cut]))


def test_a_decoders_words_that_are_no_text() -> None:
    """Libvips quotes the file in its errors: one such AVIF must not spoil the errors of every file after it."""
    content = pictures.avif(pictures.with_alpha(pictures.photo(64, 64))).replace(b"auxC", b"au\xffC", 1)
    for _ in range(3):
        assert refusal_of(content).code == "image-damaged"
    refusal = refusal_of(pictures.sample("jpeg")[:1000])
    assert (refusal.code, refusal.media_type) == ("image-damaged", "image/jpeg")
    assert outcome_of(pictures.sample("jpeg")).metadata["width"] == 96


@pytest.mark.parametrize("name", [b"Exif", b"mime"])
def test_a_heic_whose_item_has_no_name(name: bytes) -> None:
    """pi-heif 1.4.0 dies of an item's type that is no text (a segmentation fault): it must never see it."""
    content = bytearray(pictures.HEIC)
    at = content.index(b"infe", content.index(b"infe") + 4) + 12
    assert content[at : at + 4] == b"Exif"
    content[at : at + 4] = bytes([name[0] | 0x80]) + name[1:]
    assert refusal_of(bytes(content)).code == "image-damaged"


def test_a_tiff_that_claims_a_long_field() -> None:
    """What libtiff calls a lack of memory is the file's fault: it must not be tried again."""
    content = bytearray(pictures.sample("tiff"))
    directory = struct.unpack_from("<I", content, 4)[0]
    entries = struct.unpack_from("<H", content, directory)[0]
    [bits] = [
        at
        for at in range(directory + 2, directory + 2 + 12 * entries, 12)
        if struct.unpack_from("<H", content, at)[0] == 258
    ]
    struct.pack_into("<I", content, bits + 4, 0x20000000)
    assert refusal_of(bytes(content)).code == "image-damaged"


def test_a_png_with_a_latin_keyword() -> None:
    """PNG's keywords are Latin-1: libvips names a field after them, and that is no reason to fail."""
    note = pictures.png_chunk(b"tEXt", "Descrição\0água".encode("latin-1"))
    content = pictures.sample("png")
    at = content.index(b"IDAT") - 4
    assert outcome_of(content[:at] + note + content[at:]).metadata["format"] == "png"


@pytest.mark.parametrize(
    ("name", "content", "code", "told", "media_type"),
    [
        ("empty.jpg", b"", "empty-file", "0 bytes", "application/x-empty"),
        ("notes.jpg", b"these are only notes\n", "not-an-image", "promises JPEG", None),
        ("notes.txt", "água e café\n".encode(), "not-an-image", "files bucket", None),
        ("scan.jpg", b"%PDF-1.7\n%...", "not-an-image", "a PDF", "application/pdf"),
        ("photos.zip", b"PK\x03\x04" + bytes(40), "not-an-image", "a ZIP archive", "application/zip"),
        ("new.jxl", b"\xff\x0a" + bytes(40), "not-an-image", "JPEG XL", "image/jxl"),
        ("new.jxl", b"\0\0\0\x0cJXL \r\n\x87\n" + bytes(40), "not-an-image", "JPEG XL", "image/jxl"),
        ("old.bmp", b"BM" + bytes(60), "not-an-image", "a BMP image", "image/bmp"),
        ("layers.psd", b"8BPS\0\x01" + bytes(60), "not-an-image", "Photoshop", "image/vnd.adobe.photoshop"),
        ("video.mp4", b"\0\0\0\x18ftypmp42" + bytes(60), "not-an-image", "files bucket", None),
        ("page.svg", b"<html><body>no drawing</body></html>", "not-an-image", "promises SVG", None),
        ("zeros.png", bytes(5000), "not-an-image", "promises PNG", None),
        ("head.png", b"\x89PNG\r\n\x1a\n", "image-damaged", "PNG is cut off", "image/png"),
    ],
)
def test_what_is_no_image_is_told_where_it_belongs(
    name: str, content: bytes, code: str, told: str, media_type: str | None
) -> None:
    """A code for programs, words for people, and the bucket that takes any file."""
    refusal = refusal_of(content, name)
    assert (refusal.code, refusal.media_type) == (code, media_type)
    assert told in refusal.message
    if code == "not-an-image":
        assert "`remessa put FILE --pipeline files`" in refusal.message
