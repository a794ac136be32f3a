"""Rubrics that go from the desk into the source notebooks, and back."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest
from typer.testing import CliRunner

from autograder.cli import app
from autograder.course.assignment import Course
from autograder.course.gradecells import CellPlace
from autograder.course.rubric import Evidence, Rubric, read_rubric, read_rubrics
from autograder.desk import sourcerubric
from autograder.desk.messages import ItemView, RubricChange
from autograder.desk.sourcerubric import rewritten, save_rubrics
from autograder.errors import DeskError
from autograder.gradebook.handmarks import RubricStep
from tests.consoles import wide_consoles
from tests.desk.conftest import Marker
from tests.gradebook.course import read_marks
from tests.release.helpers import fingerprint

WHERE = CellPlace("p1", 6, "q-why")
SOURCE = """\
<div>

### BEGIN SOLUTION
The model answer.

#### Rubric

Free words.
- (0.5 points) finds
  the size [evidence: q-size "a size"]
- (1 point) says $why$ [evidence: q-all/ends "both ends"] at the ends

- (0.5 points) says $how$
### END SOLUTION

</div>"""


def steps(source: str = SOURCE) -> list[RubricStep]:
    found = read_rubric(source, WHERE).steps
    return [RubricStep(f"s{n}", s.points, s.text, s.evidence) for n, s in enumerate(found, 1)]


def put(*wanted: RubricStep, source: str = SOURCE) -> list[str]:
    """The lines that differ once these steps are in the source; they are read back first."""
    after = rewritten(source, WHERE, wanted, [each.id for each in steps(source)])
    found = read_rubric(after, WHERE).steps
    assert [(s.points, s.text, s.evidence) for s in found] == [
        (s.points, s.text, s.evidence) for s in wanted
    ]
    return list(sourcerubric.changed_lines(source.split("\n"), after.split("\n")))


def test_the_same_steps_change_nothing() -> None:
    assert put(*steps()) == []


def test_new_points_change_only_their_bracket() -> None:
    one, two, three = steps()
    assert put(
        msgspec.structs.replace(one, points=1.25),
        msgspec.structs.replace(two, points=0.333333),
        three,
    ) == [
        "-- (0.5 points) finds",
        "+- (1.25 points) finds",
        '-- (1 point) says $why$ [evidence: q-all/ends "both ends"] at the ends',
        '+- (0.333333 points) says $why$ [evidence: q-all/ends "both ends"] at the ends',
    ]


def test_new_words_keep_the_evidence() -> None:
    one, two, three = steps()
    assert put(msgspec.structs.replace(one, text="finds its size"), two, three) == [
        "-- (0.5 points) finds",
        '-  the size [evidence: q-size "a size"]',
        '+- (0.5 points) finds its size [evidence: q-size "a size"]',
    ]


def test_new_and_removed_steps() -> None:
    one, two, three = steps()
    new = RubricStep("n", -0.5, "confuses $a$ and $b$")
    assert put(one, new, two, three) == ["+- (-0.5 points) confuses $a$ and $b$"]
    assert put(new, one, two, three)[0] == "+- (-0.5 points) confuses $a$ and $b$"
    assert put(one, two, three, new) == ["+- (-0.5 points) confuses $a$ and $b$"]
    assert put(one, three) == [
        '-- (1 point) says $why$ [evidence: q-all/ends "both ends"] at the ends'
    ]
    assert len(put(new)) == 5


def test_a_moved_step_keeps_its_lines() -> None:
    one, two, three = steps()
    assert put(two, three, one) == [
        "-- (0.5 points) finds",
        '-  the size [evidence: q-size "a size"]',
        "+- (0.5 points) finds",
        '+  the size [evidence: q-size "a size"]',
    ]


def test_any_change_is_read_back_and_leaves_all_other_lines() -> None:
    draw = random.Random(7)
    texts = ["finds it", "says $x_1$", "knows «ß» and \\tfrac12", "a [b] c", "is (1 point) worth"]
    for _ in range(300):
        wanted = [each for each in steps() if draw.random() < 0.7]
        wanted += [
            RubricStep(f"n{n}", draw.choice([1, -1]) * draw.randint(1, 8) / 4, draw.choice(texts))
            for n in range(draw.randint(0, 3))
        ]
        draw.shuffle(wanted)
        if draw.random() < 0.5 and wanted:
            wanted[0] = msgspec.structs.replace(wanted[0], text="is reworded")
        if wanted:
            lines = put(*wanted)
            kept = [line for line in SOURCE.split("\n") if not line.startswith(("-", "  "))]
            assert not {line[1:] for line in lines} & (set(kept) - {""})


# --- from the desk into the notebook ---


def item_of(marker: Marker, item: str = "a-proof") -> ItemView:
    [found] = [each for each in marker.desk.queue(marker.name).items if each.name == item]
    return found


Alter = Callable[[list[RubricStep]], list[RubricStep]]


def changes(marker: Marker, alter: Alter, item: str = "a-proof") -> None:
    view = item_of(marker, item)
    marker.desk.change_rubric(
        item,
        RubricChange(
            marker=marker.name,
            rubric=view.rubric,
            steps=tuple(alter(list(view.steps))),
            apply=True,
        ),
    )


def reworded(found: list[RubricStep]) -> list[RubricStep]:
    found[0] = msgspec.structs.replace(found[0], text='names the "chain rule" for $x²$')
    return [found[0], RubricStep("", -0.5, "confuses $f$ and $f'$"), *found[1:]]


def notebook(course: Course) -> Path:
    return course.source("hw") / "a_slopes.ipynb"


def test_only_the_changed_lines_of_the_file_change(marked: Course, rita: Marker) -> None:
    changes(rita, reworded)
    before = notebook(marked).read_text(encoding="utf-8").split("\n")
    [saved] = save_rubrics(marked, "hw")
    after = notebook(marked).read_text(encoding="utf-8").split("\n")
    assert saved.lines == (
        "-- (0.5 points) differentiates $x^2$ and says which rule that is",
        '+- (0.5 points) names the "chain rule" for $x²$',
        "+- (-0.5 points) confuses $f$ and $f'$",
    )
    assert list(sourcerubric.changed_lines(before, after)) == [
        '-    "- (0.5 points) differentiates $x^2$ and says which rule that is\\n",',
        '+    "- (0.5 points) names the \\"chain rule\\" for $x²$\\n",',
        '+    "- (-0.5 points) confuses $f$ and $f\'$\\n",',
    ]


def indented(text: str) -> str:
    return json.dumps(json.loads(text), indent=4, ensure_ascii=False, separators=(" ,", ":  "))


def with_escapes(text: str) -> str:
    return json.dumps(json.loads(text), indent=1).replace("model", "\\u006dodel")


def with_whole_texts(text: str) -> str:
    content = json.loads(text)
    for cell in content["cells"]:
        cell["source"] = "".join(cell["source"])
    return json.dumps(content, indent=1)


@pytest.mark.parametrize("form", [indented, with_escapes, with_whole_texts, str.strip])
def test_the_form_of_the_file_stays(
    marked: Course, rita: Marker, form: Callable[[str], str]
) -> None:
    path = notebook(marked)
    path.write_text(form(path.read_text(encoding="utf-8")), encoding="utf-8", newline="\r\n")
    changes(rita, reworded)
    before = path.read_bytes().split(b"\n")
    save_rubrics(marked, "hw")
    after = path.read_bytes().split(b"\n")
    lines = sourcerubric.changed_lines(map(repr, before), map(repr, after))
    assert 0 < len(lines) <= 3
    assert all("(0.5 points)" in line or "(-0.5 points)" in line for line in lines)
    assert rubric_of(marked)[:1] == [(0.5, 'names the "chain rule" for $x²$')]


def rubric_of(course: Course) -> list[tuple[float, str]]:
    rubric = read_rubrics(course, course.assignment("hw"))["a-proof"]
    return [(step.points, step.text) for step in rubric.steps]


def test_the_desk_and_the_source_then_agree(marked: Course, rita: Marker) -> None:
    rita.gives("a-proof", "anna", "s1", "s2")
    changes(rita, reworded)
    save_rubrics(marked, "hw")
    assert not item_of(rita).source_changed
    rubric = read_rubrics(marked, marked.assignment("hw"))["a-proof"]
    assert [(s.points, s.text) for s in rubric.steps] == [
        (s.points, s.text) for s in item_of(rita).steps
    ]
    assert rubric.evidence[0] == Evidence("a-slope", "", "the slope at any point")
    assert save_rubrics(marked, "hw") == []
    view = rita.sees("a-proof", "anna")
    assert view.mark is not None
    assert view.mark.ticks == ("s1", "s2")
    changes(rita, lambda found: [step for step in found if step.points > 0])
    assert [each.lines for each in save_rubrics(marked, "hw")] == [
        ("-- (-0.5 points) confuses $f$ and $f'$",)
    ]


def test_saving_changes_no_released_file_and_marks_nobody_again(
    marked: Course, rita: Marker
) -> None:
    rita.gives("a-proof", "anna", "s1", "s2")
    before = fingerprint(marked.release("hw"), marked.root / "autograded")
    marks = read_marks(marked).students
    changes(rita, reworded)
    save_rubrics(marked, "hw")
    assert fingerprint(marked.release("hw"), marked.root / "autograded") == before
    assert read_marks(marked).students == marks


def test_a_wrong_sum_is_refused_with_the_sum(marked: Course, rita: Marker) -> None:
    changes(rita, lambda found: [*found, RubricStep("", 0.25, "adds a picture")])
    before = fingerprint(marked.source("hw"))
    with pytest.raises(DeskError, match=r"a-proof add up to 2\.25 points .* the item has 2"):
        save_rubrics(marked, "hw")
    assert fingerprint(marked.source("hw")) == before


def test_one_rubric_that_cannot_be_written_stops_all(marked: Course, rita: Marker) -> None:
    changes(rita, reworded)
    changes(rita, lambda found: [*found, RubricStep("", 1, "more")], "b-essay")
    before = fingerprint(marked.source("hw"))
    with pytest.raises(DeskError, match="no rubric was written: the steps of b-essay"):
        save_rubrics(marked, "hw")
    assert fingerprint(marked.source("hw")) == before


def test_a_notebook_that_is_saved_meanwhile_stops_all(
    marked: Course, rita: Marker, monkeypatch: pytest.MonkeyPatch
) -> None:
    def read_slowly(source: str, where: CellPlace) -> Rubric:
        path = marked.source("hw") / f"{where.notebook}.ipynb"
        if path != notebook(marked):
            path.write_bytes(path.read_bytes() + b"\n")
        return read_rubric(source, where)

    changes(rita, reworded)
    changes(rita, lambda found: [*found, RubricStep("", -0.5, "less")], "b-essay")
    monkeypatch.setattr(sourcerubric, "read_rubric", read_slowly)
    before = notebook(marked).read_bytes()
    with pytest.raises(DeskError, match="has just been changed: run the command again"):
        save_rubrics(marked, "hw")
    assert notebook(marked).read_bytes() == before


def test_words_that_are_no_line_of_a_rubric_are_refused(marked: Course, rita: Marker) -> None:
    changes(rita, lambda found: [*found, RubricStep("", -1, "names [evidence: nothing]")])
    with pytest.raises(DeskError, match=r"names .* cannot be written as a line of a rubric"):
        save_rubrics(marked, "hw")


# --- from the notebook to the desk ---


def by_git(course: Course) -> None:
    """Somebody changes the source: other words, other points, one step fewer and one more."""
    content = json.loads(notebook(course).read_text(encoding="utf-8"))
    [proof] = [cell for cell in content["cells"] if cell["id"] == "a-proof"]
    text = "".join(proof["source"])
    for old, new in (
        ("differentiates $x^2$ and says which rule that is", "differentiates $x^2$ and says why"),
        ("(1 point) finds the factor two", "(1.5 points) finds the factor two"),
        ("- (0.5 points) bends it", "- (-0.25 points) has no picture\n\nFormerly: bends it"),
    ):
        assert old in text
        text = text.replace(old, new)
    proof["source"] = text.splitlines(keepends=True)
    notebook(course).write_text(json.dumps(content, indent=1), encoding="utf-8")


def test_a_source_that_changed_meanwhile_is_not_overwritten(marked: Course, rita: Marker) -> None:
    rita.gives("a-proof", "anna", "s1")
    changes(rita, reworded)
    by_git(marked)
    assert item_of(rita).source_changed
    before = fingerprint(marked.source("hw"))
    with pytest.raises(DeskError, match=r"a-proof .* `fdl desk hw --take-rubric a-proof`"):
        save_rubrics(marked, "hw")
    changes(rita, lambda found: found[:3])
    assert item_of(rita).source_changed
    with pytest.raises(DeskError, match=r"a-proof was changed in a_slopes\.ipynb since"):
        save_rubrics(marked, "hw")
    assert fingerprint(marked.source("hw")) == before


def test_the_sources_rubric_is_taken_over_with_the_ticks(marked: Course, rita: Marker) -> None:
    rita.gives("a-proof", "anna", "s1", "s2")
    rita.gives("a-proof", "ben", "s3")
    rita.gives("a-proof", "cleo", "s1")
    by_git(marked)
    _, _, found = rita.desk.take_rubric("a-proof")
    assert sorted((each.before, each.after) for each in found) == [(0.5, 0.0), (1.5, 2.0)]
    assert [step.id for step in item_of(rita).steps] == ["s1", "s2", "s3"]
    assert item_of(rita).source_changed
    rita.desk.take_rubric("a-proof", apply=True)
    steps = item_of(rita).steps
    assert [step.id for step in steps][:2] == ["s1", "s2"]
    assert [(step.points, step.text) for step in steps] == rubric_of(marked)
    assert not item_of(rita).source_changed
    students = read_marks(marked).students
    points = {name: each.items["a-proof"].points for name, each in students.items()}
    assert points == {"anna": 2.0, "ben": 0.0, "cleo": 0.5, "dora": 0.0}
    changes(rita, lambda found: [msgspec.structs.replace(found[0], text="says why"), *found[1:]])
    assert len(save_rubrics(marked, "hw")) == 1


def test_the_same_change_on_both_sides_is_no_conflict(marked: Course, rita: Marker) -> None:
    def also(found: list[RubricStep]) -> list[RubricStep]:
        texts = [(0.5, "differentiates $x^2$ and says why"), (1.5, found[1].text)]
        return [
            *(
                msgspec.structs.replace(step, points=points, text=text)
                for step, (points, text) in zip(found, texts, strict=False)
            ),
            RubricStep("", -0.25, "has no picture"),
        ]

    changes(rita, also)
    by_git(marked)
    assert not item_of(rita).source_changed
    assert save_rubrics(marked, "hw") == []
    changes(rita, lambda found: found[:2])
    assert len(save_rubrics(marked, "hw")) == 1


# --- the command ---


def run(course: Course, *arguments: str) -> tuple[int, str]:
    with wide_consoles():
        ended = CliRunner().invoke(app, ["desk", "hw", *arguments, "--course", str(course.root)])
    return ended.exit_code, ended.output


def test_the_command_says_what_it_wrote(marked: Course, rita: Marker) -> None:
    assert run(marked, "--save-rubric") == (0, "The source has the desk's rubrics already.\n")
    changes(rita, reworded)
    code, said = run(marked, "--save-rubric")
    assert code == 0
    assert said.splitlines() == [
        "source/hw/a_slopes.ipynb: a-proof",
        "    - - (0.5 points) differentiates $x^2$ and says which rule that is",
        '    + - (0.5 points) names the "chain rule" for $x²$',
        "    + - (-0.5 points) confuses $f$ and $f'$",
        "No mark changes. Look at the change with `git diff source/`, then commit it.",
    ]


def test_the_command_shows_the_sources_rubric_before_it_is_used(
    marked: Course, rita: Marker
) -> None:
    rita.gives("a-proof", "anna", "s1", "s2")
    by_git(marked)
    code, said = run(marked, "--take-rubric", "a-proof")
    assert code == 0
    assert "    + - (1.5 points) finds the factor two\n" in said
    assert "Marks that would change: 1. Add --apply" in said
    assert item_of(rita).source_changed
    code, said = run(marked, "--take-rubric", "a-proof", "--apply")
    assert (code, said.splitlines()[-1]) == (
        0,
        "The desk now uses the source's rubric. Changed marks: 1",
    )
    assert not item_of(rita).source_changed
    assert run(marked, "--take-rubric", "a-proof") == (
        0,
        "The desk has the source's rubric of a-proof already.\n",
    )
    assert run(marked, "--take-rubric", "a-slope")[0] == 2
