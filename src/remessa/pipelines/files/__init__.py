"""The pipeline `files`: any file is registered, and checked against what its name promises."""

from remessa.pipelines.files.processor import process

__all__ = ["process"]
