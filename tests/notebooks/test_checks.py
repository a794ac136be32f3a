"""The reference passes the visible checks, and they report every kind of fault in plain words."""

from __future__ import annotations

import re
from collections.abc import Callable
from types import ModuleType
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.figure import Figure

from .conftest import Names
from .test_form import AUTO, TABLE

AUTO_ITEMS = [name for _, name, kind, _ in TABLE if kind == AUTO]
VALUES = ("gradient_at_point", "hessian_at_point", "trace_at_point")
PLOTS = ("plot_objective", "plot_traces", "plot_landscape", "plot_convergence")

Told = Callable[[str, Names], str]


@pytest.fixture
def told(checks: ModuleType, capsys: pytest.CaptureFixture[str]) -> Told:
    """Run an item's check and return what it prints."""

    def run(item: str, names: Names) -> str:
        assert getattr(checks, item.replace("-", "_"))(names) is None
        output = capsys.readouterr()
        assert output.err == ""
        return output.out

    return run


def answers(checks: ModuleType, item: str) -> tuple[str, ...]:
    found = [i.answers for its in checks.PROBLEMS.values() for i in its if i.name == item]
    assert len(found) == 1
    return tuple(found[0])


def changed(answer: Any, change: Callable[[np.ndarray], Any]) -> Any:
    """An answer with each of its arrays and numbers changed."""
    if isinstance(answer, dict):
        return {key: changed(value, change) for key, value in answer.items()}
    if isinstance(answer, tuple):
        return tuple(changed(value, change) for value in answer)
    return change(np.array(answer, dtype=float))


def spoilt(names: Names, name: str, change: Callable[[np.ndarray], Any]) -> Names:
    """The names with one answer replaced by a changed one."""
    right = names[name]
    if not callable(right):
        return {**names, name: changed(right, change)}

    def wrong(*arguments: Any) -> Any:
        return changed(right(*arguments), change)

    return {**names, name: wrong}


def raising(error: BaseException) -> Callable[..., Any]:
    def function(*_: Any) -> Any:
        raise error

    return function


@pytest.mark.parametrize("item", AUTO_ITEMS)
def test_reference_passes_and_sees_how_close_it_came(item: str, told: Told, names: Names) -> None:
    text = told(item, names)
    assert text.startswith(f"✓ {item}: passes – "), text
    assert len(text.splitlines()) >= 3
    assert "✗" not in text


@pytest.mark.parametrize("item", AUTO_ITEMS)
def test_missing_name_is_told(item: str, told: Told, names: Names, checks: ModuleType) -> None:
    for name in answers(checks, item):
        text = told(item, {key: value for key, value in names.items() if key != name})
        assert text.startswith(f"… {item}: not found – ")
        assert f"`{name}` is not defined" in text


@pytest.mark.parametrize("item", [i for i in AUTO_ITEMS if i != "p2a-values"])
def test_stub_is_open_and_not_an_error(
    item: str, told: Told, names: Names, checks: ModuleType
) -> None:
    for name in answers(checks, item):
        text = told(item, {**names, name: raising(NotImplementedError())})
        assert text.startswith(f"… {item}: not done yet – ")
        assert f"`{name}`" in text


def test_stub_inside_a_finished_function_is_named(told: Told, names: Names) -> None:
    def heavy_ball_parameters(gammas: Any, betas: Any) -> Any:
        raise NotImplementedError

    names["heavy_ball_parameters"] = heavy_ball_parameters

    def ima_parameters(gammas: Any, betas: Any) -> Any:
        return names["heavy_ball_parameters"](gammas, betas)

    text = told("p1b-parameters", {**names, "ima_parameters": ima_parameters})
    assert "`ima_parameters` calls `heavy_ball_parameters`, which still raises" in text


@pytest.mark.parametrize("item", AUTO_ITEMS)
def test_none_is_told(item: str, told: Told, names: Names, checks: ModuleType) -> None:
    for name in answers(checks, item):
        nothing = None if name in VALUES else lambda *_: None
        text = told(item, {**names, name: nothing})
        assert text.startswith(f"✗ {item}: can't be compared yet – ")
        assert "None" in text
        assert "return" in text or name in VALUES


@pytest.mark.parametrize("item", AUTO_ITEMS)
def test_things_that_are_no_numbers_are_told(
    item: str, told: Told, names: Names, checks: ModuleType
) -> None:
    for name in answers(checks, item):
        for thing in ("forty-two", object(), [[1.0], [1.0, 2.0]], {"a": 1}, 1j, plt):
            answer = thing if name in VALUES else lambda *_, thing=thing: thing
            text = told(item, {**names, name: answer})
            assert text.startswith(f"✗ {item}:")
            assert "could not continue" not in text


@pytest.mark.parametrize("item", AUTO_ITEMS)
@pytest.mark.parametrize("error", [ValueError("no such luck"), SystemExit("no such luck")])
def test_error_in_a_function_is_told_with_its_words(
    item: str, error: BaseException, told: Told, names: Names, checks: ModuleType
) -> None:
    for name in answers(checks, item):
        if name in VALUES:
            continue
        text = told(item, {**names, name: raising(error)})
        assert text.startswith(f"✗ {item}:")
        assert f"`{name}` stopped with {type(error).__name__}: no such luck" in text
        assert "in the line: raise error" in text


@pytest.mark.parametrize("item", [i for i in AUTO_ITEMS if not i.endswith("plot")])
def test_wrong_value_is_told(item: str, told: Told, names: Names, checks: ModuleType) -> None:
    for name in answers(checks, item):
        text = told(item, spoilt(names, name, lambda array: 1.01 * array + 0.1))
        assert text.startswith(f"✗ {item}: not right yet – "), text
        assert "Expected:" in text or "does not hold" in text


@pytest.mark.parametrize("item", [i for i in AUTO_ITEMS if not i.endswith("plot")])
def test_nan_is_told(item: str, told: Told, names: Names, checks: ModuleType) -> None:
    for name in answers(checks, item):
        text = told(item, spoilt(names, name, lambda array: array * np.nan))
        assert text.startswith(f"✗ {item}: not right yet – ")
        assert "NaN" in text


@pytest.mark.parametrize("item", [i for i in AUTO_ITEMS if not i.endswith("plot")])
def test_wrong_shape_is_told_with_both_shapes(
    item: str, told: Told, names: Names, checks: ModuleType
) -> None:
    for name in answers(checks, item):
        text = told(item, spoilt(names, name, lambda array: np.array([array, array])))
        if "should be a number but is an array of shape (2,)" in text:
            continue
        shapes = re.search(r"the shape is (\(.*\)) but should be (\(.*\))\.", text)
        assert shapes, text
        assert shapes[1] != shapes[2]


def test_number_in_place_of_a_function_is_told(told: Told, names: Names) -> None:
    text = told("p1-momentum", {**names, "momentum": 3})
    assert "`momentum` is not a function any more but an int" in text


@pytest.mark.parametrize(
    ("item", "index"), [("p1-momentum", 1), ("p1a-heavy-ball", 1), ("p2c-gd", 1), ("p2c-usam", 1)]
)
def test_changed_start_is_told(
    item: str, index: int, told: Told, names: Names, checks: ModuleType
) -> None:
    (name,) = answers(checks, item)
    right = names[name]

    def careless(*arguments: Any) -> Any:
        answer = right(*arguments)
        arguments[index][...] = 0
        return answer

    assert "changed x0 in place" in told(item, {**names, name: careless})


def test_forbidden_lambda_is_told(told: Told, names: Names) -> None:
    """λ₀ = 0 forced through the relation gives λ₁ = −1."""

    def forwards(gammas: Any, betas: Any) -> Any:
        _, hat_betas = names["heavy_ball_parameters"](gammas, betas)
        lambdas = [0.0]
        with np.errstate(all="ignore"):
            for hat_beta in hat_betas:
                lambdas.append(lambdas[-1] / hat_beta - 1)
        return (1 + np.array(lambdas[1:])) * gammas, np.array(lambdas)

    assert "−1" in told("p1b-parameters", {**names, "ima_parameters": forwards})


@pytest.mark.parametrize("last", [0.0, 1.0, 7.5])
def test_every_choice_of_the_free_lambda_passes(last: float, told: Told, names: Names) -> None:
    def backwards(gammas: Any, betas: Any) -> Any:
        _, hat_betas = names["heavy_ball_parameters"](gammas, betas)
        lambdas = [last]
        for hat_beta in hat_betas[::-1]:
            lambdas.append(hat_beta * (1 + lambdas[-1]))
        lambdas = lambdas[::-1]
        return (1 + np.array(lambdas[1:])) * gammas, np.array(lambdas)

    assert told("p1b-parameters", {**names, "ima_parameters": backwards}).startswith("✓")


def test_printed_form_of_the_squared_limit_is_recognised(told: Told, names: Names) -> None:
    def printed(X: np.ndarray, _: int) -> np.ndarray:
        cos = np.clip(X @ X.T, -1, 1)
        theta = np.arccos(cos)
        wrong = 5 * np.sin(theta) * cos + (np.pi - theta) * (1 + 4 * cos**2)
        return np.asarray(wrong / (2 * np.pi))

    assert "printed sheet" in told("p3c-squared", {**names, "limit_ntk": printed})


def test_printed_form_is_not_seen_in_another_wrong_limit(told: Told, names: Names) -> None:
    wrong = spoilt(names, "limit_ntk", lambda array: array + 1)
    assert "printed sheet" not in told("p3c-squared", wrong)


def test_nan_from_rounding_is_told(told: Told, names: Names) -> None:
    def unguarded(X: np.ndarray, _: int) -> np.ndarray:
        cos = X @ X.T
        with np.errstate(invalid="ignore"):
            theta = np.arccos(cos)
        return np.asarray((np.sin(theta) + 2 * (np.pi - theta) * cos) / (2 * np.pi))

    assert "rounding" in told("p3c-relu", {**names, "limit_ntk": unguarded})


# --- Pictures -----------------------------------------------------------------------------------

PLOT_ITEMS = {
    "plot_objective": "p1-plot",
    "plot_traces": "p2c-trace-plot",
    "plot_landscape": "p2c-surface-plot",
    "plot_convergence": "p3-plot",
}


def redrawn(right: Callable[..., Figure], change: Callable[[Figure], None]) -> Callable[..., Any]:
    """A plotting function whose figure is changed before it is returned."""

    def function(*arguments: Any) -> Figure:
        figure = right(*arguments)
        change(figure)
        return figure

    return function


def without_legend(figure: Figure) -> None:
    for legend in [*(axes.get_legend() for axes in figure.axes), *figure.legends]:
        if legend is not None:
            legend.remove()


def without_labels(figure: Figure) -> None:
    for axes in figure.axes:
        axes.set_xlabel("")


def without_lines(figure: Figure) -> None:
    for axes in figure.axes:
        for artist in [*axes.get_lines(), *axes.collections]:
            artist.remove()


def shifted(figure: Figure) -> None:
    for axes in figure.axes:
        for line in axes.get_lines():
            line.set_ydata(1.1 * np.asarray(line.get_ydata(), dtype=float) + 0.3)
        for collection in axes.collections:
            collection.set_offsets(np.asarray(collection.get_offsets()) + 0.1)


@pytest.mark.parametrize("name", PLOTS)
@pytest.mark.parametrize(
    ("change", "word"),
    [(without_legend, "legend"), (without_labels, "label"), (without_lines, "no"), (shifted, "")],
)
def test_incomplete_picture_is_told(
    name: str, change: Callable[[Figure], None], word: str, told: Told, names: Names
) -> None:
    text = told(PLOT_ITEMS[name], {**names, name: redrawn(names[name], change)})
    assert text.startswith(f"✗ {PLOT_ITEMS[name]}: not right yet – "), text
    assert word in text


@pytest.mark.parametrize("name", PLOTS)
def test_empty_or_foreign_picture_is_told(name: str, told: Told, names: Names) -> None:
    for thing in (Figure(), Figure().subplots(), "picture"):
        text = told(PLOT_ITEMS[name], {**names, name: lambda *_, thing=thing: thing})
        assert text.startswith(f"✗ {PLOT_ITEMS[name]}:")
        assert "could not continue" not in text


def test_guide_of_another_slope_is_told(told: Told, names: Names) -> None:
    def steep(widths: Any, errors: Any) -> Figure:
        figure, axes = plt.subplots()
        axes.loglog(widths, errors, label="error")
        axes.loglog(widths, errors[0] * (widths[0] / np.asarray(widths)), label="guide")
        axes.set(xlabel="width", ylabel="error")
        axes.legend()
        return figure

    assert "slope −1/2" in told("p3-plot", {**names, "plot_convergence": steep})


@pytest.mark.parametrize("name", PLOTS)
def test_checks_leave_no_figure_open(name: str, told: Told, names: Names) -> None:
    mine = plt.figure()
    told(PLOT_ITEMS[name], names)
    assert plt.get_fignums() == [mine.number]


def test_three_dimensional_surface_passes(told: Told, names: Names) -> None:
    def solid(loss: Any, results: Any, eta: float) -> Figure:
        figure = plt.figure()
        axes = figure.add_subplot(projection="3d")
        u, v = np.meshgrid(np.linspace(-5, 5, 9), np.linspace(-5, 5, 9))
        heights = np.array([loss(np.array(point)) for point in zip(u.flat, v.flat, strict=True)])
        axes.plot_surface(u, v, heights.reshape(u.shape), alpha=0.5)
        for (step, rho), ends in results.items():
            if step == eta:
                z = [loss(end) for end in ends]
                axes.scatter(ends[:, 0], ends[:, 1], z, label=f"USAM, ρ = {rho}" if rho else "GD")
        axes.set(xlabel="u", ylabel="v")
        axes.legend()
        return figure

    text = told("p2c-surface-plot", {**names, "plot_landscape": solid})
    assert text.startswith("✓"), text


# --- ready and summary --------------------------------------------------------------------------


def test_ready_when_all_is_there(
    checks: ModuleType, names: Names, capsys: pytest.CaptureFixture[str]
) -> None:
    assert checks.ready(names, "usam", "gradient", "network")
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize(
    "fault",
    [
        {"usam": raising(NotImplementedError())},
        {"usam": raising(ValueError("no"))},
        {"usam": lambda *_: None},
        {"usam": 3},
    ],
)
def test_not_ready_names_what_it_waits_for(
    fault: Names, checks: ModuleType, names: Names, capsys: pytest.CaptureFixture[str]
) -> None:
    assert not checks.ready({**names, **fault}, "gradient", "usam")
    text = capsys.readouterr().out
    assert "`usam`" in text
    assert "`gradient`" not in text


def test_not_ready_where_a_name_is_missing(
    checks: ModuleType, capsys: pytest.CaptureFixture[str]
) -> None:
    assert not checks.ready({}, "usam", "network", "gradient")
    assert "waits for: `usam`, `gradient`" in capsys.readouterr().out


def test_given_function_whose_cell_did_not_run_is_asked_for_once_all_answers_are_done(
    checks: ModuleType, names: Names, capsys: pytest.CaptureFixture[str]
) -> None:
    assert not checks.ready({}, "compare", "usam")
    assert capsys.readouterr().out == "… This cell waits for: `usam`\n"
    assert not checks.ready(names, "compare", "usam")
    assert (
        capsys.readouterr().out == "… Run the cell above that defines `compare`, then this one.\n"
    )
    assert checks.ready({**names, "compare": print}, "compare", "usam")
    assert capsys.readouterr().out == ""


def test_wrong_answers_run_but_are_doubted(
    checks: ModuleType, names: Names, capsys: pytest.CaptureFixture[str]
) -> None:
    wrong = spoilt(names, "usam", lambda array: array + 1)
    assert checks.ready(wrong, "gradient", "usam")
    assert "`usam` does not pass yet" in capsys.readouterr().out


@pytest.mark.parametrize("problem", ["problem1_momentum", "problem2_landscape", "problem3_ntk"])
def test_summary_lists_every_item(
    problem: str, checks: ModuleType, names: Names, capsys: pytest.CaptureFixture[str]
) -> None:
    mine = [(name, kind) for owner, name, kind, _ in TABLE if owner == problem]
    checks.summary(problem, names)
    text = capsys.readouterr().out
    for name, kind in mine:
        assert re.search(rf"[✓✎] {name} .*{'passes' if kind == AUTO else 'person'}", text)
    assert "restart the kernel" in text
    assert "Next:" not in text


def test_summary_of_an_untouched_notebook(
    checks: ModuleType, capsys: pytest.CaptureFixture[str]
) -> None:
    checks.summary("problem3_ntk", {})
    text = capsys.readouterr().out
    assert re.search(r"0 of \d+ points that tests mark pass so far\b", text)
    assert "Next: The two derivatives in code (p3a-gradients)." in text
    assert text.count("not found") == 5


def test_summary_keeps_back_what_functions_print(
    checks: ModuleType, names: Names, capsys: pytest.CaptureFixture[str]
) -> None:
    def chatty(*arguments: Any) -> Any:
        print("step by step")
        return names["momentum"](*arguments)

    checks.summary("problem1_momentum", {**names, "momentum": chatty})
    assert "step by step" not in capsys.readouterr().out
