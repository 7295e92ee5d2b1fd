"""One JSON log line a file, and metrics in CloudWatch's embedded format (EMF).

No key, no content and no person's data goes into a log: a file is named by its FileId, a fault by its type and place.
"""

from __future__ import annotations

import threading
import traceback
from pathlib import PurePath

from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.metrics import MetricUnit

NAMESPACE = "Remessa"


class Telemetry:
    """Log and metrics of one pipeline's function; safe to use from many threads."""

    def __init__(self, pipeline: str) -> None:
        self.logger = Logger(service=pipeline, use_rfc3339=True)
        self._metrics = Metrics(namespace=NAMESPACE, service=pipeline)
        self._lock = threading.Lock()

    def line(self, level: str, message: str, **fields: object) -> None:
        """Write one line; `level` is `info`, `warning` or `error`."""
        getattr(self.logger, level)(message, extra=fields)

    def count(self, name: str, value: float = 1) -> None:
        """Add to a counter."""
        with self._lock:
            self._metrics.add_metric(name, MetricUnit.Count, value)

    def measure(self, name: str, value: float, unit: MetricUnit) -> None:
        """Record one measurement."""
        with self._lock:
            self._metrics.add_metric(name, unit, value)

    def flush(self) -> None:
        """Write the metrics gathered so far as one EMF line."""
        with self._lock:
            if self._metrics.metric_set:
                self._metrics.flush_metrics()


def place(fault: BaseException) -> str:
    """Where a fault was raised, as `file:line function` of its innermost frames; never its values."""
    frames = traceback.extract_tb(fault.__traceback__)[-4:]
    return " < ".join(f"{PurePath(frame.filename).name}:{frame.lineno} {frame.name}" for frame in reversed(frames))
