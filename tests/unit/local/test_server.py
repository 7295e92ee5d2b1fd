"""The server's parts that need no server."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from remessa.errors import EnvironmentDown
from remessa.local.home import Home
from remessa.local.server import environment, forget_unfinished, listen


def test_the_environment_is_scrubbed(tmp_path: Path) -> None:
    """Nothing of the user's reaches the functions but where programs are, language and time zone."""
    mine = {
        "PATH": "/bin",
        "LANG": "C",
        "AWS_SECRET_ACCESS_KEY": "x",
        "AWS_PROFILE": "x",
        "HTTP_PROXY": "x",
        "HOME": "/me",
    }
    result = environment(Home(tmp_path), 4570, "root-secret", mine | {"HOME": "/me"})
    assert (result["PATH"], result["LANG"]) == ("/bin", "C")
    assert not {"AWS_PROFILE", "HTTP_PROXY"} & result.keys()
    assert result["AWS_SECRET_ACCESS_KEY"] != mine["AWS_SECRET_ACCESS_KEY"]
    assert result["HOME"] == str(tmp_path / "tmp")


def test_the_cloud_is_closed_and_keeps_its_data(tmp_path: Path) -> None:
    """The emulator's defaults, which are open to the network and forgetful, are all overridden."""
    result = environment(Home(tmp_path), 4570, "root-secret", {})
    expected = {
        "BIND_HOST": "127.0.0.1",
        "AUTH": "true",
        "PERSIST_STATE": "1",
        "S3_PERSIST": "1",
        "GATEWAY_PORT": "4570",
    }
    assert expected.items() <= result.items()


def test_a_chosen_port_is_taken_or_refused(tmp_path: Path) -> None:
    """A port that was asked for is used or is an error, never replaced."""
    home = Home(tmp_path)
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(EnvironmentDown, match=f"Port {port} is in use"):
            listen(home, port)
    with listen(home, port) as listener:
        assert listener.getsockname() == ("127.0.0.1", port)


def test_the_remembered_port_comes_first(tmp_path: Path) -> None:
    """URLs stay the same over restarts; when the port is gone another one is found."""
    home = Home(tmp_path)
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        home.port_file.write_text(str(port))
        with listen(home, None) as other:
            assert other.getsockname()[1] != port
    with listen(home, None) as listener:
        assert listener.getsockname()[1] == port


def test_a_first_save_that_was_cut_off_is_forgotten(tmp_path: Path) -> None:
    """Without the list of stacks, written last, saved state is dropped; with it, it is kept."""
    home = Home(tmp_path)
    home.prepare()
    (home.state / "sqs.json").touch()
    (home.state / "cloudformation.json").touch()
    forget_unfinished(home)
    assert (home.state / "sqs.json").exists()
    (home.state / "cloudformation.json").unlink()
    forget_unfinished(home)
    assert not (home.state / "sqs.json").exists()
