"""From the files that a student submits to the pages, through all real steps in between."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from autograder.course.assignment import Course
from autograder.course.samples import SampleStudent, write_submission
from autograder.gradebook.recorder import Recorder
from autograder.grading.mark import mark_submission
from autograder.pages.feedback import write_feedback
from autograder.pages.instructor import instructor_page
from tests.gradebook.course import record_class

from ..gradebook.server import TOKEN, started
from .payloads import PAYLOADS
from .places import Arms, cells, set_notebook
from .test_pages import PARTS, READY, assert_page_is_whole
from .watch import SITE, Canary, Watch

ROOT = Path(__file__).parents[2]
STUDENT = "anna & co; 'x'"

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def real(tmp_path_factory: pytest.TempPathFactory) -> Course:
    root = tmp_path_factory.mktemp("whole") / "course"
    root.mkdir()
    for name in ("course.toml", "nbgrader_config.py"):
        shutil.copy(ROOT / name, root)
    for tree in ("source", "release", "solutions", "autograder/hidden"):
        shutil.copytree(ROOT / tree / "hw2", root / tree / "hw2")
    course = Course(root)
    assignment = course.assignment("hw2")
    with Recorder(course, assignment):
        pass
    return course


def hostile_code(arms: Arms) -> dict[str, str]:
    """Return answers that show, print, raise and draw the payloads when they are run and tested."""
    texts = [arms.text(payload, "code") for payload in PAYLOADS]
    shown = f"""\
TEXTS = {texts!r}
from IPython.display import HTML, Javascript, Latex, Markdown, SVG, display
for text in TEXTS:
    display(HTML(text), Markdown(text), Latex(text))
    display({{'text/html': text, 'image/svg+xml': text, 'application/javascript': text,
        'application/vnd.jupyter.widget-view+json': {{'model_id': text}},
        'text/plain': text}}, raw=True)
"""
    raised = f"""\
class Hostile(Exception): pass
Hostile.__name__ = Hostile.__qualname__ = {texts[10]!r}
def momentum(*args, **kwargs):
    print({texts[9]!r}); raise Hostile({texts[9]!r})  # {texts[9]!r}
"""
    drawn = f"""\
import matplotlib.pyplot as plt
def plot_objective(objective, trajectories):
    figure, axes = plt.subplots()
    for name, points in trajectories.items():
        axes.plot([objective(point) for point in points], label={texts[9]!r})
    axes.set(xlabel={texts[0]!r}, ylabel={texts[9]!r}, title={texts[33]!r}, yscale='log')
    axes.legend(title={texts[9]!r})
    return figure
"""
    failing = f"raise ValueError({texts[9]!r})  # {texts[9]!r}"
    printed = "\n".join(f"print({text!r})" for text in texts[:60])
    return {
        "p1-momentum-answer": f"{printed}\n{shown}\n{raised}",
        "p1-plot-answer": drawn,
        "p1a-heavy-ball-answer": failing,
        "p1a-proof": "\n\n".join(arms.text(payload, "proof") for payload in PAYLOADS),
        "p2a-derivation": arms.text(PAYLOADS[9], "proof"),
    }


def hand_in(course: Course, arms: Arms) -> Path:
    """Write the folder of a student who put every payload into every place of every file."""
    folder = course.root / "submitted" / STUDENT / "hw2"
    student = SampleStudent(STUDENT, "", answers=hostile_code(arms))
    write_submission(course, course.assignment("hw2"), student, folder)
    for turn, path in enumerate(sorted(folder.glob("*.ipynb"))):
        notebook: Any = json.loads(path.read_text(encoding="utf-8"))
        for number, payload in enumerate(PAYLOADS):
            extra = json.loads(json.dumps(cells(arms, payload)))
            for cell in extra:
                cell["id"] = arms.text(payload, "cell metadata")
            if number % 3 == turn:
                notebook["cells"] += extra
        set_notebook(arms, PAYLOADS[9], SimpleNamespace(metadata=notebook["metadata"]))
        path.write_text(json.dumps(notebook), encoding="utf-8")
    odd = "problem1_momentum <img src=x: onerror=pwned=1>.ipynb"
    (folder / "problem1_momentum.ipynb").rename(folder / odd)
    (folder / "problem3_ntk <svg onload=pwned=2>.ipynb").write_text("no JSON")
    return folder


def test_nothing_of_a_hostile_submission_acts_on_any_page(
    real: Course, arms: Arms, browser: Any, canary: Canary, tmp_path: Path
) -> None:
    assignment = real.assignment("hw2")
    marking = mark_submission(real, assignment, hand_in(real, arms))
    record_class(real, assignment, {STUDENT: marking})
    write_feedback(real, assignment, [STUDENT])
    watch = Watch(browser, canary)
    pages = sorted((real.root / "feedback" / STUDENT / "hw2").glob("*.html"))
    assert len(pages) == 4
    texts = [page.read_text(encoding="utf-8") for page in pages]
    assert any("onerror" in text for text in texts), "else nothing of the student's is shown"
    to_each_other = {f"visit !{SITE}/{page.name}" for page in pages}  # the browser clicks links
    for number, text in enumerate([*texts, instructor_page(real, assignment, marking)]):
        seen = watch.show(f"page{number}", text)
        events = [event for event in seen.events if event not in to_each_other]
        assert (events, arms.told(seen.numbers)) == ([], [])
    watch.close()
    with started(real, tmp_path) as formgrader:
        marker = Watch(browser, canary, formgrader.address)
        marker.log_in(TOKEN)
        student = STUDENT.replace(" ", "%20").replace("&", "%26").replace(";", "%3B")
        found = formgrader.get(f"student_notebook_submissions/{student}/hw2")
        for notebook in found:
            url = f"{formgrader.address}/formgrader/submissions/{notebook['id']}/"
            seen = marker.open(url, PARTS, wait=READY)
            assert (notebook["name"], seen.events) == (notebook["name"], [])
            assert_page_is_whole(marker)
        marker.close()
