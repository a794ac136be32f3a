"""Submissions that stop others from being marked.

The safety net bounds all these submissions; `net.py` describes its limits.
"""

from __future__ import annotations

from functools import partial

from tests.comparison.ideas.common import beside, kernel

KIND = "exhaustion"
stops = partial(beside, KIND)

IDEAS = (
    kernel(
        KIND,
        "never-ends",
        "A function that never returns and catches every exception that would stop it.",
        """
        def empirical_ntk(v, W, X, n):
            while True:
                try:
                    while True:
                        pass
                except BaseException:
                    pass
        """,
    ),
    kernel(
        KIND,
        "never-ends-in-c",
        "A regular expression that never ends and reacts to no signal.",
        """
        import re

        def empirical_ntk(v, W, X, n):
            re.match("(a+)+$", "a" * 60 + "b")
        """,
    ),
    stops(
        "kills-its-parent",
        "The process that started the notebook's process is killed.",
        """
        import os, signal
        try:
            os.kill(os.getppid(), signal.SIGKILL)
        except OSError as error:
            print(type(error).__name__)
        """,
    ),
    stops(
        "fills-the-disk",
        "Every writable disk is filled until no file fits.",
        """
        import os
        for folder in (".", "@home@", "/tmp"):
            try:
                with open(os.path.join(folder, "filler"), "wb") as file:
                    for _ in range(700):
                        file.write(bytes(2**20))
                        file.flush()
            except OSError as error:
                print(type(error).__name__)
        """,
    ),
    stops(
        "leaves-processes-behind",
        "Forty processes in their own sessions continue after the notebook has ended.",
        """
        import os, time
        for _ in range(40):
            try:
                if os.fork() == 0:
                    os.setsid()
                    time.sleep(300)
                    os._exit(0)
            except OSError:
                break
        """,
    ),
    stops(
        "holds-the-records",
        "A process in its own session locks the tool's records and keeps the lock.",
        """
        import fcntl, os, sqlite3, time
        if os.path.exists("@marks@"):
            if os.fork() == 0:
                os.setsid()
                try:
                    if os.path.isfile("@marks@"):
                        book = sqlite3.connect("@marks@", timeout=20, isolation_level=None)
                        book.execute("begin exclusive")
                    else:
                        file = os.open("@marks@", os.O_RDONLY)
                        fcntl.flock(file, fcntl.LOCK_EX)
                    time.sleep(200)
                finally:
                    os._exit(0)
        """,
    ),
    stops(
        "removes-the-course",
        "Other students' submissions, the marks and the hidden tests are deleted.",
        """
        import os, shutil
        for name in ("submitted", "results", "source", "gradebook.db", "autograder.zip"):
            path = os.path.join("@course@", name)
            shutil.rmtree(path, ignore_errors=True)
            try:
                os.remove(path)
            except OSError as error:
                print(type(error).__name__)
        """,
    ),
    stops(
        "floods-the-output",
        "120 MB of output, in small pieces and in large ones.",
        """
        import os
        for _ in range(60):
            print("x" * 10**6)
            os.write(1, b"y" * 10**6)
        """,
    ),
)
