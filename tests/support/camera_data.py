"""What cameras write beside the pixels, and what strangers may put in its place: EXIF and ICC profiles."""

from __future__ import annotations

import struct
from collections.abc import Mapping, Sequence

# Types of a TIFF field (TIFF 6.0, section 2).
ASCII, SHORT, LONG, RATIONAL, UNDEFINED = 2, 3, 4, 5, 7
_UNITS = {ASCII: 1, SHORT: 2, LONG: 4, RATIONAL: 8, UNDEFINED: 1}
MAKE, MODEL, ORIENTATION, DATE, EXIF, GPS = 0x010F, 0x0110, 0x0112, 0x0132, 0x8769, 0x8825
TAKEN, TAKEN_OFFSET, SERIAL, LENS_SERIAL, OWNER = 0x9003, 0x9011, 0xA431, 0xA435, 0xA430

Field = tuple[int, bytes]
Directory = Mapping[int, Field]


def text(content: str | bytes) -> Field:
    """A field of text, with the zero at its end."""
    return ASCII, (content.encode("latin-1") if isinstance(content, str) else content) + b"\0"


def short(number: int) -> Field:
    """A field of one small number."""
    return SHORT, struct.pack("<H", number)


def rationals(*pairs: tuple[int, int]) -> Field:
    """A field of fractions."""
    return RATIONAL, b"".join(struct.pack("<II", *pair) for pair in pairs)


def _directory(fields: Directory, start: int) -> bytes:
    """A TIFF directory that stands at `start`, with what does not fit into its entries after it."""
    entries, heap = b"", b""
    heap_start = start + 2 + 12 * len(fields) + 4
    for tag, (kind, content) in sorted(fields.items()):
        value = content.ljust(4, b"\0")
        if len(content) > 4:
            value = struct.pack("<I", heap_start + len(heap))
            heap += content + b"\0" * (len(content) % 2)
        entries += struct.pack("<HHI", tag, kind, len(content) // _UNITS[kind]) + value
    return struct.pack("<H", len(fields)) + entries + bytes(4) + heap


def exif(main: Directory, detail: Directory | None = None, place: Directory | None = None) -> bytes:
    """An EXIF block; `detail` and `place` become its Exif and GPS directories."""
    fields = dict(main)
    parts = [(tag, part) for tag, part in ((EXIF, detail), (GPS, place)) if part is not None]
    for tag, _ in parts:
        fields[tag] = LONG, bytes(4)
    at = 8 + len(_directory(fields, 8))
    tails = b""
    for tag, part in parts:
        fields[tag] = LONG, struct.pack("<I", at + len(tails))
        tails += _directory(part, at + len(tails))
    return b"Exif\0\0II*\0\x08\0\0\0" + _directory(fields, 8) + tails


def phone(orientation: int = 3) -> bytes:
    """What a telephone writes: camera, time, place, owner and serial numbers."""
    main = {MAKE: text("Canon"), MODEL: text("Canon EOS R6"), ORIENTATION: short(orientation)}
    detail = {TAKEN: text("2026:11:20 10:15:00"), TAKEN_OFFSET: text("-03:00"), OWNER: text("MARIA-DA-SILVA")}
    detail |= {SERIAL: text("SERIAL-424242"), LENS_SERIAL: text("LENS-171717")}
    place = {1: text("S"), 2: rationals((23, 1), (33, 1), (15, 10)), 3: text("W")}
    return exif(main, detail, place | {4: rationals((46, 1), (38, 1), (225, 100))})


SECRETS = (b"MARIA-DA-SILVA", b"SERIAL-424242", b"LENS-171717", b"Exif\0\0")
"""What of `phone` must not be found in anything that is written."""


def with_exif(jpeg: bytes, block: bytes) -> bytes:
    """A JPEG with a block in its APP1 segment, whatever is in it."""
    return b"\xff\xd8\xff\xe1" + struct.pack(">H", len(block) + 2) + block + jpeg[2:]


def with_profile(jpeg: bytes, profile: bytes) -> bytes:
    """A JPEG with a profile in its APP2 segment, which encoders refuse to write when it is broken."""
    block = b"ICC_PROFILE\0\x01\x01" + profile
    return b"\xff\xd8\xff\xe2" + struct.pack(">H", len(block) + 2) + block + jpeg[2:]


# Primaries relative to D50 and gamma, as in the profiles' own tags.
_ADOBE = ((0.60974, 0.31111, 0.01947), (0.20528, 0.62567, 0.06087), (0.14919, 0.06322, 0.74457))
_P3 = ((0.51512, 0.24120, -0.00105), (0.29198, 0.69225, 0.04189), (0.15710, 0.06657, 0.78407))
_SRGB = ((0.43607, 0.22249, 0.01392), (0.38515, 0.71687, 0.09708), (0.14307, 0.06061, 0.71410))
_GAMMA = 2.19921875


def adobe_rgb() -> bytes:
    """The profile of the Adobe RGB (1998) colour space."""
    return _profile("Adobe RGB (1998)", _ADOBE, _GAMMA)


def display_p3() -> bytes:
    """Display P3, as iPhones write it, but for its curve, which is a plain gamma here."""
    return _profile("Display P3", _P3, _GAMMA)


def linear_srgb() -> bytes:
    """What GIMP attaches to images of linear precision: it says sRGB, but its curve is none of it."""
    return _profile("GIMP built-in Linear sRGB", _SRGB, 1.0)


def _profile(name: str, primaries: Sequence[Sequence[float]], gamma: float) -> bytes:
    """A matrix profile of ICC version 2 (ICC.1:2001-04, 6.3.1.2)."""
    described = name.encode() + b"\0"
    tags = {
        b"desc": b"desc" + bytes(4) + struct.pack(">I", len(described)) + described + bytes(78),
        b"cprt": b"text" + bytes(4) + b"none\0",
        b"wtpt": _xyz((0.9642, 1.0, 0.8249)),
    }
    for letter, primary in zip("rgb", primaries, strict=True):
        tags[f"{letter}XYZ".encode()] = _xyz(primary)
        tags[f"{letter}TRC".encode()] = b"curv" + bytes(4) + struct.pack(">IH", 1, round(gamma * 256)) + bytes(2)
    table, body, at = struct.pack(">I", len(tags)), b"", 128 + 4 + 12 * len(tags)
    for tag, content in tags.items():
        table += tag + struct.pack(">II", at + len(body), len(content))
        body += content + bytes(-len(content) % 4)
    head = bytes(4) + b"lcms" + bytes.fromhex("02400000") + b"mntrRGB XYZ " + bytes(12) + b"acsp" + bytes(28)
    head += struct.pack(">iii", 63190, 65536, 54061)
    whole = head.ljust(128, b"\0") + table + body
    return struct.pack(">I", len(whole)) + whole[4:]


def _xyz(values: Sequence[float]) -> bytes:
    return b"XYZ " + bytes(4) + struct.pack(">iii", *(round(value * 65536) for value in values))
