"""The pages: short, with links that lead somewhere, and with every command of the app."""

from __future__ import annotations

import re
import runpy
import unicodedata
from pathlib import Path

import pytest
import typer

from autograder.cli import app

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / name for name in ("README.md", "CONTRIBUTING.md", "SECURITY.md", "CHANGELOG.md")]
PAGES += sorted((ROOT / "docs").glob("*.md"))
WRITTEN_BY_COMMANDS = ("comparison.md", "mutation.md")

LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")


def text_of(page: Path) -> str:
    """The page without its blocks of code."""
    return re.sub(r"^```.*?^```", "", page.read_text(encoding="utf-8"), flags=re.M | re.S)


def anchors(page: Path) -> set[str]:
    """The anchors of a page's headings, as GitHub makes them."""
    found = set()
    for heading in re.findall(r"^#{1,6} (.+)$", text_of(page), re.M):
        plain = re.sub(r"[`*]|\[([^\]]*)\]\([^)]*\)", r"\1", heading).strip().lower()
        kept = (c for c in plain if c in " -_" or unicodedata.category(c)[0] in "LN")
        found.add("".join(kept).replace(" ", "-"))
    return found


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page: Path) -> None:
    for link in LINK.findall(text_of(page)):
        if "://" in link:
            continue
        name, _, anchor = link.partition("#")
        target = (page.parent / name).resolve() if name else page
        assert target.exists(), link
        assert not anchor or anchor in anchors(target), link


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_pages_are_short(page: Path) -> None:
    if page.name not in WRITTEN_BY_COMMANDS:
        most = 150 if page.name == "README.md" else 200
        assert len(page.read_text(encoding="utf-8").splitlines()) <= most


def test_the_readme_names_every_command_and_no_other() -> None:
    commands = typer.main.get_command(app).commands  # type: ignore[attr-defined]
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    table = text.partition("## Commands")[2].partition("\n## ")[0]
    named = set(re.findall(r"^\| `fdl ([\w-]+)", table, re.M))
    assert named == set(commands)


def test_options_in_the_pages_are_those_of_the_commands() -> None:
    commands = typer.main.get_command(app).commands  # type: ignore[attr-defined]
    for page in PAGES:
        for name, rest in re.findall(r"fdl ([a-z-]+)((?: [^`\n#|]+)?)", page.read_text("utf-8")):
            if name in commands:
                known = {option for each in commands[name].params for option in each.opts}
                used = set(re.findall(r"(?<![\w-])(--[a-z][a-z-]+)", rest))
                assert used <= known | {"--help"}, f"{page.name}: fdl {name}{rest}"


def test_the_picture_of_the_layers_is_up_to_date() -> None:
    pytest.importorskip("importlinter", reason="needs the extra `lint`")
    layers = runpy.run_path(str(ROOT / "docs" / "layers.py"))
    assert layers["PICTURE"].read_text(encoding="utf-8") == layers["draw"]()
