"""The class report of a made-up class whose Markings were made by hand."""

from __future__ import annotations

import hashlib
import re
from base64 import b64encode
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from bs4 import BeautifulSoup, Tag
from markupsafe import Markup
from nbformat.v4 import new_output
from typer.testing import CliRunner

from autograder.cli import app
from autograder.course.assignment import Assignment, Course
from autograder.errors import RecordError
from autograder.gradebook.database import PatientGradebook
from autograder.gradebook.people import LIST, keep_people
from autograder.grading.mark import Marking
from autograder.pages.classreport import pictures, write_class_report
from autograder.pages.classreport.notebooks import StudentCell, read_cells, visible_check
from autograder.pages.classreport.pseudonyms import without_names
from autograder.submission.intake.known import GROUP
from tests.gradebook.course import record, record_class

from ..course import hand_in, mark
from ..server import SECONDS
from ..shared import copied

MOMENT = datetime(2024, 12, 1, 12, tzinfo=UTC)

SLOPE = """
def slope(x):
    # {who} wrote this
    total = sum(float(entry) ** 2 for entry in x)
    weights = [float(entry) / (1.0 + total) for entry in x]
    return [2.0 * w - 3.0 * total for w in weights if abs(w) < 7.5]
"""

NAMES = {"zoraquill": ("Zora", "Quillfeather"), "bexwarden": ("Bex", "Wardenstock")}


def marking(
    course: Course,
    student: str,
    points: dict[str, float] | None = None,
    *,
    says: str = "✓",
    misconception: str = "",
    cell: str = "",
    seconds: float = 2.0,
) -> Marking:
    """Return a Marking with these results of visible checks, whose answer cell contains `cell`."""
    made = mark(course, points)
    for notebook in made.notebooks.values():
        for each in notebook.cells:
            name = each.metadata.nbgrader.grade_id
            if each.metadata.nbgrader.grade and each.cell_type == "code":
                text = f"{says} {name}: the visible check speaks.\n"
                each.outputs = [new_output("stream", name="stdout", text=text)]
            if name == "a-slope-answer" and cell:
                each.source = cell
    items = dict(made.report.items)
    if misconception:
        sentence = f"You took {misconception} for x_t."
        items["a-bend"] = replace(items["a-bend"], misconception=misconception, diagnosis=sentence)
    report = replace(made.report, submission=student, items=items)
    return replace(made, report=report, seconds={"all": seconds})


@pytest.fixture(scope="session")
def people_once(prepared: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two similar answers, one that passes only its visible check, and two that are missing."""
    course = copied(prepared, tmp_path_factory.mktemp("people") / "course")
    markings = {}
    for student in NAMES:
        text = SLOPE.format(who=NAMES[student][0])
        markings[student] = marking(
            course, student, {"a-bend": 0.5}, misconception="the_mean", cell=text
        )
    markings["cy"] = marking(course, "cy", {"a-bend": 0.0}, seconds=6.0)
    record_class(course, course.assignment("hw"), markings)
    hand_in(course, "dora-unmarked")
    (course.root / "submitted" / "emil-absent").mkdir()
    url = f"sqlite:///{course.root / 'gradebook.db'}"
    with PatientGradebook(url, "made-up") as book, book.transaction():
        for student, (first, last) in NAMES.items():
            book.update_or_create_student(student, first_name=first, last_name=last)
    return course.root


@pytest.fixture
def people(course: Course, people_once: Path) -> Course:
    """The same class, which a test may change."""
    return copied(people_once, course.root)


@pytest.fixture(scope="session")
def page_once(people_once: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The page of that class with all its pictures; drawing the pictures takes most of the time."""
    course = copied(people_once, tmp_path_factory.mktemp("page") / "course")
    return write_class_report(course, course.assignment("hw"), moment=MOMENT)


@pytest.fixture
def page(page_once: Path) -> str:
    return page_once.read_text(encoding="utf-8")


@pytest.fixture
def undrawn(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave the pictures empty, for tests that check only words and numbers."""
    for name in ("histogram_picture", "bars_picture"):
        monkeypatch.setattr(pictures, name, lambda *_: Markup("<svg></svg>"))


def written(course: Course, assignment: Assignment, **options: Any) -> str:
    path = write_class_report(course, assignment, moment=MOMENT, **options)
    return path.read_text(encoding="utf-8")


def soup_of(page: str) -> Any:
    return BeautifulSoup(page, "html.parser")


def part(soup: Any, name: str) -> Any:
    found = soup.find("section", id=name)
    assert isinstance(found, Tag)
    return found


def words(tag: Any) -> str:
    return " ".join(tag.get_text(" ").split())


def rows(tag: Tag) -> dict[str, list[str]]:
    """Return the cells of all rows of a part's tables, by each row's first cell."""
    cells = [[words(cell) for cell in row.select("th, td")] for row in tag.select("tbody tr")]
    return {first: rest for first, *rest in cells}


# what it says


def test_points_and_items_are_those_of_the_gradebook(page: str) -> None:
    soup = soup_of(page)
    points = rows(part(soup, "points"))
    # 1.5, 1.5 and 1 points of the automatic items; texts are still unmarked
    assert points["Regular points"][:2] == ["3", "1.33"]
    items = rows(part(soup, "items"))
    assert items["a-slope"][2:4] == ["3", "1.00"]
    assert items["a-slope"][4] == "– all persons have the same points"
    # (0.5 + 0.5 + 0) / 3 of 2 points
    assert items["a-bend"][2:4] == ["3", "0.17"]
    assert items["a-proof"][2:5] == ["0", "–", "– no person has a mark for this item yet"]
    assert items["a-proof"][-1] == "3"


def test_misconception_is_told_with_its_sentence_and_what_it_cost(page: str) -> None:
    explained = part(soup_of(page), "explain")
    (first, *_) = explained.select("tbody tr")
    assert [words(cell) for cell in first.select("td")] == [
        "You took the_mean for x t . the mean",
        "a-bend",
        "2",
        "67 %",
        "3",
    ]
    # for cy, no misconception was named
    assert rows(explained)["The claim about a-bend."] == ["a-bend", "1"]


@pytest.mark.usefixtures("undrawn")
def test_visible_checks_are_held_against_hidden_marks(
    people: Course, assignment: Assignment
) -> None:
    markings = {
        "fay": marking(people, "fay", {"a-slope": 0.0}, says="✗"),
        "gil": marking(people, "gil", says="…"),
        "hal": marking(people, "hal", says="?"),
    }
    record_class(people, assignment, markings)
    found = rows(part(soup_of(written(people, assignment)), "checks"))
    # zoraquill, bexwarden, cy pass; fay fails both, gil fails only the hidden test; for hal the
    # result is unknown
    assert found["a-slope"] == ["3", "0", "1", "1", "1"]
    assert found["a-bend"] == ["0", "3", "2", "0", "1"]
    assert found["visible check passes"] == ["6", "3"]
    assert found["visible check does not pass"] == ["5", "1"]


@pytest.mark.usefixtures("undrawn")
def test_missing_open_late_time_and_walls_are_told(people: Course, assignment: Assignment) -> None:
    folder = hand_in(people, "late")
    (folder / "timestamp.txt").write_text("2024-11-22 01:00:00 UTC")
    unprotected = marking(people, "open")
    report = replace(unprotected.report, protection="unprotected")
    late = marking(people, "late", seconds=4.0)
    markings = {"late": late, "open": replace(unprotected, report=report)}
    record_class(people, assignment, markings)
    soup = soup_of(written(people, assignment))
    todo = part(soup, "todo")
    assert rows(todo)["dora-unmarked"] == ["submitted but not marked: run fdl grade"]
    assert rows(todo)["emil-absent"] == ["no submission"]
    assert rows(todo)["late"] == ["2 h 5 min", "0"]
    assert "Marks by hand still open: 10 , of 5 students" in words(todo)
    running = words(part(soup, "running"))
    assert "5 students: median 2, longest 6" in running
    assert "both for 4 students, unprotected for 1 student." in running


def test_report_without_marks_is_refused(course: Course, assignment: Assignment) -> None:
    with pytest.raises(RecordError, match="no student has marks"):
        write_class_report(course, assignment)


@pytest.mark.usefixtures("undrawn")
def test_damaged_report_takes_its_student_alone_out(people: Course, assignment: Assignment) -> None:
    report = people.root / "autograded" / "cy" / "hw" / "report.json"
    report.chmod(0o600)
    report.write_text("{")
    soup = soup_of(written(people, assignment))
    assert "no readable Report" in rows(part(soup, "todo"))["cy"][0]
    assert "cy" not in rows(part(soup, "students"))


def test_similar_answers_stand_side_by_side_and_accuse_no_one(page: str) -> None:
    pytest.importorskip("copydetect", reason="needs the extra `similarity`")
    similar = part(soup_of(page), "similar")
    assert "accuses no one" in words(similar)
    (pair,) = similar.find_all("details")
    assert "bexwarden and zoraquill a-slope-answer" in words(pair.summary)
    assert [len(side.find_all("mark")) > 2 for side in pair.find_all("pre")] == [True, True]


@pytest.mark.usefixtures("undrawn")
def test_page_says_so_where_answers_can_not_be_compared(
    people: Course, assignment: Assignment, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("autograder.pages.classreport.write.find_spec", lambda _: None)
    assert "not compared" in words(part(soup_of(written(people, assignment)), "similar"))


# --- files that make the report -------------------------------------------------------------------


def test_page_loads_nothing_and_runs_one_script_of_ours(page: str) -> None:
    soup = soup_of(page)
    assert not re.search(r"(?i)https?:|//[a-z0-9-]+\.[a-z]|@import|\burl\((?!#)", page)
    assert not soup.find_all(["link", "img", "iframe", "object", "embed", "base", "form"])
    assert not [
        tag for tag in soup.find_all(True) if any(key.startswith("on") for key in tag.attrs)
    ]
    addresses = [tag[key] for tag in soup.find_all(True) for key in ("src", "href") if tag.get(key)]
    assert all(address.startswith("#") for address in addresses)
    (script,) = soup.find_all("script")
    digest = b64encode(hashlib.sha256(script.string.encode()).digest()).decode()
    policy = soup.find("meta", {"http-equiv": "Content-Security-Policy"})["content"]
    assert f"script-src 'sha256-{digest}'" in policy
    assert policy.startswith("default-src 'none'")


def test_ids_are_unique_and_links_within_the_page_lead_somewhere(page: str) -> None:
    soup = soup_of(page)
    ids = [tag["id"] for tag in soup.find_all(id=True)]
    assert len(ids) == len(set(ids))
    named = re.findall(r"(?:href=\"#|url\(#)([^\")]+)", page)
    assert set(named) <= set(ids)


def test_pictures_have_words_and_tables_have_headings(page: str) -> None:
    soup = soup_of(page)
    pictures = soup.select("figure svg")
    assert len(pictures) == 5
    for picture in pictures:
        assert picture["role"] == "img"
        title, text = (soup.find(id=name) for name in picture["aria-labelledby"].split())
        assert (title.name, text.name) == ("title", "desc")
        assert title.string
        assert text.string
        assert picture.find_parent("figure").figcaption.get_text(strip=True)
    for head in soup.select("thead th"):
        assert head["scope"] == "col"


def test_pages_made_twice_are_the_same(people: Course, assignment: Assignment, page: str) -> None:
    assert written(people, assignment) == page


HOSTILE = "{{7*7}} '); alert(1) & co 𝕏"


def test_hostile_names_and_texts_stay_text(course: Course, assignment: Assignment) -> None:
    evil = "</script><script>alert(1)</script><img src=x onerror=alert(2)>"
    text = SLOPE.format(who=evil)
    for student in (HOSTILE, "other"):
        made = marking(course, student, {"a-bend": 0.0}, misconception=evil, cell=text)
        record(course, assignment, student, made)
    (course.root / "submitted" / "<b onclick=alert(3)>").mkdir(parents=True)
    soup = soup_of(written(course, assignment))
    assert len(soup.find_all("script")) == 1
    assert not soup.find_all(["img", "b"])
    assert HOSTILE in rows(part(soup, "students"))
    assert "<b onclick=alert(3)>" in rows(part(soup, "todo"))


# without names


def test_page_without_names_holds_no_name_anywhere(people: Course, assignment: Assignment) -> None:
    path = write_class_report(people, assignment, anonymous=True, moment=MOMENT)
    everything = (path.name + path.read_text(encoding="utf-8")).lower()
    names = [*NAMES, *(part for both in NAMES.values() for part in both)]
    for name in [*names, "dora", "unmarked<", "emil", "absent<"]:
        assert name.lower() not in everything
    assert not re.search(r"\bcy\b", everything)
    students = rows(part(soup_of(everything), "students"))
    assert len(students) == 3
    assert all(re.fullmatch(r"student \d+", name) for name in students)


@pytest.mark.usefixtures("undrawn")
def test_page_without_names_has_no_login_or_number(course: Course, assignment: Assignment) -> None:
    line = '    by = "zq-codes, ZQ@uni.example, 24-100-001 and 104712; x, 312 and Team 7"\n'
    text = SLOPE.replace("    total", f"{line}    total", 1)
    record_class(course, assignment, {who: marking(course, who, cell=text) for who in NAMES})
    words = ["24-100-001", "zq@uni.example", "x", "312"]
    known = [*((LIST, word) for word in words), ("github", "zq-codes"), ("moodle hw", "104712")]
    keep_people(course, {}, {"zoraquill": [*known, (GROUP, "team 7")]})
    page = written(course, assignment, anonymous=True)
    assert "▒▒▒, ▒▒▒, ▒▒▒ and ▒▒▒; x, 312 and Team 7" in page


@pytest.mark.usefixtures("undrawn")
def test_numbers_stay_and_are_not_in_the_order_of_names(
    course: Course, assignment: Assignment, monkeypatch: pytest.MonkeyPatch
) -> None:
    drawn = iter([[3, 1, 2], [9]])
    monkeypatch.setattr(
        "autograder.pages.classreport.pseudonyms._draw",
        lambda count, taken: next(drawn) if count else [],  # noqa: ARG005
    )
    points = {"ada": 0.0, "bo": 0.5, "cleo": 1.0}
    markings = {name: marking(course, name, {"a-bend": each}) for name, each in points.items()}
    record_class(course, assignment, markings)

    def students() -> dict[str, str]:
        page = soup_of(written(course, assignment, anonymous=True))
        return {name: cells[0] for name, cells in rows(part(page, "students")).items()}

    first = students()
    assert list(first.items()) == [("Student 1", "1.5"), ("Student 2", "2"), ("Student 3", "1")]
    record(course, assignment, "aaron", marking(course, "aaron"))
    assert students() == {**first, "Student 9": "3"}


def test_numbers_are_drawn_once_each() -> None:
    from autograder.pages.classreport.pseudonyms import _draw

    numbers = _draw(60, set(range(1, 50)))
    assert len(set(numbers)) == 60
    assert not set(numbers) & set(range(1, 50))
    assert sorted(numbers) != numbers


def test_names_are_left_out_of_texts_in_any_case_and_within_words() -> None:
    leave_out = without_names({"lou.k-7": ("lou.k-7", "Louisa", "Ko")})
    # an accent may be a separate character
    assert without_names({"x": ("Zoé",)})("def zoe\u0301s(x)") == "def ▒▒▒s(x)"
    assert leave_out("LOUISAS_slope(x) by lou.k-7, or Ko; kontext") == (
        "▒▒▒S_slope(x) by ▒▒▒, or ▒▒▒; kontext"
    )


# --- which parts of notebooks are read ------------------------------------------------------------


@pytest.mark.parametrize(
    ("printed", "said"),
    [
        ("✓ a-b: the visible check passes.\n  ✓ more", "passes"),
        ("noise\n✗ a-b: not right yet.", "fails"),
        ("… a-b: not done yet.", "not done"),
        ("✓ a-c: the visible check passes.", None),
        ("✓ a-b: passes.\n✗ a-b: not right yet.", None),
        ("  ✓ a-b: indented", None),
        ("", None),
    ],
)
def test_visible_check_is_known_by_its_headline(printed: str, said: str | None) -> None:
    cell = StudentCell("a-b", is_code=True, is_answer=False, text="", printed=printed)
    assert visible_check(cell, "a-b") == said


@pytest.mark.parametrize(
    "text",
    ["", "[]", "{}", '{"cells": 3}', '{"cells": [3, null, "x"]}', "[" * 100_000, "\ud800"],
)
def test_what_is_no_notebook_has_no_cells(tmp_path: Path, text: str) -> None:
    path = tmp_path / "x.ipynb"
    path.write_bytes(text.encode("utf-8", "surrogatepass"))
    assert read_cells(path) == ()
    assert read_cells(tmp_path / "missing.ipynb") == ()


def test_text_of_pages_that_are_set_as_html_is_read_too(tmp_path: Path) -> None:
    path = tmp_path / "x.ipynb"
    path.write_text(
        '{"cells": [{"cell_type": "code", "source": ["a\\r\\n", "b"], "metadata": [], "outputs": ['
        '{"output_type": "display_data", "data": {"text/plain": ["✓ a-b:", " yes"], '
        '"text/html": "<p>"}}, {"output_type": "stream", "name": "stderr", "text": "no"}, 7]}]}',
        encoding="utf-8",
    )
    (cell,) = read_cells(path)
    assert (cell.text, cell.printed) == ("a\nb", "✓ a-b: yes")


# the command


@pytest.mark.usefixtures("undrawn")
def test_command_writes_the_page_where_it_is_asked(people: Course, tmp_path: Path) -> None:
    output = tmp_path / "new" / "page.html"
    options = ["report", "hw", "-o", str(output), "--anonymous", "--course", str(people.root)]
    result = CliRunner().invoke(app, options)
    assert result.exit_code == 0, result.output
    assert output.read_text(encoding="utf-8").startswith("<!DOCTYPE html>")


# in a browser


@pytest.fixture(scope="module")
def tab(browser: Any) -> Iterator[Any]:
    """A browser tab that records the requests and errors of its pages."""
    tab = browser.new_page()
    tab.set_default_timeout(1000 * SECONDS)
    tab.heard = []
    tab.on("console", lambda message: tab.heard.append(message.text))
    tab.on("pageerror", lambda error: tab.heard.append(str(error)))
    tab.on("request", lambda request: tab.heard.append(request.url))
    yield tab
    tab.close()


@pytest.fixture
def opened(tab: Any, page_once: Path) -> Callable[[int], Any]:
    def open_page(width: int) -> Any:
        tab.set_viewport_size({"width": width, "height": 800})
        tab.heard.clear()
        tab.goto(page_once.as_uri())
        tab.heard.remove(page_once.as_uri())
        return tab

    return open_page


@pytest.mark.parametrize("width", [1280, 390])
def test_page_fits_its_window_and_asks_for_nothing(
    opened: Callable[[int], Any], width: int
) -> None:
    page = opened(width)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert page.heard == []


def test_table_is_sorted_by_keyboard(opened: Callable[[int], Any]) -> None:
    page = opened(1280)
    names = "#students tbody th"
    before = page.locator(names).all_text_contents()
    page.locator("#students thead button").first.focus()
    page.keyboard.press("Enter")
    page.keyboard.press("Enter")
    assert page.locator(names).all_text_contents() == before[::-1]
    assert page.locator("#students th[aria-sort]").get_attribute("aria-sort") == "descending"


@pytest.mark.usefixtures("undrawn")
def test_unreadable_dates_are_told(people: Course, assignment: Assignment) -> None:
    for name, date in (("ada", "03/12/2024 00:10"), ("bob", "20.11.2024 00:10")):
        (hand_in(people, name) / "timestamp.txt").write_text(date)
    record_class(people, assignment, {name: marking(people, name) for name in ("ada", "bob")})
    todo = words(part(soup_of(written(people, assignment)), "todo"))
    assert "Date unreadable: timestamp.txt of ada has no date" in todo
