"""The whole road of a file of invoices: bucket, queue, function, record, rows, totals, problems."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Mapping

import pytest
from support.bookkeeping import Bookkeeping, Sums, sample, sums_of
from support.local_cloud import LocalCloud, wait_for

from remessa.cli.demo import SAMPLES
from remessa.cli.samples.mistakes import Format
from remessa.journey.invoices.search import Search
from remessa.journey.invoices.totals import By
from remessa.journey.record import file_id

NOTHING = Sums(0, 0, 0)
PNG = (SAMPLES / "broken" / "imagem-disfarcada.csv").read_bytes()
ROWS = 60


@pytest.fixture(scope="module")
def desk(cloud: LocalCloud) -> Bookkeeping:
    """Somebody who uploads invoices."""
    return Bookkeeping(cloud)


def _delimited(delimiter: str, encoding: str) -> Callable[[bytes], bytes]:
    """The sample's CSV, which has `;` and UTF-8 and no quotes, written otherwise."""

    def written(body: bytes) -> bytes:
        cells = [line.split(";") for line in body.decode().splitlines()]
        lines = [delimiter.join(f'"{cell}"' if delimiter in cell else cell for cell in row) for row in cells]
        return "\r\n".join([*lines, ""]).encode(encoding)

    return written


def _wrapped(body: bytes) -> bytes:
    return b'{"gerado": "2026-10-01", "notas": ' + body + b"}"


def _processed(body: bytes) -> bytes:
    """A document as the tax office gives it back."""
    document = body.partition(b"?>")[2].strip()
    return b'<nfeProc xmlns="http://www.portalfiscal.inf.br/nfe" versao="4.00">' + document + b"</nfeProc>"


def _same(body: bytes) -> bytes:
    return body


def _seed(name: str) -> int:
    """One for each name, so that no two files hold the same invoices."""
    return sum(position * ord(letter) for position, letter in enumerate(name, start=1))


@pytest.mark.parametrize(
    ("name", "form", "rows", "written", "told"),
    [
        ("ponto-e-virgula.csv", Format.CSV, ROWS, _same, ("csv", ";", "utf-8")),
        ("virgula.csv", Format.CSV, ROWS, _delimited(",", "utf-8"), ("csv", ",", "utf-8")),
        ("tab.txt", Format.CSV, ROWS, _delimited("\t", "utf-8"), ("csv", "\t", "utf-8")),
        ("barra.csv", Format.CSV, ROWS, _delimited("|", "utf-8"), ("csv", "|", "utf-8")),
        ("excel-bom.csv", Format.CSV, ROWS, _delimited(";", "utf-8-sig"), ("csv", ";", "utf-8")),
        ("excel-unicode.csv", Format.CSV, ROWS, _delimited("\t", "utf-16"), ("csv", "\t", "utf-16-le")),
        ("excel-antigo.csv", Format.CSV, ROWS, _delimited(";", "cp1252"), ("csv", ";", "cp1252")),
        ("array.json", Format.JSON, ROWS, _same, ("json", None, None)),
        ("wrapped.json", Format.JSON, ROWS, _wrapped, ("json", None, None)),
        ("lines.ndjson", Format.NDJSON, ROWS, _same, ("ndjson", None, None)),
        ("uma.xml", Format.NFE, 1, _same, ("nfe", None, None)),
        ("uma-autorizada.xml", Format.NFE, 1, _processed, ("nfe", None, None)),
        ("muitas.zip", Format.NFE, ROWS, _same, ("zip", None, None)),
        ("um-csv-chamado.pdf", Format.CSV, ROWS, _same, ("csv", ";", "utf-8")),
    ],
)
def test_formats(
    desk: Bookkeeping,
    name: str,
    form: Format,
    rows: int,
    written: Callable[[bytes], bytes],
    told: tuple[str, str | None, str | None],
) -> None:
    """Whatever it is written in, it is told by its content, and every invoice counts to the cent."""
    body, tally = sample(form, rows, seed=_seed(name))
    with desk.adding(sums_of(tally), By):
        record = desk.process(name, written(body))
    metadata = record["metadata"]
    assert (record["status"], record["error"], record["problemCount"]) == ("SUCCEEDED", None, 0)
    assert (metadata["format"], metadata.get("delimiter"), metadata.get("encoding")) == told
    assert (metadata["rowCount"], metadata["errorCount"], metadata["warningCount"]) == (rows, 0, 0)
    assert desk.listed(record) == sums_of(tally)


@pytest.mark.parametrize("form", Format)
def test_every_kind_of_mistake(desk: Bookkeeping, form: Format) -> None:
    """Each is found, under its code, with its place and advice; the good rows are taken all the same."""
    body, tally = sample(form, 600, seed=100 + list(Format).index(form), errors=40)
    with desk.adding(sums_of(tally)):
        record = desk.process(f"mistakes-{form}", body)
    problems = desk.problems(record)
    assert Counter(problem["code"] for problem in problems) == tally.mistakes
    assert record["status"] == "SUCCEEDED"
    assert record["problemCount"] == len(problems)
    assert record["problems"] == [
        {name: value for name, value in problem.items() if name != "severity"} for problem in problems[:100]
    ]
    severities = Counter(problem["severity"] for problem in problems)
    metadata = record["metadata"]
    assert (metadata["errorCount"], metadata["warningCount"]) == (severities["error"], severities["warning"])
    assert (metadata["rowCount"], metadata["errorCount"]) == (tally.good, tally.bad)
    assert all(problem["row"] >= 1 and problem["message"] for problem in problems)
    assert desk.listed(record) == sums_of(tally)


def test_the_same_file_twice(desk: Bookkeeping) -> None:
    """Under the same key its rows count once; under another, twice, since these are two files."""
    body, tally = sample(Format.CSV, ROWS, seed=11)
    with desk.adding(sums_of(tally)):
        first = desk.process("twice.csv", body)
        second = desk.process("twice.csv", body)
    assert desk.listed(second) == sums_of(tally)
    assert first["FileId"] == second["FileId"]
    with desk.adding(sums_of(tally)):
        other = desk.process("twice-again.csv", body)
    assert desk.listed(other) == desk.listed(second) == sums_of(tally)
    told = desk.invoices.invoice(desk.rows(other)[0]["InvoiceId"])
    assert {one["FileId"] for one in told} == {first["FileId"], other["FileId"]}
    for record, partner in ((first, other), (other, first)):
        wait_for(lambda record=record, partner=partner: partner["FileId"] in _shared(desk, record))  # type: ignore[misc]


def _shared(desk: Bookkeeping, record: Mapping[str, object]) -> str:
    """What a record says of invoices that other files have as well."""
    now = desk.connection.records().get(str(record["FileId"]))
    assert now is not None
    return " ".join(problem["message"] for problem in now["problems"] if problem["code"] == "invoice-shared")


def test_changed_file_under_the_same_key(desk: Bookkeeping) -> None:
    """Its rows replace the old ones at once, longer or shorter, and nothing of these is left in the table."""
    files = [sample(Format.CSV, rows, seed=seed) for rows, seed in ((200, 21), (ROWS, 22), (300, 23))]
    with desk.adding(sums_of(files[-1][1])):
        for body, tally in files:
            record = desk.process("changing.csv", body)
            assert desk.listed(record) == sums_of(tally)
    wait_for(lambda: len(desk.stored()[record["FileId"]]) == 1)


@pytest.mark.parametrize(
    ("name", "body", "code", "told"),
    [
        ("foto.csv", PNG, "not-invoices", "images bucket"),
        ("documento.csv", b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n1 0 obj", "not-invoices", "files bucket"),
        ("feed.xml", b'<?xml version="1.0"?><rss version="2.0"><channel/></rss>', "not-invoices", "files bucket"),
        ("vazio.csv", b"", "not-invoices", "empty"),
        ("clientes.csv", b"nome;cidade\nAna;Recife\nBia;Natal\n", "not-invoices", "names columns"),
        ("sem-data.csv", "Número;Cliente;Valor Total\n1;Ana;10,00\n".encode(), "columns-missing", "date"),
    ],
)
def test_no_file_of_invoices(desk: Bookkeeping, name: str, body: bytes, code: str, told: str) -> None:
    """It ends FAILED, and is told where it belongs or what it lacks; nothing of it counts."""
    record = desk.process(name, body)
    assert (record["status"], record["error"]["code"]) == ("FAILED", code)
    assert told in record["error"]["message"]
    assert record["FileId"] not in desk.stored()


def test_stack_that_takes_only_files_without_errors(desk: Bookkeeping) -> None:
    """One bad row refuses the file and names it; what was written until then never counted, and `gc` removes it."""
    lines = sample(Format.CSV, ROWS, seed=41)[0].decode().splitlines(keepends=True)
    bad = [*lines[:50], lines[50].replace(";", ";x", 1), *lines[51:]]
    good, tally = "".join(lines).encode(), sample(Format.CSV, ROWS, seed=41)[1]
    with desk.configured("InvoicesFunction", INVOICE_BAD_ROWS="reject"):
        with desk.adding(NOTHING):
            record = desk.process("strict.csv", "".join(bad).encode())
        assert (record["status"], record["error"]["code"]) == ("FAILED", "rows-refused")
        assert "row 51" in record["error"]["message"]
        assert desk.rows(record) == []
        assert desk.stored()[record["FileId"]].total() > 0
        done = desk.cloud.remessa("gc", "--grace", "0", "--json")
        assert done.returncode == 0, done.stderr
        assert record["FileId"] not in desk.stored()
        with desk.adding(sums_of(tally)):
            healed = desk.process("strict.csv", good)
    assert healed["status"] == "SUCCEEDED"
    assert desk.listed(healed) == sums_of(tally)


def test_long_file_in_parts(desk: Bookkeeping) -> None:
    """Many runs share it, its record tells how far they are, and it becomes visible as a whole."""
    body, tally = sample(Format.CSV, 10_000, seed=51, errors=1)
    key, search = "long.csv", Search(file=file_id(desk.bucket, "long.csv"))
    seen, visible = [], []
    with desk.adding(sums_of(tally)), desk.configured("InvoicesFunction", INVOICE_PART_BYTES="100000"):
        version, deadline = desk.upload(key, body), time.monotonic() + 60
        while (record := desk.record(key)) is None or record["status"] == "PROCESSING":
            assert time.monotonic() < deadline, record
            if record and record["progress"]:
                seen.append(record["progress"])
                visible.append((desk.invoices.page(search, limit=1).invoices, desk.record(key)))
            time.sleep(0.02)
        assert record == desk.ended(key, version)
    assert record["status"] == "SUCCEEDED"
    assert not [rows for rows, after in visible if rows and after and after["status"] == "PROCESSING"]
    rows = [progress["rows"] for progress in seen]
    assert len(set(rows)) > 3, "progress was seen"
    assert rows == sorted(rows)
    assert rows[-1] <= tally.good
    assert max(progress["partsBegun"] for progress in seen) > 4
    assert record["metadata"]["rowCount"] == tally.good
    assert desk.listed(record) == sums_of(tally)
    assert Counter(problem["code"] for problem in desk.problems(record)) == tally.mistakes


def test_delete(desk: Bookkeeping) -> None:
    """Rows and totals are gone from what readers see, and from the table."""
    body, tally = sample(Format.CSV, 500, seed=31)
    with desk.adding(NOTHING, By):
        record = desk.process("deleted.csv", body)
        assert desk.listed(record) == sums_of(tally)
        assert desk.stored()[record["FileId"]].total() > 500, "rows and totals"
        desk.s3.delete_object(Bucket=desk.bucket, Key="deleted.csv")
        assert desk.wait_deleted("deleted.csv")["metadata"] == {}
    assert desk.rows(record) == []
    wait_for(lambda: record["FileId"] not in desk.stored())


def test_one_unclosed_quote_in_twenty_thousand_rows(desk: Bookkeeping) -> None:
    """It costs the row that it is in, and no other."""
    body, tally = sample(Format.CSV, 20_000, seed=7)
    lines = body.decode().splitlines(keepends=True)
    cells = lines[9_000].split(";")
    total = int(cells[8].replace(".", "").replace(",", ""))
    cells[7] = f'"{cells[7]}'
    lines[9_000] = ";".join(cells)
    record = desk.process("unclosed.csv", "".join(lines).encode())
    [problem] = desk.problems(record)
    assert (problem["code"], problem["row"]) == ("csv-unclosed-quote", 9_001)
    found = desk.listed(record)
    assert (found.rows, found.total) == (19_999, tally.total_cents - total)
