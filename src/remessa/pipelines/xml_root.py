"""What kind of XML document a text is, by the name of its root element; nothing is parsed or resolved for it."""

from __future__ import annotations

import re

_PROLOGUE = (("<?", "?>"), ("<!--", "-->"), ("<!DOCTYPE", ">"))
"""What may stand before the root element, and its end: https://www.w3.org/TR/xml/#sec-prolog-dtd."""
_TAG = re.compile(r"<([^\s/>!?]+)")


def root_name(text: str) -> str | None:
    """The root element's name as the document spells it, with its prefix; None when there is none in this text.

    Each step passes over what it has seen: a pattern for all of it would try every way to split a hostile text.
    """
    rest = text.removeprefix("\ufeff").lstrip()
    while end := next((end for start, end in _PROLOGUE if rest.startswith(start)), None):
        if end == ">" and "[" in rest.partition(">")[0]:
            end = "]>"  # declarations of its own
        rest = rest.partition(end)[2].lstrip()
    root = _TAG.match(rest)
    return root[1] if root else None
