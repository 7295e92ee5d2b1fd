"""Synthetic invoices are what they claim: good rows pass the pipeline's rules, bad ones fail by their own code."""

from __future__ import annotations

import io
import itertools
import os
import subprocess
import sys
import tracemalloc
import zipfile
from collections import Counter
from datetime import date
from pathlib import Path
from typing import BinaryIO
from xml.etree import ElementTree

import pytest
from typer.testing import CliRunner

from remessa.cli.sample import app
from remessa.cli.samples.invoices import invoices
from remessa.cli.samples.mistakes import MISTAKES, Format, mistakes_of
from remessa.cli.samples.parties import cnpj
from remessa.cli.samples.writing import Tally, write_invoices
from remessa.errors import UsageError
from remessa.pipelines.contract import Problem
from remessa.pipelines.invoices.conventions import conventions_of, sample_of
from remessa.pipelines.invoices.readers.reading import open_rows
from remessa.pipelines.invoices.rows import Invoice
from remessa.pipelines.invoices.validate import Validation

TODAY = date(2026, 10, 1)
NFE = "{http://www.portalfiscal.inf.br/nfe}"
formats = pytest.mark.parametrize("form", list(Format))


class _Memory:
    name = "sample"

    def __init__(self, content: bytes) -> None:
        self._content = content
        self.size = len(content)

    def open(self, start: int = 0) -> BinaryIO:
        """The content."""
        return io.BytesIO(self._content[start:])


def _made(form: Format, rows: int, *, errors: float = 0, seed: int = 1) -> tuple[bytes, Tally]:
    target = io.BytesIO()
    tally = write_invoices(target, form, rows, errors=errors, seed=seed)
    return target.getvalue(), tally


def _checked(content: bytes) -> tuple[list[Invoice], list[Problem]]:
    """What the pipeline makes of a file."""
    with open_rows(_Memory(content)) as reading:
        sample = sample_of(reading.rows)
        validation = Validation(conventions_of(sample), today=TODAY)
        found = list(validation.check(itertools.chain(sample, reading.rows)))
    return [one for one in found if isinstance(one, Invoice)], [one for one in found if isinstance(one, Problem)]


@formats
@pytest.mark.parametrize("rows", [1, 2, 600])
def test_rows_without_mistakes_pass(form: Format, rows: int) -> None:
    """Every rule of the pipeline, without a warning; sums are those that the sample tells."""
    content, tally = _made(form, rows)
    accepted, problems = _checked(content)
    assert not problems
    assert (len(accepted), tally.rows, tally.good, tally.bad) == (rows, rows, rows, 0)
    assert sum(invoice.total_cents for invoice in accepted) == tally.total_cents
    assert sum(invoice.tax_cents or 0 for invoice in accepted) == tally.tax_cents


@formats
def test_mistakes_are_found_by_their_codes(form: Format) -> None:
    """As many of each as the sample tells; no good row suffers from a bad one beside it."""
    content, tally = _made(form, 1500, errors=40, seed=3)
    accepted, problems = _checked(content)
    assert Counter(problem.code for problem in problems) == tally.mistakes
    assert len(accepted) == tally.good
    assert sum(invoice.total_cents for invoice in accepted) == tally.total_cents
    assert tally.mistakes.keys() == {mistake.code for mistake in mistakes_of(form)}


def test_every_mistake_has_a_code_of_its_own() -> None:
    """So that counting by code counts mistakes."""
    assert len({mistake.code for mistake in MISTAKES}) == len(MISTAKES)


@formats
def test_a_seed_makes_a_file(form: Format) -> None:
    """The same one every time, and another seed another one."""
    assert _made(form, 40, errors=20, seed=5) == _made(form, 40, errors=20, seed=5)
    assert _made(form, 40, seed=5)[0] != _made(form, 40, seed=6)[0]


def test_mistakes_leave_the_other_rows_alone() -> None:
    """Good rows are the same with and without them."""
    without, _ = _made(Format.NDJSON, 300)
    damaged, tally = _made(Format.NDJSON, 300, errors=10)
    changed = sum(one != other for one, other in zip(without.splitlines(), damaged.splitlines(), strict=True))
    assert changed == tally.mistakes.total() > 0


def test_one_percent_is_one_percent() -> None:
    """Nearly; none is none and a hundred is all."""
    assert 130 < _made(Format.CSV, 20_000, errors=1)[1].mistakes.total() < 270
    assert _made(Format.CSV, 500, errors=100)[1].mistakes.total() == 500


@pytest.mark.parametrize(("base", "whole"), [("112223330001", "11222333000181"), ("12ABC34501DE", "12ABC34501DE35")])
def test_published_tax_ids(base: str, whole: str) -> None:
    """The check digits of the examples that the Receita and everybody else use."""
    assert cnpj(base) == whole


def test_invoices_are_varied_and_unreal() -> None:
    """No two alike; letters and persons occur; no CNPJ is of a branch that a company could have."""
    some = list(itertools.islice(invoices(1), 5000))
    assert len({facts.key for facts in some}) == 5000
    parties = {party for facts in some for party in (facts.issuer, facts.customer)}
    ids = {party.tax_id for party in parties}
    companies = [tax_id for tax_id in ids if len(tax_id) == 14]
    assert sum(not tax_id.isdigit() for tax_id in companies) > 20
    assert {tax_id[8:10] for tax_id in companies} == {"99"}
    assert len(ids) - len(companies) == 3
    assert all("Fictícia" in party.name for party in parties)


def test_csv_is_as_a_brazilian_spreadsheet_writes_it() -> None:
    """Semicolons, decimal commas, days first, and names that need their quotes."""
    lines = _made(Format.CSV, 2000)[0].decode().splitlines()
    assert lines[0].startswith("Chave de Acesso;Número;Série;Data de Emissão;CNPJ/CPF Emitente;")
    assert any('"' in line for line in lines)
    plain = [line.split(";") for line in lines[1:] if '"' not in line]
    assert {len(cells) for cells in plain} == {12}
    assert any(len(cells[8]) == len("1.234.567,89") and cells[8][1] == "." for cells in plain)


def test_an_nfe_is_consistent_in_itself() -> None:
    """Items add up to the totals, the key repeats what the document says, and it is marked as a test."""
    with zipfile.ZipFile(io.BytesIO(_made(Format.NFE, 30)[0])) as archive:
        documents = [ElementTree.fromstring(archive.read(member)) for member in archive.infolist()]  # noqa: S314  ours
    assert len(documents) == 30
    for root in documents:
        invoice = root.find(f"{NFE}infNFe")
        assert invoice is not None
        texts = {element.tag.removeprefix(NFE): element.text or "" for element in invoice.iter()}
        assert _sum(invoice, "prod/vProd") == _cents(texts["vNF"]) == _cents(texts["vPag"])
        assert _sum(invoice, "imposto/ICMS/ICMS00/vICMS") == _sum(invoice.find(f"{NFE}total"), "ICMSTot/vICMS")
        key = invoice.attrib["Id"].removeprefix("NFe")
        issuer = invoice.findtext(f"{NFE}emit/{NFE}CNPJ")
        assert key[:20] == texts["cUF"] + texts["dhEmi"][2:4] + texts["dhEmi"][5:7] + str(issuer)
        assert key[20:] == f"55{int(texts['serie']):03d}{int(texts['nNF']):09d}1{texts['cNF']}{texts['cDV']}"
        assert texts["tpAmb"] == "2"


def _sum(element: ElementTree.Element | None, path: str) -> int:
    assert element is not None
    found = [child for child in element.iter() if child.tag == NFE + path.split("/", maxsplit=1)[0]]
    rest = "/".join(NFE + name for name in path.split("/")[1:])
    return sum(_cents(one.findtext(rest) or "") for one in found)


def _cents(amount: str) -> int:
    whole, cents = amount.split(".")
    return int(whole) * 100 + int(cents)


class _Sink(io.RawIOBase):
    def writable(self) -> bool:
        return True

    def write(self, data: object, /) -> int:
        return len(data)  # type: ignore[arg-type]  # bytes, here


@pytest.mark.parametrize("form", [Format.CSV, Format.JSON, Format.NDJSON])
def test_a_sample_is_never_held_in_memory(form: Format) -> None:
    """Ten times the rows take no more of it."""
    peaks = []
    for rows in (2000, 20_000):
        tracemalloc.start()
        write_invoices(_Sink(), form, rows)  # type: ignore[arg-type]  # as much of a stream as is needed
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < 1.1 * peaks[0]


def test_the_verb_writes_and_counts(tmp_path: Path) -> None:
    """The file where `-o` says or on stdout, the counts on stderr."""
    path = tmp_path / "notas.csv"
    arguments = ["invoices", "--rows", "200", "--errors", "10", "--seed", "7"]
    done = CliRunner().invoke(app, [*arguments, "-o", str(path)])
    content, tally = _made(Format.CSV, 200, errors=10, seed=7)
    assert path.read_bytes() == content
    assert done.stdout == ""
    assert f"200 rows: {tally.good} good, {tally.bad} bad." in done.stderr
    assert all(f"{code}: {count}" in done.stderr for code, count in tally.mistakes.items())
    assert CliRunner().invoke(app, arguments).stdout_bytes == content


def test_a_file_that_cannot_be_written(tmp_path: Path) -> None:
    """It is the caller's mistake, and told as such."""
    done = CliRunner().invoke(app, ["invoices", "-o", str(tmp_path / "nowhere" / "x.csv")])
    assert isinstance(done.exception, UsageError)
    assert "nowhere" in str(done.exception)


def test_a_reader_that_has_seen_enough() -> None:
    """`| head` ends it quietly."""
    command = [sys.executable, "-c", "from remessa.cli.sample import app; app()", "invoices", "--rows", "200000"]
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        assert process.stdout.readline().startswith(b"Chave")
        process.stdout.close()
        assert process.stderr.read() == b""
    assert process.returncode == 0
