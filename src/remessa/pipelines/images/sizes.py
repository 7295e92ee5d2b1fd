"""Which outputs an image gets, and their dimensions."""

from __future__ import annotations

from dataclasses import dataclass

from remessa.settings import ImageSettings


@dataclass(frozen=True, slots=True)
class Size:
    """One output to be made."""

    name: str
    """Its bound in pixels, which is its file's name: `128`."""
    kind: str
    """First folder in the results bucket."""
    width: int
    height: int


def fit(width: int, height: int, bound: int) -> tuple[int, int]:
    """Dimensions with the same proportions whose longer side is at most `bound`; never larger, never below 1."""
    longer = max(width, height)
    if longer <= bound:
        return width, height
    return max(1, round(width * bound / longer)), max(1, round(height * bound / longer))


def plan(width: int, height: int, settings: ImageSettings) -> list[Size]:
    """Every output of an image of these dimensions, largest first.

    Each is computed from the original's dimensions: rounding from one size to the next would drift.
    """
    sizes = [Size(str(bound), "resized-images", *fit(width, height, bound)) for bound in settings.sizes]
    if max(width, height) > settings.thumbnail_over:
        sizes.append(Size(str(settings.thumbnail), "thumbnails", *fit(width, height, settings.thumbnail)))
    return sorted(sizes, key=lambda size: (size.width, size.height), reverse=True)
