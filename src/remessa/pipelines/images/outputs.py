"""Pixels into files: without EXIF, profile or comment, whatever the source held."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from remessa.pipelines.images import small
from remessa.pipelines.images.decoding import resized
from remessa.pipelines.images.formats import ImageFormat
from remessa.settings import ImageSettings

MEDIA_TYPES = {"jpg": "image/jpeg", "png": "image/png", "webp": "image/webp"}
_WHITE = [255, 255, 255]


def output_suffix(format_: ImageFormat, settings: ImageSettings, *, has_alpha: bool) -> str:
    """What an image is written as: `jpg`, `png` or `webp`. JPEG knows no transparency, so `same` avoids it there."""
    chosen = format_.output if settings.output == "same" else settings.output
    if chosen == "jpeg":
        return "png" if has_alpha and settings.output == "same" else "jpg"
    return chosen


def prepared(image: Any, suffix: str) -> Any:
    """What is transparent becomes white where the format cannot keep it."""
    return image.flatten(background=_WHITE[: image.bands - 1]) if suffix == "jpg" and image.hasalpha() else image


def scaled(image: Any, suffix: str, width: int, height: int) -> Any:
    """The next smaller size, in memory: libvips' picture, or Pillow's once that is the faster way."""
    if isinstance(image, small.Picture):
        return small.resized(image, width, height)
    made = resized(image, width, height).copy_memory()
    return small.handed_over(made) if suffix == "jpg" and max(width, height) <= small.LONGEST_SIDE else made


def encode(image: Any, suffix: str, settings: ImageSettings) -> bytes:
    """One output's bytes, of an image that was `prepared` and `scaled`."""
    encoded: bytes = _ENCODERS[suffix](image, settings)
    return encoded


def _jpeg(image: Any, settings: ImageSettings) -> Any:
    if isinstance(image, small.Picture):
        return small.jpeg(image, settings.quality)
    return image.jpegsave_buffer(Q=settings.quality, keep="none")


def _png(image: Any, _settings: ImageSettings) -> Any:
    # For photos the filter halves the size; beyond level 2, zlib-ng takes longer for 0.5 %.
    return image.pngsave_buffer(compression=2, filter="sub", keep="none")


def _webp(image: Any, settings: ImageSettings) -> Any:
    # Effort 3 and 4 take two and a half times as long for 6 % of the size.
    return image.webpsave_buffer(Q=settings.quality, effort=2, keep="none")


_ENCODERS: dict[str, Callable[[Any, ImageSettings], Any]] = {"jpg": _jpeg, "png": _png, "webp": _webp}
