"""Synthetic invoices as NF-e documents, layout 4.00: not signed, and marked as made for testing (`tpAmb` 2).

The layout: Manual de Orientação do Contribuinte, annex I, http://moc.sped.fazenda.pr.gov.br/.
"""

from __future__ import annotations

from xml.sax.saxutils import escape

from remessa.cli.samples.cells import OPERATION, Column
from remessa.cli.samples.invoices import Facts
from remessa.cli.samples.parties import Party

_PRODUCTS = ("Pão de queijo", "Parafuso sextavado", "Caderno 96 folhas", "Café torrado & moído")
_MAX_ITEMS = 4
_CPF = 11


def document(facts: Facts, cells: list[str]) -> str:
    """The document of an invoice; `cells` are what it says, right or wrong, and the rest follows the facts."""
    said = [escape(cell) for cell in cells]
    key, total, tax = said[Column.KEY], said[Column.TOTAL], said[Column.TAX]
    issued = f"{said[Column.ISSUED]}T10:30:00-03:00" if said[Column.ISSUED] else ""
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        f'<NFe xmlns="http://www.portalfiscal.inf.br/nfe"><infNFe versao="4.00" Id="NFe{key}">'
        f"<ide><cUF>{facts.issuer.state_code}</cUF><cNF>{facts.key[35:43]}</cNF><natOp>{OPERATION}</natOp><mod>55</mod>"
        f"<serie>{said[Column.SERIES]}</serie><nNF>{said[Column.NUMBER]}</nNF><dhEmi>{issued}</dhEmi><tpNF>1</tpNF>"
        f"<idDest>{1 if facts.issuer.state == facts.customer.state else 2}</idDest>"
        f"<cMunFG>{facts.issuer.city_code}</cMunFG><tpImp>1</tpImp><tpEmis>1</tpEmis><cDV>{facts.key[43]}</cDV>"
        "<tpAmb>2</tpAmb><finNFe>1</finNFe><indFinal>1</indFinal><indPres>1</indPres><procEmi>0</procEmi>"
        "<verProc>remessa sample</verProc></ide>"
        f"<emit><CNPJ>{said[Column.ISSUER]}</CNPJ><xNome>{said[Column.ISSUER_NAME]}</xNome>"
        f"<enderEmit>{_address(facts.issuer)}</enderEmit><IE>ISENTO</IE><CRT>3</CRT></emit>"
        f"<dest>{_tax_id(said[Column.CUSTOMER])}<xNome>{said[Column.CUSTOMER_NAME]}</xNome>"
        f"<enderDest>{_address(facts.customer)}</enderDest><indIEDest>9</indIEDest></dest>"
        f"{_items(facts)}<total><ICMSTot><vBC>{_money(facts.total)}</vBC><vICMS>{tax}</vICMS>"
        "<vICMSDeson>0.00</vICMSDeson><vFCP>0.00</vFCP><vBCST>0.00</vBCST><vST>0.00</vST><vFCPST>0.00</vFCPST>"
        f"<vFCPSTRet>0.00</vFCPSTRet><vProd>{_money(facts.total)}</vProd><vFrete>0.00</vFrete><vSeg>0.00</vSeg>"
        "<vDesc>0.00</vDesc><vII>0.00</vII><vIPI>0.00</vIPI><vIPIDevol>0.00</vIPIDevol><vPIS>0.00</vPIS>"
        f"<vCOFINS>0.00</vCOFINS><vOutro>0.00</vOutro><vNF>{total}</vNF></ICMSTot></total>"
        "<transp><modFrete>9</modFrete></transp>"
        f"<pag><detPag><tPag>01</tPag><vPag>{_money(facts.total)}</vPag></detPag></pag>"
        "</infNFe></NFe>\n"
    )


def _tax_id(text: str) -> str:
    return f"<CPF>{text}</CPF>" if len(text) == _CPF else f"<CNPJ>{text}</CNPJ>"


def _address(party: Party) -> str:
    return (
        "<xLgr>Rua Fictícia</xLgr><nro>100</nro><xBairro>Centro</xBairro>"
        f"<cMun>{party.city_code}</cMun><xMun>{party.city}</xMun><UF>{party.state}</UF><CEP>00000000</CEP>"
        "<cPais>1058</cPais><xPais>BRASIL</xPais>"
    )


def _items(facts: Facts) -> str:
    """One to four items that add up to the invoice's total and tax, each within a cent of its own tax."""
    count = 1 + facts.number % _MAX_ITEMS
    ends = [facts.total * place // count for place in range(count + 1)]
    taxes = [facts.tax * end // facts.total for end in ends]
    return "".join(
        _item(place, ends[place] - ends[place - 1], taxes[place] - taxes[place - 1]) for place in range(1, count + 1)
    )


def _item(place: int, price: int, tax: int) -> str:
    name, value = escape(_PRODUCTS[place - 1]), _money(price)
    return (
        f'<det nItem="{place}"><prod><cProd>{place:04d}</cProd><cEAN>SEM GTIN</cEAN><xProd>{name}</xProd>'
        f"<NCM>21069090</NCM><CFOP>5102</CFOP><uCom>UN</uCom><qCom>1.0000</qCom><vUnCom>{value}</vUnCom>"
        f"<vProd>{value}</vProd><cEANTrib>SEM GTIN</cEANTrib><uTrib>UN</uTrib><qTrib>1.0000</qTrib>"
        f"<vUnTrib>{value}</vUnTrib><indTot>1</indTot></prod><imposto><ICMS><ICMS00><orig>0</orig><CST>00</CST>"
        f"<modBC>3</modBC><vBC>{value}</vBC><pICMS>18.00</pICMS><vICMS>{_money(tax)}</vICMS></ICMS00></ICMS>"
        "<PIS><PISNT><CST>07</CST></PISNT></PIS><COFINS><COFINSNT><CST>07</CST></COFINSNT></COFINS></imposto></det>"
    )


def _money(cents: int) -> str:
    return f"{cents // 100}.{cents % 100:02d}"
