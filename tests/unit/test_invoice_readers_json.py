"""JSON and NDJSON files of invoices: where the rows are, and what a broken place costs."""

from __future__ import annotations

import json
from itertools import islice
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from unit.pipelines.memory_source import LazySource, MemorySource

from remessa.errors import Rejected
from remessa.pipelines.contract import Problem
from remessa.pipelines.invoices.readers import Item, open_rows
from remessa.pipelines.invoices.readers.json_rows import MAX_VALUE, json_rows
from remessa.pipelines.invoices.readers.ndjson_rows import ndjson_rows
from remessa.pipelines.invoices.rows import RawRow

_VALUES = st.recursive(
    st.one_of(
        st.none(), st.booleans(), st.integers(), st.text(max_size=8), st.sampled_from(["},{", "}\n{", '"', "\\"])
    ),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=5,
)
_OBJECTS = st.lists(st.dictionaries(st.sampled_from(["a", "b", "número"]), _VALUES, min_size=1), max_size=12)


def _cut(raw: bytes, size: int) -> list[bytes]:
    return [raw[start : start + size] for start in range(0, len(raw), size)]


def _objects(items: list[Item]) -> list[dict[str, Any]]:
    return [dict(zip(item.columns, item.values, strict=True)) for item in items if isinstance(item, RawRow)]


def _read(text: str, size: int = 7) -> list[Item]:
    return list(json_rows(_cut(text.encode(), size)))


def _refusal(text: str) -> Rejected:
    with pytest.raises(Rejected) as refusal:
        _read(text)
    return refusal.value


@given(
    _OBJECTS, st.sampled_from([None, 1]), st.booleans(), st.sampled_from(["[]", "invoices", "deep"]), st.integers(1, 99)
)
@settings(max_examples=300, deadline=None)
def test_every_object_of_an_array_is_a_row(
    objects: list[dict[str, Any]], indent: int | None, ascii_only: bool, shape: str, size: int
) -> None:
    """An array, bare or in an object, gives its objects back, however it is written and however the bytes are cut."""
    wraps: dict[str, Any] = {
        "[]": objects,
        "invoices": {"n": 1, "tags": ["x", [{}]], "invoices": objects, "next": None},
        "deep": {"d": {"meta": {}, "results": objects}},
    }
    items = _read(json.dumps(wraps[shape], indent=indent, ensure_ascii=ascii_only), size)
    assert _objects(items) == objects
    assert [item.line for item in items if isinstance(item, RawRow)] == list(range(1, len(objects) + 1))


def test_decimals_stay_as_they_are_written() -> None:
    """Amounts come as text with every digit; integers, texts, nothing and nested values as themselves."""
    items = _read('[{"a": 1234.50, "b": 7, "c": "x", "d": null, "e": true, "f": [1.10], "g": NaN}]')
    assert items == [RawRow(1, tuple("abcdefg"), ["1234.50", 7, "x", None, True, ["1.10"], "NaN"])]


@pytest.mark.parametrize("size", [7, 1 << 20])
def test_an_integer_of_thousands_of_digits_is_a_text(size: int) -> None:
    """Python refuses to convert more than 4,300 digits; the row has them as text, and the others are read."""
    digits = "9" * 5000
    for items in (
        _read(f'[{{"a": 1, "b": 2}}, {{"a": 3, "b": 4}}, {{"a": {digits}, "b": 5}}, {{"a": 6, "b": 7}}]', size),
        list(
            ndjson_rows(
                _cut(
                    f'{{"a": 1, "b": 2}}\n{{"a": 3, "b": 4}}\n{{"a": {digits}, "b": 5}}\n{{"a": 6, "b": 7}}'.encode(), 6
                )
            )
        ),
    ):
        assert [row["a"] for row in _objects(items)] == [1, 3, digits, 6]


def test_an_element_that_is_no_object_is_a_problem() -> None:
    """Numbers, texts, nulls and arrays among the invoices cost themselves only, and count."""
    items = _read('[{"a": 1, "b": 2}, 3, "x", null, [1], {}, 12345, {"a": 4, "b": 5}]')
    assert [item.line for item in items if isinstance(item, RawRow)] == [1, 8]
    assert [(item.row, item.code) for item in items if isinstance(item, Problem)] == [
        (number, "json-not-an-invoice") for number in range(2, 8)
    ]
    assert any("Item 3 is a text" in item.message for item in items if isinstance(item, Problem))


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ('[{"a": 1},\n {"a": oops}]', "line 2, column 8"),
        ('[{"a": 1}\n {"a": 2}]', "line 2, column 2"),
        ('[{"a": 1}] x', "line 1, column 12"),
        ('[{"a": 1},', "line 1, column 11"),
        ('{"a": [{"b": 1}]', "line 1, column 17"),
        ('{"a" [{"b": 1}]}', "line 1, column 6"),
        ("{a: 1}", "line 1, column 2"),
        ('[{"a": 1},\r\n{"a": "x\n"}]', "line 2, column 9"),
    ],
)
@pytest.mark.parametrize("size", [3, 1000])
def test_a_broken_document_is_refused_with_its_place(text: str, place: str, size: int) -> None:
    """Where the JSON breaks is told by line and column, however the bytes are cut."""
    with pytest.raises(Rejected) as refusal:
        _read(text, size)
    assert refusal.value.code == "json-invalid"
    assert f"breaks at {place} " in refusal.value.message


@given(st.integers(0, 40), st.integers(1, 200))
def test_rows_before_the_break_are_read(sound: int, size: int) -> None:
    """What is whole before the broken place is yielded, with the place exact."""
    text = "[" + '{"a": 1, "b": "},{"},\n' * sound + "{]"
    rows = json_rows(_cut(text.encode(), size))
    assert [row.line for row in islice(rows, sound) if isinstance(row, RawRow)] == list(range(1, sound + 1))
    with pytest.raises(Rejected) as refusal:
        next(rows)
    assert f"line {sound + 1}, column {2 + (not sound)} " in refusal.value.message


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ('{"a": 1}', "json-no-invoices"),
        ('{"a": [1, 2], "b": {"c": []}}', None),
        ('{"a": [1, 2]}', "json-no-invoices"),
        ('{"a": [{"x": 1}], "b": {"c": [{"y": 1}]}}', "json-several-arrays"),
        ("[" * 100_000, "json-too-deep"),
        ('{"a":' * 100_000, "json-too-deep"),
        ("[]", None),
        ('"text"', "json-invalid"),
    ],
)
def test_a_document_must_hold_one_array_of_objects(text: str, code: str | None) -> None:
    """None, two, or a depth that only attacks have are refused; an empty array is no error."""
    if code is None:
        assert _read(text, 1000) == []
    else:
        assert _refusal(text).code == code


def test_a_value_without_end_takes_no_memory_without_end() -> None:
    """A string that never ends is refused after some megabytes."""
    source = LazySource("x", (b'[{"a": "', 1), (b"x" * 65536, 1 + 4 * MAX_VALUE // 65536))
    with pytest.raises(Rejected) as refusal, open_rows(source) as reading:
        list(reading.rows)
    assert refusal.value.code == "json-value-too-long"


def test_rows_of_one_shape_share_their_columns() -> None:
    """Objects with the same fields have the very same tuple of names, in whatever order they write them."""
    for items in (
        _read('[{"a": 1, "b": 2}, {"b": 3, "a": 4}, {"c": 0}, {"a": 5, "b": 6}]'),
        list(ndjson_rows([b'{"a": 1, "b": 2}\n{"b": 3, "a": 4}\n{"c": 0}\n{"a": 5, "b": 6}\n'])),
    ):
        found = [item for item in items if isinstance(item, RawRow)]
        assert [list(row.values) for row in found] == [[1, 2], [4, 3], [0], [5, 6]]
        assert found[0].columns is found[1].columns is found[3].columns


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
def test_a_bad_line_of_ndjson_costs_itself(encoding: str) -> None:
    """Broken lines, lines that are no objects and lines too deep are problems, in order; blank ones nothing."""
    lines = [
        '{"ação": 1, "b": 2}',
        "",
        "{oops",
        "[1]",
        "[" * 5000,
        '{"ação": 3, "b": 4.50} x',
        '{"ação": "é", "b": 6.70}',
    ]
    with open_rows(MemorySource("x", ('{"a": 1}\n' * 9 + "\n".join(lines)).encode(encoding), 99)) as reading:
        assert reading.format == "ndjson"
        items = list(reading.rows)[9:]
    assert [item.line if isinstance(item, RawRow) else (item.row, item.code) for item in items] == [
        10, (12, "ndjson-invalid"), (13, "json-not-an-invoice"), (14, "json-too-deep"), (15, "ndjson-invalid"), 16,
    ]  # fmt: skip
    assert _objects(items)[-1] == {"ação": "é", "b": "6.70"}


def test_an_overlong_line_of_ndjson_costs_itself() -> None:
    """A line of megabytes is a problem, and the next one is read."""
    items = list(ndjson_rows(_cut(b'{"a": 1}\n{"a": "' + b"x" * 3_000_000 + b'"}\n{"a": 2}', 1 << 18)))
    assert [item.line if isinstance(item, RawRow) else (item.row, item.code) for item in items] == [
        1, (2, "ndjson-line-too-long"), 3,
    ]  # fmt: skip
