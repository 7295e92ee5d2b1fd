"""`remessa invoices …`: what the files of invoices say, listed, summed and exported."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeAlias

import typer

from remessa.cli._csv_target import FileTarget, StandardOutput
from remessa.cli._invoices import day, month, print_invoices, print_totals, tax_id
from remessa.cli._records import many
from remessa.cli._shared import Report, check_file_id, messages, print_json, progress
from remessa.errors import EnvironmentDown, UsageError
from remessa.journey.invoices.export import BRAZILIAN, ISO
from remessa.journey.invoices.export import export as write_csv
from remessa.journey.invoices.search import Search
from remessa.journey.invoices.totals import By

if TYPE_CHECKING:
    from remessa.journey.invoices.queries import InvoicePage, Invoices
    from remessa.journey.invoices.totals import Totals

_TOLD_EVERY = 10_000

app = typer.Typer(no_args_is_help=True, help="What the files of invoices say: list, sum, export.")

Issuer: TypeAlias = Annotated[str | None, typer.Option(help="Only of this issuer: CNPJ or CPF.")]
Customer: TypeAlias = Annotated[str | None, typer.Option(help="Only to this customer: CNPJ or CPF.")]
First: TypeAlias = Annotated[
    str | None, typer.Option("--from", help="First day or month of issue: 2026-05-31, 2026-05.")
]
Last: TypeAlias = Annotated[str | None, typer.Option("--to", help="Last day or month of issue, included.")]
File: TypeAlias = Annotated[str | None, typer.Option(help="Only from this file: its FileId, see `remessa ls`.")]


@app.command()
def ls(
    *,
    issuer: Issuer = None,
    customer: Customer = None,
    first: First = None,
    last: Last = None,
    file: File = None,
    limit: Annotated[int, typer.Option(min=1, max=10_000, help="At most so many invoices.")] = 50,
    cursor: Annotated[str | None, typer.Option(help="Where the list before ended, as it told.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="An object: `invoices` and the next `cursor`.")] = False,
) -> None:
    """List invoices, newest first; those of a file in the file's order."""
    search = _search(issuer, customer, first, last, file)
    page = _pages(readers()[0], search, cursor, limit)
    if as_json:
        print_json({"invoices": page.invoices, "cursor": page.cursor})
        return
    if page.invoices:
        print_invoices(page.invoices)
    else:
        messages().print(_nothing(search))
    if page.cursor:
        messages().print(f"There are more: repeat this with --cursor {page.cursor}", style="dim")


@app.command()
def totals(
    *,
    by: Annotated[By, typer.Option(case_sensitive=False, help="What to sum up by.")] = By.MONTH,
    issuer: Issuer = None,
    customer: Customer = None,
    first: Annotated[str | None, typer.Option("--from", help="First month of issue, 2026-05.")] = None,
    last: Annotated[str | None, typer.Option("--to", help="Last month of issue, included.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="An array of totals.")] = False,
) -> None:
    """Sum invoices up by month, issuer or customer."""
    search = _search(issuer, customer, first, last, None)
    begin, end = month(first, is_last=False), month(last, is_last=True)
    sums = readers()[1].by(by, first=begin, last=end, issuer=search.issuer, customer=search.customer)
    if as_json:
        print_json(sums)
    elif sums:
        print_totals(by, sums)
    else:
        messages().print(_nothing(search))


@app.command()
def export(
    target: Annotated[str, typer.Argument(metavar="FILE.csv", help="The file to write; `-` for stdout.")],
    *,
    issuer: Issuer = None,
    customer: Customer = None,
    first: First = None,
    last: Last = None,
    file: File = None,
    iso: Annotated[
        bool, typer.Option("--iso", help="For programs: commas, 1234.56, 2026-05-31, no punctuation in CNPJs and keys.")
    ] = False,
    force: Annotated[bool, typer.Option("--force", help="Replace the file if there is one.")] = False,
) -> None:
    """Write invoices to a CSV file that spreadsheets open as it is meant; text in it cannot become a formula."""
    search, style = _search(issuer, customer, first, last, file), ISO if iso else BRAZILIAN
    destination = StandardOutput() if target == "-" else FileTarget(Path(target), force=force)
    invoices = readers()[0]
    with progress(messages(), "Exporting …") as report:
        count = destination.write(
            lambda out: write_csv(_told(invoices.every(search), report), out, style), style.encoding
        )
    where = "" if target == "-" else f" to {target}"
    messages().print(f"Exported {many(count, 'invoice')}{where}.")


def readers() -> tuple[Invoices, Totals]:
    """What reads the stack's invoices and totals; raises EnvironmentDown when there is none."""
    from remessa.journey.invoices.queries import Invoices
    from remessa.journey.invoices.table import DynamoInvoices
    from remessa.journey.invoices.totals import Totals
    from remessa.local.connection import connect

    connection = connect()
    if "InvoicesTable" not in connection.outputs:
        raise EnvironmentDown("This stack is of a Remessa without invoices. Run `remessa up` to bring it up to date.")
    table = DynamoInvoices(connection.client("dynamodb"), connection.outputs["InvoicesTable"])
    records, shards = connection.table(), connection.shards
    return Invoices(table, records, shards=shards), Totals(table, records, shards=shards)


def _search(issuer: str | None, customer: str | None, first: str | None, last: str | None, file: str | None) -> Search:
    """The options as a search; raises UsageError for what they cannot mean."""
    if file is not None:
        check_file_id(file)
    date_from, date_to = day(first, is_last=False), day(last, is_last=True)
    if date_from and date_to and date_from > date_to:
        raise UsageError(f"--from {first} is after --to {last}.")
    return Search(tax_id(issuer, "issuer"), tax_id(customer, "customer"), date_from, date_to, file)


def _pages(invoices: Invoices, search: Search, cursor: str | None, limit: int) -> InvoicePage:
    """As many invoices as were asked for, though the reading side may give them in several short pages."""
    page = invoices.page(search, cursor=cursor, limit=limit)
    while page.cursor and len(page.invoices) < limit:
        more = invoices.page(search, cursor=page.cursor, limit=limit - len(page.invoices))
        page = type(page)(page.invoices + more.invoices, more.cursor)
    return page


def _told(invoices: Iterator[Mapping[str, Any]], report: Report) -> Iterator[Mapping[str, Any]]:
    """The same invoices, with a word about them now and then."""
    for count, invoice in enumerate(invoices, start=1):
        if count % _TOLD_EVERY == 0:
            report(f"Exporting … {many(count, 'invoice')}")
        yield invoice


def _nothing(search: Search) -> str:
    if search == Search():
        return "No invoices. Upload a file of them with `remessa put FILE`: CSV, JSON, NDJSON or NF-e XML."
    return "No invoices match. `remessa invoices ls` lists all there are, `remessa ls` the files and how they ended."
