"""What a user meets is written down: commands, options, settings and error codes."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from typer.main import get_command

from remessa.cli import app
from remessa.settings import ImageSettings, Settings, SweepSettings

ROOT = Path(__file__).parents[2]
SOURCE = ROOT / "src" / "remessa"
CLI = (ROOT / "docs" / "reference" / "cli.md").read_text(encoding="utf-8")
ERRORS = (ROOT / "docs" / "reference" / "errors.md").read_text(encoding="utf-8")
_HELP = {"--help", "-h"}


def _options() -> list[tuple[str, str]]:
    commands = get_command(app).commands  # type: ignore[attr-defined]
    return [
        (verb, option)
        for verb, command in commands.items()
        for parameter in command.params
        for option in (*parameter.opts, *parameter.secondary_opts)
        if option.startswith("-") and option not in _HELP
    ]


@pytest.mark.parametrize(("verb", "option"), _options())
def test_every_option_is_documented(verb: str, option: str) -> None:
    """In the row of its verb."""
    [row] = [line for line in CLI.splitlines() if re.match(rf"\| `{verb}\b", line)]
    assert option in row


def test_every_setting_is_documented() -> None:
    """Each field's sentence begins with the variable it comes from."""
    text = (SOURCE / "settings.py").read_text(encoding="utf-8")
    for field in {*Settings.__dataclass_fields__, *SweepSettings.__dataclass_fields__} - {"queue_urls"}:
        assert re.search(rf'    {field}: .*\n    """{field.upper()}: .+', text), field
    assert '"""QUEUE_URL_…:' in text


def test_every_setting_of_images_is_documented_and_given_by_the_template() -> None:
    """Each field's sentence begins with its variable, and the images function has it."""
    text = (SOURCE / "settings.py").read_text(encoding="utf-8")
    template = (ROOT / "template.yaml").read_text(encoding="utf-8")
    for field in ImageSettings.__dataclass_fields__:
        named = re.search(rf'    {field}: .*\n    """([A-Z_]+): .+', text)
        assert named, field
        assert f"          {named[1]}: " in template, field
        assert f'"{named[1]}"' in text.split("class ImageSettings")[1], field


def _codes() -> set[str]:
    paths = [path for layer in ("pipelines", "journey") for path in sorted((SOURCE / layer).rglob("*.py"))]
    sources = "".join(path.read_text(encoding="utf-8") for path in paths)
    raised = re.findall(r'\b(?:Rejected|Problem)\(\s*"([a-z-]+)"', sources)
    named = re.findall(r'"((?:csv|json|ndjson|xml|content|processing|record-too)-[a-z-]+|poison)"', sources)
    return {*raised, *named}


def test_every_error_code_is_documented() -> None:
    """With what it means and what to do; and no code is documented that does not exist."""
    rows = re.findall(r"^\| (`[^|]+)\|", ERRORS, re.MULTILINE)
    documented = {code for row in rows for code in re.findall(r"`([a-z-]+)`", row)}
    # `{format}-invalid` and `{format}-not-text` are made from the format's name.
    made = {f"{name}-{what}" for name in ("csv", "json", "ndjson", "xml") for what in ("invalid", "not-text")}
    assert _codes() - documented == set()
    assert documented - _codes() - made == set()


@pytest.mark.parametrize("page", [*sorted(ROOT.glob("docs/**/*.md")), ROOT / "README.md"], ids=lambda page: page.name)
def test_links_lead_somewhere(page: Path) -> None:
    """Every relative link of the documentation names a file that exists."""
    for target in re.findall(r"\]\((?!https?:)([^)#]+)", page.read_text(encoding="utf-8")):
        assert (page.parent / target).exists(), target
