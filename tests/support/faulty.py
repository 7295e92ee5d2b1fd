"""A local cloud whose functions can be made to fail, and to time out soon."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

from support.local_cloud import LocalCloud, wait_for
from support.office import Office

FAULTS = Path(__file__).parent / "faults"


class FaultyCloud:
    """A cloud of its own, with the client hook of `support/faults` in the function of one pipeline."""

    def __init__(self, cloud: LocalCloud, folder: Path, timeout: int, pipeline: str = "files", **settings: str) -> None:
        """`timeout` is the function's, in seconds: a dead run's lease ends that soon (and five seconds).

        `settings` are more variables of its environment.
        """
        self.cloud = cloud
        cloud.up("--port", str(cloud.port))
        self.office = Office(cloud, f"{pipeline.capitalize()}Bucket")
        self._plan = folder / "faults.json"
        self.heal()
        functions = self.office.connection.client("lambda")
        name = self.office.connection.outputs[f"{pipeline.capitalize()}Function"]
        variables = functions.get_function(FunctionName=name)["Configuration"]["Environment"]["Variables"]
        variables |= {"PYTHONPATH": str(FAULTS), "FAULTS": str(self._plan)} | settings
        # As in the template: what a dead worker had not claimed comes back soon after the function's time-out.
        queue = self.office.connection.pipeline(pipeline).queue
        visibility = {"VisibilityTimeout": str(timeout + 10)}
        self.office.connection.client("sqs").set_queue_attributes(QueueUrl=queue, Attributes=visibility)
        functions.update_function_configuration(
            FunctionName=name, Timeout=timeout, Environment={"Variables": variables}
        )

    def break_call(self, call: str, status: int, code: str) -> None:
        """Make every call of this kind (`s3.GetObject`) fail, until healed."""
        self._plan.write_text(json.dumps({call: {"status": status, "code": code}}), encoding="utf-8")

    def kill_at(self, call: str, *holds: str, after: int = 0) -> Path:
        """End the worker that makes a call of this kind whose request holds these texts, when `after` have passed.

        That happens once; the file returned is gone then.
        """
        kills = self._plan.with_suffix(".kills")
        kills.mkdir(exist_ok=True)
        number = len(list(kills.iterdir()))
        wish = kills / f"{time.time_ns()}-{number}.json"
        wish.write_text(json.dumps({"call": call, "holds": holds, "after": after}), encoding="utf-8")
        return wish

    def heal(self) -> None:
        """Let every call through again."""
        self._plan.write_text("{}", encoding="utf-8")

    def sweep(self) -> dict[str, int]:
        """Run the sweep function now, not only when its next minute comes."""
        answer = self.office.connection.client("lambda").invoke(
            FunctionName=self.office.connection.outputs["SweepFunction"], Payload=json.dumps({"task": "sweep"})
        )
        done: dict[str, int] = json.loads(answer["Payload"].read())
        return done

    def sweep_until_ended(self, key: str, seconds: float = 120) -> dict[str, Any]:
        """Sweep every second until the file has ended."""
        deadline = time.monotonic() + seconds
        while (record := self.office.record(key)) is None or record["status"] in {"PROCESSING", "RETRYING"}:
            assert time.monotonic() < deadline, record
            self.sweep()
            time.sleep(1)
        return record

    def wait_status(self, key: str, status: str) -> None:
        """Wait until the file's record has a status."""
        wait_for(lambda: (self.office.record(key) or {}).get("status") == status)
