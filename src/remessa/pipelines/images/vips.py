"""libvips, set up once: only loaders that we chose, nothing cached, one thread an image.

Import pyvips from here and nowhere else, so that it never runs with its defaults.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

# Before libvips starts. A function works on several files at once: threads within one would only get in their way.
os.environ.setdefault("VIPS_CONCURRENCY", "1")

import pyvips

from remessa.pipelines.images.formats import FORMATS

# Operations are never repeated on the same input, so their cache would only hold memory.
pyvips.cache_set_max(0)
# What a stranger sends reaches no loader but those of FORMATS; all others, with their libraries' faults, stay shut.
# https://www.libvips.org/API/current/func.block_untrusted_set.html
pyvips.operation_block_set("VipsForeignLoad", True)  # noqa: FBT003  as pyvips has it
for _format in FORMATS:
    if _format.block:
        pyvips.operation_block_set(_format.block, False)  # noqa: FBT003

Image = pyvips.Image
Source = pyvips.Source
Error = pyvips.Error
BLOB = pyvips.GValue.blob_type
"""Type of a metadata field that holds bytes."""


@contextmanager
def readable_errors() -> Iterator[None]:
    """Makes an Error of one that pyvips cannot read, for some decoders quote the file's own bytes.

    libvips keeps its words until they were read: without this, every later error of the process would fail likewise.
    """
    try:
        yield
    except UnicodeDecodeError as error:
        pyvips.vips_lib.vips_error_clear()
        raise Error("what is in it is not even text") from error


__all__ = ["BLOB", "Error", "Image", "Source", "readable_errors"]
