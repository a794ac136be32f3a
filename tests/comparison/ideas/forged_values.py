"""Answers that equal every value they are compared with."""

from __future__ import annotations

from functools import partial

from tests.comparison.ideas.common import kernel

forged = partial(kernel, "forged values")

IDEAS = (
    forged(
        "agreeing-array",
        "An array whose arithmetic and comparisons act as if it were the expected array.",
        """
        class Agreeing(np.ndarray):
            def __array_ufunc__(self, ufunc, method, *inputs, **options):
                undefined = ufunc in (np.isnan, np.isinf)
                return (np.zeros if undefined else np.ones)(self.shape, dtype=bool)

        def empirical_ntk(v, W, X, n):
            return np.zeros((len(X), len(X))).view(Agreeing)
        """,
    ),
    forged(
        "agreeing-functions",
        "An array that replaces the result of np.isclose, so that every value counts as right.",
        """
        class Agreeing(np.ndarray):
            def __array_function__(self, function, types, arguments, options):
                if function is np.isclose:
                    return np.ones(self.shape, dtype=bool)
                return super().__array_function__(function, types, arguments, options)

        def empirical_ntk(v, W, X, n):
            return np.zeros((len(X), len(X))).view(Agreeing)
        """,
    ),
    forged(
        "all-masked",
        "A masked array without a valid entry, so no entry can differ from the expected entry.",
        """
        def empirical_ntk(v, W, X, n):
            return np.ma.masked_all((len(X), len(X)))
        """,
    ),
    forged(
        "value-made-when-compared",
        "A lazy value that, when it is compared, finds the expected value and copies it.",
        """
        import sys

        class Lazy:
            def __init__(self, shape):
                self.shape = shape
            def __array__(self, dtype=None, copy=None):
                frame = sys._getframe(1)
                while frame:
                    for value in list(frame.f_locals.values()):
                        if type(value) is np.ndarray and value.shape == self.shape:
                            if np.allclose(value, value.T):
                                return value
                    frame = frame.f_back
                return np.zeros(self.shape)

        def empirical_ntk(v, W, X, n):
            return Lazy((len(X), len(X)))
        """,
    ),
    forged(
        "not-a-number",
        "NaN on and above the diagonal and infinity below it.",
        """
        def empirical_ntk(v, W, X, n):
            return np.where(np.tri(len(X), k=-1), np.inf, np.nan)
        """,
    ),
    forged(
        "agreeing-entries",
        "Entries are objects: each subtraction with them gives 0, and each comparison is true.",
        """
        class Anything(float):
            def __sub__(self, other): return 0.0
            def __abs__(self): return 0.0
            __rsub__ = __mul__ = __rmul__ = __sub__
            def __le__(self, other): return True
            __lt__ = __eq__ = __ge__ = __le__
            __hash__ = float.__hash__

        def empirical_ntk(v, W, X, n):
            answer = np.empty((len(X), len(X)), dtype=object)
            for index in np.ndindex(answer.shape):
                answer[index] = Anything(1.0)
            return answer
        """,
    ),
)
