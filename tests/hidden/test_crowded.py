"""The work of claims and diagnosis grows only in proportion to the contents of a figure."""

from __future__ import annotations

import contextlib
import pickle
import time
from collections.abc import Callable
from typing import Any

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.figure import Figure

from autograder.grading.figurefacts import FactReader
from autograder.grading.plugin import Outcome
from autograder.grading.testkit import (
    ClaimFailed,
    assert_at_height,
    assert_curves,
    assert_guide,
    assert_labelled_axes,
    assert_labels_fit,
    assert_log_log,
    assert_marked,
    assert_marks_named,
    assert_named_curves,
    assert_not_marked,
    assert_plane_labelled,
    assert_surface,
    assert_surface_reaches,
    assert_told_apart,
    says_number,
    says_number_of,
    says_otherwise,
)
from autograder.grading.testkit.keys import styles_of
from autograder.grading.testkit.words import folded, numbers_in, plain
from autograder.grading.transcript import Event
from autograder.hidden.hw2.wording import ETA, GD, RHO, TRACE, USAM, says_gd, says_usam
from autograder.sandbox import FigureData, Polynomial
from autograder.sandbox.inside import figuresizes as sizes
from autograder.sandbox.inside.figures import read_figure
from autograder.sandbox.inside.wire import WireError
from tests.warm import WARM

from .crowded import Crowd, axes_of, crowded, curve_of, field_of, figure_of, lines_run
from .marking import COURSE, HOMEWORK, Together

mpl.use("Agg")

X = np.array([1.0, 2.0, 4.0, 8.0])
CURVES = {k: (X, k * X**-0.8) for k in (1.0, 2.0, 3.0)}
POINTS = np.column_stack([X, X])
NO_POINTS = np.empty((0, 2))


def bowl(x: np.ndarray) -> Any:
    """A function over the plane."""
    return x[0] ** 2 + 3 * x[1] ** 2


def claims(figure: FigureData) -> dict[str, Callable[[], object]]:
    """Check every claim about figures on this figure."""
    names = {"one": says_number(0.1), "another": says_otherwise("rho", 0.1)}
    groups = {"one": POINTS, "another": NO_POINTS}
    x, y = CURVES[1.0]
    return {
        "curves": lambda: assert_curves(figure, CURVES, what="a curve"),
        "names": lambda: assert_named_curves(figure, CURVES, says_number),
        "axes": lambda: assert_labelled_axes(figure),
        "logarithms": lambda: assert_log_log(figure, x, y),
        "guide": lambda: assert_guide(figure, x, y, slope=-0.5),
        "surface": lambda: assert_surface(figure, bowl),
        "marked": lambda: assert_marked(figure, bowl, POINTS, what="points"),
        "not marked": lambda: assert_not_marked(figure, bowl, POINTS, what="points"),
        "reach": lambda: assert_surface_reaches(figure, bowl, POINTS, what="points"),
        "names of marks": lambda: assert_marks_named(figure, groups, names),
        "labels": lambda: assert_labels_fit(figure, CURVES.values(), x=RHO, y=TRACE, others=ETA),
        "labels of the plane": lambda: assert_plane_labelled(figure, bowl, [RHO, TRACE, ETA]),
        "height": lambda: assert_at_height(figure, bowl, POINTS, what="points"),
        "told apart": lambda: assert_told_apart(figure, names, {"one": GD, "another": USAM}),
        "keys": lambda: assert_marks_named(figure, groups, names, {"one": GD, "another": USAM}),
        "looks of the plane": lambda: FactReader([[drawn(ours())]], PLANE).facts([drawn(figure)]),
        "looks": lambda: FactReader([[drawn(ours())]]).facts([drawn(figure)]),
        "looks of others": lambda: FactReader().facts([drawn(figure)]),
        "summary": figure.summary,
    }


def ours() -> FigureData:
    """Return a picture with only the right curves."""
    return FigureData.from_wire(all_alike(Crowd(3, 0, 3)))


def drawn(figure: FigureData) -> Outcome:
    """Return the outcomes for an answer that returns this figure."""
    event = Event("call", "plot", (), {}, figure)
    return Outcome("p1-plot", "answer", 0.0, "test", "", False, transcript=(event,))


PLANE = {("", 0): Polynomial(np.array([[0.0, 0.0, 3.0], [0.0, 0.0, 0.0], [1.0, 0.0, 0.0]]))}

CLAIMS = tuple(claims(FigureData("", (), (), (), 0)))


def all_alike(crowd: Crowd) -> dict[str, Any]:
    """Return curves that are all right, with the same style and the same name."""
    points = [np.column_stack(CURVES[1.0 + k % 3]) for k in range(crowd.curves)]
    return figure_of([axes_of([curve_of(p, label="0.1") for p in points], [], crowd)])


def small_pieces(crowd: Crowd) -> dict[str, Any]:
    """Return dots, strokes, and fields of few samples."""
    rng = np.random.default_rng(0)
    curves = [curve_of(rng.uniform(0.1, 9, (1 + k % 2, 2)), k) for k in range(crowd.curves)]
    fields = [field_of(rng.uniform(0, 9, (40, 2)).repeat(2, 1), k) for k in range(crowd.fields)]
    for field in fields:
        field["samples"][:, 3] = field["samples"][:, 2]
    return figure_of([axes_of(curves, fields, crowd)])


def straight_lines(crowd: Crowd) -> dict[str, Any]:
    """Return the errors, with lines of all slopes beside them."""
    curves = [curve_of(np.column_stack(CURVES[1.0]))]
    for slope in np.linspace(-3, 3, crowd.curves - 1):
        curves.append(curve_of(np.column_stack([X, X**slope]), 1))
    logarithmic = {"scales": ["log", "log"], "limits": [[0.1, 100.0], [1e-4, 1e4]]}
    return figure_of([axes_of(curves, [], crowd, **logarithmic)])


PICTURES: dict[str, Callable[[Crowd], dict[str, Any]]] = {
    "nearly right curves under fields": lambda crowd: crowded([*CURVES.values()], crowd),
    "right curves": all_alike,
    "small pieces": small_pieces,
    "straight lines": straight_lines,
}


FIRST, *OTHERS = PICTURES
SOME_EVERY_DAY = [FIRST, *(pytest.param(each, marks=pytest.mark.slow) for each in OTHERS)]


# the garbage collector may find open files of an earlier test while this test runs
LEFT_BEHIND = "ignore::ResourceWarning"


def tried(claim: Callable[[], object]) -> None:
    with contextlib.suppress(ClaimFailed):
        claim()


@pytest.mark.filterwarnings("error", LEFT_BEHIND)
@pytest.mark.parametrize("claim", CLAIMS)
@pytest.mark.parametrize("picture", SOME_EVERY_DAY)
def test_twice_as_much_makes_no_more_than_twice_the_work(picture: str, claim: str) -> None:
    def work(share: float) -> int:
        crowd = Crowd(int(share * 300), int(share * 60), int(share * 100), share=0.1)
        figure = FigureData.from_wire(PICTURES[picture](crowd))
        return lines_run(lambda: tried(claims(figure)[claim]))

    tried(claims(FigureData.from_wire(PICTURES[picture](Crowd(9, 3, 9, 0.1))))[claim])
    # quadratic work would take four times as long; linear work with a fixed start takes less than
    # twice as long
    assert work(1.0) < 2.6 * work(0.5)


@pytest.mark.parametrize("claim", CLAIMS)
@pytest.mark.parametrize("picture", SOME_EVERY_DAY)
def test_claim_on_the_fullest_figure_runs_few_lines(picture: str, claim: str) -> None:
    figure = FigureData.from_wire(PICTURES[picture](Crowd()))
    assert lines_run(lambda: tried(claims(figure)[claim])) < 400_000


def test_the_same_claim_again_makes_little_work() -> None:
    figure = FigureData.from_wire(crowded([*CURVES.values()], Crowd()))
    claim = claims(figure)["marked"]
    folded.cache_clear()  # other tests may have cached the same texts
    first = lines_run(lambda: tried(claim))
    assert lines_run(lambda: tried(claim)) < first / 10


def test_figure_that_was_looked_at_is_sent_as_it_was() -> None:
    figure = FigureData.from_wire(PICTURES["right curves"](Crowd(9, 3, 9)))
    before = len(pickle.dumps(figure))
    for claim in claims(figure).values():
        tried(claim)
    assert len(pickle.dumps(figure)) == before
    again = pickle.loads(pickle.dumps(figure))
    assert again.axes[0].shows(again.axes[0].curves[0])


# --- Texts ----------------------------------------------------------------------------------------

TEXTS: dict[str, str] = {
    "letters": "x",
    "signs of equality": "rho = ",
    "letters of the name": "rho",
    "signs": "$ {}",
    "digits": "1",
    "fractions": "\\frac{1",
    "powers": "10^",
    "spaces": " ",
    "numbers": "0.1, ",
}


@pytest.mark.parametrize("piece", TEXTS)
@pytest.mark.parametrize("read", [says_otherwise("rho", 0.1), says_number(0.1), numbers_in, plain])
def test_longer_text_takes_no_longer_than_it_is(read: Callable[[str], object], piece: str) -> None:
    text = TEXTS[piece] * (200_000 // len(TEXTS[piece]))
    before = time.process_time()
    read(text)
    assert time.process_time() - before < 10  # quadratic work takes hours


@pytest.mark.parametrize("piece", [*TEXTS.values(), "no ", "(", "m^(", "gd red ", "slope of "])
def test_words_are_found_quickly_in_the_longest_text(piece: str) -> None:
    text = piece * (sizes.MAX_TEXT // len(piece))
    before = time.process_time()
    says_gd(text), says_usam(text, [0.1]), says_number_of(0.1, RHO)(text)
    says_otherwise(RHO, 0.1)(text), styles_of(text, {"GD": GD, "USAM": USAM})
    assert time.process_time() - before < 0.5


# --- Sizes ----------------------------------------------------------------------------------------


def one_axes(curves: int = 0, fields: int = 0, **more: Any) -> dict[str, Any]:
    point, sample = np.ones((1, 2)), np.ones((1, 4))
    return axes_of(
        [curve_of(point)] * curves, [field_of(sample, 0)] * fields, Crowd(texts=0), **more
    )


def test_as_much_as_the_reader_tells_of_is_let_in() -> None:
    FigureData.from_wire(crowded([*CURVES.values()], Crowd()))
    FigureData.from_wire(figure_of([one_axes()] * sizes.MOST["axes"]))
    text = "x" * sizes.MAX_TEXT
    count = min(sizes.MOST["characters"] // sizes.MAX_TEXT - 1, sizes.MOST["texts"])
    FigureData.from_wire(figure_of([one_axes(texts=[text] * count)]))


TOO_MUCH: dict[str, Callable[[], dict[str, Any]]] = {
    "axes": lambda: figure_of([one_axes()] * (sizes.MOST["axes"] + 1)),
    "curves": lambda: figure_of([one_axes(sizes.MOST["curves"] // 2 + 1)] * 2),
    "fields": lambda: figure_of([one_axes(0, sizes.MOST["fields"] // 2 + 1)] * 2),
    "texts": lambda: figure_of([one_axes(texts=["a"] * (sizes.MOST["texts"] // 2 + 1))] * 2),
    "characters": lambda: figure_of(
        [one_axes(texts=["a" * sizes.MAX_TEXT] * (sizes.MOST["characters"] // sizes.MAX_TEXT + 1))]
    ),
    "ticks": lambda: figure_of([one_axes(ticks=[[[0.0, ""]] * 60, [[0.0, ""]] * 60])]),
    "points of a curve": lambda: figure_of(
        [axes_of([curve_of(np.ones((sizes.MAX_POINTS + 1, 2)))], [], Crowd(texts=0))]
    ),
    "points of all curves": lambda: figure_of(
        [axes_of([curve_of(np.ones((sizes.MAX_POINTS, 2)))] * 21, [], Crowd(texts=0))]
    ),
    "samples of a field": lambda: figure_of(
        [axes_of([], [field_of(np.ones((sizes.MAX_POINTS + 1, 4)), 0)], Crowd(texts=0))]
    ),
    "samples of all fields": lambda: figure_of(
        [axes_of([], [field_of(np.ones((sizes.MAX_POINTS, 4)), 0)] * 13, Crowd(texts=0))]
    ),
}


@pytest.mark.parametrize("what", TOO_MUCH)
def test_more_than_the_reader_tells_of_is_refused(what: str) -> None:
    with pytest.raises(WireError):
        FigureData.from_wire(TOO_MUCH[what]())


def too_full(kind: str) -> Figure:
    figure, axes = plt.subplots()
    grid = np.linspace(-1, 1, 90)
    for k in range({"curves": 700, "names": 130}.get(kind, 0)):
        axes.plot([k, k + 1], label=f"a name of some length, which is {k}" * 20)
    for k in range(120 if kind == "fields" else 0):
        axes.pcolormesh(grid, grid, k + np.add.outer(grid, grid))
    for k in range(400 if kind == "texts" else 0):
        axes.text(0, 0, f"{k}" * 500)
    if kind == "names":
        axes.legend()
    if kind == "ticks":
        axes.set_xticks(range(150), ["tick" * 30] * 150)
    if kind == "points":
        for _ in range(70):
            axes.plot(np.arange(30_000))
    return figure


@pytest.mark.parametrize("kind", ["curves", "fields", "texts", "names", "ticks", "points"])
def test_figure_that_is_too_full_is_read_as_far_as_it_may_be(kind: str) -> None:
    figure = FigureData.from_wire(read_figure(too_full(kind)))
    plt.close("all")
    (axes,) = figure.axes
    thinned = any(curve.thinned for curve in axes.curves)
    assert figure.unread > 0 or thinned or len(axes.ticks[0]) == sizes.MOST["texts"]


# --- The whole way --------------------------------------------------------------------------------


def _many_names(objective, trajectories):  # type: ignore[no-untyped-def]
    figure, axes = plt.subplots()
    for label, path in trajectories.items():
        for k in range(90):
            axes.plot([objective(x) for x in path], label=f"{label} or {k}")
    axes.set(xlabel="step", ylabel="objective")
    return figure


MARKED = Together(HOMEWORK.seed)
MARKED.add("names", "problem1_momentum", {"plot_objective": _many_names}, ["p1-plot"])


@pytest.mark.slow
def test_marking_a_crowded_picture_runs_few_lines() -> None:
    diagnose = WARM.diagnosticians.get(COURSE, HOMEWORK, HOMEWORK.seed).diagnose
    outcomes = MARKED.marking("names").outcomes["p1-plot"]
    diagnose("p1-plot", outcomes)
    assert lines_run(lambda: diagnose("p1-plot", outcomes)) < 500_000
