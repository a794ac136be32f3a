"""No text by a student acts in a browser: neither in the feedback nor in the formgrader."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from copy import deepcopy
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

import nbgrader
import numpy as np
import pytest
from nbconvert.exporters import HTMLExporter
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell, new_output
from traitlets.config import Config

from autograder.content.sanitize import clean_notebook
from autograder.course.assignment import Course
from autograder.errors import RecordError
from autograder.gradebook.database import PatientGradebook
from autograder.grading.mark import Marking
from autograder.grading.plugin import Outcome
from autograder.grading.transcript import Event
from autograder.pages.feedback import write_feedback
from autograder.pages.instructor import instructor_page
from tests.gradebook.course import record_class

from ..gradebook.course import as_marked, mark, unclean
from ..gradebook.server import Formgrader
from .layouts import LAYOUTS, OF_EACH_KIND
from .payloads import PAYLOADS, Payload
from .places import (
    SHOWN_AS_HTML,
    Arms,
    Choice,
    everywhere,
    fill,
    fill_report,
    here_and_there,
    thinly,
)
from .watch import Canary, Seen, Watch

PARTS = ".rendered_html, .input_area, .output_area"
"""The parts of nbgrader's pages that a student may have written."""

READY = "window.MathJax && MathJax.Hub && MathJax.loaded"
TYPESET = "window.MathJax && MathJax.isReady && !MathJax.Hub.queue.pending"
NOTEBOOKS = ("a_slopes", "b_extras")
KINDS = {payload.kind for payload in PAYLOADS}


def test_there_are_enough_payloads_of_each_kind() -> None:
    assert len(PAYLOADS) >= 100
    assert {"HTML", "SVG", "markdown", "LaTeX", "JSON", "links"} == KINDS
    assert len({payload.text for payload in PAYLOADS}) == len(PAYLOADS)


# --- the formgrader ------------------------------------------------------------------------------


def written(course: Course, student: str, marking: Marking) -> None:
    record_class(course, course.assignment("hw"), {student: as_marked(course, marking)})


def grades(course: Course) -> list[tuple[Any, ...]]:
    """Return all grades and comments that a marker can change."""
    with PatientGradebook(f"sqlite:///{course.root / 'gradebook.db'}", "made-up") as book:
        return [
            (found.student.id, g.name, g.manual_score, g.extra_credit, g.auto_score, n.flagged)
            for found in sorted(book.find_assignment("hw").submissions, key=lambda s: s.student.id)
            for n in sorted(found.notebooks, key=lambda n: n.name)
            for g in sorted(n.grades, key=lambda g: g.name)
        ]


def open_submission(
    marker: Watch, formgrader: Formgrader, student: str, notebook: str = "a_slopes"
) -> Seen:
    number = formgrader.notebook_id(student, notebook)
    return marker.open(f"{formgrader.address}/formgrader/submissions/{number}/", PARTS, wait=READY)


def acts_in_formgrader(
    course: Course, formgrader: Formgrader, marker: Watch, arms: Arms, chosen: Choice
) -> None:
    proof = next(payload for payload in PAYLOADS if payload.name == "image that fails")
    written(course, "anna", fill(arms, mark(course), PAYLOADS, proof, chosen))
    before = grades(course)
    for notebook in NOTEBOOKS:
        seen = open_submission(marker, formgrader, "anna", notebook)
        assert (seen.events, arms.told(seen.numbers)) == ([], [])
        assert seen.touched > 3 * len(PAYLOADS)
        assert marker.evaluate("() => document.querySelectorAll('.MathJax').length") > 3
        assert_page_is_whole(marker)
    assert grades(course) == before


@pytest.mark.slow
def test_nothing_acts_in_the_formgrader(
    course: Course, formgrader: Formgrader, marker: Watch, arms: Arms
) -> None:
    acts_in_formgrader(course, formgrader, marker, arms, here_and_there)


@pytest.mark.slow
def test_nothing_acts_in_the_formgrader_in_any_place(
    course: Course, formgrader: Formgrader, marker: Watch, arms: Arms
) -> None:
    acts_in_formgrader(course, formgrader, marker, arms, everywhere)
    for payload in PAYLOADS:  # each payload alone, and as the answer in words
        written(course, "anna", fill(arms, mark(course), [payload], payload))
        seen = open_submission(marker, formgrader, "anna")
        assert (payload.name, seen.events) == (payload.name, [])


_WHOLE = """
() => {
  // those of headings in a student's text have a letter that no id of the page has
  const all = [...document.querySelectorAll('[id]')].map(element => element.id)
    .filter(id => !id.includes('%E2%81%A0'));
  const twice = all.filter((id, index) => id && all.indexOf(id) !== index);
  const own = ['.score', '.extra-credit', '.comment', '.full-credit', '.no-credit', '.mark-graded',
    '.nbgrader_cell', '.panel-warning', '#statusmessage', '.help', '.navbar'];
  const covered = [];
  const inside = [];
  const students = [...document.querySelectorAll('.rendered_html, .input_area, .output_area')]
    .filter(part => !part.querySelector('.panel-warning'));
  for (const kind of own) {
    for (const element of document.querySelectorAll(kind)) {
      if (students.some(part => part.contains(element))) inside.push(kind);
      if (!element.matches('.score, .extra-credit, .comment, .full-credit, .no-credit')) continue;
      element.scrollIntoView({block: 'center'});
      const box = element.getBoundingClientRect();
      const top = document.elementFromPoint(box.x + box.width / 2, box.y + box.height / 2);
      if (!(top && (element.contains(top) || top.contains(element)) && box.width > 10))
        covered.push(kind + ' ' + element.id + ' by ' + (top ? top.outerHTML.slice(0, 99) : ''));
    }
  }
  const globals = Object.keys(window).filter(name => /pwn|^x\\d|^p\\d|^m\\d/.test(name));
  const wide = document.documentElement.scrollWidth - window.innerWidth;
  return {twice, inside, covered, globals, wide: Math.max(wide, 0)};
}
"""


IS_WHOLE = {"twice": [], "inside": [], "covered": [], "globals": [], "wide": 0}


def assert_page_is_whole(marker: Watch) -> None:
    """No text by a student covers, doubles, moves or imitates a field of the marker's."""
    assert marker.evaluate(_WHOLE) == IS_WHOLE


@pytest.mark.slow
def test_no_layout_covers_or_imitates_the_markers_page(
    course: Course, formgrader: Formgrader, marker: Watch
) -> None:
    layouts = list(LAYOUTS.values())
    marking = mark(course, answers={"a-proof": "\n\n".join(layouts), "b-essay": "x"})
    put_before(marking, layouts)
    written(course, "cleo", marking)
    seen = open_submission(marker, formgrader, "cleo")
    assert seen.events == []
    assert_page_is_whole(marker)


def put_before(marking: Marking, layouts: Iterable[str]) -> None:
    """Put each layout before the cells of a notebook: as a text, as code and as two outputs."""
    for text in layouts:
        output = new_output("display_data", data={"text/html": text, "text/latex": text})
        stream = new_output("stream", text=text)
        marking.notebooks["a_slopes"].cells[:0] = [
            new_markdown_cell(text, id=f"t{abs(hash(text))}"),
            new_code_cell(text, outputs=[output, stream], id=f"c{abs(hash(text))}"),
        ]


def assert_has_policy(headers: Mapping[str, str]) -> None:
    """The page runs only its own script, and no other page may frame it."""
    policy = headers["content-security-policy"]
    assert "'unsafe-inline'" not in policy.partition("script-src")[2].partition(";")[0]
    assert "frame-ancestors 'self'" in policy


HEADINGS = "# b-essay\n\n# a-slope\n\na-bend\n---\n\n"
"""A heading's words become its id: an id with an item's name would change that item's points."""

HARMLESS = """\
## A heading

**bold**, *emphasis*, `code`, $\\sum_{i=1}^n x_i^2$, ~~wrong~~ and https://example.org/paper

| a | b |
|---|:-:|
| 1 | $\\alpha$ |

- one
- [x] two

$$\\begin{align} f(x) &= x^2 \\\\ &< 4 \\end{align}$$

```python
print("<b>")
```

![photo](attachment:photo.png)
"""
RED = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAIAAACQd1PeAAAADElEQVR4nGP4z8AAAAMBAQDJ/pLvAAAAAElFTkSuQmCC"


def harmless(course: Course) -> Marking:
    answers = {"a-proof": HEADINGS + HARMLESS, "b-essay": "# b-bonus\n\nx"}
    marking = unclean(course, {"a-slope": 0.0, "a-bend": 0.0}, answers)
    for cell in marking.notebooks["a_slopes"].cells:
        if cell.cell_type == "markdown" and cell.source.endswith(HARMLESS):
            cell.attachments = NotebookNode({"photo.png": {"image/png": RED}})
    table = "<table><tr><th>loss</th></tr><tr><td>0.25</td></tr></table>"
    outputs = [
        new_output("display_data", data={"image/png": RED}),
        new_output("execute_result", data={"text/html": table}, execution_count=1),
    ]
    cell = new_code_cell("frame  # a < b", outputs=outputs, id="shown")
    marking.notebooks["a_slopes"].cells.append(cell)
    return marking


_SHOWN = """
() => {
  const kinds = ['h2', 'strong', 'em', 'code', 'del', 'table', 'li', '.highlight', '.MathJax',
    'img', 'a:not(.anchor-link)'];
  const counted = kinds.map(kind => [kind, '.nbgrader_cell .rendered_html ' + kind]);
  counted.push(['picture of code', '.output_png img'], ['table of code', '.output_html td']);
  return Object.fromEntries(
    counted.map(([kind, where]) => [kind, document.querySelectorAll(where).length]));
}
"""


@dataclass(frozen=True)
class Visit:
    """A page as the marker saw it, and the grades before and after a click on full credit."""

    seen: Seen
    headers: Mapping[str, str]
    whole: dict[str, Any]
    shown: dict[str, int]
    text: str
    sizes: list[int]
    before: dict[str, float | None]
    after: dict[str, float | None]


@pytest.fixture(scope="module")
def visit(course: Course, formgrader: Formgrader, logged_in: Watch) -> Visit:
    """Open the page of a harmless answer among layouts as a marker, and give it full credit."""

    def given() -> dict[str, float | None]:
        return {name: score for student, name, score, *_ in grades(course) if student == "emma"}

    marking = harmless(course)
    put_before(marking, [LAYOUTS[name] for name in OF_EACH_KIND])
    written(course, "emma", marking)
    seen, headers = open_submission(logged_in, formgrader, "emma"), logged_in.headers
    whole = logged_in.evaluate(_WHOLE)
    shown = logged_in.evaluate(_SHOWN)
    text = logged_in.tab.inner_text("#notebook")
    sizes = logged_in.evaluate("() => [...document.images].map(image => image.naturalWidth)")
    before = given()
    panel = logged_in.tab.locator(".nbgrader_cell", has=logged_in.tab.locator("#a-proof-comment"))
    with logged_in.tab.expect_response(lambda answer: "/api/grade/" in answer.url):
        panel.locator(".full-credit").click()
    assert logged_in.wait_for("jQuery.active === 0"), "all that the click asked for is answered"
    after = given()
    logged_in.rest()
    return Visit(seen, headers, whole, shown, text, sizes, before, after)


def test_no_layout_of_any_kind_covers_or_imitates_the_markers_page(visit: Visit) -> None:
    assert visit.seen.events == []
    assert visit.whole == IS_WHOLE


def test_the_page_of_a_submission_has_a_policy(visit: Visit) -> None:
    assert_has_policy(visit.headers)


def test_points_go_to_the_item_they_are_given_to(visit: Visit) -> None:
    assert visit.seen.events == []
    assert visit.before["a-proof"] is None
    assert visit.after == {**visit.before, "a-proof": 2.0}


def test_harmless_text_is_shown(visit: Visit) -> None:
    assert visit.seen.events == []
    shown = dict(visit.shown)
    assert shown["h2"] >= 2, "the heading of the text is one, and the line above --- another"
    assert shown.pop("a:not(.anchor-link)") == 0
    assert [kind for kind, count in shown.items() if not count] == []
    assert "https:" in visit.text
    assert visit.sizes
    assert all(visit.sizes)


# --- the names of students -----------------------------------------------------------------------

LISTS = ("manage_submissions/hw",)
OTHER_LISTS = (
    "gradebook/hw/a_slopes", "manage_students", "manage_students/{}", "manage_students/{}/hw"
)  # fmt: skip
NAME = '<img src=x: onerror=pwned=1>";pwned=2;"'


def test_a_name_that_could_act_is_refused_and_never_listed(
    course: Course, formgrader: Formgrader
) -> None:
    with pytest.raises(RecordError, match="rename the folder"):
        written(course, NAME, mark(course))
    (course.root / "submitted" / NAME / "hw").mkdir(parents=True)
    found = {entry["student"] for entry in formgrader.get("submissions/hw")}
    assert NAME not in found


@pytest.mark.parametrize("lists", [LISTS, pytest.param(OTHER_LISTS, marks=pytest.mark.slow)])
def test_a_name_that_is_in_the_gradebook_all_the_same_does_not_act(
    lists: tuple[str, ...],
    course: Course,
    formgrader: Formgrader,
    marker: Watch,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("autograder.gradebook.recorder.is_plain_name", lambda _: True)
    written(course, NAME, mark(course))
    quoted = "%3Cimg%20src%3Dx%3A%20onerror%3Dpwned%3D1%3E%22%3Bpwned%3D2%3B%22"
    with PatientGradebook(f"sqlite:///{course.root / 'gradebook.db'}", "made-up") as book:
        [notebook] = [n for n in book.find_submission("hw", NAME).notebooks if n.name == "a_slopes"]
        number = notebook.id
    pages_of_lists = [path.format(quoted) for path in lists]
    for path in [*pages_of_lists, f"submissions/{number}/"]:
        ready = "models && models.loaded" if path in pages_of_lists else READY
        seen = marker.open(f"{formgrader.address}/formgrader/{path}", "#nothing", wait=ready)
        strict = path in LISTS
        acted = [e for e in seen.events if strict or "page error" not in e]
        assert (path, acted) == (path, [])
        assert_has_policy(marker.headers)
        assert not strict or NAME in marker.tab.inner_text("body")
        assert marker.evaluate("() => document.images.length") == 0
    with PatientGradebook(f"sqlite:///{course.root / 'gradebook.db'}", "made-up") as book:
        book.remove_student(NAME)


# --- the kit's own pages -------------------------------------------------------------------------


def feedback_page(course: Course, student: str, report: Any = None) -> str:
    """Return the feedback page as it is written, for the stored Report or another one."""
    stored = course.root / "autograded" / student / "hw" / "report.json"
    if report is not None:
        stored.chmod(0o600)  # the kit writes the file as read-only
        stored.write_text(report.to_json(), encoding="utf-8")
    write_feedback(course, course.assignment("hw"), [student])
    page = course.root / "feedback" / student / "hw" / "index.html"
    return page.read_text(encoding="utf-8")


def test_nothing_acts_in_the_feedback(course: Course, watch: Watch, arms: Arms) -> None:
    marking = mark(course, {"a-slope": 0.0})
    written(course, "fred", marking)
    page = feedback_page(course, "fred", fill_report(arms, marking.report, PAYLOADS))
    seen = watch.show("feedback", page)
    assert (seen.events, arms.told(seen.numbers)) == ([], [])
    assert seen.touched > 5 * len(PAYLOADS)
    assert watch.evaluate("() => document.documentElement.scrollWidth - innerWidth") <= 0
    assert (
        watch.evaluate("() => document.querySelectorAll('img, script, iframe, form').length") == 0
    )


def instructors(course: Course, arms: Arms, payloads: list[Payload]) -> str:
    marking = mark(course, {"a-slope": 0.0})
    marking = replace(marking, report=fill_report(arms, marking.report, payloads))
    cases = []
    for payload in payloads:
        text = arms.text(payload, "item message")
        use = Event("call", text, (text, np.array([text])), {text: {text: text}}, text)
        failed = Event("call", "slope", (), {}, None, failure=text)
        cases.append(
            Outcome(
                item="a-slope",
                part="answer",
                costs=0.0,
                test="test_slope",
                claim=text,
                passed=False,
                message=text,
                case=text,
                transcript=(use, failed),
                compared=(np.array([text]), text),
            )
        )
    marking.outcomes["a-slope"] = tuple(cases)  # type: ignore[index]
    return instructor_page(course, course.assignment("hw"), marking)


def test_nothing_acts_in_the_instructors_page(course: Course, watch: Watch, arms: Arms) -> None:
    seen = watch.show("instructor", instructors(course, arms, list(PAYLOADS)))
    assert (seen.events, arms.told(seen.numbers)) == ([], [])
    assert seen.touched > 10 * len(PAYLOADS)
    assert (
        watch.evaluate("() => document.querySelectorAll('img, script, iframe, form').length") == 0
    )


# --- nbgrader's own feedback, which cleans nothing -----------------------------------------------


@lru_cache
def stock_exporter() -> HTMLExporter:
    templates = Path(nbgrader.__file__).parent / "server_extensions" / "formgrader" / "templates"
    config = Config()
    config.HTMLExporter.template_name = "feedback"
    config.HTMLExporter.extra_template_basedirs = [str(templates)]
    css = templates.parent / "static" / "node_modules" / "bootstrap" / "dist" / "css"
    config.HTMLExporter.extra_template_paths = [str(css)]
    return HTMLExporter(config=config)


def stock_page(notebook: NotebookNode) -> str:
    for cell in notebook.cells:
        cell.metadata.pop("nbgrader", None)  # the scores are missing there
    resources = {"nbgrader": {"score": 0, "max_score": 0, "late_penalty": 0, "notebook": "x"}}
    html, _ = stock_exporter().from_notebook_node(notebook, resources=resources)
    return str(html)


def notebook_with(
    course: Course, arms: Arms, payloads: list[Payload], chosen: Choice
) -> NotebookNode:
    filled = fill(arms, mark(course), payloads, payloads[0], chosen)
    notebook = deepcopy(filled.notebooks["a_slopes"])
    notebook.cells += filled.notebooks["b_extras"].cells
    return notebook


@pytest.mark.parametrize("chosen", [thinly, pytest.param(here_and_there, marks=pytest.mark.slow)])
def test_nothing_acts_in_nbgraders_own_feedback(
    chosen: Choice, course: Course, watch: Watch, arms: Arms
) -> None:
    clean = clean_notebook(notebook_with(course, arms, list(PAYLOADS), chosen))
    seen = watch.show("stock", stock_page(clean), PARTS, wait=TYPESET)
    assert (seen.events, arms.told(seen.numbers)) == ([], [])
    assert watch.evaluate("() => document.querySelectorAll('.MathJax').length") > 3


# --- the detector itself -------------------------------------------------------------------------


def where_most_act(_payload: int, place: str) -> bool:
    """Choose a few places, to make the page quickly; a page without any tag would be invalid."""
    return place in (*SHOWN_AS_HTML, "output application/javascript", "cell metadata")


def triggered(
    course: Course, watch: Watch, arms: Arms, *payloads: Payload, chosen: Choice = everywhere
) -> set[str]:
    """Return the names of the payloads that act visibly on a page that is not cleaned."""
    raw = notebook_with(course, arms, list(payloads), chosen)
    expected = {payload.name for payload in payloads if payload.is_seen_raw}
    seen = watch.show(
        "raw", stock_page(raw), PARTS, seconds=0.15,
        until=lambda seen: expected <= arms.names(seen.numbers),
    )  # fmt: skip
    return arms.names(seen.numbers)


SAMPLE = (
    "script", "image from elsewhere", "frame with a page", "markdown script link", "javascript"
)  # fmt: skip
LEAVES = "refresh"
"""A payload that leaves the page, so that no other payload could act."""


def payloads_named(*names: str) -> list[Payload]:
    return [payload for payload in PAYLOADS if payload.name in names]


@pytest.fixture(scope="module")
def uncleaned(course: Course, browser: Any, canary: Canary, arms: Arms) -> set[str]:
    """The payloads of the sample that act: all together, except the one that leaves the page."""
    watch = Watch(browser, canary)
    together = triggered(course, watch, arms, *payloads_named(*SAMPLE), chosen=where_most_act)
    alone = triggered(course, watch, arms, *payloads_named(LEAVES), chosen=where_most_act)
    watch.close()
    return (together - {LEAVES}) | alone


@pytest.mark.parametrize("name", [*SAMPLE, LEAVES])
def test_detector_sees_a_payload_that_nobody_cleaned(name: str, uncleaned: set[str]) -> None:
    assert name in uncleaned


@pytest.mark.slow
def test_detector_sees_all_payloads_that_act_where_nobody_cleans(
    course: Course, browser: Any, canary: Any, arms: Arms
) -> None:
    missed = []
    for payload in PAYLOADS:
        watch = Watch(browser, canary)
        if payload.name not in triggered(course, watch, arms, payload):
            missed.append(payload.name)
        watch.close()
    print(f"positive control: {len(PAYLOADS) - len(missed)} of {len(PAYLOADS)}; not {missed}")
    assert sorted(missed) == sorted(p.name for p in PAYLOADS if not p.is_seen_raw)
