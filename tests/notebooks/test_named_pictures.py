"""Right pictures pass their visible checks, also if titles and texts name what they show."""

from __future__ import annotations

from typing import Any

import matplotlib.pyplot as plt
import pytest

from ..answers import right_landscape_plots, right_momentum_plots, right_ntk_plots
from ..hidden.answers import variants
from .conftest import Names
from .test_checks import Told, told

__all__ = ["told"]

RIGHT = {
    "p1-plot": (
        *("axes_for_each", "direct_labels", "legend_drawn_by_hand", "plain_numbers_of_arrays"),
        *("in_french", "dot_by_dot", "logarithms_on_a_linear_scale", "one_collection_of_lines"),
    ),
    "p2c-trace-plot": ("direct_labels", "axes_for_each", "subfigures"),
    "p3-plot": (
        *("guide_with_a_direct_label", "triangle_of_the_slope", "dot_by_dot"),
        "logarithms_on_linear_axes",
    ),
}
"""Names of right answers, which the hidden tests accept too."""

CASES = [(item, name) for item, found in RIGHT.items() for name in found]


@pytest.mark.parametrize(("item", "name"), CASES)
def test_right_picture_without_a_usual_legend_passes(
    item: str, name: str, told: Told, names: Names
) -> None:
    found = variants(right_momentum_plots, right_landscape_plots, right_ntk_plots)
    (variant,) = [each for each in found if (each.item, each.name) == (item, name)]
    text = told(item, {**names, **variant.answers})
    assert text.startswith(f"✓ {item}"), text


def lines(names: Names, beside: tuple[str, str], title: str = "") -> Names:
    """The names with a picture of the runs whose lines have these texts beside them."""

    def plot_objective(objective: Any, trajectories: Any) -> Any:
        figure, axes = plt.subplots()
        for text, path in zip(beside, trajectories.values(), strict=True):
            axes.plot([objective(x) for x in path])
            axes.text(len(path) - 1, objective(path[-1]), text)
        axes.set(xlabel="step", ylabel="objective", title=title)
        return figure

    return {**names, "plot_objective": plot_objective}


def test_names_of_the_lines_are_asked_for_one_by_one(told: Told, names: Names) -> None:
    assert told("p1-plot", lines(names, ("first", "other"))).startswith("✓")
    text = told("p1-plot", lines(names, ("first", "")))
    assert "Nothing in the figure names the trajectory “other”: give each a `label=…`" in text
    text = told("p1-plot", lines(names, ("", ""), "first and other"))
    assert "One text, “first and other”, names the trajectory “first” and the trajectory" in text
    assert told("p1-plot", lines(names, ("", ""), "first: blue, other: red")).startswith("✓")
