"""How much memory an image takes at most, measured in processes of their own, with the template's environment."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from support import pictures

ROOT = Path(__file__).parents[2]
_TEMPLATE = (ROOT / "template.yaml").read_text(encoding="utf-8").partition("  ImagesFunction:")[2]
_ENVIRONMENT = {"MALLOC_ARENA_MAX": re.findall(r'MALLOC_ARENA_MAX: "(\d+)"', _TEMPLATE)[0]}
_MEGABYTES = int(re.findall(r"MemorySize: (\d+)", _TEMPLATE)[0])
_AT_ONCE = int(re.findall(r'FILES_AT_ONCE: "(\d+)"', _TEMPLATE)[0])
_TARGET = 120
"""Megabytes for 48 million pixels, of issue 4."""

_RUN = """
import sys
from pathlib import Path
from remessa.pipelines.images import process

class Source:
    def __init__(self, path):
        self.name, self.size, self.open = path.name, path.stat().st_size, lambda start=0: path.open("rb")

outcome = process(Source(Path(sys.argv[1])))
assert len(outcome.artifacts) == 4
"""
_BASE = """
import boto3
import remessa.functions.arrivals, remessa.pipelines.images.processor, remessa.pipelines.images.heic
for service in ("s3", "dynamodb", "sqs"):
    boto3.client(service, region_name="us-east-1")
"""
_PEAK = """
print([line for line in open("/proc/self/status") if line.startswith("VmHWM:")][0].split()[1])
"""


def _peak(code: str, *arguments: str) -> float:
    """The most memory that a fresh interpreter holds while it runs `code`, in millions of bytes."""
    done = subprocess.run(
        [sys.executable, "-c", code + _PEAK, *arguments],
        env=_ENVIRONMENT,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
        cwd=ROOT,
    )
    assert done.returncode == 0, done.stderr
    return int(done.stdout) * 1024 / 1e6


def _image_peak(folder: Path, content: bytes) -> float:
    path = folder / "picture"
    path.write_bytes(content)
    return _peak(_RUN, str(path))


def test_48_megapixels_of_a_jpeg(tmp_path: Path) -> None:
    """A photo of a good telephone, interpreter and libraries included, stays below the target."""
    peak = _image_peak(tmp_path, pictures.jpeg(pictures.flat(8000, 6000)))
    print(f"48 MP JPEG: {peak:.0f} MB")  # noqa: T201  shown with -rP, for whoever wants the figures
    assert 20 < peak < _TARGET


def _deep(image: Any) -> Any:
    return (image.cast("ushort") * 257).cast("ushort").copy(interpretation="rgb16")


_WORST: dict[str, Callable[[], bytes]] = {
    "100 MP JPEG": lambda: pictures.jpeg(pictures.flat(10_000, 10_000)),
    "100 MP PNG": lambda: pictures.png(pictures.flat(10_000, 10_000), compression=1),
    "40 MP progressive JPEG": lambda: pictures.jpeg(pictures.flat(8000, 5000), interlace=True),
    "40 MP progressive CMYK": lambda: pictures.jpeg(pictures.cmyk(pictures.flat(8000, 5000)), interlace=True),
    "40 MP interlaced PNG, 16 bits": lambda: pictures.png(
        _deep(pictures.with_alpha(pictures.flat(8000, 5000))), compression=1, interlace=True
    ),
    "40 MP WebP": lambda: pictures.webp(pictures.with_alpha(pictures.flat(8000, 5000))),
    "40 MP lossless WebP": lambda: pictures.webp(pictures.flat(8000, 5000), lossless=True),
    "40 MP GIF": lambda: pictures.gif(pictures.flat(8000, 5000)),
    "40 MP TIFF of one strip": lambda: pictures.tiff_of_one_strip(8000, 5000),
    "24 MP AVIF": lambda: pictures.avif(pictures.flat(6000, 4000)),
    "24 MP AVIF, 12 bits with alpha": lambda: pictures.avif(
        _deep(pictures.with_alpha(pictures.flat(6000, 4000))), bitdepth=12
    ),
}


@pytest.mark.parametrize("name", _WORST)
def test_the_worst_that_is_allowed_fits(name: str, tmp_path: Path) -> None:
    """As many of them as the function works on at once, beside what it holds anyway."""
    base = _peak(_BASE)
    peak = _image_peak(tmp_path, _WORST[name]())
    room = (_MEGABYTES * 1.048576 - base) / _AT_ONCE
    print(f"{name}: {peak:.0f} MB of {room:.0f} MB; base {base:.0f} MB")  # noqa: T201  as above
    assert 20 < peak < room
