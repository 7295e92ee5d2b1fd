"""Every pipeline by name. Adding one takes a line here, a module beside this one and a block in `template.yaml`."""

from __future__ import annotations

from importlib import import_module
from typing import cast

from remessa.pipelines.contract import PartProcessor, Processor

PIPELINES = {
    "files": "remessa.pipelines.files",
    "invoices": "remessa.pipelines.invoices",
    "images": "remessa.pipelines.images",
}
"""Pipeline name → module with its `process` function, imported only by the function that runs it."""


def part_processor(pipeline: str) -> PartProcessor | None:
    """What processes parts of this pipeline's files; None if it never makes any."""
    return cast("PartProcessor | None", getattr(import_module(PIPELINES[pipeline]), "process_part", None))


def processor(pipeline: str) -> Processor:
    """The processor of a pipeline; raises KeyError for an unknown name."""
    return cast("Processor", import_module(PIPELINES[pipeline]).process)
