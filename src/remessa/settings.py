"""What the functions are told by their environment, read once when they start."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
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
    files_at_once: int = 10
    """FILES_AT_ONCE: files of one batch that a function works on at the same time."""
    rows_table: str = ""
    """ROWS_TABLE: table that the rows of files go to; empty for a pipeline without rows."""

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
            files_at_once=int(environment.get("FILES_AT_ONCE", "10")),
            rows_table=environment.get("ROWS_TABLE", ""),
        )


_BEST = 100
"""Quality beyond which no encoder goes."""


@dataclass(frozen=True, slots=True)
class InvoiceSettings:
    """One field per variable that `template.yaml` gives the invoices function alone."""

    invoice_bad_rows: str = "accept"
    """INVOICE_BAD_ROWS: `accept` takes a file's good rows and tells of the others; `reject` takes all or none."""
    invoice_part_bytes: int = 16_000_000
    """INVOICE_PART_BYTES: a CSV or NDJSON file longer than this is processed in parts of this length."""
    max_whole_bytes: int = 200_000_000
    """MAX_WHOLE_BYTES: the longest file of a format that cannot be read in parts."""

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] = os.environ) -> InvoiceSettings:
        """Read the settings, each with its default; raises ValueError for a value that makes no sense."""
        default = cls()
        settings = cls(
            invoice_bad_rows=environment.get("INVOICE_BAD_ROWS", default.invoice_bad_rows),
            invoice_part_bytes=int(environment.get("INVOICE_PART_BYTES", default.invoice_part_bytes)),
            max_whole_bytes=int(environment.get("MAX_WHOLE_BYTES", default.max_whole_bytes)),
        )
        if settings.invoice_bad_rows not in {"accept", "reject"} or settings.invoice_part_bytes < 1:
            raise ValueError("INVOICE_BAD_ROWS is accept or reject, INVOICE_PART_BYTES at least 1")
        return settings


@dataclass(frozen=True, slots=True)
class ImageSettings:
    """One field per variable that `template.yaml` gives the images function alone."""

    sizes: tuple[int, ...] = (1024, 512, 128)
    """IMAGE_SIZES: pixels that the longer side of each output has at most, largest first; nothing is enlarged."""
    thumbnail: int = 64
    """THUMBNAIL_SIZE: the same of the thumbnail that a large image gets besides."""
    thumbnail_over: int = 1024
    """THUMBNAIL_OVER: pixels; an image whose longer side has more is large. 0 gives every image a thumbnail."""
    output: str = "same"
    """IMAGE_OUTPUT: format of what is written: `same` as the source, `jpeg` or `webp`."""
    quality: int = 82
    """IMAGE_QUALITY: of JPEG and lossy WebP, 1 to 100."""
    formats: tuple[str, ...] = ("jpeg", "png", "webp", "gif", "tiff", "avif", "heic")
    """IMAGE_FORMATS: formats that are read; `svg` may be added."""
    max_bytes: int = 100_000_000
    """MAX_IMAGE_BYTES: the largest file that is read."""
    max_pixels: int = 100_000_000
    """MAX_IMAGE_PIXELS: the most that are decoded, width times height."""
    max_whole_pixels: int = 40_000_000
    """MAX_WHOLE_PIXELS: the same for images that must be held in memory whole, as progressive JPEGs and WebPs must."""
    max_frames: int = 1_000
    """MAX_IMAGE_FRAMES: the most frames or pages of an image."""
    gps: bool = False
    """IMAGE_GPS: `true` keeps where a photo was taken on its record; the outputs never tell."""

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] = os.environ) -> ImageSettings:
        """Read the settings, each with its default; raises ValueError for a value that makes no sense."""
        default = cls()
        settings = cls(
            sizes=tuple(sorted(map(int, _listed(environment, "IMAGE_SIZES", default.sizes)), reverse=True)),
            thumbnail=int(environment.get("THUMBNAIL_SIZE", default.thumbnail)),
            thumbnail_over=int(environment.get("THUMBNAIL_OVER", default.thumbnail_over)),
            output=environment.get("IMAGE_OUTPUT", default.output),
            quality=int(environment.get("IMAGE_QUALITY", default.quality)),
            formats=tuple(_listed(environment, "IMAGE_FORMATS", default.formats)),
            max_bytes=int(environment.get("MAX_IMAGE_BYTES", default.max_bytes)),
            max_pixels=int(environment.get("MAX_IMAGE_PIXELS", default.max_pixels)),
            max_whole_pixels=int(environment.get("MAX_WHOLE_PIXELS", default.max_whole_pixels)),
            max_frames=int(environment.get("MAX_IMAGE_FRAMES", default.max_frames)),
            gps=environment.get("IMAGE_GPS", "false").lower() == "true",
        )
        settings._check()
        return settings

    def _check(self) -> None:
        bounds = [*self.sizes, self.thumbnail]
        if not self.sizes or min(bounds) < 1 or len(set(bounds)) < len(bounds):
            raise ValueError(f"IMAGE_SIZES and THUMBNAIL_SIZE must be different positive numbers, not {bounds}")
        if self.output not in {"same", "jpeg", "webp"}:
            raise ValueError(f"IMAGE_OUTPUT is same, jpeg or webp, not {self.output!r}")
        if not 1 <= self.quality <= _BEST:
            raise ValueError(f"IMAGE_QUALITY is 1 to {_BEST}, not {self.quality}")
        if self.thumbnail_over < 0 or min(self.max_bytes, self.max_pixels, self.max_whole_pixels, self.max_frames) < 1:
            raise ValueError(
                "THUMBNAIL_OVER is at least 0, and MAX_IMAGE_BYTES, MAX_IMAGE_PIXELS, MAX_WHOLE_PIXELS and "
                "MAX_IMAGE_FRAMES are at least 1"
            )


def _listed(environment: Mapping[str, str], name: str, default: Iterable[object]) -> list[str]:
    """The parts of a variable that lists them with commas."""
    text = environment.get(name) or ",".join(str(part) for part in default)
    return [part.strip() for part in text.split(",") if part.strip()]


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
    rows_table: str = ""
    """ROWS_TABLE: table that orphaned rows are removed from; empty where there is none."""

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
            rows_table=environment.get("ROWS_TABLE", ""),
        )
