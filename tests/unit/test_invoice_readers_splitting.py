"""Parts of long files: together they are the file, however quotes and line ends stand."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from unit.pipelines.memory_source import MemorySource

from remessa.errors import Rejected
from remessa.pipelines.files.encoding import detect_encoding
from remessa.pipelines.invoices.readers import Item, Part, open_part, open_parts, open_rows
from remessa.pipelines.invoices.readers.csv_layout import csv_layout
from remessa.pipelines.invoices.readers.csv_rows import csv_rows
from remessa.pipelines.invoices.readers.ndjson_rows import ndjson_rows
from remessa.pipelines.invoices.readers.splitting import csv_parts, ndjson_parts

_CELLS = st.one_of(
    st.sampled_from(["", "1", "ação", "\U0001f600", "1.234,56", '"x"', '"a\nb"', '"a\r\nb;c"', '"q ""q"""']),
    st.sampled_from(['"open', 'mid"dle', '"a"b', '"\n', "\0", "\ufeff", "ਊ"]),
)
_ROWS = st.lists(st.lists(_CELLS, min_size=1, max_size=5).map(";".join), max_size=25)


def _cut(raw: bytes, size: int) -> list[bytes]:
    return [raw[start : start + size] for start in range(0, len(raw), size)]


@given(
    _ROWS,
    st.sampled_from(["\n", "\r\n", "\r"]),
    st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "utf-16-be", "cp1252"]),
    st.integers(1, 10).map(lambda half: 2 * half),
    st.integers(1, 100),
)
@settings(max_examples=400, deadline=None)
def test_the_parts_of_a_csv_file_are_the_file(
    lines: list[str], end: str, encoding: str, block: int, part_bytes: int
) -> None:
    """Rows and problems of the parts, one after the other, are those of the whole file, with the same line numbers."""
    text = "".join(line + end for line in ["número;data;valor", "1;2;3", *lines])
    content = text.encode(encoding, "replace")
    layout = csv_layout(content, is_whole=True, encoding="utf-16-be" if encoding == "utf-16-be" else None)
    if layout is None:  # stray quotes have eaten the header's fellows
        return
    body = content[layout.start :]
    whole = list(csv_rows([body], layout))
    parts = list(csv_parts(_cut(body, block), layout, part_bytes))
    assert [part.start for part in parts] == [layout.start, *(part.end for part in parts[:-1])]
    assert parts[-1].end == len(content)
    found: list[Item] = []
    for part in parts:
        with open_part(
            MemorySource("x", content, 7), layout, Part.from_dict(json.loads(json.dumps(part.as_dict())))
        ) as rows:
            found += rows
    assert found == whole


@given(
    st.lists(st.sampled_from(['{"a": "é"}', '{"a": 1}', "", "oops", '{"b": [1]}', "[]", "\ufeff"]), max_size=30),
    st.sampled_from(["\n", "\r\n"]),
    st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "cp1252"]),
    st.integers(1, 10).map(lambda half: 2 * half),
    st.integers(1, 60),
)
@settings(max_examples=200, deadline=None)
def test_the_parts_of_an_ndjson_file_are_the_file(
    lines: list[str], end: str, encoding: str, block: int, part_bytes: int
) -> None:
    """Rows and problems of the parts of an NDJSON file are those of the whole."""
    content = "".join(line + end for line in ['{"a": 1, "b": 2}', *lines]).encode(encoding, "replace")
    known = detect_encoding(content)
    whole = list(ndjson_rows([content], encoding=known))
    parts = list(ndjson_parts(_cut(content, block), known, part_bytes))
    assert [part.start for part in parts] == [0, *(part.end for part in parts[:-1])]
    assert parts[-1].end == len(content)
    found: list[Item] = []
    for part in parts:
        with open_part(MemorySource("x", content), None, part) as rows:
            found += rows
    assert found == whole


def test_a_file_of_megabytes_is_cut_near_the_size_asked_for() -> None:
    """A real file gives parts that are a block longer than asked at most, and every row once."""
    body = "".join(f'{number};"a\nb";1,00\n' for number in range(100_000))
    source = MemorySource("x", f"número;data;valor\n{body}".encode())
    with open_parts(source, part_bytes=500_000) as splitting:
        layout, parts = splitting.layout, list(splitting.parts)
    assert len(parts) in (2, 3)
    assert all(part.end - part.start < 500_000 + 3 * 262_144 for part in parts)
    numbers: list[Any] = []
    for part in parts:
        with open_part(source, layout, part) as rows:
            numbers += [item.values[0] for item in rows]  # type: ignore[union-attr]  # a Problem would fail here
    assert numbers == [str(number) for number in range(100_000)]
    with open_rows(source) as reading:
        assert sum(1 for _ in reading.rows) == 100_000


@pytest.mark.parametrize("content", [b'[{"a": 1}]', b"<NFe/>", b"PK\x03\x04"])
def test_other_formats_are_not_cut(content: bytes) -> None:
    """JSON, XML and zip files cannot be read from the middle, and are refused."""
    with pytest.raises(Rejected) as refusal, open_parts(MemorySource("x", content)):
        pass
    assert refusal.value.code == "file-too-long"
