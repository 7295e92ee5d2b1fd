"""CSV: delimiter, header, counts, ragged rows, and quotation marks that nobody closed."""

from __future__ import annotations

import csv
import io
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from unit.pipelines.memory_source import outcome_of

from remessa.pipelines.contract import Metadata
from remessa.pipelines.files import csv_check
from remessa.pipelines.files.dialect import delimiter_of, is_header


def _metadata(text: str) -> Metadata:
    return outcome_of("a.csv", text).metadata


@pytest.mark.parametrize(
    ("sample", "delimiter"),
    [
        ("Nome;Valor\nA;1.234,56\nB;2.345,67\n", ";"),
        ("A;1.234,56\nB;2.345,67\n", ";"),
        ("Nome;Valor, em reais\nA;1,50\n", ";"),
        ("name,price\nA,1.5\n", ","),
        ("a\tb,c\n1\t2,5\n", "\t"),
        ("a|b\n1|2\n", "|"),
        ('"a;b",c\n"1;2",3\n', ","),
        ("Relatório\n\na;b;c\n1;2;3\n", ";"),
        ("valor\n1,50\n2,75\n", ";"),
        ("nome\nAna\n", ","),
        ("", ","),
    ],
)
def test_the_delimiter_is_what_cuts_rows_alike(sample: str, delimiter: str) -> None:
    """The delimiter agrees with the first row, and the semicolon wins over decimal commas."""
    assert delimiter_of(sample) == delimiter


@pytest.mark.parametrize(
    ("cells", "expected"),
    [
        (["Nome", "Valor"], True),
        (["Nome", ""], False),
        (["Nome", "Nome"], False),
        (["Ana", "1.234,56"], False),
        (["Ana", "R$ 10,00"], False),
        (["Ana", "01/05/2025"], False),
        (["Valor 2025", "Q1"], True),
    ],
)
def test_a_header_names_columns(cells: list[str], expected: bool) -> None:
    """A first row of different names is a header; an empty, repeated or numeric cell makes it data."""
    assert is_header(cells) is expected


def test_a_brazilian_table_is_described() -> None:
    """Delimiter, header and counts of an ordinary file; blank lines are not rows."""
    assert _metadata("Nome;Valor\nA;1.234,56\n\nB;2,00") | {"sha256": ""} == {
        "sha256": "",
        "format": "csv",
        "encoding": "utf-8",
        "lineCount": 4,
        "delimiter": ";",
        "hasHeader": True,
        "columns": ["Nome", "Valor"],
        "columnCount": 2,
        "rowCount": 2,
        "raggedRowCount": 0,
    }


def test_without_a_header_the_first_row_is_data() -> None:
    """A table that starts with data has no column names, and counts its first row."""
    metadata = _metadata("1;2\n3;4\n")
    assert (metadata["hasHeader"], metadata["columns"], metadata["columnCount"]) == (False, [], 2)
    assert metadata["rowCount"] == 2


def test_column_names_are_capped() -> None:
    """Of a very wide table 200 names of 200 characters are kept, and the number of columns is true."""
    metadata = _metadata(";".join(f"{'x' * 300}{index}" for index in range(100)))
    assert {len(name) for name in metadata["columns"]} == {200}
    metadata = _metadata(";".join(f"c{index}" for index in range(500)))
    assert (len(metadata["columns"]), metadata["columnCount"]) == (200, 500)


def test_ragged_rows_are_problems_with_their_line() -> None:
    """A row of another width is a problem at the line where it starts, after quoted line ends too."""
    outcome = outcome_of("a.csv", 'a;b\n1\n"x\ny";2\n1;2;3\n')
    assert [(problem.code, problem.row) for problem in outcome.problems] == [
        ("csv-ragged-row", 2),
        ("csv-ragged-row", 5),
    ]
    assert outcome.metadata["raggedRowCount"] == outcome.problem_count == 2
    assert outcome.metadata["rowCount"] == 3


def test_problems_are_capped_and_counted() -> None:
    """A hundred problems are kept, and all are counted."""
    outcome = outcome_of("a.csv", "a;b\n" + "1;2\n1\n" * 70_000)
    assert (len(outcome.problems), outcome.problem_count) == (100, 70_000)
    assert [problem.row for problem in outcome.problems][:3] == [3, 5, 7]
    assert outcome.metadata["rowCount"] == 140_000


@pytest.mark.parametrize("rows_after", [0, 3, 60_000])
def test_an_unclosed_quote_costs_one_row(rows_after: int) -> None:
    """A quotation mark that nobody closes is one problem at its line, and every other row is found."""
    outcome = outcome_of("a.csv", "a;b\n1;2\n" * 1 + '3;"four\n' + "5;6\n" * rows_after)
    assert [(problem.code, problem.row) for problem in outcome.problems] == [("csv-unclosed-quote", 3)]
    assert (outcome.metadata["rowCount"], outcome.metadata["raggedRowCount"]) == (2 + rows_after, 0)


def test_a_quote_closed_much_later_eats_nothing() -> None:
    """Two stray quotation marks, rows apart, do not swallow the rows between them."""
    outcome = outcome_of("a.csv", 'a;b\n1;"two\n' + "3;4\n" * 50 + '5;"six\n7;8\n')
    assert [problem.row for problem in outcome.problems] == [2, 53]
    assert outcome.metadata["rowCount"] == 53


def test_quotes_are_ignored_where_they_cost_too_much(monkeypatch: pytest.MonkeyPatch) -> None:
    """Past the allowance for reading again, quotation marks are ordinary characters, and it is said."""
    monkeypatch.setattr(csv_check, "MAX_REREAD", 3 * csv_check.RESTART)
    outcome = outcome_of("a.csv", "a;b\n" + 'a";"\n' * 50)
    assert [problem.code for problem in outcome.problems] == ["csv-unclosed-quote"] * 4 + ["csv-quotes-ignored"]
    assert outcome.metadata["rowCount"] == 50


@pytest.mark.parametrize("length", [200_000, 3_000_000])
def test_an_overlong_value_is_reported(length: int) -> None:
    """A line too long to be parsed is one row and one problem, and the rows around it are read."""
    outcome = outcome_of("a.csv", f"a;b\n1;2\n3;{'x' * length}\n5;6\n")
    assert [(problem.code, problem.row) for problem in outcome.problems] == [("csv-line-too-long", 3)]
    assert (outcome.metadata["rowCount"], outcome.metadata["lineCount"]) == (3, 4)


_CELL = st.text(alphabet='a1;,"\n\r é', max_size=5)


@given(
    st.integers(2, 4).flatmap(
        lambda width: st.lists(st.lists(_CELL, min_size=width, max_size=width), min_size=1, max_size=8)
    ),
    st.sampled_from(["\n", "\r\n"]),
    st.integers(1, 9),
)
def test_well_formed_tables_agree_with_the_csv_module(rows: list[list[str]], end: str, step: int) -> None:
    """Every row of a table that was written properly is counted, whatever is in its cells."""
    text = io.StringIO()
    csv.writer(text, delimiter=";", lineterminator=end, quoting=csv.QUOTE_ALL).writerows([["x"] * len(rows[0]), *rows])
    expected = list(csv.reader(io.StringIO(text.getvalue(), newline=""), delimiter=";"))
    outcome = outcome_of("a.csv", text.getvalue(), step)
    if outcome.metadata["delimiter"] == ";":
        assert outcome.metadata["rowCount"] == len(expected)
        assert outcome.problem_count == 0


_MEASURE = """
from pathlib import Path
from unit.pipelines.memory_source import LazySource
from remessa.pipelines.files import process

def peak():  # not getrusage, which starts from the peak of the process that started this one
    return int(Path("/proc/self/status").read_text().partition("VmHWM:")[2].split()[0])

process(LazySource({name!r}, ({head!r}, 1), ({tail!r}, 1)))
before = peak()
outcome = process(LazySource({name!r}, ({head!r}, 1), ({body!r} * 1000, {times}), ({tail!r}, 1)))
print(peak() - before, outcome.metadata["lineCount"])
"""


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="peak memory is read from /proc")
@pytest.mark.parametrize(
    ("name", "head", "body", "tail", "lines"),
    [
        ("a.csv", b"a;b;c\n", b"11222333000181;Empresa;1.234,56\n", b"1;2;3\n", 6_400_002),
        ("a.csv", b"a;b\n", b"a line without an end, or a value", b"\n1;2\n", 3),
        ("a.json", b"[", b'{"a": 1, "texto": "......"}, ', b"1]", 1),
    ],
)
def test_memory_does_not_grow_with_the_file(name: str, head: bytes, body: bytes, tail: bytes, lines: int) -> None:
    """The peak of a process that reads 200 MB (50 MB of JSON) stays within 24 MB of one that reads a few bytes."""
    times = (50_000 if name == "a.json" else 200_000) // len(body) + 1
    if lines > 3:
        times = (lines - 2) // 1000
    script = _MEASURE.format(name=name, head=head, body=body, tail=tail, times=times)
    answer = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True, cwd=Path(__file__).parents[2]
    )
    grown_kib, line_count = map(int, answer.stdout.split())
    assert line_count == lines
    assert grown_kib < 24 * 1024
