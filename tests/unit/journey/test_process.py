"""One arrival from claim to publish."""

from __future__ import annotations

import pytest
from support.world import World, count_bytes

from remessa.journey.verdict import Result
from remessa.pipelines.contract import Outcome, Source


@pytest.fixture
def world() -> World:
    """An empty world."""
    return World()


def test_success(world: World) -> None:
    """A good file ends SUCCEEDED, with its artifact where the record says."""
    verdict = world.run(world.put(user="maria"))
    record = world.record
    assert (verdict.result, verdict.delay) == (Result.SUCCEEDED, None)
    assert (record["status"], record["size"], record["uploadedBy"]) == ("SUCCEEDED", 5, "maria")
    assert (record["name"], record["mediaType"], record["metadata"]) == ("a.txt", "text/plain", {"bytes": 5})
    [artifact] = record["artifacts"]
    assert world.artifacts.stored == {artifact["key"]: b"hello"}
    assert artifact["key"] == f"reports/{record['FileId']}/1-1/report.json"
    assert world.table.writes == 2


def test_without_a_user_the_principal_uploaded_it(world: World) -> None:
    """The event names who made the request."""
    world.run(world.put())
    assert world.record["uploadedBy"] == "AWS:me"


def test_rejected_file_is_failed_and_acknowledged(world: World) -> None:
    """A file that can never succeed is not tried again, and the record says what was learnt."""
    verdict = world.run(world.put(b"broken"))
    assert (verdict.result, verdict.delay, verdict.code) == (Result.FAILED, None, "json-invalid")
    record = world.record
    assert (record["status"], record["attempts"], record["mediaType"]) == ("FAILED", 1, "application/json")
    assert record["error"] == {"code": "json-invalid", "message": "It breaks at line 1."}
    assert (record["metadata"], record["artifacts"]) == ({"lineCount": 1}, [])


def test_broken_new_version_hides_its_predecessor(world: World) -> None:
    """The record tells of the object that is in the bucket now."""
    world.run(world.put(b"good"))
    world.run(world.put(b"broken"))
    assert (world.record["status"], world.record["artifacts"], world.record["size"]) == ("FAILED", [], 6)


def test_deleted_object(world: World) -> None:
    """The record ends DELETED and its artifacts are gone."""
    world.run(world.put())
    world.objects.remove("bucket", "dir/a.txt")
    assert world.run(world.event()).result is Result.DELETED
    assert (world.record["status"], world.record["artifacts"], world.artifacts.stored) == ("DELETED", [], {})


def test_event_without_change_keeps_what_is_live(world: World) -> None:
    """A newer event about the version that is live already costs no second run."""
    world.run(world.put())
    before = world.record["artifacts"]
    assert world.run(world.event()).result is Result.KEPT
    assert (world.record["artifacts"], world.record["status"]) == (before, "SUCCEEDED")


def test_second_upload_uses_a_generation_of_its_own(world: World) -> None:
    """Readers of the first version are never disturbed."""
    world.run(world.put(b"one"))
    world.run(world.put(b"two!"))
    assert sorted(key.split("/")[2] for key in world.artifacts.stored) == ["1-1", "2-1"]
    assert world.record["size"] == 4


def test_newer_event_while_at_work_is_seen_before_publishing(world: World) -> None:
    """The owner looks again, and publishes only the newest version."""
    first = world.put(b"old")

    def overwritten_meanwhile(source: Source) -> Outcome:
        if source.size == 3:
            assert world.run(world.put(b"newer")).result is Result.NOTED
        return count_bytes(source)

    assert world.run(first, process=overwritten_meanwhile).result is Result.SUCCEEDED
    assert (world.record["size"], world.record["status"]) == (5, "SUCCEEDED")
    assert world.record["artifacts"][0]["key"].split("/")[2] == "1-2"
