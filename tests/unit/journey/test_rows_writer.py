"""Rows to a table over real HTTP: nothing lost, nothing doubled, whatever the table answers."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator

import pytest
from botocore.credentials import Credentials
from support.batch_table import (
    KEY,
    TABLE,
    BatchTable,
    Fault,
    cut_short,
    hang_up,
    refusing,
    replying,
    serving,
    taking,
    waiting_for,
)

from remessa.journey import faults, rows_writer
from remessa.journey.row_requests import delete_request, put_request
from remessa.journey.row_sender import Destination, RowsDelayed, RowsRefused
from remessa.journey.rows_writer import BATCH, RowsWriter

CREDENTIALS = Credentials("AKIDONE", "secret")


@pytest.fixture
def table() -> BatchTable:
    """An empty table."""
    return BatchTable()


@pytest.fixture
def destination(table: BatchTable) -> Iterator[Destination]:
    """The way to it."""
    with serving(table) as endpoint:
        yield Destination(TABLE, endpoint, "us-east-1", CREDENTIALS)


def _row(number: int, text: str = "x") -> tuple[str, str]:
    key = f"INV#{number}"
    return key, put_request({KEY: key, "text": text, "row": number})


def _item(number: int, text: str = "x") -> dict[str, dict[str, str]]:
    return {KEY: {"S": f"INV#{number}"}, "text": {"S": text}, "row": {"N": str(number)}}


def _write(writer: RowsWriter, count: int) -> None:
    for number in range(count):
        writer.add(*_row(number))


def _all(count: int) -> dict[str, dict[str, dict[str, str]]]:
    return {f"INV#{number}": _item(number) for number in range(count)}


def test_every_row_arrives_as_it_is(table: BatchTable, destination: Destination) -> None:
    """The last, smaller batch too."""
    with RowsWriter(destination, connections=4) as writer:
        _write(writer, 510)
    assert table.items == _all(510)
    assert writer.written == 510
    assert sorted(map(len, table.batches)) == [10] + [BATCH] * 20


def test_what_was_left_out_is_sent_again(table: BatchTable, destination: Destination) -> None:
    """And only that."""
    table.faults = [taking(10), taking(0), taking(14)]
    with RowsWriter(destination, connections=1) as writer:
        _write(writer, BATCH)
    assert table.items == _all(BATCH)
    assert [len(batch) for batch in table.batches] == [25, 15, 15, 1]


@pytest.mark.parametrize(
    "fault",
    [
        refusing(400, "ProvisionedThroughputExceededException"),
        refusing(400, "ThrottlingException"),
        refusing(500, "InternalServerError"),
        replying(503, "<html>Service Unavailable</html>"),
        replying(429, ""),
        replying(200, "<html>a proxy"),
        replying(200, "[]"),
        hang_up,
        cut_short,
    ],
)
def test_what_passes_is_tried_again(table: BatchTable, destination: Destination, fault: Fault) -> None:
    """Three times in a row is nothing unusual, on any of the connections."""
    table.faults = [fault] * 3
    with RowsWriter(destination, connections=2) as writer:
        _write(writer, 80)
    assert table.items == _all(80)
    assert writer.written == 80
    assert len(table.batches) == 4 + 3


def test_a_throttled_batch_keeps_its_connection(table: BatchTable, destination: Destination) -> None:
    """Opening another one is what a busy table needs least."""
    table.faults = [refusing(400, "ThrottlingException"), taking(3), refusing(503, "ServiceUnavailable")]
    with RowsWriter(destination, connections=1) as writer:
        _write(writer, 60)
    assert table.items == _all(60)
    assert len(table.connections) == 1


def test_each_batch_has_its_own_attempts(table: BatchTable, destination: Destination) -> None:
    """One bad moment for each of many batches is not many for one of them."""
    batches = 2 * rows_writer.MIN_ATTEMPTS
    fails_once = refusing(500, "InternalServerError")
    table.faults = [fails_once, taking(BATCH)] * batches
    with RowsWriter(destination, connections=1, patience=0) as writer:
        _write(writer, batches * BATCH)
    assert table.items == _all(batches * BATCH)


def test_a_refusal_is_told_at_once(table: BatchTable, destination: Destination) -> None:
    """With the table and AWS's own code; the journey knows it for what it is, and nothing can be added any more."""
    table.always = refusing(400, "ValidationException")
    writer = RowsWriter(destination, connections=1)
    _write(writer, BATCH)
    with pytest.raises(RowsRefused, match=r"Invoices refused .* ValidationException \(HTTP 400\)\. as the") as caught:
        writer.flush()
    assert faults.is_permanent(caught.value)
    with pytest.raises(RowsRefused):
        _write(writer, BATCH)
    with pytest.raises(RowsRefused):
        writer.close()
    with pytest.raises(RowsRefused):
        writer.close()
    assert len(table.batches) == 1


def test_a_missing_table_is_a_dependency(table: BatchTable, destination: Destination) -> None:
    """It may come back; the rows are not to blame."""
    table.always = refusing(400, "ResourceNotFoundException")
    with pytest.raises(RowsRefused, match="ResourceNotFoundException") as caught, RowsWriter(destination) as writer:
        _write(writer, 1)
    assert faults.is_dependency(caught.value)
    assert not faults.is_permanent(caught.value)


def test_patience_ends(table: BatchTable, destination: Destination) -> None:
    """After at least five attempts; the message holds the last reason."""
    table.always = refusing(400, "ThrottlingException")
    with (
        pytest.raises(RowsDelayed, match=r"Invoices .*attempts\): ThrottlingException \(HTTP 400\)$") as caught,
        RowsWriter(destination, patience=0.01) as writer,
    ):
        _write(writer, 1)
    assert faults.is_dependency(caught.value)
    assert len(table.batches) == rows_writer.MIN_ATTEMPTS


def test_nobody_there(table: BatchTable) -> None:
    """A closed port is tried again too, and ends as a dependency's fault."""
    with serving(table) as endpoint:
        destination = Destination(TABLE, endpoint, "us-east-1", CREDENTIALS)
    with pytest.raises(RowsDelayed, match="ConnectionRefusedError"), RowsWriter(destination, patience=0.01) as writer:
        _write(writer, 1)


def test_no_answer_in_time(table: BatchTable, destination: Destination, monkeypatch: pytest.MonkeyPatch) -> None:
    """The batch goes over another connection; the others have gone on meanwhile."""
    monkeypatch.setattr(rows_writer, "TIMEOUT", 1.0)
    gate = threading.Event()
    table.faults = [waiting_for(gate)]
    with RowsWriter(destination, connections=2) as writer:
        _write(writer, 100)
    gate.set()
    assert table.items == _all(100)
    assert len(table.batches) == 5


def test_the_last_of_a_key_wins(table: BatchTable, destination: Destination) -> None:
    """Within a batch and over batches, even when the first is slow to be written."""
    gate = threading.Event()
    table.faults = [waiting_for(gate)]
    threading.Timer(0.2, gate.set).start()
    with RowsWriter(destination, connections=4) as writer:
        writer.add(*_row(7, "replaced within the batch"))
        writer.add(*_row(7, "first"))
        _write(writer, 7)
        for number in range(8, BATCH):
            writer.add(*_row(number))
        writer.add(*_row(BATCH))
        writer.add(*_row(7, "last"))
    assert table.items["INV#7"] == _item(7, "last")
    sent = [text for batch in table.batches for text in _texts(batch, "INV#7")]
    assert sent == ["first", "last"]


def _texts(batch: list[dict[str, dict[str, dict[str, dict[str, str]]]]], key: str) -> list[str]:
    items = [request["PutRequest"]["Item"] for request in batch]
    return [item["text"]["S"] for item in items if item[KEY]["S"] == key]


def test_deletes_beside_puts(table: BatchTable, destination: Destination) -> None:
    """A delete of what was put before comes after it; one of nothing is fine."""
    with RowsWriter(destination, connections=4) as writer:
        _write(writer, 60)
        for number in range(30, 70):
            writer.add(f"INV#{number}", delete_request({KEY: f"INV#{number}"}))
    assert table.items == _all(30)


def test_the_callers_own_error_comes_first(table: BatchTable, destination: Destination) -> None:
    """What was not sent stays unsent, and the writer is closed."""
    writer = RowsWriter(destination)

    def fail() -> None:
        with writer:
            _write(writer, 5)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert not table.batches
    with pytest.raises(ValueError, match="closed"):
        writer.add(*_row(1))


def test_flush_makes_rows_visible(table: BatchTable, destination: Destination) -> None:
    """Before the writer is closed, and it goes on after."""
    with RowsWriter(destination) as writer:
        _write(writer, 30)
        writer.flush()
        assert table.items == _all(30)
        writer.add(*_row(30))
    assert table.items == _all(31)


def test_a_slow_table_slows_the_caller(table: BatchTable, destination: Destination) -> None:
    """What is held is bounded: as many batches as connections, and the one being filled."""
    gate = threading.Event()
    table.always = waiting_for(gate)
    writer = RowsWriter(destination, connections=3)
    added: list[int] = []

    def produce() -> None:
        with writer:
            for number in range(500):
                writer.add(*_row(number))
                added.append(number)

    producer = threading.Thread(target=produce)
    producer.start()
    deadline = time.monotonic() + 10
    while len(added) < 4 * BATCH - 1 and time.monotonic() < deadline:
        time.sleep(0.01)
    time.sleep(0.2)  # time to add more, if it did not wait
    held = len(added)
    gate.set()
    producer.join(30)
    assert held == 4 * BATCH - 1
    assert table.items == _all(500)


def test_long_rows_go_out_early(table: BatchTable, destination: Destination) -> None:
    """Rows near DynamoDB's 400 KB do not add up to 25 of them in memory."""
    with RowsWriter(destination, connections=2) as writer:
        for number in range(7):
            writer.add(*_row(number, "x" * 390_000))
    assert sorted(len(batch) for batch in table.batches) == [1, 3, 3]
