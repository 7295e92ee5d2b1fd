"""One arrival, with faults put at each step."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, BinaryIO

import pytest
from boto3.dynamodb.conditions import ConditionBase
from botocore.exceptions import ClientError
from support.ledger_cases import LEASE, Stuttering
from support.memory import MemoryArtifacts, MemoryObjects, MemoryTable
from support.world import World, count_bytes

from remessa.journey.faults import LONGEST_DELAY, MAX_ATTEMPTS
from remessa.journey.objects import Changed, Version
from remessa.journey.process import MAX_TURNS
from remessa.journey.table import Change, Written
from remessa.journey.verdict import Result
from remessa.pipelines.contract import Outcome, Source


@pytest.fixture
def world() -> World:
    """An empty world."""
    return World()


def test_fault_of_a_dependency_is_retried_for_as_long_as_it_takes(world: World) -> None:
    """It is not held against the file: the message comes back, later each time, and the record says why it waits."""
    arrival = world.put()

    def faulty(_: Source) -> Outcome:
        raise ConnectionError("S3 said 500")

    delays = []
    for _ in range(4 * MAX_ATTEMPTS):
        verdict = world.run(arrival, process=faulty)
        assert (verdict.result, verdict.attempt) == (Result.RETRYING, 1)
        delays.append(verdict.delay or 0)
        assert world.record["error"] == {"code": "processing-error", "message": "ConnectionError: S3 said 500"}
        assert world.record["status"] == "RETRYING"
    assert delays[0] <= 8
    assert LONGEST_DELAY // 2 <= delays[-1] <= LONGEST_DELAY
    assert world.run(arrival).result is Result.SUCCEEDED
    assert (world.record["attempts"], world.record["error"]) == (1, None)


def test_fault_before_the_object_was_seen_hides_nothing(world: World) -> None:
    """What readers see stays while HEAD fails, however often."""
    world.run(world.put())
    live = world.record["artifacts"]
    arrival = world.event()

    class Away(MemoryObjects):
        def head(self, bucket: str, key: str) -> Version | None:
            raise ConnectionError

    for _ in range(2 * MAX_ATTEMPTS):
        assert world.run(arrival, objects=Away()).result is Result.RETRYING
        assert world.record["artifacts"] == live
    assert world.run(arrival).result is Result.KEPT


def test_file_that_is_too_slow_is_given_up_in_good_order(world: World) -> None:
    """Reading ends before the function does, so that the record says why and no other file dies with it."""
    arrival = world.put(b"x" * 100_000)

    def slow(source: Source) -> Outcome:
        with source.open() as stream:
            while stream.read(1000):
                world.clock.now += LEASE // 10
        return Outcome("text/plain")

    verdicts = [world.run(arrival, process=slow) for _ in range(MAX_ATTEMPTS)]
    assert [verdict.result for verdict in verdicts] == [Result.RETRYING] * 4 + [Result.FAILED]
    assert world.record["error"]["code"] == "poison"
    assert "TooSlow" in world.record["error"]["message"]


def test_record_that_the_table_cannot_take_ends_the_file(world: World) -> None:
    """More metadata than an item holds: FAILED at once, in words that fit, not five silent attempts."""

    class Strict(MemoryTable):
        def update(self, file_id: str, change: Change, when: ConditionBase) -> Written:
            if len(str(change.set)) > 400_000:
                answer: Any = {"Error": {"Code": "ValidationException", "Message": "Item size has exceeded"}}
                raise ClientError(answer, "UpdateItem")
            return world.table.update(file_id, change, when)

    verbose = lambda _: Outcome("text/plain", {"words": "x" * 500_000})  # noqa: E731
    assert world.run(world.put(), table=Strict(), process=verbose).code == "record-too-large"
    assert (world.record["status"], world.record["size"], world.record["artifacts"]) == ("FAILED", 5, [])
    current = world.objects.head("bucket", "dir/a.txt")
    assert current is not None
    assert (world.record["etag"], world.record["uploadedAt"]) == (current.etag, current.modified), (
        "or reconcile repeats it"
    )


def test_throttled_end_is_a_failed_attempt(world: World) -> None:
    """When publishing is refused for the moment, the file is tried again soon, not when its lease has ended."""

    class Throttled(MemoryTable):
        def update(self, file_id: str, change: Change, when: ConditionBase) -> Written:
            if change.set["status"] == "SUCCEEDED":
                raise ConnectionError("throttled")
            return world.table.update(file_id, change, when)

    arrival = world.put()
    assert world.run(arrival, table=Throttled()).result is Result.RETRYING
    assert world.run(arrival).result is Result.SUCCEEDED


def test_artifacts_that_cannot_be_removed_do_not_undo_a_deletion(world: World) -> None:
    """The record is right already; the rest is for garbage collection."""
    world.run(world.put())
    world.objects.remove("bucket", "dir/a.txt")

    class Stuck(MemoryArtifacts):
        def delete(self, keys: Sequence[str]) -> None:
            raise ConnectionError

    verdict = world.run(world.event(), artifacts=Stuck())
    assert (verdict.result, type(verdict.fault)) == (Result.DELETED, ConnectionError)
    assert world.record["status"] == "DELETED"


def test_last_failed_attempt_is_poison(world: World) -> None:
    """After five attempts the file is given up, with the last error on its record."""
    arrival = world.put()

    def faulty(_: Source) -> Outcome:
        raise ValueError("a bug in the processor")

    verdicts = [world.run(arrival, process=faulty) for _ in range(MAX_ATTEMPTS)]
    assert [verdict.result for verdict in verdicts] == [Result.RETRYING] * 4 + [Result.FAILED]
    assert (world.record["status"], world.record["attempts"]) == ("FAILED", MAX_ATTEMPTS)
    assert world.record["error"]["code"] == "poison"
    assert "ValueError: a bug in the processor" in world.record["error"]["message"]


def test_file_that_kills_its_workers_is_poison(world: World) -> None:
    """A run that never comes to an `except` (out of memory, kill -9) is counted all the same."""
    arrival = world.put()

    def killer(_: Source) -> Outcome:
        raise KeyboardInterrupt

    for _ in range(MAX_ATTEMPTS):
        with pytest.raises(KeyboardInterrupt):
            world.run(arrival, process=killer)
        world.clock.now += LEASE + 1
    assert world.run(arrival).result is Result.FAILED
    assert (world.record["attempts"], world.record["error"]["code"]) == (MAX_ATTEMPTS, "poison")


def test_version_that_vanishes_between_look_and_read(world: World) -> None:
    """The run looks again instead of failing."""
    arrival = world.put(b"old")

    class Slippery(MemoryObjects):
        tries = 0

        def open(self, version: Version, start: int = 0) -> BinaryIO:
            Slippery.tries += 1
            if Slippery.tries == 1:
                world.objects.put("bucket", "dir/a.txt", b"newer")
                raise Changed
            return world.objects.open(version, start)

        def head(self, bucket: str, key: str) -> Version | None:
            return world.objects.head(bucket, key)

    assert world.run(arrival, objects=Slippery()).result is Result.SUCCEEDED
    assert world.record["size"] == 5


def test_object_that_never_stands_still_is_left_for_later(world: World) -> None:
    """A run does not chase a moving object for ever."""

    def moving(_: Source) -> Outcome:
        raise Changed

    verdict = world.run(world.put(), process=moving)
    assert verdict.result is Result.RETRYING
    assert f"{MAX_TURNS} times" in world.record["error"]["message"]


def test_outlived_run_leaves_no_trace(world: World) -> None:
    """A zombie that wakes after its successor published must not touch the record."""
    arrival = world.put()

    def slow(source: Source) -> Outcome:
        world.clock.now += LEASE + 1
        assert world.run(arrival, process=count_bytes).result is Result.SUCCEEDED
        return count_bytes(source)

    assert world.run(arrival, process=slow).result is Result.OVERTAKEN
    assert world.record["artifacts"][0]["key"].split("/")[2] == "2-1"


@pytest.mark.parametrize("ending", [Result.SUCCEEDED, Result.FAILED, Result.RETRYING, Result.DELETED, Result.KEPT])
def test_lost_replies_are_no_failures(world: World, ending: Result) -> None:
    """Whatever write the client repeats and is refused for, the run knows its own hand."""

    def faulty(_: Source) -> Outcome:
        raise ConnectionError

    if ending in {Result.KEPT, Result.DELETED}:
        world.run(world.put())
        arrival = world.event()
        if ending is Result.DELETED:
            world.objects.remove("bucket", "dir/a.txt")
    else:
        arrival = world.put(b"broken" if ending is Result.FAILED else b"hello")
    process_it = {"process": faulty} if ending is Result.RETRYING else {}
    verdict = world.run(arrival, table=Stuttering(world.table), **process_it)
    assert verdict.result is ending
    assert (verdict.delay is not None) == (ending is Result.RETRYING)


@pytest.mark.parametrize("step", ["claim", "head", "open", "write", "settle"])
def test_crash_at_any_step_is_repaired_by_redelivery(world: World, step: str) -> None:
    """Whatever was left behind, the next delivery after the lease ends the file rightly, once."""

    class Crash(BaseException):
        pass

    class Crashing:
        """Passes every call on, but dies right after the named one."""

        def __init__(self, port: Any, call: str, status: str = "") -> None:
            self._port, self._call, self._status = port, call, status

        def __getattr__(self, name: str) -> Any:
            def call(*args: Any, **kwargs: Any) -> Any:
                answer = getattr(self._port, name)(*args, **kwargs)
                if name == self._call and (not self._status or args[1].set["status"] == self._status):
                    raise Crash
                return answer

            return call

    arrival = world.put()
    ports = {
        "claim": {"table": Crashing(world.table, "update", "PROCESSING")},
        "head": {"objects": Crashing(world.objects, "head")},
        "open": {"objects": Crashing(world.objects, "open")},
        "write": {"artifacts": Crashing(world.artifacts, "write")},
        "settle": {"table": Crashing(world.table, "update", "SUCCEEDED")},
    }[step]
    with pytest.raises(Crash):
        world.run(arrival, **ports)
    world.clock.now += LEASE + 1
    expected = Result.DROPPED if step == "settle" else Result.SUCCEEDED
    assert world.run(arrival).result is expected
    assert world.record["status"] == "SUCCEEDED"
    assert world.artifacts.stored[world.record["artifacts"][0]["key"]] == b"hello"
