"""Hidden tests of Homework 2 as in a stock nbgrader course: asserts in the check cells.

These tests are few and fast, so that stock nbgrader is measured at its best: the kit runs several
hundred cases for the same items. Each item's tests are inside a function, so that they leave no
names in the notebook.
"""

from __future__ import annotations

from collections.abc import Mapping

ITERATES = """
    x0 = np.array([1.0, -2.0, 0.5])
    gammas, betas = np.array([0.1, 0.3, 0.2, 0.4]), np.array([0.5, 0.9, 0.0, 0.7])
    indices = [2, 0, 1, 2]
    gradient = lambda i, x: (i + 1) * x - i
"""

MADE_UP_RESULTS = """
    etas, rhos = (0.1, 0.4), (0.0, 0.1, 0.3)
    results = {(e, r): np.array([[1 + e, r], [2.0, e], [r, -1.0]]) for e in etas for r in rhos}
"""

NETWORK = """
    rng = np.random.default_rng(1)
    v, W = rng.normal(size=6), rng.normal(size=(6, 3))
    X = rng.normal(size=(4, 3))
    X /= np.linalg.norm(X, axis=1, keepdims=True)
"""

TESTS: Mapping[str, str] = {
    "p1-momentum": ITERATES
    + """
    x, m = x0, 0 * x0
    expected = [x]
    for gamma, beta, i in zip(gammas, betas, indices):
        m = beta * m + gradient(i, x)
        x = x - gamma * m
        expected.append(x)
    assert np.allclose(momentum(gradient, x0, gammas, betas, indices), expected, rtol=2e-3)
""",
    "p1a-heavy-ball": ITERATES
    + """
    expected = [x0, x0]
    for gamma, beta, i in zip(gammas, betas, indices):
        now, before = expected[-1], expected[-2]
        expected.append(now - gamma * gradient(i, now) + beta * (now - before))
    answer = heavy_ball(gradient, x0, gammas, betas, indices)
    assert np.allclose(answer, expected[1:], rtol=2e-3)
""",
    "p1a-parameters": """
    gammas, betas = np.array([0.1, 0.3, 0.2, 0.4]), np.array([0.5, 0.9, 0.0, 0.7])
    steps, pushes = heavy_ball_parameters(gammas, betas)
    assert np.allclose(steps, gammas)
    assert np.allclose(pushes, [0.05, 2.7, 0.0, 1.4])
""",
    "p1b-ima": ITERATES
    + """
    lambdas = [0.0, 1.5, 0.5, 2.0, 1.0]
    xs, zs = [x0], []
    z = x0
    for t, i in enumerate(indices):
        z = z - gammas[t] * gradient(i, xs[-1])
        share = 1 / (lambdas[t + 1] + 1)
        xs.append((1 - share) * xs[-1] + share * z)
        zs.append(z)
    answer = ima(gradient, x0, gammas, np.array(lambdas), indices)
    assert np.allclose(answer[0], xs, rtol=2e-3) and np.allclose(answer[1], zs, rtol=2e-3)
""",
    "p1b-parameters": """
    gammas, betas = np.array([0.1, 0.3, 0.2, 0.4]), np.array([0.5, 0.9, 0.2, 0.7])
    etas, lambdas = ima_parameters(gammas, betas)
    etas, lambdas = np.asarray(etas), np.asarray(lambdas)
    assert etas.shape == (4,) and lambdas.shape == (5,)
    assert np.allclose(etas, (1 + lambdas[1:]) * gammas)
    left = betas[1:] * lambdas[2:]
    assert np.allclose(left, gammas[:-1] * lambdas[1:-1] / gammas[1:] - betas[1:])
""",
    "p1-plot": """
    paths = {"one": np.array([[1.0, 2.0], [0.5, 1.0], [0.0, 0.5]]), "two": np.eye(2)}
    figure = plot_objective(lambda x: float(x @ x), paths)
    lines = [line for axes in figure.axes for line in axes.get_lines()]
    for path in paths.values():
        assert any(np.allclose(line.get_ydata(), [x @ x for x in path]) for line in lines
                   if len(line.get_ydata()) == len(path))
    plt.close(figure)
""",
    "p2a-values": """
    assert np.allclose(gradient_at_point, [12, -4, 8, 28])
    expected = [[4, 0, 0, 12], [0, 4, 0, -4], [0, 0, 4, 8], [12, -4, 8, 14]]
    assert np.allclose(hessian_at_point, expected)
    assert np.isclose(trace_at_point, 26)
""",
    "p2b-gd-update": """
    u, v = gd_update(np.array([1.0, -3.0]), 0.5, 0.1)
    assert np.allclose(u, [0.975, -2.925]) and np.isclose(v, 0.0)
""",
    "p2b-usam-update": """
    u, v, eta, rho = np.array([1.0, -3.0]), 0.5, 0.01, 0.2
    a, b = u @ u, v**2
    new_u, new_v = usam_update(u, v, eta, rho)
    assert np.allclose(new_u, u * (1 - eta * b * (1 + rho * a) ** 2 * (1 + rho * b)), rtol=2e-3)
    assert np.isclose(new_v, v * (1 - eta * a * (1 + rho * b) ** 2 * (1 + rho * a)), rtol=2e-3)
""",
    "p2c-loss-gradient": """
    for x in (np.array([1.5, -2.0]), np.array([1.0, 2.0, -3.0, 0.5])):
        u, v = x[:-1], x[-1]
        assert np.isclose(loss(x), u @ u * v**2 / 2)
        assert np.allclose(gradient(x), np.append(v**2 * u, u @ u * v))
""",
    "p2c-hessian-trace": """
    for x in (np.array([1.5, -2.0]), np.array([1.0, 2.0, -3.0, 0.5])):
        u, v = x[:-1], x[-1]
        top = np.column_stack([v**2 * np.eye(len(u)), 2 * v * u])
        expected = np.vstack([top, np.append(2 * v * u, u @ u)])
        assert np.allclose(hessian(x), expected)
        assert np.isclose(hessian_trace(x), np.trace(expected))
""",
    "p2c-gd": """
    x0, etas = np.array([1.0, -2.0, 0.5]), np.array([0.1, 0.2, 0.3])
    expected = [x0]
    for eta in etas:
        expected.append(expected[-1] - eta * np.sin(expected[-1]))
    assert np.allclose(gd(np.sin, x0, etas, 3), expected, rtol=2e-3)
""",
    "p2c-usam": """
    x0, etas, rho = np.array([1.0, -2.0, 0.5]), np.array([0.1, 0.2, 0.3]), 0.4
    expected = [x0]
    for eta in etas:
        x = expected[-1]
        expected.append(x - eta * np.sin(x + rho * np.sin(x)))
    assert np.allclose(usam(np.sin, x0, etas, rho, 3), expected, rtol=2e-3)
""",
    "p2c-experiment": """
    def optimizer(gradient, x0, eta, rho, num_steps):
        return np.array([x0 * (1 + eta * t) - rho * gradient(x0) * t for t in range(num_steps + 1)])

    starts = np.array([[1.0, 2.0], [-0.5, 1.0], [0.3, -2.0]])
    results = run_experiment(optimizer, np.cos, starts, (0.1, 0.2), (0.0, 0.5), 4)
    for eta in (0.1, 0.2):
        for rho in (0.0, 0.5):
            expected = starts * (1 + 4 * eta) - 4 * rho * np.cos(starts)
            assert np.allclose(results[eta, rho], expected, rtol=2e-3)
""",
    "p2c-trace-plot": MADE_UP_RESULTS
    + """
    figure = plot_traces(lambda x: float(x @ x), results)
    lines = [line for axes in figure.axes for line in axes.get_lines()]
    for eta in etas:
        medians = [np.median((results[eta, rho] ** 2).sum(axis=1)) for rho in rhos]
        assert any(np.allclose(line.get_ydata(), medians) for line in lines
                   if len(line.get_ydata()) == len(rhos))
    plt.close(figure)
""",
    "p2c-surface-plot": MADE_UP_RESULTS
    + """
    figure = plot_landscape(lambda x: float(x[0] ** 2 + 3 * x[1] ** 2), results, 0.1)
    assert any(axes.collections or axes.images for axes in figure.axes)
    assert any(axes.get_legend() for axes in figure.axes)
    plt.close(figure)
""",
    "p3a-gradients": NETWORK
    + """
    for n in (1, 2, 3):
        for x in X:
            z = W @ x
            slopes = v * n * z ** (n - 1) * (z > 0)
            assert np.allclose(gradient_v(v, W, x, n), z**n * (z > 0) / np.sqrt(6))
            assert np.allclose(gradient_W(v, W, x, n), np.outer(slopes, x) / np.sqrt(6))
""",
    "p3b-kernel": NETWORK
    + """
    for n in (1, 2, 3):
        Z = X @ W.T
        A, B = Z**n * (Z > 0), n * Z ** (n - 1) * (Z > 0) * v
        expected = (A @ A.T + (X @ X.T) * (B @ B.T)) / 6
        assert np.allclose(empirical_ntk(v, W, X, n), expected, rtol=2e-3)
""",
    "p3c-relu": NETWORK
    + """
    cos = np.clip(X @ X.T, -1, 1)
    theta = np.arccos(cos)
    expected = (np.sin(theta) + 2 * (np.pi - theta) * cos) / (2 * np.pi)
    assert np.allclose(limit_ntk(X, 1), expected, rtol=2e-3, atol=1e-4)
""",
    "p3c-squared": NETWORK
    + """
    cos = np.clip(X @ X.T, -1, 1)
    theta = np.arccos(cos)
    turn = (np.pi - theta) * (1 + 6 * cos**2)
    expected = (7 * np.sin(theta) * cos + turn) / (2 * np.pi)
    assert np.allclose(limit_ntk(X, 2), expected, rtol=2e-3, atol=1e-4)
""",
    "p3-plot": """
    widths, errors = np.array([16, 64, 256]), np.array([0.4, 0.21, 0.09])
    figure = plot_convergence(widths, errors)
    lines = [line for axes in figure.axes for line in axes.get_lines()]
    assert any(np.allclose(line.get_ydata(), errors) for line in lines
               if len(line.get_ydata()) == 3)
    assert all(axes.get_xscale() == "log" == axes.get_yscale() for axes in figure.axes)
    plt.close(figure)
""",
}


def with_hidden_tests(item: str, visible: str) -> str:
    """Return the source of an item's check cell: the visible check, then the hidden tests."""
    name = f"hidden_{item.replace('-', '_')}"
    body = TESTS[item].strip("\n")
    return (
        f"{visible}\n### BEGIN HIDDEN TESTS\ndef {name}():\n{body}\n\n{name}()\n"
        "### END HIDDEN TESTS"
    )
