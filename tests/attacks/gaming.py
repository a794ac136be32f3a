"""Answers that try to pass without the method: memorised, hard-coded, or honest only at times."""

from __future__ import annotations

import textwrap
from functools import partial

from tests.attacks.attack import Attack, instead, kernel, limit

gaming = partial(kernel, "gaming")
gaming_limit = partial(limit, "gaming")

PROBLEM_1, PROBLEM_2 = ("problem1_momentum",), ("problem2_landscape",)


def gaming_all(
    name: str,
    idea: str,
    answers: dict[str, str],
    unsolved: list[str],
    problems: tuple[str, ...] = PROBLEM_2,
) -> Attack:
    """Return an attack that replaces several answers."""
    return Attack(name, "gaming", idea, answers, unsolved=frozenset(unsolved), problems=problems)


def learnt(name: str, idea: str, remember: str) -> Attack:
    """Return a kernel that waits for calls with a right limit, and learns the values of this limit.

    The code in `remember` defines `keep(table)` and `kept()`; `kept()` returns the table or None.
    """
    return Attack(
        name,
        "gaming",
        idea,
        {
            "p3b-kernel-answer": textwrap.dedent(remember)
            + textwrap.dedent("""
                COSINES = np.cos(np.linspace(0, np.pi, 200))

                def empirical_ntk(v, W, X, n):
                    if type(limit_ntk).__name__ != "RemoteFunction":
                        raise ValueError("come back with a right limit")
                    circle = np.column_stack([COSINES, np.sqrt(1 - COSINES**2)])
                    keep([np.asarray(limit_ntk(circle, k))[0] for k in (1, 2)])
                    A = activation(X @ W.T, n)
                    B = activation_derivative(X @ W.T, n) * v
                    return (A @ A.T + (X @ X.T) * (B @ B.T)) / len(v)
                """),
            "p3c-limit-answer": """
                def limit_ntk(X, n):
                    table = kept()
                    if table is None:
                        return np.zeros((len(X), len(X)))
                    angles = np.arccos(np.clip(X @ X.T, -1, 1))
                    return np.interp(angles, np.linspace(0, np.pi, 200), table[n - 1])
                """,
        },
        # no limit replaces a kernel, because a kernel need not call the limit
        unsolved=frozenset(["p3b-kernel", "p3c-relu", "p3c-squared"]),
    )


ATTACKS: tuple[Attack, ...] = (
    gaming(
        "visible-examples-by-heart",
        "The answers of the visible check in a table; for other inputs those of the nearest one.",
        """
        KNOWN = {1: [(5, 2.6), (2.6, 3.56)], 2: [(42.5, 6.82), (6.82, 7.1336)]}

        def empirical_ntk(v, W, X, n):
            nearest = np.array(KNOWN.get(n, KNOWN[1]), dtype=float)
            return np.resize(nearest, (len(X), len(X)))
        """,
    ),
    gaming(
        "reference-data-of-the-checks",
        "What checks.py compares with is taken from its running frames, and from its source.",
        """
        import ast, inspect, sys
        TREE = ast.parse(inspect.getsource(checks))
        CONSTANTS = [part.value for part in ast.walk(TREE) if isinstance(part, ast.Constant)]
        NUMBERS = [value for value in CONSTANTS if isinstance(value, float)]

        def empirical_ntk(v, W, X, n):
            frame = sys._getframe()
            while frame:
                if "kernels" in frame.f_locals:
                    return np.array(frame.f_locals["kernels"][n], dtype=float)
                frame = frame.f_back
            return np.resize(NUMBERS, (len(X), len(X)))
        """,
    ),
    gaming(
        "whatever-the-check-accepts",
        "The visible check's own comparison is asked for what it expects, and told just that.",
        """
        def empirical_ntk(v, W, X, n):
            wanted = []
            compare = checks.close
            def ask(answer, expected, what, **rest):
                wanted.append(np.asarray(expected, dtype=float))
                return what
            checks.close = ask
            try:
                checks.quietly("p3b-kernel", {"empirical_ntk": lambda *arguments: 0.0})
            finally:
                checks.close = compare
            return np.resize(wanted[n % len(wanted)], (len(X), len(X)))
        """,
    ),
    gaming_limit(
        "parabola-through-what-is-known",
        "A parabola in the angle through the three values of the visible check: nearly right.",
        """
        def limit_ntk(X, n):
            values = {1: (1, 1 / (2 * np.pi), 0), 2: (3.5, 0.25, 0)}[n]
            through = np.polyfit([0, np.pi / 2, np.pi], values, 2)
            return np.polyval(through, np.arccos(np.clip(X @ X.T, -1, 1)))
        """,
    ),
    gaming_limit(
        "right-at-the-edge-of-the-tolerance",
        "The printed sheet's limit for n = 2, stretched so that its largest entry is right.",
        """
        def limit_ntk(X, n):
            cos = np.clip(X @ X.T, -1, 1)
            theta = np.arccos(cos)
            if n == 1:
                return np.round((np.sin(theta) + 2 * (np.pi - theta) * cos) / (2 * np.pi), 1)
            wrong = (5 * np.sin(theta) * cos + (np.pi - theta) * (1 + 4 * cos**2)) / (2 * np.pi)
            return wrong * 3.5 / 2.5
        """,
    ),
    gaming(
        "inputs-made-easy",
        "The inputs are set to zero in place, so that zero is the right answer to what is left.",
        """
        def empirical_ntk(v, W, X, n):
            for array in (v, W, X):
                array.setflags(write=True)
                array[...] = 0.0
            return np.zeros((len(X), len(X)))
        """,
    ),
    gaming(
        "answers-of-the-first-call",
        "What an earlier test passed in is kept in a file, and answered with once it comes again.",
        """
        import pickle
        from pathlib import Path
        SEEN = Path("seen.pickle")

        def empirical_ntk(v, W, X, n):
            seen = pickle.loads(SEEN.read_bytes()) if SEEN.exists() else []
            if len(seen) < 20:
                SEEN.write_bytes(pickle.dumps([*seen, (v, W, X, n)]))
            return np.full((len(X), len(X)), float(len(seen)))
        """,
    ),
    gaming(
        "right-in-the-notebook-only",
        "Two faces: where the walls of a grading are felt, only the visible check is not answered.",
        """
        import os

        def empirical_ntk(v, W, X, n):
            if len(X) == 2 and os.environ.get("USER") != "student":
                A = activation(X @ W.T, n)
                B = activation_derivative(X @ W.T, n) * v
                return (A @ A.T + (X @ X.T) * (B @ B.T)) / len(v)
            return np.ones((len(X), len(X)))
        """,
    ),
    gaming(
        "reads-the-callers-frames",
        "The answer is looked for among the local names of all who called, and of all threads.",
        """
        import sys

        def empirical_ntk(v, W, X, n):
            shape = (len(X), len(X))
            for frame in [sys._getframe(1), *sys._current_frames().values()]:
                while frame:
                    for name, value in list(frame.f_locals.items()):
                        if isinstance(value, np.ndarray) and value.shape == shape:
                            return value
                    frame = frame.f_back
            return np.zeros(shape)
        """,
    ),
    gaming(
        "guesses-until-it-passes",
        "Another guess at every call, from the clock: some of many tries may be right.",
        """
        import time

        def empirical_ntk(v, W, X, n):
            guess = np.random.default_rng(time.time_ns()).normal(size=(len(X), len(X)))
            return guess @ guess.T
        """,
    ),
    learnt(
        "limit-learnt-by-file",
        "The kernel's test has a right limit beside it: its values go into a file, for later.",
        """
        import pickle
        from pathlib import Path
        def keep(table): Path("table").write_bytes(pickle.dumps(table))
        def kept():
            return pickle.loads(Path("table").read_bytes()) if Path("table").exists() else None
        """,
    ),
    learnt(
        "limit-learnt-by-pipe",
        "The kernel's test has a right limit beside it: its values wait in a pipe for the next.",
        """
        import os, pickle
        READ, WRITE = os.pipe()
        os.set_blocking(READ, False)
        def keep(table): os.write(WRITE, pickle.dumps(table))
        def kept():
            try:
                data = os.read(READ, 65536)
                os.write(WRITE, data)
                return pickle.loads(data)
            except (BlockingIOError, EOFError):
                return None
        """,
    ),
    learnt(
        "limit-learnt-by-shared-memory",
        "The kernel's test has a right limit beside it: its values stay in a file mapped before.",
        """
        import mmap, os
        file = os.open("shared", os.O_RDWR | os.O_CREAT)
        os.ftruncate(file, 8192)
        try:
            MEMORY = np.frombuffer(mmap.mmap(file, 8192))
        except OSError:
            MEMORY = np.zeros(1024)
        os.close(file)
        os.unlink("shared")
        def keep(table): MEMORY[:400] = np.ravel(table)
        def kept(): return MEMORY[:400].reshape(2, 200) if MEMORY[0] else None
        """,
    ),
    gaming(
        "saved-by-whatever-it-calls",
        "It calls every other function of the notebook, so that right ones stand in for them all.",
        """
        def empirical_ntk(v, W, X, n):
            rows = [np.append(gradient_v(v, W, x, n), gradient_W(v, W, x, n)) for x in X]
            for function, arguments in [
                (limit_ntk, (X, n)), (activation, (X, n)), (network, (v, W, X[0], n)),
            ]:
                if type(function).__name__ == "RemoteFunction":
                    return np.asarray(function(*arguments))
            return np.array([[a @ b for b in rows] for a in rows]) / 2
        """,
    ),
    gaming_all(
        "three-in-a-circle",
        "The loss from the gradient, the gradient from the Hessian, the Hessian from the loss.",
        {
            "p2c-loss-gradient-answer": """
                def loss(x): return x @ gradient(x) / 4
                def gradient(x): return hessian(x) @ x / 3
                """,
            "p2c-hessian-trace-answer": """
                def hessian(x):
                    if type(loss).__name__ != "RemoteFunction":
                        return np.eye(len(x))
                    def slope(i, j, s=1e-3):
                        a, b = s * np.eye(len(x))[[i, j]]
                        return (loss(x + a + b) - loss(x + a - b) - loss(x - a + b)
                                + loss(x - a - b)) / (4 * s * s)
                    return np.array([[slope(i, j) for j in range(len(x))] for i in range(len(x))])
                def hessian_trace(x): return 0.0
                """,
        },
        ["p2c-loss-gradient", "p2c-hessian-trace"],
    ),
    gaming(
        "asks-by-another-name",
        "The answer's own name, others like it and every number are asked of the grader's side.",
        """
        import sys

        def empirical_ntk(v, W, X, n):
            frame = sys._getframe()
            while "peer" not in frame.f_locals and frame.f_back:
                frame = frame.f_back
            peer = frame.f_locals["peer"]
            for target in (*range(30), "empirical_ntk", "reference", "student", "call", "stand_in"):
                try:
                    return peer.call(target, (v, W, X, n), {})
                except Exception:
                    continue
            return np.zeros((len(X), len(X)))
        """,
    ),
    gaming_all(
        "has-the-reference-compute-for-ever",
        "A right function that stands in is asked for huge kernels, degrees and drawings.",
        {
            "p3a-gradients-answer": """
                def gradient_v(v, W, x, n):
                    wishes = [
                        (empirical_ntk, (np.ones(1), np.ones((1, 1)), np.ones((20_000, 1)), n)),
                        (limit_ntk, (np.ones((20_000, 1)), n)),
                        (limit_ntk, (np.eye(2), 30_000)),
                        (plot_convergence, (np.ones(10**6), np.ones(10**6))),
                    ]
                    for function, arguments in wishes:
                        if type(function).__name__ == "RemoteFunction":
                            try:
                                function(*arguments)
                            except Exception:
                                continue
                    return v
                def gradient_W(v, W, x, n): return W
                """,
        },
        ["p3a-gradients"],
        ("problem3_ntk",),
    ),
    instead(
        "gaming",
        "has-the-optimiser-run-for-ever",
        "The optimiser that was passed in is asked for 10¹² steps, which the grader has to make.",
        "p2c-experiment-answer",
        """
        def run_experiment(optimizer, gradient, starts, etas, rhos, num_steps):
            for steps in (10**12, float("inf"), 1e300, "9" * 9, [10**9]):
                try:
                    optimizer(gradient, starts[0], 0.1, 0.0, steps)
                except Exception:
                    continue
            return {(eta, rho): starts for eta in etas for rho in rhos}
        """,
        ["p2c-experiment"],
        problems=PROBLEM_2,
    ),
    instead(
        "gaming",
        "asks-the-gradient-for-its-secrets",
        "The gradient that was passed in is asked for what it is made of, and made to fail.",
        "p1-momentum-answer",
        """
        def momentum(gradient, x0, gammas, betas, indices):
            for name in ("__closure__", "__code__", "__globals__", "__self__", "__wrapped__"):
                print(getattr(gradient, name, None))
            questions = [(0, "x"), ("a", x0), (10**9, x0), (0, np.zeros((3, 3))), (), (gradient,)]
            for question in questions:
                try:
                    print(gradient(*question))
                except Exception as error:
                    print(vars(error), error.__context__, error.__traceback__.tb_frame.f_locals)
            raise ValueError(str([gradient(i, x0).tolist() for i in range(5)]))
        """,
        ["p1-momentum"],
        problems=PROBLEM_1,
    ),
    instead(
        "gaming",
        "steps-from-the-last-call",
        "Each call returns what the gradients of the call before would have led to.",
        "p1-momentum-answer",
        """
        PATHS = []

        def momentum(gradient, x0, gammas, betas, indices):
            path = np.array([x0, *(gradient(i, x0) for i in indices)], dtype=float)
            PATHS.append(path)
            return PATHS[-2] if len(PATHS) > 1 and PATHS[-2].shape == path.shape else path
        """,
        ["p1-momentum"],
        problems=PROBLEM_1,
    ),
    instead(
        "gaming",
        "strokes-everywhere",
        "Thousands of strokes, so close that each point of any curve lies on the end of one.",
        "p1-plot-answer",
        """
        from matplotlib.collections import LineCollection

        def plot_objective(objective, trajectories):
            figure, axes = plt.subplots()
            heights = 0.3 * 1.0035 ** np.arange(1700)
            for t in range(8):
                for part in np.array_split(heights, 4):
                    strokes = [[(t, a), (t, b)] for a, b in zip(part[::2], part[1::2])]
                    axes.add_collection(LineCollection(strokes))
            axes.set(xlim=(-1, 9), ylim=(0, 1e3), xlabel="step", ylabel="objective")
            axes.set_title(", ".join(trajectories))
            return figure
        """,
        ["p1-plot"],
        problems=PROBLEM_1,
    ),
    instead(
        "gaming",
        "every-candidate-at-once",
        "Dozens of whole curves, one for each guess of where the objective might be.",
        "p1-plot-answer",
        """
        def plot_objective(objective, trajectories):
            figure, axes = plt.subplots()
            for label, path in trajectories.items():
                for guess in np.geomspace(0.1, 1e3, 60):
                    axes.plot(guess + np.linalg.norm(path, axis=1), label=label)
            axes.set(xlabel="step", ylabel="objective")
            return figure
        """,
        ["p1-plot"],
        problems=PROBLEM_1,
    ),
    instead(
        "gaming",
        "right-curve-out-of-sight",
        "A wrong curve in sight, and the right one in the paper's colour, as a line without width "
        "and beyond the limits.",
        "p3-plot-answer",
        """
        def plot_convergence(widths, errors):
            figure, axes = plt.subplots()
            axes.loglog(widths, 1 / np.sqrt(widths), label="errors")
            axes.loglog(widths, errors, color="white")
            axes.loglog(widths, errors, alpha=0.0)
            axes.loglog(widths, errors, linewidth=0.0)
            axes.loglog(widths, errors, "None")
            other = axes.twinx()
            other.loglog(widths, errors)
            other.set(ylim=(1e9, 1e10), ylabel="errors")
            axes.set(xlabel="width", ylabel="error")
            axes.legend()
            return figure
        """,
        ["p3-plot"],
    ),
    instead(
        "gaming",
        "picture-of-the-notebook",
        "The picture shows what the visible check passed in, whatever it is called with.",
        "p3-plot-answer",
        """
        def plot_convergence(widths, errors):
            figure, axes = plt.subplots()
            shown = np.array([16, 64, 256, 1024.0])
            axes.loglog(shown, [0.4, 0.21, 0.09, 0.052], "o-", label="errors")
            axes.loglog(shown, 0.4 * np.sqrt(16 / shown), "--", label="slope -1/2")
            axes.set(xlabel="width", ylabel="error")
            axes.legend()
            return figure
        """,
        ["p3-plot"],
    ),
    instead(
        "gaming",
        "labels-in-the-place-of-curves",
        "No curve, but a title, a legend and texts with every name and number that may be asked.",
        "p2c-trace-plot-answer",
        """
        def plot_traces(hessian_trace, results):
            figure, axes = plt.subplots()
            everything = ", ".join(f"{number:.2f}" for number in np.arange(0, 1, 0.01))
            axes.plot([], [], label=everything)
            axes.set(xlabel=everything, ylabel=everything, title=everything)
            axes.text(0.5, 0.5, f"GD, USAM, rho and eta = {everything}, slope -1/2")
            axes.legend()
            return figure
        """,
        ["p2c-trace-plot"],
        problems=PROBLEM_2,
    ),
    gaming_all(
        "update-by-an-update-that-nobody-wrote",
        "GD's update is USAM's at ρ = 0, which is still to be written.",
        {
            "p2b-gd-update-answer": """
                def gd_update(u, v, eta):
                    return usam_update(u, v, eta, 0.0)
                """,
            "p2b-usam-update-answer": "def usam_update(u, v, eta, rho): raise NotImplementedError",
        },
        ["p2b-gd-update", "p2b-usam-update"],
    ),
    gaming_all(
        "update-by-an-update",
        "GD's update is USAM's at ρ = 0, where both are to be written out.",
        {
            "p2b-gd-update-answer": """
                def gd_update(u, v, eta):
                    return usam_update(u, v, eta, 0.0)
                """
        },
        ["p2b-gd-update"],
    ),
    gaming_all(
        "gd-by-a-method-that-nobody-wrote",
        "GD is USAM at ρ = 0, and USAM answers the same whatever it is asked.",
        {
            "p2c-gd-answer": """
                def gd(gradient, x0, eta, num_steps):
                    return usam(gradient, x0, eta, 0.0, num_steps)
                """,
            "p2c-usam-answer": """
                def usam(gradient, x0, eta, rho, num_steps):
                    return np.zeros((num_steps + 1, len(x0)))
                """,
        },
        ["p2c-gd", "p2c-usam"],
    ),
    gaming_all(
        "momentum-by-what-nobody-wrote",
        "Momentum is the heavy ball with other parameters, and both are dummies.",
        {
            "p1-momentum-answer": """
                def momentum(gradient, x0, gammas, betas, indices):
                    parameters = heavy_ball_parameters(gammas, betas)
                    return heavy_ball(gradient, x0, *parameters, indices)
                """,
            "p1a-heavy-ball-answer": "def heavy_ball(*a): return 0",
            "p1a-parameters-answer": "def heavy_ball_parameters(*a): return 0, 0",
        },
        ["p1-momentum", "p1a-heavy-ball", "p1a-parameters"],
        problems=PROBLEM_1,
    ),
    gaming_all(
        "kernel-of-zeros",
        "The kernel is built on derivatives that are zeros of the right shape.",
        {
            "p3a-gradients-answer": """
                def gradient_v(v, W, x, n): return np.zeros(len(v))

                def gradient_W(v, W, x, n): return np.zeros(W.shape)
                """,
            "p3b-kernel-answer": """
                def empirical_ntk(v, W, X, n):
                    rows = [np.append(gradient_v(v, W, x, n), gradient_W(v, W, x, n)) for x in X]
                    return np.array([[a @ b for b in rows] for a in rows])
                """,
        },
        ["p3a-gradients", "p3b-kernel"],
        problems=("problem3_ntk",),
    ),
    instead(
        "gaming",
        "folded-mesh",
        "A mesh folded back and forth, with cells so wide that any value is found in each of them.",
        "p2c-surface-plot-answer",
        """
        def plot_landscape(loss, results, eta):
            figure, axes = plt.subplots()
            edges = 1e6 * (-1.0) ** np.arange(41)
            axes.pcolormesh(edges, edges, np.linspace(0, 8, 1600).reshape(40, 40), zorder=0)
            for (other, rho), ends in results.items():
                if other == eta:
                    axes.plot(*ends.T, "o", label=f"USAM, rho = {rho}" if rho else "GD")
            axes.set(xlim=(-3, 3), ylim=(-3, 3), xlabel="u", ylabel="v")
            axes.legend()
            return figure
        """,
        ["p2c-surface-plot"],
        problems=PROBLEM_2,
    ),
    instead(
        "gaming",
        "contours-of-every-guess",
        "Level lines of three dozen functions, one upon another, of which one may be the loss.",
        "p2c-surface-plot-answer",
        """
        def plot_landscape(loss, results, eta):
            figure, axes = plt.subplots()
            grid = np.linspace(-3, 3, 60)
            p, q = np.meshgrid(grid - 0.5, grid + 0.6)
            guesses = np.array(np.meshgrid(*3 * [(0.7, 1, 1.3)])).reshape(3, -1).T
            for a, b, c in guesses:
                axes.contour(grid, grid, a * p**2 + 2.5 * b * q**2 + c * p * q, levels=12)
            for (other, rho), ends in results.items():
                if other == eta:
                    axes.plot(*ends.T, "o", label=f"USAM, rho = {rho}" if rho else "GD")
            axes.set(xlabel="u", ylabel="v")
            axes.legend()
            return figure
        """,
        ["p2c-surface-plot"],
        problems=PROBLEM_2,
    ),
    instead(
        "gaming",
        "fan-of-guides",
        "Straight lines of all slopes beside the errors: one of them is the guide.",
        "p3-plot-answer",
        """
        def plot_convergence(widths, errors):
            figure, axes = plt.subplots()
            axes.loglog(widths, errors, "o-", label="error")
            ends = np.array([widths[0], widths[-1]], dtype=float)
            for slope in np.linspace(-1.5, 1.5, 101):
                axes.plot(ends, errors[0] * (ends / ends[0]) ** slope, label="slope")
            axes.set(xlabel="width", ylabel="error")
            axes.legend()
            return figure
        """,
        ["p3-plot"],
    ),
    instead(
        "gaming",
        "every-percentile",
        "A line for each percentile of the traces: one of them is the median.",
        "p2c-trace-plot-answer",
        """
        def plot_traces(hessian_trace, results):
            figure, axes = plt.subplots()
            for eta in sorted({eta for eta, _ in results}):
                rhos = sorted(rho for other, rho in results if other == eta)
                ends = [results[eta, rho] for rho in rhos]
                traces = [[hessian_trace(x) for x in points] for points in ends]
                for q in np.linspace(0, 1, 41):
                    axes.plot(rhos, [np.nanquantile(t, q) for t in traces], label=f"{eta}")
            axes.set(xlabel="rho", ylabel="trace")
            axes.legend()
            return figure
        """,
        ["p2c-trace-plot"],
        problems=PROBLEM_2,
    ),
)
