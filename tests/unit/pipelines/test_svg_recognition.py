"""SVG is told by its root element: other XML and HTML may speak of it as well."""

from __future__ import annotations

import pytest

from remessa.pipelines.images.formats import recognised


@pytest.mark.parametrize(
    "head",
    [
        b'<svg xmlns="http://www.w3.org/2000/svg">',
        b'\xef\xbb\xbf\n<?xml version="1.0"?>\n<!-- a <b> --><!DOCTYPE svg PUBLIC "-//W3C" "u">\n<svg width="1"/>',
        b'<?xml version="1.0"?><!DOCTYPE svg [<!ENTITY a "b">]><s:svg xmlns:s="http://www.w3.org/2000/svg"/>',
    ],
)
def test_svg_is_recognised(head: bytes) -> None:
    """Whatever stands before its root."""
    found = recognised(head)
    assert found is not None
    assert found.name == "svg"


@pytest.mark.parametrize(
    "head",
    [
        b'<?xml version="1.0"?><html><svg></svg></html>',
        b"<!-- <svg> --><nfeProc/>",
        b"<svgx>",
        b"<!--",
        b"<!DOCTYPE [" * 300,
        b"<!-- --> " * 450 + b"<",
    ],
)
def test_what_only_speaks_of_svg_is_not(head: bytes) -> None:
    """And however it is nested or cut off, telling takes no time that grows beyond its length."""
    assert recognised(head) is None
