"""Help: groups in the order of use, an example for each command, and hints after wrong calls."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from autograder.cli import GROUPS, app

COMMANDS = typer.main.get_command(app).commands  # type: ignore[attr-defined]
README = Path(__file__).parents[2] / "README.md"


def run(*arguments: str) -> str:
    result = CliRunner().invoke(app, arguments, env={"COLUMNS": "200", "TERMINAL_WIDTH": "200"})
    return " ".join(result.output.replace("│", " ").split())


def test_each_command_is_in_one_group_and_shown_there() -> None:
    assert [name for group in GROUPS.values() for name in group] == list(COMMANDS)
    shown = run("--help")
    for group in GROUPS:
        assert group in shown
    places = [shown.index(f" {group} ") for group in GROUPS]
    assert places == sorted(places)


def test_the_readme_lists_the_commands_in_the_order_of_the_help() -> None:
    table = README.read_text(encoding="utf-8").partition("## Commands")[2].partition("\n## ")[0]
    named = re.findall(r"^\| `fdl ([\w-]+)", table, re.MULTILINE)
    assert named == list(COMMANDS)


@pytest.mark.parametrize("name", COMMANDS)
def test_each_command_has_an_example_that_parses(name: str) -> None:
    example = COMMANDS[name].epilog.removeprefix("Example: ")
    program, command, *arguments = shlex.split(example)
    assert (program, command) == ("fdl", name)
    COMMANDS[name].make_context(name, arguments)  # raises an error if an option is unknown
    assert example in run(name, "--help")


@pytest.mark.parametrize("name", COMMANDS)
def test_each_command_says_what_it_does_in_a_sentence(name: str) -> None:
    first = COMMANDS[name].help.partition("\n")[0]
    assert first.endswith(".")
    assert len(first) <= 100


@pytest.mark.parametrize(
    ("wrong", "hint"),
    {
        ("grad", "hw2"): "Did you mean 'grade'",
        ("stauts",): "Did you mean 'status'",
        ("grade", "hw2", "--jbs", "2"): "--jobs",
        ("export", "hw2", "--to", "mudle"): "'moodle'",
        ("grade",): "Example: fdl grade hw2",
        ("intake", "hw2"): "Example: fdl intake hw2 EXPORT.zip",
        ("export", "hw2"): "Example: fdl export hw2 --to moodle",
    }.items(),
)
def test_a_wrong_call_is_shown_a_right_one(wrong: tuple[str, ...], hint: str) -> None:
    assert hint in run(*wrong)
