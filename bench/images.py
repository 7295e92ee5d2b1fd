"""Images side by side: Remessa, the usual ways, and the floor, as tables of time, memory and quality.

    make bench
    python -m bench.images [--rounds N] [--json FILE]        needs numpy and simplejpeg

Every contestant is a process of its own with a fresh environment and is asked for one image at a time, in rounds and in
an order that changes, so that whatever else the machine does meets all of them alike. The processor itself measures
each image, from bytes in memory to bytes in memory; figures are medians over the rounds. What is measured, and what the
figures mean, is in docs/reference/performance.md.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import platform
import random
import shutil
import subprocess
import sys
import tempfile
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from bench.image_pictures import PICTURES, Picture
from bench.image_quality import Original
from bench.image_rivals import MAKERS
from bench.image_tables import Figures, describe

ROOT = Path(__file__).parents[1]
SHARP = "sharp"
TEMPLATE = {"MALLOC_ARENA_MAX": "2"}
"""The images function's environment in template.yaml, as far as it says how memory and processor are used."""


class Contestant:
    """A running process that makes outputs when asked."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process
        self._answer()  # it is ready

    def make(self, picture: Picture, quality: int | None = None, into: str | None = None) -> dict[str, Any]:
        """Have it do one image; with `into`, the outputs are written there, the largest as `0`."""
        request = {"path": str(picture.path), "format": picture.format, "quality": quality, "into": into}
        assert self._process.stdin  # noqa: S101  it was asked for
        self._process.stdin.write(json.dumps(request) + "\n")
        self._process.stdin.flush()
        return self._answer()

    def memory(self) -> tuple[int, int]:
        """Bytes of memory now, and the most there ever were."""
        status = Path(f"/proc/{self._process.pid}/status").read_text()
        lines = dict(line.split(":", 1) for line in status.splitlines())
        return int(lines["VmRSS"].split()[0]) * 1024, int(lines["VmHWM"].split()[0]) * 1024

    def _answer(self) -> dict[str, Any]:
        assert self._process.stdout  # noqa: S101  it was asked for
        line = self._process.stdout.readline()
        if not line:
            raise SystemExit(f"{self._process.args!r} ended with {self._process.wait()}; its message is above")
        answer: dict[str, Any] = json.loads(line)
        return answer


@contextmanager
def running(name: str, sharp: Path | None) -> Iterator[Contestant]:
    """A contestant's process, with an environment of its own."""
    command = [sys.executable, "-m", "bench.image_rivals", name]
    if name == SHARP:
        command = ["node", str(ROOT / "bench" / "sharp" / "rival.mjs"), str(sharp)]
    kept = {key: os.environ[key] for key in ("PATH", "HOME", "PYTHONPATH", "VIRTUAL_ENV") if key in os.environ}
    environment = kept | (TEMPLATE if name == "Remessa" else {})
    pipe = subprocess.PIPE
    process = subprocess.Popen(command, cwd=ROOT, env=environment, stdin=pipe, stdout=pipe, text=True)  # noqa: S603
    try:
        yield Contestant(process)
    finally:
        process.kill()
        process.communicate()


def install_sharp() -> Path | None:
    """Where npm installed sharp, outside of this repository; None without npm."""
    if not (shutil.which("npm") and shutil.which("node")):
        return None
    source = ROOT / "bench" / "sharp"
    digest = hashlib.sha256((source / "package-lock.json").read_bytes()).hexdigest()[:8]
    folder = PICTURES[0].path.parents[1] / f"sharp-{digest}"
    if not (folder / "node_modules" / "sharp").exists():
        folder.mkdir(parents=True, exist_ok=True)
        for name in ("package.json", "package-lock.json"):
            shutil.copy(source / name, folder)
        done = subprocess.run(["npm", "ci", "--silent", "--no-audit"], cwd=folder, stdout=sys.stderr, check=False)  # noqa: S607
        if done.returncode:
            return None
    return folder


def race(names: Sequence[str], sharp: Path | None, rounds: int, figures: Figures) -> None:
    """Time every picture in rounds; the first one, unmeasured, warms everybody up."""
    with ExitStack() as stack:
        contestants = {name: stack.enter_context(running(name, sharp)) for name in names}
        for picture in PICTURES:
            wall, cpu = (defaultdict(list), defaultdict(list))
            for turn in range(-1, rounds * picture.turns):
                order = random.Random(turn).sample(names, len(names))
                answers = {name: contestants[name].make(picture) for name in order}
                if turn < 0:
                    figures.bytes[picture.name] = {name: answers[name]["bytes"] for name in names}
                    continue
                for name, answer in answers.items():
                    wall[name].append(answer["wall"])
                    cpu[name].append(answer["cpu"])
            figures.wall[picture.name], figures.cpu[picture.name] = dict(wall), dict(cpu)
            sys.stderr.write(f"{picture.name} timed\n")


def weigh(names: Sequence[str], sharp: Path | None, figures: Figures) -> None:
    """Memory for the picture with most pixels."""
    largest = max(PICTURES, key=lambda picture: picture.width * picture.height)
    for name in names:
        with running(name, sharp) as contestant:
            before, _ = contestant.memory()
            contestant.make(largest)
            figures.memory[name] = before, contestant.memory()[1]


def compare(names: Sequence[str], sharp: Path | None, figures: Figures) -> None:
    """Likeness of the largest and the smallest output to the original, each contestant at its defaults."""
    with ExitStack() as stack:
        contestants = {name: stack.enter_context(running(name, sharp)) for name in names}
        for picture in PICTURES:
            original = Original(picture.path)
            found = {}
            for name in names:
                with tempfile.TemporaryDirectory() as folder:
                    contestants[name].make(picture, None, folder)
                    made = sorted(Path(folder).iterdir())
                    found[name] = original.likeness(made[0]), original.likeness(made[-1])
            figures.likeness[picture.name] = found


def _machine() -> dict[str, str]:
    cpu = Path("/proc/cpuinfo").read_text() if Path("/proc/cpuinfo").exists() else ""
    model = next((line.split(":")[1].strip() for line in cpu.splitlines() if line.startswith("model name")), "")
    return {
        "processor": f"{model or platform.machine()}, {os.cpu_count()} cores",
        "system": f"{platform.system()} {platform.machine()}",
        "Python": platform.python_version(),
    }


def main() -> None:
    """Measure and print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=9, help="at least 2")
    parser.add_argument("--json", type=Path, metavar="FILE", help="also write all figures there")
    options = parser.parse_args()
    for picture in PICTURES:
        picture.made()
    sharp = install_sharp()
    names = [*MAKERS, *([SHARP] if sharp else [])]
    figures = Figures()
    race(names, sharp, options.rounds, figures)
    weigh([name for name in names if name != "floor"], sharp, figures)
    compare([name for name in names if name != "floor"], sharp, figures)
    sys.stdout.write(describe(figures, PICTURES, _machine(), options.rounds))
    if options.json:
        options.json.write_text(json.dumps({"machine": _machine()} | vars(figures), indent=1), encoding="utf-8")


if __name__ == "__main__":
    main()
