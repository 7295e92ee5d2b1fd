"""The committed samples end as `samples/README.md` says."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from unit.pipelines.memory_source import MemorySource

from remessa.cli.demo import pipeline_of
from remessa.errors import Rejected
from remessa.pipelines.contract import Outcome, Parts
from remessa.pipelines.registry import processor

SAMPLES = Path(__file__).parents[3] / "samples"
SOUND = sorted(path for path in SAMPLES.iterdir() if path.is_file() and path.name != "README.md")
BROKEN = sorted((SAMPLES / "broken").iterdir())
STATED = dict(re.findall(r"^\| `(.+?)` \|.*\| (.+?) \|$", (SAMPLES / "README.md").read_text("utf-8"), re.MULTILINE))


def outcome_of(path: Path) -> Outcome:
    """What the pipeline that the demo sends it to makes of a sample."""
    found = processor(pipeline_of(path))(MemorySource(path.name, path.read_bytes()))
    assert not isinstance(found, Parts)
    if isinstance(found, Outcome):
        return found
    assert list(found)
    return found.outcome()


def test_the_readme_lists_every_sample() -> None:
    """Each sample has its line, and each line its sample."""
    assert set(STATED) == {str(path.relative_to(SAMPLES)) for path in [*SOUND, *BROKEN]}


@pytest.mark.parametrize("path", SOUND, ids=lambda path: path.name)
def test_a_sound_sample_is_registered_without_problems(path: Path) -> None:
    """Whatever lies directly in the folder is accepted, as what the README says."""
    outcome = outcome_of(path)
    assert outcome.problem_count == 0
    told = f"{pipeline_of(path)} {outcome.media_type} {outcome.metadata}"
    for fact in re.findall(r"`([^`]+)`", STATED[path.name]):
        assert fact in told
    counts = {"rows": "rowCount", "items": "itemCount", "elements": "elementCount", "ragged": "raggedRowCount"}
    for number, what in re.findall(r"(\d+) (\w+)", STATED[path.name]):
        assert outcome.metadata[counts[what]] == int(number)


@pytest.mark.parametrize("path", BROKEN, ids=lambda path: path.name)
def test_a_broken_sample_is_refused(path: Path) -> None:
    """Whatever lies in `broken` is refused, with the code and place that the README says."""
    stated = STATED[f"broken/{path.name}"]
    with pytest.raises(Rejected) as caught:
        outcome_of(path)
    assert f"`{caught.value.code}`" in stated
    place = re.search(r"at (.+)$", stated)
    assert place is None or place[1] in caught.value.message
