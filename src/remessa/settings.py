"""What the functions are told by their environment, read once when they start."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Settings:
    """One field per variable that `template.yaml` gives a pipeline's function."""

    pipeline: str
    """PIPELINE: name of the pipeline in `remessa.pipelines.registry`."""
    files_table: str
    """FILES_TABLE: table of the records, one per file."""
    results_bucket: str
    """RESULTS_BUCKET: bucket that the artifacts are written to."""
    queue_url: str
    """QUEUE_URL: queue that brings the arrivals; empty when S3 calls the function directly."""
    dead_letters_url: str
    """DEAD_LETTERS_URL: queue for messages that are no events; empty when S3 calls the function directly."""
    index_shards: int
    """INDEX_SHARDS: partitions per pipeline in the table's indexes (1,000 writes a second each)."""

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] = os.environ) -> Settings:
        """Read the settings; raises KeyError naming the variable that is missing."""
        return cls(
            pipeline=environment["PIPELINE"],
            files_table=environment["FILES_TABLE"],
            results_bucket=environment["RESULTS_BUCKET"],
            queue_url=environment.get("QUEUE_URL", ""),
            dead_letters_url=environment.get("DEAD_LETTERS_URL", ""),
            index_shards=int(environment.get("INDEX_SHARDS", "4")),
        )


_QUEUE = "QUEUE_URL_"


@dataclass(frozen=True, slots=True)
class SweepSettings:
    """One field per variable that `template.yaml` gives the sweep function."""

    files_table: str
    """FILES_TABLE: table of the records, one per file."""
    results_bucket: str
    """RESULTS_BUCKET: bucket that orphaned artifacts are removed from."""
    index_shards: int
    """INDEX_SHARDS: partitions per pipeline in the table's indexes."""
    queue_urls: Mapping[str, str]
    """QUEUE_URL_…: for each pipeline, by its name in capitals, the queue that brings its arrivals."""

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] = os.environ) -> SweepSettings:
        """Read the settings; raises KeyError naming the variable that is missing."""
        queues = {
            name.removeprefix(_QUEUE).lower(): url for name, url in environment.items() if name.startswith(_QUEUE)
        }
        return cls(
            files_table=environment["FILES_TABLE"],
            results_bucket=environment["RESULTS_BUCKET"],
            index_shards=int(environment.get("INDEX_SHARDS", "4")),
            queue_urls=queues,
        )
