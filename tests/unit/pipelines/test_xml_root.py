"""The root element of a document, by a look at its beginning."""

from __future__ import annotations

import pytest

from remessa.pipelines.xml_root import root_name


@pytest.mark.parametrize(
    ("text", "root"),
    [
        ("<svg/>", "svg"),
        ('\ufeff\n<?xml version="1.0"?>\n<!-- a <b> -->\n<nfe:nfeProc xmlns:nfe="x">', "nfe:nfeProc"),
        ('<!DOCTYPE svg PUBLIC "-//W3C//DTD" "u"><svg a="b">', "svg"),
        ('<!DOCTYPE a [<!ENTITY b "c">\n]><a>', "a"),
        ("", None),
        ("text <a>", None),
        ("<!-- never closed <a>", None),
        ("<!DOCTYPE [" * 3000, None),
        ("<!-- --> " * 5000 + "<", None),
        ("<?x" * 9000, None),
    ],
)
def test_root_is_found(text: str, root: str | None) -> None:
    """Past whatever may stand before it, in time that grows with the text alone."""
    assert root_name(text) == root
