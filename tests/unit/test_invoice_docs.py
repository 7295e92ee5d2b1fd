"""The reference page of invoices says what the code does: fields, headers, codes, parameters and limits."""

from __future__ import annotations

import csv
import json
import re
from pathlib import Path

import pytest

from remessa.pipelines.contract import Problem
from remessa.pipelines.invoices import headers, invoice_rows, numbering, plain, problem_codes
from remessa.pipelines.invoices.duplicates import CAPACITY
from remessa.pipelines.invoices.headers import folded
from remessa.pipelines.invoices.problem_codes import CODES, OURS, Meaning
from remessa.pipelines.invoices.readers import blocks, csv_layout, json_rows, nfe_rows, object_rows, zip_rows
from remessa.pipelines.invoices.readers.problem_codes import READER_CODES
from remessa.pipelines.invoices.synonyms import CUSTOMER_WORDS, ISSUER_WORDS, SYNONYMS

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "reference" / "invoices.md").read_text(encoding="utf-8")
LINKS = {url: name for name, url in re.findall(r"^\[([^\]]+)\]: (\S+)$", PAGE, re.MULTILINE)}
INVOICES = Path(invoice_rows.__file__).parent


def _section(title: str) -> str:
    return PAGE.split(f"\n## {title}\n")[1].split("\n## ")[0]


def _rows(title: str) -> dict[str, list[str]]:
    """The rows of a section's tables: first cell to the others."""
    lines = [line for line in _section(title).splitlines() if line.startswith("| ")]
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    return {first.strip("`"): rest for first, *rest in cells}


def _names(cell: str) -> set[str]:
    return {folded(name) for name in re.findall(r"`([^`]+)`", cell)}


def _source(meaning: Meaning) -> str:
    return "" if meaning.source == OURS else f"[{LINKS[meaning.source]}]"


def test_every_code_of_a_row_is_explained() -> None:
    """With its severity, its text and its source; no row of the table is out of date, and none is missing."""
    expected = {
        code: [meaning.severity, re.sub(r"\{\w+\}", "…", meaning.message), _source(meaning)]
        for code, meaning in CODES.items()
    }
    documented = _rows("Problems of rows")
    del documented["code"]
    assert documented == expected


def test_every_code_of_a_reader_is_explained() -> None:
    """With its severity, its text, its source and what to do."""
    documented = _rows("Problems of readers")
    del documented["code"]
    assert documented.keys() == READER_CODES.keys()
    for code, (severity, text, advice, source) in documented.items():
        meaning = READER_CODES[code]
        assert [severity, text, source] == [meaning.severity, meaning.message, _source(meaning)]
        assert advice.endswith("."), code


def test_every_code_that_ends_a_file_is_explained() -> None:
    """Whatever a reader or the header raises, members of a zip aside, which are problems."""
    sources = "".join(path.read_text(encoding="utf-8") for path in INVOICES.rglob("*.py"))
    raised = set(re.findall(r'\bRejected\(\s*"([a-z-]+)"', sources))
    documented = {code for line in _section("Files that are refused").splitlines() for code in _codes_of(line)}
    assert documented == {code for code in raised if not code.startswith("zip-member-")} - {"zip-nested"}


def _codes_of(line: str) -> list[str]:
    found = re.match(r"\| (`[^|]+)\|", line)
    return re.findall(r"`([a-z-]+)`", found[1]) if found else []


@pytest.mark.parametrize("field", SYNONYMS)
def test_every_header_of_a_field_is_listed(field: str) -> None:
    """The names of its row, and those that are made of a kind and a word, are exactly the synonyms."""
    rows = _rows("Fields")
    listed = rows[field][-1]
    made = re.match(r"(an identifier|`cpf`|a name) of the (issuer|customer) \(see below\)", listed)
    if made:
        kinds = {"an identifier": _names(rows["kinds of identifiers"][0]), "`cpf`": {"cpf"}}
        words = _names(rows[f"words for the {made[2]}"][0])
        pairs = {(kind, word) for kind in kinds.get(made[1], _names(rows["kinds of names"][0])) for word in words}
        names = _names(listed[made.end() :])
        names |= {
            name for kind, word in pairs for name in (kind + word, word + kind, f"{kind}do{word}", f"{word}do{kind}")
        }
    else:
        names = _names(listed)
    assert names == set(map(folded, SYNONYMS[field]))


def test_the_words_for_parties_are_listed() -> None:
    """Both lists are the code's."""
    rows = _rows("Fields")
    assert _names(rows["words for the issuer"][0]) == set(ISSUER_WORDS)
    assert _names(rows["words for the customer"][0]) == set(CUSTOMER_WORDS)


def test_no_field_is_listed_that_does_not_exist() -> None:
    """Beside the fields there are only the parts of headers in that section's tables."""
    rows = _rows("Fields")
    parts = {"part", "kinds of identifiers", "kinds of names", "words for the issuer", "words for the customer"}
    assert rows.keys() - parts - {"field"} == SYNONYMS.keys()


def test_the_required_fields_are_marked() -> None:
    """Those without which a header is refused."""
    marked = {field for field, cells in _rows("Fields").items() if cells[1:2] and cells[1].startswith("required")}
    assert set(headers.map_columns(("x",)).missing) | {"access_key"} == marked


def test_the_parameters_are_the_templates() -> None:
    """Every parameter that only invoices have is there with its default."""
    template = (ROOT / "template.yaml").read_text(encoding="utf-8").split("\nParameters:\n")[1].split("\nMappings:")[0]
    parameters = dict(re.findall(r"^  (\w+):\n(?:    .+\n)*?    Default: (.+)$", template, re.MULTILINE))
    rows = _rows("Bad rows and long files")
    own = {name for name in parameters if name.startswith("Invoice")} | {"MaxWholeBytes"}
    assert own <= rows.keys()
    for name in own:
        default = parameters[name]
        shown = f"{int(default) // 1_000_000} MB" if default.isdecimal() else f"`{default}`"
        assert rows[name][0] == shown


@pytest.mark.parametrize(
    ("what", "limits"),
    [
        ("columns of a CSV file", [csv_layout.MIN_COLUMNS, csv_layout.MAX_COLUMNS]),
        ("a line (CSV, NDJSON)", [blocks.MAX_LINE]),
        ("a cell (CSV)", [csv.field_size_limit()]),
        ("fields of an object", [object_rows.MAX_FIELDS]),
        ("an element of a JSON array", [json_rows.MAX_VALUE]),
        ("a text in an NF-e", [nfe_rows.MAX_TEXT]),
        ("elements of an XML file", [nfe_rows.MAX_ELEMENTS]),
        ("a zip", [zip_rows.MAX_ARCHIVE, zip_rows.MAX_MEMBERS]),
        ("a member of a zip", [zip_rows.MAX_MEMBER, zip_rows.MAX_RATIO]),
        ("a zip, unpacked", [zip_rows.MAX_INFLATED]),
        ("name of a party", [numbering.MAX_NAME]),
        ("rows between two that are the same invoice", [CAPACITY]),
    ],
)
def test_the_limits_are_the_codes(what: str, limits: list[int]) -> None:
    """Each number of a limit stands in its row, in order."""
    [cell] = _rows("Limits")[what]
    assert [int(number.replace(",", "")) for number in re.findall(r"\d[\d,]*", cell)] == limits


def test_the_other_numbers_are_the_codes() -> None:
    """What is kept of unmapped columns, and of problems on the record."""
    names, cells = headers.MAX_EXTRA_NAME, plain.MAX_EXTRA_CELL
    kept = f"leftmost {headers.MAX_EXTRA}, names cut at {names} characters, cells at {cells}"
    assert kept in " ".join(_section("Fields").split())
    assert invoice_rows.KEPT == 100
    assert "the first hundred" in _section("The list of problems")


def test_the_example_of_a_problem_is_one() -> None:
    """It has every name that a problem can have, and the text that the code gives it."""
    found = re.search(r"```json\n(.+)\n```", _section("The list of problems"))
    assert found
    example = json.loads(found[1])
    severity = example.pop("severity")
    problem = Problem(**example)
    assert problem == problem_codes.problem(**{name: value for name, value in example.items() if name != "message"})
    assert severity == CODES[problem.code].severity
    assert problem.as_dict() == example
    explained = {name for first in _rows("The list of problems") for name in re.findall(r"\w+", first)}
    assert {*example, "severity"} <= explained


def test_every_source_is_linked() -> None:
    """No name in brackets is without its address, so that every rule can be looked up."""
    named = set(re.findall(r"\[([^\]]+)\](?![(:])", PAGE))
    assert named <= set(LINKS.values())
