"""The image formats there are: how each is recognised, loaded and bounded. A new one takes an entry here and a test."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from remessa.pipelines.xml_root import root_name

HEAD = 4096
"""Bytes by which a format is recognised; only SVG needs more than twelve of them."""

_BRANDS = {b"avif": "avif", b"avis": "avif"} | dict.fromkeys(
    (b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx"), "heic"
)
"""Major brands of HEIF files, by what compresses them (ISO/IEC 23008-12, annex B; AV1 Image File Format, section 6)."""
_GENERIC_BRANDS = (b"mif1", b"msf1")
"""Say only that it is HEIF; the brands it is compatible with tell the rest."""


@dataclass(frozen=True, slots=True)
class ImageFormat:
    """One format of images that may arrive."""

    name: str
    """As the setting IMAGE_FORMATS and the record's metadata spell it."""
    media_type: str
    suffixes: tuple[str, ...]
    """Extensions that promise it, in lower case."""
    matches: Callable[[bytes], bool]
    """Whether a file that starts so is of this format."""
    loader: str | None = None
    """libvips' loader: `jpegload` is called as `jpegload_source`. None for what libvips cannot decode (see `heic`)."""
    block: str | None = None
    """libvips' class of loaders that `loader` belongs to; all others are blocked."""
    streamed: bool = False
    """Whether its rows are decoded one after another, so that memory does not grow with height."""
    whole_share: float = 1.0
    """How much of the limit for images that are held whole it may use: less where the decoder itself needs memory."""
    output: str = "jpeg"
    """What `IMAGE_OUTPUT=same` writes: the same format where every browser shows it, else JPEG (PNG with alpha)."""


def _heif(compression: str) -> Callable[[bytes], bool]:
    def matches(head: bytes) -> bool:
        if head[4:8] != b"ftyp":
            return False
        end = min(int.from_bytes(head[:4], "big"), len(head))
        brands = [head[8:12]] + [head[at : at + 4] for at in range(16, end - 3, 4)]
        if brands[0] in _GENERIC_BRANDS:
            return next((_BRANDS[brand] for brand in brands if brand in _BRANDS), None) == compression
        return _BRANDS.get(brands[0]) == compression

    return matches


def _svg(head: bytes) -> bool:
    root = root_name(head.removeprefix(b"\xef\xbb\xbf").decode("latin-1"))
    return root is not None and root.rpartition(":")[2] == "svg"


FORMATS = (
    ImageFormat(
        "jpeg",
        "image/jpeg",
        ("jpg", "jpeg", "jpe", "jfif"),
        lambda head: head.startswith(b"\xff\xd8\xff"),
        "jpegload",
        "VipsForeignLoadJpeg",
        streamed=True,
    ),
    ImageFormat(
        "png",
        "image/png",
        ("png", "apng"),
        lambda head: head.startswith(b"\x89PNG\r\n\x1a\n"),
        "pngload",
        "VipsForeignLoadPng",
        streamed=True,
        output="png",
    ),
    ImageFormat(
        "webp",
        "image/webp",
        ("webp",),
        lambda head: head[:4] == b"RIFF" and head[8:12] == b"WEBP",
        "webpload",
        "VipsForeignLoadWebp",
        output="webp",
    ),
    ImageFormat(
        "gif",
        "image/gif",
        ("gif",),
        lambda head: head.startswith((b"GIF87a", b"GIF89a")),
        "gifload",
        "VipsForeignLoadNsgif",
        output="png",
    ),
    ImageFormat(
        "tiff",
        "image/tiff",
        ("tif", "tiff"),
        lambda head: head.startswith((b"II*\x00", b"MM\x00*", b"II+\x00", b"MM\x00+")),
        "tiffload",
        "VipsForeignLoadTiff",
    ),
    ImageFormat("avif", "image/avif", ("avif",), _heif("avif"), "heifload", "VipsForeignLoadHeif", whole_share=0.6),
    ImageFormat("heic", "image/heic", ("heic", "heif", "hif"), _heif("heic")),
    ImageFormat("svg", "image/svg+xml", ("svg",), _svg, "svgload", "VipsForeignLoadSvg", output="png"),
)
"""Every format that can be read; the setting IMAGE_FORMATS says which are."""


def recognised(head: bytes) -> ImageFormat | None:
    """The format of a file that starts with `head`, whatever its name says; None when it is no image we know."""
    return next((known for known in FORMATS if known.matches(head)), None)
