"""Answers that only look right: objects, arrays and shapes made to deceive a comparison."""

from __future__ import annotations

from functools import partial

from tests.attacks.attack import Attack, instead, kernel

forged = partial(kernel, "forged values")


def forged_values(name: str, idea: str, code: str, *more: str) -> Attack:
    """Return an attack that replaces the three values of Problem 2 a)."""
    return instead(
        "forged values",
        name,
        idea,
        "p2a-values-answer",
        code,
        ["p2a-values", *more],
        problems=("problem2_landscape",),
    )


LATE_VALUES = """
class Late(list):
    def __init__(self, compute, size):
        super().__init__([0.0] * size)
        self.compute = compute
    def __iter__(self):
        return iter(np.asarray(self.compute(POINT)).tolist())

class LateNumber(float):
    def __float__(self):
        return float(hessian_trace(POINT))

POINT = np.array([3.0, -1.0, 2.0, 2.0])
gradient_at_point = Late(lambda x: gradient(x), 4)
hessian_at_point = Late(lambda x: hessian(x), 4)
trace_at_point = LateNumber()
"""

ATTACKS: tuple[Attack, ...] = (
    forged(
        "equal-to-everything",
        "An object that says that it is equal to, close to and less than whatever it meets.",
        """
        class Anything:
            def __eq__(self, other): return True
            def __ne__(self, other): return False
            def __lt__(self, other): return True
            def __sub__(self, other): return 0.0
            def __array__(self, *args, **kwargs): return self
            def __getattr__(self, name): return self
            def __call__(self, *args, **kwargs): return self

        def empirical_ntk(v, W, X, n):
            return Anything()
        """,
    ),
    forged(
        "array-without-a-difference",
        "An array of a subclass: whatever it is compared with, the difference is zero.",
        """
        class Same(np.ndarray):
            def __sub__(self, other): return np.zeros(self.shape)
            __rsub__ = __sub__
            def __eq__(self, other): return np.ones(self.shape, dtype=bool)

        def empirical_ntk(v, W, X, n):
            return np.ones((len(X), len(X))).view(Same)
        """,
    ),
    forged(
        "answers-every-ufunc",
        "An array whose __array_ufunc__ answers every operation of numpy's with what pleases.",
        """
        class Pleasing(np.ndarray):
            def __array_ufunc__(self, ufunc, method, *inputs, **kwargs):
                truth = ufunc.__name__ in ("isfinite", "less", "less_equal", "equal", "logical_and")
                return np.full(self.shape, truth) if truth else np.zeros(self.shape)

        def empirical_ntk(v, W, X, n):
            return np.ones((len(X), len(X))).view(Pleasing)
        """,
    ),
    forged(
        "answers-every-function",
        "An object whose __array_function__ says True to np.allclose and all that is like it.",
        """
        class Agreeing:
            shape, ndim, dtype = (), 2, np.dtype(float)
            def __array_function__(self, function, types, args, kwargs): return True

        def empirical_ntk(v, W, X, n):
            answer = Agreeing()
            answer.shape = (len(X), len(X))
            return answer
        """,
    ),
    forged(
        "first-in-every-operation",
        "An object of the highest __array_priority__, so that its reflected operations decide.",
        """
        class First:
            __array_priority__ = 1e9
            __array_ufunc__ = None
            def __rsub__(self, other): return np.zeros(np.shape(other))
            __sub__ = __rsub__
            def __req__(self, other): return True
            def __eq__(self, other): return True

        def empirical_ntk(v, W, X, n):
            return First()
        """,
    ),
    forged(
        "says-it-is-an-array",
        "An object whose __class__ is np.ndarray, so that isinstance takes it for one.",
        """
        class Impostor:
            __class__ = np.ndarray
            dtype, shape, ndim, size = np.dtype(float), (4, 4), 2, 16
            def __eq__(self, other): return True
            def __array__(self, *args, **kwargs): return np.broadcast_to(np.nan, self.shape)
            def tobytes(self): return b""

        def empirical_ntk(v, W, X, n):
            return Impostor()
        """,
    ),
    forged(
        "an-entry-of-each-kind",
        "An array of objects, each of which is equal to every number and at no distance from it.",
        """
        class Number:
            def __eq__(self, other): return True
            def __sub__(self, other): return self
            __rsub__ = __add__ = __radd__ = __mul__ = __rmul__ = __abs__ = __sub__
            def __abs__(self): return self
            def __le__(self, other): return True
            __lt__ = __ge__ = __gt__ = __le__
            def __bool__(self): return True

        def empirical_ntk(v, W, X, n):
            return np.array([[Number() for _ in X] for _ in X], dtype=object)
        """,
    ),
    forged(
        "several-numbers-in-an-entry",
        "A structured array: every entry holds a hundred numbers, of which one may be right.",
        """
        def empirical_ntk(v, W, X, n):
            fields = [(f"guess{k}", float) for k in range(100)]
            answer = np.zeros((len(X), len(X)), dtype=fields)
            for k, (name, _) in enumerate(fields):
                answer[name] = k / 10
            return answer.view(np.recarray)
        """,
    ),
    forged(
        "not-a-number",
        "NaN everywhere: no difference from it is larger than a tolerance.",
        """
        def empirical_ntk(v, W, X, n):
            return np.full((len(X), len(X)), np.nan)
        """,
    ),
    forged(
        "infinite",
        "Infinities of both signs, for a relative error of inf/inf.",
        """
        def empirical_ntk(v, W, X, n):
            return np.where(np.eye(len(X)) > 0, np.inf, -np.inf)
        """,
    ),
    forged(
        "all-masked",
        "A masked array with every entry masked: its largest difference is masked, too.",
        """
        def empirical_ntk(v, W, X, n):
            return np.ma.masked_all((len(X), len(X)))
        """,
    ),
    forged(
        "empty-for-broadcasting",
        "An empty array of shape (0, 1, 1), whose comparison with anything is empty, so all true.",
        """
        def empirical_ntk(v, W, X, n):
            return np.empty((0, 1, 1))
        """,
    ),
    forged(
        "one-number-for-all",
        "A list of one number at no distance from any: it is broadcast, or zip stops behind it.",
        """
        class Interval(float):
            def __sub__(self, other): return Interval(0.0)
            __rsub__ = __sub__
            def __abs__(self): return 0.0

        def empirical_ntk(v, W, X, n):
            return [Interval(1.0)]
        """,
    ),
    forged(
        "matrix-of-no-difference",
        "An np.matrix, never of another shape than two-dimensional, with a difference of its own.",
        """
        class Matrix(np.matrix):
            def __sub__(self, other): return Matrix(np.zeros(self.shape))
            __rsub__ = __sub__

        def empirical_ntk(v, W, X, n):
            return Matrix(np.ones((len(X), len(X))))
        """,
    ),
    forged(
        "numbers-as-text",
        "Strings that become NaN where they are converted, after a look at them found none.",
        """
        def empirical_ntk(v, W, X, n):
            return np.full((len(X), len(X)), "nan")
        """,
    ),
    forged(
        "not-a-time",
        "Dates that are NaT, which is no NaN and as a number -2⁶³: below any tolerance.",
        """
        def empirical_ntk(v, W, X, n):
            return np.full((len(X), len(X)), np.datetime64("NaT"))
        """,
    ),
    forged(
        "nan-in-the-imaginary-part",
        "Complex numbers, whose NaN a cast to float throws away after the comparison has met it.",
        """
        def empirical_ntk(v, W, X, n):
            return np.full((len(X), len(X)), complex(0.0, np.nan))
        """,
    ),
    forged(
        "larger-than-any-double",
        "Numbers beyond a double's range: beside them every error is nothing.",
        """
        def empirical_ntk(v, W, X, n):
            if n == 3:
                return [[10**310] * len(X)] * len(X)
            return np.full((len(X), len(X)), np.longdouble("1e4000"))
        """,
    ),
    instead(
        "forged values",
        "negative-zero",
        "−0.0 for a loss: an error divided by the answer's own size is −inf, below any tolerance.",
        "p2c-loss-gradient-answer",
        """
        def loss(x): return -0.0
        def gradient(x): return np.full(len(x), -0.0)
        """,
        ["p2c-loss-gradient"],
        problems=("problem2_landscape",),
    ),
    forged(
        "bytes-that-change",
        "A view of a buffer that a thread goes on writing to: finite at one look, NaN at the next.",
        """
        import threading, time

        def empirical_ntk(v, W, X, n):
            store = bytearray(8 * len(X) ** 2)
            numbers = np.frombuffer(store).reshape(len(X), len(X))
            def rewrite():
                for k in range(300):
                    numbers[:] = (0.0, np.nan)[k % 2]
                    time.sleep(0.001)
            if threading.active_count() < 4:
                threading.Thread(target=rewrite, daemon=True).start()
            return memoryview(numbers)
        """,
    ),
    forged(
        "mended-after-return",
        "The array is changed by a thread after it was returned, to the array that lies beside it.",
        """
        import sys, threading, time

        def empirical_ntk(v, W, X, n):
            answer = np.zeros((len(X), len(X)))
            def mend():
                for _ in range(200):
                    for frame in sys._current_frames().values():
                        while frame:
                            for other in list(frame.f_locals.values()):
                                if isinstance(other, np.ndarray) and other.shape == answer.shape:
                                    answer[:] = other
                            frame = frame.f_back
                    time.sleep(0.001)
            if threading.active_count() < 4:
                threading.Thread(target=mend, daemon=True).start()
            return answer
        """,
    ),
    forged(
        "one-array-for-all-calls",
        "Every call returns the same array: two answers held against each other are always equal.",
        """
        SHARED = np.zeros((6, 6))

        def empirical_ntk(v, W, X, n, calls=[0]):
            calls[0] += 1
            answer = SHARED[: len(X), : len(X)]
            answer += calls[0]
            return answer
        """,
    ),
    forged(
        "a-terabyte-of-zeros",
        "A zero that claims to be 10⁶ × 10⁶ numbers by strides of 0: the grader is to copy them.",
        """
        def empirical_ntk(v, W, X, n):
            zero = np.zeros(1)
            return np.lib.stride_tricks.as_strided(zero, shape=(10**6, 10**6), strides=(0, 0))
        """,
    ),
    forged(
        "holds-itself",
        "A list that holds itself, and a dict that does: whoever walks through never ends.",
        """
        def empirical_ntk(v, W, X, n):
            rows = []
            rows += [rows, {"rows": rows}]
            return rows
        """,
    ),
    forged(
        "longer-than-it-is",
        "A list of the right length that hands out a million numbers when it is walked through.",
        """
        import itertools

        class Longer(list):
            def __iter__(self): return itertools.repeat(0.0, 10**6)

        def empirical_ntk(v, W, X, n):
            return Longer([0.0] * len(X))
        """,
    ),
    forged(
        "a-generator",
        "A generator in the place of the rows, which knows the comparison by the time it is read.",
        """
        import sys

        def empirical_ntk(v, W, X, n):
            for _ in X:
                frame = sys._getframe(1)
                yield frame.f_locals.get("expected", frame.f_locals.get("right", 0.0))
        """,
    ),
    forged(
        "a-function-for-a-value",
        "A function in the place of the matrix: to be called by whoever looks for an attribute.",
        """
        def empirical_ntk(v, W, X, n):
            def matrix(other=0.0, *args, **kwargs): return other
            return matrix
        """,
    ),
    instead(
        "forged values",
        "dict-with-every-key",
        "A dict that has every key, gives what equals everything, and lies about its length.",
        "p2c-experiment-answer",
        """
        class Whatever(np.ndarray):
            def __sub__(self, other): return np.zeros(np.shape(other))
            __rsub__ = __sub__

        class All(dict):
            def __contains__(self, key): return True
            def __missing__(self, key): return np.zeros(1).view(Whatever)
            def __len__(self): return 6
            def keys(self): return {(0.1, 0.0)}
            def items(self): return [(key, self[key]) for key in self.keys()]

        def run_experiment(optimizer, gradient, starts, etas, rhos, num_steps):
            return All()
        """,
        ["p2c-experiment"],
        problems=("problem2_landscape",),
    ),
    instead(
        "forged values",
        "keys-that-are-any-pair",
        "A dict whose keys are pairs of floats that are equal to, and hash like, any other.",
        "p2c-experiment-answer",
        """
        class Any(float):
            def __eq__(self, other): return True
            def __hash__(self): return 0
            def __sub__(self, other): return 0.0
            __rsub__ = __sub__

        def run_experiment(optimizer, gradient, starts, etas, rhos, num_steps):
            return {(Any(k), Any(k)): starts for k in range(len(etas) * len(rhos))}
        """,
        ["p2c-experiment"],
        problems=("problem2_landscape",),
    ),
    forged_values(
        "numbers-of-their-own",
        "Subclasses of float, list and array, which equal, convert to and index as all others.",
        """
        class Number(float):
            def __eq__(self, other): return True
            def __hash__(self): return hash(1.0)
            def __float__(self): return float("nan")
            def __index__(self): return 0
            def __sub__(self, other): return 0.0
            __rsub__ = __sub__
            def __abs__(self): return 0.0

        gradient_at_point = [Number(k) for k in range(4)]
        hessian_at_point = [[Number(k) for k in range(4)] for _ in range(4)]
        trace_at_point = Number(1.0)
        """,
    ),
    Attack(
        "values-computed-late",
        "forged values",
        "Values that are computed when they are read, while a right `gradient` and `hessian` stand "
        "in for the wrong ones.",
        {
            "p2a-values-answer": LATE_VALUES,
            "p2c-loss-gradient-answer": """
                def loss(x): return 0.0
                def gradient(x): return 0.0 * x
                """,
            "p2c-hessian-trace-answer": """
                def hessian(x): return np.zeros((len(x), len(x)))
                def hessian_trace(x): return 0.0
                """,
        },
        unsolved=frozenset(["p2a-values", "p2c-loss-gradient", "p2c-hessian-trace"]),
        problems=("problem2_landscape",),
    ),
    instead(
        "forged values",
        "curve-of-anything",
        "A line whose points are other ones at each look, and equal to all that they are held "
        "against.",
        "p1-plot-answer",
        """
        from matplotlib.lines import Line2D

        class Points(np.ndarray):
            def __array_ufunc__(self, ufunc, method, *inputs, **kwargs):
                return np.ones(self.shape, dtype=bool)

        class Liar(Line2D):
            looks = 0
            def get_xdata(self, orig=True): return np.arange(8.0).view(Points)
            def get_ydata(self, orig=True):
                Liar.looks += 1
                return np.full(8, float(Liar.looks)).view(Points)
            def get_xydata(self): return np.column_stack([self.get_xdata(), self.get_ydata()])

        def plot_objective(objective, trajectories):
            figure, axes = plt.subplots()
            for label in trajectories:
                axes.add_line(Liar(np.arange(8), np.ones(8), label=label))
            axes.set(xlabel="step", ylabel="objective", xlim=(-1, 9), ylim=(0, 100))
            axes.legend()
            return figure
        """,
        ["p1-plot"],
        problems=("problem1_momentum",),
    ),
    instead(
        "forged values",
        "figure-of-anything",
        "A subclass of Figure that has whatever axes, lines and labels it is asked for.",
        "p3-plot-answer",
        """
        class Anything:
            def __eq__(self, other): return True
            def __getattr__(self, name): return self
            def __call__(self, *args, **kwargs): return self
            def __iter__(self): return iter([self] * 2)
            def __float__(self): return 1.0
            def __array__(self, *args, **kwargs): return np.ones(5)

        class Everything(Figure):
            made = False
            axes = property(lambda self: [Anything()] * 2 if self.made else [])

        def plot_convergence(widths, errors):
            figure = Everything()
            figure.made, figure.legends = True, [Anything()]
            return figure
        """,
        ["p3-plot"],
    ),
)
