"""NF-e documents and zips of them, and what a file of invoices is told by."""

from __future__ import annotations

import ast
import io
import zipfile
from pathlib import Path

import pytest
from unit.pipelines.memory_source import MemorySource

from remessa.errors import Rejected
from remessa.pipelines.contract import Problem
from remessa.pipelines.invoices import readers
from remessa.pipelines.invoices.readers import Item, detect, open_rows
from remessa.pipelines.invoices.readers.nfe_rows import COLUMNS, nfe_rows
from remessa.pipelines.invoices.readers.problem_codes import READER_CODES
from remessa.pipelines.invoices.readers.zip_rows import zip_rows
from remessa.pipelines.invoices.rows import RawRow

KEY = "35260711222333000181550010000001231123456786"
_NS = 'xmlns="http://www.portalfiscal.inf.br/nfe"'


def _item(amount: str, counts: str = "<indTot>1</indTot>") -> str:
    return f"<det nItem='1'><prod><xProd>Parafuso</xProd><vProd>{amount}</vProd>{counts}</prod></det>"


def _nfe(items: str = _item("1000.00") + _item("234.56"), more: str = "", key: str = KEY) -> str:
    return f"""<NFe {_NS}><infNFe versao="4.00" Id="NFe{key}"><ide><cUF>35</cUF><mod>55</mod><serie>1</serie>
<nNF>123</nNF><dhEmi>2026-07-01T10:00:00-03:00</dhEmi><tpNF>1</tpNF><tpAmb>1</tpAmb>
<NFref><refNF><mod>01</mod><serie>9</serie><nNF>9</nNF></refNF></NFref></ide>
<emit><CNPJ>11222333000181</CNPJ><xNome>Exemplo &amp; Filhos Ltda</xNome><enderEmit><UF>SP</UF></enderEmit></emit>
<dest><CPF>52998224725</CPF><xNome>Ana Exemplo</xNome></dest>{items}
<total><ICMSTot><vICMS>222.22</vICMS><vProd>1234.56</vProd><vNF>1234.56</vNF></ICMSTot></total>{more}
</infNFe></NFe>"""


def _values(row: RawRow | Problem) -> dict[str, object]:
    assert isinstance(row, RawRow)
    return {name: value for name, value in zip(row.columns, row.values, strict=True) if value}


EXPECTED = {
    "chNFe": KEY, "mod": "55", "serie": "1", "nNF": "123", "dhEmi": "2026-07-01T10:00:00-03:00",
    "tpNF": "1", "tpAmb": "1",
    "emit/CNPJ": "11222333000181", "emit/xNome": "Exemplo & Filhos Ltda", "emit/UF": "SP", "dest/CPF": "52998224725",
    "dest/xNome": "Ana Exemplo", "items_total": "1234.56", "vProd": "1234.56", "vICMS": "222.22", "vNF": "1234.56",
}  # fmt: skip


def _read(text: str, size: int = 10) -> list[RawRow]:
    raw = text.encode()
    return list(nfe_rows(raw[start : start + size] for start in range(0, len(raw), size)))


@pytest.mark.parametrize("size", [1, 4096])
def test_a_note_is_one_row(size: int) -> None:
    """The fields of a bare NFe are found at their places, and nowhere else."""
    (row,) = _read(_nfe(), size)
    assert _values(row) == EXPECTED
    assert row.columns is COLUMNS


def test_a_processed_note_has_its_protocol() -> None:
    """An nfeProc gives the note and the status of its protocol, with or without prefixes."""
    text = (
        f"<nfeProc {_NS}>{_nfe()}<protNFe><infProt><chNFe>{KEY}</chNFe><cStat>100</cStat></infProt></protNFe></nfeProc>"
    )
    assert [_values(row) for row in _read(text)] == [{**EXPECTED, "cStat": "100"}]
    prefixed = text.replace("<", "<n:").replace("<n:/", "</n:").replace("xmlns=", "xmlns:n=")
    assert [_values(row) for row in _read(prefixed)] == [{**EXPECTED, "cStat": "100"}]


def test_a_lot_is_a_row_for_each_note() -> None:
    """An enviNFe gives its notes, numbered from 1."""
    other = "35260712ABC34501DE35550010000001231123456787"
    found = _read(f"<enviNFe {_NS}><idLote>1</idLote>{_nfe()}{_nfe(key=other)}</enviNFe>")
    assert [(row.line, row.values[0]) for row in found] == [(1, KEY), (2, other)]


@pytest.mark.parametrize(
    ("items", "total"),
    [
        (_item("0.10") * 3, "0.30"),
        (_item("10.00") + _item("5.00", "<indTot>0</indTot>"), "10.00"),
        (_item("10") + _item("0.5", ""), "10.50"),
        (_item("10.00") + _item("1,5") + _item("1.00"), "1,5"),
        (_item("10.00") + _item(""), "?"),
        ("", None),
    ],
)
def test_items_are_summed_exactly(items: str, total: str | None) -> None:
    """The sum is exact, leaves out items that do not count, and shows an amount that is none."""
    assert _values(_read(_nfe(items))[0]).get("items_total") == total


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ('<!DOCTYPE a [<!ENTITY e "x">]><NFe/>', "xml-doctype"),
        ("<NFe><infNFe></NFe>", "xml-invalid"),
        ('<?xml version="1.0" encoding="klingon"?><NFe/>', "xml-invalid"),
        ("<NFe/>", "nfe-invalid"),
        ("<cteProc/>", "not-invoices"),
        (f"<NFe>{'<a>' * 100}", "xml-too-deep"),
        (_nfe(more="<ide><nNF>7</nNF></ide>"), "nfe-invalid"),
        (f"<nfeProc>{_nfe()}{_nfe()}</nfeProc>", "nfe-invalid"),
        (f"<nfeProc><protNFe><infProt><cStat>100</cStat></infProt></protNFe>{_nfe()}</nfeProc>", "nfe-invalid"),
        (_nfe().replace("Ana", "A" * 1500), "xml-text-too-long"),
        (_nfe(key="1" * 1500), "xml-text-too-long"),
        (f"<NFe a='{'x' * 2_000_000}'/>", "xml-token-too-long"),
    ],
)
def test_a_document_that_is_no_sound_note_is_refused(text: str, code: str) -> None:
    """Entities, broken XML, other documents and everything beyond the limits end in a refusal of its own code."""
    with pytest.raises(Rejected) as refusal:
        _read(text, 4096)
    assert refusal.value.code == code


def _zip(members: list[tuple[str, str | bytes]], compression: int = zipfile.ZIP_DEFLATED) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", compression) as archive:
        for name, content in members:
            archive.writestr(name, content)
    return file.getvalue()


def _read_zip(raw: bytes) -> list[Item]:
    return list(zip_rows(raw[start : start + 4096] for start in range(0, len(raw), 4096)))


def test_a_zip_gives_its_notes_and_a_problem_for_each_other_member() -> None:
    """Good members are rows, bad ones problems that name them without a key; what systems add is passed over."""
    raw = _zip([
        ("notas/", b""), ("__MACOSX/._a.xml", b"x"), (".DS_Store", b"x"),
        (f"../../notas/{KEY}-nfe.xml", _nfe()),
        ("a.pdf", b"%PDF-1.4"), ("b.zip", _zip([("x", "y")])), ("c.xml", "<NFe><a></NFe>"),
        ("d.xml", "<procEventoNFe/>"),
        (f"{KEY}-proc.xml", '<!DOCTYPE a><NFe/>'), ("vazio.xml", "<NFe/>"), ("grande.xml", "<NFe>" + " " * 6_000_000),
        ("bomba.xml", b"<NFe>" + b" " * 4_000_000), ("lote.xml", f"<enviNFe>{_nfe()}{_nfe()}</enviNFe>"),
    ])  # fmt: skip
    items = _read_zip(raw)
    assert [(item.row, item.code) for item in items if isinstance(item, Problem)] == [
        (2, "zip-member-not-xml"), (3, "zip-nested"), (4, "xml-invalid"), (5, "not-invoices"), (6, "xml-doctype"),
        (7, "nfe-invalid"), (8, "zip-member-too-large"), (9, "zip-member-too-large"),
    ]  # fmt: skip
    assert [item.line for item in items if isinstance(item, RawRow)] == [1, 10, 11]
    assert _values(items[0]) == EXPECTED | {"zipMember": f"../../notas/{KEY}-nfe.xml"}
    shown = "".join(item.message for item in items if isinstance(item, Problem))
    assert "a.pdf" in shown
    assert KEY not in shown


def test_damaged_and_encrypted_members_cost_themselves() -> None:
    """A member whose bytes are wrong, one that is encrypted and one packed otherwise are problems; the rest is read."""
    raw = bytearray(
        _zip([("a.xml", _nfe()), ("b.xml", _nfe()), ("c.xml", _nfe()), ("d.xml", _nfe())], zipfile.ZIP_STORED)
    )
    raw[raw.index(b"Parafuso")] ^= 1  # the sum of a.xml is wrong now
    directory = raw.index(b"PK\x01\x02")
    entries = [directory]
    while (after := raw.find(b"PK\x01\x02", entries[-1] + 1)) > 0:
        entries.append(after)
    raw[entries[1] + 8] |= 1  # the flag of encryption, APPNOTE 4.3.12
    raw[entries[2] + 10] = 97  # a method that is not read
    items = _read_zip(bytes(raw))
    codes = [item.code for item in items if isinstance(item, Problem)]
    assert codes == ["zip-member-unreadable", "zip-member-encrypted", "zip-member-unreadable"]
    assert [_values(item)["zipMember"] for item in items if isinstance(item, RawRow)][-1] == "d.xml"


@pytest.mark.parametrize(
    ("raw", "code"),
    [
        (_zip([("a.txt", "x")]), "zip-no-invoices"),
        (_zip([]), "zip-no-invoices"),
        (_zip([("a.xml", _nfe())])[:-30], "zip-invalid"),
        (_zip([(f"{number}.xml", "") for number in range(50_001)]), "zip-too-large"),
        (_zip([(f"{number}{'n' * 60_000}", "") for number in range(150)]), "zip-too-large"),
        (_zip([(f"{number}", b" " * 5_000_000) for number in range(215)]), "zip-too-large"),
    ],
    ids=["no-xml", "empty", "cut-off", "members", "names", "inflated"],
)
def test_a_zip_that_cannot_be_read_is_refused(raw: bytes, code: str) -> None:
    """No invoice, no directory, too many members, names too long and too much to unpack are refusals of the file."""
    with pytest.raises(Rejected) as refusal:
        _read_zip(raw)
    assert refusal.value.code == code


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ("numero;valor;data\n1;2,00;01/05/2025\n", "csv"),
        ("[Número];[Valor];[Data]\n1;2;3\n", "csv"),
        ("numero;valor;uf\n" + "1;2;3\n" * 200 + "1;\0;3\n", "csv"),
        ('[{"numero": 1}]', "json"),
        ('{\n "invoices": [{"numero": 1}]\n}', "json"),
        ('{"invoices": [{"numero": 1}]}', "json"),
        ("[]", "json"),
        ('{"a": 1}\n{"a": 2}\n', "ndjson"),
        ('{"numero": 1}', "ndjson"),
        ('{"a": 1}\noops\n{"a": 2}\n', "ndjson"),
        (_nfe(), "nfe"),
        ('<?xml version="1.0"?>\n<!-- x --><n:nfeProc xmlns:n="x">', "nfe"),
        ("\ufeff<NFe>", "nfe"),
        (_zip([("a.xml", "x")]), "zip"),
        (_zip([]), "zip"),
    ],
)
def test_the_content_tells_the_format(content: str | bytes, expected: str) -> None:
    """Each format is known by its first bytes."""
    raw = content.encode() if isinstance(content, str) else content
    assert detect(raw, len(raw)) == expected


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "empty"),
        (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", "images bucket"),
        (b"%PDF-1.4\n%\xe2\xe3\xcf\xd3", "files bucket"),
        (_zip([("[Content_Types].xml", "x"), ("xl/workbook.xml", "x")]), "Excel"),
        (b"Ol\xc3\xa1, mundo.\nTudo bem?\n", "plain text"),
        (b"<cteProc xmlns='x'/>", "CT-e"),
        (b"<html><p>x</p></html>", "web page"),
        (b"<procEventoNFe/>", "event"),
        (b"<a\x1b[1m/>", "files bucket"),
        (bytes(range(256)) * 8, "files bucket"),
    ],
)
def test_what_is_no_file_of_invoices_is_told_where_it_belongs(content: bytes, words: str) -> None:
    """Other files are refused with what they look like and where they belong."""
    with pytest.raises(Rejected) as refusal:
        detect(content, len(content))
    assert refusal.value.code == "not-invoices"
    assert words in refusal.value.message


@pytest.mark.parametrize("content", [_nfe().encode(), _zip([("a.xml", _nfe())])])
def test_a_file_is_read_with_one_request(content: bytes) -> None:
    """Detection and reading share one stream, whatever the sizes in which it answers."""
    source = MemorySource("x.pdf", content, 100)
    with open_rows(source) as reading:
        assert [row.values[0] for row in reading.rows if isinstance(row, RawRow)] == [KEY]
    assert source.opens == 1


def test_every_problem_of_the_readers_is_in_the_table() -> None:
    """The codes that the readers give to rows, lines and members are those of the table, and no others."""
    file_only = {
        "csv-no-header", "file-too-long", "json-invalid", "json-no-invoices", "json-several-arrays",
        "json-value-too-long",
        "zip-invalid", "zip-no-invoices", "zip-too-large",
    }  # fmt: skip
    given = set()
    for module in Path(readers.__file__).parent.glob("*.py"):
        for node in ast.walk(ast.parse(module.read_text())):
            if (
                isinstance(node, ast.Call)
                and isinstance(node.func, ast.Name)
                and node.func.id in ("Problem", "Rejected")
            ):
                given |= {arg.value for arg in node.args[:1] if isinstance(arg, ast.Constant)}
    assert given - file_only == set(READER_CODES)
