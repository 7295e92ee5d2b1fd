"""CSV files of invoices: where the header stands, what a row is, and what a quotation mark may cost."""

from __future__ import annotations

import random
import subprocess
import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from unit.pipelines.memory_source import MemorySource

from remessa.pipelines.contract import Problem
from remessa.pipelines.files.encoding import TextDecoder
from remessa.pipelines.invoices.readers import Item, open_rows
from remessa.pipelines.invoices.readers.blocks import MAX_LINE, blocks
from remessa.pipelines.invoices.readers.csv_layout import CsvLayout, csv_layout
from remessa.pipelines.invoices.readers.csv_records import Records
from remessa.pipelines.invoices.readers.csv_rows import csv_rows
from remessa.pipelines.invoices.rows import RawRow

HEADER = "número;data;valor"
ENCODINGS = ["utf-8", "utf-8-sig", "utf-16", "cp1252"]


def read(content: bytes | str, encoding: str | None = None) -> list[Item]:
    """Everything that is read of a file; text goes in as UTF-8."""
    raw = content.encode() if isinstance(content, str) else content
    with open_rows(MemorySource("x", raw, 1000), encoding) as reading:
        return list(reading.rows)


def rows(items: list[Item]) -> list[tuple[int, list[object]]]:
    """Line and cells of each row."""
    return [(item.line, list(item.values)) for item in items if isinstance(item, RawRow)]


def problems(items: list[Item]) -> list[tuple[int | None, str]]:
    """Line and code of each problem."""
    return [(item.row, item.code) for item in items if isinstance(item, Problem)]


@pytest.mark.parametrize("encoding", ENCODINGS)
@pytest.mark.parametrize("delimiter", [";", ",", "\t", "|"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_a_table_is_read_in_every_dialect(encoding: str, delimiter: str, end: str) -> None:
    """Any encoding, delimiter and line end gives the same rows, on the same lines."""
    lines = [["número", "emissão", "valor"], ["1", "São João", "1"], ["2", "x", "3"]]
    content = "".join(delimiter.join(line) + end for line in lines).encode(encoding)
    found = read(content)
    assert found == [RawRow(2, tuple(lines[0]), lines[1]), RawRow(3, tuple(lines[0]), lines[2])]


@pytest.mark.parametrize(
    ("above", "delimiter"),
    [
        ("sep=;\r\n", ";"),
        ('"sep=,"\n', ","),
        ("Relatório de notas, emitido em 01/05/2025\n\n", ";"),
        ("Relatório;;\nPeríodo;;\n", ";"),
        ("Empresa;ACME\nPeríodo;05/2025\n", ";"),
        ("\n\n;;\n", ";"),
    ],
)
@pytest.mark.parametrize("encoding", ENCODINGS)
def test_the_header_is_found_below_what_stands_above_it(above: str, delimiter: str, encoding: str) -> None:
    """A declared delimiter, titles and blank lines above the header are passed over, and counted as lines."""
    body = "número;data;valor total\n1;01/05/2025;1.234,56\n2;02/05/2025;7,00\n".replace(";", delimiter)
    body = body.replace("1.234,56", '"1.234,56"').replace("7,00", '"7,00"')
    items = read((above + body).encode(encoding))
    line = above.count("\n") + 2
    assert rows(items) == [(line, ["1", "01/05/2025", "1.234,56"]), (line + 1, ["2", "02/05/2025", "7,00"])]
    assert {item.columns for item in items if isinstance(item, RawRow)} == {("número", "data", "valor total")}


def test_a_header_may_hold_a_line_end() -> None:
    """A column name of two lines, as spreadsheets write them, is one name."""
    assert read('nº;"valor\ntotal";uf\n1;2;3\n') == [RawRow(3, ("nº", "valor\ntotal", "uf"), ["1", "2", "3"])]


@pytest.mark.parametrize(
    "content", ["1;01/05/2025;10,00\n2;02/05/2025;11,00\n", "nome\nAna\nRui\n", "Olá, mundo.\nTudo bem?\n", "", "\n\n"]
)
def test_a_table_without_header_has_no_layout(content: str) -> None:
    """Rows of data alone, one column, or nothing: there is no header."""
    assert csv_layout(content.encode(), is_whole=True) is None


def test_a_row_of_another_width_is_a_problem_of_its_own() -> None:
    """Too few or too many cells cost the row and no other; blank lines, empty rows and trailing delimiters nothing."""
    items = read(f"{HEADER}\n1;2;3\n1;2\n1;2;3;4\n\n;;\n  \n1;2;3;;\n;2;3\n1;2;3")
    assert rows(items) == [
        (2, ["1", "2", "3"]), (8, ["1", "2", "3"]), (9, ["", "2", "3"]), (10, ["1", "2", "3"]),
    ]  # fmt: skip
    assert problems(items) == [(3, "csv-ragged-row"), (4, "csv-ragged-row")]


def test_quotes_hold_delimiters_quotes_and_line_ends() -> None:
    """A quoted cell is whole, and the rows after it have the right line."""
    items = read(f'{HEADER}\n1;"a;b\r\nc";"x ""y"""\n2;3;4\n')
    assert rows(items) == [(2, ["1", "a;b\r\nc", 'x "y"']), (4, ["2", "3", "4"])]


@pytest.mark.parametrize("place", [2, 777, 10_000, 19_999, 20_000])
def test_one_unclosed_quote_costs_one_row(place: int) -> None:
    """Of 20,000 rows with one quotation mark that nobody closes, all others are read."""
    lines = [f'{number};"Ação {number}";1,00\n' for number in range(2, 20_002)]
    lines[place - 2] = f'{place};"Ação;1,00\n'
    items = read(f"{HEADER}\n" + "".join(lines))
    assert problems(items) == [(place, "csv-unclosed-quote")]
    assert [line for line, _ in rows(items)] == [line for line in range(2, 20_002) if line != place]


def test_many_unclosed_quotes_cost_little_time_and_are_told() -> None:
    """A file of nothing but opening quotes ends, with a problem for each line until they count as ordinary."""
    code = """
import io
from remessa.pipelines.invoices.readers.blocks import pieces
from remessa.pipelines.invoices.readers.csv_layout import CsvLayout
from remessa.pipelines.invoices.readers.csv_rows import csv_rows
layout = CsvLayout(";", ("a", "b"), "utf-8", 0, 1)
items = list(csv_rows(pieces(io.BytesIO(b'"x;y\\n' * 400_000)), layout))
codes = [item.code if hasattr(item, "code") else "row" for item in items]
print(len(items), codes[0], codes.count("csv-quotes-ignored"), codes[-1], items[-1].line)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout.split() == ["400001", "csv-unclosed-quote", "1", "row", "400000"]


def test_a_long_cell_and_a_long_line_cost_themselves() -> None:
    """A cell beyond the csv module's limit and a line beyond ours are problems, and reading goes on."""
    items = read(f"{HEADER}\n1;2;3\n1;{'x' * 140_000};3\n1;2;3\n{'y;' * MAX_LINE}\n1;2;3\n")
    assert problems(items) == [(3, "csv-line-too-long"), (5, "csv-line-too-long")]
    assert [line for line, _ in rows(items)] == [2, 4, 6]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_nul_bytes_cost_their_row(encoding: str) -> None:
    """A row with NULs is a problem, as is a tail of NULs that a crash left; the others are read."""
    items = read((f"{HEADER}\n" + "1;2;3\n" * 100 + "1;\0;3\n1;2;3\n" + "\0" * 50).encode(encoding))
    assert problems(items) == [(102, "csv-nul"), (104, "csv-ragged-row")]
    assert len(rows(items)) == 101


def test_the_object_may_say_its_encoding() -> None:
    """What the metadata says of the encoding wins over what the bytes look like; nonsense is passed over."""
    content = "numero;data;valor\nÃ£;2;3\n".encode("cp1252")
    assert rows(read(content)) == [(2, ["ã", "2", "3"])]
    assert rows(read(content, "windows-1252")) == [(2, ["Ã£", "2", "3"])]
    assert rows(read(content, "klingon")) == [(2, ["ã", "2", "3"])]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16-le", "utf-16-be"])
@given(st.lists(st.text(alphabet='ax;ਊ"\r\n', max_size=12), max_size=8).map("".join), st.randoms(use_true_random=False))
@settings(deadline=None)
def test_blocks_are_the_same_lines_however_bytes_are_cut(encoding: str, text: str, chance: random.Random) -> None:
    """Lines, offsets and overlong lines do not depend on the pieces, and the offsets add up to the file."""
    raw = text.encode(encoding)

    def lines(sizes: list[int]) -> tuple[list[str], int]:
        cut, start = [], 0
        for size in sizes:
            cut.append(raw[start : start + size])
            start += size
        found: list[str] = []
        end = 0
        for block in blocks(filter(None, [*cut, raw[start:]]), TextDecoder(encoding, tolerant=True), 0, 64):
            assert block.end > end
            end = block.end
            found += block.text.splitlines(keepends=True) if block.text else ["OVERLONG"]
        return found, end

    whole = lines([64] * 10)
    assert whole[1] == len(raw)
    assert lines([chance.randrange(2, 64, 2) for _ in range(40)]) == whole


@given(
    st.lists(
        st.sampled_from(["1;2;3\n", '1;"2\n2";3\n', '1;"2;3\n', '"1";2\n', "\n", '1;"a"b;3\r\n', ";;\n"]), max_size=30
    ),
    st.lists(st.integers(0, 5)),
)
@settings(deadline=None)
def test_records_do_not_depend_on_blocks(lines: list[str], sizes: list[int]) -> None:
    """Fed line by line, in blocks or at once, a text gives the same rows and problems."""
    columns = ("a", "b", "c")

    def fed(texts: list[str]) -> list[Item]:
        records = Records(";", columns, 1)
        items = [item for text in texts for item in records.feed(text)]
        return items + records.finish()

    physical = "".join(lines).splitlines(keepends=True)
    grouped, start = [], 0
    for size in sizes:
        grouped.append("".join(physical[start : start + size]))
        start += size
    whole = fed(["".join(physical)])
    assert fed(physical) == whole
    assert fed([*grouped, "".join(physical[start:])]) == whole


def test_rows_share_their_columns() -> None:
    """Every row has the very same tuple of names, by which a validator knows what it has seen."""
    layout = CsvLayout(";", ("a", "b"), "utf-8", 0, 1)
    found = list(csv_rows([b'1;2\n3;"4\n4"\n', b"5;6\n"], layout))
    assert len(found) == 3
    assert all(isinstance(row, RawRow) and row.columns is layout.columns for row in found)
