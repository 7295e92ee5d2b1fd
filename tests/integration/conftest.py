"""A local cloud for the integration tests, in a home of its own."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from support.local_cloud import LocalCloud, free_port
from support.office import Office

from remessa.local.home import Home


@pytest.fixture(scope="session")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalCloud]:
    """The one local cloud that tests share; they must not stop it."""
    one = LocalCloud(Home(tmp_path_factory.mktemp("cloud") / "home"), free_port())
    try:
        one.up("--port", str(one.port))
        yield one
    finally:
        one.destroy()


@pytest.fixture
def fresh_cloud(tmp_path: Path) -> Iterator[Callable[[], LocalCloud]]:
    """Makes local clouds, not yet started, that a test may stop, kill or damage."""
    made: list[LocalCloud] = []

    def make() -> LocalCloud:
        root = tmp_path / f"cloud-{len(made)}"
        root.mkdir()
        made.append(LocalCloud(Home(root / "home"), free_port()))
        return made[-1]

    yield make
    for one in made:
        one.destroy()


@pytest.fixture(scope="session")
def office(cloud: LocalCloud) -> Office:
    """Somebody who uploads files to the shared cloud."""
    return Office(cloud)
