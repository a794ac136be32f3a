"""A small class for `fdl demo hw1`: students' submissions, and the points they should lose."""

from __future__ import annotations

from autograder.course.samples import SampleStudent

ZEROS = r"""
With all parameters zero, $h = 0$, so $\nabla_{W_2} = h^\top(\ldots) = 0$. What goes back is
$(\ldots) W_2^\top = 0$, so $W_1$ and $b_1$ stay, too, and this is so in each step. The scores are
$b_2$ for all points: the network learns how many points each class has, and no more.
"""

OWN_WAY = """
def softmax_gradient(W, X, y, reg):
    gradient = 2 * reg * W
    for x, label in zip(X, y):
        powers = np.exp(x @ W)
        for c in range(W.shape[1]):
            gradient[:, c] += (powers[c] / powers.sum() - (c == label)) * x / len(y)
    return gradient
"""

NO_SHIFT = """
def probabilities(scores):
    e = np.exp(scores)
    return e / np.sum(e, axis=1)[:, None]
"""

NO_MASK = """
def network_gradients(params, X, y, reg):
    hidden = np.maximum(X.dot(params["W1"]) + params["b1"], 0)
    s = network_scores(params, X)
    p = np.exp(s) / np.exp(s).sum(1, keepdims=True)
    d = (p - np.eye(p.shape[1])[y]) / len(y)
    back = d @ params["W2"].T
    return dict(W1=X.T @ back + 2 * reg * params["W1"], b1=back.sum(0),
                W2=hidden.T @ d + 2 * reg * params["W2"], b2=d.sum(0))
"""

PER_CENT = """
def plot_errors(history):
    fig, ax = plt.subplots()
    for name in history:
        ax.plot(100 - 100 * history[name], label=name)
    ax.set(xlabel="epoch", ylabel="error in %")
    ax.legend()
    return fig
"""

STUDENTS = (
    SampleStudent(
        "ada",
        "the reference, one answer of her own, and the text",
        answers={"p1-gradient-answer": OWN_WAY, "p2-zeros": ZEROS},
    ),
    SampleStudent(
        "bela",
        "the skeleton, untouched",
        done=frozenset(),
        lost={
            "p1-probabilities": 2,
            "p1-loss": 1,
            "p1-hand": 1,
            "p1-gradient": 2,
            "p1-accuracy": 1,
            "p2-scores": 1,
            "p2-loss": 1,
            "p2-gradients": 3,
            "p2-plot": 1,
            "p2-numerical": 1,
        },
    ),
    SampleStudent(
        "chloe",
        "probabilities without the shift",
        answers={"p1-probabilities-answer": NO_SHIFT},
        lost={"p1-probabilities": 1},
    ),
    SampleStudent(
        "dmitri",
        "no mask, and per cent in the figure",
        answers={"p2-gradients-answer": NO_MASK, "p2-plot-answer": PER_CENT},
        lost={"p2-gradients": 1.5, "p2-plot": 1},
    ),
)
