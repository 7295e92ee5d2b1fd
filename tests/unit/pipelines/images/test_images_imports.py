"""What is imported when: a function that starts cold pays for every module, and most need none of these."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from support import pictures

TESTS = Path(__file__).parents[3]
_HEAVY = ("pyvips", "PIL", "pi_heif", "numpy")
_PROCESS = """
import sys
from unit.pipelines.memory_source import MemorySource
from remessa.pipelines.images import process
process(MemorySource("picture", sys.stdin.buffer.read()))
"""


def _imported(code: str, content: bytes = b"") -> set[str]:
    """Which of the heavy modules a fresh interpreter has after running `code`."""
    told = f"{code}\nimport json, sys\nprint(json.dumps([name for name in {_HEAVY} if name in sys.modules]))"
    done = subprocess.run(
        [sys.executable, "-c", told], input=content, capture_output=True, check=False, timeout=60, cwd=TESTS
    )
    assert done.returncode == 0, done.stderr.decode()
    return set(json.loads(done.stdout))


@pytest.mark.parametrize(
    "module",
    [
        "remessa.pipelines.images.formats",
        "remessa.pipelines.images",
        "remessa.pipelines.registry",
        "remessa.pipelines.choice",
        "remessa.cli",
        "remessa.functions.arrivals",
    ],
)
def test_the_command_line_and_other_functions_load_no_image_library(module: str) -> None:
    """Recognising a format takes none."""
    code = f"import os; os.environ['AWS_DEFAULT_REGION'] = 'us-east-1'\nimport {module}"
    assert _imported(code) == set()


def test_recognising_loads_nothing() -> None:
    """Nor does choosing the pipeline for a file."""
    code = "from remessa.pipelines.choice import pipeline_for\nassert pipeline_for(b'\\xff\\xd8\\xff') == 'images'"
    assert _imported(code) == set()


@pytest.mark.parametrize("name", [name for name in pictures.SAMPLES if name not in {"heic", "svg"}])
def test_an_image_needs_no_numpy_and_no_heic_decoder(name: str) -> None:
    """Libvips and Pillow are enough."""
    assert _imported(_PROCESS, pictures.ENCODERS[name](pictures.flat(32, 32), keep="none")) == {"pyvips", "PIL"}


def test_heic_loads_its_decoder() -> None:
    """And nothing else that is large."""
    assert _imported(_PROCESS, pictures.HEIC) == {"pyvips", "PIL", "pi_heif"}
