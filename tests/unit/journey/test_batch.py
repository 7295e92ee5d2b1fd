"""What the function answers the queue."""

from __future__ import annotations

import threading

import pytest
from support.events import event, message

from remessa.errors import MalformedEvent
from remessa.journey.arrivals import Arrival
from remessa.journey.batch import ArrivalsFailed, handle_event
from remessa.journey.verdict import Result, Verdict


def plenty() -> int:
    """More time than any test needs, in milliseconds."""
    return 300_000


class Recorder:
    """A queue and a reporter that remember."""

    def __init__(self) -> None:
        self.postponed: dict[str, int] = {}
        self.buried: list[str] = []
        self.results: list[Result] = []
        self.faults: list[BaseException] = []

    def postpone(self, receipt: str, seconds: int) -> None:
        """Remember for how long."""
        self.postponed[receipt] = seconds

    def bury(self, body: str) -> None:
        """Remember what."""
        self.buried.append(body)

    def finished(self, verdict: Verdict, milliseconds: int) -> None:
        """Remember the result."""
        self.results.append(verdict.result)

    def crashed(self, message_id: str, fault: BaseException) -> None:
        """Remember the fault."""
        self.faults.append(fault)


@pytest.fixture
def recorder() -> Recorder:
    """Nothing happened yet."""
    return Recorder()


def succeed(arrival: Arrival) -> Verdict:
    """Every file is fine."""
    return Verdict("id", Result.SUCCEEDED)


def test_only_the_unfinished_messages_come_back(recorder: Recorder) -> None:
    """A good file's message is done with, even when its neighbours' are not."""
    ends = {
        "good": Verdict("1", Result.SUCCEEDED),
        "slow": Verdict("2", Result.RETRYING, delay=7),
        "busy": Verdict("3", Result.DEFERRED, delay=40),
    }

    def handle(arrival: Arrival) -> Verdict:
        if arrival.key == "worse":
            raise ConnectionError("the table is away")
        return ends[arrival.key]

    messages = []
    for number, key in enumerate([*ends, "worse"]):
        body = event("s3-put")
        body["Records"][0]["s3"]["object"]["key"] = key
        messages.append(message(body, number=number))
    answer = handle_event({"Records": messages}, handle, recorder, recorder, plenty)
    assert answer == {"batchItemFailures": [{"itemIdentifier": f"message-{number}"} for number in (1, 2, 3)]}
    assert recorder.postponed["receipt-1"] == 7
    assert recorder.postponed["receipt-2"] == 40
    assert recorder.postponed["receipt-3"] > 0
    assert [type(fault) for fault in recorder.faults] == [ConnectionError]


def test_malformed_message_goes_among_the_dead_letters(recorder: Recorder) -> None:
    """At once: trying it again would not make it an event, and somebody has to see it."""
    answer = handle_event({"Records": [message("nonsense")]}, succeed, recorder, recorder, plenty)
    assert answer == {"batchItemFailures": []}
    assert recorder.buried == ["nonsense"]
    assert isinstance(recorder.faults[0], MalformedEvent)


def test_test_event_is_acknowledged(recorder: Recorder) -> None:
    """S3's test event is neither an arrival nor a failure."""
    assert handle_event({"Records": [message(event("s3-test"))]}, succeed, recorder, recorder, plenty) == {
        "batchItemFailures": []
    }
    assert recorder.results == []


def test_files_of_a_batch_run_at_the_same_time(recorder: Recorder) -> None:
    """Ten files that wait for each other can only finish together."""
    together = threading.Barrier(10, timeout=20)

    def handle(arrival: Arrival) -> Verdict:
        together.wait()
        return succeed(arrival)

    messages = [message(event("s3-put"), number=number) for number in range(10)]
    assert handle_event({"Records": messages}, handle, recorder, recorder, plenty) == {"batchItemFailures": []}
    assert len(recorder.results) == 10


@pytest.mark.parametrize("name", ["s3-put", "eventbridge-created"])
def test_direct_events_work_without_a_queue(recorder: Recorder, name: str) -> None:
    """The set-up made by hand, bucket to function, needs no queue."""
    handle_event(event(name), succeed, recorder, recorder, plenty)
    assert recorder.results == [Result.SUCCEEDED]


def test_direct_event_that_did_not_finish_raises(recorder: Recorder) -> None:
    """So that Lambda tries it again by itself."""
    with pytest.raises(ArrivalsFailed, match="1 of 1"):
        handle_event(event("s3-put"), lambda _: Verdict("1", Result.RETRYING, delay=1), recorder, recorder, plenty)


def test_queue_that_cannot_postpone_is_no_disaster(recorder: Recorder) -> None:
    """The message is still reported as unfinished and comes back at the queue's own pace."""

    class Away(Recorder):
        def postpone(self, receipt: str, seconds: int) -> None:
            raise ConnectionError

    away = Away()
    retry = Verdict("1", Result.RETRYING, delay=1)
    answer = handle_event({"Records": [message(event("s3-put"))]}, lambda _: retry, away, away, plenty)
    assert answer == {"batchItemFailures": [{"itemIdentifier": "message-1"}]}
    assert isinstance(away.faults[0], ConnectionError)


def test_what_killed_its_last_run_runs_alone_and_last(recorder: Recorder) -> None:
    """A file that kills its worker takes no other file of the batch along."""
    order: list[str] = []

    def handle(arrival: Arrival) -> Verdict:
        if arrival.key == "killer":
            assert order.count("harmless") == 9
            raise KeyboardInterrupt
        order.append("harmless")
        return succeed(arrival)

    messages = []
    for number in range(10):
        body = event("s3-put")
        body["Records"][0]["s3"]["object"]["key"] = "killer" if number == 0 else f"{number}"
        if number == 0:
            body["Records"][0]["remessa"] = {"epoch": 1, "alone": True}
        messages.append(message(body, number=number))
    with pytest.raises(KeyboardInterrupt):
        handle_event({"Records": messages}, handle, recorder, recorder, plenty)


def test_what_runs_alone_waits_for_an_invocation_with_time(recorder: Recorder) -> None:
    """Started late it would die of the time-out and be blamed for it; unclaimed it loses nothing."""
    moments = iter([300_000, 149_000])
    body = event("s3-put")
    body["Records"][0]["remessa"] = {"epoch": 1, "alone": True}
    answer = handle_event({"Records": [message(body)]}, succeed, recorder, recorder, lambda: next(moments))
    assert answer == {"batchItemFailures": [{"itemIdentifier": "message-1"}]}
    assert (recorder.results, recorder.postponed) == ([], {"receipt-1": 1})
