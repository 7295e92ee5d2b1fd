"""A file of rows that one run processes: whatever happens in between, readers see all rows of one version, or none."""

from __future__ import annotations

from typing import Any

import pytest
from support.happenings import HAPPENINGS, NEWER, WHOLE, at_every_moment, at_some_moments, begun
from support.rows import LinePipeline, file_of
from support.stage import Crash, Stage

from remessa.journey.faults import MAX_ATTEMPTS
from remessa.journey.record import public
from remessa.journey.verdict import Result


def test_nothing_happens() -> None:
    """The file's rows replace those of the version before, which are removed at once."""
    stage = begun(WHOLE)
    stage.run()
    stage.assert_at_rest()
    assert stage.record["Live"]["generation"] == "2-1"
    assert (stage.record["metadata"]["rowCount"], stage.record["problemCount"]) == (12, 1)
    assert [verdict.result for verdict in stage.verdicts] == [Result.SUCCEEDED, Result.SUCCEEDED]
    assert stage.revived == 0


@pytest.mark.parametrize("happening", HAPPENINGS)
@pytest.mark.parametrize("queue", [{}, {"newest_first": True, "stutters": True}], ids=["fifo", "lifo-and-lost-replies"])
def test_one_thing_at_every_moment(happening: str, queue: dict[str, Any]) -> None:
    """Rows and totals end as the bucket is; readers never saw a mix; only a dead worker needs the sweeper."""
    for moment, stage in at_every_moment(lambda: begun(WHOLE, **queue), HAPPENINGS[happening]):
        stage.assert_at_rest()
        assert stage.revived == 0 or happening in {
            "the worker dies",
            "the run sleeps until others have done its work",
        }, moment


@pytest.mark.parametrize("seeds", [range(start, start + 50) for start in range(0, 100, 50)], ids=str)
def test_several_things(seeds: range) -> None:
    """Two to four of them, at moments chosen by a seed."""
    for seed in seeds:
        at_some_moments(seed, WHOLE, most=60).assert_at_rest()


def test_newer_version_is_noticed_while_rows_are_read() -> None:
    """The run turns to it at once, instead of finishing what nobody will see, and needs no other run for it."""
    stage = begun(WHOLE)
    number = _moment(stage, "before rows.write")
    stage.at[number] = lambda: stage.deliver(stage.upload(NEWER))
    stage.run()
    stage.assert_at_rest()
    assert [verdict.result for verdict in stage.verdicts[1:]] == [Result.NOTED, Result.SUCCEEDED]
    assert stage.record["Live"]["generation"] == "2-2"
    assert stage.moments.count("before rows.write") < 2 * _writes(NEWER)


def test_progress_is_on_the_record() -> None:
    """How many rows there are so far, for as long as the file is processed."""
    stage, told = begun(WHOLE), []
    for number in range(1, 61):
        stage.at[number] = lambda: told.append(public(stage.record)["progress"])
    stage.run()
    rows = [one["rows"] for one in told if one]
    assert rows == sorted(rows)
    assert {2, 4, 6, 8, 10, 12} == set(rows)
    assert public(stage.record)["progress"] is None
    assert not [name for name in stage.record if name.startswith("Part")]


def test_file_that_kills_its_workers_is_given_up() -> None:
    """After five attempts nothing of it is to be seen, and nothing of the version before."""
    stage = begun(WHOLE)

    def dies() -> None:
        stage.at[len(stage.moments) + 1] = dies
        if stage.moments[-1] == "after rows.write":
            raise Crash

    stage.at[1] = dies
    stage.run()
    stage.at.clear()
    assert (stage.record["status"], stage.record["error"]["code"]) == ("FAILED", "poison")
    assert stage.record["attempts"] == MAX_ATTEMPTS
    assert "Live" not in stage.record


def test_file_that_turns_out_refused_shows_nothing() -> None:
    """With the policy that every row must be good, the rows written before the bad one never count."""
    stage = Stage(LinePipeline(WHOLE, strict=True))
    stage.upload(file_of(2))
    stage.run()
    stage.upload(file_of(9, 2, bad=9))
    stage.run()
    assert (stage.record["status"], stage.record["error"]["code"]) == ("FAILED", "rows-refused")
    assert "Live" not in stage.record
    stage.upload(file_of(9, 2))
    stage.run()
    stage.assert_at_rest()


def _moment(stage: Stage, name: str) -> int:
    """Number of the first moment of a name in the journey that a stage would have."""
    plain = begun(WHOLE)
    plain.run()
    return plain.moments.index(name) + 1


def _writes(body: bytes) -> int:
    """How often rows are written for a file to which nothing happens."""
    stage = begun(WHOLE, body)
    stage.run()
    return stage.moments.count("before rows.write")
