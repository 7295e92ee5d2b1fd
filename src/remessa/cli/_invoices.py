"""Invoices as people name them on a command line and read them in a terminal."""

from __future__ import annotations

import re
from calendar import monthrange
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from remessa.cli._records import output, printable
from remessa.errors import UsageError
from remessa.journey.invoices.export import punctuated
from remessa.journey.invoices.totals import By
from remessa.pipelines.invoices.tax_ids import read_tax_id

_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}").fullmatch
_MONTH = re.compile(r"([0-9]{4})-([0-9]{2})").fullmatch
_ROOMY, _VERY_ROOMY = 100, 150


def tax_id(text: str | None, role: str) -> str | None:
    """A CNPJ or CPF without punctuation; raises UsageError telling what is wrong with it."""
    if text is None:
        return None
    reading = read_tax_id(text)
    if reading.value is None:
        wrong = reading.code == "tax-id-check-digits"
        reason = "its check digits do not agree" if wrong else "a CNPJ has 14 characters, a CPF 11 digits"
        raise UsageError(f"--{role} {text[:40]!r} is no CNPJ or CPF: {reason}. Punctuation may be left out.")
    return reading.value


def day(text: str | None, *, is_last: bool) -> str | None:
    """A day, or the first or last day of a month, as `YYYY-MM-DD`; raises UsageError for anything else."""
    if text is None:
        return None
    found = _MONTH(text)
    try:
        if found:
            year, number = int(found[1]), int(found[2])
            return date(year, number, monthrange(year, number)[1] if is_last else 1).isoformat()
        if _DAY(text):
            return date.fromisoformat(text).isoformat()
    except ValueError as fault:
        raise UsageError(f"There is no {text}.") from fault
    raise UsageError(f"{text[:40]!r} is no day or month; write 2026-05-31 or 2026-05.")


def month(text: str | None, *, is_last: bool) -> str | None:
    """A month as `YYYY-MM`, told by itself or by its first or last day; raises UsageError for any other day."""
    found = day(text, is_last=is_last)
    if found is None:
        return None
    if found != day(found[:7], is_last=is_last):
        raise UsageError(f"Totals are kept by month, so {text} will not do; write {found[:7]} for the whole month.")
    return found[:7]


def print_invoices(invoices: Sequence[Mapping[str, Any]]) -> None:
    """One row an invoice, in the order given; more about each where there is room."""
    from rich.box import SIMPLE_HEAD
    from rich.table import Table

    console = output()
    table = Table(box=SIMPLE_HEAD, pad_edge=False, expand=False)
    table.add_column("Issued", no_wrap=True, min_width=10)
    table.add_column("Number", justify="right", overflow="fold")
    table.add_column("Issuer", overflow="fold")
    table.add_column("Customer", overflow="fold")
    table.add_column("Total", justify="right", no_wrap=True)
    if console.width >= _ROOMY:
        table.add_column("Tax", justify="right", no_wrap=True)
    if console.width >= _VERY_ROOMY:
        table.add_column("FileId", no_wrap=True)
        table.add_column("Row", justify="right", no_wrap=True)
    for invoice in invoices:
        row = [
            invoice["issued"],
            printable(invoice["number"]),
            _party(invoice["issuer"], invoice["issuerName"]),
            _party(invoice["customer"], invoice["customerName"]),
            grouped(invoice["total"]),
            grouped(invoice["tax"]),
            invoice["FileId"],
            f"{invoice['row']:,}",
        ]
        table.add_row(*row[: len(table.columns)])
    console.print(table)


def print_totals(by: By, totals: Sequence[Mapping[str, Any]]) -> None:
    """One row a total, in the order given, and the sum of all."""
    from rich.box import SIMPLE_HEAD
    from rich.table import Table

    table = Table(box=SIMPLE_HEAD, pad_edge=False, expand=False, show_footer=True)
    table.add_column(by.value.capitalize(), "All", overflow="fold")
    table.add_column("Invoices", f"{sum(total['count'] for total in totals):,}", justify="right", no_wrap=True)
    for name in ("total", "tax"):
        table.add_column(name.capitalize(), grouped(_sum(totals, name)), justify="right", no_wrap=True)
    for total in totals:
        whose = total["month"] if by is By.MONTH else _party(total[by.value], total["name"]) or "(none named)"
        table.add_row(whose, f"{total['count']:,}", grouped(total["total"]), grouped(total["tax"]))
    output().print(table)


def grouped(amount: str | None) -> str:
    """An exact decimal with its thousands set apart: `-1,234.56`."""
    if amount is None:
        return ""
    whole, _, rest = amount.removeprefix("-").partition(".")
    return f"{'-' if amount.startswith('-') else ''}{int(whole):,}.{rest}"


def _party(identity: str | None, name: str | None) -> str:
    return " ".join(printable(part) for part in (punctuated(identity), name) if part)


def _sum(totals: Sequence[Mapping[str, Any]], name: str) -> str | None:
    """The sum of exact decimals; None if none of them is known."""
    from decimal import Decimal

    known = [Decimal(total[name]) for total in totals if total[name] is not None]
    return str(sum(known, Decimal("0.00"))) if known else None
