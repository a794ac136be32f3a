"""Each library's solution of each task: the kit's functions, and each library as its manual shows.

A way takes a problem's arrays and returns a function without arguments that returns a numpy array.
Preparation is not measured: moving the arrays, and compiling. All ways compute with doubles, so
that their answers can be compared.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from solutions.hw2 import ntk
from tests.numerics.problems import DEGREE, LIMIT, NETWORK

Answer = Callable[[], np.ndarray]
Prepare = Callable[..., Answer]


@dataclass(frozen=True)
class Way:
    """A way to solve a task: the needed module, the preparation, and sizes that take too long.

    `most` maps a size's letter to its upper bound. `jacobian` means that all derivatives are in
    memory at once.
    """

    name: str
    module: str
    prepare: Prepare
    most: Mapping[str, int]
    jacobian: bool = False


# --- The empirical kernel -------------------------------------------------------------------------


def kit_kernel(v: np.ndarray, W: np.ndarray, X: np.ndarray) -> Answer:
    return lambda: ntk.empirical_ntk(v, W, X, DEGREE)


def jax_kernel(v: np.ndarray, W: np.ndarray, X: np.ndarray) -> Answer:
    jax, jnp = _jax()

    @jax.jit  # type: ignore[untyped-decorator]
    def kernel(parameters: Any, X: Any) -> Any:
        J = jax.vmap(jax.grad(_jax_network), (None, 0))(parameters, X)
        flat = [j.reshape(len(X), -1) for j in J]
        return sum(j @ j.T for j in flat)

    arrays = (jnp.asarray(v), jnp.asarray(W)), jnp.asarray(X)
    return lambda: np.asarray(kernel(*arrays))


def torch_kernel(v: np.ndarray, W: np.ndarray, X: np.ndarray) -> Answer:
    import torch

    def network(v: Any, W: Any, x: Any) -> Any:
        return v @ torch.relu(W @ x) / len(v) ** 0.5

    jacobian = torch.func.vmap(torch.func.grad(network, (0, 1)), (None, None, 0))
    arrays = [torch.as_tensor(array) for array in (v, W, X)]

    def answer() -> np.ndarray:
        J = [j.flatten(1) for j in jacobian(*arrays)]
        return np.asarray(sum(j @ j.T for j in J))

    return answer


def tangents_kernel(implementation: str, v: np.ndarray, W: np.ndarray, X: np.ndarray) -> Answer:
    jax, jnp = _jax()
    import neural_tangents as nt

    def network(parameters: Any, X: Any) -> Any:
        v, W = parameters
        return (jax.nn.relu(X @ W.T) @ v / jnp.sqrt(len(v)))[:, None]

    how = nt.NtkImplementation[implementation]
    kernel = jax.jit(nt.empirical_ntk_fn(network, vmap_axes=0, implementation=how))
    parameters, inputs = (jnp.asarray(v), jnp.asarray(W)), jnp.asarray(X)
    return lambda: np.asarray(kernel(inputs, None, parameters))


def _jax() -> tuple[Any, Any]:
    import jax

    jax.config.update("jax_enable_x64", True)
    return jax, jax.numpy


def _jax_network(parameters: Any, x: Any) -> Any:
    import jax

    v, W = parameters
    return v @ jax.nn.relu(W @ x) / len(v) ** 0.5


# --- Its limit ------------------------------------------------------------------------------------


def kit_limit(X: np.ndarray) -> Answer:
    return lambda: ntk.limit_ntk(X, DEGREE)


def closed_form(X: np.ndarray, n: int) -> np.ndarray:
    """Return the limit for n = 1 or n = 2, computed with arccos as in most textbooks."""
    cosine = np.clip(X @ X.T, -1, 1)
    theta = np.arccos(cosine)
    if n == 1:
        H = np.sin(theta) + 2 * (np.pi - theta) * cosine
    else:
        H = 7 * np.sin(theta) * cosine + (np.pi - theta) * (1 + 6 * cosine**2)
    return np.asarray(H / (2 * np.pi))


def numpy_limit(X: np.ndarray) -> Answer:
    return lambda: closed_form(X, DEGREE)


def tangents_limit(X: np.ndarray) -> Answer:
    """Each dense layer of neural-tangents divides by the square root of the number of its inputs.

    The sheet's network does so only in its second layer, so the inputs are multiplied by √d.
    """
    jax, jnp = _jax()
    from neural_tangents import stax

    dense = partial(stax.Dense, W_std=1.0, b_std=None, parameterization="ntk")
    _, _, kernel_fn = stax.serial(dense(1), stax.Relu(), dense(1))
    kernel = jax.jit(lambda X: kernel_fn(X, None, "ntk"))
    inputs = jnp.asarray(X * X.shape[1] ** 0.5)
    return lambda: np.asarray(kernel(inputs))


WAYS: Mapping[str, tuple[Way, ...]] = {
    NETWORK: (
        Way("this kit", "numpy", kit_kernel, {}),
        Way("jax: vmap of grad", "jax", jax_kernel, {}, jacobian=True),
        Way("torch.func: vmap of grad", "torch", torch_kernel, {}, jacobian=True),
        Way(
            "neural-tangents: Jacobian contraction",
            "neural_tangents",
            partial(tangents_kernel, "JACOBIAN_CONTRACTION"),
            {},
            jacobian=True,
        ),
        Way(
            "neural-tangents: structured derivatives",
            "neural_tangents",
            partial(tangents_kernel, "STRUCTURED_DERIVATIVES"),
            {"m": 100_000},
        ),
    ),
    LIMIT: (
        Way("this kit", "numpy", kit_limit, {}),
        Way("numpy: closed form, arccos", "numpy", numpy_limit, {}),
        Way("neural-tangents: stax", "neural_tangents", tangents_limit, {}),
    ),
}
"""Ways by task; the kit's way comes first, and the others are compared with it."""
