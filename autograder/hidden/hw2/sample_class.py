"""Twelve students and a half: what classes are made of, with the marks that each should get."""

from __future__ import annotations

from pathlib import Path

from autograder.samples import SampleStudent

PROBLEM_1 = {
    "p1-momentum": 1.0,
    "p1a-heavy-ball": 1.0,
    "p1a-parameters": 1.0,
    "p1b-ima": 1.0,
    "p1b-parameters": 1.0,
    "p1-plot": 1.0,
}
PROBLEM_2 = {
    "p2a-values": 2.0,
    "p2b-gd-update": 1.0,
    "p2b-usam-update": 2.0,
    "p2c-loss-gradient": 1.0,
    "p2c-hessian-trace": 1.0,
    "p2c-gd": 1.0,
    "p2c-usam": 1.0,
    "p2c-experiment": 1.0,
    "p2c-trace-plot": 1.0,
    "p2c-surface-plot": 1.0,
}
PROBLEM_3 = {
    "p3a-gradients": 1.0,
    "p3b-kernel": 1.0,
    "p3c-relu": 1.0,
    "p3c-squared": 1.0,
    "p3-plot": 1.0,
}

DAMPENED_MOMENTUM = """
def momentum(gradient, x0, gammas, betas, indices):
    x = np.array(x0, dtype=float)
    m = np.zeros_like(x)
    iterates = [x]
    for gamma, beta, i in zip(gammas, betas, indices):
        m = beta * m + (1 - beta) * gradient(i, x)
        x = x - gamma * m
        iterates.append(x)
    return np.array(iterates)
"""

UNCHANGED_BETAS = """
def heavy_ball_parameters(gammas, betas):
    return np.array(gammas, dtype=float), np.array(betas, dtype=float)
"""

MOMENTUM_BY_HEAVY_BALL = '''
class Ball:
    """Where the ball is, and where it was."""

    def __init__(self, start):
        self.now = [float(entry) for entry in start]
        self.before = list(self.now)

    def roll(self, step, push, gradient):
        new = [n - step * float(g) + push * (n - b)
               for n, b, g in zip(self.now, self.before, gradient)]
        self.before, self.now = self.now, new


def momentum(gradient, x0, gammas, betas, indices):
    ball, last = Ball(x0), 1.0
    path = [list(ball.now)]
    for t in range(len(indices)):
        push = gammas[t] * betas[t] / last
        ball.roll(gammas[t], push, gradient(indices[t], np.array(ball.now)))
        last = gammas[t]
        path.append(list(ball.now))
    return path
'''

TRACE_BY_EIGENVALUES = """
def hessian(x):
    *u, v = [float(entry) for entry in x]
    rows = [[v**2 * (i == j) for j in range(len(u))] + [2 * v * u[i]] for i in range(len(u))]
    return rows + [[2 * v * entry for entry in u] + [sum(entry**2 for entry in u)]]


def hessian_trace(x):
    return np.array(np.linalg.eigvalsh(np.array(hessian(x))).sum())
"""

NORMALISED_SAM = """
def usam(gradient, x0, eta, rho, num_steps):
    x = np.array(x0, dtype=float)
    etas = np.broadcast_to(eta, (num_steps,))
    iterates = [x]
    for step in etas:
        g = gradient(x)
        x = x - step * gradient(x + rho * g / (np.linalg.norm(g) + 1e-12))
        iterates.append(x)
    return np.array(iterates)
"""

PRINTED_SQUARED_KERNEL = """
def limit_ntk(X, n):
    X = np.asarray(X, dtype=float)
    cos = np.clip(X @ X.T, -1, 1)
    theta = np.arccos(cos)
    if n == 1:
        return (np.sin(theta) + 2 * (np.pi - theta) * cos) / (2 * np.pi)
    return (5 * np.sin(theta) * cos + (np.pi - theta) * (1 + 4 * cos**2)) / (2 * np.pi)
"""

FORGOTTEN_SQUARE = """
def empirical_ntk(v, W, X, n):
    m = len(v)
    A = activation(X @ W.T, n)
    B = activation_derivative(X @ W.T, n) * np.sqrt(np.abs(v))
    return (A @ A.T + (X @ X.T) * (B @ B.T)) / m
"""

HANGING_HEAVY_BALL = """
def heavy_ball(gradient, x0, gammas, betas, indices):
    while True:
        pass
"""

HUNGRY_LOSS = """
def loss(x):
    hoard = []
    while True:
        hoard.append(np.ones(10_000_000))


def gradient(x):
    u, v = x[:-1], x[-1]
    return np.append(v**2 * u, v * (u @ u))
"""

SNOOPING_KERNEL = """
import os, pathlib, socket

def empirical_ntk(v, W, X, n):
    for root in ("/", os.getcwd(), os.path.expanduser("~")):
        for path in pathlib.Path(root).rglob("*ntk*.py"):
            text = path.read_text()
            if "def empirical_ntk" in text:
                scope = {}
                exec(text, scope)
                return scope["empirical_ntk"](v, W, X, n)
    socket.create_connection(("127.0.0.1", 80), timeout=1)
"""


def _break_json(folder: Path) -> None:
    path = folder / "problem2_landscape.ipynb"
    path.write_text(path.read_text(encoding="utf-8")[:2000], encoding="utf-8")


def _rename_and_forget(folder: Path) -> None:
    (folder / "problem1_momentum.ipynb").rename(folder / "problem1_momentum (1).ipynb")
    (folder / "problem3_ntk.ipynb").unlink()


STUDENTS = (
    SampleStudent("ada", "the reference, as it stands"),
    SampleStudent(
        "bela",
        "the skeleton, untouched",
        done=frozenset(),
        lost={**PROBLEM_1, **PROBLEM_2, **PROBLEM_3},
    ),
    SampleStudent(
        "chloe",
        "half done: Problem 1 and the first half of Problem 2",
        done=frozenset(f"{item}-answer" for item in (*PROBLEM_1, "p2a-values", "p2b-gd-update")),
        lost={
            **{k: v for k, v in PROBLEM_2.items() if k not in ("p2a-values", "p2b-gd-update")},
            **PROBLEM_3,
        },
    ),
    SampleStudent(
        "dmitri",
        "dampened momentum, and the heavy ball's β taken over unchanged",
        answers={"p1-momentum-answer": DAMPENED_MOMENTUM, "p1a-parameters-answer": UNCHANGED_BETAS},
        lost={"p1-momentum": 1.0, "p1a-parameters": 1.0},
    ),
    SampleStudent(
        "emil",
        "USAM with SAM's normalisation",
        answers={"p2c-usam-answer": NORMALISED_SAM},
        lost={"p2c-usam": 1.0},
    ),
    SampleStudent(
        "farah",
        "the sheet's printed form for n = 2, and a forgotten square in the kernel",
        answers={
            "p3c-limit-answer": PRINTED_SQUARED_KERNEL,
            "p3b-kernel-answer": FORGOTTEN_SQUARE,
        },
        lost={"p3c-squared": 1.0, "p3b-kernel": 1.0},
    ),
    SampleStudent(
        "güneş",
        "right but unusual: lists, a class, eigenvalues, momentum by way of the heavy ball",
        answers={
            "p1-momentum-answer": MOMENTUM_BY_HEAVY_BALL,
            "p2c-hessian-trace-answer": TRACE_BY_EIGENVALUES,
        },
    ),
    SampleStudent(
        "hana",
        "one cell never ends, and one function neither",
        before={"p1-plot-answer": "while True:\n    pass"},
        answers={"p1a-heavy-ball-answer": HANGING_HEAVY_BALL},
        lost={"p1a-heavy-ball": 1.0},
    ),
    SampleStudent(
        "ivo",
        "takes memory until there is none",
        before={"p3-plot-answer": "hoard = [bytearray(10**9) for _ in range(8)]"},
        answers={"p2c-loss-gradient-answer": HUNGRY_LOSS},
        lost={"p2c-loss-gradient": 0.5},
    ),
    SampleStudent(
        "jana",
        "looks for the reference on the disk and calls the network",
        answers={"p3b-kernel-answer": SNOOPING_KERNEL},
        lost={"p3b-kernel": 1.0},
    ),
    SampleStudent(
        "kofi",
        "ends the process in the middle of a notebook",
        before={"p2c-gd-answer": "import os\nos._exit(0)"},
    ),
    SampleStudent(
        "lena", "Problem 2 is not a notebook any more", spoil=_break_json, lost=PROBLEM_2
    ),
    SampleStudent(
        "mateo",
        "a renamed notebook, and Problem 3 missing",
        spoil=_rename_and_forget,
        lost=PROBLEM_3,
    ),
)
