"""`remessa down`: stop the local cloud."""

from __future__ import annotations

from remessa.cli._shared import messages, progress


def down() -> None:
    """Stop the local cloud cleanly; its data is kept for the next `remessa up`."""
    from remessa.local import supervisor
    from remessa.local.home import find_home

    console = messages()
    home = find_home()
    with progress(console, "stopping") as report:
        stopped = supervisor.stop(home, report)
    console.print(f"Stopped; data is kept in {home.root}." if stopped else f"Nothing is running for {home.root}.")
