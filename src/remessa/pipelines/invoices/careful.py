"""The long way to an invoice: every rule, and a problem for every rule that a row breaks."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date, timedelta
from functools import lru_cache, partial
from typing import TypeVar

from remessa.pipelines.contract import Problem
from remessa.pipelines.invoices import access_keys
from remessa.pipelines.invoices.access_keys import KeyHead, read_access_key, read_head
from remessa.pipelines.invoices.amounts import read_amount
from remessa.pipelines.invoices.cells import as_text
from remessa.pipelines.invoices.conventions import Conventions
from remessa.pipelines.invoices.dates import read_date
from remessa.pipelines.invoices.headers import MAX_EXTRA_NAME, ColumnMap
from remessa.pipelines.invoices.masking import shown_cell
from remessa.pipelines.invoices.numbering import MAX_NAME, keyless_id, model_of, read_name, read_number, read_series
from remessa.pipelines.invoices.plain import MAX_EXTRA_CELL
from remessa.pipelines.invoices.problem_codes import is_error, problem
from remessa.pipelines.invoices.rows import CellReading, Invoice
from remessa.pipelines.invoices.synonyms import LABELS
from remessa.pipelines.invoices.tax_ids import read_tax_id

T = TypeVar("T")


class CarefulValidator:
    """Checks rows of one shape, and says what is wrong with them."""

    def __init__(self, found: ColumnMap, conventions: Conventions, today: date) -> None:
        self._found = found
        marks = conventions.decimal_marks
        self._read_date = partial(read_date, today=today, month_first=conventions.month_first)
        self._read_amount = {
            field: partial(read_amount, decimal_mark=marks.get(field))
            for field in ("total", "tax", "products_total", "items_total")
        }

    def check(self, line: int, values: Sequence[object]) -> tuple[Invoice | None, list[Problem]]:
        """The invoice, unless an error refuses the row, and everything there is to say about it."""
        row = _Row(self._found, line, values)
        key = row.take("access_key", read_access_key)
        head = read_head(key[: access_keys.HEAD]).value if key else None
        number, series = row.take("number", read_number), row.take("series", read_series)
        issuer, customer = row.take(row.filled("issuer"), read_tax_id), row.take(row.filled("customer"), read_tax_id)
        issued = row.take("issued", self._read_date)
        total, tax = self._amount(row, "total"), self._amount(row, "tax")
        if key and head:
            self._agree(row, key, head, number=number, series=series, issuer=issuer, issued=issued)
            number, series = number or key_number(key), series or head.series
        row.require(issuer=issuer, issued=issued, total=total, number=number)
        self._add_up(row, total)
        names = row.take("issuer_name", read_name), row.take("customer_name", read_name)
        if row.is_refused or issuer is None or issued is None or total is None or number is None:
            return None, row.problems
        invoice_id = "INV#" + key if key else keyless_id(
            issuer, model_of(row.text("model")), series or "", number, issued[:4]
        )  # fmt: skip
        invoice = Invoice(
            invoice_id, key, number, series, issuer, names[0], customer, names[1], issued, total, tax, line, row.extra()
        )
        return invoice, row.problems

    def _amount(self, row: _Row, field: str) -> int | None:
        cents = row.take(field, self._read_amount[field])
        if cents is not None and cents < 0:
            row.note("amount-negative", field)
        return cents

    def _add_up(self, row: _Row, total: int | None) -> None:
        """Items against the total of products, which must agree, or else against the invoice's total, which may not."""
        items, products = self._amount(row, "items_total"), self._amount(row, "products_total")
        if items is None:
            return
        if products is not None:
            if products != items:
                row.note("products-differ-from-items", "products_total", items=_money(items), products=_money(products))
        elif total is not None and total != items:
            row.note("total-differs-from-items", "total", items=_money(items), total=_money(total))

    def _agree(
        self,
        row: _Row,
        key: str,
        head: KeyHead,
        *,
        number: str | None,
        series: str | None,
        issuer: str | None,
        issued: str | None,
    ) -> None:
        """The key repeats the row. Where they differ one of them is wrong (rejection 227 of the NF-e)."""
        if issuer is not None and issuer != head.issuer:
            is_office = int(head.series) in access_keys.TAX_OFFICE_SERIES
            row.note("access-key-tax-office" if is_office else "access-key-issuer", "access_key", series=head.series)
        if number is not None and number != key_number(key):
            row.note("access-key-number", "access_key", of_key=key_number(key), of_row=shown_cell("number", number))
        if series is not None and series != head.series:
            row.note("access-key-series", "access_key", of_key=head.series, of_row=series)
        if issued is not None and issued[:7] != head.month:
            code = "access-key-month-edge" if head.month in _months_around(issued) else "access-key-month"
            row.note(code, "access_key", of_key=head.month, of_row=issued)
        state = row.text("issuer_state").upper()
        if state and state != head.state:
            row.note("access-key-state", "access_key", of_key=head.state)


class _Row:
    """One row under examination."""

    def __init__(self, found: ColumnMap, line: int, values: Sequence[object]) -> None:
        self._found, self._line, self._values = found, line, values
        self.problems: list[Problem] = []
        self.is_refused = False
        for field in found.missing:
            self.note("column-missing", field)
        for field in found.twice:
            self.note("column-twice", field)

    def text(self, field: str) -> str:
        """The field's cell, tidy; empty if there is no such column."""
        index = self._found.fields.get(field)
        if index is None:
            return ""
        text = as_text(self._values[index])
        # Spreadsheets and safe exports put an apostrophe before text that could be a number or a formula.
        return text[1:] if text[:1] == "'" else text

    def filled(self, field: str) -> str:
        """`field`, or the column beside it for the CPF if only that one is filled."""
        person = f"{field}_cpf"
        return person if not self.text(field) and self.text(person) else field

    def take(self, field: str, read: Callable[[str], CellReading[T]]) -> T | None:
        """What the cell says, its problem noted; None if it is blank or wrong."""
        cell = self.text(field)
        if not cell:
            return None
        value, code = read(cell)
        if code is not None:
            self.note(code, field, **_details(code, cell, value))
        return value

    def require(self, **values: object) -> None:
        """Note each field that has a column, but neither a value nor a problem that says why."""
        for field, value in values.items():
            column = "access_key" if field == "number" and "number" not in self._found.fields else field
            if value is None and column in self._found.fields and not self.text(self.filled(column)):
                self.note("cell-missing", column)

    def note(self, code: str, field: str, **details: object) -> None:
        """Add a problem of a field's cell."""
        index = self._found.fields.get(field)
        name = field if index is None else _shown_header(self._found.columns[index])
        cell = None if index is None else shown_cell(field, self.text(field)) or None
        self.is_refused = self.is_refused or is_error(code)
        label = LABELS.get(field, field)
        self.problems.append(
            problem(
                code,
                row=self._line,
                column=None if index is None else index + 1,
                field=name,
                cell=cell,
                label=label,
                **details,
            )
        )

    def extra(self) -> dict[str, str]:
        """The unmapped cells that are not blank."""
        texts = {name: as_text(self._values[index])[:MAX_EXTRA_CELL] for index, name in self._found.extra.items()}
        return {name: text for name, text in texts.items() if text}


def key_number(key: str) -> str | None:
    """The invoice number inside a key, without leading zeros; None if it is zero, which no invoice has."""
    return key[25:34].lstrip("0") or None


@lru_cache(maxsize=256)
def _shown_header(header: str) -> str:
    return shown_cell(None, header[:MAX_EXTRA_NAME])


def _months_around(day: str) -> set[str]:
    """The months of the day before and the day after: where another time zone can put an invoice."""
    here = date.fromisoformat(day)
    return {(here + timedelta(days=step)).isoformat()[:7] for step in (-1, 1)}


def _details(code: str, cell: str, value: object) -> dict[str, object]:
    """What the message of a cell's problem needs."""
    if code in ("tax-id-length", "access-key-length"):
        return {"length": sum(map(str.isalnum, cell))}
    if code == "access-key-model":
        return {"model": str(value)[20:22]}
    return {"limit": MAX_NAME}


def _money(cents: int) -> str:
    sign, units = "-" if cents < 0 else "", abs(cents)
    return f"{sign}{units // 100}.{units % 100:02d}"
