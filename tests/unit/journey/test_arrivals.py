"""Events of every shape become the same arrivals."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import quote_plus

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.events import event, message

from remessa.errors import MalformedEvent
from remessa.journey.arrivals import SEQUENCER_LENGTH, following, from_event, from_message, normalise

KEY = "2026/relatório 1+1 = 100%.csv"


@pytest.mark.parametrize("name", ["s3-put", "s3-delete-marker", "eventbridge-created"])
def test_key_is_decoded_exactly_once(name: str) -> None:
    """S3 encodes keys in notifications and not in EventBridge: both end as the object's own name."""
    for arrivals in (from_event(event(name)), from_message(message(event(name)))):
        assert [arrival.key for arrival in arrivals] == [KEY]
        assert arrivals[0].bucket == "remessa-files-100000000001-us-east-1"
        uploader = {"s3-put": "AWS:AIDAINPONIXQXHT3IKHL2", "eventbridge-created": "AIDAINPONIXQXHT3IKHL2"}
        assert arrivals[0].principal == uploader.get(name), "who deletes is not who uploaded"


def test_notification_through_sns() -> None:
    """Buckets that fan out through a topic wrap the notification once more."""
    wrapped = {"Type": "Notification", "TopicArn": "arn:x", "Message": json.dumps(event("s3-put"))}
    assert from_message(message(wrapped)) == from_message(message(event("s3-put")))


def test_test_event_is_no_arrival() -> None:
    """S3 sends one when notifications are switched on."""
    assert from_message(message(event("s3-test"))) == []
    assert from_event(event("s3-test")) == []


def test_redelivery_is_told() -> None:
    """The queue's own count says whether an earlier run left the message unfinished."""
    assert [from_message(message(event("s3-put"), receives=times))[0].redelivered for times in (1, 2)] == [False, True]


@pytest.mark.parametrize(
    "body",
    [
        *("", "not json", "[]", "3", '{"a": 1}', '{"Records": [{}]}', '{"Records": 3}', '{"Records": [null]}'),
        "[" * 100_000,
        '{"Event": {}, "Records": ["s3"]}',
    ],
)
def test_what_is_no_event_is_malformed(body: str) -> None:
    """It must end in the dead-letter queue, where somebody sees it."""
    with pytest.raises(MalformedEvent):
        from_message(message(body))


def _changed(**entity: Any) -> dict[str, Any]:
    changed = event("s3-put")
    changed["Records"][0]["s3"]["object"] |= entity
    return changed


@pytest.mark.parametrize("key", ["", None, 7, {"a": 1}, "half a pair \ud800"])
def test_what_is_no_name_is_malformed(key: object) -> None:
    """Neither in a notification nor from EventBridge."""
    direct = event("eventbridge-created")
    direct["detail"]["object"]["key"] = key
    for hostile in (direct, _changed(key=key)):
        with pytest.raises(MalformedEvent):
            from_event(hostile)


@pytest.mark.parametrize("sequencer", ["xyz", "0x1F", "-1", "1_0", "\uff10", "0" * (SEQUENCER_LENGTH + 1)])
def test_hostile_sequencer_is_malformed(sequencer: str) -> None:
    """A sequencer orders events by text: one that is no hex number, or too long, would break that order."""
    with pytest.raises(MalformedEvent):
        from_event(_changed(sequencer=sequencer))


@given(st.text(st.characters(exclude_categories=["Cs"]), min_size=1))
def test_any_key_survives_the_encoding(key: str) -> None:
    """Whatever the name, decoding undoes S3's encoding."""
    assert from_event(_changed(key=quote_plus(key)))[0].key == key


@given(st.integers(0, 16**18), st.integers(0, 16**18))
def test_sequencers_order_as_numbers_padded_on_the_right(left: int, right: int) -> None:
    """String order of the normalised form is S3's order, in any case and at any length."""
    one, other = f"{left:x}", f"{right:X}"
    wanted = one.upper().ljust(99, "0") < other.ljust(99, "0")
    assert (normalise(one) < normalise(other)) == wanted


def test_times_of_both_kinds_sort_together() -> None:
    """EventBridge tells whole seconds."""
    assert from_event(event("s3-put"))[0].at == "2026-11-20T16:20:52.115Z"
    assert from_event(event("eventbridge-created"))[0].at == "2026-11-20T16:20:52.000Z"


def test_following_lies_before_any_later_event() -> None:
    """Reconcile's made-up sequencer is newer than the one seen and older than every real one to come."""
    seen, later = normalise("00000660B79C0899E2"), normalise("00000660B79C0899E3")
    assert seen < following(seen) < later
    assert len(following(seen)) == SEQUENCER_LENGTH
