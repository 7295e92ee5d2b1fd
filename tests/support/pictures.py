"""Pictures made in code: the same ones every time, and no binary files in the repository.

The one exception is `photo.heic`, for which no encoder is a dependency: 3 kB, written once by pillow-heif 1.8.1 (x265,
quality 60) from `quarters(640, 480)`. It is stored lying on its side and turned upright by the container (`irot`), as a
phone does it, in Display P3; its EXIF tells a camera, a time with its zone, a serial number and a place.
"""

from __future__ import annotations

import random
import struct
import zlib
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from remessa.pipelines.images import vips

HEIC = Path(__file__).with_name("photo.heic").read_bytes()
CORNERS = ((200, 40, 40), (40, 160, 60), (50, 80, 190), (230, 210, 60))
"""Colours of `quarters`: top left, top right, bottom left, bottom right."""


def quarters(width: int, height: int) -> Any:
    """Four fields of plain colour: tells at a glance how a picture was turned. Both sides must be even."""
    corners = vips.Image.new_from_memory(bytes(sum(CORNERS, ())), 2, 2, 3, "uchar")
    return corners.copy(interpretation="srgb").zoom(width // 2, height // 2)


def corners(image: Any) -> tuple[tuple[int, ...], ...]:
    """The colours in the middle of a picture's four quarters, in the order of `CORNERS`."""
    columns = (image.width // 4, image.width * 3 // 4)
    rows = (image.height // 4, image.height * 3 // 4)
    return tuple(tuple(round(band) for band in image.getpoint(x, y)) for y in rows for x in columns)


def photo(width: int, height: int, seed: int = 0, cells: int = 7) -> Any:
    """Something as smooth, as colourful and as noisy as a photo, and another one for every seed."""
    numbers = random.Random(seed)
    coarse = vips.Image.new_from_memory(numbers.randbytes(cells * cells * 3), cells, cells, 3, "uchar")
    smooth = coarse.resize(width / cells, vscale=height / cells, kernel="cubic")
    grain = vips.Image.gaussnoise(width, height, sigma=3, mean=0, seed=seed)
    return (smooth + grain).cast("uchar").copy(interpretation="srgb")


def flat(width: int, height: int, colour: Sequence[int] = (90, 140, 60)) -> Any:
    """One colour: a large picture that is cheap to make."""
    return (vips.Image.black(width, height) + list(colour)).cast("uchar").copy(interpretation="srgb")


def with_alpha(image: Any) -> Any:
    """The picture, its right half transparent."""
    half = image.width // 2
    solid = vips.Image.black(half, image.height) + 255
    clear = vips.Image.black(image.width - half, image.height)
    return image.bandjoin(solid.join(clear, "horizontal").cast("uchar"))


def cmyk(image: Any) -> Any:
    """The picture as a printer wants it, without a profile: inverted colours and no black."""
    inverted = image.invert().bandjoin(vips.Image.black(image.width, image.height))
    return inverted.copy(interpretation="cmyk")


def labelled(image: Any, **blobs: bytes) -> Any:
    """The picture with fields of bytes: `exif_data`, `icc_profile_data`."""
    labelled_image = image.copy()
    for name, content in blobs.items():
        labelled_image.set_type(vips.BLOB, name.replace("_", "-"), content)
    return labelled_image


def jpeg(image: Any, **options: Any) -> bytes:
    """A JPEG, of quality 90 unless told."""
    return bytes(image.jpegsave_buffer(**{"Q": 90, **options}))


def png(image: Any, **options: Any) -> bytes:
    """A PNG."""
    return bytes(image.pngsave_buffer(**options))


def webp(image: Any, **options: Any) -> bytes:
    """A WebP, quickly made."""
    return bytes(image.webpsave_buffer(**{"Q": 90, "effort": 0, **options}))


def gif(image: Any, **options: Any) -> bytes:
    """A GIF."""
    return bytes(image.gifsave_buffer(**{"effort": 1, **options}))


def tiff(image: Any, **options: Any) -> bytes:
    """A TIFF, compressed with deflate, whose checksum tells whether it is whole."""
    return bytes(image.tiffsave_buffer(**{"compression": "deflate", **options}))


def avif(image: Any, **options: Any) -> bytes:
    """An AVIF, quickly made."""
    return bytes(image.heifsave_buffer(**{"compression": "av1", "effort": 0, "Q": 60, **options}))


def svg(width: int, height: int, inside: str = "") -> bytes:
    """The four quarters as a drawing, and whatever else is put into it."""
    fields = "".join(
        f'<rect x="{column * width // 2}" y="{row * height // 2}" width="{width // 2}" height="{height // 2}" '
        f'fill="rgb{CORNERS[row * 2 + column]}"/>'
        for row in (0, 1)
        for column in (0, 1)
    )
    start = f'<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" width="{width}" '
    return f'{start}height="{height}">{fields}{inside}</svg>'.encode()


def animated(save: Callable[..., bytes], image: Any, frames: int) -> bytes:
    """An animation whose first frame is the picture, and each further one a darker one."""
    shades = [(image * (1 - number / frames)).cast("uchar") for number in range(frames)]
    strip = vips.Image.arrayjoin(shades, across=1).copy(interpretation="srgb")
    return save(strip, page_height=image.height)


ENCODERS: dict[str, Callable[..., bytes]] = {
    "jpeg": jpeg,
    "png": png,
    "webp": webp,
    "gif": gif,
    "tiff": tiff,
    "avif": avif,
}


def sample(name: str, width: int = 96, height: int = 64) -> bytes:
    """A small, sound picture of any format of `FORMATS`, with structure in every part of it."""
    if name == "heic":
        return HEIC
    if name == "svg":
        return svg(width, height)
    return ENCODERS[name](photo(width, height, seed=11))


SAMPLES = ("jpeg", "png", "webp", "gif", "tiff", "avif", "heic", "svg")


def png_chunk(kind: bytes, content: bytes) -> bytes:
    """One chunk of a PNG, with its checksum."""
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


def png_that_claims(width: int, height: int, *more: bytes) -> bytes:
    """A PNG of a few bytes that claims to be of any size; `more` chunks come before its pixels."""
    header = png_chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
    pixels = png_chunk(b"IDAT", zlib.compress(bytes(64)))
    return b"\x89PNG\r\n\x1a\n" + header + b"".join(more) + pixels + png_chunk(b"IEND", b"")


def jpeg_that_claims(width: int, height: int, **options: Any) -> bytes:
    """A JPEG of a few bytes whose header was changed to claim any size."""
    content = bytearray(jpeg(quarters(32, 32), **options))
    [start] = [at for at in range(len(content)) if content[at] == 0xFF and content[at + 1] in {0xC0, 0xC2}][:1]
    content[start + 5 : start + 9] = struct.pack(">HH", height, width)
    return bytes(content)


def gif_that_claims(width: int, height: int) -> bytes:
    """A GIF of a few bytes whose screen and first frame claim any size."""
    size = struct.pack("<HH", width, height)
    return b"GIF89a" + size + b"\x80\0\0" + b"\0\0\0\xff\xff\xff" + b"," + bytes(4) + size + b"\0\x02\x02\x44\x01\0;"


def tiff_of_one_strip(width: int, height: int) -> bytes:
    """A black TIFF whose pixels are compressed in one piece, so that it must be unpacked in one."""
    squeeze = zlib.compressobj(1)
    strip = b"".join(squeeze.compress(bytes(width * 3)) for _ in range(height)) + squeeze.flush()
    # Tags of TIFF 6.0: dimensions, bits (8), deflate (8), RGB (2), where, samples, rows, how long; type 4 is LONG.
    fields = {256: width, 257: height, 258: 8, 259: 8, 262: 2, 273: 8, 277: 3, 278: height, 279: len(strip)}
    entries = b"".join(struct.pack("<HHII", tag, 4, 1, value) for tag, value in fields.items())
    return b"II*\0" + struct.pack("<I", 8 + len(strip)) + strip + struct.pack("<H", len(fields)) + entries + bytes(4)


def webp_that_claims(width: int, height: int) -> bytes:
    """A lossless WebP of a few bytes whose header was changed to claim any size up to 16,384."""
    content = bytearray(webp(quarters(32, 32), lossless=True, keep="none"))
    at = content.index(b"VP8L") + 9
    kept = int.from_bytes(content[at : at + 4], "little") >> 28 << 28
    content[at : at + 4] = (kept | height - 1 << 14 | width - 1).to_bytes(4, "little")
    return bytes(content)
