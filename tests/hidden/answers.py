"""Wrong and right answers by name: small functions that replace the reference's functions.

A module of variants decorates plain functions with `wrong(item)` or `right(item)`. When a function
is tested, the function's globals are replaced by the names of the student's notebook: np, plt and
the other answers.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from types import FunctionType, ModuleType
from typing import Any, TypeVar

from autograder.hidden.hw2.misconceptions import misconceptions

TARGETS = {
    "p1-momentum": "momentum",
    "p1a-heavy-ball": "heavy_ball",
    "p1a-parameters": "heavy_ball_parameters",
    "p1b-ima": "ima",
    "p1b-parameters": "ima_parameters",
    "p1-plot": "plot_objective",
    "p2b-gd-update": "gd_update",
    "p2b-usam-update": "usam_update",
    "p2c-gd": "gd",
    "p2c-usam": "usam",
    "p2c-experiment": "run_experiment",
    "p2c-trace-plot": "plot_traces",
    "p2c-surface-plot": "plot_landscape",
    "p3b-kernel": "empirical_ntk",
    "p3c-relu": "limit_ntk",
    "p3c-squared": "limit_ntk",
    "p3-plot": "plot_convergence",
}
"""The function that answers an item, if there is only one."""


@dataclass(frozen=True)
class Variant:
    """An answer to one item, and the share of that item's points that it should lose."""

    name: str
    item: str
    answers: Mapping[str, Any]
    loses: float

    def __str__(self) -> str:
        return f"{self.item}: {self.name}"


Function = TypeVar("Function", bound=Callable[..., Any])


def wrong(item: str, *, loses: float = 1.0, target: str = "") -> Callable[[Function], Function]:
    """Mark a function as a wrong answer that should lose this share of the item's points."""

    def register(function: Function) -> Function:
        answers = {target or TARGETS[item]: function}
        _add(function, Variant(function.__name__, item, answers, loses))
        return function

    return register


def right(item: str, *, target: str = "") -> Callable[[Function], Function]:
    """Mark a function as an unusual right answer that should lose no points."""
    return wrong(item, loses=0.0, target=target)


def wrong_cell(item: str, *, loses: float = 1.0) -> Callable[[Function], Function]:
    """Mark a function that returns a wrong answer's names and values as a dict."""

    def register(function: Function) -> Function:
        _add(function, Variant(function.__name__, item, function(), loses))
        return function

    return register


def right_cell(item: str) -> Callable[[Function], Function]:
    """Mark a function that returns an unusual right answer's names and values as a dict."""
    return wrong_cell(item, loses=0.0)


def _add(function: Any, variant: Variant) -> None:
    function.variants = [*getattr(function, "variants", ()), variant]


def variants(*modules: ModuleType) -> list[Variant]:
    """Return the variants that the modules define, in order; `VALUES` lists those of variables."""
    found: list[Variant] = []
    for module in modules:
        helpers = _helpers(module)
        for thing in vars(module).values():
            found += [
                replace(variant, answers={**helpers, **variant.answers})
                for variant in getattr(thing, "variants", ())
                if not isinstance(thing, ModuleType)
            ]
        found += getattr(module, "VALUES", ())
    return found


def _helpers(module: ModuleType) -> dict[str, Any]:
    """Return the module's imports, its other functions, and the misconceptions' helpers."""
    found: dict[str, Any] = dict(misconceptions._helpers)
    for name, thing in vars(module).items():
        own = isinstance(thing, FunctionType) and thing.__module__ == module.__name__
        if isinstance(thing, ModuleType) or (own and not hasattr(thing, "variants")):
            found[name] = thing
    return found
