"""How a run may leave a record: what each settlement sets and removes. `Ledger.settle` writes it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from remessa.journey.faults import MAX_ATTEMPTS
from remessa.journey.record import Status
from remessa.journey.table import Item

if TYPE_CHECKING:
    from remessa.journey.ledger import Claim


@dataclass(frozen=True, slots=True)
class Settlement:
    """How a run ends a record; made by the functions below."""

    status: Status
    set: Mapping[str, Any] = field(default_factory=dict)
    remove: tuple[str, ...] = ()
    lease: int | None = None
    """Milliseconds that the record stays claimed, for other runs to go on with; None ends the claim."""


def again(claim: Claim, item: Item) -> Claim:
    """The same claim, for the newer event that was noted meanwhile."""
    attempt, principal = max(1, item["attempts"]), item.get("principal")
    return replace(claim, seen=item["Sequencer"], attempt=attempt, error=None, principal=principal, faults=0)


def published(live: Mapping[str, Any], fields: Mapping[str, Any]) -> Settlement:
    """PUBLISH: `live` becomes what readers see, together with the fields that describe it."""
    return Settlement(Status.SUCCEEDED, {**fields, "Live": live})


def divided(lease: int) -> Settlement:
    """DIVIDE: the claim goes on without this run, in others that each process a part of the file."""
    return Settlement(Status.PROCESSING, lease=lease)


def kept() -> Settlement:
    """KEEP: the object is the one that is live already."""
    return Settlement(Status.SUCCEEDED)


def tombstone() -> Settlement:
    """TOMB: the object is gone; what described it goes too."""
    described = ("Live", "size", "mediaType", "etag", "versionId", "metadata", "problems", "problemCount")
    return Settlement(Status.DELETED, remove=described)


def rejected(code: str, message: str, fields: Mapping[str, Any]) -> Settlement:
    """REJECT: the record tells of the object that is in the bucket now, never of its predecessor."""
    return Settlement(Status.FAILED, {**fields, "error": {"code": code, "message": message}}, ("Live",))


def failed(claim: Claim, error: Mapping[str, Any], *, blameless: bool) -> Settlement:
    """FAIL: hand the record back; a blameless attempt does not count among those that a file is given."""
    # Runs that died while giving the file up were counted too: no record tells of more attempts than there are.
    attempts, faults = min(claim.attempt, MAX_ATTEMPTS + blameless) - blameless, claim.faults + blameless
    return Settlement(Status.RETRYING, {"error": error, "attempts": attempts, "faults": faults})
