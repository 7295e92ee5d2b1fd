"""What a camera wrote into a photo, as far as it is safe to keep: when, with what, and if asked for, where."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any

from remessa.pipelines.contract import Metadata

# Tags and directories of Exif 3.0 (CIPA DC-008-2023), 4.6.
_MAKE, _MODEL, _DATE = 0x010F, 0x0110, 0x0132
_EXIF_DIRECTORY, _GPS_DIRECTORY = 0x8769, 0x8825
_TAKEN, _TAKEN_OFFSET = 0x9003, 0x9011
_LATITUDE_SIDE, _LATITUDE, _LONGITUDE_SIDE, _LONGITUDE = 1, 2, 3, 4
_LONGEST = 80
"""Characters of a camera's name."""


def read_exif(block: bytes, *, gps: bool) -> Metadata:
    """`capturedAt`, `camera` and, only if asked for, `gps`; what is missing or makes no sense is left out.

    Everything in the block was chosen by a stranger. Serial numbers, names and comments are never read. Raises
    ValueError when the block is no EXIF at all.
    """
    from PIL import Image  # imported here because only photos need it

    exif = Image.Exif()
    try:
        exif.load(block)
        detail = exif.get_ifd(_EXIF_DIRECTORY)
        place = exif.get_ifd(_GPS_DIRECTORY) if gps else {}
        found: Metadata = {
            "capturedAt": _moment(detail.get(_TAKEN) or exif.get(_DATE), detail.get(_TAKEN_OFFSET)),
            "camera": _camera(exif.get(_MAKE), exif.get(_MODEL)),
            "gps": _position(place) if place else None,
        }
    except Exception as error:  # Pillow's parser raises a dozen types for what is malformed
        raise ValueError("the EXIF block cannot be read") from error
    return {name: value for name, value in found.items() if value}


def _moment(text: Any, offset: Any) -> str | None:
    """`2026:11:20 10:15:00` as `2026-11-20T10:15:00`, with the time zone only if the camera knew it."""
    try:
        taken = datetime.strptime(str(text)[:19], "%Y:%m:%d %H:%M:%S").isoformat()
    except ValueError:
        return None
    zone = str(offset).strip("\0 ")
    return taken + zone if re.fullmatch(r"[+-](0\d|1[0-4]):[0-5]\d", zone) else taken


def _camera(make: Any, model: Any) -> str | None:
    """`Canon EOS R6`: most models repeat their maker's name, which is then told once."""
    maker, name = _clean(make), _clean(model)
    return (name if name.lower().startswith(maker.lower()) else f"{maker} {name}".strip())[:_LONGEST] or None


def _clean(text: Any) -> str:
    if not isinstance(text, str):
        return ""
    return " ".join("".join(letter if letter.isprintable() else " " for letter in text).split())


def _position(place: dict[int, Any]) -> Metadata | None:
    """Degrees as text (the table takes no floats), six decimals: a tenth of a metre."""
    latitude = _degrees(place.get(_LATITUDE), place.get(_LATITUDE_SIDE), "S", 90)
    longitude = _degrees(place.get(_LONGITUDE), place.get(_LONGITUDE_SIDE), "W", 180)
    return {"latitude": latitude, "longitude": longitude} if latitude and longitude else None


def _degrees(parts: Any, side: Any, negative: str, most: int) -> str | None:
    if not isinstance(parts, tuple) or len(parts) != 3:
        return None
    degrees = float(parts[0]) + float(parts[1]) / 60 + float(parts[2]) / 3600
    if not 0 <= degrees <= most:  # also false for a NaN, which 0/0 becomes
        return None
    return f"{-degrees if str(side).startswith(negative) else degrees:.6f}"
