"""JSON, NDJSON and XML: what is counted, where they break, and what is refused."""

from __future__ import annotations

import json

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from unit.pipelines.memory_source import MemorySource, outcome_of

from remessa.errors import Rejected
from remessa.pipelines.files import json_check, process


@pytest.mark.parametrize(
    ("text", "shape", "items"),
    [
        ("[]", "array", 0),
        ('[1, "a", null, true, [2, 3], {"a": [4]}]', "array", 6),
        ('{"a": {"b": 1}, "c": [1, 2]}', "object", 2),
        ('"text"', "string", None),
        ("12345678901234567890123456789012345678901234", "number", None),
        ("1" * 5000, "number", None),
        ("[" + "1" * 100_000 + "]", "array", 1),
        ("1e400", "number", None),
        ("true", "boolean", None),
        ("null", "null", None),
        ('"\\ud800"', "string", None),
        ("[" * 500 + "]" * 500, "array", 1),
    ],
)
def test_json_is_described(text: str, shape: str, items: int | None) -> None:
    """Shape and items of sound JSON, with numbers of any length, also when it comes byte by byte."""
    metadata = outcome_of("a.json", text, step=1 if len(text) < 100 else 4099).metadata
    assert (metadata["jsonShape"], metadata.get("itemCount")) == (shape, items)


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "cp1252"])
def test_json_is_read_in_other_encodings(encoding: str) -> None:
    """JSON from Windows programs is read, and its encoding told."""
    assert outcome_of("a.json", '["ação"]'.encode(encoding)).metadata["itemCount"] == 1


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("[1,]", "line 1, column 4"),
        ('{"a": 1,\r\n "b" 2}', "line 2, column 7"),
        ("[1, 2", "line 1, column 6"),
        ("   ", "line 1, column 4"),
        ("[1]\n x", "line 2, column 2"),
        ("[NaN]", "line 1, column 2"),
        ("[1]\f", "line 1, column 4"),
        ('["é", "a\tb"]', "line 1, column 9"),
        ('[1]"', "line 1, column 5"),
        ('[1]"\\', "line 1, column 6"),
        ('"a""', "line 1, column 5"),
        ("[" + "1,\n" * 300_000 + "}", "line 300001, column 1"),
    ],
)
def test_broken_json_is_refused_with_its_place(text: str, place: str) -> None:
    """The message tells line and column, for which the file is opened once more and no oftener."""
    source = MemorySource("a.json", text.encode(), step=50_001)
    with pytest.raises(Rejected, match=place) as caught:
        process(source)
    assert caught.value.code == "json-invalid"
    assert source.opens == 2
    assert caught.value.metadata["format"] == "json"


@pytest.mark.parametrize(
    ("text", "code", "place"),
    [
        ("[" * 1_000_000, "json-too-deep", "line 1, column 501"),
        ('{"a":' * 1000, "json-too-deep", "line 1, column 2501"),
        ("[1e9999999999999999999999]", "json-number-too-large", "line 1, column 26"),
        ('["\\udc00"]', "json-lone-surrogate", "line 1, column 9"),
        ('["' + "x" * 9_000_000 + '"]', "json-value-too-long", "line 1"),
    ],
)
def test_json_beyond_the_limits_is_refused(text: str, code: str, place: str) -> None:
    """Nesting, exponents and values beyond the limits end in a refusal and not in a crash."""
    with pytest.raises(Rejected, match=place) as caught:
        outcome_of("a.json", text)
    assert caught.value.code == code


def test_an_error_inside_a_long_string_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """The place of an error after megabytes of one string is exact."""
    with pytest.raises(Rejected, match=r"line 2, column 2000002\.") as caught:
        outcome_of("a.json", '[\n"' + "x" * 2_000_000 + "\n")
    assert caught.value.code == "json-invalid"
    assert "xxx" not in caught.value.message
    monkeypatch.setattr(json_check, "_STEPS", (1,))
    with pytest.raises(Rejected, match=r"line 2, column 20002\."):
        outcome_of("a.json", '[\n"' + "x" * 20_000 + "\n")


_JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**9), 10**9)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=3), inner, max_size=4),
    max_leaves=8,
)


def _refuse(name: str) -> None:
    raise ValueError(name)


@given(
    _JSON, st.integers(0, 80), st.sampled_from(["", "x", ",", "]", "}", '"', "0", "-", "\\", "\f", "\n", " ", "1e5"])
)
def test_json_is_valid_where_the_json_module_says_so(value: object, at: int, mutation: str) -> None:
    """On documents with one change, the verdict and the number of items agree with the standard library."""
    text = json.dumps(value)
    text = text[:at] + mutation + text[at + 1 :]
    assume(text and not text.startswith("\ufeff") and "\\ud" not in text)  # half characters: tested apart
    try:
        expected = json.loads(text, parse_constant=_refuse)
    except ValueError:
        with pytest.raises(Rejected):
            outcome_of("a.json", text)
        return
    metadata = outcome_of("a.json", text).metadata
    if isinstance(expected, list):
        assert metadata["itemCount"] == len(expected)


@pytest.mark.parametrize("end", ["\n", "\r\n", "\n\n"])
def test_ndjson_is_counted(end: str) -> None:
    """Values are counted, blank lines are not."""
    text = end.join(['{"a": 1}', "[2]", "3", "9" * 5000])
    assert outcome_of("a.ndjson", text).metadata["itemCount"] == 4


@pytest.mark.parametrize(
    ("text", "code", "place"),
    [
        ('{"a": 1}\n{"a": }\n', "ndjson-invalid", "line 2, column 7"),
        ('{"a": 1}\n{"a": 1} {"a": 2}\n', "ndjson-invalid", "line 2, column 10"),
        ("1\nNaN\n", "ndjson-invalid", "Line 2"),
        ("1\n" + "[" * 100_000, "json-too-deep", "line 2"),
        ("1\n" + "1" * 5_000_000, "ndjson-line-too-long", "Line 2"),
    ],
)
def test_broken_ndjson_is_refused_with_its_line(text: str, code: str, place: str) -> None:
    """The first line that is not one sound value is named."""
    with pytest.raises(Rejected, match=place) as caught:
        outcome_of("a.jsonl", text)
    assert caught.value.code == code


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "iso-8859-1", "windows-1252"])
def test_xml_is_described(encoding: str) -> None:
    """Root, namespace and elements of XML in any encoding that it declares."""
    text = f'<?xml version="1.0" encoding="{encoding}"?>\n<n:NFe xmlns:n="urn:nfe"><item>ação</item><item/></n:NFe>'
    metadata = outcome_of("a.xml", text.encode(encoding), step=7).metadata
    assert (metadata["rootElement"], metadata["namespace"], metadata["elementCount"]) == ("NFe", "urn:nfe", 3)


def test_long_namespace_before_many_elements_is_no_bomb() -> None:
    """Expat, asked to resolve names, would copy a megabyte for every element: minutes for a file like this."""
    text = f'<x:a xmlns:x="{"u" * 1_000_000}">' + "<x:b/>" * 100_000 + "</x:a>"
    metadata = outcome_of("a.xml", text).metadata
    assert (metadata["rootElement"], metadata["namespace"], metadata["elementCount"]) == ("a", "u" * 200, 100_001)


def test_xml_without_namespace_has_none() -> None:
    """The namespace is left out when there is none."""
    assert "namespace" not in outcome_of("a.xml", "<a/>").metadata


@pytest.mark.parametrize(
    ("text", "code", "place"),
    [
        (b"<a>\n  <b></a>", "xml-invalid", "line 2, column 8"),
        (b"<a>", "xml-invalid", "line 1, column 4"),
        (b"not xml", "xml-invalid", "line 1, column 1"),
        ('<?xml version="1.0"?>\n<a>ação</a>'.encode("cp1252"), "xml-invalid", "line 2"),
        (b'<?xml version="1.0" encoding="klingon"?><a/>', "xml-invalid", "encoding"),
        (b'<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>', "xml-doctype", "line 1"),
        (b"<a>" * 1000, "xml-too-deep", "500 levels"),
        (b'<a b="' + b"x" * 9_000_000, "xml-token-too-long", "line 1, column 1"),
    ],
)
def test_broken_xml_is_refused_with_its_place(text: bytes, code: str, place: str) -> None:
    """What is not well-formed, or beyond the limits, is refused with its place."""
    with pytest.raises(Rejected, match=place) as caught:
        outcome_of("a.xml", text)
    assert caught.value.code == code


@pytest.mark.parametrize("name", ["a", "a.txt", "a.log", "a.csv", "a.xml"])
def test_a_doctype_is_refused_under_any_name(name: str) -> None:
    """XML with a DOCTYPE is refused whatever the file is called."""
    with pytest.raises(Rejected) as caught:
        outcome_of(name, '<?xml version="1.0"?>\n<!DOCTYPE a SYSTEM "file:///etc/passwd">\n<a/>')
    assert caught.value.code == "xml-doctype"
