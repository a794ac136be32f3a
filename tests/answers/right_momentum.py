"""Right but unusual answers to Problem 1."""

import collections
import itertools
import math

import numpy as np

from ..hidden.answers import right

# --- Momentum -------------------------------------------------------------------------------------


@right("p1-momentum")
def loops_and_lists(gradient, x0, gammas, betas, indices):
    x = [float(entry) for entry in x0]
    m = [0.0] * len(x)
    iterates = [list(x)]
    for t in range(len(indices)):
        g = gradient(int(indices[t]), x)
        for k in range(len(x)):
            m[k] = betas[t] * m[k] + g[k]
            x[k] -= gammas[t] * m[k]
        iterates.append(list(x))
    return iterates


@right("p1-momentum")
def in_single_precision(gradient, x0, gammas, betas, indices):
    x, m = np.array(x0, dtype=np.float32), np.float32(0)
    iterates = [x]
    for gamma, beta, i in zip(gammas, betas, indices, strict=True):
        m = np.float32(beta) * m + np.asarray(gradient(i, x), dtype=np.float32)
        x = x - np.float32(gamma) * m
        iterates.append(x)
    return np.vstack(iterates)


@right("p1-momentum")
def by_the_heavy_ball(gradient, x0, gammas, betas, indices):
    hat_gammas, hat_betas = heavy_ball_parameters(gammas, betas)  # noqa: F821
    return heavy_ball(gradient, x0, hat_gammas, hat_betas, indices)  # noqa: F821


@right("p1-momentum")
def by_the_moving_average(gradient, x0, gammas, betas, indices):
    etas, lambdas = ima_parameters(gammas, betas)  # noqa: F821
    return ima(gradient, x0, etas, lambdas, indices)[0]  # noqa: F821


@right("p1-momentum")
def closed_sum(gradient, x0, gammas, betas, indices):
    x, gradients = [np.asarray(x0, dtype=float)], []
    for t in range(len(indices)):
        gradients.append(gradient(i=indices[t], x=x[t]))
        weights = [np.prod(betas[s + 1 : t + 1]) for s in range(t + 1)]
        m = sum(w * g for w, g in zip(weights, gradients, strict=True))
        x.append(x[t] - gammas[t] * m)
    return tuple(x)


@right("p1-momentum")
def by_accumulation(gradient, x0, gammas, betas, indices):
    def step(state, now):
        (x, m), (gamma, beta, i) = state, now
        m = beta * m + gradient(i, x)
        return x - gamma * m, m

    start = (np.array(x0) * 1.0, np.zeros(len(x0)))
    steps = zip(gammas, betas, indices, strict=True)
    return [x for x, _ in itertools.accumulate(steps, step, initial=start)]


@right("p1-momentum")
def recursively(gradient, x0, gammas, betas, indices):
    x0 = np.asarray(x0, dtype=float)

    def rest(t, x, m):
        if t == len(indices):
            return [x]
        m = betas[t] * m + gradient(indices[t], x)
        return [x, *rest(t + 1, x - gammas[t] * m, m)]

    return np.array(rest(0, x0, 0 * x0))


@right("p1-momentum")
def columns_for_iterates(gradient, x0, gammas, betas, indices):
    path = np.zeros((len(x0), len(indices) + 1), order="F")
    path[:, 0] = x0
    memory = np.zeros_like(path[:, 0])
    for t in range(path.shape[1] - 1):
        memory *= betas[t]
        memory += gradient(indices[t], path[:, t])
        path[:, t + 1] = path[:, t] - gammas[t] * memory
    return path.T


@right("p1-momentum")
def as_one_linear_system(gradient, x0, gammas, betas, indices):
    path, count = [np.array(x0, dtype=float)], len(indices)
    memory = np.linalg.inv(np.eye(count) - np.diag(betas[1:], -1)) if count else np.eye(0)
    pushes = np.zeros((count, len(x0)))
    for t in range(count):
        pushes[t] = gradient(indices[t], path[-1])
        path.append(path[-1] - gammas[t] * (memory @ pushes)[t])
    return np.array(path)


@right("p1-momentum")
def with_a_generator(gradient, x0, gammas, betas, indices):
    def places():
        x, m = np.array(x0, dtype=float), 0.0
        yield x
        for i, beta, gamma in zip(indices, betas, gammas, strict=True):
            m = beta * m + gradient(i, x)
            x = x - gamma * m
            yield x

    return list(places())


@right("p1-momentum")
def with_an_optimiser_of_ones_own(gradient, x0, gammas, betas, indices):
    class Momentum:
        """As libraries do it: a state that is stepped."""

        def __init__(self, parameters):
            self.parameters, self.buffer = parameters, None

        def step(self, slope, lr, momentum):
            new = self.buffer is None
            self.buffer = np.array(slope) if new else momentum * self.buffer + slope
            self.parameters = self.parameters - lr * self.buffer

    optimiser = Momentum(np.asarray(x0) + 0.0)
    path = np.full((len(gammas) + 1, len(x0)), np.nan)
    path[0] = optimiser.parameters
    for t in range(len(gammas)):
        optimiser.step(gradient(indices[t], optimiser.parameters), gammas[t], betas[t])
        path[t + 1] = optimiser.parameters
    return path


@right("p1-momentum")
def with_complex_numbers(gradient, x0, gammas, betas, indices):
    # the place is the real part, the memory the imaginary one
    state = np.array(x0, dtype=complex)
    path = [state.real]
    for gamma, beta, i in zip(gammas, betas, indices, strict=True):
        m = beta * state.imag + gradient(i, state.real)
        state = state.real - gamma * m + 1j * m
        path.append(state.real)
    return np.array(path, dtype=complex)


# --- Heavy ball -----------------------------------------------------------------------------------


@right("p1a-heavy-ball")
def every_place_kept(gradient, x0, gammas, betas, indices):
    x = [np.asarray(x0, dtype=float)] * 2
    for t, i in enumerate(indices):
        x.append(x[-1] - gammas[t] * gradient(i, x[-1]) + betas[t] * (x[-1] - x[-2]))
    return np.array(x[1:])


@right("p1a-heavy-ball")
def by_velocity(gradient, x0, gammas, betas, indices):
    x = np.array(x0, dtype=np.float64)
    velocity = np.zeros_like(x)
    out = np.zeros((len(gammas) + 1, x.size))
    out[0] = x
    for t in range(len(gammas)):
        velocity = betas[t] * velocity - gammas[t] * np.asarray(gradient(indices[t], x))
        x = x + velocity
        out[t + 1] = x
    return out


@right("p1a-heavy-ball")
def by_momentum(gradient, x0, gammas, betas, indices):
    before = np.append(1.0, gammas)[: len(gammas)]
    return momentum(gradient, x0, gammas, betas * before / gammas, indices)  # noqa: F821


@right("p1a-heavy-ball")
def with_a_class(gradient, x0, gammas, betas, indices):
    class Ball:
        def __init__(self, place):
            self.now = self.before = place

        def roll(self, push, inertia):
            new = self.now - push + inertia * (self.now - self.before)
            self.now, self.before = new, self.now
            return new

    ball = Ball(np.array([float(entry) for entry in x0]))
    path = [ball.now.tolist()]
    for gamma, beta, i in zip(gammas, betas, indices, strict=True):
        path.append(ball.roll(gamma * gradient(i, ball.now), beta).tolist())
    return path


@right("p1a-parameters")
def ratio_in_a_loop(gammas, betas):
    found, last = [], 1
    for gamma, beta in zip(gammas, betas, strict=True):
        found.append(gamma * beta / last)
        last = gamma
    return list(gammas), found


@right("p1a-parameters")
def ratio_by_rolling(gammas, betas):
    before = np.roll(gammas, 1)
    before[:1] = 1
    return np.stack([gammas, betas * gammas / before])


@right("p1a-parameters")
def empty_lists_of_no_step(gammas, betas):
    if not len(gammas):
        return [], []
    return gammas, np.concatenate([gammas[:1] * betas[:1], gammas[1:] * betas[1:] / gammas[:-1]])


@right("p1a-parameters")
def by_logarithms(gammas, betas):
    steps = np.diff(np.log(gammas), prepend=0.0)
    return [gammas.astype(np.float32), (betas * np.exp(steps)).astype(np.float32)]


@right("p1a-heavy-ball")
def by_the_moving_average_backwards(gradient, x0, gammas, betas, indices):
    lambdas = np.ones(len(gammas) + 1)
    for t in range(len(gammas) - 1, -1, -1):
        lambdas[t] = betas[t] * (1 + lambdas[t + 1])
    return ima(gradient, x0, (1 + lambdas[1:]) * gammas, lambdas, indices)[0]  # noqa: F821


@right("p1a-heavy-ball")
def by_the_moving_averages_parameters(gradient, x0, gammas, betas, indices):
    plain = betas * np.append(1.0, gammas)[: len(gammas)] / gammas
    return ima(gradient, x0, *ima_parameters(gammas, plain), indices)[0]  # noqa: F821


@right("p1a-heavy-ball")
def sum_of_all_moves(gradient, x0, gammas, betas, indices):
    moves = np.zeros((len(gammas) + 1, len(x0)))
    for t in range(len(gammas)):
        x = x0 + moves[: t + 1].sum(axis=0)
        moves[t + 1] = betas[t] * moves[t] - gammas[t] * gradient(indices[t], x)
    return x0 + np.cumsum(moves, axis=0)


@right("p1a-heavy-ball")
def two_copies_of_the_start(gradient, x0, gammas, betas, indices):
    table = np.empty((len(indices) + 2, len(x0)))
    table[:2] = x0
    for t, i in enumerate(indices):
        now, last = table[t + 1].copy(), table[t]
        table[t + 2] = (1 + betas[t]) * now - betas[t] * last - gammas[t] * gradient(i, now)
    return table[1:]


@right("p1a-parameters")
def empty_and_filled(gammas, betas):
    hatted = np.empty_like(betas)
    for t in range(len(betas)):
        hatted[t] = betas[t] * gammas[t] / (gammas[t - 1] if t > 0 else 1.0)
    return gammas.copy(), hatted


@right("p1a-parameters")
def named_pair(gammas, betas):
    parameters = collections.namedtuple("HeavyBall", "gammas betas")
    ratios = np.divide(gammas, np.concatenate(([1.0], gammas))[:-1])
    return parameters(gammas=gammas, betas=np.multiply(ratios, betas))


@right("p1a-parameters")
def ratio_of_the_averages_weights(gammas, betas):
    _, lambdas = ima_parameters(gammas, betas)  # noqa: F821 - the reference's
    hatted = lambdas[:-1] / (1 + lambdas[1:])
    hatted[:1] = (gammas * betas)[:1]  # λ_0 is free
    return np.array(gammas), hatted


# --- Iterate moving average -----------------------------------------------------------------------


@right("p1b-ima")
def lists_for_both(gradient, x0, etas, lambdas, indices):
    x, z, xs, zs = list(map(float, x0)), list(map(float, x0)), [], []
    xs.append(x)
    for t, i in enumerate(indices):
        g = gradient(i, x)
        z = [b - etas[t] * a for a, b in zip(g, z, strict=True)]
        lam = lambdas[t + 1]
        x = [(lam * a + b) / (lam + 1) for a, b in zip(x, z, strict=True)]
        xs.append(x)
        zs.append(z)
    return xs, zs


@right("p1b-ima")
def drifting_towards_z(gradient, x0, etas, lambdas, indices):
    x, z = np.zeros((len(etas) + 1, len(x0))), np.zeros((len(etas) + 1, len(x0)))
    x[0] = z[0] = x0
    for t in range(len(etas)):
        z[t + 1] = z[t] - etas[t] * gradient(indices[t], x[t])
        x[t + 1] = x[t] + (z[t + 1] - x[t]) / (1 + lambdas[t + 1])
    return [x, z[1:]]


@right("p1b-ima")
def z_as_a_sum(gradient, x0, etas, lambdas, indices):
    xs, pushes, zs = [np.asarray(x0, dtype=float)], [], []
    for t in range(len(etas)):
        pushes.append(etas[t] * gradient(indices[t], xs[-1]))
        zs.append(xs[0] - np.sum(pushes, axis=0))
        share = 1 / (lambdas[t + 1] + 1)
        xs.append((1 - share) * xs[-1] + share * zs[-1])
    return np.array(xs), np.reshape(zs, (len(etas), len(x0)))


@right("p1b-ima")
def by_the_heavy_ball_again(gradient, x0, etas, lambdas, indices):
    betas = lambdas[:-1] / (1 + lambdas[1:])
    x = heavy_ball(gradient, x0, etas / (1 + lambdas[1:]), betas, indices)  # noqa: F821
    return x, x[1:] + lambdas[1:, None] * np.diff(x, axis=0)


@right("p1b-ima")
def by_momentum_again(gradient, x0, etas, lambdas, indices):
    gammas = etas / (1 + lambdas[1:])
    betas = lambdas[:-1] / (1 + lambdas[1:]) * np.append(1.0, gammas)[:-1] / gammas
    x = momentum(gradient, x0, gammas, betas, indices)  # noqa: F821
    steps = zip(x[:-1], x[1:], lambdas[1:], strict=True)
    return x, [after + lam * (after - now) for now, after, lam in steps]


@right("p1b-ima")
def named_answers(gradient, x0, etas, lambdas, indices):
    Run = collections.namedtuple("Run", ["x", "z"])
    x, z = [np.array(x0, dtype="d")], [np.array(x0, dtype="d")]
    for eta, lam, i in zip(etas, lambdas[1:], indices, strict=True):
        z.append(z[-1] - eta * gradient(i, x[-1]))
        x.append(np.average([x[-1], z[-1]], axis=0, weights=[lam, 1.0]))
    return Run(x=np.stack(x), z=np.array(z[1:]).reshape(len(etas), len(x0)))


@right("p1b-ima")
def single_precision(gradient, x0, etas, lambdas, indices):
    x, z = [np.float32(x0)], np.float32(x0)
    zs = np.zeros((len(etas), len(x0)), dtype=np.float32)
    for t, i in enumerate(indices):
        z = z - np.float32(etas[t]) * np.float32(gradient(i, x[t]))
        zs[t] = z
        weight = np.float32(1 / (lambdas[t + 1] + 1))
        x.append(lambdas[t + 1].astype("f4") * weight * x[t] + weight * z)
    return np.array(x), zs


def backwards(gammas, betas, last):
    hats = gammas * betas / np.append(1.0, gammas)[:-1]
    lambdas = [last]
    for hat in reversed(hats):
        lambdas.append(hat * (1 + lambdas[-1]))
    return np.array(lambdas[::-1])


@right("p1b-parameters")
def last_one(gammas, betas):
    lambdas = backwards(gammas, betas, 1.0)
    return gammas * (1 + lambdas[1:]), lambdas


@right("p1b-parameters")
def last_large(gammas, betas):
    lambdas = backwards(gammas, betas, 7.5)
    return list(gammas * (1 + lambdas[1:])), list(lambdas)


@right("p1b-parameters")
def first_as_one_likes(gammas, betas):
    lambdas = backwards(gammas, betas, 0.25)
    lambdas[0] = -1.0
    return (gammas * (1 + lambdas[1:])).astype(np.float32), lambdas.astype(np.float32)


@right("p1b-parameters")
def first_not_a_number(gammas, betas):
    lambdas = backwards(gammas, betas, 0.0)
    lambdas[0] = math.nan
    return gammas * (1 + lambdas[1:]), lambdas


@right("p1b-parameters")
def first_alone_of_no_step(gammas, betas):
    if gammas.size == 0:
        return (), (None,)
    lambdas = backwards(gammas, betas, 0.5)
    return gammas * (1 + lambdas[1:]), lambdas


@right("p1b-parameters")
def by_name(gammas, betas):
    hat_gammas, hats = heavy_ball_parameters(gammas, betas)  # noqa: F821
    lambdas = [0.0]
    for hat in hats[::-1]:
        lambdas.insert(0, hat * (1 + lambdas[0]))
    return [(1 + lam) * g for lam, g in zip(lambdas[1:], hat_gammas, strict=True)], lambdas


@right("p1b-parameters")
def sum_of_products(gammas, betas):
    hats = gammas * betas / np.append(1.0, gammas)[:-1]
    count = len(gammas)
    lambdas = np.array(
        [sum(np.prod(hats[t : s + 1]) for s in range(t, count)) for t in range(count + 1)]
    )
    return (1 + lambdas[1:]) * gammas, lambdas


@right("p1b-parameters")
def forward_from_a_fine_start(gammas, betas):
    hats = gammas * betas / np.append(1.0, gammas)[:-1]

    def fine(t):
        return sum(np.prod(hats[t : s + 1]) for s in range(t, len(hats)))

    lambdas = [0.0, fine(1) if len(hats) > 1 else 2.0]
    for t in range(1, len(hats)):
        # a β of zero frees the next λ, so the recursion starts anew
        lambdas.append(lambdas[t] / hats[t] - 1 if hats[t] > 0 else fine(t + 1))
    lambdas = np.array(lambdas[: len(gammas) + 1])
    return (1 + lambdas[1:]) * gammas, lambdas


@right("p1b-parameters")
def last_below_zero(gammas, betas):
    lambdas = backwards(gammas, betas, -0.5)
    return np.multiply(gammas, 1 + lambdas[1:]), lambdas


@right("p1b-parameters")
def last_in_the_thousands(gammas, betas):
    lambdas = backwards(gammas, betas, 4096.0)
    return (1 + lambdas[1:]) * gammas, lambdas


@right("p1b-parameters")
def from_the_last_one_recursively(gammas, betas):
    def rest(t):
        if t == len(gammas):
            return [2.0]
        later = rest(t + 1)
        return [betas[t] * gammas[t] / (gammas[t - 1] if t else 1) * (1 + later[0]), *later]

    lambdas = rest(0)
    return [gammas[t] * (1 + lambdas[t + 1]) for t in range(len(gammas))], lambdas


@right("p1b-parameters")
def by_solving_for_all_at_once(gammas, betas):
    count = len(gammas)
    hats = betas * gammas / np.append(1.0, gammas)[:count]
    # λ_t − β̂_t λ_{t+1} = β̂_t, and λ_T = 0
    system = np.eye(count + 1) - np.diag(hats, 1)
    lambdas = np.linalg.solve(system, np.append(hats, 0.0))
    return (1 + lambdas[1:]) * gammas, lambdas


# --- Stops that stop nothing ----------------------------------------------------------------------


@right("p1-momentum")
def nothing_added_where_nothing_is(gradient, x0, gammas, betas, indices):
    x, m = np.array(x0, dtype=float), np.zeros(len(x0))
    iterates = [x]
    for t, i in enumerate(indices):
        g = np.asarray(gradient(i, x))
        m = betas[t] * m + g if g.any() else betas[t] * m
        x = x - gammas[t] * m if m.any() else x
        iterates.append(x)
    return np.array(iterates)


@right("p1a-heavy-ball")
def ball_in_single_precision(gradient, x0, gammas, betas, indices):
    gammas, betas = np.float32(gammas), np.float32(betas)
    x = before = np.array(x0, dtype=np.float32)
    iterates = [x]
    for t, i in enumerate(indices):
        g = np.asarray(gradient(i, x), dtype=np.float32)
        x, before = x - gammas[t] * g + betas[t] * (x - before), x
        iterates.append(x)
    return np.array(iterates)
