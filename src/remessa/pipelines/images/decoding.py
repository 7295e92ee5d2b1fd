"""One decode: from the file to pixels as a browser shows them, no larger than the largest output.

Upright, sRGB or grey, 8 bits, alpha kept. The decoder itself shrinks where it can; each further size is made from the
one before, so that the large image is read once.
"""

from __future__ import annotations

import io
from typing import Any

from remessa.errors import Rejected
from remessa.pipelines.contract import Problem
from remessa.pipelines.images import vips
from remessa.pipelines.images.header import Header, damaged, open_vips

ENOUGH = 1.5
"""How many times the wanted size a decoder's own shrinking must leave: below it the result is visibly soft."""
_JPEG_SHRINKS = (8, 4, 2)
"""Divisors that libjpeg can decode at (https://www.libvips.org/API/current/ctor.Image.jpegload.html)."""


def decode(header: Header, width: int, height: int) -> tuple[Any, list[Problem]]:
    """The image at `width` × `height` (as shown, never larger than it is), in memory, and what was odd about it.

    Raises `Rejected` when it is damaged or in colours that nobody can name.
    """
    stored = (height, width) if header.is_turned else (width, height)
    try:
        with vips.readable_errors():
            image, problems = _in_srgb(resized(_load(header, max(stored)), *stored), header)
            if header.orientation != 1:
                image = image.copy_memory().autorot()
            return _bare(image), problems
    except vips.Error as error:
        raise damaged(header.format, error) from error


def _bare(image: Any) -> Any:
    """The pixels alone, in memory: each step would copy the forty fields that a camera's EXIF becomes.

    Of a scanner's or a satellite's further channels, which nobody can show, none are kept.
    """
    colours = 1 if image.interpretation == "b-w" else 3
    if image.bands > colours + 1:
        image = image.extract_band(0, n=colours)
    pixels = image.write_to_memory()
    plain = vips.Image.new_from_memory(pixels, image.width, image.height, image.bands, "uchar")
    return plain.copy(interpretation=image.interpretation)


def resized(image: Any, width: int, height: int) -> Any:
    """The image at exactly these dimensions, by Lanczos; with alpha, colours are weighed by it."""
    if (image.width, image.height) == (width, height):
        return image
    if image.hasalpha():
        return image.thumbnail_image(width, height=height, size="force", no_rotate=True)
    return image.resize(width / image.width, vscale=height / image.height)


def _load(header: Header, longer: int) -> Any:
    """The pixels at the smallest scale that the decoder offers and `longer`, the wanted longer side, allows."""
    if header.format.loader is None:
        from remessa.pipelines.images import heic

        return heic.decode(header)
    spare = max(header.width, header.height) / longer / ENOUGH
    if header.format.name == "jpeg":
        shrink = next((divisor for divisor in _JPEG_SHRINKS if divisor <= spare), 1)
        return open_vips(header.format, header.data, shrink=shrink) if shrink > 1 else header.image
    spare = min(spare, header.width, header.height)  # no side may shrink to nothing
    if header.format.name == "webp" and spare > 1:
        return open_vips(header.format, header.data, scale=1 / spare)
    return header.image


def _in_srgb(image: Any, header: Header) -> tuple[Any, list[Problem]]:
    if not header.profile:
        return _plain(image), []
    name = _profile_name(header.profile)
    if name is None:
        return _plain(image), [_IGNORED]
    if _is_srgb(name):
        return _plain(image), []
    try:
        return image.icc_transform("srgb", embedded=True, intent="perceptual", depth=8), []
    except vips.Error:
        return _plain(image), [_IGNORED]


_IGNORED = Problem(
    "profile-ignored", "The image's colour profile is damaged or not for such an image; sRGB was assumed."
)


def _plain(image: Any) -> Any:
    """Into 8 bits of sRGB or grey, by what the image says of its colours."""
    if image.interpretation in {"srgb", "b-w"} and image.format == "uchar":
        return image
    try:
        return image.colourspace("b-w" if image.interpretation in {"b-w", "grey16"} else "srgb")
    except vips.Error as error:
        message = f"Nobody can tell what the image's colours mean ({image.bands} channels, {image.interpretation}). \
Save it as RGB, grey or CMYK and upload it again."
        raise Rejected("colours-unknown", message) from error


def _profile_name(profile: bytes) -> str | None:
    """What a profile calls itself; None when it cannot be used, which libvips would not tell but take another one."""
    from PIL import ImageCms

    try:
        opened = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        usable = ImageCms.isIntentSupported(opened, ImageCms.Intent.PERCEPTUAL, ImageCms.Direction.INPUT) == 1
        return ImageCms.getProfileDescription(opened) if usable else None
    except (ImageCms.PyCMSError, OSError):
        return None


def _is_srgb(name: str) -> bool:
    """Whether a profile only says what is assumed without one; converting by it would cost more than decoding.

    GIMP's and others' linear profiles share sRGB's primaries and name, but not its curve.
    """
    described = name.lower()
    return "srgb" in described and not any(other in described for other in ("linear", "g10"))
