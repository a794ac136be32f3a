"""Each wall around a page works alone: stored notebooks are clean, and no content can act."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbformat import NotebookNode

from autograder.course.assignment import Course
from autograder.pages.texts import templates

from ..gradebook.course import mark
from ..gradebook.server import Formgrader
from .payloads import PAYLOADS, Payload
from .places import Arms, fill, fill_report
from .test_pages import (
    PARTS,
    assert_has_policy,
    feedback_page,
    instructors,
    open_submission,
    payloads_named,
    written,
)
from .watch import Seen, Watch

POLICY = 'http-equiv="Content-Security-Policy"'
SOME = ("script", "image that fails", "frame with a page", "svg")
UNSTOPPED = ("refresh", "prefetch", "link that downloads")
"""Payloads that act without a script and that no policy stops; the sanitiser removes them.

A page can move on, Chromium prefetches whatever a policy says, and a click can save a file.
"""


def put_unclean(course: Course, arms: Arms, payloads: Sequence[Payload]) -> None:
    """Store an uncleaned notebook, as if the sanitiser had a hole for each place."""
    twice = [payload for payload in payloads for _ in range(2)]  # for two notebooks
    filled = fill(arms, mark(course), twice, payloads[0])
    path = course.root / "autograded" / "gina" / "hw" / "a_slopes.ipynb"
    notebook: NotebookNode = filled.notebooks["a_slopes"]
    path.chmod(0o600)  # the kit writes the file as read-only
    path.write_text(nbformat.v4.writes(notebook), encoding="utf-8")


def scripts(events: list[str]) -> list[str]:
    """Return events that only scripts can cause, not clicked links or automatic redirects.

    A policy can't forbid such links and moves: the sanitiser must remove them.
    """
    kinds = ("script", "dialog", "grading", "download", "popup", "socket")
    return [event for event in events if event.startswith(kinds)]


def holds_alone(
    course: Course,
    formgrader: Formgrader,
    marker: Watch,
    arms: Arms,
    pages: Iterable[Sequence[Payload]],
) -> None:
    written(course, "gina", mark(course))
    for payloads in pages:
        put_unclean(course, arms, payloads)
        seen = open_submission(marker, formgrader, "gina")
        loaded = Seen([event for event in seen.events if not event.startswith(("visit", "canary"))])
        assert (scripts(seen.events), arms.told(loaded.numbers)) == ([], [])
    written(course, "gina", mark(course))


def test_the_formgraders_policy_stops_scripts_that_were_stored(
    course: Course, formgrader: Formgrader, marker: Watch, arms: Arms
) -> None:
    holds_alone(course, formgrader, marker, arms, [payloads_named(*SOME)])


@pytest.mark.slow
def test_the_formgraders_policy_stops_all_scripts_that_were_stored(
    course: Course, formgrader: Formgrader, marker: Watch, arms: Arms
) -> None:
    acting = (payload for payload in PAYLOADS if payload.name not in UNSTOPPED)
    holds_alone(course, formgrader, marker, arms, ([payload] for payload in acting))


@pytest.fixture
def careless(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Let the kit's own pages write texts without escaping them."""
    cache: Any = templates("autograder.pages").cache
    monkeypatch.setattr(templates("autograder.pages"), "autoescape", False)
    cache.clear()
    yield
    monkeypatch.undo()
    cache.clear()


@pytest.mark.usefixtures("careless")
def test_the_feedbacks_policy_stops_what_was_not_escaped(
    course: Course, watch: Watch, arms: Arms
) -> None:
    marking = mark(course, {"a-slope": 0.0})
    written(course, "hugo", marking)
    page = feedback_page(course, "hugo", fill_report(arms, marking.report, payloads_named(*SOME)))
    loose = page.replace(POLICY, 'name="none"')

    def all_act(seen: Seen) -> bool:
        return set(SOME) <= arms.names(seen.numbers)

    assert all_act(watch.show("loose", loose, until=all_act)), "else nothing is shown here"
    watch.rest()
    assert scripts(watch.show("strict", page).events) == []


@pytest.mark.slow
@pytest.mark.usefixtures("careless")
def test_detector_sees_nearly_all_payloads_in_a_feedback_that_escapes_nothing(
    course: Course, browser: Any, canary: Any, arms: Arms
) -> None:
    marking = mark(course, {"a-slope": 0.0})
    written(course, "hugo", marking)
    acting = [payload for payload in PAYLOADS if payload.is_seen_raw]
    for_html = [payload for payload in acting if payload.kind in ("HTML", "SVG")]
    missed = []

    def acts(seen: Seen) -> bool:
        return payload.name in arms.names(seen.numbers)

    for payload in for_html:
        page = feedback_page(course, "hugo", fill_report(arms, marking.report, [payload]))
        watch = Watch(browser, canary)
        loose = page.replace(POLICY, 'name="none"')
        # some payloads do nothing, and no test can wait for those
        if not acts(watch.show("loose", loose, until=acts, patience=5.0)):
            missed.append(payload.name)
        watch.close()
    print(f"positive control, feedback: {len(for_html) - len(missed)} of {len(for_html)}: {missed}")
    assert len(missed) < 0.1 * len(for_html)


def test_pages_of_the_kit_say_that_nothing_may_be_loaded(course: Course, arms: Arms) -> None:
    marking = mark(course)
    written(course, "hugo", marking)
    for page in (feedback_page(course, "hugo"), instructors(course, arms, [])):
        assert POLICY in page
        assert "default-src 'none'" in page
        assert "<script" not in page


# in the everyday run, test_pages.py asserts the same when it opens these pages for other reasons
@pytest.mark.slow
@pytest.mark.parametrize("page", ["manage_submissions/hw", "submissions/{}/"])
def test_formgraders_pages_have_a_policy_and_ask_nobody_else(
    page: str, course: Course, formgrader: Formgrader, marker: Watch
) -> None:
    written(course, "gina", mark(course))
    path = page.format(formgrader.notebook_id("gina", "a_slopes"))
    seen = marker.open(f"{formgrader.address}/formgrader/{path}", PARTS)
    assert_has_policy(marker.headers)
    assert seen.events == []


def test_pages_of_the_kit_run_no_script_but_one_that_a_hash_allows() -> None:
    pages = list((Path(__file__).parents[2] / "autograder" / "pages").rglob("*.html"))
    assert len(pages) > 1
    for page in pages:
        text = page.read_text(encoding="utf-8")
        assert text.count("<script") == text.count("script-src 'sha256-")
        assert "http" not in text.replace("http-equiv", "")
