"""The benchmark's pictures: made here from a seed, so that none has to be shipped and everyone measures the same.

They compress and blur as photos do: detail falls with its fineness (1/f noise), some sharp edges (ellipses), and the
noise of a sensor on top. JPEGs carry what a phone writes: camera, time and place, and an sRGB profile.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, ImageCms, ImageDraw
from PIL.TiffImagePlugin import IFDRational

_CONTRAST, _FALL, _COARSEST = 50.0, 0.62, 6
"""Levels of the coarsest detail, what is left of them at half its size, and its size: a sixth of the picture."""
_GREY, _COLOUR = 120, 0.3
"""The mean level, and the part of the contrast that red, green and blue have each of their own."""


@dataclass(frozen=True, slots=True)
class Picture:
    """One picture of the benchmark."""

    name: str
    format: str
    width: int
    height: int
    noise: float
    """Levels (of 255) by which a sensor's pixels err."""
    save: Callable[[Image.Image, Path], None]
    turns: int = 1
    """Times a round that it is processed; small ones more often, for they are done in no time."""

    @property
    def path(self) -> Path:
        """Where it is kept, once it was made."""
        return _cache() / f"{self.name.replace(' ', '-').replace('.', '').lower()}.{self.format}"

    def made(self) -> Path:
        """Its file; made the first time."""
        if not self.path.exists():
            self.path.parent.mkdir(parents=True, exist_ok=True)
            half = self.path.with_suffix(".part")
            self.save(photo(self.width, self.height, self.noise), half)
            half.rename(self.path)
        return self.path


def photo(width: int, height: int, noise: float, seed: int = 1) -> Image.Image:
    """Something like a photo; the same for the same seed."""
    random = np.random.default_rng(seed)
    shared = _fractal(width, height, random, _CONTRAST) + _GREY
    channels = [_bytes(shared + _fractal(width, height, random, _CONTRAST * _COLOUR)) for _ in range(3)]
    del shared
    image = Image.merge("RGB", [Image.fromarray(channel) for channel in channels])
    _draw_things(image, random)
    return Image.merge("RGB", [_with_noise(channel, random, noise) for channel in image.split()])


def _fractal(width: int, height: int, random: Any, contrast: float) -> Any:
    """1/f noise: from coarse to fine, each step doubles the size and adds weaker detail."""
    steps = max(0, (max(width, height) // _COARSEST).bit_length() - 1)
    field = np.zeros((2, 2), np.float32)
    for step in range(steps, -1, -1):
        size = (-(-width >> step) or 1, -(-height >> step) or 1)
        field = np.asarray(Image.fromarray(field).resize(size, Image.Resampling.BICUBIC))
        field = field + random.standard_normal(field.shape, np.float32) * np.float32(contrast)
        contrast *= _FALL
    return field


def _draw_things(image: Image.Image, random: Any) -> None:
    draw = ImageDraw.Draw(image)
    width, height = image.size
    for _ in range(60):
        x, y = random.integers(0, width), random.integers(0, height)
        across, down = random.integers(5, width // 12), random.integers(5, height // 12)
        draw.ellipse((x - across, y - down, x + across, y + down), fill=tuple(map(int, random.integers(0, 255, 3))))


def _with_noise(channel: Image.Image, random: Any, noise: float) -> Image.Image:
    values = np.asarray(channel).astype(np.float32)
    return Image.fromarray(_bytes(values + random.standard_normal(values.shape, np.float32) * np.float32(noise)))


def _bytes(values: Any) -> Any:
    return np.clip(values, 0, 255).astype(np.uint8)


def _phone_exif() -> Image.Exif:
    """Tags as in Exif 3.0; the numbers of the directories are 0x8769 (photo) and 0x8825 (GPS)."""
    exif = Image.Exif()
    exif.update({0x010F: "Remessa", 0x0110: "Remessa Bench 1", 0x0112: 1, 0x0131: "1.0", 0x0132: "2026:11:20 10:15:00"})
    exif.get_ifd(0x8769).update({0x829A: IFDRational(1, 120), 0x829D: IFDRational(18, 10), 0x8827: 64})
    exif.get_ifd(0x8769).update({0x9003: "2026:11:20 10:15:00", 0x9011: "-03:00", 0xA431: "SERIAL-12345"})
    position = (IFDRational(23), IFDRational(33), IFDRational(1))
    exif.get_ifd(0x8825).update({1: "S", 2: position, 3: "W", 4: position})
    return exif


def _phone_jpeg(quality: int) -> Callable[[Image.Image, Path], None]:
    def save(image: Image.Image, path: Path) -> None:
        profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
        image.save(path, "JPEG", quality=quality, exif=_phone_exif(), icc_profile=profile)

    return save


def _as_png(image: Image.Image, path: Path) -> None:
    image.save(path, "PNG")


def _as_webp(image: Image.Image, path: Path) -> None:
    image.save(path, "WEBP", quality=88)


def _cache() -> Path:
    """One folder per version of this file: whoever changes a picture gets a new one."""
    base = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return base / "remessa-bench" / f"pictures-{hashlib.sha256(Path(__file__).read_bytes()).hexdigest()[:8]}"


PICTURES = (
    Picture("12 MP JPEG", "jpeg", 4000, 3000, 6.0, _phone_jpeg(93)),
    Picture("48 MP JPEG", "jpeg", 8000, 6000, 6.0, _phone_jpeg(90)),
    Picture("4 MP PNG", "png", 2400, 1700, 2.5, _as_png),
    Picture("4 MP WebP", "webp", 2400, 1700, 2.5, _as_webp),
    Picture("0.3 MP JPEG", "jpeg", 640, 480, 3.0, _phone_jpeg(85), turns=12),
)
