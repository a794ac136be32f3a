"""Diagnosis names the one misconception whose results equal those of a wrong answer."""

# ruff: noqa: ARG001 a wrong answer may ignore an argument

# mypy: disable-error-code="no-untyped-def"

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import pytest

from autograder.cache import ResultCache
from autograder.course.assignment import Assignment, Course
from autograder.grading.diagnosis import Diagnostician
from autograder.grading.inprocess import LocalMarker
from autograder.grading.misconceptions import Catalogue
from autograder.grading.points import joined_names, with_diagnosis
from solutions.hw2 import landscape, momentum

KNOWN = Catalogue()

KNOWN.change(
    "p1-momentum",
    "dampening",
    "The new gradient enters whole.",
    momentum.momentum,
    ("+ gradient(", "+ (1 - betas[t]) * gradient("),
    keeps=0.5,
)
KNOWN.change(
    "p1-momentum",
    "start_dropped",
    "Row 0 holds the start.",
    momentum.momentum,
    ("return iterates", "return iterates[1:]"),
)
KNOWN.change(
    "p2c-hessian-trace",
    "factor_missing",
    "A factor is missing beside the diagonal.",
    landscape.hessian,
    ("2 * ", "1 * "),
)
KNOWN.change(
    "p2c-hessian-trace",
    "dimension_forgotten",
    "The trace counts every direction.",
    landscape.hessian_trace,
    ("len(u) * ", ""),
)


@KNOWN.function("p2c-trace-plot", "plot_traces", "The median is asked for, not the mean.")
def mean_for_median(hessian_trace, results):
    return draw(hessian_trace, results, np.mean)


@KNOWN.function("p2c-trace-plot", "plot_traces", "The median is asked for, not the largest.")
def largest_for_median(hessian_trace, results):
    return draw(hessian_trace, results, np.max)


def draw(hessian_trace, results, of_all):
    figure, axes = plt.subplots()
    for eta in sorted({eta for eta, _ in results}):
        rhos = sorted(rho for e, rho in results if e == eta)
        traces = []
        for rho in rhos:
            ends = np.asarray(results[eta, rho])
            kept = ends[np.linalg.norm(ends, axis=1) <= 1e6]
            traces.append(of_all([hessian_trace(x) for x in kept]))
        axes.plot(rhos, traces, label=f"eta = {eta}")
    axes.set(xlabel="rho", ylabel="trace")
    axes.legend()
    return figure


@pytest.fixture(scope="module")
def marker(course: Course, homework: Assignment) -> LocalMarker:
    return LocalMarker(course, homework)


@pytest.fixture(scope="module")
def named(
    course: Course,
    homework: Assignment,
    marker: LocalMarker,
    tmp_path_factory: pytest.TempPathFactory,
) -> Callable[..., str | None]:
    """Return the name of the misconception that is found in some answers to an item."""
    cache = ResultCache("of this test", tmp_path_factory.mktemp("kept"))
    diagnostician = Diagnostician(course, homework, marker.seed, cache)
    diagnostician.catalogue = KNOWN

    def diagnose(item: str, **answers: Any) -> str | None:
        answers.setdefault("draw", draw)
        problem = homework.items[item].problem
        found = marker.mark(problem, answers, [item]).outcomes[item]
        return joined_names(diagnostician.diagnose(item, found)) or None

    for misconception in KNOWN:
        misconception.answers["draw"] = draw  # type: ignore[index]
    return diagnose


def test_a_right_answer_has_none(named: Callable[..., str | None]) -> None:
    assert named("p1-momentum") is None


def dampened_lists(gradient, x0, gammas, betas, indices):
    x, m = [float(entry) for entry in x0], [0.0] * len(x0)
    path = [list(x)]
    for t, i in enumerate(indices):
        g = gradient(int(i), np.array(x))
        m = [betas[t] * a + (1 - betas[t]) * float(b) for a, b in zip(m, g, strict=True)]
        x = [a - gammas[t] * b for a, b in zip(x, m, strict=True)]
        path.append(list(x))
    return path


def dampened_in_single_precision(gradient, x0, gammas, betas, indices):
    return np.array(dampened_lists(gradient, x0, gammas, betas, indices), dtype=np.float32)


@pytest.mark.parametrize("answer", [dampened_lists, dampened_in_single_precision])
def test_it_is_known_in_another_form(
    named: Callable[..., str | None], answer: Callable[..., object]
) -> None:
    assert named("p1-momentum", momentum=answer, dampened_lists=dampened_lists) == "dampening"


def two_mistakes(gradient, x0, gammas, betas, indices):
    return np.array(dampened_lists(gradient, x0, gammas, betas, indices))[1:]


def another_mistake(gradient, x0, gammas, betas, indices):
    return np.array(dampened_lists(gradient, x0, gammas, 0.5 * np.asarray(betas), indices))


def unwritten(gradient, x0, gammas, betas, indices):
    raise NotImplementedError


def nothing(gradient, x0, gammas, betas, indices):
    return None


@pytest.mark.parametrize("answer", [two_mistakes, another_mistake, unwritten, nothing])
def test_it_stays_silent_about_what_it_does_not_know(
    named: Callable[..., str | None], answer: Callable[..., object]
) -> None:
    assert named("p1-momentum", momentum=answer, dampened_lists=dampened_lists) is None


def hessian_without_factor(x):
    u, v = np.asarray(x[:-1], dtype=float), np.float64(x[-1])
    last = np.append(v * u, u @ u)
    return np.vstack([np.column_stack([v**2 * np.eye(len(u)), v * u]), last])


def trace_of_something_else(x):
    return 17.0


def test_a_part_that_is_wrong_is_looked_at_alone(named: Callable[..., str | None]) -> None:
    assert named("p2c-hessian-trace", hessian=hessian_without_factor) == "factor_missing"
    both = {"hessian": hessian_without_factor, "hessian_trace": trace_of_something_else}
    assert named("p2c-hessian-trace", **both) == "factor_missing"  # the message names the hessian


def means_in_another_style(hessian_trace, results):
    plt.figure(figsize=(3, 3))
    for eta in sorted({eta for eta, _ in results}, reverse=True):
        rhos = np.array(sorted(rho for e, rho in results if e == eta))
        means = []
        for rho in rhos:
            kept = [x for x in results[eta, rho] if np.sqrt(np.sum(x**2)) <= 1e6]
            means.append(sum(float(hessian_trace(x)) for x in kept) / len(kept))
        plt.scatter(rhos, means, marker="x", label=str(eta))
    plt.xlabel("radius")
    plt.ylabel("mean trace")
    plt.title("a picture")
    plt.grid()
    plt.legend(loc="upper left")
    return plt.gcf()


def smallest(hessian_trace, results):
    return draw(hessian_trace, results, np.min)


def test_a_picture_is_known_in_another_style(named: Callable[..., str | None]) -> None:
    assert named("p2c-trace-plot", plot_traces=means_in_another_style) == "mean_for_median"
    assert named("p2c-trace-plot", plot_traces=smallest) is None


def test_it_changes_no_mark_but_for_the_stated_part(marker: LocalMarker) -> None:
    (dampening,) = (m for m in KNOWN if m.name == "dampening")
    (dropped,) = (m for m in KNOWN if m.name == "start_dropped")
    for misconception, points in ((dampening, 0.5), (dropped, 0.0)):
        marking = marker.mark("problem1_momentum", misconception.answers, ["p1-momentum"])
        report = with_diagnosis(marking.items["p1-momentum"], [misconception])
        assert marking.items["p1-momentum"].points == 0
        assert (report.points, report.diagnosis) == (points, misconception.sentence)
