"""Submissions that find the right answers on the machine instead of computing them."""

from __future__ import annotations

import textwrap
from functools import partial

from tests.comparison.attack import Idea
from tests.comparison.ideas.common import EVERYTHING, kernel, limit

stolen = partial(limit, "stolen answers")

FROM_NOTEBOOKS = """
import io, json, zipfile
from pathlib import Path

def notebook(path):
    data = Path(path).read_bytes()
    if data[:2] == b"PK":
        archive = zipfile.ZipFile(io.BytesIO(data))
        data = archive.read(archive.namelist()[0])
    return json.loads(data)

for cell in notebook("@from@")["cells"]:
    source = "".join(cell["source"])
    if cell["cell_type"] == "code" and "def limit_ntk(" in source:
        exec(source)
"""

EXPECTED = """
    shape = (len(X), len(X))
    for key, value in learnt.items():
        if key == (X.tobytes(), n):
            return value
    return np.zeros(shape)
"""


def from_test(load: str) -> str:
    """Return code that runs the kernel's hidden test and records the expected values."""
    return (
        textwrap.dedent("""
            learnt, asked = {}, []

            def ask(v, W, X, n):
                asked.append((X.tobytes(), n))

            def note(answer, expected, **rest):
                learnt[asked[-1]] = expected
            """)
        + textwrap.dedent(load)
        + textwrap.dedent("""
            compare, np.testing.assert_allclose = np.testing.assert_allclose, note
            try:
                test(ask)
            finally:
                np.testing.assert_allclose = compare

            def empirical_ntk(v, W, X, n):
            """)
        + EXPECTED
    )


IDEAS = (
    kernel(
        "stolen answers",
        "expected-value-in-a-frame",
        "The caller's local variables are searched for the expected value.",
        """
        import sys

        def empirical_ntk(v, W, X, n):
            frame = sys._getframe(1)
            while frame:
                for name, value in list(frame.f_locals.items()):
                    if isinstance(value, np.ndarray) and value.shape == (len(X), len(X)):
                        if name.startswith("expected"):
                            return value
                frame = frame.f_back
            return np.zeros((len(X), len(X)))
        """,
    ),
    stolen(
        "solution-on-the-disk",
        "The instructor's notebook with the solutions is read, and its solution is run.",
        FROM_NOTEBOOKS.replace("@from@", "@solution@"),
    ),
    stolen(
        "another-students-answer",
        "Another student's submission is read, and the answer in it is run.",
        FROM_NOTEBOOKS.replace("@from@", "@other@"),
    ),
    stolen(
        "solution-in-the-gradebook",
        "The tool's records are searched for the text of the solution, and this text is run.",
        """
        import sqlite3
        from pathlib import Path
        texts = []
        if Path("@marks@").is_file():
            with sqlite3.connect("file:@marks@?mode=ro", uri=True) as book:
                texts = [row[0] or "" for row in book.execute("select source from source_cell")]
        else:
            texts = [path.read_text() for path in Path("@marks@").rglob("*.json")]
        for text in texts:
            if "def limit_ntk(" in text:
                exec(text)
        """,
    ),
    kernel(
        "stolen answers",
        "hidden-test-on-the-disk",
        "The file of the hidden tests is read and run to learn the expected values.",
        from_test("""
            import json
            from pathlib import Path
            text = Path("@hidden@").read_text()
            for cell in json.loads(text)["cells"]:
                source = "".join(cell["source"])
                if "def hidden_test_kernel" in source:
                    _, _, source = source.partition("### BEGIN HIDDEN TESTS")
                    exec(source.replace("\\nhidden_test_kernel(empirical_ntk)\\n", ""))
            test = hidden_test_kernel
            """),
        differs={
            "otter": {
                "kernel": from_test("""
                    names = {}
                    exec(open("@hidden@").read(), names)
                    test = names["test_hidden_kernel"].test_func
                    """)
            },
            "kit": {
                "kernel": from_test("""
                    names = {}
                    exec(open("@hidden@").read(), names)
                    def test(ask):
                        class Student: empirical_ntk = staticmethod(ask)
                        for seed in range(3):
                            names["test_empirical_kernel"](Student, np.random.default_rng(seed), 1)
                    """)
            },
        },
    ),
    stolen(
        "function-left-in-memory",
        "The objects of the garbage collector are searched for the reference's limit_ntk.",
        """
        import gc, types
        for found in gc.get_objects():
            if isinstance(found, types.FunctionType) and found.__name__ == "limit_ntk":
                if found.__module__ != "__main__":
                    limit_ntk = found
        """,
    ),
    Idea(
        "handed-in-by-link",
        "stolen answers",
        "The submitted notebook is a link to another student's notebook.",
        unsolved=EVERYTHING,
        link="@other@",
    ),
)
