"""The how-to for a set-up by hand, run exactly as it is printed."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path

from support.local_cloud import LocalCloud

PAGE = Path(__file__).parents[2] / "docs" / "how-to" / "by-hand-with-the-aws-cli.md"


def test_commands_of_the_page_work(cloud: LocalCloud, tmp_path: Path) -> None:
    """A bucket wired straight to the function, with nothing but the AWS CLI, gets its record."""
    found = re.search(r"```sh\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    assert found is not None
    script = "set -eu\n" + found[1]
    done = subprocess.run(
        ["sh", "-c", script], env=cloud.env, cwd=tmp_path, capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stderr
    scanned = json.loads((tmp_path / "record.json").read_text(encoding="utf-8"))
    [item] = scanned["Items"]
    assert item["status"] == {"S": "SUCCEEDED"}
    assert item["metadata"]["M"]["lineCount"] == {"N": "2"}
