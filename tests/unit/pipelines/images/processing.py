"""Runs the pipeline `images` on content in memory, and looks at what it made."""

from __future__ import annotations

from typing import Any

import pytest
from unit.pipelines.memory_source import MemorySource

from remessa.errors import Rejected
from remessa.pipelines.contract import Outcome
from remessa.pipelines.images import vips
from remessa.pipelines.images.processor import ImageProcessor
from remessa.settings import ImageSettings

EVERY_FORMAT = (*ImageSettings().formats, "svg")
_LOADERS = {"jpg": "jpegload_buffer", "png": "pngload_buffer", "webp": "webpload_buffer"}


def outcome_of(content: bytes, name: str = "picture", **settings: Any) -> Outcome:
    """What the pipeline makes of it, with settings other than the default."""
    return ImageProcessor(ImageSettings(**settings))(MemorySource(name, content))


def refusal_of(content: bytes, name: str = "picture", **settings: Any) -> Rejected:
    """Why the pipeline refuses it."""
    with pytest.raises(Rejected) as caught:
        outcome_of(content, name, **settings)
    return caught.value


def output(outcome: Outcome, bound: int = 1024) -> Any:
    """The output with this bound, decoded."""
    [artifact] = [one for one in outcome.artifacts if one.name.partition(".")[0] == str(bound)]
    assert isinstance(artifact.body, bytes)
    return decoded(artifact.name, artifact.body)


def decoded(name: str, body: bytes) -> Any:
    """A written picture, to its last pixel."""
    return getattr(vips.Image, _LOADERS[name.rpartition(".")[2]])(body, fail_on="warning").copy_memory()


def differs(one: Any, other: Any) -> float:
    """The mean difference of two pictures of one size, of 255."""
    assert (one.width, one.height, one.bands) == (other.width, other.height, other.bands)
    return float((one - other).abs().avg())


def near(found: Any, expected: Any, tolerance: int = 6) -> bool:
    """Whether colours (or rows of them) are alike but for what compression does."""
    if isinstance(found, int | float):
        return bool(abs(found - expected) <= tolerance)
    return len(found) == len(expected) and all(near(*pair, tolerance) for pair in zip(found, expected, strict=True))
