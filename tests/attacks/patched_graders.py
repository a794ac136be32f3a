"""Submissions that change modules that a grader in the same process would use."""

from __future__ import annotations

import textwrap
from functools import partial

from tests.attacks.attack import Attack, cell, instead, kernel

patched = partial(kernel, "patched graders")
beside = partial(cell, "patched graders")

WRONG = """
def empirical_ntk(v, W, X, n):
    return np.ones((len(X), len(X)))
"""

WRONG_AFTER_TAMPERING = """
import os
NOTEBOOK = os.getpid()

def empirical_ntk(v, W, X, n):
    if os.getpid() != NOTEBOOK:
        tamper()
    return np.ones((len(X), len(X)))
"""


def patched_first(name: str, idea: str, code: str) -> Attack:
    """Return an attack that changes something when its cell runs, and then gives wrong answers."""
    return patched(name, idea, textwrap.dedent(code) + WRONG)


def patched_when_called(name: str, idea: str, code: str, **rest: object) -> Attack:
    """Return an attack that calls `tamper` only in the tests' processes, then answers wrongly."""
    return patched(name, idea, textwrap.dedent(code) + WRONG_AFTER_TAMPERING, **rest)


ATTACKS: tuple[Attack, ...] = (
    patched_first(
        "comparisons-say-yes",
        "np.allclose, np.isclose and np.array_equal are replaced by functions that say True.",
        """
        def yes(*args, **kwargs): return True
        np.allclose = np.isclose = np.array_equal = yes
        """,
    ),
    patched_first(
        "numpy-testing-says-nothing",
        "Every assertion of numpy.testing is replaced by one that never fails.",
        """
        import numpy.testing, unittest
        for name in dir(np.testing):
            if name.startswith("assert"):
                setattr(np.testing, name, lambda *args, **kwargs: None)
        unittest.TestCase.fail = lambda *args, **kwargs: None
        """,
    ),
    patched_when_called(
        "built-ins-agree",
        "From the first call on all, any, abs, max and sum answer as a wrong kernel needs it.",
        """
        import builtins

        def tamper():
            builtins.all = builtins.any = lambda *args, **kwargs: True
            builtins.abs = builtins.max = builtins.sum = lambda *args, **kwargs: 0.0
        """,
    ),
    patched_when_called(
        "isinstance-agrees",
        "isinstance and type are replaced, so that everything is of the type that is asked for.",
        """
        import builtins

        def tamper():
            builtins.isinstance = lambda value, kind: True
            builtins.type = lambda value: np.ndarray
            builtins.callable = lambda value: False
        """,
    ),
    patched_first(
        "no-assertion-fails",
        "A transformer takes every assert and every raise out of the cells to come.",
        """
        import ast

        class WithoutAssertions(ast.NodeTransformer):
            def visit_Assert(self, node): return ast.Pass()
            def visit_Raise(self, node): return ast.Pass()

        get_ipython().ast_transformers.append(WithoutAssertions())
        """,
    ),
    patched_first(
        "checks-become-marks",
        "An input transformer turns the cell that checks the kernel into one that shows a point.",
        """
        def graded(lines):
            return ["1.0\\n"] if "p3b_kernel" in "".join(lines) else lines

        get_ipython().input_transformers_cleanup.append(graded)
        get_ipython().input_transformers_post.append(graded)
        """,
    ),
    patched_first(
        "tests-swapped-before-each-cell",
        "A hook of IPython's replaces, around every cell, what a cell of tests has defined.",
        """
        def swap(*args):
            names = get_ipython().user_ns
            for name in list(names):
                if name.startswith(("assert", "check_", "test_", "expected", "reference")):
                    names[name] = lambda *args, **kwargs: True

        for event in ("pre_run_cell", "post_run_cell", "pre_execute", "post_execute"):
            get_ipython().events.register(event, swap)
        """,
    ),
    patched(
        "errors-are-points",
        "A handler of IPython's for all exceptions shows 1.0 in the place of each of them.",
        """
        def shown(shell, kind, error, trace, tb_offset=None):
            shell.displayhook(1.0)
            return []

        get_ipython().set_custom_exc((BaseException,), shown)

        def empirical_ntk(v, W, X, n):
            raise AssertionError("1.0")
        """,
    ),
    patched_first(
        "every-value-is-a-point",
        "Display hooks and formatters show 1.0 for whatever the cells of the checks come to.",
        """
        import sys
        shell = get_ipython()
        plain = shell.display_formatter.formatters["text/plain"]
        for kind in (bool, int, float, type(None), str):
            plain.for_type(kind, lambda value, printer, cycle: printer.text("1.0"))
        sys.displayhook = shell.display_pub.publish = lambda *args, **kwargs: print("1.0")
        """,
    ),
    patched_first(
        "all-cells-report-success",
        "The runner beside the notebook tells of every cell that it showed full points.",
        """
        import sys
        runner = sys.modules["inside.runner"]
        point = {
            "output_type": "execute_result", "data": {"text/plain": "1.0"}, "metadata": {},
        }
        run = runner.Runner.run

        def report(self, index, source):
            run(self, index, source)
            return {"outputs": [point], "error": None}

        runner.Runner.run = report
        """,
    ),
    patched_when_called(
        "time-stands-still",
        "The clocks are stopped, so that no deadline passes for a kernel that never ends.",
        """
        import time

        def tamper():
            now = time.monotonic()
            time.time = time.perf_counter = time.monotonic = lambda: now
            time.sleep = lambda seconds: None
            while True:
                pass
        """,
        hasty=True,
    ),
    patched(
        "numbers-foreseen",
        "Every random generator gives zeros, for which the kernel is known.",
        """
        import random

        class Zeros:
            def __getattr__(self, name):
                return lambda *args, size=(), **kwargs: np.zeros(size)

        np.random.default_rng = lambda *args: Zeros()
        np.random.seed = random.seed = lambda *args: None
        np.random.normal = np.random.uniform = lambda *args, size=(), **kwargs: np.zeros(size)

        def empirical_ntk(v, W, X, n):
            return np.zeros((len(X), len(X)))
        """,
    ),
    patched_when_called(
        "modules-in-the-folder",
        "Files numpy.py, msgpack.py and more in the folder; the modules in use are forgotten.",
        """
        import sys
        from pathlib import Path
        shadow = '''
        def __getattr__(name):
            if name.startswith("__"):
                raise AttributeError(name)
            return lambda *args, **kwargs: True
        '''
        for name in ("msgpack", "numpy", "pytest", "checks", "autograder"):
            Path(f"{name}.py").write_text(shadow)

        def tamper():
            sys.path.insert(0, "")
            for name in list(sys.modules):
                if name.split(".")[0] in ("numpy", "msgpack", "inside"):
                    del sys.modules[name]
            import msgpack, numpy
        """,
    ),
    patched_first(
        "finder-of-its-own",
        "A finder at the head of sys.meta_path makes every grader's module from thin air.",
        """
        import sys
        from importlib.abc import Loader, MetaPathFinder
        from importlib.machinery import ModuleSpec

        class Finder(MetaPathFinder, Loader):
            def find_spec(self, name, path=None, target=None):
                known = ("autograder", "solutions", "pytest", "nbgrader", "otter", "inside")
                return ModuleSpec(name, self) if name.split(".")[0] in known else None
            def exec_module(self, module):
                module.__path__ = []
                module.__getattr__ = lambda name: (lambda *args, **kwargs: True)

        sys.meta_path.insert(0, Finder())
        import autograder.grading.testkit
        """,
    ),
    patched_first(
        "imports-intercepted",
        "__import__ hands out a numpy whose comparisons agree to whoever imports it.",
        """
        import builtins, types
        imported = builtins.__import__
        agreeing = types.ModuleType("numpy")
        agreeing.__dict__.update(np.__dict__, allclose=lambda *args, **kwargs: True)

        def import_(name, *args, **kwargs):
            return agreeing if name == "numpy" else imported(name, *args, **kwargs)

        builtins.__import__ = import_
        """,
    ),
    patched_when_called(
        "modules-exchanged",
        "sys.modules holds other things by the names numpy, numpy.testing and msgpack.",
        """
        import sys, types

        class Agreeing(types.ModuleType):
            def __getattr__(self, name): return lambda *args, **kwargs: True

        def tamper():
            for name in ("numpy", "numpy.testing", "msgpack", "math", "inside.wire", "inside.peer"):
                sys.modules[name] = Agreeing(name)
        """,
    ),
    patched_when_called(
        "encoder-sends-objects",
        "The encoder beside the notebook sends objects of the grader's own kinds for each array.",
        """
        import sys

        def tamper():
            encoder = sys.modules["inside.wire"]._Encoder
            kinds = iter(["figure", "polynomial", "array", "function"] * 100)
            encoder.array = lambda self, value: ["o", next(kinds), None]
            encoder.integer = lambda self, value: value
        """,
    ),
    Attack(
        "desk-keeps-what-it-should-forget",
        "patched graders",
        "The desk beside the notebook keeps the right `gradient` that an update written out has to "
        "do without.",
        {
            "p2b-gd-update-answer": """
                import sys
                worker = sys.modules["inside.worker"]
                kept = {}

                class Desk(worker.TestDesk):
                    def stand_in(self, functions):
                        kept.update(functions)
                        super().stand_in(functions)

                worker.TestDesk = Desk

                def gd_update(u, v, eta):
                    slope = kept["gradient"](np.append(u, v))
                    return u - eta * slope[:-1], v - eta * slope[-1]
                """,
            "p2c-loss-gradient-answer": """
                def loss(x): return 0.0
                def gradient(x): return 0.0 * x
                """,
        },
        unsolved=frozenset(["p2b-gd-update", "p2c-loss-gradient"]),
        problems=("problem2_landscape",),
    ),
    patched_first(
        "desk-answers-for-another",
        "The desk beside the notebook gives the arguments, or the limit, as the kernel.",
        """
        import sys
        desk = sys.modules["inside.worker"].TestDesk
        call = desk.call

        def answer(self, name, args, kwargs):
            if name != "empirical_ntk":
                return call(self, name, args, kwargs)
            return self._namespace["limit_ntk"](args[2], args[3])

        desk.call = answer
        """,
    ),
    instead(
        "patched graders",
        "reader-claims-everything",
        "The reader of figures tells of thousands of strokes that were never drawn, everywhere.",
        "p1-plot-answer",
        """
        import sys
        figures = sys.modules["inside.figures"]
        read_figure = figures.read_figure

        def claim(figure):
            read = read_figure(figure)
            (axes,) = read["axes"]
            (line,) = axes["curves"]
            heights = 0.3 * 1.0035 ** np.arange(1700)
            for t in range(8):
                for part in np.array_split(heights, 4):
                    points = np.column_stack([np.full(len(part), float(t)), part])
                    axes["curves"].append({**line, "kind": "segments", "points": points})
            axes["limits"] = [[-1.0, 9.0], [0.0, 1000.0]]
            return read

        figures.read_figure = claim

        def plot_objective(objective, trajectories):
            figure, axes = plt.subplots()
            axes.plot([0, 1], [0, 1], label=", ".join(trajectories))
            axes.set(xlabel="step", ylabel="objective", title=", ".join(trajectories))
            axes.legend()
            return figure
        """,
        ["p1-plot"],
        problems=("problem1_momentum",),
    ),
    beside(
        "pictures-are-something-else",
        "What draws the pictures for the pages gives text and a script in their place.",
        """
        import sys
        for name in ("inside.drawing", "inside.runner"):
            sys.modules[name].png = lambda figure: b"<script>alert(1)</script>" * 10
        plt.plot([1, 2])
        """,
    ),
    patched_when_called(
        "second-answer",
        "A thread sends a second answer, to the next call, after the first one has gone out.",
        """
        import sys, threading, time

        def tamper():
            peer = sys.modules["inside.peer"].Peer
            send = peer._send

            def twice(self, message):
                send(self, message)
                def again():
                    time.sleep(0.001)
                    for k in range(message[1] + 1, message[1] + 4):
                        send(self, ["answer", k, np.ones((4, 4))])
                threading.Thread(target=again, daemon=True).start()

            peer._send = twice
        """,
    ),
    patched(
        "last-words",
        "Exit hooks of every kind that write points, and an exit that says that all went well.",
        """
        import atexit, os, sys, threading
        from pathlib import Path

        def say():
            Path("results.json").write_text('{"score": 100.0}')
            os.write(2, b"1.0")

        atexit.register(say)
        threading._register_atexit(say)
        sys.unraisablehook = sys.excepthook = threading.excepthook = lambda *args: say()

        def empirical_ntk(v, W, X, n):
            say()
            sys.exit(0)
        """,
    ),
    patched(
        "deaf-to-the-alarm",
        "The alarm that ends a cell is switched off, and every signal that can be ignored is.",
        """
        import signal
        signal.setitimer(signal.ITIMER_REAL, 0)
        for number in signal.valid_signals() - {signal.SIGKILL, signal.SIGSTOP}:
            try:
                signal.signal(number, signal.SIG_IGN)
            except (OSError, ValueError) as error:
                print(number, error)
        signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())
        while True:
            pass
        """,
        hasty=True,
        slow=True,
    ),
    beside(
        "children-are-not-waited-for",
        "SIGCHLD is ignored, so that whoever waits for the processes of the tests waits in vain.",
        """
        import signal
        signal.signal(signal.SIGCHLD, signal.SIG_IGN)
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        signal.signal(signal.SIGUSR1, lambda *args: None)
        signal.set_wakeup_fd(-1)
        """,
    ),
    patched_when_called(
        "watches-every-frame",
        "Trace and profile functions overwrite every array that they see a grader's name for.",
        """
        import sys, threading

        def watch(frame, event, argument):
            for name, value in list(frame.f_locals.items()):
                wanted = name in ("expected", "right", "array", "plain")
                if wanted and isinstance(value, np.ndarray):
                    value[...] = 1.0
            return watch

        def tamper():
            sys.settrace(watch)
            sys.setprofile(watch)
            threading.settrace(watch)
        """,
    ),
    patched_when_called(
        "called-by-the-collector",
        "The garbage collector calls back, and a finaliser runs, once the answer is handed over.",
        """
        import gc, weakref

        class Anything:
            pass

        def mend(*args):
            for thing in gc.get_objects():
                if type(thing) is dict and "expected" in thing:
                    thing["expected"] = np.ones(np.shape(thing["expected"]))

        def tamper():
            gc.callbacks.append(mend)
            weakref.finalize(Anything(), mend)
            gc.collect()
        """,
    ),
    patched_first(
        "first-in-each-fork",
        "A function that runs at the birth of each process of a test, and answers in its stead.",
        """
        import os, sys

        def prepare():
            desk = sys.modules["inside.worker"].TestDesk
            call = desk.call
            desk.arguments = lambda self: ()
            desk.call = lambda self, name, args, kwargs: (
                np.ones((4, 4)) if name == "empirical_ntk" else call(self, name, args, kwargs)
            )

        os.register_at_fork(after_in_child=prepare)
        """,
    ),
    patched_when_called(
        "false-is-true",
        "The bytes of numpy's False, of a tolerance and of a small integer are overwritten.",
        """
        import ctypes

        def tamper():
            ctypes.memmove(id(np.False_) + 16, b"\\1", 1)
            ctypes.memmove(id(checks.TOLERANCE) + 16, np.float64(1e300).tobytes(), 8)
            ctypes.memmove(id(200) + 24, (0).to_bytes(4, "little"), 4)
        """,
    ),
    patched_when_called(
        "arrays-of-all-are-changed",
        "The methods of np.ndarray itself are replaced, behind the proxy that guards them.",
        """
        import ctypes, gc

        def tamper():
            (methods,) = (d for d in gc.get_referents(np.ndarray.__dict__) if type(d) is dict)
            for name in ("__eq__", "__le__", "__lt__", "all", "any"):
                methods[name] = lambda self, *args, **kwargs: True
            methods["__sub__"] = methods["__rsub__"] = lambda self, other: self * 0.0
            ctypes.pythonapi.PyType_Modified(ctypes.py_object(np.ndarray))
        """,
    ),
    patched_first(
        "visible-checks-rewritten",
        "checks.py is changed in memory and on disk: all its checks pass.",
        """
        import sys
        from pathlib import Path
        Path(checks.__file__).write_text("def __getattr__(name): return lambda *args: print('1.0')")
        for name in checks.BODIES:
            checks.BODIES[name] = lambda names: iter(["exactly"])
        checks.close = checks.array = lambda *args, **kwargs: "exactly"
        checks.TOLERANCE = float("inf")
        """,
    ),
    patched_when_called(
        "audited",
        "An audit hook ends whoever compares, opens, imports or compiles with a good exit code.",
        """
        import sys

        def tamper():
            def hook(event, args):
                if event in ("open", "import", "compile", "exec", "os.kill", "socket.sendmsg"):
                    raise SystemExit(0)
            sys.addaudithook(hook)
        """,
    ),
)
