"""The same invoice in two files: who shares what with whom, and for how long the records say so."""

from __future__ import annotations

import pytest
from support.invoice_table import ACME, BETA, SHARDS, Shelf, invoice

from remessa.journey.invoices.layout import Origin
from remessa.journey.invoices.live import Live
from remessa.journey.invoices.overlaps import FEW, Overlap, overlaps
from remessa.journey.record import Status, shared_note
from remessa.journey.views import Records

ONE, TWO, THREE = "1" * 32, "2" * 32, "3" * 32


@pytest.fixture
def shelf() -> Shelf:
    """Nothing in it yet."""
    return Shelf()


def compare(shelf: Shelf, origin: Origin, rows: int) -> dict[str, Overlap]:
    """What a file of so many rows has in common with others."""
    return overlaps(shelf.invoices, Live(shelf.records), origin, rows, SHARDS)


@pytest.mark.parametrize("rows", [1, FEW + 1], ids=["looked up", "read through"])
def test_shared_invoices_are_counted_with_their_first_rows(shelf: Shelf, rows: int) -> None:
    """Both ways of looking find the same: by file, how many, and where they begin in both."""
    mine = [invoice(number) for number in range(1, 9)]
    theirs = [invoice(number, line=number + 100) for number in (3, 5, 20)]
    others = [invoice(number, issuer=BETA, line=number) for number in (30, 31)]
    origin = shelf.publish(ONE, "1-1", mine)
    shelf.publish(TWO, "4-1", theirs)
    shelf.publish(THREE, "1-1", others)
    assert compare(shelf, origin, rows) == {TWO: Overlap("4-1", count=2, row=3, other_row=103)}


@pytest.mark.parametrize("rows", [1, FEW + 1], ids=["looked up", "read through"])
def test_only_what_is_live_is_compared(shelf: Shelf, rows: int) -> None:
    """Neither a superseded generation nor a deleted file, nor the file's own former rows."""
    same = [invoice(1), invoice(2)]
    shelf.publish(ONE, "1-1", same)
    origin = shelf.publish(ONE, "2-1", same)
    shelf.publish(TWO, "1-1", same)
    shelf.publish(TWO, "2-1", [invoice(50)])
    shelf.publish(THREE, "1-1", same)
    shelf.remove(THREE)
    assert compare(shelf, origin, rows) == {}


def test_many_rows_cost_no_look_at_each(shelf: Shelf) -> None:
    """Where nobody else tells of the same issuer and month, the rows are not read at all."""
    origin = shelf.publish(ONE, "1-1", [invoice(number, issuer=ACME) for number in range(1, 400)])
    shelf.publish(TWO, "1-1", [invoice(number, issuer=BETA) for number in range(500, 600)])
    shelf.invoices.items_read = 0
    assert compare(shelf, origin, FEW + 1) == {}
    assert shelf.invoices.items_read < 50


def test_both_records_tell_while_both_are_live(shelf: Shelf) -> None:
    """As a problem of the record; when the other file is replaced or deleted, it is one no longer."""
    records = Records(shelf.records, shards=SHARDS)
    for file_id in (ONE, TWO):
        shelf.publish(file_id, "1-1")
        shelf.records.items[file_id] |= {
            "bucket": "b", "key": "k", "name": "k", "pipeline": "invoices", "status": Status.SUCCEEDED,
        }  # fmt: skip
    note = {"mine": "1-1", "theirs": "1-1", "count": 3, "row": 7}
    shelf.records.items[ONE][shared_note(TWO)] = note
    record = records.get(ONE)
    assert record is not None
    [problem] = record["problems"]
    assert (record["problemCount"], problem["code"], problem["row"]) == (1, "invoice-shared", 7)
    assert "2 more" in problem["message"]
    assert TWO in problem["message"]
    shelf.publish(TWO, "2-1")
    replaced = records.get(ONE)
    assert replaced is not None
    assert (replaced["problems"], replaced["problemCount"]) == ([], 0)
