"""The pages are short, their links exist, and the README names every command."""

from __future__ import annotations

import inspect
import re
import runpy
import unicodedata
from pathlib import Path
from types import ModuleType

import pytest
import typer

from autograder.cli import app
from autograder.grading import testkit
from autograder.release import checkskit

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / name for name in ("README.md", "CONTRIBUTING.md", "SECURITY.md", "CHANGELOG.md")]
PAGES += sorted((ROOT / "docs").glob("*.md"))

LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")


def text_of(page: Path) -> str:
    """Return the page without its blocks of code."""
    return re.sub(r"^```.*?^```", "", page.read_text(encoding="utf-8"), flags=re.M | re.S)


def anchors(page: Path) -> set[str]:
    """Return the anchors of a page's headings, as GitHub makes them."""
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
    most = 150 if page.name == "README.md" else 200
    assert len(page.read_text(encoding="utf-8").splitlines()) <= most


def test_the_readme_names_every_command_and_no_other() -> None:
    commands = typer.main.get_command(app).commands  # type: ignore[attr-defined]
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    table = text.partition("## Commands")[2].partition("\n## ")[0]
    named = set(re.findall(r"^\| `fdl ([\w-]+)", table, re.M))
    assert named == set(commands)


def test_sentences_name_commands_that_exist() -> None:
    commands = typer.main.get_command(app).commands  # type: ignore[attr-defined]
    for page in set(PAGES) - {ROOT / "CHANGELOG.md"}:  # the changelog also names removed commands
        named = set(re.findall(r"`fdl ([a-z][a-z-]*)", page.read_text(encoding="utf-8")))
        assert named <= set(commands), page.name


def test_options_in_the_pages_are_those_of_the_commands() -> None:
    commands = typer.main.get_command(app).commands  # type: ignore[attr-defined]
    for page in PAGES:
        for name, rest in re.findall(r"fdl ([a-z-]+)((?: [^`\n#|]+)?)", page.read_text("utf-8")):
            if name in commands:
                known = {option for each in commands[name].params for option in each.opts}
                used = set(re.findall(r"(?<![\w-])(--[a-z][a-z-]+)", rest))
                assert used <= known | {"--help"}, f"{page.name}: fdl {name}{rest}"


def test_each_page_is_in_the_menu_of_the_site() -> None:
    menu = runpy.run_path(str(ROOT / "docs" / "conf.py"))["NAVIGATION"]
    named = [f"{name}.md" for pages in menu.values() for name in pages]
    assert len(set(named)) == len(named)
    files = {(ROOT / "docs" / name).resolve() for name in named} | {ROOT / "README.md"}
    assert files == set(PAGES)


def test_each_page_is_linked_from_another() -> None:
    targets = {
        (page.parent / link.partition("#")[0]).resolve()
        for page in PAGES
        for link in LINK.findall(text_of(page))
        if "://" not in link and not link.startswith("#")
    }
    assert set(PAGES) - targets - {ROOT / "README.md", ROOT / "CHANGELOG.md"} == set()


def test_the_page_of_commands_is_up_to_date() -> None:
    commands = runpy.run_path(str(ROOT / "docs" / "commands.py"))
    assert commands["PAGE"].read_text(encoding="utf-8") == commands["page"]()


def test_the_page_of_the_testkit_explains_every_name() -> None:
    offered = {
        name
        for name, value in vars(testkit).items()
        if not name.startswith("_") and not isinstance(value, ModuleType) and name != "annotations"
    }
    text = (ROOT / "docs" / "testkit.md").read_text(encoding="utf-8")
    code = " ".join(re.findall(r"`([^`\n]+)`", text_of(ROOT / "docs" / "testkit.md")))
    named = set(re.findall(r"\w+", code))
    assert offered - named == set()
    imported = re.findall(r"from autograder\.grading\.testkit import ([\w, ]+)", text)
    assert {name for names in imported for name in names.split(", ")} <= offered


def test_the_checks_on_that_page_have_the_arguments_of_the_testkit() -> None:
    page = text_of(ROOT / "docs" / "testkit.md")
    shown = re.findall(r"^\| `(\w+)\(([^`\"\d]*)\)`", page, re.M)
    assert len(shown) > 25
    for name, arguments in shown:
        known = inspect.signature(getattr(testkit, name)).parameters
        listed = [each for each in arguments.split(", ") if each != "*"]
        # Answers are untrusted; the page calls an answer that must be a figure `figure`.
        assert ["answer" if each == "figure" else each for each in listed] == [
            "answer" if each == "figure" else each for each in known
        ], name


def test_the_page_of_visible_checks_has_the_arguments_of_the_checks_kit() -> None:
    page = text_of(ROOT / "docs" / "visible-checks.md")
    shown = re.findall(r"`(\w+)\(([^`\"\d…]*)\)`(?=[^|\n]* \|)", page)
    assert len(shown) > 20
    for name, arguments in shown:
        known = list(inspect.signature(getattr(checkskit, name)).parameters)
        names = [each for each in arguments.split(", ") if each != "*"]
        assert names == known[: len(names)], name
    cells = page.partition("## In the notebook's other cells")[2]
    assert all(hasattr(checkskit, name) for name in re.findall(r"checks\.(\w+)\(", cells))
    for name in re.findall(r"`yours\.(\w+)\(\"", page):
        assert hasattr(checkskit.Answers, name)


def test_the_picture_of_the_layers_is_up_to_date() -> None:
    pytest.importorskip("importlinter", reason="needs the extra `lint`")
    layers = runpy.run_path(str(ROOT / "docs" / "layers.py"))
    assert layers["PICTURE"].read_text(encoding="utf-8") == layers["draw"]()


def test_the_page_on_marking_lists_the_keys_of_the_desks_help() -> None:
    script = (ROOT / "autograder" / "desk" / "static" / "dialogs.js").read_text(encoding="utf-8")
    keys = script.partition("const KEYS = [")[2].partition("\n];")[0]
    offered = re.findall(r'^  \["([^"]+)", "([^"]+)"\],$', keys, re.M)
    assert len(offered) == len(keys.strip().splitlines()) > 15
    page = (ROOT / "docs" / "marking.md").read_text(encoding="utf-8")
    table = page.partition("\n## Keys\n")[2].partition("\n## ")[0]
    listed = re.findall(r"^\| (`.+`) \| (.+) \|$", table, re.M)
    assert [(key.replace("`", ""), words) for key, words in listed] == offered
