"""What tells images apart at a glance: dominant colour, placeholder, perceptual hash."""

from __future__ import annotations

from base64 import b64encode
from collections import defaultdict
from itertools import pairwise
from typing import Any

from remessa.pipelines.contract import Metadata
from remessa.pipelines.images import small

_COLUMNS, _ROWS = 18, 16
"""Grid on which all of them are computed: two by two cells of it are one of the hash's 9 × 8."""
_BACKGROUND = 255
_MARGIN = 4 * 3 * 4
"""Summed over a cell's 4 pixels and 3 channels: a step of less than 4 of 255 is noise, not structure."""


def traits(image: Any) -> Metadata:
    """Of the smallest output, in a fraction of a millisecond.

    `dominantColour` is `#rrggbb`; `placeholder` a data URI of a WebP of some hundred bytes, to be stretched to the
    image's size until it is there; `perceptualHash` 16 hex digits that copies share after resizing or recompression
    (a difference hash; near-duplicates differ in a few bits: https://www.hackerfactor.com/blog/index.php?/archives/529).
    """
    picture = image if isinstance(image, small.Picture) else small.handed_over(image)
    pixels, webp = small.grid(picture, _COLUMNS, _ROWS, _BACKGROUND)
    return {
        "dominantColour": _dominant(pixels),
        "placeholder": _data_uri(webp),
        "perceptualHash": _difference_hash(pixels),
    }


def _dominant(pixels: bytes) -> str:
    """The mean of the fullest of 512 boxes that the colours fall into."""
    boxes: defaultdict[int, list[int]] = defaultdict(list)
    for at in range(0, len(pixels), 3):
        red, green, blue = pixels[at : at + 3]
        boxes[red >> 5 << 6 | green >> 5 << 3 | blue >> 5].append(at)
    fullest = max(boxes.values(), key=len)
    return "#" + "".join(f"{sum(pixels[at + channel] for at in fullest) // len(fullest):02x}" for channel in range(3))


def _difference_hash(pixels: bytes) -> str:
    """64 bits: whether a cell is clearly brighter than its right neighbour."""
    line = _COLUMNS * 3
    bits = 0
    for row in range(0, _ROWS, 2):
        top, below = pixels[row * line : (row + 1) * line], pixels[(row + 1) * line : (row + 2) * line]
        cells = [sum(top[at : at + 6]) + sum(below[at : at + 6]) for at in range(0, line, 6)]
        for left, right in pairwise(cells):
            bits = bits << 1 | (left > right + _MARGIN)
    return f"{bits:016x}"


def _data_uri(webp: bytes) -> str:
    return f"data:image/webp;base64,{b64encode(webp).decode()}"
