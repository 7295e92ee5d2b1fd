"""The in-memory table answers as DynamoDB does: whole simulated histories, and conditions made at random."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Any

import pytest
from boto3.dynamodb.conditions import Attr, ConditionBase
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from simulation.run import simulate
from support.local_cloud import LocalCloud
from support.memory import MemoryTable

from remessa.journey.table import Change, DynamoTable, Item, Written

HISTORIES = 36
NAMES = ("first", "second", "third")
ordered = st.one_of(st.text("aB0é", max_size=3), st.integers(-3, 3))
values = st.one_of(ordered, st.booleans(), st.none(), st.lists(ordered, max_size=2), st.just({"a": 1}))
attributes = st.sampled_from(NAMES)


@pytest.fixture(scope="module")
def table(cloud: LocalCloud) -> DynamoTable:
    """The stack's own table."""
    connection = cloud.connection
    return DynamoTable(connection.client("dynamodb"), connection.outputs["FilesTable"])


@pytest.mark.parametrize("seed", range(HISTORIES))
def test_a_history_reads_the_same_on_dynamodb(table: DynamoTable, seed: int) -> None:
    """Every read and write of a simulated history gets from DynamoDB the answer that it got in memory."""
    calls = simulate(seed).world.table.calls
    own = uuid.uuid4().hex
    for file_id, asked, expected in calls:
        there = f"{own}-{file_id}"
        answer = table.update(there, *asked) if asked else table.get(there)
        assert renamed(answer, file_id) == expected
    assert calls


def renamed(answer: Written | Item | None, file_id: str) -> Written | Item | None:
    """An answer with the id that the item has in memory."""
    if isinstance(answer, Written):
        return Written(answer.applied, {**answer.item, "FileId": file_id} if answer.item else {})
    return answer and {**answer, "FileId": file_id}


def compare(name: str, test: str, value: Any) -> ConditionBase:
    """A condition on one attribute."""
    return Attr(name).not_exists() if test == "not_exists" else getattr(Attr(name), test)(value)


def joined(parts: st.SearchStrategy[ConditionBase]) -> st.SearchStrategy[ConditionBase]:
    """Two conditions as one."""
    either: Callable[[ConditionBase, ConditionBase], ConditionBase] = lambda one, other: one | other  # noqa: E731
    both: Callable[[ConditionBase, ConditionBase], ConditionBase] = lambda one, other: one & other  # noqa: E731
    return st.one_of(st.builds(either, parts, parts), st.builds(both, parts, parts))


conditions = st.recursive(
    st.one_of(
        st.builds(compare, attributes, st.sampled_from(("eq", "ne")), values),
        st.builds(compare, attributes, st.sampled_from(("lt", "gte")), ordered),
        st.builds(compare, attributes, st.just("not_exists"), st.none()),
    ),
    joined,
    max_leaves=4,
)


@st.composite
def changes(draw: st.DrawFn) -> Change:
    """A change that names no attribute twice, and adds only to what nobody sets; every write of ours has a value."""
    added = {"count": draw(st.integers(1, 3))}
    fates = draw(st.dictionaries(attributes, st.one_of(values.map(lambda value: (value,)), st.none()), min_size=1))
    kept = {name: fate[0] for name, fate in fates.items() if fate}
    return Change(set=kept, add=added, remove=[name for name, fate in fates.items() if not fate])


@settings(
    max_examples=150, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(steps=st.lists(st.tuples(changes(), conditions), min_size=1, max_size=4))
def test_any_change_under_any_condition(table: DynamoTable, steps: list[tuple[Change, ConditionBase]]) -> None:
    """Missing attributes, other types, empty values: both tables apply, refuse and answer the same."""
    memory, file_id = MemoryTable(), uuid.uuid4().hex
    for change, when in steps:
        assert table.update(file_id, change, when) == memory.update(file_id, change, when)
        assert table.get(file_id) == memory.get(file_id)
