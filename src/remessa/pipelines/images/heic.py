"""HEIC, as iPhones make it: what libvips cannot decode, read with pi-heif (libheif and libde265, decoders only)."""

from __future__ import annotations

from typing import Any

import pi_heif

from remessa.pipelines.images import vips
from remessa.pipelines.images.formats import ImageFormat
from remessa.pipelines.images.header import Header, damaged
from remessa.pipelines.images.heic_names import check_names

# As for libvips: a function works on several files at once.
pi_heif.options.DECODE_THREADS = 1
# Only the photo itself is wanted, and what is not parsed cannot do harm.
pi_heif.options.THUMBNAILS = pi_heif.options.DEPTH_IMAGES = pi_heif.options.AUX_IMAGES = False

_MODES = {"L": ("b-w", 1), "LA": ("b-w", 2), "RGB": ("srgb", 3), "RGBA": ("srgb", 4)}


def read_header(format_: ImageFormat, data: bytes | bytearray) -> Header:
    """Open a HEIC image without decoding it; raises `Rejected` when that cannot be done."""
    try:
        check_names(data)
        heif = pi_heif.open_heif(bytes(data))
        return _header(format_, data, heif)
    except Exception as error:  # what libheif's binding raises is not documented; whatever it is, it is the file's
        raise damaged(format_, error) from error


def _header(format_: ImageFormat, data: bytes | bytearray, heif: Any) -> Header:
    image = heif[heif.primary_index]
    return Header(
        format=format_,
        data=data,
        image=image,
        width=image.size[0],
        height=image.size[1],
        frames=len(heif),
        # libheif turns the image upright by the file's own transformations; EXIF's orientation only repeats them.
        orientation=1,
        bit_depth=image.info.get("bit_depth", 8),
        colour_space=_MODES[image.mode][0],
        has_alpha=image.has_alpha,
        pixel_bytes=_MODES[image.mode][1],
        whole=True,
        exif=image.info.get("exif"),
        profile=image.info.get("icc_profile"),
    )


def decode(header: Header) -> Any:
    """The pixels, as libvips' image; raises `Rejected` when they are damaged."""
    try:
        image = header.image
        interpretation, bands = _MODES[image.mode]
        rows = memoryview(image.data)
        width, height = image.size
        line = width * bands
        if image.stride != line:  # libheif pads each row
            rows = memoryview(b"".join(rows[at : at + line] for at in range(0, image.stride * height, image.stride)))
        pixels = vips.Image.new_from_memory(rows, width, height, bands, "uchar").copy(interpretation=interpretation)
    except Exception as error:  # as above
        raise damaged(header.format, error) from error
    if header.profile:
        pixels.set_type(vips.BLOB, "icc-profile-data", header.profile)
    return pixels
