from __future__ import annotations

import json
import re
import shutil
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from unittest import mock
from zoneinfo import ZoneInfo

import nbformat
import pytest
from bs4 import BeautifulSoup, Tag
from nbgrader.apps.api import NbGraderAPI
from nbgrader.coursedir import CourseDirectory
from sqlalchemy.exc import SQLAlchemyError
from traitlets.config import Config
from traitlets.config.loader import PyFileConfigLoader

from autograder.course.assignment import Assignment, Course
from autograder.errors import RecordError
from autograder.gradebook.database import open_gradebook
from autograder.grading.mark import Marking
from autograder.grading.report import CellFault, Claim, NotebookReport
from autograder.pages import feedback
from autograder.pages.feedback import MAX_WORK, MissingPages, read_headings, write_feedback
from autograder.pages.texts import set_code, set_formulas
from tests.gradebook.course import record, record_class

from .conftest import Marker
from .course import ANSWERS, mark

ROOT = Path(__file__).parents[2]


def page(course: Course, assignment: Assignment, name: str = "index") -> BeautifulSoup:
    write_feedback(course, assignment, ["anna"])
    path = course.root / "feedback" / "anna" / "hw" / f"{name}.html"
    return BeautifulSoup(path.read_text(encoding="utf-8"), "html.parser")


def box(soup: BeautifulSoup, item: str) -> Tag:
    """Return the part of the page about one item."""
    found = soup.find("article", id=item)
    assert isinstance(found, Tag)
    return found


def words(tag: Tag | None) -> str:
    assert tag is not None
    return " ".join(tag.get_text(" ").split())


def totals(soup: BeautifulSoup) -> list[str]:
    return [words(entry) for entry in soup.select(".totals li")]


def with_fault(marking: Marking, fault: CellFault) -> Marking:
    notebooks = {**marking.report.notebooks, "a_slopes": NotebookReport("marked", faults=(fault,))}
    return replace(marking, report=replace(marking.report, notebooks=notebooks))


# what a page says


def test_page_tells_points_of_each_item_and_totals(course: Course, assignment: Assignment) -> None:
    record(course, assignment, "anna", mark(course, {"a-bend": 0.5}))
    soup = page(course, assignment)
    assert totals(soup) == [
        "1.5 of 5 points so far",
        "2 of 3 bonus points so far",
        "2 + 1 bonus points still to be marked by a person",
    ]
    assert "full points: 1 of 1" in words(box(soup, "a-slope"))
    assert "part of the points: 0.5 of 2" in words(box(soup, "a-bend"))
    assert "full points: 2 of 2 bonus" in words(box(soup, "b-bonus"))


def test_claims_are_told_with_outcome_and_message(course: Course, assignment: Assignment) -> None:
    record(course, assignment, "anna", mark(course, {"a-slope": 0.0}))
    soup = page(course, assignment)
    [failed] = box(soup, "a-slope").select(".claims .fails")
    assert words(failed) == "✗ fails: The claim about a-slope. The answer has the wrong sign."
    [held] = box(soup, "a-bend").select(".claims .holds")
    assert words(held) == "✓ holds: The claim about a-bend."


def test_message_that_repeats_is_not_repeated(course: Course, assignment: Assignment) -> None:
    claims = (
        Claim("It rises.", False, "It raised a KeyError."),
        Claim("It bends.", False, "It raised a KeyError."),
        Claim("It is smooth.", True),
        Claim("It ends.", False, "It raised a KeyError."),
    )
    record(course, assignment, "anna", with_item(mark(course), "a-slope", claims=claims))
    told = [words(tag) for tag in box(page(course, assignment), "a-slope").select(".why")]
    assert told == ["It raised a KeyError.", "The same as above.", "It raised a KeyError."]


def test_students_error_is_told_with_its_line(course: Course, assignment: Assignment) -> None:
    fault = CellFault(1, "NameError: name 'y' is not defined", 2, "return y", "a-slope")
    record(course, assignment, "anna", with_fault(mark(course), fault))
    told = words(box(page(course, assignment), "a-slope").select_one(".fault"))
    assert told == "In cell 2 from the top, line 2: return y NameError: name 'y' is not defined"


def test_error_in_an_answer_cell_of_several_items_is_told_with_each(
    course: Course, assignment: Assignment
) -> None:
    path = course.release("hw") / "a_slopes.ipynb"
    text = path.read_text("utf-8").replace("a-slope-answer", "a-both-answer")
    path.write_text(text, encoding="utf-8")
    fault = CellFault(1, "This cell was stopped.", 1, "while True:", "a-both")
    record(course, assignment, "anna", with_fault(mark(course), fault))
    soup = page(course, assignment)
    for item in ("a-slope", "a-bend"):
        assert "while True:" in words(box(soup, item).select_one(".fault"))
    assert soup.select("section > .fault") == []


def test_error_in_a_cell_of_no_item_is_told_with_its_notebook(
    course: Course, assignment: Assignment
) -> None:
    fault = CellFault(4, "ZeroDivisionError: division by zero", 1, "1 / 0")
    record(course, assignment, "anna", with_fault(mark(course), fault))
    told = words(page(course, assignment).select_one("section > .fault"))
    assert told.startswith("In cell 5 from the top, line 1: 1 / 0")


def test_item_has_the_nearest_heading_above_it_as_a_title_of_its_own(
    course: Course, assignment: Assignment
) -> None:
    path = course.release("hw") / "a_slopes.ipynb"
    notebook = nbformat.read(path, as_version=4)
    notebook.cells[0].source = "# Slopes\n\n## a) The *slope* (3 points)\n\n```\n# a comment\n```"
    nbformat.write(notebook, path)
    record(course, assignment, "anna", mark(course))
    soup = page(course, assignment)
    for item in ("a-slope", "a-bend", "a-proof"):
        assert words(box(soup, item).h3) == f"a) The slope: {item}"
        assert words(box(soup, item).select_one(".name")) == item
    assert words(box(soup, "b-bonus").h3) == "Extras: b-bonus"


def test_each_item_of_homework_2_has_a_heading_of_its_own() -> None:
    homework = Course(ROOT)
    titles = read_headings(homework.assignment("hw2"), homework.release("hw2")).titles
    assert len(set(titles.values())) == len(titles) == 29
    assert not [title for name, title in titles.items() if name in title]


def test_item_tells_the_functions_that_it_asks_for(course: Course, assignment: Assignment) -> None:
    path = course.source("hw") / "a_slopes.ipynb"
    notebook = nbformat.read(path, as_version=4)
    notebook.cells[1].source = "### REFERENCE slopes.slope, slopes.bend"
    nbformat.write(notebook, path)
    record(course, assignment, "anna", mark(course))
    soup = page(course, course.assignment("hw"))
    assert words(box(soup, "a-slope").select_one(".name")) == "a-slope · slope · bend"


def test_text_that_nobody_marked_is_still_open(recorded: Course, assignment: Assignment) -> None:
    soup = page(recorded, assignment)
    for item in ("a-proof", "b-essay"):
        assert "still open" in words(box(soup, item))


def test_persons_marks_and_comments_are_shown(
    recorded: Course, assignment: Assignment, marker: Marker
) -> None:
    marker.give("a-proof", 1.5)
    marker.give("b-essay", None, extra=1.0)
    marker.comment("a-proof", "Step 2 is <missing> & wanted.")
    soup = page(recorded, assignment)
    assert totals(soup) == ["4.5 of 5 points", "3 of 3 bonus points"]
    assert "part of the points: 1.5 of 2" in words(box(soup, "a-proof"))
    assert "full points: 1 of 1 bonus" in words(box(soup, "b-essay"))
    comment = words(box(soup, "a-proof").select_one(".comment"))
    assert comment == "Comment: Step 2 is <missing> & wanted."


def test_comment_on_a_code_answer_stands_at_each_of_its_items(
    recorded: Course, assignment: Assignment, marker: Marker
) -> None:
    marker.comment("a-slope-answer", "Well named.")
    soup = page(recorded, assignment)
    for item in ("a-slope", "a-bend"):
        assert words(box(soup, item).select_one(".comment")) == "Comment: Well named."
    assert box(soup, "a-proof").select_one(".comment") is None


def test_untouched_text_is_told_without_nbgraders_own_comment(
    course: Course, assignment: Assignment
) -> None:
    record(course, assignment, "anna", mark(course, answers={}))
    told = words(box(page(course, assignment), "a-proof"))
    assert told.endswith("Not attempted.")
    assert "✗" not in told
    assert "No response" not in told


@pytest.mark.parametrize("item", ["a-slope", "b-bonus"])
def test_points_changed_by_a_person_count_and_are_told(
    recorded: Course, assignment: Assignment, marker: Marker, item: str
) -> None:
    if item == "a-slope":
        marker.give(item, 0.5)
    else:
        marker.give(item, None, extra=0.5)
    told = words(box(page(recorded, assignment), item))
    assert "part of the points: 0.5 of" in told
    assert "A person changed the points" in told


def test_points_confirmed_by_a_person_are_not_called_changed(
    recorded: Course, assignment: Assignment, marker: Marker
) -> None:
    marker.give("a-slope", 1.0)
    assert "A person changed" not in words(box(page(recorded, assignment), "a-slope"))


@pytest.mark.parametrize(
    ("item", "given", "points", "so_far", "still_open"),
    [
        ("a-proof", (2.0, None), {}, 3, 2),
        ("b-essay", (None, 1.0), {}, 3, 2),
        ("a-slope", (0.5, None), {"a-slope": 0.0}, 2, 3),
    ],
)
def test_mark_of_an_earlier_answer_is_not_final(
    recorded: Course, assignment: Assignment, marker: Marker,
    item: str, given: tuple[float | None, float | None], points: dict[str, float],
    so_far: int, still_open: int,
) -> None:  # fmt: skip
    marker.give(item, *given)
    answers = {**ANSWERS, item: "Rewritten."} if item in ANSWERS else ANSWERS
    record(recorded, assignment, "anna", mark(recorded, points, answers))
    soup = page(recorded, assignment)
    told = words(box(soup, item))
    assert f"still open: – of {assignment.items[item].max_points:g}" in told
    assert "A person will read and mark this answer." in told
    assert totals(soup)[0] == f"{so_far} of 5 points so far"
    assert totals(soup)[2] == f"{still_open} + 1 bonus points still to be marked by a person"


def test_bonus_text_whose_points_nbgrader_lost_is_open(
    recorded: Course, assignment: Assignment, marker: Marker
) -> None:
    marker.give("b-essay", 0.0)  # nbgrader's page makes 0 of 0.5 typed points
    assert "still open: – of 1 bonus" in words(box(page(recorded, assignment), "b-essay"))
    marker.give("b-essay", 0.0, extra=0.0)
    assert "no points: 0 of 1 bonus" in words(box(page(recorded, assignment), "b-essay"))


def test_unreadable_notebook_is_told_with_its_reason(
    course: Course, assignment: Assignment
) -> None:
    reason = "a_slopes.ipynb can't be read: it is not JSON."
    record(course, assignment, "anna", mark(course, broken={"a_slopes": reason}))
    soup = page(course, assignment)
    assert words(soup.select_one("section > .fault")) == reason
    for item in ("a-slope", "a-proof"):
        assert reason in words(box(soup, item))
        assert "no points" in words(box(soup, item))
        assert box(soup, item).select("details") == []


def test_late_penalty_is_told_and_counted(
    recorded: Course, assignment: Assignment, marker: Marker
) -> None:
    marker.penalise("a_slopes", 0.75)
    assert totals(page(recorded, assignment))[0] == "2.25 of 5 points so far"
    assert "−0.75 late penalty (already subtracted above)" in totals(page(recorded, assignment))


def test_each_notebook_has_a_page_of_its_own(recorded: Course, assignment: Assignment) -> None:
    soup = page(recorded, assignment, "b_extras")
    assert [a["id"] for a in soup.find_all("article")] == ["b-bonus", "b-essay"]
    assert totals(soup) == totals(page(recorded, assignment))


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("x^{t+1} and γ̂_t", "x<sup>t+1</sup> and γ̂<sub>t</sub>"),
        (
            "x_iᵀx_j and w_rᵀx",
            "x<sub>i</sub>ᵀx<sub>j</sub> and w<sub>r</sub>ᵀx",
        ),
        ("−η_k of w_r's", "−η<sub>k</sub> of w<sub>r</sub>&#39;s"),
        ("`x_t`, not x_t", "<code>x_t</code>, not x<sub>t</sub>"),
        ("heavy_ball, x_to, 2^x, a ^ b", "heavy_ball, x_to, 2^x, a ^ b"),
        ("a ` b_i", "a ` b<sub>i</sub>"),
        ("x_{<i>}`<b>`", "x<sub>&lt;i&gt;</sub><code>&lt;b&gt;</code>"),
    ],
)
def test_formulas_are_set_and_code_is_code(text: str, shown: str) -> None:
    assert set_formulas(text) == shown


def test_names_in_messages_are_left_as_they_are() -> None:
    message = "It raised NameError: name 'a_b' in your line `x_t < 1`."
    assert set_code(message) == (
        "It raised NameError: name &#39;a_b&#39; in your line <code>x_t &lt; 1</code>."
    )


def test_page_of_a_notebook_links_back_to_the_page_with_everything(
    recorded: Course, assignment: Assignment
) -> None:
    back = page(recorded, assignment, "a_slopes").select("p a[href='index.html']")
    assert [words(link) for link in back] == ["All of Homework: slopes"]
    assert not page(recorded, assignment).select("a[href='index.html']")


def test_link_to_an_item_of_another_notebook_leads_to_the_page_with_everything(
    recorded: Course, assignment: Assignment
) -> None:
    for name, target in (("index", "#b-bonus"), ("a_slopes", "index.html#b-bonus")):
        links = box(page(recorded, assignment, name), "a-proof").select(".claims a")
        assert target in [str(link["href"]) for link in links]


# --- texts that are missing -----------------------------------------------------------------------


UNWRITTEN = Claim("It works.", False, "Not written yet: …", unwritten="slope")


def test_code_that_was_not_touched_is_one_grey_line(course: Course, assignment: Assignment) -> None:
    claims = tuple(replace(UNWRITTEN, claim=f"Claim {k}.") for k in range(6))
    untouched = with_item(mark(course, {"a-slope": 0.0}), "a-slope", claims=claims, attempted=False)
    record(course, assignment, "anna", untouched)
    soup = page(course, assignment)
    told = box(soup, "a-slope")
    assert [words(line) for line in told.select(".gap")] == ["Not attempted."]
    assert told.select(".claims, .fails, .why, details") == []
    assert "✗" not in words(told)
    [row] = [row for row in soup.select(".overview tr") if "a-slope" in words(row)]
    assert row["class"] == ["unwritten"]
    assert "– not attempted" in words(row)


def test_untouched_code_that_a_person_gave_points_for_is_marked(
    course: Course, assignment: Assignment, marker: Marker
) -> None:
    untouched = with_item(mark(course, {"a-slope": 0.0}), "a-slope", claims=(), attempted=False)
    record(course, assignment, "anna", untouched)
    marker.give("a-slope", 1.0)
    told = words(box(page(course, assignment), "a-slope"))
    assert "full points: 1 of 1" in told
    assert "A person changed the points" in told


def test_half_written_item_shows_what_is_written_and_names_the_rest(
    course: Course, assignment: Assignment
) -> None:
    claims = (Claim("The slope.", True), UNWRITTEN, replace(UNWRITTEN, claim="Once more."))
    record(course, assignment, "anna", with_item(mark(course), "a-slope", claims=claims))
    told = box(page(course, assignment), "a-slope")
    assert [words(line) for line in told.select(".claims li")] == ["✓ holds: The slope."]
    assert [words(line) for line in told.select(".gap")] == [
        "Not written yet: slope still raises NotImplementedError."
    ]


# a student's own work


def test_text_and_code_are_on_the_page_folded(course: Course, assignment: Assignment) -> None:
    texts = {"a-slope-answer": "def slope(x):\n    return 2 * x  # <b>&", "a-proof": "The *rule*."}
    record(course, assignment, "anna", mark(course, answers=texts))
    soup = page(course, assignment)
    for item, title, text in (
        ("a-slope", "Your code", texts["a-slope-answer"]),
        ("a-bend", "Your code", texts["a-slope-answer"]),
        ("a-proof", "Your text", texts["a-proof"]),
    ):
        [work] = box(soup, item).select("details")
        assert "open" not in work.attrs
        assert words(work.summary) == title
        assert work.pre is not None
        assert work.pre.get_text() == text
        assert [tag.name for tag in work.find_all(True)] == ["summary", "pre"]


@pytest.mark.parametrize(
    "attack",
    [
        "<script>alert(1)</script>",
        "</pre></details><img src=x onerror=alert(1)>",
        "{{ 7 * 7 }}{% raw %}",
        "]]><svg onload=alert(1)>",
        "\u202e\x1b[2J\x00‮",
        "[a](javascript:alert(1))",
    ],
)
def test_work_of_a_student_is_text_alone(
    course: Course, assignment: Assignment, attack: str
) -> None:
    texts = {"a-slope-answer": attack, "a-proof": attack, "b-essay": attack}
    record(course, assignment, "anna", mark(course, answers=texts))
    soup = page(course, assignment)
    assert soup.find_all(["script", "img", "svg"]) == []
    assert {tag.name for work in soup.select("details") for tag in work.find_all(True)} == {
        "summary",
        "pre",
    }
    assert not re.search("[\u202e\x1b\x00]", str(soup))


def test_very_long_work_is_cut(course: Course, assignment: Assignment) -> None:
    record(course, assignment, "anna", mark(course, answers={"a-slope-answer": "x = 1\n" * 20_000}))
    [work] = box(page(course, assignment), "a-slope").select("details")
    assert len(work.get_text()) < MAX_WORK + 100
    assert work.get_text().endswith("… (cut here: too long)")


# comments


def test_comment_is_rendered_with_its_formulas(
    recorded: Course, assignment: Assignment, marker: Marker
) -> None:
    marker.comment("a-proof", "**Good.** By $f'(x) = 2x$:\n\n- one\n- two `x_t`\n\n$$\\frac12$$")
    [comment] = box(page(recorded, assignment), "a-proof").select(".comment")
    assert [words(tag) for tag in comment.find_all("li")] == ["one", "two x_t"]
    assert [str(picture["alt"]) for picture in comment.find_all("img")] == [
        "$f'(x) = 2x$",
        r"$\frac{1}{2}$",
    ]
    assert all(str(p["src"]).startswith("data:image/png;base64,") for p in comment.find_all("img"))
    assert "**" not in words(comment)


def test_formula_that_cannot_be_drawn_is_shown_as_typed(
    recorded: Course, assignment: Assignment, marker: Marker
) -> None:
    marker.comment("a-proof", r"So $\begin{pmatrix} a & b \end{pmatrix}$ and $\unknown<b>$.")
    [comment] = box(page(recorded, assignment), "a-proof").select(".comment")
    assert [tag.get_text() for tag in comment.find_all("code")] == [
        r"$\begin{pmatrix} a & b \end{pmatrix}$",
        r"$\unknown<b>$",
    ]
    assert comment.find_all(["img", "b"]) == []


@pytest.mark.parametrize(
    "attack",
    [
        "<script>alert(1)</script>",
        "<img src=x onerror=alert(1)>",
        "![x](https://evil.example/x.png)",
        "[x](javascript:alert(1)) <javascript:alert(1)> [y](https://evil.example)",
        '$x" onerror="alert(1)$ and $</code><script>alert(1)</script>$',
        "\\begin{align}<script>alert(1)</script>\\end{align}",
        "```mermaid\ngraph TD; A-->B\n```",
        "<style>*{display:none}</style><a href=x>y</a>",
        "\ue0000\ue001 $x$ \ue0001\ue001",
        "# title {onclick=alert(1)}",
        "&#xe000;7&#xe001; &#57344;999999999999&#57345; $x$",
        "$\\hspace{1000000000}$",
        "$" * 5_000,
        "> " * 2_000 + "x",
        "[" * 20_000,
    ],
)
def test_comment_does_nothing(
    recorded: Course, assignment: Assignment, marker: Marker, attack: str
) -> None:
    marker.comment("a-proof", attack)
    [comment] = box(page(recorded, assignment), "a-proof").select(".comment")
    assert comment.find_all(["script", "a", "style", "svg", "form", "iframe", "link"]) == []
    for tag in comment.find_all(True):
        assert set(tag.attrs) <= {"src", "alt", "style"}
        assert str(tag.get("src", "data:image/png")).startswith("data:image/png")


# results before the due date


def with_result(marking: Marking) -> Marking:
    claim = Claim("The slope is right.", True, result="It is 2x.")
    return with_item(marking, "a-slope", claims=(claim,))


def on(day: int, hour: int = 12) -> datetime:
    return datetime(2024, 11, day, hour, tzinfo=ZoneInfo("Europe/Zurich"))


def claim_on(course: Course, assignment: Assignment, moment: datetime) -> str:
    write_feedback(course, assignment, ["anna"], moment=moment)
    found = []
    for name in ("index", "a_slopes"):
        text = (course.root / "feedback" / "anna" / "hw" / f"{name}.html").read_text("utf-8")
        found.append(words(box(BeautifulSoup(text, "html.parser"), "a-slope").select_one("li")))
    assert len(set(found)) == 1
    return found[0]


def test_results_are_stated_once_the_homework_is_due(
    course: Course, assignment: Assignment
) -> None:
    record(course, assignment, "anna", with_result(mark(course)))
    assert claim_on(course, assignment, on(21, 23)) == "✓ holds: The slope is right."
    assert claim_on(course, assignment, on(22, 0)) == "✓ holds: The slope is right. It is 2x."
    write_feedback(course, assignment, ["anna"])  # now, years after
    assert "It is 2x." in words(box(page(course, assignment), "a-slope"))


def test_results_wait_for_an_extension_of_the_settings(
    course: Course, assignment: Assignment
) -> None:
    path = course.root / "course.toml"
    longer = "\n[assignments.hw.extensions]\nanna = { hours = 48 }\n"
    path.write_text(path.read_text("utf-8") + longer, encoding="utf-8")
    course = Course(course.root)
    record(course, assignment, "anna", with_result(mark(course)))
    assert claim_on(course, assignment, on(23, 23)) == "✓ holds: The slope is right."
    assert claim_on(course, assignment, on(24, 0)).endswith("It is 2x.")


def test_results_wait_for_an_extension_that_a_person_gave(
    course: Course, assignment: Assignment
) -> None:
    record(course, assignment, "anna", with_result(mark(course)))
    with open_gradebook(course) as book, book.transaction():
        book.find_submission("hw", "anna").extension = timedelta(hours=24)
    assert claim_on(course, assignment, on(22, 23)) == "✓ holds: The slope is right."
    assert claim_on(course, assignment, on(23, 0)).endswith("It is 2x.")


def test_nbgraders_own_command_states_no_result_either(
    course: Course, assignment: Assignment
) -> None:
    record(course, assignment, "anna", with_result(mark(course)))
    path = course.root / "course.toml"
    text = path.read_text("utf-8").replace("due = 2024", "due = 2099")
    config = Config(PyFileConfigLoader("nbgrader_config.py", path=str(course.root)).load_config())
    for settings, is_stated in ((path.read_text("utf-8"), True), (text, False)):
        path.write_text(settings, encoding="utf-8")
        api: Any = NbGraderAPI(CourseDirectory(config=config), config=config)
        assert api.generate_feedback("hw", "anna", force=True)["success"]
        pages = (course.root / "feedback" / "anna" / "hw").iterdir()
        told = "".join(path.read_text("utf-8") for path in pages)
        assert "The slope is right." in told
        assert ("It is 2x." in told) is is_stated


# --- content that a page never has ----------------------------------------------------------------


def test_page_loads_nothing_and_runs_nothing(recorded: Course, assignment: Assignment) -> None:
    soup = page(recorded, assignment)
    assert soup.find_all(["script", "link", "img", "iframe", "form"]) == []
    assert all(str(a["href"]).startswith("#") for a in soup.find_all("a"))
    alone = page(recorded, assignment, "a_slopes")
    links = {str(a["href"]).partition("#")[0] for a in alone.find_all("a")}
    assert links == {"", "index.html"}
    policy = soup.find("meta", attrs={"http-equiv": "Content-Security-Policy"})
    assert isinstance(policy, Tag)
    assert str(policy["content"]).startswith("default-src 'none'")


def test_whatever_a_student_can_put_on_the_page_is_plain_text(
    course: Course, assignment: Assignment
) -> None:
    attack = "<img src=x onerror=alert(1)></code><script>alert(1)</script>{{ 7 * 7 }}"
    marking = with_fault(mark(course, {"a-slope": 0.0}), CellFault(1, attack, 1, attack, "a-slope"))
    report = marking.report
    claim = Claim("A claim.", False, f"It raised {attack}", note=attack)
    item = replace(report.items["a-slope"], claims=(claim,), message=attack)
    notebook = replace(report.notebooks["a_slopes"], message=attack, notes=(attack,))
    report = replace(
        report,
        submission=attack,
        items={**report.items, "a-slope": item},
        notebooks={**report.notebooks, "a_slopes": notebook},
    )
    record(course, assignment, "anna", replace(marking, report=report))
    soup = page(course, assignment)
    assert soup.find_all(["script", "img"]) == []
    assert soup.get_text().count(attack) >= 8


def test_seed_of_the_hidden_inputs_is_not_told(course: Course, assignment: Assignment) -> None:
    marking = mark(course)
    report = replace(marking.report, seed=987654321)
    record(course, assignment, "anna", replace(marking, report=report))
    assert "987654321" not in str(page(course, assignment))


def test_output_of_a_student_is_not_on_the_page(recorded: Course, assignment: Assignment) -> None:
    assert "so far so good" not in str(page(recorded, assignment))


# whose pages


def test_everybody_who_was_marked_gets_pages(course: Course, assignment: Assignment) -> None:
    record_class(course, assignment, {"anna": mark(course), "güneş": mark(course)})
    written = write_feedback(course, assignment)
    names = {path.relative_to(course.root / "feedback").as_posix() for path in written}
    pages = ("index.html", "a_slopes.html", "b_extras.html")
    assert names == {f"{who}/hw/{name}" for who in ("anna", "güneş") for name in pages}


def test_student_without_marks_stops_no_other_and_is_named(
    course: Course, assignment: Assignment
) -> None:
    record_class(course, assignment, dict.fromkeys(("anna", "bela", "chloe"), mark(course)))
    (course.root / "autograded" / "bela" / "hw" / "report.json").unlink()
    report = course.root / "autograded" / "chloe" / "hw" / "report.json"
    report.chmod(0o600)
    report.write_text("{", encoding="utf-8")
    with pytest.raises(RecordError, match=r"3 without feedback: dora .*bela.*chloe"):
        write_feedback(course, assignment, ["dora", "bela", "chloe", "anna"])
    assert (course.root / "feedback" / "anna" / "hw" / "index.html").is_file()


def change(path: Path, text: str) -> None:
    path.chmod(0o600)  # the kit writes the file as read-only
    path.write_text(text, encoding="utf-8")


@pytest.mark.parametrize("content", ["{", "[]", '{"cells": 1}', '{"nbformat": 4, "cells": [7]}'])
def test_damaged_notebook_stops_no_other_and_is_named(
    course: Course, assignment: Assignment, content: str
) -> None:
    record_class(course, assignment, {"anna": mark(course), "bela": mark(course)})
    change(course.root / "autograded" / "anna" / "hw" / "a_slopes.ipynb", content)
    expected = r"1 without feedback: .*anna.*a_slopes\.ipynb can't be read.*run `fdl grade hw`"
    with pytest.raises(MissingPages, match=expected) as raised:
        write_feedback(course, assignment)
    assert {path.parent.parent.name for path in raised.value.written} == {"bela"}


@pytest.mark.parametrize(("part", "name"), [("items", "a-slope"), ("notebooks", "b_extras")])
def test_report_without_a_new_item_stops_no_other_and_is_named(
    course: Course, assignment: Assignment, part: str, name: str
) -> None:
    record_class(course, assignment, {"anna": mark(course), "bela": mark(course)})
    path = course.root / "autograded" / "anna" / "hw" / "report.json"
    report = json.loads(path.read_text("utf-8"))
    del report[part][name]
    change(path, json.dumps(report))
    expected = f"1 without feedback: .*anna.*before the homework had {name}: run `fdl grade hw`"
    with pytest.raises(MissingPages, match=expected) as raised:
        write_feedback(course, assignment)
    assert {path.parent.parent.name for path in raised.value.written} == {"bela"}


def test_any_error_with_one_student_stops_no_other(
    course: Course, assignment: Assignment, monkeypatch: pytest.MonkeyPatch
) -> None:
    record_class(course, assignment, {"anna": mark(course), "bela": mark(course)})
    evidence = mock.Mock(side_effect=[IndexError("no \x1b[1mpart"), {}])
    monkeypatch.setattr(feedback, "evidence", evidence)
    with pytest.raises(MissingPages, match=r"feedback: anna: IndexError: no part$") as raised:
        write_feedback(course, assignment, ["anna", "bela"])
    assert {path.parent.parent.name for path in raised.value.written} == {"bela"}


def test_error_of_the_gradebook_is_told_once(
    course: Course, assignment: Assignment, monkeypatch: pytest.MonkeyPatch
) -> None:
    record_class(course, assignment, {"anna": mark(course), "bela": mark(course)})
    broken = mock.Mock(side_effect=SQLAlchemyError("disk I/O error"))
    monkeypatch.setattr(feedback, "_gradebook_view", broken)
    with pytest.raises(RecordError, match=r"the gradebook .* can't be used: disk I/O error"):
        write_feedback(course, assignment)
    assert broken.call_count == 1


def test_student_gone_from_the_gradebook_is_told(
    recorded: Course, assignment: Assignment, prepared: Path
) -> None:
    shutil.copyfile(prepared / "gradebook.db", recorded.root / "gradebook.db")
    with pytest.raises(RecordError, match="anna has no marks for hw in the gradebook"):
        write_feedback(recorded, assignment)


def test_writing_twice_gives_the_same_bytes(recorded: Course, assignment: Assignment) -> None:
    first = {path: path.read_bytes() for path in write_feedback(recorded, assignment)}
    assert {path: path.read_bytes() for path in write_feedback(recorded, assignment)} == first
    folder = recorded.root / "feedback" / "anna" / "hw"
    assert sorted(path.name for path in folder.iterdir()) == sorted(path.name for path in first)


def with_item(marking: Marking, name: str, **changes: Any) -> Marking:
    items = {**marking.report.items, name: replace(marking.report.items[name], **changes)}
    return replace(marking, report=replace(marking.report, items=items))


def test_a_misconception_is_told_in_its_sentence(course: Course, assignment: Assignment) -> None:
    wrong = mark(course, {"a-slope": 0.0})
    named = with_item(wrong, "a-slope", diagnosis="β_t is <b>squared</b>.", misconception="square")
    record(course, assignment, "anna", named)
    soup = page(course, assignment)
    [told] = box(soup, "a-slope").select(".diagnosis")
    assert words(told) == "What went wrong: β t is <b>squared</b>."
    assert [tag.name for tag in told.find_all(True)] == ["strong", "sub"]
    assert not box(soup, "a-bend").select(".diagnosis")


def test_what_was_found_in_a_figure_stands_below_the_students_own(
    course: Course, assignment: Assignment
) -> None:
    record(course, assignment, "anna", with_item(mark(course), "a-slope", found="2 lines"))
    soup = page(course, assignment)
    [caption] = soup.select("figcaption")
    assert words(caption).endswith("2 lines.")
    assert caption.find_parent("article") == box(soup, "a-slope")


# --- steps of a proof that the code confirms ------------------------------------------------------


def test_only_confirmations_of_a_proof_are_told(course: Course, assignment: Assignment) -> None:
    record(course, assignment, "anna", mark(course, {"a-slope": 0.0}))
    proof = box(page(course, assignment), "a-proof")
    assert [words(line) for line in proof.select(".claims li")] == [
        "✓ confirmed: the bonus agrees with b-bonus",
    ]
    assert "✗" not in words(proof)
    assert "the slope at any point" not in words(proof)
    assert "differentiates" not in words(proof)


@pytest.mark.parametrize("points", [0.0, 1.5, 2.0])
@pytest.mark.parametrize("wrong", [{}, {"a-slope": 0.0}])
def test_no_sign_of_the_tests_stands_under_a_proof_that_a_person_marked(
    course: Course,
    assignment: Assignment,
    marker: Marker,
    points: float,
    wrong: dict[str, float],
) -> None:
    record(course, assignment, "anna", mark(course, wrong))
    marker.give("a-proof", points)
    proof = box(page(course, assignment), "a-proof")
    assert proof.select(".claims") == []
    assert "a-slope" not in words(proof)


def test_marker_of_a_proof_reads_what_fails_too(course: Course, assignment: Assignment) -> None:
    record(course, assignment, "anna", mark(course, {"a-slope": 0.0}))
    notebook = (course.root / "autograded" / "anna" / "hw" / "a_slopes.ipynb").read_text()
    assert "✗ not shown by `a-slope`: the slope at any point" in notebook


def test_text_that_was_not_written_has_no_confirmations(
    course: Course, assignment: Assignment
) -> None:
    record(course, assignment, "anna", mark(course, answers={}))
    assert box(page(course, assignment), "a-proof").select(".claims") == []
