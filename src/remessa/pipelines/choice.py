"""Which pipeline a file belongs to, by its content; a name promises nothing."""

from __future__ import annotations

HEAD = 64 * 1024
"""Bytes from the beginning of a file that tell; fewer when the file is shorter."""


def pipeline_for(head: bytes) -> str:
    """The pipeline for a file that starts with `head`: the one that knows its format, else `files`, which takes any."""
    # Imported here: only who chooses needs them, and every function imports the module beside this one.
    from remessa.pipelines.images.formats import recognised
    from remessa.pipelines.invoices.recognition import is_invoices

    if recognised(head) is not None:
        return "images"
    return "invoices" if is_invoices(head) else "files"
