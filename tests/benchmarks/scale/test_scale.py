from __future__ import annotations

import json
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from autograder.course.assignment import Course
from tests import written

from . import __main__ as scale
from . import trial
from .crowd import FULL, Crowd, hand_in
from .gauge import Sample
from .plan import plan
from .results import Figures

COURSE = Course.find(scale.CHECKOUT)
ASSIGNMENT = COURSE.assignment("hw2")

GOOD = Figures(
    students=10_000, full=200, killed_after=5_000, unchanged_told=5_000, marked_twice=0,
    wrong_reports=0, wrong_rows=0, window=1000, rate_first=200.0, rate_last=190.0,
    own_early=200_000_000, own_late=210_000_000, own_peak=300_000_000, all_early=600_000_000,
    all_late=610_000_000, all_peak=900_000_000, first_seconds=3_000.0, first_cpu=5_000.0,
    again_seconds=50.0, again_unchanged=10_000, start_seconds=20.0, end_seconds=5.0,
    recording_seconds=0.05, own_seconds=600.0, gradebook_bytes=200_000_000,
    copies_bytes=600_000_000, autograded_bytes=10**9, submitted_bytes=10**9,
)  # fmt: skip


@pytest.fixture(scope="module")
def crowd(tmp_path_factory: pytest.TempPathFactory) -> Crowd:
    return hand_in(COURSE, ASSIGNMENT, 203, tmp_path_factory.mktemp("crowd"))


def test_every_stretch_of_the_class_has_the_same_mixture(crowd: Crowd) -> None:
    kinds = [kind.name for _, kind in crowd.students()]
    assert [kinds[k] for k in range(0, 203, 50)] == [*FULL, "ada"]
    for begin in (0, 50, 100):
        assert sum(kind in FULL for kind in kinds[begin : begin + 50]) == 1
    counted = Counter(kinds)
    assert max(counted[k] for k in ("begun", "untouched", "broken")) <= 68
    names = [student for student, _ in crowd.students()]
    assert names == sorted(names)
    assert len(set(names)) == 203


def test_everybody_hands_in_what_belongs_to_the_true_marks(crowd: Crowd) -> None:
    truth = crowd.truth()
    for student, kind in crowd.students():
        folder = crowd.root / "submitted" / student / "hw2"
        assert len(list(folder.iterdir())) == (3 if kind.name in FULL else 1)
        if kind.name == "begun":
            assert sum(truth[student].values()) == truth[student]["p3a-gradients"] == 1.0
        elif kind.name not in FULL:
            assert not any(truth[student].values())
    assert sum(truth["student-001"].values()) == 23.0


def test_a_good_run_holds_all_bounds() -> None:
    assert all(bound.holds for bound in GOOD.bounds())
    assert all(bound.holds for bound in replace(GOOD, unchanged_told=5_001).bounds())


@pytest.mark.parametrize(
    "worse",
    [
        {"marked_twice": 1},
        {"wrong_reports": 1},
        {"wrong_rows": 1},
        {"unchanged_told": 4_999},
        {"unchanged_told": 5_002},
        {"again_unchanged": 9_999},
        {"rate_last": 170.0},
        {"own_late": 230_000_000},
        {"all_late": 700_000_000},
        {"again_seconds": 61.0},
    ],
    ids=lambda worse: next(iter(worse)),
)
def test_each_bound_can_be_missed(worse: dict[str, Any]) -> None:
    missed = [bound for bound in replace(GOOD, **worse).bounds() if bound.holds is False]
    assert len(missed) == 1


def test_of_a_small_class_only_marks_are_judged() -> None:
    small = replace(GOOD, students=60, again_unchanged=60, rate_last=1.0, own_late=10**9)
    assert not any(bound.holds is False for bound in small.bounds())
    assert any(b.holds is False for b in replace(small, wrong_rows=2).bounds())


def test_what_is_printed_and_sampled_is_read() -> None:
    assert (
        trial._told_unchanged("12 of 40 submissions have not changed; --again marks them too") == 12
    )
    assert trial._told_unchanged("nothing of that kind") == 0
    assert trial._stage("│ recording │   0.493 │    5% │\n", "recording") == 0.493
    assert trial._rate([0, 10**9, 2 * 10**9]) == 60.0
    assert trial._rate([5]) == 0.0
    samples = [Sample(float(second), second, second) for second in range(101)]
    early, late = trial._tenths(samples, [0, 100 * 10**9])
    assert (early[0].own, early[-1].own, late[0].own, late[-1].own) == (10, 20, 90, 100)


def test_the_page_has_a_place_for_the_tables() -> None:
    bench = {"submissions": 10, "rounds": [{"kit": {"seconds": 10.0, "cpu": 18.0}}]}
    text = "\n\n".join([GOOD.markdown(), plan(GOOD, bench)])
    assert "| time on the machine above | 27.8 h |" in text
    assert "| processors needed to finish in 8 hours | 7 |" in text
    assert "| submissions per minute that one recording process can record | 1200 |" in text
    page = scale.PAGE.read_text(encoding="utf-8")
    assert text in written.between(page, scale.COMMAND, text, page=scale.PAGE.name)


@pytest.mark.slow
def test_a_killed_run_is_finished_with_the_true_marks(tmp_path: Path) -> None:
    path = tmp_path / "scale.json"
    assert scale.main(["--students", "24", "--json", str(path)]) == 0
    found, rest = Figures.read(path)
    assert 0 < found.killed_after < 24
    assert (found.wrong_reports, found.wrong_rows, found.marked_twice) == (0, 0, 0)
    assert found.own_peak > 10**7
    assert found.all_peak > found.own_late
    assert set(rest) == {"machine", "versions"}
    assert json.loads(path.read_text())["figures"]["students"] == 24
