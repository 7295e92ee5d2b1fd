"""What must hold after every step, whatever goes wrong."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from remessa.journey.artifacts import artifact_key
from remessa.journey.faults import MAX_ATTEMPTS
from remessa.journey.moments import milliseconds
from remessa.journey.process import RESERVE
from remessa.journey.record import NEEDS_ATTENTION, Status
from remessa.journey.table import Item
from simulation.actors import content
from simulation.profile import SKEW
from simulation.promises import Promise, require

if TYPE_CHECKING:
    from simulation.stores import Upload
    from simulation.tasks import Task
    from simulation.world import World

UNSURE = 2 * SKEW + 1000
"""Milliseconds: two clocks' errors, and S3's whole seconds."""


@dataclass(slots=True)
class Story:
    """The attempts at what one event announced: from its acceptance until a newer one, or a redrive."""

    claims: list[tuple[int, Task]]
    """Epochs, and whose they were."""
    is_noted: bool = False
    """The first claim was made for the event before this one."""
    attempted: dict[int, Task] = field(default_factory=dict)
    """Epochs whose run started the processor."""

    @property
    def failures(self) -> int:
        """Claims that something was done to."""
        return sum(task.harmed for _, task in self.claims)


class Invariants:
    """Compares the world after each step with what it was before."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._seen: dict[str, Item] = {}
        self._stories: dict[str, Story] = {}
        self._owned: dict[Task, tuple[str, int]] = {}
        self._shown: dict[str, int] = {}
        self._retired: dict[str, tuple[int, bytes]] = {}
        self._checked = (0, 0)

    def invoked(self, task: Task) -> None:
        """A processor starts: no story may see more of that than there are attempts."""
        identity, epoch = self._owned.get(task, ("", 0))
        record = self._world.table.items.get(identity)
        if record and record["Epoch"] == epoch:
            story = self._stories[identity]
            story.attempted[epoch] = task
            deaths = sum(runner.died for runner in story.attempted.values())
            require(
                deaths < MAX_ATTEMPTS + story.is_noted, Promise.ATTEMPTS, f"the processor started after {deaths} deaths"
            )

    def check(self, actor: Task) -> None:
        """Raise Violation if the step of `actor` broke anything."""
        state = (self._world.table.writes, self._world.results.changes)
        if state == self._checked:
            return
        self._checked = state
        for identity, item in self._world.table.items.items():
            before = self._seen.get(identity)
            if item is not before:
                self._seen[identity] = item
                self._check_shape(item)
                self._check_step(before, item, actor)
            if "Live" in item:
                self._check_live(item)
        self._check_readers()

    def _check_shape(self, item: Item) -> None:
        status = item["status"]
        live = "Live" in item
        require(not (live and status in {Status.DELETED, Status.FAILED}), Promise.SHAPE, f"{status} has something live")
        require(live or status != Status.SUCCEEDED, Promise.SHAPE, "SUCCEEDED has nothing live")
        require(
            ("LeaseUntil" in item) == (status == Status.PROCESSING),
            Promise.SHAPE,
            f"{status}, and its lease does not fit",
        )
        require(
            ("attention" in item) == (status in NEEDS_ATTENTION), Promise.SHAPE, f"{status}, and its index does not fit"
        )
        most = MAX_ATTEMPTS if status in {Status.SUCCEEDED, Status.FAILED, Status.RETRYING} else 100
        require(item["attempts"] <= most, Promise.ATTEMPTS, f"{item['attempts']} attempts")

    def _check_step(self, before: Item | None, item: Item, actor: Task) -> None:
        identity = item["FileId"]
        if before is None:
            before = {"Epoch": 0, "Sequencer": "", "status": None}
        grown = item["Epoch"] - before["Epoch"]
        require(grown in {0, 1}, Promise.FENCE, "the epoch jumped or fell")
        require(item["Sequencer"] >= before["Sequencer"], Promise.FENCE, "the sequencer fell")
        if grown and before["status"] == Status.PROCESSING:
            for _, owner in self._stories[identity].claims[-1:]:
                is_late = self._world.now + UNSURE > (owner.deadline or 0) + RESERVE
                require(is_late, Promise.ALIVE, f"{owner.name} was taken for dead too early")
                owner.harmed = True
        self._tell_story(before, item, actor, claimed=bool(grown))
        if before["status"] == Status.PROCESSING != item["status"]:
            is_owner = self._owned.get(actor) == (identity, item["Epoch"])
            require(is_owner, Promise.FENCE, "a run settled what it does not own any more")
        error = item.get("error") or {}
        if item["status"] == Status.FAILED and error["code"] == "poison":
            failures = self._stories[identity].failures
            require(failures >= MAX_ATTEMPTS, Promise.ATTEMPTS, f"given up after {failures} failures")
        self._retire(before.get("Live"), item)

    def _tell_story(self, before: Item, item: Item, actor: Task, *, claimed: bool) -> None:
        identity = item["FileId"]
        claim = [(item["Epoch"], actor)] if claimed else []
        if claimed:
            self._owned[actor] = (identity, item["Epoch"])
        if item["Sequencer"] != before["Sequencer"]:
            self._stories[identity] = Story(claim or self._stories[identity].claims[-1:], is_noted=not claimed)
        elif before["status"] == Status.FAILED and item["status"] == Status.RETRYING:
            self._stories[identity] = Story([])
        else:
            self._stories[identity].claims += claim

    def _check_live(self, item: Item) -> None:
        """A reader sees one complete generation, made from exactly the version that `Live` names."""
        live, identity = item["Live"], item["FileId"]
        upload = self._uploaded(item)
        expected = {
            artifact_key(artifact, identity, live["generation"]): artifact.body
            for artifact in content(upload.body).values()
        }
        stored = self._world.results.stored
        found = {entry["key"]: stored.get(entry["key"], (None,))[0] for entry in live["artifacts"]}
        require(
            found == expected,
            Promise.WHOLE,
            f"a reader of {live['generation']} sees half a result or another's: {found}",
        )
        require(upload.rank >= self._shown.get(identity, 0), Promise.FORWARD, "readers went back to an older version")
        self._shown[identity] = upload.rank

    def _retire(self, live: Any, item: Item) -> None:
        """What readers saw until now stays for those who are still reading; a deletion alone takes it at once.

        Garbage collection counts from `processedAt`, which a run takes down just before its write: while the write
        travels, at most for a lease, the grace passes already.
        """
        if not live or item.get("Live") == live:
            return
        since = milliseconds(item["processedAt"])
        for entry in live["artifacts"]:
            if item["status"] != Status.DELETED and entry["key"] in self._world.results.stored:
                self._retired[entry["key"]] = (since, self._world.results.stored[entry["key"]][0])

    def _check_readers(self) -> None:
        stored = self._world.results.stored
        for key, (since, body) in list(self._retired.items()):
            if stored.get(key, (None,))[0] != body:
                late = self._world.now - since >= self._world.profile.grace - UNSURE
                require(late, Promise.READING, f"{key} was taken from those who were still reading it")
                del self._retired[key]

    def _uploaded(self, item: Item) -> Upload:
        return self._world.bucket.known(item["key"], item["Live"]["version"])
