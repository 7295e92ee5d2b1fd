"""`remessa invoices`, over tables in memory."""

from __future__ import annotations

import io
import json
import subprocess
import sys
from pathlib import Path
from typing import IO

import pytest
from rich.console import Console
from support.invoice_table import ACME, ANA, BETA, SHARDS, Shelf, invoice
from typer.testing import CliRunner, Result

from remessa.cli import _invoices
from remessa.cli import invoices as commands
from remessa.cli._csv_target import FileTarget
from remessa.cli._invoices import day, grouped, month, tax_id
from remessa.errors import UsageError
from remessa.journey.invoices.live import Moved
from remessa.journey.invoices.queries import Invoices
from remessa.journey.invoices.totals import Totals

ONE = "1" * 32


@pytest.fixture
def shelf(monkeypatch: pytest.MonkeyPatch) -> Shelf:
    """Tables in memory, in place of the stack's."""
    shelf = Shelf()
    ports = (shelf.invoices, shelf.records)
    readers = Invoices(*ports, shards=SHARDS, clock=shelf.clock), Totals(*ports, shards=SHARDS, clock=shelf.clock)
    monkeypatch.setattr(commands, "readers", lambda: readers)
    return shelf


def test_ls(shelf: Shelf) -> None:
    """Newest first, punctuated and grouped; a hostile name commands nothing."""
    shelf.publish(ONE, "1-0", [invoice(1, issuer_name="evil\x1b[31m\u202e"), invoice(2, total_cents=123456789)])
    lines = _run("ls").stdout.splitlines()
    [second, first] = [line for line in lines if "2026-05-10" in line]
    assert "11.222.333/0001-81 Acme Ltda" in second
    assert "1,234,567.89" in second
    assert ONE in second
    assert "evil\\x1b[31m\\u202e" in first
    assert not {"\x1b", "\u202e"} & set("".join(lines))


@pytest.mark.parametrize("width", [40, 80, 100, 150, 200])
def test_amounts_are_never_cut(monkeypatch: pytest.MonkeyPatch, width: int) -> None:
    """However narrow the terminal: a number without its end is another number."""
    shelf = Shelf()
    shelf.publish(ONE, "1-0", [invoice(1, total_cents=123456789)])
    found = Invoices(shelf.invoices, shelf.records, shards=SHARDS).invoice(f"{1:032x}")
    written = io.StringIO()
    monkeypatch.setattr(_invoices, "output", lambda: Console(file=written, width=width))
    _invoices.print_invoices(found)
    assert "1,234,567.89" in written.getvalue()


def test_pages(shelf: Shelf) -> None:
    """The cursor that a page tells goes on just where it ended."""
    shelf.publish(ONE, "1-0", [invoice(number) for number in range(1, 6)])
    page = json.loads(_run("ls", "--limit", "3", "--json").stdout)
    rest = json.loads(_run("ls", "--limit", "3", "--cursor", page["cursor"], "--json").stdout)
    assert [one["number"] for one in page["invoices"] + rest["invoices"]] == ["5", "4", "3", "2", "1"]
    assert rest["cursor"] is None
    assert page["cursor"] in _run("ls", "--limit", "3").stderr


def test_a_list_is_as_long_as_was_asked_for(shelf: Shelf) -> None:
    """Though the invoices that match are far apart and the reading side gives short pages."""
    shelf.publish(
        ONE, "1-0", [invoice(number, customer=BETA if number in {1, 2999} else ANA) for number in range(1, 3000)]
    )
    found = json.loads(_run("ls", "--issuer", ACME, "--customer", BETA, "--limit", "2", "--json").stdout)
    assert [one["number"] for one in found["invoices"]] == ["2999", "1"]


def test_filters(shelf: Shelf) -> None:
    """Punctuation is welcome, and a month may stand for its days."""
    shelf.publish(ONE, "1-0", [invoice(1), invoice(2, issuer=BETA), invoice(3, issued="2026-06-01")])
    assert _numbers("--issuer", "12.abc.345/01de-35") == ["2"]
    assert _numbers("--from", "2026-06") == ["3"]
    assert _numbers("--to", "2026-05") == ["2", "1"]
    assert _numbers("--customer", "529.982.247-25", "--to", "2026-05-09") == []
    assert _numbers("--file", ONE) == ["1", "2", "3"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["ls", "--issuer", "11.222.333/0001-82"], "check digits"),
        (["ls", "--customer", "Ana"], "CPF 11 digits"),
        (["ls", "--from", "31/05/2026"], "write 2026-05-31"),
        (["ls", "--from", "2026-02-30"], "There is no 2026-02-30"),
        (["ls", "--to", "2026-13"], "There is no 2026-13"),
        (["ls", "--from", "2026-06", "--to", "2026-05"], "is after"),
        (["ls", "--file", "notas.csv"], "no FileId"),
        (["ls", "--cursor", "x"], "cursor"),
        (["totals", "--from", "2026-05-02"], "write 2026-05 for"),
        (["totals", "--by", "issuer", "--customer", ANA], "not for pairs"),
    ],
)
def test_wrong_usage_is_explained(shelf: Shelf, arguments: list[str], message: str) -> None:
    """One sentence that tells what would be right."""
    with pytest.raises(UsageError, match=message):
        _run(*arguments)


def test_totals(shelf: Shelf) -> None:
    """By month unless told otherwise, with the sum of all below."""
    shelf.publish(ONE, "1-0", [invoice(9999, total_cents=10**9), invoice(2, customer=None, issued="2026-06-01")])
    table = _run("totals").stdout
    assert "10,000,000.00" in table
    assert "10,000,002.01" in table
    assert "(none named)" in _run("totals", "--by", "customer").stdout
    sums = json.loads(_run("totals", "--by", "issuer", "--from", "2026-06", "--json").stdout)
    assert sums == [{"issuer": ACME, "name": "Acme Ltda", "count": 1, "total": "2.01", "tax": "0.02"}]


def test_nothing_there_yet(shelf: Shelf) -> None:
    """An empty state says what to do; on stdout there is nothing that a program could take for data."""
    for arguments in (["ls"], ["totals"]):
        done = _run(*arguments)
        assert "remessa put" in done.stderr
        assert done.stdout == ""
    assert "match" in _run("ls", "--issuer", ACME).stderr
    assert json.loads(_run("ls", "--json").stdout) == {"invoices": [], "cursor": None}


def test_export(shelf: Shelf, tmp_path: Path) -> None:
    """The file is complete, of the style asked for, and told of."""
    shelf.publish(ONE, "1-0", [invoice(1), invoice(2)])
    target = tmp_path / "notas.csv"
    assert "Exported 2 invoices" in _run("export", str(target)).stderr
    assert target.read_bytes().startswith("\ufeffNúmero;".encode())
    with pytest.raises(UsageError, match="--force"):
        _run("export", str(target))
    _run("export", str(target), "--force", "--iso", "--from", "2026-06")
    assert target.read_bytes().startswith(b"number,")
    assert target.read_bytes().count(b"\n") == 1
    assert [path.name for path in tmp_path.iterdir()] == ["notas.csv"]


def test_export_to_stdout(shelf: Shelf) -> None:
    """Only the CSV goes there."""
    shelf.publish(ONE, "1-0", [invoice(1)])
    done = _run("export", "-", "--iso")
    assert done.stdout_bytes.splitlines()[1].startswith(b"1,1,2026-05-10,")
    assert "Exported 1 invoice." in done.stderr


@pytest.mark.parametrize("place", ["", "none/notas.csv"])
def test_a_place_that_cannot_be_is_told_before_anything_is_read(tmp_path: Path, place: str) -> None:
    """A folder, or a file in a folder that is not there."""
    with pytest.raises(UsageError, match="folder"):
        FileTarget(tmp_path / place, force=True)


def test_an_export_that_fails_leaves_what_was_there(tmp_path: Path) -> None:
    """No half file, no leftover, and the old one untouched."""
    target = tmp_path / "notas.csv"
    target.write_text("old")

    def fail(out: IO[str]) -> int:
        out.write("half")
        raise ValueError("broken")

    with pytest.raises(ValueError, match="broken"):
        FileTarget(target, force=True).write(fail, "utf-8")
    assert [(path.name, path.read_text()) for path in tmp_path.iterdir()] == [("notas.csv", "old")]


@pytest.mark.parametrize("moves", [0, 1, 2, 3])
def test_an_export_begins_again_when_files_moved(tmp_path: Path, moves: int) -> None:
    """Twice; the third time it gives up with nothing written."""
    target, left = tmp_path / "notas.csv", [moves]

    def write(out: IO[str]) -> int:
        out.write(f"attempt {moves - left[0]}")
        left[0] -= 1
        if left[0] >= 0:
            raise Moved
        return 1

    if moves == 3:
        with pytest.raises(Moved):
            FileTarget(target, force=False).write(write, "utf-8")
        assert list(tmp_path.iterdir()) == []
    else:
        assert FileTarget(target, force=False).write(write, "utf-8") == 1
        assert target.read_text() == f"attempt {moves}"


def test_head_has_seen_enough() -> None:
    """A reader that goes away ends the export without a traceback."""
    script = (
        "from remessa.cli._csv_target import StandardOutput\n"
        "StandardOutput().write(lambda out: sum(out.write('row\\r\\n') for _ in range(10**6)), 'utf-8')"
    )
    run = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert run.stdout is not None
    assert run.stdout.readline() == b"row\r\n"
    run.stdout.close()
    assert run.stderr is not None
    assert run.stderr.read() == b""
    run.stderr.close()
    assert run.wait(30) == 1


def test_words() -> None:
    """What is not given stays away; days and months are what they say."""
    assert [tax_id(None, "issuer"), day(None, is_last=True), month(None, is_last=True), grouped(None)] == [None] * 3 + [
        ""
    ]
    assert [day("2024-02", is_last=last) for last in (False, True)] == ["2024-02-01", "2024-02-29"]
    assert month("2024-02-29", is_last=True) == "2024-02"
    assert [grouped(text) for text in (None, "-0.50", "0.00", "-1234567.89")] == ["", "-0.50", "0.00", "-1,234,567.89"]


def _run(*arguments: str) -> Result:
    """The command's output; an error that is meant for `main` is raised as it is."""
    done = CliRunner().invoke(commands.app, arguments)
    if isinstance(done.exception, Exception):
        raise done.exception
    assert done.exit_code == 0, done.stderr
    return done


def _numbers(*arguments: str) -> list[str]:
    return [one["number"] for one in json.loads(_run("ls", "--json", *arguments).stdout)["invoices"]]
