"""What the documentation says can be done: its links lead somewhere, its commands parse, its examples work."""

import json
import re
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from shlex import split

import click
import pytest

from auditor.console.cli import iam_audit
from auditor.selection import config
from auditor.selection.tables import Config

ROOT = Path(__file__).parents[1]
PAGES = [
    *(ROOT / name for name in ("README.md", "CONTRIBUTING.md", "SECURITY.md")),
    *sorted((ROOT / "docs").rglob("*.md")),
]
WRITTEN = date(2026, 11, 24)


def blocks(page: Path, kind: str) -> list[str]:
    """Return the blocks of code of a page."""
    return re.findall(rf"^```{kind}\n(.*?)^```$", page.read_text("utf-8"), re.DOTALL | re.MULTILINE)


def anchors(page: Path) -> set[str]:
    """Return the anchors that a code host makes of a page's headings."""
    headings = re.findall(r"^#+ (.+)$", re.sub(r"^```.*?^```$", "", page.read_text("utf-8"), flags=re.S | re.M), re.M)
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_link_leads_to_a_file_and_a_heading(page: Path) -> None:
    dead = []
    for link in re.findall(r"\]\((?!https?:)([^)]+)\)", page.read_text("utf-8")):
        path, _, anchor = link.partition("#")
        target = page.parent / path if path else page
        if not target.exists() or (anchor and anchor not in anchors(target)):
            dead.append(link)
    assert dead == []


def commands() -> Iterator[str]:
    """Yield each call of iam-audit in the blocks of commands and of workflows."""
    for page in PAGES:
        for block in [*blocks(page, "sh"), *blocks(page, "yaml")]:
            for line in block.replace("\\\n", " ").splitlines():
                if (found := re.match(r"\s*(?:- (?:run: )?)?(iam-audit [^$]*)$", line)) and "$@" not in line:
                    yield found[1]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_no_page_installs_by_a_name_that_anybody_may_take_on_an_index(page: Path) -> None:
    lines = [
        line
        for line in page.read_text("utf-8").splitlines()
        if re.search(r"\b(pip|pipx|uv|uvx)\b.*\b(install|run)\b", line)
    ]
    assert [line for line in lines if re.search(r"""install [^`#]*(?<![\w/@-])['"]?iam-audit\b""", line)] == []


@pytest.mark.parametrize("line", list(commands()))
def test_every_command_is_one(line: str) -> None:
    _, *words = split(line, comments=True)
    arguments = words[: next((at for at, word in enumerate(words) if word.startswith(">")), None)]
    command: click.Command = iam_audit
    while isinstance(command, click.Group):
        found = command.get_command(click.Context(command), arguments.pop(0))
        assert found is not None, line
        command = found
    assert command.make_context(command.name, arguments).command is command  # raises for what it does not know


def settings(page: str) -> list[str]:
    return [block for block in blocks(ROOT / page, "toml") if "entry-points" not in block]


@pytest.mark.parametrize("text", [*settings("README.md"), *settings("docs/configuration.md")])
def test_every_configuration_is_accepted(text: str) -> None:
    loaded = config.parsed(text, Path("iam-audit.toml"), WRITTEN)
    assert loaded.config != Config()


def test_every_key_of_the_configuration_is_described() -> None:
    page = (ROOT / "docs/configuration.md").read_text("utf-8")
    tables = json.loads((ROOT / "auditor/selection/config.schema.json").read_bytes())["$defs"].values()
    described = {part for words in re.findall(r"`([\w.]+)`", page) for part in words.split(".")}
    assert {key for table in tables for key in table.get("properties", ())} - described == set()
