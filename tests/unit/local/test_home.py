"""Where the local cloud keeps its things."""

from __future__ import annotations

from pathlib import Path

import pytest

from remessa.errors import EnvironmentDown, UsageError
from remessa.local.home import CloudInfo, Home, find_home, find_template, locked


def test_the_nearest_home_wins(tmp_path: Path) -> None:
    """A `.remessa` above the current directory is found from anywhere below it."""
    below = tmp_path / "a" / "b"
    below.mkdir(parents=True)
    (tmp_path / ".remessa").mkdir()
    assert find_home({}, below).root == tmp_path / ".remessa"
    (tmp_path / "a" / ".remessa").mkdir()
    assert find_home({}, below).root == tmp_path / "a" / ".remessa"


def test_a_home_may_be_chosen_and_else_is_here(tmp_path: Path) -> None:
    """REMESSA_HOME beats what is found; with nothing found the home is in the current directory."""
    assert find_home({}, tmp_path).root == tmp_path / ".remessa"
    (tmp_path / ".remessa").mkdir()
    assert find_home({"REMESSA_HOME": str(tmp_path / "other")}, tmp_path).root == tmp_path / "other"


def test_a_home_is_private(tmp_path: Path) -> None:
    """Only its owner may read the directories and cloud.json, and no repository takes them in."""
    home = Home(tmp_path / "home")
    home.prepare()
    home.write_info(CloudInfo(1, 2, "http://127.0.0.1:2", "secret", "now"))
    assert [path.stat().st_mode & 0o777 for path in (home.root, home.state, home.scratch)] == [0o700] * 3
    assert home.info_file.stat().st_mode & 0o777 == 0o600
    assert (home.root / ".gitignore").read_text() == "*\n"


def test_the_secret_is_made_once_and_private(tmp_path: Path) -> None:
    """Each home has a secret of its own, which stays; an emptied file is no secret."""
    home, other = Home(tmp_path / "a"), Home(tmp_path / "b")
    for one in (home, other):
        one.prepare()
    secret = home.make_secret()
    assert secret != other.make_secret()
    assert (home.make_secret(), home.read_secret()) == (secret, secret)
    assert home.secret_file.stat().st_mode & 0o777 == 0o600
    home.secret_file.write_text("\n")
    assert len(home.make_secret()) >= len(secret)


def test_a_missing_secret_is_told(tmp_path: Path) -> None:
    """Without the file nothing can be signed; the message says what to do."""
    with pytest.raises(EnvironmentDown, match="remessa up"):
        Home(tmp_path).read_secret()


def test_an_impossible_home_is_told(tmp_path: Path) -> None:
    """The message names the directory and the way out."""
    (tmp_path / "file").touch()
    with pytest.raises(EnvironmentDown, match=r"file/home.*REMESSA_HOME"):
        Home(tmp_path / "file" / "home").prepare()


@pytest.mark.parametrize("text", ["", "{", "[]", '{"pid": 1}', '{"surprise": true}'])
def test_a_damaged_cloud_json_is_none(tmp_path: Path, text: str) -> None:
    """Half a file, or another version's, is no running cloud."""
    home = Home(tmp_path)
    home.info_file.write_text(text)
    assert home.read_info() is None


def test_cloud_json_survives_the_round_trip(tmp_path: Path) -> None:
    """What is written is read back."""
    info = CloudInfo(1, 2, "http://127.0.0.1:2", "secret", "now")
    Home(tmp_path).write_info(info)
    assert Home(tmp_path).read_info() == info


def test_a_lock_excludes(tmp_path: Path) -> None:
    """While one holds the lock another gets False at once; afterwards it is free again."""
    path = tmp_path / "lock"
    with locked(path, wait=False) as first, locked(path, wait=False) as second:
        assert (first, second) == (True, False)
    with locked(path, wait=False) as third:
        assert third


def test_a_chosen_template_must_exist(tmp_path: Path) -> None:
    """REMESSA_TEMPLATE is never silently replaced by another template."""
    with pytest.raises(UsageError, match=r"nowhere\.yaml"):
        find_template({"REMESSA_TEMPLATE": str(tmp_path / "nowhere.yaml")}, tmp_path)
