"""Rows of NF-e and NFC-e documents, layout 4.00: `NFe`, `nfeProc` (with its protocol) and lots (`enviNFe`).

The layout: Manual de Orientação do Contribuinte, annex I, http://www.nfe.fazenda.gov.br/portal/principal.aspx, in
HTML at http://moc.sped.fazenda.pr.gov.br/. Layouts 2.00 and 3.10 have the same elements, and `dEmi` for `dhEmi`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, NoReturn, TypeAlias

from remessa.errors import Rejected
from remessa.pipelines.invoices.rows import RawRow

if TYPE_CHECKING:
    from xml.parsers.expat import XMLParserType

COLUMNS = (
    "chNFe", "mod", "serie", "nNF", "dhEmi", "tpNF", "tpAmb", "emit/CNPJ", "emit/CPF", "emit/xNome", "emit/UF",
    "dest/CNPJ", "dest/CPF", "dest/idEstrangeiro", "dest/xNome", "vProd", "items_total", "vICMS", "vNF", "cStat",
)  # fmt: skip
"""The columns of every row, by the names of the XML; empty where the document has no such element. `items_total` is the
sum of the items' `vProd` that count towards the note's own `vProd` (`indTot` is not 0). `cStat` is the protocol's."""

MAX_DEPTH = 64
"""Levels of nesting; an NF-e has about ten, its signature included."""
MAX_ELEMENTS = 5_000_000
MAX_TEXT = 1000
"""Characters in an element that is read; the longest, a name, has 60."""
MAX_TOKEN = 1024 * 1024
"""Bytes in one tag, comment or the like, which expat keeps in memory until it ends."""

_Node: TypeAlias = "dict[str, _Node | str]"
_NOTHING: _Node = {}


def _leaves(prefix: str, *names: str) -> _Node:
    return {name: prefix + name for name in names}


_INVOICE: _Node = {
    "ide": {**_leaves("", "mod", "serie", "nNF", "dhEmi", "tpNF", "tpAmb"), "dEmi": "dhEmi"},
    "emit": {**_leaves("emit/", "CNPJ", "CPF", "xNome"), "enderEmit": _leaves("emit/", "UF")},
    "dest": _leaves("dest/", "CNPJ", "CPF", "idEstrangeiro", "xNome"),
    "det": {"prod": _leaves("item/", "vProd", "indTot")},
    "total": {"ICMSTot": _leaves("", "vProd", "vICMS", "vNF")},
}
_NFE: _Node = {"infNFe": _INVOICE}
_ROOTS: _Node = {
    "NFe": _NFE,
    "nfeProc": {"NFe": _NFE, "protNFe": {"infProt": {"chNFe": "protocol/chNFe", "cStat": "cStat"}}},
    "enviNFe": {"NFe": _NFE},
}
_OTHERS = {
    "cteproc": "a CT-e (freight)", "cte": "a CT-e (freight)", "mdfeproc": "an MDF-e (freight manifest)",
    "proceventonfe": "an event of an NF-e, such as a cancellation", "envevento": "an event of an NF-e",
    "evento": "an event of an NF-e", "resnfe": "the summary of an NF-e", "procinutnfe": "a range of unused numbers",
    "compnfse": "an NFS-e (services)", "nfse": "an NFS-e (services)", "html": "a web page",
}  # fmt: skip
_AMOUNT = re.compile(r"([0-9]{1,15})(?:\.([0-9]{1,2}))?")


def nfe_rows(raws: Iterable[bytes]) -> Iterator[RawRow]:
    """Yield one row for each invoice of an XML document, in constant memory.

    Raises `Rejected` for a DOCTYPE, a document that is not well-formed (with line and column; rows before that have
    been yielded by then), one of another kind, and one beyond the limits.
    """
    document = NfeDocument()
    number = 0
    for raw in raws:
        for values in document.feed(raw):
            number += 1
            yield RawRow(number, COLUMNS, values)
    document.finish()
    if not number:
        raise Rejected("nfe-invalid", "The XML holds no infNFe element, and so no invoice. Export the NF-e again.")


def kind_of_root(root: str) -> str | None:
    """What an XML document is by the name of its root, if it is no invoice; None if it is one."""
    local = root.rpartition(":")[2]
    if local in _ROOTS:
        return None
    shown = "".join(char if char.isprintable() else "\ufffd" for char in local[:40])
    return _OTHERS.get(local.lower(), f"an XML document <{shown}>")


class NfeDocument:
    """One XML document, fed piece by piece."""

    def __init__(self) -> None:
        from xml.parsers import expat  # here because only XML needs it

        # Not with a namespace separator: expat would copy a namespace's name into the name of every element, and a long
        # one in front of many elements would take hours.
        self._parser: XMLParserType = expat.ParserCreate()
        self._parser.buffer_text = True
        self._parser.StartElementHandler = self._start
        self._parser.EndElementHandler = self._end
        self._parser.StartDoctypeDeclHandler = self._doctype
        self._expat = expat
        self._fed = 0
        self._elements = 0
        self._nodes: list[_Node] = [_ROOTS]  # where we are in what is wanted, one for each open element
        self._field = ""
        self._text = ""
        self._invoice: dict[str, str] | None = None
        self._invoice_depth = 0  # of the element at whose end the invoice is complete
        self._done: list[list[str]] = []

    def feed(self, raw: bytes) -> list[list[str]]:
        """The values of the invoices that end in the next bytes, in the order of `COLUMNS`."""
        self._parse(raw, is_final=False)
        self._fed += len(raw)
        if self._fed - max(self._parser.CurrentByteIndex, 0) > MAX_TOKEN:
            message = f"A tag or comment is longer than {MAX_TOKEN:,} bytes, from {self._place()} on. Shorten it."
            raise Rejected("xml-token-too-long", message)
        done, self._done = self._done, []
        return done

    def finish(self) -> None:
        """No more bytes come; every invoice has ended by now, or the document is broken."""
        self._parse(b"", is_final=True)

    def _parse(self, raw: bytes, *, is_final: bool) -> None:
        try:
            self._parser.Parse(raw, is_final)
        except self._expat.ExpatError as error:
            place = f"line {error.lineno}, column {error.offset + 1}"
            reason = self._expat.ErrorString(error.code) or "not well-formed"
            message = f"The XML breaks at {place} ({reason}). Export the invoice again, and upload it."
            raise Rejected("xml-invalid", message) from None
        except (LookupError, ValueError):
            message = "Line 1 declares an encoding that cannot be read. Save the file as UTF-8 and upload it again."
            raise Rejected("xml-invalid", message) from None

    def _place(self) -> str:
        return f"line {self._parser.CurrentLineNumber}, column {self._parser.CurrentColumnNumber + 1}"

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        local = name.rpartition(":")[2]
        node = self._nodes[-1].get(local, _NOTHING)
        self._elements += 1
        self._check_limits(local)
        if isinstance(node, str):
            self._field, self._text = node, ""
            self._parser.CharacterDataHandler = self._characters
            node = _NOTHING
        elif node is _INVOICE:
            self._begin_invoice(attributes)
        self._nodes.append(node)

    def _check_limits(self, local: str) -> None:
        if self._elements == 1 and (kind := kind_of_root(local)):
            message = f"It is {kind}, not an NF-e or NFC-e (NFe, nfeProc or enviNFe)."
            raise Rejected("not-invoices", message)
        if len(self._nodes) > MAX_DEPTH:
            message = f"The XML is nested more than {MAX_DEPTH} levels deep at {self._place()}. Export it again."
            raise Rejected("xml-too-deep", message)
        if self._elements > MAX_ELEMENTS:
            message = f"The XML has more than {MAX_ELEMENTS:,} elements. Upload fewer invoices at a time, or a zip."
            raise Rejected("xml-too-long", message)

    def _begin_invoice(self, attributes: dict[str, str]) -> None:
        if self._invoice is not None:
            raise Rejected("nfe-invalid", f"A second infNFe begins at {self._place()}, where one is allowed.")
        key = attributes.get("Id", "")
        if len(key) > MAX_TEXT:
            self._refuse_long_text("Id")
        # An nfeProc is complete with its protocol, which comes after the NFe.
        self._invoice_depth = 2 if self._nodes[1] is _ROOTS["enviNFe"] else 1
        self._invoice = {"chNFe": key.removeprefix("NFe")}

    def _characters(self, text: str) -> None:
        self._text += text
        if len(self._text) > MAX_TEXT:
            self._refuse_long_text(self._field)

    def _refuse_long_text(self, field: str) -> NoReturn:
        message = f"{field} has more than {MAX_TEXT:,} characters at {self._place()}. Export the invoice again."
        raise Rejected("xml-text-too-long", message)

    def _end(self, name: str) -> None:
        self._nodes.pop()
        if self._field:
            self._parser.CharacterDataHandler = None
            self._take(self._field, self._text.strip())
            self._field = ""
        elif self._invoice is not None:
            if name.rpartition(":")[2] == "det":
                self._add_item(self._invoice)
            if len(self._nodes) == self._invoice_depth:
                self._done.append([self._invoice.get(column, "") for column in COLUMNS])
                self._invoice = None

    def _take(self, field: str, text: str) -> None:
        invoice = self._invoice
        if invoice is None:  # a protocol in front of its invoice
            raise Rejected("nfe-invalid", f"{field} stands at {self._place()} before infNFe. Export the NF-e again.")
        if field == "protocol/chNFe":
            invoice["chNFe"] = invoice["chNFe"] or text
        elif field in invoice:
            raise Rejected("nfe-invalid", f"{field} occurs a second time at {self._place()}. Export the NF-e again.")
        else:
            invoice[field] = text

    def _add_item(self, invoice: dict[str, str]) -> None:
        """Add an item to the sum; an amount that is none becomes the sum, for the check of amounts to find it."""
        amount = invoice.pop("item/vProd", "")
        counts = invoice.pop("item/indTot", "1") != "0"
        so_far = _AMOUNT.fullmatch(invoice.get("items_total", "0"))
        if not counts or so_far is None:
            return
        found = _AMOUNT.fullmatch(amount)
        invoice["items_total"] = _text_of(_cents(so_far) + _cents(found)) if found else amount or "?"

    def _doctype(self, *_declaration: object) -> NoReturn:
        message = f"The XML has a DOCTYPE at {self._place()}, which is not accepted because it can make a small file \
expand without end. Remove the DOCTYPE and upload the file again."
        raise Rejected("xml-doctype", message)


def _cents(amount: re.Match[str]) -> int:
    return int(amount[1] + (amount[2] or "").ljust(2, "0"))


def _text_of(cents: int) -> str:
    return f"{cents // 100}.{cents % 100:02}"
