"""Everything that a run touches."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from remessa.journey.artifacts import Artifacts
from remessa.journey.ledger import Ledger
from remessa.journey.objects import Objects
from remessa.pipelines.contract import PartProcessor, Problem, Processor, Rows

if TYPE_CHECKING:
    from remessa.journey.invoices.overlaps import Overlap
    from remessa.journey.parts import PartOrder


class RowStore(Protocol):
    """The table that a pipeline's rows go to. What is kept under a generation counts only while that is live."""

    def keep(self, rows: Rows, file_id: str, generation: str, part: int, progress: Callable[[int], None]) -> bytes:
        """Read and write all rows of one part of a file; repeated, it writes the same again.

        Returns what `unite` needs. `progress` is told now and then how many there are so far, and may raise to end it.
        """

    def unite(
        self, file_id: str, generation: str, held: Sequence[bytes], rows_of: Callable[[int], Rows]
    ) -> Iterator[Problem]:
        """Put parts together, given what `keep` returned for each: a problem for each row that another part has too.

        `rows_of` reads a part again. Repeatable; complete only when all problems have been asked for.
        """

    def compare(self, file_id: str, generation: str, rows: int) -> Mapping[str, Overlap]:
        """What a file of so many rows, that is live now, has in common with other live files, by their FileId."""

    def forget(self, file_id: str, generation: str) -> None:
        """Remove everything that was kept under a generation of a file."""


@dataclass(frozen=True, slots=True)
class Ports:
    """Everything a run touches."""

    ledger: Ledger
    objects: Objects
    artifacts: Artifacts
    process: Processor
    rows: RowStore | None = None
    """None for pipelines without rows, as are the next two for those that never cut a file."""
    process_part: PartProcessor | None = None
    send: Callable[[Sequence[PartOrder]], None] | None = None
    """Puts orders for parts into the pipeline's own queue."""
