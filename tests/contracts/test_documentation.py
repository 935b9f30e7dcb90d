"""Documentation that a test keeps true."""

import re
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from baken.run.cli import HIDDEN, baken
from baken.run.configuration import SETTINGS

ROOT = Path(__file__).resolve().parents[2]
PAGES = sorted(path for path in ROOT.rglob("*.md") if not any(part.startswith(".") for part in path.parts))


def _commands(command: click.Command, path: str) -> Iterator[tuple[str, click.Command]]:
    if not isinstance(command, click.Group):
        yield path, command
        return
    for name in command.list_commands(click.Context(command)):
        found = command.get_command(click.Context(command), name)
        assert found is not None
        if name not in HIDDEN:
            yield from _commands(found, f"{path} {name}")


@pytest.mark.parametrize(("path", "command"), list(_commands(baken, "baken")), ids=lambda value: str(value)[:40])
def test_every_command_and_option_is_on_the_page(path: str, command: click.Command) -> None:
    page = (ROOT / "docs/reference/command-line.md").read_text()
    assert f"`{path}" in page
    for parameter in command.params:
        for option in parameter.opts:
            if option.startswith("--") and option != "--help":
                assert option in page, f"{path} {option}"


@pytest.mark.parametrize("setting", SETTINGS, ids=lambda setting: setting.name)
def test_every_setting_is_on_the_page(setting) -> None:
    page = (ROOT / "docs/reference/settings.md").read_text()
    assert f"`{setting.name}`" in page


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_leads_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)#\s]+)(?:#[^)]*)?\)", page.read_text()):
        if "://" not in target and not target.startswith("mailto:"):
            assert (page.parent / target).exists(), f"{page.name}: {target}"
