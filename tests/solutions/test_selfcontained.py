"""Every solution runs in its notebook: it uses only names that are defined at that point."""

from __future__ import annotations

import builtins
import dis
import inspect
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from types import CodeType, ModuleType
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.figure import Figure

from solutions.hw2 import figures, landscape, momentum, ntk

SETUP = {
    "np": np,
    "plt": plt,
    "Figure": Figure,
    "Callable": Callable,
    "Mapping": Mapping,
    "Sequence": Sequence,
}

#: the answers of each notebook in order, after the given definitions
NOTEBOOKS: dict[str, list[tuple[ModuleType, str]]] = {
    "problem1_momentum": [
        *((momentum, name) for name in ("LeastSquares", "least_squares", "momentum")),
        *((momentum, name) for name in ("heavy_ball", "heavy_ball_parameters")),
        *((momentum, name) for name in ("ima", "ima_parameters")),
        (figures, "plot_objective"),
    ],
    "problem2_landscape": [
        *((landscape, name) for name in ("gd_update", "usam_update", "loss", "gradient")),
        *((landscape, name) for name in ("hessian", "hessian_trace", "gd", "usam")),
        (landscape, "run_experiment"),
        *((figures, name) for name in ("plot_traces", "plot_landscape")),
    ],
    "problem3_ntk": [
        *((ntk, name) for name in ("activation", "activation_derivative", "network")),
        *((ntk, name) for name in ("gradient_v", "gradient_W", "empirical_ntk", "limit_ntk")),
        (figures, "plot_convergence"),
    ],
}

#: parameters as in the table of the assignment
PARAMETERS = {
    "momentum": "gradient x0 gammas betas indices",
    "heavy_ball": "gradient x0 gammas betas indices",
    "heavy_ball_parameters": "gammas betas",
    "ima": "gradient x0 etas lambdas indices",
    "ima_parameters": "gammas betas",
    "plot_objective": "objective trajectories",
    "gd_update": "u v eta",
    "usam_update": "u v eta rho",
    "loss": "x",
    "gradient": "x",
    "hessian": "x",
    "hessian_trace": "x",
    "gd": "gradient x0 eta num_steps",
    "usam": "gradient x0 eta rho num_steps",
    "run_experiment": "optimizer gradient starts etas rhos num_steps",
    "plot_traces": "hessian_trace results",
    "plot_landscape": "loss results eta",
    "activation": "z n",
    "activation_derivative": "z n",
    "network": "v W x n",
    "gradient_v": "v W x n",
    "gradient_W": "v W x n",
    "empirical_ntk": "v W X n",
    "limit_ntk": "X n",
    "plot_convergence": "widths errors",
}

ANSWERS = [pair for pairs in NOTEBOOKS.values() for pair in pairs if pair[1] in PARAMETERS]


def global_names(code: CodeType) -> Iterator[str]:
    """Return the names that the code and its functions look up outside themselves."""
    for instruction in dis.get_instructions(code):
        if instruction.opname in ("LOAD_GLOBAL", "LOAD_NAME"):
            yield str(instruction.argval)
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from global_names(constant)


@pytest.mark.parametrize("notebook", NOTEBOOKS)
def test_each_definition_uses_only_what_stands_above_it(
    notebook: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    world: dict[str, Any] = dict(SETUP)
    for module, name in NOTEBOOKS[notebook]:
        # meanwhile, another course's solutions may have replaced these
        monkeypatch.setitem(sys.modules, module.__name__, module)
        source = inspect.getsource(getattr(module, name))
        code = compile(source, name, "exec")
        known = {*world, name, *dir(builtins), "__name__", "__module__", "__qualname__"}
        unknown = set(global_names(code)) - known
        if name != "LeastSquares":  # a class body uses the names that it defines
            assert not unknown, f"{name} needs {unknown}"
        exec(code, world)


@pytest.mark.parametrize(("module", "name"), ANSWERS, ids=[name for _, name in ANSWERS])
def test_interface_is_the_assignments(module: ModuleType, name: str) -> None:
    function = getattr(module, name)
    signature = inspect.signature(function)
    assert " ".join(signature.parameters) == PARAMETERS[name]
    assert signature.return_annotation is not inspect.Signature.empty
    for parameter in signature.parameters.values():
        assert parameter.annotation is not inspect.Parameter.empty
        assert parameter.default is inspect.Parameter.empty
    assert function.__doc__


def test_written_out_updates_call_no_gradient() -> None:
    for update in (landscape.gd_update, landscape.usam_update):
        assert set(global_names(update.__code__)) <= {"np", "float"}
