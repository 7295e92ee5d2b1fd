"""What an image says of itself before anything of it is decoded, and whether we may decode it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from remessa.errors import Rejected
from remessa.pipelines.images import vips
from remessa.pipelines.images.formats import ImageFormat
from remessa.settings import ImageSettings

LONGEST_SIDE = 65_535
"""Pixels; JPEG's own limit. A row of a PNG may be 2³¹ pixels long, and rows are held in memory."""
_BITS = {"uchar": 8, "char": 8, "ushort": 16, "short": 16, "uint": 32, "int": 32, "float": 32, "double": 64}
_MOST_BYTES = 8
"""Of a pixel, on average, of what must be held whole: four channels of 16 bits."""
_PROGRESSIVE = ("jpeg-multiscan", "interlaced")
"""libvips' fields for images whose last byte may change their first pixel."""
_TURNED = (5, 6, 7, 8)
"""EXIF orientations in which width and height change places (Exif 3.0, 4.6.5.1.6)."""


@dataclass(frozen=True, slots=True)
class Header:
    """An image as its header describes it."""

    format: ImageFormat
    data: bytes | bytearray
    image: Any
    """Opened, not decoded: libvips' image, or pi-heif's."""
    width: int
    """Pixels as stored, before the orientation is applied."""
    height: int
    frames: int
    orientation: int
    """EXIF's 1 to 8; 1 is upright."""
    bit_depth: int
    colour_space: str
    has_alpha: bool
    pixel_bytes: int
    """What a pixel takes when it is decoded: 3 for most, but a TIFF may have hundreds of channels."""
    whole: bool
    """Whether it must be held in memory whole to be decoded."""
    exif: bytes | None
    profile: bytes | None
    """ICC profile."""

    @property
    def is_turned(self) -> bool:
        """Whether it is shown with width and height exchanged."""
        return self.orientation in _TURNED

    @property
    def shown(self) -> tuple[int, int]:
        """Width and height as people see it."""
        return (self.height, self.width) if self.is_turned else (self.width, self.height)


def read_header(format_: ImageFormat, data: bytes | bytearray) -> Header:
    """Open an image without decoding it; raises `Rejected` when even that cannot be done."""
    if format_.loader is None:
        from remessa.pipelines.images import heic  # imported here because only HEIC needs it, and Pillow with it

        return heic.read_header(format_, data)
    try:
        with vips.readable_errors():
            return _from_vips(format_, data, open_vips(format_, data))
    except vips.Error as error:
        raise damaged(format_, error) from error


def open_vips(format_: ImageFormat, data: bytes | bytearray, **options: Any) -> Any:
    """The image behind libvips' own loader, which decodes when its pixels are asked for, from top to bottom, once.

    Unlike the generic loader it obeys `fail_on`, so that what is damaged raises and is not filled up with grey.
    """
    load = getattr(vips.Image, f"{format_.loader}_source")
    return load(vips.Source.new_from_memory(data), access="sequential", fail_on="warning", **options)


def _from_vips(format_: ImageFormat, data: bytes | bytearray, image: Any) -> Header:
    def field(name: str, default: Any) -> Any:
        # Not by the list of all fields: some of their names come from the file, in any encoding.
        return image.get(name) if image.get_typeof(name) else default

    orientation = field("orientation", 1)
    return Header(
        format=format_,
        data=data,
        image=image,
        width=image.width,
        height=image.height,
        frames=field("n-pages", 1),
        orientation=orientation if orientation in range(1, 9) else 1,
        bit_depth=field("bits-per-sample", _BITS.get(image.format, 8)),
        colour_space=image.interpretation,
        has_alpha=bool(image.hasalpha()),
        pixel_bytes=image.bands * _BITS.get(image.format, 64) // 8,
        whole=not format_.streamed or any(field(name, 0) for name in _PROGRESSIVE),
        exif=field("exif-data", None),
        profile=field("icc-profile-data", None),
    )


def guard(header: Header, settings: ImageSettings) -> None:
    """Raise `Rejected` for an image that asks for more memory or time than we give."""
    pixels, what = header.width * header.height, f"{header.width} × {header.height} pixels"
    whole_limit = int(settings.max_whole_pixels * header.format.whole_share)
    limit = whole_limit if header.whole else settings.max_pixels
    if max(header.width, header.height) > LONGEST_SIDE:
        raise Rejected("image-too-large", f"The image has {what}; a side may have {LONGEST_SIDE:,} at most. Cut it up.")
    if pixels > limit:
        way = " when it can only be decoded whole, as here" if header.whole else ""
        message = f"The image has {what}, {pixels / 1e6:,.1f} million; {limit / 1e6:,.0f} million is the most{way}. \
Make it smaller and upload it again."
        raise Rejected("image-too-large", message)
    if header.whole and pixels * header.pixel_bytes > limit * _MOST_BYTES:
        message = (
            f"The image has {what} of {header.pixel_bytes} bytes each, too much to hold. Save it with fewer channels."
        )
        raise Rejected("image-too-large", message)
    if header.frames > settings.max_frames:
        message = f"The image has {header.frames:,} frames or pages; {settings.max_frames:,} is the most. Split it."
        raise Rejected("too-many-frames", message)


def damaged(format_: ImageFormat, error: Exception) -> Rejected:
    """What to say of an image that cannot be decoded to its end; a lack of memory is no fault of the file's.

    The decoders' own words are technical but short, and the last line is the cause.
    """
    words = str(error).strip()
    # "Out of memory reading of …" is libtiff's word for a field that claims to be longer than the file.
    lacking = "out of memory" in words.lower().replace("out of memory reading of", "")
    if lacking or isinstance(error, MemoryError):
        raise MemoryError(words) from error
    cause = words.splitlines()[-1].strip() if words else type(error).__name__
    return Rejected(
        "image-damaged",
        f"The {format_.name.upper()} is cut off or damaged ({cause[:200]}). Upload the original again.",
        media_type=format_.media_type,
    )
