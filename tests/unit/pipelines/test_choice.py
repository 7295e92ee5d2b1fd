"""Which pipeline a file goes to."""

from __future__ import annotations

import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from remessa.pipelines.choice import HEAD, pipeline_for
from remessa.pipelines.registry import PIPELINES


@pytest.mark.parametrize(
    "head",
    [
        b"\xff\xd8\xff\xe0\x00\x10JFIF",
        b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR",
        b"RIFF\x24\0\0\0WEBPVP8 ",
        b"GIF89a\x01\0\x01\0",
        b"II*\0\x08\0\0\0",
        b"MM\0*\0\0\0\x08",
        b"\0\0\0\x1cftypavif\0\0\0\0avifmif1miaf",
        b"\0\0\0\x18ftypheic\0\0\0\0mif1heic",
    ],
)
def test_images_go_to_images(head: bytes) -> None:
    """By their first bytes alone."""
    assert pipeline_for(head) == "images"


@pytest.mark.parametrize(
    "head",
    [b"", b"\n", b"a;b\n1;2\n", b"[1]", b"<a/>", b"%PDF-1.7", b"PK\x03\x04", b"RIFF\x24\0\0\0WAVEfmt ", b"\0" * HEAD],
)
def test_everything_else_goes_to_files(head: bytes) -> None:
    """The pipeline that takes any file, an empty one too."""
    assert pipeline_for(head) == "files"


@given(st.binary(max_size=64) | st.binary(max_size=64).map(lambda tail: b"\0\0\0\x18ftyp" + tail))
def test_any_content_has_a_pipeline(head: bytes) -> None:
    """No content makes the choice fail, and none leads to a pipeline that there is not."""
    assert pipeline_for(head) in PIPELINES


def test_choosing_needs_no_image_library() -> None:
    """The command line must not wait for libvips to load just to look at first bytes."""
    program = (
        "import sys; from remessa.pipelines.choice import pipeline_for; pipeline_for(b'x'); print(*sorted(sys.modules))"
    )
    loaded = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout.split()
    assert "remessa.pipelines.images.formats" in loaded
    assert {"pyvips", "pi_heif"}.isdisjoint(loaded)
