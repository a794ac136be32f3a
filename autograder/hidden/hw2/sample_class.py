"""Thirteen sample students of Homework 2, with the marks that each should get."""

from __future__ import annotations

from pathlib import Path

from autograder.course.samples import SampleStudent

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
        hoard.append(np.zeros(10_000_000))


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


# Text answers of some sample students, for a person to read and mark.

WELL_SAID = {
    "p1a-proof": r"""
Take $t \ge 1$. One step earlier (2) reads $x^t = x^{t-1} - \gamma_{t-1} m^{t-1}$, so the memory
can be read off the last move, $m^{t-1} = (x^{t-1} - x^t)/\gamma_{t-1}$. Then (1) and (2) together
are
$$x^{t+1} = x^t - \gamma_t g_t - \gamma_t\beta_t m^{t-1} = x^t - \gamma_t g_t +
\frac{\gamma_t\beta_t}{\gamma_{t-1}}(x^t - x^{t-1}),$$
a step of the ball with $\hat\gamma_t = \gamma_t$ and
$\hat\beta_t = \gamma_t\beta_t/\gamma_{t-1}$. For $t = 0$ there is neither a memory nor a last
move: both methods go to $x^0 - \gamma_0 g_0$.

Back again: given the path of the ball, *call* $m^t := (x^t - x^{t+1})/\gamma_t$, and
$m^{-1} := 0$. That is (2). Divide (3) by $-\gamma_t$ to get
$m^t = g_t + \frac{\hat\beta_t}{\gamma_t}(x^{t-1} - x^t) = g_t + \beta_t m^{t-1}$, which is (1);
at $t = 0$ both memories are 0.
""",
    "p1b-proof": r"""
As $1 + \lambda_{t+1} \ne 0$, (5) can be solved for
$z^t = x^{t+1} + \lambda_{t+1}(x^{t+1} - x^t)$. With this for $t$ and for $t - 1$, (4) says
$$(1 + \lambda_{t+1})(x^{t+1} - x^t) - \lambda_t(x^t - x^{t-1}) = -\eta_t g_t .$$
Dividing by $1 + \lambda_{t+1}$ gives a heavy ball with
$\hat\gamma_t = \eta_t/(1 + \lambda_{t+1})$ and $\hat\beta_t = \lambda_t/(1 + \lambda_{t+1})$. It
is the ball of part a) if $\eta_t = (1 + \lambda_{t+1})\gamma_t$ and
$\lambda_t = (1 + \lambda_{t+1})\gamma_t\beta_t/\gamma_{t-1}$, and this is the relation (times
$\gamma_t/\gamma_{t-1}$). For $t = 0$ use $z^{-1} = x^0$: the term with $\lambda_0$ is absent,
$x^1 = x^0 - \gamma_0 g_0$ as before. Nothing here is more than an equivalence, so one may read it
from the bottom to the top, too.
""",
    "p2a-derivation": r"""
In $\frac12 v^2\sum_k u_k^2$ only one summand has $u_i$ in it:
$\partial L/\partial u_i = v^2 u_i$. And $\partial L/\partial v = \|u\|^2 v$. So
$\nabla L = [v^2 u,\ \|u\|^2 v]$. Once more: $v^2 u_i$ gives $v^2$ for $u_i$, 0 for the other
$u_j$, and $2 v u_i$ for $v$; $\|u\|^2 v$ gives $\|u\|^2$ for $v$. So
$$\nabla^2 L = \begin{bmatrix} v^2 I & 2 v u \\ 2 v u^\top & \|u\|^2 \end{bmatrix},\qquad
\begin{bmatrix} d \times d & d \times 1 \\ 1 \times d & 1 \times 1 \end{bmatrix}.$$
The diagonal holds $v^2$, $d$ times, and $\|u\|^2$ once, so the trace is $d v^2 + \|u\|^2$.
""",
    "p2b-words": r"""
GD: $u^+ = (1 - \eta v^2)\,u$ and $v^+ = (1 - \eta\|u\|^2)\,v$. The point up the hill is
$((1 + \rho v^2) u, (1 + \rho\|u\|^2) v)$, so USAM has the same form with
$v^2 (1 + \rho\|u\|^2)^2 (1 + \rho v^2)$ for $v^2$ and
$\|u\|^2 (1 + \rho v^2)^2 (1 + \rho\|u\|^2)$ for $\|u\|^2$. *Same:* $u$ and $v$ are only scaled,
on the floor nothing moves, and $\rho \to 0$ gives GD. *Different:* USAM shrinks both more, and by
unequal factors whose ratio is $(1 + \rho\|u\|^2) : (1 + \rho v^2)$. The larger of the two loses
more. If that is $u$, then $v$ dies out with a smaller $\|u\|$ left, and $\|u\|^2$ is the trace
there: a flatter end.
""",
    "p2c-conclusion": r"""
All runs end on the cross $uv = 0$, up to rounding. In the first picture every line falls: the
larger $\rho$, the smaller the median trace; a larger $\eta$ helps a little as well. One can't go
on like this for ever. USAM's steps are longer than GD's, and when I doubled $\rho$ a few times
some runs blew up, the ones from the farthest starts first.
""",
    "p3a-proof": r"""
$v_r$ and $w_r$ occur in summand $r$ alone. So
$\partial f/\partial v_r = \sigma(w_r^\top x)/\sqrt m$, and by the chain rule
$\partial f/\partial w_r = v_r\sigma'(w_r^\top x)\,x/\sqrt m$, a vector in $\mathbb{R}^d$.
Stacked: $\partial f/\partial v = \sigma(Wx)/\sqrt m \in \mathbb{R}^m$. For $W$ row $r$ is
$x^\top$ times the number $v_r\sigma'(w_r^\top x)/\sqrt m$, and this is what row $r$ of
$(v\odot\sigma'(Wx))\,x^\top/\sqrt m \in \mathbb{R}^{m\times d}$ is.
""",
    "p3b-proof": r"""
By a), and since $\langle a x^\top, b y^\top\rangle_F = a^\top b\; x^\top y$, $H_{ij}(0)$ is a
mean over $r$. Its terms are
$$Y_r = \sigma(w_r^\top x_i)\,\sigma(w_r^\top x_j) + x_i^\top x_j\, v_r^2\,\sigma'(w_r^\top
x_i)\,\sigma'(w_r^\top x_j).$$
The $Y_r$ depend on different rows of independent weights in one and the same way: they are i.i.d.
So the strong law of large numbers applies if $\mathbb{E}|Y_1| < \infty$. It is: each $w^\top x_i$
is $N(0, 1)$, $\sigma$ and $\sigma'$ grow like powers, the normal distribution has all moments
(use $2|ab| \le a^2 + b^2$), and $v$ is independent of $w$. The limit is $\mathbb{E}[Y_1]$, in
which $\mathbb{E}[v_1^2] = 1$ comes out as a factor.
""",
    "p3c-proof": r"""
Let $S_n$ be (6). From $\sigma'(z; n) = n\sigma(z; n-1)$ and b),
$H^\infty = S_n + n^2\cos\theta\, S_{n-1}$. I find $S_0 = \frac{1}{2\pi}(\pi - \theta)$; then with
$(\frac{\pi-\theta}{\sin\theta})' = -\frac{\sin\theta + (\pi-\theta)\cos\theta}{\sin^2\theta}$
that $S_1 = \frac{1}{2\pi}(\sin\theta + (\pi-\theta)\cos\theta)$; then, writing $N$ for that
bracket, with $N' = -(\pi-\theta)\sin\theta$ that
$$S_2 = \frac{1}{2\pi}\big((\pi-\theta)\sin^2\theta + 3N\cos\theta\big) =
\frac{1}{2\pi}\big(3\sin\theta\cos\theta + (\pi-\theta)(1 + 2\cos^2\theta)\big).$$
$n = 1$: $S_1 + \cos\theta\,S_0 = \frac{1}{2\pi}(\sin\theta + 2(\pi-\theta)\cos\theta)$. $n = 2$:
$S_2 + 4\cos\theta\,S_1 = \frac{1}{2\pi}(7\sin\theta\cos\theta + (\pi-\theta)(1 + 6\cos^2\theta))$.
At $0$ and $\pi$ both sides are limits of their values nearby: the formulas are continuous,
and so are the expectations (dominated convergence).
""",
}

HALF_SAID = {
    "p1a-proof": r"""
From (2): $m^{t-1} = \frac{1}{\gamma_{t-1}}(x^{t-1} - x^t)$. Insert into (1) and (2):
$x^{t+1} = x^t - \gamma_t g_t + \frac{\gamma_t\beta_t}{\gamma_{t-1}}(x^t - x^{t-1})$. This is (3)
with $\hat\beta_t = \gamma_t\beta_t/\gamma_{t-1}$. Done.
""",
    "p1b-proof": r"""
Solve (5) for $z^t$: $z^t = (1 + \lambda_{t+1})x^{t+1} - \lambda_{t+1}x^t$. Now subtract $z^{t-1}$
and compare with a) ... *(not finished)*
""",
    "p2a-derivation": r"""
$\nabla L = (v^2 u, \|u\|^2 v)$ because
$\frac{\partial}{\partial u_i}\frac12\|u\|^2 v^2 = u_i v^2$. Hessian:
$\begin{bmatrix} v^2 & 2uv \\ 2uv & \|u\|^2\end{bmatrix}$, so the trace is $v^2 + \|u\|^2$.
""",
}

SAID_OTHERWISE = {
    "p1a-proof": r"""
Unroll both. Momentum: $m^t = \sum_{s\le t} g_s\prod_{s<k\le t}\beta_k$. For the ball put
$\Delta^t = x^{t+1} - x^t$; from $\Delta^t = -\gamma_t g_t + \hat\beta_t\Delta^{t-1}$ and
$\Delta^{-1} = 0$ follows $\Delta^t = -\sum_{s\le t}\gamma_s g_s\prod_{s<k\le t}\hat\beta_k$. With
$\hat\beta_k = \beta_k\gamma_k/\gamma_{k-1}$ the products telescope,
$\gamma_s\prod\hat\beta_k = \gamma_t\prod\beta_k$, hence $\Delta^t = -\gamma_t m^t$. Two methods
with the same moves from the same start have the same iterates, and the $g_s$ are the same by
induction. This is symmetric in the two, so it is both directions; $t = 0$ is the empty product.
""",
    "p2b-words": r"""
USAM looks a bit up the wall before it decides. Steep walls look steeper from there, so it is more
afraid of them than GD. On the floor both stop.
""",
    "p3b-proof": r"""
$H_{ij}(0)$ is an average of $m$ terms, one for each neuron, and the neurons are independent. By
the law of large numbers averages go to expectations.
""",
}

SAID_WRONGLY = {
    "p1a-proof": r"""
Both methods add $\beta_t$ times the last direction to the gradient step. So they are the same
with $\hat\gamma_t = \gamma_t$, $\hat\beta_t = \beta_t$.
""",
    "p2c-conclusion": r"""
USAM never stops: it keeps jumping across the valley with steps of length $\eta\rho$, since the
gradient is normalised, and so drifts to flatter places.
""",
    "p3c-proof": r"""
With (6) for $n = 2$ one gets
$H^\infty = \frac{1}{2\pi}[5\sin\theta\cos\theta + (\pi-\theta)(1 + 4\cos^2\theta)]$ after two
derivatives, as on the sheet.
""",
}


def _break_json(folder: Path) -> None:
    path = folder / "problem2_landscape.ipynb"
    path.write_text(path.read_text(encoding="utf-8")[:2000], encoding="utf-8")


def _rename_and_forget(folder: Path) -> None:
    (folder / "problem1_momentum.ipynb").rename(folder / "problem1_momentum (1).ipynb")
    (folder / "problem3_ntk.ipynb").unlink()


STUDENTS = (
    SampleStudent("ada", "the reference, with every text answer written", answers=WELL_SAID),
    SampleStudent(
        "bela",
        "the skeleton, untouched",
        done=frozenset(),
        lost={**PROBLEM_1, **PROBLEM_2, **PROBLEM_3},
    ),
    SampleStudent(
        "chloe",
        "half done: Problem 1 and the first half of Problem 2",
        answers=HALF_SAID,
        done=frozenset(f"{item}-answer" for item in (*PROBLEM_1, "p2a-values", "p2b-gd-update")),
        lost={
            **{k: v for k, v in PROBLEM_2.items() if k not in ("p2a-values", "p2b-gd-update")},
            **PROBLEM_3,
        },
    ),
    SampleStudent(
        "dmitri",
        "dampened momentum, and the heavy ball with unchanged β",
        answers={
            "p1-momentum-answer": DAMPENED_MOMENTUM,
            "p1a-parameters-answer": UNCHANGED_BETAS,
            "p1a-proof": SAID_WRONGLY["p1a-proof"],
        },
        lost={"p1-momentum": 1.0, "p1a-parameters": 1.0},
    ),
    SampleStudent(
        "emil",
        "USAM with SAM's normalisation",
        answers={
            "p2c-usam-answer": NORMALISED_SAM,
            "p2c-conclusion": SAID_WRONGLY["p2c-conclusion"],
        },
        lost={"p2c-usam": 1.0},
    ),
    SampleStudent(
        "farah",
        "the sheet's printed form for n = 2, and a forgotten square in the kernel",
        answers={
            "p3c-limit-answer": PRINTED_SQUARED_KERNEL,
            "p3b-kernel-answer": FORGOTTEN_SQUARE,
            "p3c-proof": SAID_WRONGLY["p3c-proof"],
        },
        lost={"p3c-squared": 1.0, "p3b-kernel": 1.0},
    ),
    SampleStudent(
        "güneş",
        "right but unusual: lists, a class, eigenvalues, momentum by way of the heavy ball",
        answers={
            "p1-momentum-answer": MOMENTUM_BY_HEAVY_BALL,
            "p2c-hessian-trace-answer": TRACE_BY_EIGENVALUES,
            **SAID_OTHERWISE,
        },
    ),
    SampleStudent(
        "hana",
        "one cell never ends, and one function never returns",
        before={"p1-plot-answer": "while True:\n    pass"},
        answers={"p1a-heavy-ball-answer": HANGING_HEAVY_BALL},
        lost={"p1a-heavy-ball": 1.0},
        waits=True,
    ),
    SampleStudent(
        "ivo",
        "uses memory until none is left",
        before={"p3-plot-answer": "hoard = [bytearray(10**9) for _ in range(8)]"},
        answers={"p2c-loss-gradient-answer": HUNGRY_LOSS},
        lost={"p2c-loss-gradient": 0.5},
    ),
    SampleStudent(
        "jana",
        "searches the disk for the reference and tries the network",
        answers={"p3b-kernel-answer": SNOOPING_KERNEL},
        lost={"p3b-kernel": 1.0},
    ),
    SampleStudent(
        "kofi",
        "ends the process in the middle of a notebook",
        before={"p2c-gd-answer": "import os\nos._exit(0)"},
    ),
    SampleStudent(
        "lena", "Problem 2 is no longer a valid notebook", spoil=_break_json, lost=PROBLEM_2
    ),
    SampleStudent(
        "mateo",
        "a renamed notebook, and Problem 3 missing",
        spoil=_rename_and_forget,
        lost=PROBLEM_3,
    ),
)
