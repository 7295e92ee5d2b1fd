"""Workers that die in the middle of a file of invoices: what readers see is never a part of it."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest
from support.bookkeeping import Bookkeeping, Sums, sample, sums_of
from support.faulty import FaultyCloud
from support.local_cloud import LocalCloud, free_port, wait_for

from remessa.cli.samples.mistakes import Format
from remessa.journey.record import file_id
from remessa.local.home import Home

ROWS = 10_000
KILLS: dict[str, tuple[Format, str, list[str], int]] = {
    # name: how it is written, the call at which a worker dies, what its request holds beside the file, how many pass
    "whole, in its rows.json": (Format.JSON, "dynamodb.BatchWriteItem", [], 150),
    "parts, in the rows of one.csv": (Format.CSV, "dynamodb.BatchWriteItem", [], 60),
    "parts, in publishing.csv": (Format.CSV, "dynamodb.UpdateItem", ['"Live"'], 0),
}


@pytest.fixture(scope="module")
def faulty(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FaultyCloud]:
    """A cloud whose workers die on request, and whose function takes the files of this test in three parts."""
    folder = tmp_path_factory.mktemp("faulty-invoices")
    cloud = LocalCloud(Home(folder / "home"), free_port())
    try:
        yield FaultyCloud(cloud, folder, timeout=20, pipeline="invoices", INVOICE_PART_BYTES="700000")
    finally:
        cloud.destroy()


def test_dead_workers(faulty: FaultyCloud) -> None:
    """Until the new version is published readers see the old; then exactly its rows; and `gc` removes what is left."""
    desk = Bookkeeping(faulty.cloud)
    old, new = _uploaded(desk, 20, seed=100), {}
    for number, (key, (form, call, holds, after)) in enumerate(KILLS.items()):
        body, tally = sample(form, ROWS, seed=200 + number)
        new[key] = sums_of(tally)
        wish = faulty.kill_at(call, file_id(desk.bucket, key), *holds, after=after)
        desk.upload(key, body)
        wait_for(partial(_is_gone, wish), 60)
        record = desk.record(key) or {}
        assert (record["status"], desk.listed(record)) == ("PROCESSING", old[key])
    dead = {}
    for key, sums in new.items():
        record = faulty.sweep_until_ended(key)
        assert record["status"] == "SUCCEEDED", record["error"]
        assert (record["metadata"]["rowCount"], desk.listed(record)) == (ROWS, sums)
        dead[key] = record["attempts"]
    assert set(dead.values()) <= {1, 2}
    assert {dead[key] for key in dead if key.startswith("whole")} == {2}
    assert desk.all_totals() == Sums(*(sum(numbers) for numbers in zip(*new.values(), strict=True)))
    assert any(len(generations) > 1 for generations in desk.stored().values()), "dead runs left rows"
    assert faulty.cloud.remessa("gc", "--grace", "0").returncode == 0
    assert {len(generations) for generations in desk.stored().values()} == {1}
    assert desk.all_totals().rows == ROWS * len(KILLS)


def _is_gone(wish: Path) -> bool:
    return not wish.exists()


def _uploaded(desk: Bookkeeping, rows: int, seed: int) -> dict[str, Sums]:
    """A first, short version of every file."""
    sums = {}
    for number, key in enumerate(KILLS):
        body, tally = sample(KILLS[key][0], rows, seed=seed + number)
        assert desk.process(key, body)["status"] == "SUCCEEDED"
        sums[key] = sums_of(tally)
    return sums
