"""What counts as a change, and what is shipped."""

from __future__ import annotations

from pathlib import Path

import pytest

from remessa.errors import UsageError
from remessa.local.deploy import source_digest, source_files


@pytest.fixture
def template(tmp_path: Path) -> Path:
    """A small source tree with a template."""
    for name in ("template.yaml", "src/Makefile", "src/remessa/errors.py", "src/remessa/cli/up.py",
                 "src/remessa/local/home.py", "src/remessa/api/local/x.py"):  # fmt: skip
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(name)
    return tmp_path / "template.yaml"


def test_only_what_functions_need_is_shipped(template: Path) -> None:
    """The command line and the local cloud stay at home, a folder of that name elsewhere does not."""
    names = [name for name, _ in source_files(template)]
    assert names == ["template.yaml", "src/Makefile", "src/remessa/api/local/x.py", "src/remessa/errors.py"]


@pytest.mark.parametrize(("name", "changes"), [
    ("template.yaml", True),
    ("src/remessa/errors.py", True),
    ("src/remessa/new.py", True),
    ("src/remessa/cli/up.py", False),
    ("src/remessa/local/home.py", False),
    ("src/remessa/__pycache__/errors.cpython-311.pyc", False),
    ("README.md", False),
])  # fmt: skip
def test_the_digest_follows_what_is_shipped(template: Path, name: str, changes: bool) -> None:
    """Editing something that is shipped is a change; editing anything else, or a cache, is none."""
    before = source_digest(template)
    path = template.parent / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("edited")
    assert (source_digest(template) != before) is changes


def test_moving_content_between_files_is_a_change(template: Path) -> None:
    """The digest covers where a file ends, not only the bytes of all files in a row."""
    before = source_digest(template)
    (template.parent / "src/Makefile").rename(template.parent / "src/makefile")
    assert source_digest(template) != before


def test_a_template_without_source_is_told(tmp_path: Path) -> None:
    """A template somewhere else cannot be deployed, and the message says what to point at."""
    (tmp_path / "template.yaml").touch()
    with pytest.raises(UsageError, match="REMESSA_TEMPLATE"):
        source_digest(tmp_path / "template.yaml")
