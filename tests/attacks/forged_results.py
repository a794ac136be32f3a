"""Submissions that send results in the worker's name, or write reports and marks themselves."""

from __future__ import annotations

import textwrap
from functools import partial

from tests.attacks.attack import Attack, cell, kernel

DOORS = """
import os, stat, sys
wire = next(m for m in list(sys.modules.values()) if hasattr(m, "encode") and hasattr(m, "Budget"))
NOTEBOOK = os.getpid()

def doors():
    if os.getpid() == NOTEBOOK:
        return  # a visible check is calling: to speak now would cost the whole notebook
    for number in range(3, 256):
        try:
            if stat.S_ISSOCK(os.fstat(number).st_mode):
                yield number
        except OSError:
            pass

def write(data):
    for number in doors():
        try:
            os.set_blocking(number, False)
            os.write(number, data)
            os.set_blocking(number, True)
        except OSError:
            pass

def say(*messages):
    write(b"".join(wire.encode(message, wire.Budget()) for message in messages))
"""


def forged(name: str, idea: str, code: str, **rest: object) -> Attack:
    """Return an attack that replaces `empirical_ntk` and can write to every outgoing socket."""
    code = DOORS + textwrap.dedent(code)
    return kernel("forged results", name, idea, code, **rest)


in_a_cell = partial(cell, "forged results")

ATTACKS: tuple[Attack, ...] = (
    forged(
        "answers-ahead",
        "Answers to the next fifty calls are sent before the first one is even answered.",
        """
        def empirical_ntk(v, W, X, n):
            size = len(X)
            say(*(["answer", number, np.eye(size)] for number in range(1, 51)))
            return np.eye(size)
        """,
    ),
    forged(
        "answers-many-times",
        "One call is answered many times, with its own number and with all sorts of kernels.",
        """
        def empirical_ntk(v, W, X, n):
            G = X @ X.T
            say(*(["answer", 1, scale * G] for scale in np.linspace(0, 2, 20)))
            return G
        """,
    ),
    forged(
        "replays-an-honest-answer",
        "What it said to an earlier call is said again.",
        """
        said = []

        def empirical_ntk(v, W, X, n):
            said.append(["answer", 1, np.ones((len(X), len(X)))])
            say(*said, *said)
            return said[0][2]
        """,
    ),
    forged(
        "says-that-it-passed",
        "Messages that a grader might send to itself: passed, points, a whole report.",
        """
        def empirical_ntk(v, W, X, n):
            say(["passed", "p3b-kernel"], ["points", "p3b-kernel", 1.0],
                ["report", {"items": {"p3b-kernel": {"points": 1.0, "outcome": "passed"}}}],
                ["outcome", 1, True], [True], {"points": 1.0}, True, 1.0)
            return np.zeros((len(X), len(X)))
        """,
    ),
    forged(
        "speaks-as-the-parent",
        "The words of the warm parent and of the notebook's process, out of turn.",
        """
        def empirical_ntk(v, W, X, n):
            say(["ready", 1], ["started", 1], ["confined", None], ["forked", 1], ["done", 0],
                ["cell", {"outputs": [], "error": None}])
            return np.zeros((len(X), len(X)))
        """,
    ),
    forged(
        "calls-what-is-not-offered",
        "The other side is asked to call names and numbers that a grader may have.",
        """
        def empirical_ntk(v, W, X, n):
            for target in ("eval", "exec", "empirical_ntk", "report", "os.system", 0, 7, -1):
                say(["call", 1, target, ["print('in')"], {}])
            return np.zeros((len(X), len(X)))
        """,
    ),
    forged(
        "answers-with-functions",
        "The answer is a reference to a function of the grader's, or to one that never existed.",
        """
        def empirical_ntk(v, W, X, n):
            for number in (0, 1, 2, 10**6):
                say(["answer", 1, wire.Function(number, own=True)],
                    ["answer", 1, wire.Function(number, own=False)])
            return lambda *args: True
        """,
    ),
    forged(
        "answers-with-objects",
        "Objects of the figure reader's and of the wire's own kinds, with nonsense in them.",
        """
        def empirical_ntk(v, W, X, n):
            for kind in ("figure", "polynomial", "kernel", "__reduce__"):
                for value in (None, {}, [1] * 1000, {"axes": [{"curves": 10**9}]}):
                    say(["answer", 1, wire.Object(kind, value)])
            return np.zeros((len(X), len(X)))
        """,
    ),
    forged(
        "tells-an-error-of-its-own",
        "The account of an error is forged: its type, its line and its text carry the inputs.",
        """
        def empirical_ntk(v, W, X, n):
            text = repr(X.tolist())
            say(["error", 1, {"error": text, "line": text, "source": text, "message": text,
                              "cell": text, "module": text}])
            return X
        """,
    ),
    forged(
        "cuts-a-frame",
        "A frame that ends in its middle, and then nothing.",
        """
        def empirical_ntk(v, W, X, n):
            write(wire.encode(["answer", 1, np.ones((len(X), len(X)))], wire.Budget())[:-5])
            os._exit(0)
        """,
    ),
    forged(
        "claims-four-gigabytes",
        "The header of a frame of 4 GiB, with as much behind it as goes through.",
        """
        def empirical_ntk(v, W, X, n):
            write(wire.HEADER.pack(2**32 - 1, 2**32 - 1) + bytes(10**6))
            return np.zeros((len(X), len(X)))
        """,
    ),
    forged(
        "nests-without-end",
        "Lists in lists in lists, as msgpack and as the wire's own tags.",
        """
        def empirical_ntk(v, W, X, n):
            body = b"\\x92" + b"\\x91" * 500_000 + b"\\xc0\\x90"
            write(wire.HEADER.pack(len(body), 0) + body)
            body = b"\\x92" + b"\\x92\\xa1l" * 300_000 + b"\\xc0\\x90"
            write(wire.HEADER.pack(len(body), 0) + body)
            return np.zeros((len(X), len(X)))
        """,
    ),
    forged(
        "leaves-an-answerer",
        "A child of the first call keeps the sockets and speaks into what comes later.",
        """
        import time

        def empirical_ntk(v, W, X, n):
            if os.getpid() != NOTEBOOK and os.fork() == 0:
                os.setsid()
                for _ in range(100):
                    say(*(["answer", number, np.eye(len(X))] for number in range(1, 5)))
                    time.sleep(0.05)
                os._exit(0)
            return np.eye(len(X))
        """,
    ),
    forged(
        "races-from-a-thread",
        "A thread writes frames into those of the answers.",
        """
        import threading

        def empirical_ntk(v, W, X, n):
            def chatter():
                for _ in range(200):
                    say(["answer", 1, np.eye(len(X))], ["answer", 2, np.eye(len(X))])
            threading.Thread(target=chatter, daemon=True).start()
            return np.eye(len(X))
        """,
    ),
    forged(
        "exchanges-the-sockets",
        "Its sockets are exchanged for each other's, closed, or shut in one direction.",
        """
        import socket

        def empirical_ntk(v, W, X, n):
            found = list(doors())
            for number in found:
                with socket.socket(fileno=os.dup(number)) as door:
                    door.shutdown(socket.SHUT_RD)
            for first, second in zip(found, reversed(found)):
                os.dup2(first, second)
            return np.zeros((len(X), len(X)))
        """,
    ),
    in_a_cell(
        "plants-reports",
        "Reports, gradebooks and marks are written wherever a grader might look for them.",
        """
        import json
        report = json.dumps({"items": {"p3b-kernel": {"points": 100.0}}, "points": 100.0})
        for folder in (".", "..", "@course@", "@course@/autograded/attacker/hw2", "/tmp"):
            for name in ("report.json", "results.json", "gradebook.db", "grades.csv", "score"):
                try:
                    with open(f"{folder}/{name}", "w") as file:
                        file.write(report)
                except OSError as error:
                    print(type(error).__name__)
        """,
    ),
    Attack(
        "shows-points-in-a-check",
        "forged results",
        "A check's cell is made to show the numbers that nbgrader takes for points.",
        answers={
            "p3b-kernel-answer": """
            import checks, sys
            from IPython.display import display

            class Points(float):
                def _repr_mimebundle_(self, *args, **kwargs):
                    return {"text/plain": "100.0"}

            def show(*args, **kwargs):
                sys.displayhook(100.0)
                display(Points(100.0), metadata={"nbgrader": {"score": 100, "points": 100}})
                return Points(100.0)

            for name in dir(checks):
                if name.startswith("p3") or name == "summary":
                    setattr(checks, name, show)
            """
        },
        unsolved=frozenset(["p3b-kernel"]),
    ),
    in_a_cell(
        "writes-a-gradebook",
        "A real database with nbgrader's tables and full marks is left beside the notebook.",
        """
        try:
            import sqlite3
            with sqlite3.connect("gradebook.db") as book:
                book.execute("create table grade (id text, auto_score real, manual_score real)")
                book.execute("insert into grade values ('p3b-proof', 5, 5)")
            print("written")
        except (ImportError, OSError, sqlite3.Error) as error:
            print(type(error).__name__)
        """,
    ),
    forged(
        "ends-well",
        "It ends its process with the code that stands for success, before an answer is due.",
        """
        def empirical_ntk(v, W, X, n):
            os._exit(0)
        """,
    ),
)
