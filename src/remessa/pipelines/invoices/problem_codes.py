"""Every problem that a row of invoices can have: how grave, what it says, and where the rule comes from.

The table is data so that `docs/reference/invoices.md` can be compared with it. Codes are stable; messages may improve.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, NamedTuple

from remessa.pipelines.contract import Problem
from remessa.pipelines.invoices.rows import Invoice

Severity = Literal["error", "warning"]

MOC = "http://moc.sped.fazenda.pr.gov.br/"
"""Manual de Orientação do Contribuinte 7.0 of NF-e and NFC-e, as the states publish it."""
PERSONS = "https://pt.scribd.com/document/645903836/NF-e-Produtor-Rural"
"""Technical note 2018.001: issuers with a CPF."""
LETTERS = (
    "https://portalspedbrasil.com.br/forum/df-es-nota-tecnica-conjunta-cnpj-alfanumerico-nota-tecnica-2025-001-"
    "versao-1-00-de-25-de-abril-de-2025/"
)
"""Joint technical note 2025.001: the alphanumeric CNPJ in documents and access keys."""
CHECK_DIGITS = "https://dan-scientia.blogspot.com/2013/03/os-digitos-verificadores-do-cpfcnpj.html"
ITEMS = "https://cac.veloce.tech/central-de-ajuda/rejeicao-564-total-do-produto-servico-difere-do-somatorio-dos-itens/"
"""Rejection 564 of the NF-e: the total of products is the sum of the items that count (indTot = 1)."""
OURS = "docs/reference/invoices.md"
"""A rule of Remessa's own."""


class Meaning(NamedTuple):
    """What a code means. An error refuses the row; a row with only warnings is accepted."""

    severity: Severity
    message: str
    """A `str.format` template; what it needs is given with each problem."""
    source: str


def _error(message: str, source: str = OURS) -> Meaning:
    return Meaning("error", message, source)


def _warning(message: str, source: str = OURS) -> Meaning:
    return Meaning("warning", message, source)


CODES: Mapping[str, Meaning] = {
    # The header
    "columns-compete": _warning(
        "'{taken}' is taken as {meaning}, so this column is only kept; remove or rename one of the two."
    ),
    "column-missing": _error("This row has no {label}; add it under a name that the reference lists."),
    "column-twice": _error("Two columns of this row have the same name; rename or remove one of them."),
    "month-first": _warning(
        "Dates of this file are read as month/day/year because some fit nothing else; write YYYY-MM-DD."
    ),
    # A cell of any field
    "cell-missing": _error("The {label} is blank; fill it in."),
    "decimal-tail": _warning(
        "A program wrote a whole number as a decimal; '.0' was taken off. Format the column as text."
    ),
    "name-cut": _warning("The name is longer than {limit} characters and was cut; shorten it."),
    # Tax ids
    "tax-id-format": _error("This is no CNPJ (14 letters or digits) nor CPF (11 digits); write it in full.", LETTERS),
    "tax-id-length": _error(
        "A CNPJ has 14 characters and a CPF 11; this has {length}. Format the column as text.", LETTERS
    ),
    "tax-id-check-digits": _error(
        "The check digits do not agree: a digit is wrong or swapped; compare with the document.", CHECK_DIGITS
    ),
    "tax-id-repeated": _error(
        "The same digit over and over is a placeholder; write the real CNPJ or CPF.", CHECK_DIGITS
    ),
    "tax-id-damaged": _error(
        "A spreadsheet turned the CNPJ into a rounded number; format the column as text and export again."
    ),
    "tax-id-ambiguous": _error("Without its zeros on the left this may be a CPF or a CNPJ; write all 11 or 14 digits."),
    "tax-id-zeros-lost": _warning(
        "A spreadsheet took zeros off the left; they were put back. Format the column as text."
    ),
    "cnpj-unusual-letter": _warning(
        "The letters I, O, U, Q and F are easily misread and not given out; compare with the document.", LETTERS
    ),
    # Access keys
    "access-key-length": _error(
        "An access key has 44 characters, this has {length}; copy it from the DANFE or the XML.", MOC
    ),
    "access-key-characters": _error(
        "An access key is digits, with letters only in the CNPJ; copy it from the DANFE or the XML.", LETTERS
    ),
    "access-key-damaged": _error(
        "A spreadsheet turned the key into a rounded number; format the column as text and export again."
    ),
    "access-key-check-digit": _error(
        "The check digit does not agree: a digit is wrong or swapped; copy the key again.", MOC
    ),
    "access-key-content": _error("The state, month or CNPJ inside the key cannot exist; copy the key again.", MOC),
    "access-key-model": _warning(
        "The key is not of an NF-e (55) or NFC-e (65) but of model {model}; check that it belongs here.", MOC
    ),
    "access-key-issuer": _error("The key is of another issuer than the row; correct the issuer or the key.", MOC),
    "access-key-tax-office": _warning(
        "The tax office issued this (series {series}), so the key names another issuer than the row.", MOC
    ),
    "access-key-number": _error("The key is of number {of_key}, the row says {of_row}; correct one of them.", MOC),
    "access-key-series": _error("The key is of series {of_key}, the row says {of_row}; correct one of them.", MOC),
    "access-key-month": _error("The key is of month {of_key}, the row was issued {of_row}; correct one of them.", MOC),
    "access-key-month-edge": _warning(
        "The key is of month {of_key}, the row of {of_row}, a day off: perhaps another time zone.", MOC
    ),
    "access-key-state": _error("The key is of state {of_key}, the row says another; correct one of them.", MOC),
    # Number and series
    "number-format": _error("This is no invoice number: digits, or letters and digits, of at most 60 characters.", MOC),
    "number-damaged": _error(
        "A spreadsheet turned the number into a rounded one; format the column as text and export again."
    ),
    "series-format": _error(
        "This is no series: digits or letters, of at most 20 characters; leave it blank if there is none.", MOC
    ),
    # Dates
    "date-format": _error("This is no date; write YYYY-MM-DD or DD/MM/YYYY, with four digits for the year."),
    "date-impossible": _error(
        "The calendar has no such day; correct it, or write YYYY-MM-DD if day and month are swapped."
    ),
    "date-serial-number": _error("A spreadsheet's number for a day; format the column as a date and export again."),
    "date-out-of-range": _error("The date is before 1990 or more than a year ahead; correct it."),
    "date-in-future": _warning("The invoice is dated in the future; correct it unless it was issued in advance."),
    # Amounts
    "amount-not-a-number": _error("This is no amount; write it like 1234.56 or 1.234,56."),
    "amount-too-many-decimals": _error(
        "Money has two decimals and this has more; round it where it was computed.", MOC
    ),
    "amount-out-of-range": _error("An amount has at most 13 digits before the decimals; correct it.", MOC),
    "amount-damaged": _error(
        "A spreadsheet rounded the amount to a power of ten; format the column as a number and export again."
    ),
    "amount-currency": _error("Amounts are in reais (R$); convert the amount and leave out other currencies."),
    "amount-ambiguous": _warning(
        "Point or comma may group thousands or mark decimals; it was taken to group. Write two decimals."
    ),
    "amount-negative": _warning("The amount is negative; it lowers the totals. Correct it unless it is a credit."),
    "products-differ-from-items": _error(
        "The items that count add up to {items}, the total of products is {products}; correct one.", ITEMS
    ),
    "total-differs-from-items": _warning(
        "The items add up to {items}, the total is {total}; freight, taxes or discounts may explain it.", ITEMS
    ),
    # The row as a whole
    "invoice-repeated": _error("The same invoice is already in line {first} of this file; remove one of the two."),
}
"""Code to meaning, in the order of the reference."""


def problem(
    code: str,
    *,
    row: int | None = None,
    column: int | None = None,
    field: str | None = None,
    cell: str | None = None,
    **details: object,
) -> Problem:
    """A problem with its message made of the template and `details`, none of which may be a whole cell."""
    return Problem(code, CODES[code].message.format(**details), row=row, column=column, field=field, cell=cell)


def is_error(code: str) -> bool:
    """Whether a row with this problem of the table is refused. Raises KeyError for a reader's code."""
    return CODES[code].severity == "error"


def repeated_row(invoice: Invoice, first: int) -> Problem:
    """The problem of a row whose invoice the file has in line `first` already."""
    field = "access_key" if invoice.access_key else "number"
    return problem("invoice-repeated", row=invoice.line, field=field, first=first)
