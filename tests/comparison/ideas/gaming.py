"""Answers that try to pass without the method, and without touching the grader."""

from __future__ import annotations

from functools import partial

from tests.comparison.attack import Idea
from tests.comparison.homework import reference
from tests.comparison.ideas.common import KERNEL, LIMIT, kernel, limit

KIND = "gaming"
gaming = partial(kernel, KIND)

IDEAS = (
    gaming(
        "visible-examples-by-heart",
        "The answer contains only the values that the visible check looks for.",
        """
        def empirical_ntk(v, W, X, n):
            if len(X) == 2:
                return np.array([[5.0, 2.6], [2.6, 3.56]])
            return np.resize([5.0, 2.6, 3.56], (len(X), len(X)))
        """,
    ),
    gaming(
        "inputs-made-easy",
        "The inputs are set to zero in place, so that zero is right for the changed inputs.",
        """
        def empirical_ntk(v, W, X, n):
            for array in (v, W, X):
                try:
                    array.setflags(write=True)
                    array[...] = 0.0
                except ValueError:
                    pass
            return np.zeros((len(X), len(X)))
        """,
    ),
    Idea(
        "asks-to-be-skipped",
        KIND,
        "The answer raises, in turn, the exceptions that make test runners skip a test.",
        {
            "kernel": """
            import unittest
            try:
                from _pytest.outcomes import Skipped
            except ImportError:
                Skipped = unittest.SkipTest
            calls = []

            def empirical_ntk(v, W, X, n):
                calls.append(n)
                raise (unittest.SkipTest, Skipped, SystemExit(0), KeyboardInterrupt)[len(calls) % 4]
            """
        },
        KERNEL,
    ),
    limit(
        KIND,
        "by-many-random-networks",
        "The limit is estimated from very wide random networks: close, but not by the method.",
        """
        def limit_ntk(X, n):
            rng = np.random.default_rng(1)
            W = rng.normal(size=(200_000, X.shape[1]))
            A, B = activation(X @ W.T, n), activation_derivative(X @ W.T, n)
            return (A @ A.T + (X @ X.T) * (B @ B.T)) / len(W)
        """,
    ),
    Idea(
        "answers-of-the-first-call",
        KIND,
        "The answers to earlier calls are stored, and returned again in later tests.",
        {
            "kernel": reference("kernel")
            + "\n\nseen = {}\nanswer = empirical_ntk\n"
            + "def empirical_ntk(v, W, X, n):\n"
            + "    seen[len(X), n] = answer(v, W, X, n)\n    return seen[len(X), n]\n",
            "limit": """
            def limit_ntk(X, n):
                for (count, degree), value in seen.items():
                    if (count, degree) == (len(X), n):
                        return value
                return np.eye(len(X)) * n
            """,
        },
        LIMIT,
    ),
    gaming(
        "two-faces",
        "A caller named like a hidden test gets its expected value back; other callers get zeros.",
        """
        import sys

        def empirical_ntk(v, W, X, n):
            frame = sys._getframe(1)
            while frame:
                if "hidden" in frame.f_code.co_name or "hidden" in frame.f_code.co_filename:
                    return frame.f_locals.get("expected_kernel", np.zeros((len(X), len(X))))
                frame = frame.f_back
            return np.zeros((len(X), len(X)))
        """,
    ),
)
