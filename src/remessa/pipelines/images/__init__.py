"""Pipeline `images`: every image at several sizes, and what it shows."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from remessa.pipelines.contract import Outcome, Source

if TYPE_CHECKING:
    from remessa.pipelines.images.processor import ImageProcessor


def process(source: Source) -> Outcome:
    """Process one image by the settings of the environment; see `processor.ImageProcessor`."""
    return _processor()(source)


@cache
def _processor() -> ImageProcessor:
    # Imported when first called: the command line looks into this package only to recognise formats.
    from remessa.pipelines.images.processor import ImageProcessor
    from remessa.settings import ImageSettings

    return ImageProcessor(ImageSettings.from_environment())
