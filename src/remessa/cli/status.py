"""`remessa status`: is the local cloud up, and what is in it."""

from __future__ import annotations

import importlib.metadata
import sys
from typing import TYPE_CHECKING, Annotated, Any

import typer

from remessa.cli._shared import print_json

if TYPE_CHECKING:
    from remessa.local.home import CloudInfo, Home


def status(
    *, as_json: Annotated[bool, typer.Option("--json", help="One JSON object instead of lines for people.")] = False
) -> None:
    """Tell whether the local cloud runs, where, and how many files are in which state.

    A cloud that is down is an answer too: `running: false` with exit code 0.
    """
    facts = gather()
    if as_json:
        print_json(facts)
        return
    sys.stdout.writelines(f"{line}\n" for line in describe(facts))


def describe(facts: dict[str, Any]) -> list[str]:
    """The facts as lines for people."""
    if not facts["running"]:
        return [f"Not running (home {facts['home']}). Start it with `remessa up`."]
    lines = [
        f"Running at {facts['endpoint']}, processes {', '.join(map(str, facts['pids']))}.",
        f"Home {facts['home']}, version {facts['version']}.",
    ]
    if not facts["deployed"]:
        return [*lines, "Nothing is deployed yet. Run `remessa up`."]
    told = ", ".join(f"{number} {state}" for state, number in facts["records"].items() if number)
    return [*lines, f"Files: {told or 'none yet'}."]


def gather() -> dict[str, Any]:
    """`running`, `home` and `version` always; the rest (endpoint, pids, started, deployed, records) when it runs."""
    from remessa.local import supervisor
    from remessa.local.home import find_home

    home = find_home()
    info = supervisor.running(home)
    facts: dict[str, Any] = {
        "running": info is not None,
        "home": str(home.root),
        "version": importlib.metadata.version("remessa"),
        "pids": supervisor.pids(home),
    }
    if info is None:
        return facts
    facts |= {"endpoint": info.endpoint, "port": info.port, "started": info.started}
    return facts | _records(home, info)


def _records(home: Home, info: CloudInfo) -> dict[str, Any]:
    from remessa.errors import EnvironmentDown
    from remessa.local.connection import local_connection

    connection = local_connection(home, info)
    try:
        connection.outputs  # noqa: B018 - looked up now: without a stack there is nothing to count
    except EnvironmentDown:
        return {"deployed": False, "records": {}}
    return {"deployed": True, "records": connection.records().count_by_status()}
