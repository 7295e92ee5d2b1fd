"""Keys and attributes of the table Invoices: the one place that knows them.

    InvoiceId                      Source                                   what
    INV#…                          {FileId}#{generation}                    an invoice, as one file tells of it
    TOT#{kind}#{YYYY-MM}#{shard}   {party}#{FileId}#{generation}#{part}     what one file adds to a month
    MONTHS                         {YYYY-MM}                                a month that has, or had, invoices

Everything that a file brings carries the file's generation and counts only while the file's record names that
generation as live (see `live`). Nothing is ever added to: whoever repeats a write writes the same again.
`docs/reference/invoices-table.md` explains the choices.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from enum import StrEnum
from typing import Any, NamedTuple, TypeAlias

from remessa.journey.record import shard
from remessa.pipelines.invoices.rows import Invoice

Fields: TypeAlias = dict[str, str | int | Mapping[str, str] | None]
"""An item in plain values, as `row_requests.put_request` takes it; None leaves an attribute out."""

BY_ISSUER, BY_CUSTOMER, BY_MONTH, BY_FILE = "ByIssuer", "ByCustomer", "ByMonth", "ByFile"
KEYS: Mapping[str | None, tuple[str, str]] = {
    None: ("InvoiceId", "Source"),
    BY_ISSUER: ("byIssuer", "byIssuerAt"),
    BY_CUSTOMER: ("byCustomer", "byCustomerAt"),
    BY_MONTH: ("byMonth", "byMonthAt"),
    BY_FILE: ("byFile", "byFileAt"),
}
"""Partition and sort key of each index; None is the table itself."""
LISTED = (
    "row",
    "number",
    "series",
    "issuer",
    "issuerName",
    "customer",
    "customerName",
    "issued",
    "totalCents",
    "taxCents",
    "accessKey",
)
"""What the indexes hold beside the keys. `extra` is left out: it may be long, and lists do not show it."""

INVOICE, MONTHS = "INV#", "MONTHS"
NOBODY = "-"
"""The party of totals of invoices that name no customer, and of the months' own totals."""
_AFTER = "$"
"""The character after `#`: everything that begins with `x#` lies between `x#` and `x$`."""
_NUMBER_WIDTH = 15
"""The national NFS-e numbers to 15 digits, the NF-e to 9."""


class Kind(StrEnum):
    """Whose totals."""

    ISSUER = "I"
    CUSTOMER = "C"
    MONTH = "M"


class Origin(NamedTuple):
    """Which run of which file an item comes from."""

    file_id: str
    generation: str


def row_fields(invoice: Invoice, origin: Origin, shards: int) -> Fields:
    """The item of an invoice. `shards` is the stack's IndexShards."""
    source = f"{origin.file_id}#{origin.generation}"
    digest = hashlib.sha256(f"{invoice.invoice_id}|{source}".encode()).hexdigest()
    number = shard(digest, shards)
    month = invoice.issued[:7]
    # The digest makes the place unique, so that a page ends at one place for all readers.
    at = f"{invoice.issued}#{invoice.number:0>{_NUMBER_WIDTH}}#{digest[8:24]}"
    customer = invoice.customer
    return {
        "InvoiceId": invoice.invoice_id,
        "Source": source,
        "FileId": origin.file_id,
        "generation": origin.generation,
        "row": invoice.line,
        "number": invoice.number,
        "series": invoice.series,
        "issuer": invoice.issuer,
        "issuerName": invoice.issuer_name,
        "customer": customer,
        "customerName": invoice.customer_name,
        "issued": invoice.issued,
        "totalCents": invoice.total_cents,
        "taxCents": invoice.tax_cents,
        "accessKey": invoice.access_key,
        "extra": invoice.extra or None,
        "byIssuer": issuer_partition(invoice.issuer, month, number),
        "byIssuerAt": at,
        "byCustomer": customer_partition(customer, month, number) if customer else None,
        "byCustomerAt": at if customer else None,
        "byMonth": month_partition(month, number),
        "byMonthAt": at,
        "byFile": file_partition(origin, number),
        "byFileAt": invoice.line,
    }


def issuer_partition(issuer: str, month: str, number: int) -> str:
    """Partition of the index ByIssuer."""
    return f"E#{issuer}#{month}#{number}"


def customer_partition(customer: str, month: str, number: int) -> str:
    """Partition of the index ByCustomer."""
    return f"C#{customer}#{month}#{number}"


def month_partition(month: str, number: int) -> str:
    """Partition of the index ByMonth."""
    return f"M#{month}#{number}"


def file_partition(origin: Origin, number: int) -> str:
    """Partition of the index ByFile that holds rows of one generation of a file, by row."""
    return f"F#{origin.file_id}#{origin.generation}#{number}"


def file_totals_partition(origin: Origin, number: int) -> str:
    """Partition of the index ByFile that holds totals of one generation of a file, so that they can be removed."""
    return f"T#{origin.file_id}#{origin.generation}#{number}"


def total_fields(kind: Kind, month: str, party: str, origin: Origin, part: str, sums: Fields, shards: int) -> Fields:
    """The item with what one part of a file adds to the totals of a party in a month.

    `part` tells apart what several runs, or one run in several goes, add for the same file; repeated, it must be the
    same. `sums` is `count`, `totalCents`, `taxCents` and `name`.
    """
    spread = origin.file_id if kind is Kind.MONTH else party
    number = party_shard(spread, shards)
    return {
        "InvoiceId": total_partition(kind, month, number),
        "Source": f"{party}#{origin.file_id}#{origin.generation}#{part}",
        "FileId": origin.file_id,
        "generation": origin.generation,
        "byFile": file_totals_partition(origin, number),
        "byFileAt": 0,
        **sums,
    }


def total_partition(kind: Kind, month: str, number: int) -> str:
    """Partition of the table that holds totals of a month."""
    return f"TOT#{kind}#{month}#{number}"


def party_shard(party: str, shards: int) -> int:
    """Which shard holds all totals of an issuer or customer; those of a month are spread by FileId."""
    return shard(hashlib.sha256(party.encode()).hexdigest(), shards)


def month_fields(month: str) -> Fields:
    """The item that tells readers to look into a month. It stays when the month's last file is gone."""
    return {"InvoiceId": MONTHS, "Source": month}


def beginning_with(prefix: str) -> tuple[str, str]:
    """Lowest and highest sort key of those that begin with `prefix` and a `#`."""
    return f"{prefix}#", f"{prefix}{_AFTER}"


def party_of(total: Mapping[str, Any]) -> str:
    """Whose totals an item holds."""
    return str(total["Source"]).partition("#")[0]


def origin_of(item: Mapping[str, Any]) -> Origin:
    """Where an invoice or total comes from. Read from the key, which every index has."""
    parts = str(item["Source"]).split("#")
    return Origin(*parts[:2]) if str(item["InvoiceId"]).startswith(INVOICE) else Origin(*parts[1:3])
