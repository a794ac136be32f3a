"""A check shows a verdict in words and signs, as HTML if possible, and hints on request."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import numpy as np
import pytest
from nbformat import NotebookNode

from autograder.content.sanitize import PageBudget, clean_html, clean_output
from autograder.course.assignment import Course
from autograder.release.definitions import Solutions
from autograder.release.proof import leaks
from autograder.release.proof.texts import Text

from .conftest import ROOT, Names
from .test_checks import AUTO_ITEMS, raising, spoilt


class Recorder:
    """An IPython shell with a kernel, as far as a check uses it: keeps what is published."""

    def __init__(self) -> None:
        self.kernel = object()
        self.display_pub = SimpleNamespace(publish=self._publish)
        self.shown: list[dict[str, str]] = []

    def _publish(self, data: dict[str, str], metadata: dict[str, Any]) -> None:
        assert metadata == {}
        self.shown.append(data)


@pytest.fixture
def notebook(checks: ModuleType, monkeypatch: pytest.MonkeyPatch) -> Recorder:
    recorder = Recorder()
    monkeypatch.setattr(checks, "shell", lambda: recorder)
    return recorder


@pytest.fixture(autouse=True)
def _no_hint_given(checks: ModuleType) -> Iterator[None]:
    checks._given.clear()
    checks._diagnosed.clear()
    yield
    checks._given.clear()
    checks._diagnosed.clear()


def run(checks: ModuleType, item: str, names: Names) -> None:
    getattr(checks, item.replace("-", "_"))(names)


def failing(names: Names, checks: ModuleType, item: str) -> Names:
    """The names with the item's answers made wrong, or with a stub where it is a picture."""
    found = next(i for its in checks.PROBLEMS.values() for i in its if i.name == item)
    name = found.answers[0]
    if name.startswith("plot_") or not callable(names[name]):
        return {**names, name: raising(NotImplementedError())}
    return spoilt(names, name, lambda array: array + 1)


class Page(HTMLParser):
    """Reads a page: its tags and attributes, how deep each <details> stands, its text."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: set[str] = set()
        self.depths: list[int] = []
        self.text = ""
        self._depth = 0
        self.feed(page)
        self.close()
        assert self._depth == 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes |= {key for key, _ in attrs}
        if tag == "details":
            self._depth += 1
            self.depths.append(self._depth)

    def handle_endtag(self, tag: str) -> None:
        self._depth -= tag == "details"

    def handle_data(self, data: str) -> None:
        self.text += data


@pytest.mark.parametrize("item", AUTO_ITEMS)
def test_kernel_gets_html_and_the_same_text_as_a_terminal(
    item: str,
    checks: ModuleType,
    names: Names,
    notebook: Recorder,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    wrong = failing(names, checks, item)
    run(checks, item, wrong)
    assert capsys.readouterr().out == ""
    (bundle,) = notebook.shown
    monkeypatch.setattr(checks, "shell", lambda: None)
    run(checks, item, wrong)
    assert set(bundle) == {"text/plain", "text/html"}
    assert capsys.readouterr().out == bundle["text/plain"] + "\n"


def test_terminal_ipython_gets_text(
    checks: ModuleType,
    names: Names,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(checks, "shell", lambda: SimpleNamespace())
    run(checks, "p2b-gd-update", names)
    assert capsys.readouterr().out.startswith("✓ p2b-gd-update")


@pytest.mark.parametrize("item", AUTO_ITEMS)
def test_failed_check_opens_its_hints_one_inside_the_other_without_scripts(
    item: str, checks: ModuleType, names: Names, notebook: Recorder
) -> None:
    run(checks, item, failing(names, checks, item))
    page = Page(notebook.shown[0]["text/html"])
    assert page.depths == [1, 2, 3]
    assert page.tags <= {"div", "span", "b", "small", "pre", "code", "details", "summary"}
    assert page.attributes == {"style"}, "no hint is open, nothing acts, nothing is loaded"
    assert "url(" not in notebook.shown[0]["text/html"]
    for rung in checks.HINTS[item]:
        assert rung.replace("`", "") in page.text


def test_numbers_to_compare_are_two_labelled_blocks_that_line_up(
    checks: ModuleType, names: Names, notebook: Recorder
) -> None:
    run(checks, "p1-momentum", {**names, "momentum": average})
    (bundle,) = notebook.shown
    text, page = bundle["text/plain"], bundle["text/html"]
    yours = ["[[ 2.0  4.0]", " [ 1.9  3.8]", " [ 1.4  2.8]", " [-0.9 -1.8]]"]
    expected = ["[[ 2.00  4.00]", " [ 1.00  2.00]", " [ 0.25  0.50]", " [-4.50 -9.00]]"]
    yours = [re.sub(r"(\.\d)", r"\g<1>0", line) for line in yours]
    blocks = re.findall(r"<b>(\w+)</b><pre[^>]*>([^<]*)</pre>", page)
    assert blocks == [("Yours", "\n".join(yours)), ("Expected", "\n".join(expected))]
    lines = text.splitlines()
    at = lines.index(f"    Yours:    {yours[0]}")
    assert [line[14:] for line in lines[at : at + 8]] == [*yours, *expected]
    assert lines[at + 4] == f"    Expected: {expected[0]}"
    assert lines[at + 8].strip().startswith("This memory is an average")
    assert "display:flex;flex-wrap:wrap" in page


@pytest.mark.parametrize("state", ["missing", "open"])
def test_sign_of_an_open_item_is_said_once(
    state: str, checks: ModuleType, names: Names, notebook: Recorder
) -> None:
    stub = {"momentum": raising(NotImplementedError())}
    run(checks, "p1-momentum", {**names, **stub} if state == "open" else {})
    (bundle,) = notebook.shown
    for shown in (bundle["text/plain"].partition("? Stuck")[0], Page(bundle["text/html"]).text):
        assert shown.partition("Hint")[0].count("…") == 1


def test_verdicts_differ_in_signs_and_words_and_not_in_colour_alone(checks: ModuleType) -> None:
    told = {(sign, word) for sign, word, _ in checks._VERDICTS.values()}
    assert len(told) == len(checks._VERDICTS)


def test_letters_of_a_badge_stand_out_from_its_colour(checks: ModuleType) -> None:
    """White on the colour has the contrast of at least 4.5 that WCAG 2 asks for text."""
    for _, word, colour in checks._VERDICTS.values():
        parts = np.array([int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)])
        linear = np.where(parts <= 0.04045, parts / 12.92, ((parts + 0.055) / 1.055) ** 2.4)
        assert 1.05 / (linear @ [0.2126, 0.7152, 0.0722] + 0.05) >= 4.5, word


@pytest.mark.parametrize("state", ["passed", "missing"])
def test_no_hints_where_none_are_of_use(
    state: str, checks: ModuleType, names: Names, notebook: Recorder
) -> None:
    run(checks, "p1-momentum", names if state == "passed" else {})
    assert "details" not in notebook.shown[0]["text/html"]
    assert "hint" not in notebook.shown[0]["text/plain"]


def test_what_a_student_wrote_is_shown_and_not_taken_for_html(
    checks: ModuleType, names: Names, notebook: Recorder
) -> None:
    wrong = {**names, "momentum": raising(ValueError("<script>alert(1)</script> <b>"))}
    run(checks, "p1-momentum", wrong)
    page = notebook.shown[0]["text/html"]
    assert "&lt;script&gt;" in page
    assert "script" not in Page(page).tags


def test_every_item_with_a_check_has_three_hints(checks: ModuleType) -> None:
    assert list(checks.HINTS) == AUTO_ITEMS
    for rungs in checks.HINTS.values():
        assert len(rungs) == len(set(rungs)) == 3
        assert all(60 < len(rung) < 420 for rung in rungs)


def test_last_hint_names_a_place_that_is_there(
    checks: ModuleType, notebooks: dict[str, NotebookNode]
) -> None:
    """Equation numbers are those of the same notebook, and so are titles in quotation marks."""
    for problem, notebook in notebooks.items():
        text = "\n".join(cell.source for cell in notebook.cells if cell.cell_type == "markdown")
        tags = set(re.findall(r"\\tag\{(\d)\}", text))
        for item in checks.PROBLEMS[problem]:
            if item.answers:
                last = checks.HINTS[item.name][-1]
                numbers = re.findall(r"(?:equations?|and|,) \((\d)\)", last)
                assert set(numbers) <= tags, item.name
                for title in re.findall(r"“(.*?)”", last):
                    assert re.search(rf"^##.*{title}", text, re.M), title


def test_hint_gives_the_next_each_time_and_then_begins_anew(
    checks: ModuleType, capsys: pytest.CaptureFixture[str]
) -> None:
    given = []
    for _ in range(4):
        checks.hint("p1-momentum")
        given.append(capsys.readouterr().out)
    for text, rung in zip(given, (*checks.HINTS["p1-momentum"], ""), strict=True):
        assert rung in text
    assert given[3] == given[0]
    assert len(set(given)) == 3


def average(gradient: Any, x0: Any, gammas: Any, betas: Any, indices: Any) -> Any:
    """Momentum with an average instead of a sum, a slip that the check knows."""
    rows, memory = [np.array(x0, dtype=float)], np.zeros(len(x0))
    for gamma, beta, i in zip(gammas, betas, indices, strict=True):
        memory = beta * memory + (1 - beta) * gradient(i, rows[-1])
        rows.append(rows[-1] - gamma * memory)
    return np.array(rows)


def test_hint_begins_with_the_slip_that_the_last_check_named(
    checks: ModuleType, names: Names, capsys: pytest.CaptureFixture[str]
) -> None:
    def hint() -> str:
        checks.hint("momentum")
        return capsys.readouterr().out

    slip = "p1-momentum, from the check that failed\n  This memory is an average, m = β m"
    run(checks, "p1-momentum", {**names, "momentum": average})
    capsys.readouterr()
    first = hint()
    assert first.startswith(slip)
    assert "\np1-momentum, Hint 1 of 3" in first
    assert hint().startswith("p1-momentum, Hint 2 of 3")
    run(checks, "p1-momentum", {**names, "momentum": average})
    run(checks, "p1-momentum", names)
    capsys.readouterr()
    assert hint().startswith("p1-momentum, Hint 3 of 3")


def test_hint_for_no_item_lists_the_items(
    checks: ModuleType, capsys: pytest.CaptureFixture[str]
) -> None:
    checks._latest.clear()
    checks.hint("p1-nothing")
    text = capsys.readouterr().out
    assert all(item in text for item in AUTO_ITEMS)


def test_text_of_a_failed_check_says_how_to_get_a_hint(
    checks: ModuleType, names: Names, capsys: pytest.CaptureFixture[str]
) -> None:
    run(checks, "p3-plot", failing(names, checks, "p3-plot"))
    assert 'checks.hint("p3-plot")' in capsys.readouterr().out


def test_hints_give_no_solution_away(notebooks: dict[str, NotebookNode], checks_file: Path) -> None:
    """As the release's proof judges it."""
    course = Course.find(ROOT)
    solutions = Solutions(course.solutions("hw2"))
    sources = {f"{name}.ipynb": notebook for name, notebook in notebooks.items()}
    public = leaks.public_code(sources, solutions)
    hidden = leaks.hidden_secrets(course.hidden("hw2"))
    secrets = [
        *leaks.solution_secrets(sources, solutions),
        *leaks.manual_secrets(sources),
        *(secret for secret in hidden if secret.piece not in public),
    ]
    text = Text("checks.py", checks_file.read_text(encoding="utf-8"))
    assert list(leaks.leak_faults([text], secrets)) == []


def test_feedback_pages_keep_the_words_where_they_drop_the_rest(
    checks: ModuleType, names: Names, notebook: Recorder
) -> None:
    run(checks, "p1-momentum", failing(names, checks, "p1-momentum"))
    (bundle,) = notebook.shown
    page = clean_html(bundle["text/html"])
    assert Page(page).text == Page(bundle["text/html"]).text
    output = clean_output(
        {"output_type": "display_data", "data": bundle, "metadata": {}}, PageBudget()
    )
    assert output is not None
    assert output.data["text/plain"] == bundle["text/plain"]
