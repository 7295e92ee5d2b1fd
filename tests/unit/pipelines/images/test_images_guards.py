"""Limits: what asks for more memory, time or trust than we give is refused by its header alone."""

from __future__ import annotations

import http.server
import io
import threading
from collections.abc import Iterator
from typing import Any, BinaryIO, cast

import pytest
from support import pictures
from unit.pipelines.images.processing import EVERY_FORMAT, near, outcome_of, output, refusal_of
from unit.pipelines.memory_source import MemorySource

from remessa.errors import Rejected
from remessa.pipelines.images import vips
from remessa.pipelines.images.processor import ImageProcessor
from remessa.settings import ImageSettings

_PROCESS = ImageProcessor(ImageSettings())


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (pictures.png_that_claims(60_000, 60_000), "60000 × 60000"),
        (pictures.png_that_claims(10_001, 10_000), "100 million is the most"),
        (pictures.png_that_claims(70_000, 10), "65,535"),
        (pictures.jpeg_that_claims(65_000, 65_000), "100 million is the most"),
        (pictures.jpeg_that_claims(8_000, 6_250, interlace=True), "40 million is the most when"),
        (pictures.gif_that_claims(60_000, 60_000), "40 million is the most when"),
        (pictures.webp_that_claims(16_000, 16_000), "40 million is the most when"),
    ],
    ids=["png", "png+1", "row", "jpeg", "progressive", "gif", "webp"],
)
def test_a_bomb_of_a_few_bytes_is_refused_by_its_header(content: bytes, told: str) -> None:
    """Nothing of it is decoded; the record keeps what the header said."""
    assert len(content) < 1500
    refusal = refusal_of(content)
    assert refusal.code == "image-too-large"
    assert told in refusal.message
    assert refusal.metadata["width"] > 0
    assert len(refusal.metadata["sha256"]) == 64


def test_fifty_megapixels_are_taken_unless_progressive() -> None:
    """A baseline JPEG is decoded row by row and may be larger than one that must be held whole."""
    outcome = outcome_of(pictures.jpeg(pictures.flat(8_000, 6_250)))
    assert outcome.metadata["sizes"][0] == "1024x800"
    assert near(output(outcome).getpoint(500, 500), (90, 140, 60))


@pytest.mark.parametrize("name", ["gif", "webp", "tiff", "avif", "heic", "svg"])
def test_what_is_decoded_whole_has_the_lower_limit(name: str) -> None:
    """The same picture passes one pixel below it."""
    content = pictures.sample(name, 640, 480)
    enough = 640 * 480 * (5 if name == "avif" else 3) // 3  # libaom takes memory for itself
    refusal = refusal_of(content, formats=EVERY_FORMAT, max_whole_pixels=enough - 1)
    assert (refusal.code, refusal.metadata["width"]) == ("image-too-large", 640)
    assert outcome_of(content, formats=EVERY_FORMAT, max_whole_pixels=enough).metadata["height"] == 480


@pytest.mark.parametrize("name", ["jpeg", "png"])
def test_what_is_decoded_in_rows_has_the_higher_limit(name: str) -> None:
    """The lower one does not count for it."""
    content = pictures.sample(name, 640, 480)
    assert outcome_of(content, max_whole_pixels=1, max_pixels=640 * 480).metadata["height"] == 480
    assert refusal_of(content, max_pixels=640 * 480 - 1).code == "image-too-large"


def test_many_channels_weigh_as_many_pixels() -> None:
    """A satellite's image of a hundred channels takes as much memory as one of thirty times its pixels."""
    bands = vips.Image.black(640, 480, bands=100).copy(interpretation="multiband")
    content = pictures.tiff(bands, predictor="none")
    refusal = refusal_of(content, max_whole_pixels=640 * 480 * 100 // 8 - 1)
    assert refusal.code == "image-too-large"
    assert "100 bytes each" in refusal.message


@pytest.mark.parametrize("name", ["gif", "webp", "tiff"])
def test_too_many_frames(name: str) -> None:
    """As many as the limit says, and not one more."""
    content = pictures.animated(pictures.ENCODERS[name], pictures.quarters(16, 16), frames=12)
    refusal = refusal_of(content, max_frames=11)
    assert (refusal.code, refusal.metadata["frames"]) == ("too-many-frames", 12)
    assert outcome_of(content, max_frames=12).metadata["frames"] == 12


class _Claims:
    """A source that claims a length, gives `content`, and counts what is asked of it."""

    def __init__(self, content: bytes, size: int) -> None:
        self.name, self.size = "huge.jpg", size
        self.read = 0
        self._content = content

    def open(self, start: int = 0) -> BinaryIO:
        """The content, however long it was said to be."""
        return cast("BinaryIO", _Counted(self))

    def part(self, size: int) -> bytes:
        """The next bytes."""
        found = self._content[self.read : self.read + size]
        self.read += len(found)
        return found


class _Counted(io.RawIOBase):
    def __init__(self, source: _Claims) -> None:
        self._source = source

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1, /) -> bytes:
        assert size >= 0, "a read without a limit"
        return self._source.part(size)


def test_a_file_that_is_too_large_is_not_read() -> None:
    """Of 5 GB no more than the head is fetched, and no memory is taken for it."""
    source = _Claims(pictures.jpeg(pictures.photo(400, 300)) * 2, 5_000_000_000)
    with pytest.raises(Rejected) as caught:
        _PROCESS(source)
    assert (caught.value.code, caught.value.media_type) == ("image-too-large", "image/jpeg")
    assert "5,000 MB" in caught.value.message
    assert source.read == 4096


def test_of_what_is_no_image_only_the_head_is_read() -> None:
    """However long it is."""
    source = _Claims(b"text\n" * 10_000, 50_000)
    with pytest.raises(Rejected):
        _PROCESS(source)
    assert source.read == 4096


def test_a_stream_that_ends_too_early_is_tried_again() -> None:
    """The connection broke, not the file: that is no refusal."""
    source = _Claims(pictures.jpeg(pictures.photo(400, 300)), 10_000_000)
    with pytest.raises(EOFError, match="of 10000000 bytes"):
        _PROCESS(source)


@pytest.mark.parametrize("step", [7, 100, 4095])
def test_a_stream_that_comes_in_small_parts(step: int) -> None:
    """It is opened once and read to its end, however little each read gives."""
    content = pictures.sample("webp", 400, 300)
    source = MemorySource("a.webp", content, step)
    outcome = _PROCESS(source)
    assert source.opens == 1
    assert outcome.artifacts[0].body == outcome_of(content).artifacts[0].body


@pytest.fixture
def asked() -> Iterator[tuple[str, list[str]]]:
    """A web server on this machine: its address, and the paths that it was asked for."""
    paths: list[str] = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            paths.append(self.path)
            self.send_response(404)
            self.end_headers()

        def log_message(self, *arguments: Any) -> None:
            """Say nothing."""

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}", paths
    server.shutdown()
    thread.join()
    server.server_close()


def test_an_svg_loads_nothing(asked: tuple[str, list[str]], tmp_path: Any) -> None:
    """Neither files nor addresses that it names: the picture is as if they were not there."""
    address, paths = asked
    (tmp_path / "secret.png").write_bytes(pictures.png(pictures.flat(64, 64, (1, 2, 3))))
    links = [f"file://{tmp_path}/secret.png", f"{tmp_path}/secret.png", f"{address}/image.png"]
    inside = "".join(f'<image width="64" height="64" xlink:href="{link}" href="{link}"/>' for link in links)
    inside += f'<style>@import url("{address}/style.css"); rect {{ fill: url("{address}/fill.svg#a") }}</style>'
    inside += f'<use xlink:href="{address}/use.svg#a"/>'
    plain = outcome_of(pictures.svg(64, 64), formats=EVERY_FORMAT)
    linked = outcome_of(pictures.svg(64, 64, inside.partition("<style>")[0]), formats=EVERY_FORMAT)
    assert linked.artifacts[0].body == plain.artifacts[0].body
    outcome_of(pictures.svg(64, 64, inside), formats=EVERY_FORMAT)
    assert paths == []


_LAUGHS = "".join(f'<!ENTITY l{level} "' + f"&l{level - 1};" * 10 + '">' for level in range(1, 10))
_USES = "".join(f'<g id="g{level}">' + f'<use xlink:href="#g{level - 1}"/>' * 10 + "</g>" for level in range(1, 8))


@pytest.mark.parametrize(
    ("doctype", "inside"),
    [
        ('<!ENTITY e SYSTEM "file:///etc/passwd">', "<text>&e;</text>"),
        (f'<!ENTITY l0 "lol">{_LAUGHS}', "<text>&l9;</text>"),
        ("", f'<g id="g0"><rect width="1" height="1"/></g>{_USES}'),
    ],
    ids=["xxe", "billion laughs", "uses of uses"],
)
def test_a_hostile_svg_is_refused(doctype: str, inside: str) -> None:
    """It ends, with a reason, and nothing of this machine is in it."""
    drawing = f"<!DOCTYPE svg [{doctype}]>".encode() + pictures.svg(64, 64, inside)
    refusal = refusal_of(drawing, formats=EVERY_FORMAT)
    assert refusal.code == "image-damaged"
    assert "root:" not in refusal.message


def test_no_other_loader_can_be_reached() -> None:
    """What libvips could read besides stays shut, whatever the file says it is."""
    for content in (b"P6 2 2 255\n" + bytes(12), b"\x80*_\xd7" + bytes(100), b"%PDF-1.4\n"):
        with pytest.raises(vips.Error):
            vips.Image.new_from_buffer(cast("Any", content), "")
