"""Submissions that use up time, memory, disk space, processes or the grader's patience."""

from __future__ import annotations

import textwrap
from functools import partial

from tests.attacks.attack import Attack, cell, instead, kernel

ITEMS = frozenset(["p3a-gradients", "p3b-kernel", "p3c-relu", "p3c-squared", "p3-plot"])

in_a_cell = partial(cell, "exhaustion", hasty=True)


def called(name: str, idea: str, code: str, **rest: object) -> Attack:
    """Return an attack that runs the code when a test calls `empirical_ntk`."""
    body = textwrap.indent(textwrap.dedent(code).strip(), "    ")
    text = f"""
import os
NOTEBOOK = os.getpid()

def empirical_ntk(v, W, X, n):
    if os.getpid() == NOTEBOOK:
        return np.zeros((len(X), len(X)))
{body}
"""
    return kernel("exhaustion", name, idea, text, hasty=True, **rest)


ATTACKS: tuple[Attack, ...] = (
    in_a_cell("never-ends", "A cell that never ends, and catches what would end it.", """
        import signal
        for number in range(1, 64):
            try:
                signal.signal(number, signal.SIG_IGN)
            except (OSError, ValueError):
                pass
        while True:
            try:
                while True:
                    pass
            except BaseException:
                pass
    """, spends=ITEMS),
    in_a_cell("never-ends-in-c", "One call into C that lasts for ever and hears no signal.", """
        sum(range(10**14))
    """, spends=ITEMS),
    called("a-power-without-end", "A number with too many digits.", "return 7 ** (10 ** 9)"),
    called("a-pattern-without-end", "A pattern that goes back and forth for ever.", """
        import re
        re.match("(a+)+$", "a" * 60 + "b")
    """),
    called("forks", "Two hundred processes, each of which would sleep for an hour.", """
        import time
        for _ in range(200):
            try:
                if os.fork() == 0:
                    time.sleep(3600)
                    os._exit(0)
            except OSError:
                pass
        return X
    """),
    called("daemons", "Processes in sessions of their own, which outlive their parents.", """
        import time
        for _ in range(10):
            if os.fork() == 0:
                os.setsid()
                if os.fork() == 0:
                    time.sleep(3600)
                os._exit(0)
        return X
    """),
    called("threads", "Five hundred threads that wait.", """
        import threading
        for _ in range(500):
            try:
                threading.Thread(target=threading.Event().wait, daemon=True).start()
            except RuntimeError:
                pass
        return X
    """),
    called("memory", "All memory that one process gets.", """
        hoard = []
        while True:
            hoard.append(np.ones(10**7))
    """),
    in_a_cell("memory-of-many", "A little memory in each of many processes.", """
        import os, time
        for _ in range(40):
            try:
                if os.fork() == 0:
                    hoard = bytearray(b"x" * 150 * 2**20)
                    time.sleep(3600)
                    os._exit(0)
            except OSError:
                pass
        time.sleep(1)
    """, spends=ITEMS),
    called("shared-memory", "Memory that belongs to no process alone.", """
        import mmap
        rooms = []
        for _ in range(64):
            room = mmap.mmap(-1, 2**26)
            room[:] = b"x" * 2**26
            rooms.append(room)
        return X
    """),
    in_a_cell("disk", "Files until there is no room, which nobody removes.", """
        try:
            for number in range(1000):
                with open(f"junk{number}", "wb") as file:
                    file.write(bytes(10**6) * 10)
        except OSError as error:
            print(type(error).__name__)
    """, spends=ITEMS),
    in_a_cell("inodes", "Empty files until there are no more names.", """
        import os
        try:
            for number in range(30_000):
                os.mkdir(f"folder{number}")
        except OSError as error:
            print(type(error).__name__)
    """, spends=ITEMS),
    in_a_cell("a-folder-too-deep", "Folders in folders, until no path leads to the last one.", """
        import os
        for _ in range(1500):
            try:
                os.mkdir("d" * 200)
                os.chdir("d" * 200)
            except OSError as error:
                print(type(error).__name__)
                break
    """, spends=ITEMS),
    called("descriptors", "Every descriptor is open.", """
        held = []
        while True:
            held.append(os.pipe())
    """),
    in_a_cell("printed-output", "Two hundred megabytes are printed.", """
        for _ in range(200):
            print("x" * 10**6)
    """, spends=ITEMS),
    in_a_cell("shown-pictures", "Pictures with too many points, one after another.", """
        for _ in range(40):
            figure, axes = plt.subplots(figsize=(12, 12))
            axes.plot(np.random.rand(2000, 40))
            plt.show()
    """, spends=ITEMS),
    called("recursion", "Down until the stack ends, with no limit set.", """
        import sys
        sys.setrecursionlimit(10**9)
        def down(): return [down()]
        return down()
    """),
    called("recursion-in-c", "A list so deep that its text or its end breaks C's own stack.", """
        deep = []
        for _ in range(10**6):
            deep = [deep]
        return deep
    """),
    called("a-huge-answer", "An answer of 800 megabytes.", "return np.ones((10**4, 10**4))"),
    called("an-endless-answer", "An answer that yields for ever.", """
        def more():
            while True:
                yield 1.0
        return more()
    """),
    called("stops-itself", "It stops its own process, as a shell would.", """
        import signal
        os.kill(os.getpid(), signal.SIGSTOP)
        return X
    """),
    in_a_cell("kills-what-it-can", "Signals to everybody who may be signalled.", """
        import os, signal
        for pid in (-1, 0, 1, os.getppid(), -os.getpgrp()):
            try:
                os.kill(pid, signal.SIGKILL)
            except OSError as error:
                print(type(error).__name__)
    """, spends=ITEMS),
    called("answers-that-are-kept", "Each answer takes as much room as may cross the wire.", """
        return np.zeros(15_990_000, np.int8)
    """),
    called("answers-in-many-parts", "Each answer is a list of lists of lists.", """
        return [[[0.5]] for _ in range(60_000)]
    """),
    kernel("exhaustion", "arguments-that-are-kept", "What is passed in is made large in place.", """
        def empirical_ntk(v, W, X, n):
            v.resize((1_900_000,), refcheck=False)
            return v
    """),
    instead("exhaustion", "gradients-that-broadcast", "Two small answers that make a large one.",
        "p2c-experiment-answer", """
        def run_experiment(optimizer, gradient, starts, etas, rhos, num_steps):
            shapes = iter([(1_000_000, 1), (100, 1, 1)] * 50)
            return optimizer(lambda x: np.zeros(next(shapes)), starts[0], 0.1, 0.1, num_steps)
        """, ["p2c-experiment"], problems=("problem2_landscape",)),
    instead("exhaustion", "a-point-of-sixteen-megabytes", "What was made up is asked of that.",
        "p2c-trace-plot-answer", """
        def plot_traces(hessian_trace, results):
            for _ in range(10):
                try:
                    hessian_trace(np.ones(15_990_000, np.int8))
                except Exception:
                    pass
            return plt.figure()
        """, ["p2c-trace-plot"], problems=("problem2_landscape",)),
    cell("exhaustion", "fences-without-end", "Formulas of runs of signs that open code.", """
        from IPython.display import Latex, display
        for sign in ("`", "~", "`~", "~~~~mermaid "):
            display(Latex((sign * 190_000)[:190_000]))
    """),
    cell("exhaustion", "formulas-without-end", "Formulas that are opened and never closed.", """
        from IPython.display import Latex, display
        for sign in ("$", "\\\\begin{a}", "[", "![", "*a ", "<!--", "> - "):
            display(Latex((sign * 49_000)[:49_000]))
    """),
    cell("exhaustion", "pages-without-end", "Tables within lists within tables, many times.", """
        from IPython.display import HTML, display
        for tag in ("<td>", "<table><tr><td>", "<ul><li>", "<b>", "<!--", "<a href='"):
            display(HTML((tag * 190_000)[:190_000]))
    """),
    cell("exhaustion", "outputs-without-end", "Thirty thousand outputs of one letter.", """
        from IPython.display import display
        for _ in range(30_000):
            display("x")
    """, slow=True),
    instead("exhaustion", "a-picture-of-six-hundred-by-six-hundred",
        "Past the reader it tells of hundreds of curves, each under hundreds of fields.",
        "p2c-surface-plot-answer", """
        import sys
        figures = sys.modules["inside.figures"]
        read_figure = figures.read_figure

        def claim(figure):
            read = read_figure(figure)
            (axes,) = read["axes"]
            (line,), (mesh,) = axes["curves"], axes["fields"]
            for k in range(600):
                points = np.array(line["points"]) + k
                axes["curves"].append({**line, "points": points, "label": f"GD {k}", "order": k})
                samples = np.array(mesh["samples"]) + k
                axes["fields"].append({**mesh, "samples": samples, "order": k})
            return read

        figures.read_figure = claim

        def plot_landscape(loss, results, eta):
            figure, axes = plt.subplots()
            axes.pcolormesh(np.zeros((9, 9)), zorder=0)
            axes.plot(*results[eta, 0.0].T, "o", label="GD")
            axes.set(xlabel="u", ylabel="v")
            axes.legend()
            return figure
    """, ["p2c-surface-plot"],
        spends=frozenset(["p2c-trace-plot"]), problems=("problem2_landscape",)),
    instead("exhaustion", "as-full-a-picture-as-there-may-be",
        "Three hundred right curves under a hundred names each, and fields in between.",
        "p1-plot-answer", """
        def plot_objective(objective, trajectories):
            figure, axes = plt.subplots()
            grid = np.linspace(-1, 9, 30)
            for k in range(100):
                for label, path in trajectories.items():
                    axes.plot([objective(x) for x in path], label=f"{k} of many", zorder=2 * k)
                if k < 60:
                    axes.pcolormesh(grid, grid, np.add.outer(grid, k * grid), zorder=2 * k + 1)
            axes.set(xlabel="step", ylabel="log of the objective")
            for k in range(100):
                axes.text(k, k, "rho" * 70 + " = 0.1")
            axes.set_xticks(range(100), [f"{k} and 0.1, 0.2, 0.3" for k in range(100)])
            axes.legend()
            return figure
    """, (), spends=frozenset(["p1-plot"]), problems=("problem1_momentum",)),
)  # fmt: skip
