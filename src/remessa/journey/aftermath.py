"""What is done when a record is settled: what is live no longer goes, and files that tell of the same are told so.

Nothing here may fail the file: its record is right already. What is left undone is garbage collection's.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from remessa.journey.ledger import Claim, Ledger
from remessa.journey.ports import Ports, RowStore
from remessa.journey.verdict import Ending, Result, Verdict


def tidied(claim: Claim, ending: Ending, ports: Ports) -> Verdict:
    """The verdict on a record that was just settled; what went wrong meanwhile is in it, for the log."""
    verdict = Verdict(
        claim.file_id,
        ending.result,
        delay=ending.delay,
        attempt=claim.attempt,
        size=ending.size,
        code=ending.code,
        fault=ending.fault,
    )
    try:
        if ending.result in {Result.SUCCEEDED, Result.FAILED, Result.DELETED}:
            _remove_superseded(claim, ending, ports)
        if ending.result is Result.SUCCEEDED and ports.rows:
            _tell_overlaps(claim.file_id, ending.settlement.set["Live"], ports.rows, ports.ledger)
    except Exception as fault:  # noqa: BLE001  see above
        return replace(verdict, fault=fault)
    return verdict


def _remove_superseded(claim: Claim, ending: Ending, ports: Ports) -> None:
    """Rows go at once, since no link to them was ever given out; artifacts only when their file is deleted."""
    superseded = claim.live
    if not superseded:
        return
    if superseded.get("rows") is not None and ports.rows:
        ports.rows.forget(claim.file_id, superseded["generation"])
    if ending.result is Result.DELETED:
        ports.artifacts.delete([artifact["key"] for artifact in superseded["artifacts"]])


def _tell_overlaps(file_id: str, live: Mapping[str, Any], rows: RowStore, ledger: Ledger) -> None:
    """Both records tell of what two files have in common, for as long as both generations are live."""
    generation = live["generation"]
    for other, overlap in rows.compare(file_id, generation, live.get("rows", 0)).items():
        mine = {"mine": generation, "theirs": overlap.generation, "count": overlap.count, "row": overlap.row}
        theirs = {"mine": overlap.generation, "theirs": generation, "count": overlap.count, "row": overlap.other_row}
        ledger.share(file_id, other, mine)
        ledger.share(other, file_id, theirs)
