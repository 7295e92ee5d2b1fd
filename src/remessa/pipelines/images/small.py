"""Small pictures by Pillow: below half a megapixel, libvips takes longer to set up each step than to do it.

Decoding stays libvips': Pillow does not tell of damage that libjpeg works around.
"""

from __future__ import annotations

import io
from typing import Any

# Without these, Pillow looks for every format there is when it saves for the first time.
from PIL import Image, JpegImagePlugin, WebPImagePlugin

LONGEST_SIDE = 512
"""Pixels up to which this is the faster way."""
_MODES = {1: "L", 2: "LA", 3: "RGB", 4: "RGBA"}

Picture = Image.Image


def handed_over(image: Any) -> Picture:
    """A picture of libvips' as one of Pillow's; it has 8 bits and at most an alpha channel besides its colours."""
    mode = _MODES[image.bands]
    return Image.frombuffer(mode, (image.width, image.height), image.write_to_memory(), "raw", mode, 0, 1)


def resized(picture: Picture, width: int, height: int) -> Picture:
    """The picture at exactly these dimensions, by Lanczos; with alpha, colours are weighed by it."""
    return picture.resize((width, height), Image.Resampling.LANCZOS, reducing_gap=2.0)


def jpeg(picture: Picture, quality: int) -> bytes:
    """The picture, which has no alpha, as a JPEG that holds nothing else."""
    stream = io.BytesIO()
    picture.save(stream, JpegImagePlugin.JpegImageFile.format, quality=quality)
    return stream.getvalue()


def grid(picture: Picture, columns: int, rows: int, background: int) -> tuple[bytes, bytes]:
    """The picture on a coarse grid: bytes of red, green and blue, and a WebP. What is transparent is `background`."""
    if picture.mode in {"LA", "RGBA"}:
        opaque = Image.new("RGBA", picture.size, (background, background, background, 255))
        opaque.alpha_composite(picture.convert("RGBA"))
        picture = opaque
    coarse = picture.resize((columns, rows), Image.Resampling.BOX).convert("RGB")
    stream = io.BytesIO()
    coarse.save(stream, WebPImagePlugin.WebPImageFile.format, quality=30, method=0)
    return coarse.tobytes(), stream.getvalue()
