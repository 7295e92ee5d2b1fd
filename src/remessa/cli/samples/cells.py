"""Invoices as the cells of a row, in Brazilian notation or in that of programs."""

from __future__ import annotations

from collections.abc import Callable
from enum import IntEnum
from typing import TypeAlias

from remessa.cli.samples.invoices import Facts


class Column(IntEnum):
    """Places in a row."""

    KEY = 0
    NUMBER = 1
    SERIES = 2
    ISSUED = 3
    ISSUER = 4
    ISSUER_NAME = 5
    CUSTOMER = 6
    CUSTOMER_NAME = 7
    TOTAL = 8
    TAX = 9
    ISSUER_STATE = 10
    OPERATION = 11


PORTUGUESE = (
    "Chave de Acesso",
    "Número",
    "Série",
    "Data de Emissão",
    "CNPJ/CPF Emitente",
    "Razão Social Emitente",
    "CNPJ/CPF Destinatário",
    "Razão Social Destinatário",
    "Valor Total",
    "Valor ICMS",
    "UF Emitente",
    "Natureza da Operação",
)
ENGLISH = (
    "access_key",
    "number",
    "series",
    "issue_date",
    "issuer_tax_id",
    "issuer_name",
    "customer_tax_id",
    "customer_name",
    "total",
    "tax",
    "issuer_state",
    "operation",
)
OPERATION = "Venda de mercadoria"
Notation: TypeAlias = Callable[[Facts], list[str]]


def brazilian(facts: Facts) -> list[str]:
    """`1.234,56` and `31/07/2026`, as spreadsheets in Brazil write them."""
    key, number, series, day, issuer, customer, total, tax = facts
    return [
        key,
        str(number),
        str(series),
        day.brazilian,
        issuer.shown,
        issuer.name,
        customer.shown,
        customer.name,
        f"{total // 100:,}".replace(",", ".") + f",{total % 100:02d}",
        f"{tax // 100:,}".replace(",", ".") + f",{tax % 100:02d}",
        issuer.state,
        OPERATION,
    ]


def plain(facts: Facts) -> list[str]:
    """`1234.56` and `2026-07-31`, as programs write them."""
    key, number, series, day, issuer, customer, total, tax = facts
    return [
        key,
        str(number),
        str(series),
        day.iso,
        issuer.tax_id,
        issuer.name,
        customer.tax_id,
        customer.name,
        f"{total // 100}.{total % 100:02d}",
        f"{tax // 100}.{tax % 100:02d}",
        issuer.state,
        OPERATION,
    ]
