"""Encodings and lines: the same bytes mean the same however they are cut."""

from __future__ import annotations

import codecs
import re
from itertools import chain

import pytest
from hypothesis import given
from hypothesis import strategies as st
from unit.pipelines.memory_source import outcome_of

from remessa.pipelines.files.encoding import NotText, TextDecoder, detect_encoding
from remessa.pipelines.files.lines import Place, whole_lines

PORTUGUESE = "São João; Ação nº 7, 1.234,56 €\r\n"
_TEXT = st.text(alphabet=st.characters(exclude_categories=("Cs", "Cc")) | st.sampled_from("\n\r\t"), max_size=60)
_CUTS = st.lists(st.integers(0, 200), max_size=6).map(sorted)


def _pieces(content: bytes, cuts: list[int]) -> list[bytes]:
    ends = [*cuts, len(content)]
    return [content[start:end] for start, end in zip([0, *cuts], ends, strict=True)]


def _decoded(pieces: list[bytes]) -> tuple[str, str]:
    decoder = TextDecoder(detect_encoding(b"".join(pieces)))
    text = "".join([decoder.feed(piece) for piece in pieces]) + decoder.feed(b"", final=True)
    return decoder.encoding, text


@pytest.mark.parametrize(
    ("content", "encoding"),
    [
        (PORTUGUESE.encode(), "utf-8"),
        (PORTUGUESE.encode("utf-8-sig"), "utf-8-sig"),
        (codecs.BOM_UTF16_LE + PORTUGUESE.encode("utf-16-le"), "utf-16-le"),
        (codecs.BOM_UTF16_BE + PORTUGUESE.encode("utf-16-be"), "utf-16-be"),
        (PORTUGUESE.encode("utf-16-le"), "utf-16-le"),
        (PORTUGUESE.encode("utf-16-be"), "utf-16-be"),
        (PORTUGUESE.encode("cp1252"), "cp1252"),
    ],
)
def test_portuguese_is_read_in_every_encoding(content: bytes, encoding: str) -> None:
    """A text with accents comes back whole from each encoding that is known, even byte by byte."""
    assert _decoded([content]) == (encoding, PORTUGUESE)
    assert _decoded([bytes([byte]) for byte in content]) == (encoding, PORTUGUESE)


@given(_TEXT.filter(lambda text: not text.startswith("\ufeff")), st.sampled_from(["utf-8", "utf-8-sig"]), _CUTS)
def test_utf8_comes_back(text: str, encoding: str, cuts: list[int]) -> None:
    """Any text survives UTF-8, cut anywhere."""
    assert _decoded(_pieces(text.encode(encoding), cuts))[1] == text


@given(_TEXT, st.sampled_from([codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE]), _CUTS)
def test_utf16_comes_back(text: str, bom: bytes, cuts: list[int]) -> None:
    """Any text survives UTF-16 with its mark, cut anywhere."""
    name = "utf-16-le" if bom == codecs.BOM_UTF16_LE else "utf-16-be"
    assert _decoded(_pieces(bom + text.encode(name), cuts)) == (name, text)


@given(st.integers(0, 300), _CUTS)
def test_the_switch_to_cp1252_is_exact(lead: int, cuts: list[int]) -> None:
    """What is read before the first byte that is not UTF-8 stays, and all after it is cp1252, cut anywhere."""
    content = b"x" * lead + PORTUGUESE.encode("cp1252")
    assert _decoded(_pieces(content, cuts)) == ("cp1252", "x" * lead + PORTUGUESE)


def test_a_late_accent_changes_the_encoding_and_no_count() -> None:
    """A file that is ASCII for megabytes and then cp1252 is cp1252, with all of its rows."""
    outcome = outcome_of("a.csv", b"id;nome\n" + b"1;Joao\n" * 400_000 + "2;João\n".encode("cp1252"))
    assert outcome.metadata["encoding"] == "cp1252"
    assert outcome.metadata["rowCount"] == 400_001
    assert outcome.metadata["lineCount"] == 400_002


@pytest.mark.parametrize(
    ("content", "offset"),
    [(b"ab\0", 2), (b"ab\x01", 2), (codecs.BOM_UTF16_LE + b"a\0\0\0", 4), (codecs.BOM_UTF16_LE + b"a\0b", 4)],
)
def test_control_characters_are_no_text(content: bytes, offset: int) -> None:
    """NULs and other control characters, and half a UTF-16 unit, are reported at their byte."""
    with pytest.raises(NotText) as caught:
        _decoded([content])
    assert caught.value.offset == offset
    with pytest.raises(NotText) as caught:
        _decoded([bytes([byte]) for byte in content])
    assert caught.value.offset == offset


@given(st.lists(st.text(alphabet="a\r\n", max_size=6), max_size=6))
def test_lines_end_at_any_line_end(pieces: list[str]) -> None:
    r"""`\n`, `\r\n` and a lone `\r` end a line, and a last line without an end counts, cut anywhere."""
    text = "".join(pieces)
    expected = re.findall(r"[^\r\n]*(?:\r\n|\r|\n)|[^\r\n]+$", text)
    place = Place()
    for piece in pieces:
        place.advance(piece)
    assert place.line_count == len(expected)
    assert list(chain.from_iterable(whole_lines(pieces, 100))) == expected


def test_an_overlong_line_is_cut_and_the_next_is_whole() -> None:
    """Of an overlong line only a bounded part is kept, and the lines around it come whole."""
    lines = list(chain.from_iterable(whole_lines(["a\n", "xxxx", *["yyyyy"] * 100, "z\r", "\nb\n"], 10)))
    assert lines[0] == "a\n"
    assert lines[2:] == ["b\n"]
    assert 10 < len(lines[1]) < 30
    assert lines[1].endswith("\r\n")
