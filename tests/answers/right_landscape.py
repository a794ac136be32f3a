"""Right but unusual answers to Problem 2."""

import collections
import itertools

import numpy as np

from ..hidden.answers import Variant, right, right_cell

# --- a) Values at a point -------------------------------------------------------------------------

U = np.array([3, -1, 2])

VALUES = [
    Variant(
        "values_as_lists",
        "p2a-values",
        {
            "gradient_at_point": [12, -4, 8, 28],
            "hessian_at_point": [[4, 0, 0, 12], [0, 4, 0, -4], [0, 0, 4, 8], [12, -4, 8, 14]],
            "trace_at_point": 26,
        },
        0.0,
    ),
    Variant(
        "values_in_single_precision",
        "p2a-values",
        {
            "gradient_at_point": np.array([12, -4, 8, 28], dtype=np.float32),
            "hessian_at_point": (
                (4.0, 0, 0, 12),
                np.array([0, 4, 0, -4]),
                (0, 0, 4, 8),
                [12, -4, 8, 14],
            ),
            "trace_at_point": np.array([26]),
        },
        0.0,
    ),
    Variant(
        "values_of_no_dimension_and_of_integers",
        "p2a-values",
        {
            "gradient_at_point": np.array([12, -4, 8, 28], dtype=np.int8),
            "hessian_at_point": np.asmatrix("4 0 0 12; 0 4 0 -4; 0 0 4 8; 12 -4 8 14"),
            "trace_at_point": np.array(26),
        },
        0.0,
    ),
    Variant(
        "values_computed_at_the_point",
        "p2a-values",
        {
            "gradient_at_point": np.append(4 * U, 14 * 2),
            "hessian_at_point": np.block([[4 * np.eye(3), 4 * U[:, None]], [4 * U, 14.0]]),
            "trace_at_point": np.float32(3 * 4 + U @ U),
        },
        0.0,
    ),
    Variant(
        "values_in_columns_of_complex_numbers",
        "p2a-values",
        {
            "gradient_at_point": (12 + 0j, -4 + 0j, 8 + 0j, 28 + 0j),
            "hessian_at_point": np.array(
                [[4, 0, 0, 12], [0, 4, 0, -4], [0, 0, 4, 8], [12, -4, 8, 14]], order="F"
            ),
            "trace_at_point": complex(26),
        },
        0.0,
    ),
]


# --- b) The updates, written out ------------------------------------------------------------------


@right("p2b-gd-update")
def shrinking_factors(u, v, eta):
    return (1 - eta * v**2) * u, (1 - eta * np.linalg.norm(u) ** 2) * v


@right("p2b-gd-update")
def entry_by_entry(u, v, eta):
    a = sum(entry**2 for entry in u)
    return [entry - eta * v * v * entry for entry in u], np.array([v - eta * a * v])


@right("p2b-gd-update")
def in_one_array(u, v, eta):
    x = np.append(u, v)
    step = eta * np.append(v**2 * u, np.dot(u, u) * v)
    y = np.float32(x - step)
    return y[:-1], y[-1]


@right("p2b-usam-update")
def by_the_point_uphill(u, v, eta, rho):
    up, vp = u + rho * v**2 * u, v + rho * np.sum(u**2) * v
    return u - eta * vp**2 * up, v - eta * np.sum(up**2) * vp


@right("p2b-usam-update")
def by_factors(u, v, eta, rho):
    a, b = np.inner(u, u), v * v
    return [
        u * (1 - eta * b * (1 + rho * a) ** 2 * (1 + rho * b)),
        np.array(v * (1 - eta * a * (1 + rho * b) ** 2 * (1 + rho * a))),
    ]


@right("p2b-usam-update")
def with_an_own_derivative(u, v, eta, rho):
    def slope(p, q):
        return [q**2 * entry for entry in p], sum(entry**2 for entry in p) * q

    du, dv = slope(u, v)
    eu, ev = slope([a + rho * b for a, b in zip(u, du, strict=True)], v + rho * dv)
    return tuple(a - eta * b for a, b in zip(u, eu, strict=True)), v - eta * ev


@right("p2b-gd-update")
def by_the_whole_hessian(u, v, eta):
    # ∇L is a third of the Hessian times the point: L is a sum of products of four entries
    x = np.append(u, v)
    hessian = np.diag(np.append(v**2 * np.ones_like(u), u @ u))
    hessian[-1, :-1] = hessian[:-1, -1] = 2 * v * u
    y = x - eta / 3 * hessian @ x
    return y[:-1], y[-1:]


@right("p2b-usam-update")
def multiplied_out(u, v, eta, rho):
    a, b = u @ u, v**2
    in_u = b + rho * (b**2 + 2 * a * b) + rho**2 * (a**2 * b + 2 * a * b**2) + rho**3 * a**2 * b**2
    in_v = a + rho * (a**2 + 2 * a * b) + rho**2 * (b**2 * a + 2 * b * a**2) + rho**3 * a**2 * b**2
    return np.float32((1 - eta * in_u) * u), np.array((1 - eta * in_v) * v, dtype=np.float32)


# --- c) Loss and derivatives ----------------------------------------------------------------------


@right_cell("p2c-loss-gradient")
def loops():
    def loss(x):
        *u, v = x
        return sum(entry**2 for entry in u) * v**2 / 2

    def gradient(x):
        *u, v = x
        return [v**2 * entry for entry in u] + [sum(entry**2 for entry in u) * v]

    return {"loss": loss, "gradient": gradient}


@right_cell("p2c-loss-gradient")
def complex_step():
    def loss(x):
        return np.array([0.5 * np.sum(x[:-1] ** 2) * x[-1] ** 2])

    def gradient(x):
        found = []
        for k in range(len(x)):
            y = np.array(x, dtype=complex)
            y[k] += 1e-30j
            found.append(loss(y)[0].imag / 1e-30)
        return np.array(found)

    return {"loss": loss, "gradient": gradient}


@right_cell("p2c-loss-gradient")
def central_differences():
    def loss(x):
        u, v = np.split(np.asarray(x), [len(x) - 1])
        return np.float32(0.5 * u @ u * v[0] ** 2)

    def gradient(x):
        def value(y):
            return 0.5 * y[:-1] @ y[:-1] * y[-1] ** 2

        h = 1e-5 * np.eye(len(x))
        return np.array([(value(x + e) - value(x - e)) / 2e-5 for e in h])

    return {"loss": loss, "gradient": gradient}


@right("p2c-hessian-trace", target="hessian_trace")
def trace_by_eigenvalues(x):
    return np.linalg.eigvalsh(hessian(x)).sum()  # noqa: F821 - the reference's


@right("p2c-hessian-trace", target="hessian_trace")
def trace_in_a_row(x):
    return [np.trace(hessian(x))]  # noqa: F821 - the reference's


@right_cell("p2c-hessian-trace")
def in_blocks():
    def hessian(x):
        u, v = x[:-1, None], x[-1]
        return np.block([[v**2 * np.eye(len(u)), 2 * v * u], [2 * v * u.T, u.T @ u]])

    def hessian_trace(x):
        return sum(x[:-1] ** 2) + (x.size - 1) * x[-1] ** 2

    return {"hessian": hessian, "hessian_trace": hessian_trace}


@right("p2c-hessian-trace", target="hessian")
def differences_of_the_gradient(x):
    shifts = 1e-5 * np.eye(len(x))
    return [(gradient(x + e) - gradient(x - e)) / 2e-5 for e in shifts]  # noqa: F821


@right_cell("p2c-loss-gradient")
def arrays_of_no_dimension():
    def loss(x):
        return np.asarray(np.linalg.norm(x[:-1]) ** 2 * x[-1] ** 2 / 2)

    def gradient(x):
        value = np.full_like(x, x[-1] ** 2) * x
        value[-1] = x[-1] * np.dot(x[:-1], x[:-1])
        return value

    return {"loss": loss, "gradient": gradient}


@right_cell("p2c-loss-gradient")
def a_class_that_counts():
    class Valley:
        calls = 0

        def __call__(self, x):
            self.calls += 1
            return float(np.prod([x[-1] ** 2, np.sum(np.square(x[:-1])), 0.5]))

    valley = Valley()

    def gradient(x):
        basis = np.eye(len(x))
        return [(valley(x + 1e-4 * e) - valley(x - 1e-4 * e)) / 2e-4 for e in basis]

    return {"loss": valley, "gradient": gradient}


@right("p2c-loss-gradient", target="gradient")
def by_a_step_of_gd(x):
    u, v = gd_update(x[:-1], x[-1], 1.0)  # noqa: F821 - the reference's
    return x - np.append(u, v)


@right("p2c-loss-gradient", target="gradient")
def by_a_step_of_usam(x):
    *u, v = x
    return (x - np.hstack(usam_update(np.array(u), v, 0.5, 0.0))) / 0.5  # noqa: F821


@right("p2c-loss-gradient", target="gradient")
def a_third_of_the_hessian(x):
    return hessian(x) @ x / 3  # noqa: F821 - the reference's


@right("p2c-loss-gradient", target="loss")
def a_quarter_of_the_gradient(x):
    return gradient(x) @ x / 4  # noqa: F821 - the reference's


@right_cell("p2c-hessian-trace")
def loops_over_entries():
    def hessian(x):
        d = len(x) - 1
        H = [[0.0] * (d + 1) for _ in range(d + 1)]
        for i in range(d):
            H[i][i] = x[d] ** 2
            H[i][d] = H[d][i] = 2 * x[d] * x[i]
            H[d][d] += x[i] ** 2
        return H

    def hessian_trace(x):
        H = hessian(x)
        return np.array(sum(H[i][i] for i in range(len(x))))

    return {"hessian": hessian, "hessian_trace": hessian_trace}


@right("p2c-hessian-trace", target="hessian")
def differences_of_steps_of_gd(x):
    def step(y):
        return np.append(*gd_update(y[:-1], y[-1], 1.0))  # noqa: F821 - the reference's

    eye = np.eye(len(x))
    return eye - np.array([(step(x + 1e-4 * e) - step(x - 1e-4 * e)) / 2e-4 for e in eye])


@right("p2c-hessian-trace", target="hessian")
def differences_of_steps_of_usam(x):
    def slope(y):
        return y - np.append(*usam_update(y[:-1], y[-1], eta=1.0, rho=0.0))  # noqa: F821

    shifts = 1e-4 * np.eye(len(x))
    return np.array([slope(x + h) - slope(x - h) for h in shifts]) / 2e-4


@right("p2c-hessian-trace", target="hessian")
def differences_of_the_loss(x):
    shifts = 1e-3 * np.eye(len(x))

    def mixed(p, q):
        corners = [loss(x + p + q), loss(x + p - q), loss(x - p + q), loss(x - p - q)]  # noqa: F821
        return np.dot([1, -1, -1, 1], corners) / 4e-6

    return np.array([[mixed(p, q) for p in shifts] for q in shifts])


@right_cell("p2c-hessian-trace")
def complex_steps_of_the_gradient():
    def hessian(x):
        def slope(y):
            return np.append(y[-1] ** 2 * y[:-1], np.sum(y[:-1] ** 2) * y[-1])

        return np.column_stack([slope(x + 1e-20j * e).imag / 1e-20 for e in np.eye(len(x))])

    def hessian_trace(x):
        return np.sum(np.linalg.eigvals(hessian(x)))

    return {"hessian": hessian, "hessian_trace": hessian_trace}


@right("p2c-hessian-trace", target="hessian_trace")
def trace_by_known_eigenvalues(x):
    a, b = x[:-1] @ x[:-1], x[-1] ** 2
    return (len(x) - 2) * b + np.sum(np.roots([1, -(a + b), -3 * a * b]))


# --- c) GD and USAM -------------------------------------------------------------------------------


@right("p2c-gd")
def list_of_lists(gradient, x0, eta, num_steps):
    x, path = [float(entry) for entry in x0], []
    path.append(x)
    for k in range(num_steps):
        step = eta[k] if np.ndim(eta) else eta
        x = [a - step * g for a, g in zip(x, gradient(x), strict=True)]
        path.append(x)
    return path


@right("p2c-gd")
def recursive(gradient, x0, eta, num_steps):
    x0 = np.array(x0, dtype=float)
    if num_steps == 0:
        return x0[None]
    etas = eta * np.ones(num_steps)
    x = x0 - etas[0] * gradient(x0)
    return np.vstack([x0, recursive_rest(gradient, x, etas[1:])])


def recursive_rest(gradient, x, etas):
    if not len(etas):
        return x[None]
    return np.vstack([x, recursive_rest(gradient, x - etas[0] * gradient(x=x), etas[1:])])


@right("p2c-gd")
def usam_without_radius(gradient, x0, eta, num_steps):
    return usam(gradient, x0, eta, 0.0, num_steps)  # noqa: F821 - the reference's


@right("p2c-usam")
def accumulated(gradient, x0, eta, rho, num_steps):
    def step(x, e):
        return x - e * gradient(x=x + rho * np.asarray(gradient(x=x)))

    etas = np.broadcast_to(eta, (num_steps,))
    return list(itertools.accumulate(etas, step, initial=np.array(x0, dtype=float)))


@right("p2c-usam")
def gd_of_another_gradient(gradient, x0, eta, rho, num_steps):
    def uphill(x):
        return gradient(x + rho * gradient(x))

    return gd(uphill, x0, eta, num_steps)  # noqa: F821 - the reference's


@right("p2c-usam")
def single_precision(gradient, x0, eta, rho, num_steps):
    path = np.zeros((1 + num_steps, np.size(x0)), dtype=np.float32)
    path[0] = x0
    for k in range(1, num_steps + 1):
        g = np.array(gradient(path[k - 1]), dtype=np.float32)
        g = np.array(gradient(path[k - 1] + rho * g), dtype=np.float32)
        path[k] = path[k - 1] - (eta if np.isscalar(eta) else eta[k - 1]) * g
    return path


@right("p2c-gd")
def columns_for_iterates(gradient, x0, eta, num_steps):
    path = np.empty((len(x0), num_steps + 1))
    path[:, 0] = x0
    for k, step in enumerate(np.ones(num_steps) * eta):
        path[:, k + 1] = path[:, k] - step * np.asarray(gradient(path[:, k].copy()))
    return np.transpose(path)


@right("p2c-gd")
def sum_of_steps(gradient, x0, eta, num_steps):
    etas = list(eta) if hasattr(eta, "__len__") else [eta] * num_steps
    steps = [np.array(x0, dtype=np.longdouble)]
    while len(steps) <= num_steps:
        place = np.sum(steps, axis=0)
        steps.append(-etas[len(steps) - 1] * gradient(place.astype(float)))
    return np.cumsum(steps, axis=0)


@right("p2c-usam")
def two_functions_of_ones_own(gradient, x0, eta, rho, num_steps):
    def uphill(x):
        return x + rho * gradient(x)

    def downhill(x, step):
        return x - step * gradient(uphill(x))

    path = [np.asarray(x0, dtype=float)]
    for k in range(num_steps):
        path += [downhill(path[k], eta[k] if isinstance(eta, np.ndarray) else eta)]
    return np.vstack(path)


@right("p2c-usam")
def calling_itself(gradient, x0, eta, rho, num_steps):
    if num_steps == 0:
        return [list(map(float, x0))]
    steps = np.full(num_steps, eta)
    path = usam(gradient, x0, steps[:-1], rho, num_steps - 1)  # noqa: F821 - itself
    last = np.array(path[-1])
    slope = np.array(gradient((last + rho * np.array(gradient(last))).tolist()))
    return [*path, (last - steps[-1] * slope).tolist()]


# --- c) The experiment ----------------------------------------------------------------------------


@right("p2c-experiment")
def called_by_keyword(optimizer, gradient, starts, etas, rhos, num_steps):
    results = {}
    for rho, eta in itertools.product(rhos, etas):
        ends = []
        for start in starts:
            path = optimizer(gradient=gradient, x0=start, eta=eta, rho=rho, num_steps=num_steps)
            ends.append(list(path[num_steps]))
        results[(float(eta), float(rho))] = ends
    return results


@right("p2c-experiment")
def rounded_keys(optimizer, gradient, starts, etas, rhos, num_steps):
    results = collections.defaultdict(lambda: np.zeros(np.shape(starts)))
    for eta in np.array(etas):
        for rho in np.array(rhos):
            for r, start in enumerate(np.array(starts)):
                end = np.asarray(optimizer(gradient, start.copy(), eta, rho, num_steps))[-1]
                results[round(eta, 6), round(rho, 6)][r] = end
    return results


@right("p2c-experiment")
def through_lists(optimizer, gradient, starts, etas, rhos, num_steps):
    def last(start, eta, rho):
        return optimizer(lambda x: gradient(x), start.tolist(), eta, rho, num_steps)[-1]

    return {(e, r): np.float32([last(s, e, r) for s in starts]) for e in etas for r in rhos}


@right("p2c-experiment")
def filled_in_another_order(optimizer, gradient, starts, etas, rhos, num_steps):
    table = np.empty((len(rhos), len(etas), *np.shape(starts)))
    for r, start in reversed(list(enumerate(starts))):
        for i, rho in enumerate(rhos):
            for j, eta in enumerate(etas):
                table[i, j, r] = optimizer(gradient, start, eta, rho, num_steps)[-1]
    keys = itertools.product(enumerate(rhos), enumerate(etas))
    return collections.OrderedDict(((eta, rho), table[i, j]) for (i, rho), (j, eta) in keys)


@right("p2c-experiment")
def with_a_helper_of_the_notebook(optimizer, gradient, starts, etas, rhos, num_steps):
    runs = {}
    for eta in etas:
        runs.update({(eta, rho): [] for rho in rhos})
        for rho in rhos:
            for start in starts:
                runs[eta, rho] += [last_row(optimizer(gradient, start, eta, rho, num_steps))]
    return {key: tuple(map(tuple, ends)) for key, ends in runs.items()}


def last_row(path):
    *_, end = path
    return end


# --- In single precision --------------------------------------------------------------------------


@right("p2c-gd")
def gd_in_single_precision(gradient, x0, eta, num_steps):
    etas = np.broadcast_to(np.float32(eta), num_steps)
    x = np.array(x0, dtype=np.float32)
    iterates = [x]
    for k in range(num_steps):
        x = x - etas[k] * np.asarray(gradient(x), dtype=np.float32)
        iterates.append(x)
    return np.array(iterates)


@right("p2c-usam")
def usam_in_single_precision(gradient, x0, eta, rho, num_steps):
    etas, rho = np.broadcast_to(np.float32(eta), num_steps), np.float32(rho)
    x = np.array(x0, dtype=np.float32)
    iterates = [x]
    for k in range(num_steps):
        uphill = x + rho * np.asarray(gradient(x), dtype=np.float32)
        x = x - etas[k] * np.asarray(gradient(uphill), dtype=np.float32)
        iterates.append(x)
    return np.array(iterates)


@right("p2b-usam-update")
def update_in_single_precision(u, v, eta, rho):
    u, v, eta, rho = np.float32(u), np.float32(v), np.float32(eta), np.float32(rho)
    up, vp = u + rho * v**2 * u, v + rho * (u @ u) * v
    return u - eta * vp**2 * up, v - eta * (up @ up) * vp
