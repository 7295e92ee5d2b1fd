"""A file of rows in four parts: whatever happens to them, readers see all rows of one version, or none."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

import pytest
from support.happenings import HAPPENINGS, IN_PARTS, NEWER, SMALL, at_every_moment, at_some_moments, begun
from support.rows import LinePipeline, file_of
from support.stage import Stage

from remessa.errors import MalformedEvent
from remessa.journey.faults import MAX_ATTEMPTS
from remessa.journey.objects import Version
from remessa.journey.parts import PartOrder, order_of
from remessa.journey.record import public
from remessa.journey.verdict import Result
from remessa.pipelines.contract import Rows, Source

QUEUES = [{}, {"newest_first": True, "stutters": True}]
ORDER = PartOrder("f" * 32, 3, "3-1", "00A0", Version("b", "k", 9, "e", "v", "2026-01-01T00:00:00Z"), 1, 4, {"end": 9})


def test_nothing_happens() -> None:
    """One run cuts the file, four process a part each, and the last publishes the whole."""
    stage = begun(IN_PARTS)
    stage.run()
    stage.assert_at_rest()
    results = [verdict.result for verdict in stage.verdicts[1:]]
    assert results == [Result.DIVIDED, *[Result.PART_DONE] * 3, Result.SUCCEEDED]
    assert (stage.record["metadata"]["rowCount"], stage.record["problemCount"]) == (12, 1)
    assert [problem["row"] for problem in stage.record["problems"]] == [3]
    assert stage.revived == 0
    assert not [name for name in stage.record if name.startswith("Part")]


@pytest.mark.parametrize("happening", HAPPENINGS)
@pytest.mark.parametrize("queue", QUEUES, ids=["fifo", "lifo-and-lost-replies"])
def test_one_thing_at_every_moment(happening: str, queue: dict[str, Any]) -> None:
    """Rows and totals end as the bucket is; readers never saw a mix; only a dead worker needs the sweeper."""
    for moment, stage in at_every_moment(lambda: begun(IN_PARTS, **queue), HAPPENINGS[happening]):
        stage.assert_at_rest()
        assert stage.revived == 0 or happening in {
            "the worker dies",
            "the run sleeps until others have done its work",
        }, moment


@pytest.mark.parametrize("seeds", [range(start, start + 50) for start in range(0, 150, 50)], ids=str)
def test_several_things(seeds: range) -> None:
    """Two to four of them, at moments chosen by a seed."""
    for seed in seeds:
        at_some_moments(seed, IN_PARTS, most=150).assert_at_rest()


@pytest.mark.parametrize("again", [7, 13])
@pytest.mark.parametrize("happening", ["the worker dies", "a call fails", "a new version, its event comes at once"])
def test_invoice_in_two_parts_counts_once(again: int, happening: str) -> None:
    """As in a file that one run reads: the first row counts, the other is a problem, and the totals know it."""
    make = partial(begun, IN_PARTS, file_of(13, 2, cents=300, again=again))
    plain = make()
    plain.run()
    plain.assert_at_rest()
    assert (plain.record["metadata"]["rowCount"], plain.record["problemCount"]) == (12, 1)
    assert [problem["row"] for problem in plain.record["problems"]] == [again]
    for _, stage in at_every_moment(make, HAPPENINGS[happening]):
        stage.assert_at_rest()


def test_runs_that_both_see_something_newer_do_not_mix_it() -> None:
    """Each would make a version of its own under the same claim; so one of them takes the claim for itself."""
    plain = begun(IN_PARTS)
    plain.run()
    publishing = max(number for number, name in enumerate(plain.moments, 1) if name == "before table.update")
    for later in range(1, 30):
        stage = begun(IN_PARTS)
        stage.at[publishing] = partial(_replace, stage, file_of(2, 8, cents=11))
        stage.at[publishing + later] = partial(_replace_for_another_run, stage)
        stage.run()
        stage.assert_at_rest()


def _replace(stage: Stage, body: bytes) -> None:
    stage.deliver(stage.upload(body))


def _replace_for_another_run(stage: Stage) -> None:
    _replace(stage, SMALL)
    stage.repeat()


def test_orders_that_are_lost_are_given_again() -> None:
    """Nothing is left in the queue: when the claim's lease has ended, the sweeper has the file cut anew."""
    for moment in ("after send", "before rows.write"):
        stage = begun(IN_PARTS)
        plain = begun(IN_PARTS)
        plain.run()
        last = max(number for number, name in enumerate(plain.moments, 1) if name == moment)
        stage.at[last] = stage.lose
        stage.run()
        stage.assert_at_rest()
        assert stage.record["Epoch"] == (3 if moment == "after send" else 2)


def test_progress_is_on_the_record() -> None:
    """Rows so far in all parts that have begun; some may come again when a part is repeated."""
    stage, told = begun(IN_PARTS, newest_first=True), []
    for number in range(1, 150):
        stage.at[number] = lambda: told.append(public(stage.record)["progress"])
    stage.run()
    seen = [one for one in told if one]
    assert [one["rows"] for one in seen] == sorted(one["rows"] for one in seen)
    assert seen[-1] == {"rows": 12, "partsBegun": 4, "partsDone": 4}
    assert public(stage.record)["progress"] is None


def test_part_that_fails_by_its_own_doing_fails_the_file() -> None:
    """After five attempts at the part, with its reason, while the others' work comes to nothing."""

    class Faulty(LinePipeline):
        def process_part(self, source: Source, part: Mapping[str, Any], number: int, count: int) -> Rows:
            if number == 2:
                raise ValueError("a bug in the processor")
            return super().process_part(source, part, number, count)

    stage = Stage(Faulty(IN_PARTS))
    stage.upload(NEWER)
    stage.run()
    assert (stage.record["status"], stage.record["error"]["code"]) == ("FAILED", "poison")
    assert "ValueError: a bug in the processor" in stage.record["error"]["message"]
    assert sum(verdict.result is Result.RETRYING for verdict in stage.verdicts) == MAX_ATTEMPTS - 1
    assert "Live" not in stage.record
    stage.see()


@pytest.mark.parametrize("queue", QUEUES, ids=["fifo", "lifo-and-lost-replies"])
def test_part_that_is_refused_refuses_the_file(queue: dict[str, Any]) -> None:
    """With the policy that every row must be good; orders for its other parts are void, and a good version heals it."""
    stage = Stage(LinePipeline(IN_PARTS, strict=True), **queue)
    stage.upload(file_of(13, bad=6))
    stage.run()
    assert (stage.record["status"], stage.record["error"]["code"]) == ("FAILED", "rows-refused")
    assert "Live" not in stage.record
    stage.upload(file_of(13))
    stage.run()
    stage.assert_at_rest()


def test_order_travels_in_a_message() -> None:
    """It comes back as it was sent, and knows how often the queue has handed it out."""
    attributes = {"ApproximateReceiveCount": "3"}
    found = order_of({"body": ORDER.body, "attributes": attributes})
    assert found is not None
    assert (found.version, found.part, found.receives) == (ORDER.version, ORDER.part, 3)
    assert order_of({"body": ORDER.body}) == ORDER
    assert order_of({"body": '{"Records": []}'}) is None


@pytest.mark.parametrize(
    "body",
    [
        '{"remessaPart"',
        '{"remessaPart": 3}',
        '["remessaPart"]',
        '{"remessaPart": {}}',
        ORDER.body.replace('"epoch"', '"era"'),
        ORDER.body.replace('"etag"', '"tag"'),
    ],
)
def test_broken_order(body: str) -> None:
    """It is no order of ours: it goes among the dead letters."""
    with pytest.raises(MalformedEvent):
        order_of({"body": body})
