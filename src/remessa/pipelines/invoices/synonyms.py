"""What people call the columns of an invoice, in Portuguese and English, and the XML names of the NF-e.

Headers are compared by letters and digits only, without accents and case: `Nº NF`, `n° nf` and `nNF` are one. For each
field the longest synonym that the file has wins. Sources: exports of the NF-e portal, of municipal NFS-e systems (São
Paulo's `CPF/CNPJ do Prestador`, `Valor dos Serviços`), and the element names of the NF-e layout 4.00
(http://moc.sped.fazenda.pr.gov.br/).
"""

from __future__ import annotations

from collections.abc import Mapping

ISSUER_WORDS = ("emitente", "emissor", "prestador", "fornecedor", "emit", "issuer", "vendor", "supplier", "seller")
CUSTOMER_WORDS = (
    "destinatario", "tomador", "cliente", "comprador", "dest", "customer", "buyer", "client",
)  # fmt: skip


def _ids(words: tuple[str, ...]) -> tuple[str, ...]:
    """Headers like `cnpj emitente`, `cpf/cnpj do emitente`, `emitente cnpj` and `issuer tax id`."""
    kinds = ("cnpj", "cnpjcpf", "cpfcnpj", "cnpjoucpf", "cpfoucnpj", "documento", "taxid", "vat", "vatnumber")
    return _combined(kinds, words)


def _persons(words: tuple[str, ...]) -> tuple[str, ...]:
    return _combined(("cpf",), words)


def _names(words: tuple[str, ...]) -> tuple[str, ...]:
    return _combined(("razaosocial", "nomerazaosocial", "nome", "nomefantasia", "xnome", "name", "companyname"), words)


def _combined(kinds: tuple[str, ...], words: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(
        name
        for word in words
        for kind in kinds
        for name in (kind + word, kind + "do" + word, word + kind, f"{word}do{kind}")
    )


SYNONYMS: Mapping[str, tuple[str, ...]] = {
    "access_key": (
        "chave", "chave de acesso", "chave acesso", "chave nfe", "chave nf-e", "chave da nf-e", "chave de acesso nfe",
        "chave de acesso da nf-e", "chave de acesso nf-e", "chave de acesso da nota", "chNFe", "chave eletronica",
        "access_key", "nfe key", "nfe access key", "invoice key", "invoice access key",
    ),
    "number": (
        "numero", "número da nota", "número nota", "número nf", "número da nf", "número da nf-e", "número nfe",
        "número nfs-e", "número da nfs-e", "número nota fiscal", "número da nota fiscal", "nº", "nº nf", "nº nf-e",
        "nº da nf", "nº da nf-e", "nº nfs-e", "nº da nfs-e", "nº nota", "nº da nota", "nº nota fiscal",
        "nº da nota fiscal", "n nf", "num", "num nf", "num nota", "nr nf", "nr nota", "nNF", "nota fiscal", "nf", "nfe",
        "number", "invoice number", "invoice no", "invoice #", "invoice num", "document number", "invoice",
    ),
    "series": ("serie", "série nf", "série nfe", "série da nota", "série da nf", "série da nota fiscal",
        "serie nota fiscal", "series", "invoice series", "ser"),
    "model": ("mod", "modelo", "modelo nf", "modelo da nota", "modelo do documento", "modelo documento", "model",
        "document model", "tipo de documento", "document type"),
    "issuer": (
        *_ids(ISSUER_WORDS), "emitente", "emissor", "prestador", "fornecedor", "cnpj", "issuer", "vendor", "supplier",
        "seller", "issuer id", "vendor id", "supplier id", "seller id",
    ),
    "issuer_cpf": _persons(ISSUER_WORDS),
    "issuer_name": (*_names(ISSUER_WORDS), "fornecedor", "emitente", "prestador", "vendor", "supplier", "issuer",
        "seller"),
    "customer": (
        *_ids(CUSTOMER_WORDS), "destinatario", "tomador", "cliente", "customer", "buyer", "client", "customer id",
        "buyer id", "client id",
    ),
    "customer_cpf": _persons(CUSTOMER_WORDS),
    "customer_name": (*_names(CUSTOMER_WORDS), "destinatario", "tomador", "cliente", "customer", "buyer", "client",
        "bill to"),
    "issued": (
        "data", "emissao", "data emissao", "data de emissao", "data da emissao", "data emissao nf", "data emissao nfe",
        "data de emissao nf", "data de emissao nf-e", "data da nota", "data nota", "data nf", "data nfe",
        "data hora nfe",
        "data hora", "data hora emissao", "data e hora de emissao", "data/hora de emissao", "data hora da emissao",
        "data da nota fiscal", "data de emissao da nota fiscal", "dt emissao", "dt de emissao", "dhEmi", "dEmi",
        "date", "issue date", "issued", "issued at", "issued on", "issue_date", "invoice date", "date issued",
        "date of issue", "emission date",
    ),
    "total": (
        "total", "valor", "valor total", "valor nota", "valor da nota", "valor nf", "valor da nf", "valor nfe",
        "valor da nf-e", "valor nota fiscal", "valor da nota fiscal", "valor total nota", "valor total da nota",
        "valor total nf", "valor total da nf", "valor total nfe", "valor total da nf-e", "valor total da nota fiscal",
        "valor total nota fiscal", "valor servicos", "valor dos servicos", "valor do servico", "total da nota",
        "total nota", "total nf", "total da nf", "total da nota fiscal", "vl total", "vlr total", "vlr nota", "vl nota",
        "vNF", "total value", "total amount", "amount", "invoice amount", "invoice total", "grand total", "amount due",
        "total due", "gross amount",
    ),
    "tax": (
        "icms", "valor icms", "valor do icms", "vl icms", "vlr icms", "total icms", "vICMS", "iss", "iss devido",
        "valor iss", "valor do iss", "vISS", "vISSQN", "tax", "tax amount", "total tax", "tax total", "vat amount",
        "imposto", "impostos", "valor imposto", "valor do imposto", "valor dos impostos", "total impostos",
    ),
    "issuer_state": (
        "uf emitente", "uf do emitente", "emit uf", "uf emissor", "uf prestador", "uf do prestador", "uf fornecedor",
        "uf do fornecedor", "estado emitente", "estado do emitente", "issuer state", "vendor state", "supplier state",
    ),
    "products_total": ("vProd", "valor produtos", "valor dos produtos", "valor total dos produtos", "total produtos",
        "products total", "products_total"),
    "items_total": ("items_total", "items total", "soma dos itens", "total dos itens"),
}  # fmt: skip
"""Field to its synonyms. A word that two fields share (`fornecedor`) goes to the first field that still needs it."""

LABELS: Mapping[str, str] = {
    "access_key": "access key (chave de acesso)",
    "number": "number (número)",
    "issuer": "issuer's CNPJ or CPF (CNPJ emitente)",
    "issued": "date of issue (data de emissão)",
    "total": "total (valor total)",
}
"""What a person calls the fields that a file must have."""
