"""The benchmark's contestants: each makes an image's outputs in a process of its own, one image whenever it is asked.

    python -m bench.image_rivals NAME       one request a line on stdin, as JSON; one answer a line on stdout

Each imports only what it needs, so that its memory is its own. `sharp` is in `sharp/rival.mjs` and answers alike.
"""

from __future__ import annotations

import io
import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, BinaryIO, TypeAlias

SIZES = (1024, 512, 128, 64)
LARGE = 1024
"""Pixels; an image whose longer side has no more gets no output of 64."""

Maker: TypeAlias = Callable[[bytes, str, int | None], list[bytes]]
"""A file, its format and a JPEG quality (None: the contestant's own) into the outputs, largest first."""


def tutorial() -> Maker:
    """The usual way: Pillow, opened once per size, `thumbnail()`, saved with its defaults."""
    from PIL import Image

    def make(data: bytes, format_: str, quality: int | None) -> list[bytes]:
        outputs = []
        for size in _wanted(Image.open(io.BytesIO(data)).size):
            image = Image.open(io.BytesIO(data))
            image.thumbnail((size, size))
            outputs.append(_saved(image, format_, quality))
        return outputs

    return make


def good_pillow() -> Maker:
    """Pillow used well: one decode, shrunk by the decoder if it can, each size from the one before, fast encoders."""
    from PIL import Image

    encoders = {"png": {"compress_level": 2}, "webp": {"method": 2}}

    def make(data: bytes, format_: str, quality: int | None) -> list[bytes]:
        image: Image.Image = Image.open(io.BytesIO(data))
        outputs = []
        boxes = _boxes(*image.size)
        image.draft("RGB", boxes[0])
        for box in boxes:
            if image.size != box:
                image = image.resize(box, Image.Resampling.LANCZOS, reducing_gap=2.0)
            outputs.append(_saved(image, format_, quality, **encoders.get(format_, {})))
        return outputs

    return make


def _saved(image: Any, format_: str, quality: int | None, **options: int) -> bytes:
    stream = io.BytesIO()
    image.save(stream, format_.upper(), **options, **({} if quality is None else {"quality": quality}))
    return stream.getvalue()


def remessa() -> Maker:
    """The pipeline itself, from the stream to the outcome: guards, metadata, SHA-256, hashes and all outputs."""
    from dataclasses import replace

    from remessa.pipelines.images.processor import ImageProcessor
    from remessa.settings import ImageSettings

    settings = ImageSettings()

    def make(data: bytes, format_: str, quality: int | None) -> list[bytes]:
        process = ImageProcessor(settings if quality is None else replace(settings, quality=quality))
        outcome = process(_Memory(f"picture.{format_}", data))
        return [artifact.body for artifact in outcome.artifacts if isinstance(artifact.body, bytes)][: len(SIZES)]

    return make


class _Memory:
    """A source (see `remessa.pipelines.contract.Source`) that is in memory already."""

    def __init__(self, name: str, data: bytes) -> None:
        self.name = name
        self.size = len(data)
        self._data = data

    def open(self, start: int = 0) -> BinaryIO:
        return io.BytesIO(self._data[start:] if start else self._data)


def floor() -> Maker:
    """What the codecs alone cost: one decode, and the encoding of as many pixels as the outputs have; no resizing.

    JPEG by libjpeg-turbo itself, decoded at the smallest of its scales that leaves 1024 pixels; PNG and WebP decoded
    whole and encoded by libvips, with Remessa's settings.
    """
    import numpy
    import simplejpeg

    from remessa.pipelines.images import vips
    from remessa.pipelines.images.outputs import encode
    from remessa.settings import ImageSettings

    settings = ImageSettings()

    def jpeg(data: bytes, quality: int | None) -> list[bytes]:
        height, width, *_ = simplejpeg.decode_jpeg_header(data)
        wanted = _boxes(width, height)
        pixels = simplejpeg.decode_jpeg(data, min_width=wanted[0][0], min_height=wanted[0][1])
        return [
            simplejpeg.encode_jpeg(
                numpy.ascontiguousarray(pixels[:high, :wide]),
                quality=quality or settings.quality,
                colorsubsampling="420",
            )
            for wide, high in wanted
        ]

    def make(data: bytes, format_: str, quality: int | None) -> list[bytes]:
        if format_ == "jpeg":
            return jpeg(data, quality)
        load = getattr(vips.Image, f"{format_}load_buffer")
        image = load(data, access="sequential", fail_on="warning").copy_memory()
        return [encode(image.crop(0, 0, *box), format_, settings) for box in _boxes(image.width, image.height)]

    return make


def _wanted(dimensions: tuple[int, int]) -> tuple[int, ...]:
    return SIZES if max(dimensions) > LARGE else SIZES[:-1]


def _boxes(width: int, height: int) -> list[tuple[int, int]]:
    """The outputs' dimensions."""
    from remessa.pipelines.images.sizes import fit

    return [fit(width, height, size) for size in _wanted((width, height))]


MAKERS: dict[str, Callable[[], Maker]] = {
    "tutorial": tutorial,
    "good Pillow": good_pillow,
    "Remessa": remessa,
    "floor": floor,
}


def _serve(make: Maker) -> None:
    files: dict[str, bytes] = {}
    sys.stdout.write("{}\n")  # ready
    sys.stdout.flush()
    for line in sys.stdin:
        request = json.loads(line)
        path = request["path"]
        if path not in files:
            files[path] = Path(path).read_bytes()
        wall, cpu = time.perf_counter(), time.process_time()
        outputs = make(files[path], request["format"], request["quality"])
        answer = {"wall": time.perf_counter() - wall, "cpu": time.process_time() - cpu, "bytes": sum(map(len, outputs))}
        if request["into"]:
            for number, output in enumerate(outputs):
                Path(request["into"], str(number)).write_bytes(output)
        sys.stdout.write(json.dumps(answer) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    _serve(MAKERS[sys.argv[1]]())
