"""The commands for several markers, and the page that explains them."""

from __future__ import annotations

import json
import re
import shlex
from pathlib import Path

import pytest
from typer.testing import CliRunner

from autograder.cli import app
from autograder.course.assignment import Course
from autograder.desk.deal import Share
from autograder.desk.desk import Desk
from tests.desk.conftest import Marker

PAGE = Path(__file__).parents[2] / "docs" / "several-markers.md"
NAMES = {"hw2": "hw", "p1a-proof": "a-proof", "p1b-proof": "a-proof"}


def run(course: Course, *words: str, code: int = 0) -> str:
    result = CliRunner().invoke(app, [*words, "--course", str(course.root)])
    assert result.exit_code == code, result.output
    return result.output


def test_each_command_on_the_page_works(
    marked: Course, rita: Marker, monkeypatch: pytest.MonkeyPatch
) -> None:
    rita.gives("a-proof", "anna", "s1")
    monkeypatch.chdir(marked.root)
    for name in ("marks-Rita.json", "marks-Sam.json"):
        run(marked, "desk", "hw", "--export", name)
    blocks = re.findall(r"^```\n(.*?)^```", PAGE.read_text(encoding="utf-8"), re.M | re.S)
    lines = [line for block in blocks for line in block.splitlines()]
    assert len(lines) >= 7
    for line in lines:
        for name, here in NAMES.items():
            line = line.replace(name, here)
        first, *words = shlex.split(line)
        assert first == "fdl"
        run(marked, *words)


def test_the_table_of_a_deal_adds_up(marked: Course) -> None:
    output = run(
        marked, "desk", "hw", "--deal", "evenly=Rita,Sam", "--deal", "Tom=b-essay",
    )  # fmt: skip
    rows = {line.split()[0]: line.split()[1:] for line in output.splitlines()[3:] if line.strip()}
    assert rows == {
        "Rita": ["2", "0", "2", "0", "0"],
        "Sam": ["2", "0", "2", "0", "0"],
        "Tom": ["0", "4", "4", "0", "0"],
    }


def test_the_table_of_a_deal_fits_into_a_narrow_terminal(
    marked: Course, monkeypatch: pytest.MonkeyPatch
) -> None:
    items = [f"p{number}-a-long-name-of-an-item" for number in range(1, 9)]
    names = ["Rita", "Sam", "Tom", "Ursula von der Heide", "Wenceslas of Bohemia", "Zoë"]
    shares = [
        Share(name, {item: 10 * place + index for index, item in enumerate(items)}, place, 1)
        for place, name in enumerate(names)
    ]
    monkeypatch.setattr("autograder.desk.deal.deal", lambda *_: shares)
    monkeypatch.setattr(Desk, "items", dict.fromkeys(items))
    output = run(marked, "desk", "hw", "--deal", "evenly=Rita,Sam")
    lines = [line.rstrip() for line in output.splitlines() if line.strip()]
    assert max(map(len, lines)) <= 80
    heads = " ".join(line for line in lines if line.split()[0] == "item")
    assert all(name in heads for name in names)
    for index, item in enumerate(items):
        row = " ".join(line.removeprefix(f" {item}") for line in lines if item in line)
        assert row.split() == [str(10 * place + index) for place in range(len(names))]
    blind = " ".join(line for line in lines if "of these blind" in line)
    assert re.findall(r"\d+", blind) == ["0", "1", "2", "3", "4", "5"]


@pytest.mark.parametrize(
    "deal", [("evenly=Rita,rita",), ("Rita=a-proof", "RITA=b-essay"), ("evenly=Jo Doe,jo  doe",)]
)
def test_one_marker_in_two_spellings_is_refused(marked: Course, deal: tuple[str, ...]) -> None:
    options = [word for each in deal for word in ("--deal", each)]
    told = run(marked, "desk", "hw", *options, code=2)
    assert "are the same marker for the desk, which ignores capitals and spaces" in " ".join(
        told.split()
    )


def test_a_deal_takes_the_spelling_that_the_desk_knows(marked: Course, rita: Marker) -> None:
    rita.gives("a-proof", "anna", "s1")
    output = run(marked, "desk", "hw", "--deal", "evenly=RITA,Sam")
    assert "Rita" in output
    assert "RITA" not in output


def test_agreement_without_double_marks_is_short(marked: Course, rita: Marker) -> None:
    rita.gives("a-proof", "anna", "s1", "s2")
    output = run(marked, "agreement", "hw")
    assert "hw: 0 answers marked by two people" in output
    assert "No answer was marked by two people: a-proof, b-essay." in output
    assert "--overlap 10%" in " ".join(output.split())
    assert "alpha" not in output
    assert re.search(r"^ *a-proof +Rita +1 +1.50", output, re.M)
    assert len(output.splitlines()) < 12


def test_an_overlap_alone_is_refused(marked: Course) -> None:
    assert "belongs to --deal" in run(marked, "desk", "hw", "--overlap", "10%", code=2)


@pytest.mark.parametrize(
    "options",
    ["--save-rubric --export x.json", "--apply", "--take-rubric a-proof --deal evenly=Rita,Sam"],
)
def test_options_that_would_be_ignored_are_refused(
    marked: Course, tmp_path: Path, options: str
) -> None:
    told = run(marked, "desk", "hw", *options.replace("x.json", f"{tmp_path}/x").split(), code=2)
    assert "--take-rubric" in told
    assert not (tmp_path / "x").exists()


def test_status_has_the_numbers_of_the_queue(marked: Course, rita: Marker, sam: Marker) -> None:
    rita.gives("a-proof", "anna", "s1")
    rita.gives("a-proof", "ben", "s1", flagged=True)
    sam.gives("b-essay", "cleo", "s1")
    run(marked, "desk", "hw", "--deal", "Rita=a-proof", "--deal", "Sam=b-essay")
    queue = rita.desk.queue("").progress
    found = json.loads(run(marked, "status", "hw", "--format", "json"))
    assert found["schema"] == "fdl-homework-status/1"
    assert (found["handed_in"], found["marked_by_tests"]) == (0, 4)
    for item, numbers in {"": found["by_hand"], **found["items"]}.items():
        assert (numbers["answers"], numbers["open"]) == (queue[item].answers, queue[item].open)
        assert numbers["marked"] == numbers["answers"] - numbers["open"]
        assert (numbers["flagged"], numbers["by_marker"]) == (
            queue[item].flagged, queue[item].by_marker,
        )  # fmt: skip
    assert found["by_hand"]["by_marker"] == {"Rita": 2, "Sam": 1}
    numbers = {name: list(each.values())[:3] for name, each in found["markers"].items()}
    assert numbers == {"Rita": [4, 2, 1], "Sam": [4, 1, 0]}  # blank answers are not open
    table = run(marked, "status", "hw")
    assert re.search(r"^ *a-proof +4 +3 +1 +1 +– +– *$", table, re.M)
    assert re.search(r"^ *Sam +4 +1 +0 +0 +– +– *$", table, re.M)


def test_status_of_a_homework_makes_no_gradebook(marked: Course) -> None:
    marked.gradebook.unlink()
    run(marked, "status", "hw", code=1)
    assert not marked.gradebook.exists()


def test_agreement_is_printed_as_table_and_as_json(marked: Course) -> None:
    with_rita, with_sam = (Marker(Desk(marked, "hw"), name) for name in ("Rita", "Sam"))
    deal = ("--deal", "Rita=a-proof", "--deal", "Sam=b-essay", "--overlap", "100%")
    run(marked, "desk", "hw", *deal)
    with_rita.gives("a-proof", "anna", "s1", "s2")
    with_sam.gives("a-proof", "anna", "s1")
    for marker in (with_rita, with_sam):
        marker.desk.close()
    found = json.loads(run(marked, "agreement", "hw", "--format", "json"))
    assert (found["schema"], found["double"]) == ("fdl-agreement/1", 1)
    notes = {each["step"]: each["note"] for each in found["agreement"]}
    assert notes["s1"] == "undefined: every mark is ticked"
    [difference] = found["differences"]
    assert difference["points"] == [["Rita", 1.5], ["Sam", 0.5]]
    table = run(marked, "agreement", "hw")
    assert "1 answer marked by two people" in table
    assert "a-proof of anna: Rita 1.5, Sam 0.5" in table
    assert "undefined" in table
    assert "No answer was marked by two people: b-essay." in table
    assert "b-essay" not in table.partition("No answer")[0]
