"""The image benchmark's figures as Markdown, with what issue and design ask for beside them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from statistics import median, quantiles

from bench.image_pictures import Picture

OURS, TUTORIAL, FLOOR = "Remessa", "tutorial", "floor"
COLUMNS = (TUTORIAL, "good Pillow", "sharp", OURS, FLOOR)
FASTER = {"12 MP JPEG": 5.0, "48 MP JPEG": 3.4, "4 MP PNG": 7.0, "4 MP WebP": 3.0, "0.3 MP JPEG": 2.0}
"""How many times faster than the tutorial Remessa is meant to be."""
OF_FLOOR = {"12 MP JPEG": 1.6, "48 MP JPEG": 1.6}
"""How many times the floor it may take at most."""
QUIET = 0.1
"""Spread of the same work's time above which figures are not to be trusted."""
MEMORY = 120e6
"""Bytes it may take at most for the largest picture."""


@dataclass
class Figures:
    """What was measured; times in seconds, memory in bytes."""

    wall: dict[str, dict[str, list[float]]] = field(default_factory=dict)
    """By picture and contestant, one for each turn."""
    cpu: dict[str, dict[str, list[float]]] = field(default_factory=dict)
    bytes: dict[str, dict[str, int]] = field(default_factory=dict)
    """Of all outputs of a picture together."""
    memory: dict[str, tuple[int, int]] = field(default_factory=dict)
    """By contestant: before and at most during the largest picture, in a process that does nothing else."""
    likeness: dict[str, dict[str, tuple[float, float]]] = field(default_factory=dict)
    """By picture and contestant: SSIM of the largest and of the smallest output."""

    def ms(self, picture: str, contestant: str) -> float:
        """Median milliseconds."""
        return 1e3 * median(self.wall[picture][contestant])


def describe(figures: Figures, pictures: Sequence[Picture], machine: dict[str, str], rounds: int) -> str:
    """Everything, ready for docs/reference/performance.md."""
    about = "; ".join(f"{name} {value}" if name[0].isupper() else value for name, value in machine.items())
    parts = [
        f"{about}. {rounds} rounds. {_quietness(figures)}",
        "### Time",
        _times(figures, pictures),
        "### Targets",
        _targets(figures, pictures),
        "### Processor time and size",
        _costs(figures, pictures),
        "### Memory",
        _memory(figures),
        "### Likeness",
        _likeness(figures, pictures),
    ]
    return "\n\n".join(parts) + "\n"


def _quietness(figures: Figures) -> str:
    """How far the tutorial's turns lie apart: they do the same each time, so the rest is the machine's other work."""
    quarters = [quantiles(times[TUTORIAL], n=4) for times in figures.wall.values()]
    worst = max(upper / lower - 1 for lower, _, upper in quarters)
    return f"Half of the tutorial's turns lie within {worst:.0%}{'.' if worst < QUIET else ': NOT a quiet machine.'}"


def _times(figures: Figures, pictures: Iterable[Picture]) -> str:
    head = ["ms", "file", *COLUMNS, "times as fast as the tutorial", "times the floor's time"]
    rows = []
    for picture in pictures:
        ours, times = figures.ms(picture.name, OURS), figures.wall[picture.name]
        rows.append(
            [
                picture.name,
                _megabytes(picture.path.stat().st_size),
                *(_ms(figures.ms(picture.name, name)) if name in times else "not installed" for name in COLUMNS),
                f"**{figures.ms(picture.name, TUTORIAL) / ours:.2f}**",
                f"{ours / figures.ms(picture.name, FLOOR):.2f}",
            ]
        )
    return _table(head, rows)


def _targets(figures: Figures, pictures: Iterable[Picture]) -> str:
    rows = []
    for picture in pictures:
        name = picture.name
        ours = figures.ms(name, OURS)
        faster, of_floor = figures.ms(name, TUTORIAL) / ours, ours / figures.ms(name, FLOOR)
        rows.append(
            [name, f"≥ {FASTER[name]:g} × as fast as the tutorial", f"{faster:.2f}", _met(faster >= FASTER[name])]
        )
        if name in OF_FLOOR:
            rows.append(
                [name, f"≤ {OF_FLOOR[name]:g} × the floor", f"{of_floor:.2f}", _met(of_floor <= OF_FLOOR[name])]
            )
        mine, theirs = figures.likeness[name][OURS], figures.likeness[name][TUTORIAL]
        found = " and ".join(f"{one:.4f} to {other:.4f}" for one, other in zip(mine, theirs, strict=True))
        # To the decimals that are shown: the fifth is noise.
        met = all(round(one, 4) >= round(other, 4) for one, other in zip(mine, theirs, strict=True))
        rows.append([name, "SSIM, largest and smallest output: not below the tutorial's", found, _met(met)])
    peak = figures.memory[OURS][1]
    rows.append(["48 MP JPEG", f"< {MEMORY / 1e6:.0f} MB at most", _megabytes(peak), _met(peak < MEMORY)])
    return _table(["picture", "target", "measured", ""], rows)


def _costs(figures: Figures, pictures: Iterable[Picture]) -> str:
    rows = []
    for picture in pictures:
        cpu, sizes = figures.cpu[picture.name], figures.bytes[picture.name]
        cells = (f"{_ms(1e3 * median(cpu[name]))} / {sizes[name] / 1e3:.0f}" if name in cpu else "" for name in COLUMNS)
        rows.append([picture.name, *cells])
    return _table(["CPU ms / kB of all outputs", *COLUMNS], rows)


def _memory(figures: Figures) -> str:
    rows = [[name, *map(_megabytes, figures.memory[name])] for name in COLUMNS if name in figures.memory]
    return _table(["48 MP JPEG", "before", "at most"], rows)


def _likeness(figures: Figures, pictures: Iterable[Picture]) -> str:
    rows = []
    for picture in pictures:
        found = figures.likeness[picture.name]
        cells = (f"{found[name][0]:.4f} / {found[name][1]:.4f}" if name in found else "" for name in COLUMNS[:-1])
        rows.append([picture.name, *cells])
    return _table(["SSIM, largest / smallest output", *COLUMNS[:-1]], rows)


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def _ms(milliseconds: float) -> str:
    return f"{milliseconds:.1f}" if milliseconds < 100 else f"{milliseconds:.0f}"


def _megabytes(size: float) -> str:
    return f"{size / 1e6:.2f} MB" if size < 1e6 else f"{size / 1e6:.1f} MB"


def _met(met: bool) -> str:  # noqa: FBT001  one meaning only
    return "reached" if met else "**missed**"
