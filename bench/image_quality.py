"""How much of an image's structure a smaller copy keeps: SSIM against a full-resolution Lanczos resize.

Structural similarity of the luma (Wang et al., 2004, https://doi.org/10.1109/TIP.2003.819861) over uniform windows of
8 × 8 pixels at every position, from summed-area tables; 1 is identical.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

_WINDOW = 8
_C1, _C2 = (0.01 * 255) ** 2, (0.03 * 255) ** 2
"""The paper's constants, which keep flat windows from dividing by zero."""


class Original:
    """A picture at its full resolution, to compare copies with."""

    def __init__(self, path: Path) -> None:
        self._image = Image.open(path).convert("RGB")

    def likeness(self, copy: Path) -> float:
        """SSIM of a copy against this picture at the copy's dimensions."""
        image = Image.open(copy)
        reference = self._image.resize(image.size, Image.Resampling.LANCZOS)
        return ssim(_luma(reference), _luma(image.convert("RGB")))


def ssim(one: Any, other: Any) -> float:
    """Mean structural similarity of two equally large arrays of luma."""
    mean_one, mean_other = _means(one), _means(other)
    variance_one = _means(one * one) - mean_one**2
    variance_other = _means(other * other) - mean_other**2
    covariance = _means(one * other) - mean_one * mean_other
    alike = (2 * mean_one * mean_other + _C1) * (2 * covariance + _C2)
    most = (mean_one**2 + mean_other**2 + _C1) * (variance_one + variance_other + _C2)
    return float((alike / most).mean())


def _luma(image: Image.Image) -> Any:
    return np.asarray(image.convert("L"), np.float64)


def _means(values: Any) -> Any:
    """Of every window."""
    sums = np.pad(values, ((1, 0), (1, 0))).cumsum(0).cumsum(1)
    size = min(_WINDOW, *values.shape)
    windows = sums[size:, size:] - sums[:-size, size:] - sums[size:, :-size] + sums[:-size, :-size]
    return windows / size**2
