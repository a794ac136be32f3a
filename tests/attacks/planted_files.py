"""Submissions with files that another program or user might run or read.

Each file planted on the grader's side is a trap: if the grader runs or imports such a file, its
code creates another file in the course. If a cell succeeds in planting a forbidden file, the cell
gives up an honest answer, so that the test notices the success.
"""

from __future__ import annotations

import io
import os
import py_compile
import socket
import stat
import sys
import tarfile
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path

from tests.attacks.attack import Attack, cell, fill, kernel

PROBLEM = "problem3_ntk.ipynb"
ITEMS = ("p3a-gradients", "p3b-kernel", "p3c-relu", "p3c-squared", "p3-plot")
WRONG = "def empirical_ntk(v, W, X, n):\n    return np.zeros((len(X), len(X)))"

TRAP = """
try:
    open("@course@/ran.txt", "a").write(__file__ if "__file__" in globals() else "a setting")
except OSError:
    pass
"""
SHELL_TRAP = "#!/bin/sh\necho ran >> '@course@/ran.txt'\nexit 0\n"


def planted(name: str, idea: str, *spoils: Callable[[Path], None], **rest: object) -> Attack:
    """Return an attack with a wrong kernel, and a planted file that should make it pass."""
    return kernel("planted files", name, idea, WRONG, spoil=one_by_one(*spoils), **rest)


def beside(name: str, idea: str, *spoils: Callable[[Path], None], **rest: object) -> Attack:
    """Return an attack that answers every item and puts a file beside the notebook."""
    return Attack(name, "planted files", idea, spoil=one_by_one(*spoils), **rest)  # type: ignore[arg-type]


def one_by_one(*spoils: Callable[[Path], None]) -> Callable[[Path], None]:
    def spoil(folder: Path) -> None:
        for each in spoils:
            each(folder)

    return spoil


def texts(contents: Mapping[str, str], mode: int = 0o644) -> Callable[[Path], None]:
    """Write files with these contents and fill in their places; one key may list several names."""

    def spoil(folder: Path) -> None:
        places = {"course": folder.parents[2]}
        for names, content in contents.items():
            for name in names.split():
                path = folder / name
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(fill(content, places), encoding="utf-8")
                path.chmod(mode)

    return spoil


def links(targets: Mapping[str, str]) -> Callable[[Path], None]:
    """Write links instead of files; link targets are relative to the course's folder."""

    def spoil(folder: Path) -> None:
        for name, target in targets.items():
            (folder / name).unlink(missing_ok=True)
            (folder / name).symlink_to(folder.parents[2] / target)

    return spoil


def hard_links(targets: Mapping[str, str]) -> Callable[[Path], None]:
    def spoil(folder: Path) -> None:
        for name, target in targets.items():
            (folder / name).hardlink_to(folder.parents[2] / target)

    return spoil


# --- files that pytest, Python and other tools would read -----------------------------------------

EVERY_TEST_PASSES = f"""{TRAP}
import pytest

@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    outcome = yield
    outcome.get_result().outcome = "passed"

def test_empirical_kernel(student=None):
    pass
"""

EVERYTHING_IS_CLOSE = f"""{TRAP}
import numpy as np
def __getattr__(name):
    return lambda *args, **rest: np.zeros((4, 4))
"""

ALEMBIC = f"""{TRAP}
def run_migrations(*args, **rest): pass
"""


def _bytecode(folder: Path) -> None:
    """Write compiled modules that are valid for any date: Python never checks their sources."""
    source = folder / "trap.py"
    source.write_text(fill(EVERYTHING_IS_CLOSE, {"course": folder.parents[2]}), encoding="utf-8")
    modes = py_compile.PycInvalidationMode
    for name in ("checks", "ntk", "numpy", "conftest", "test_problem3_ntk"):
        for target in (f"__pycache__/{name}.{sys.implementation.cache_tag}.pyc", f"{name}.pyc"):
            py_compile.compile(
                str(source), str(folder / target), invalidation_mode=modes.UNCHECKED_HASH
            )
    source.unlink()


def _checkout_of_git(folder: Path) -> None:
    """Write a Git repository with settings and hooks that run programs when somebody calls git."""
    trap = f"{folder}/.git/hooks/post-index-change"
    settings = (
        f"[core]\n\trepositoryformatversion = 0\n\tfsmonitor = {trap}\n\tpager = {trap}\n"
        f'\tsshCommand = {trap}\n[diff]\n\texternal = {trap}\n[filter "x"]\n\tclean = {trap}\n'
    )
    texts({".git/config": settings, ".git/HEAD": "ref: refs/heads/main\n",
           ".git/refs/heads/.keep .git/objects/.keep": "",
           ".gitattributes": "* filter=x\n"})(folder)  # fmt: skip
    names = ("post-index-change", "post-checkout", "pre-commit")
    texts({f".git/hooks/{name}": SHELL_TRAP for name in names}, 0o755)(folder)


# --- special files, and files of other users ------------------------------------------------------


def _pipes(folder: Path) -> None:
    """Rename the notebook, and put pipes that block a reader under the usual names."""
    (folder / PROBLEM).rename(folder / "problem3_ntk (1).ipynb")
    for name in (PROBLEM, "problem3_ntk (2).ipynb", "timestamp.txt", "conftest.py"):
        os.mkfifo(folder / name)
    with socket.socket(socket.AF_UNIX) as listener:
        here = os.open(folder, os.O_RDONLY)
        listener.bind(f"/proc/self/fd/{here}/problem3_ntk (3).ipynb")
        os.close(here)
    (folder / "problem3_ntk (4).ipynb").mkdir()


def _devices(folder: Path) -> None:
    """Write endless files: devices if the system allows them, otherwise links to devices."""
    for number, device in enumerate(("zero", "full", "random", "tty")):
        path = folder / f"problem3_ntk ({number}).ipynb"
        state = os.stat(f"/dev/{device}")
        try:
            os.mknod(path, stat.S_IFCHR | 0o666, state.st_rdev)
        except OSError:
            path.symlink_to(f"/dev/{device}")
    (folder / "timestamp.txt").symlink_to("/dev/zero")


def _loops(folder: Path) -> None:
    (folder / "again").symlink_to(folder)
    (folder / "up").symlink_to("..")
    (folder / "problem3_ntk (1).ipynb").symlink_to("problem3_ntk (1).ipynb")
    (folder / "problem3_ntk (2).ipynb").symlink_to("problem3_ntk (3).ipynb")
    (folder / "problem3_ntk (3).ipynb").symlink_to("problem3_ntk (2).ipynb")
    (folder / "problem3_ntk (4).ipynb").symlink_to("nowhere")


def _archives(folder: Path) -> None:
    course = folder.parents[2]
    climbing = ["../../../ran.txt", f"{course}/ran.txt", "a/../../../../ran.txt", "..\\..\\ran.txt"]
    with zipfile.ZipFile(folder / "problem3_ntk.ipynb.zip", "w") as archive:
        for name in climbing:
            archive.writestr(name, "ran")
        link = zipfile.ZipInfo("way")
        link.external_attr = (stat.S_IFLNK | 0o777) << 16
        archive.writestr(link, str(course))
        archive.writestr("way/ran.txt", "ran")
    with tarfile.open(folder / "problem1_momentum.tar.gz", "w:gz") as tar:
        for name in climbing:
            entry = tarfile.TarInfo(name)
            entry.size = 3
            tar.addfile(entry, io.BytesIO(b"ran"))
        for kind in (tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.FIFOTYPE, tarfile.CHRTYPE):
            entry = tarfile.TarInfo("way" + kind.decode())
            entry.type, entry.linkname = kind, str(course)
            tar.addfile(entry)


def _an_archive_for_a_notebook(folder: Path) -> None:
    _archives(folder)
    (folder / "problem3_ntk.ipynb.zip").replace(folder / PROBLEM)


# --- names and numbers ----------------------------------------------------------------------------

NAMES = (
    b"-rf.ipynb", b"--config=x.ipynb", b"-.ipynb", b"a\nb.ipynb", b"\r\x1b[2J\x1b[31mred.ipynb",
    b"\x07\x08\x7f.ipynb", b"\xff\xfe\x80.ipynb", b"x" * 249 + b".ipynb", b"$(touch ran.txt).ipynb",
    b"; touch ran.txt;.ipynb", b"`id`.ipynb", b"%s%n{0}{self}.ipynb", b"* ?[a-z].ipynb",
    b"=HYPERLINK(1).ipynb", b"=cmd|' C calc'!A0.ipynb", b"+1+1.ipynb", b"@SUM(1).ipynb",
    b"<script>alert(1)<!-- x -->.ipynb", b"<img src=x onerror=alert(1)>.ipynb",
    b"\xe2\x80\xaebpyni.evil.ipynb", b".. .ipynb", b"...ipynb", b"CON.ipynb", b"nul .ipynb",
)  # fmt: skip


def _names(folder: Path) -> None:
    for name in NAMES:
        Path(os.fsdecode(os.fsencode(folder) + b"/" + name)).write_text("{}", encoding="utf-8")


def _folder_names(folder: Path) -> None:
    for name in NAMES:
        place = Path(os.fsdecode(os.fsencode(folder) + b"/" + name.replace(b".ipynb", b" ")[:200]))
        place.mkdir()
        (place / "problem1_momentum.ipynb").write_text("no notebook", encoding="utf-8")


def _cases(folder: Path) -> None:
    """Write wrong notebooks with every other use of capital letters in the expected name."""
    text = (folder / PROBLEM).read_text(encoding="utf-8").replace("return ", "return 0 * ")
    for name in ("PROBLEM3_NTK.IPYNB", "Problem3-ntk.ipynb", "problem3 ntk.ipynb.json",
                 "problem3_ntk.ipynb.txt", "problem3_ntk (2).ipynb", "a/problem3_ntk.ipynb",
                 "ｐroblem3_ntk.ipynb", "problem3_ntk\u200b.ipynb", "problem3_ntk .ipynb",
                 ".ipynb_checkpoints/problem3_ntk.ipynb", "__MACOSX/problem3_ntk.ipynb",
                 "._problem3_ntk.ipynb", ".problem3_ntk.ipynb"):  # fmt: skip
        path = folder / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")


def _many_copies(folder: Path) -> None:
    for number in range(300):
        (folder / f"problem3_ntk ({number}).ipynb").write_text('{"cells": []}', encoding="utf-8")


def _thousands(folder: Path) -> None:
    for number in range(2_000):
        (folder / f"0{number}.ipynb").write_text("{}", encoding="utf-8")
        (folder / f"folder{number}").mkdir()
    deep = folder
    for _ in range(15):
        deep = deep / ("d" * 200)
        deep.mkdir()


def _sparse(folder: Path) -> None:
    """Write sparse files, which use no disk space and are far larger than any notebook."""
    for name in ("problem3_ntk (1).ipynb", "problem1_momentum (1).ipynb", "timestamp.txt"):
        with open(folder / name, "wb") as file:
            file.write(b'{"cells": [')
            file.truncate(120_000_000)


ATTACKS: tuple[Attack, ...] = (
    planted(
        "tests-beside-the-notebook",
        "Modules in which pytest would look for tests and hooks, with hooks that pass every test.",
        texts({"conftest.py test_problem3_ntk.py tests/conftest.py plugin.py "
               "autograder/hidden/hw2/conftest.py": EVERY_TEST_PASSES}),
    ),
    planted(
        "settings-of-pytest",
        "Settings that would have pytest load a plugin, or choose among the tests.",
        texts({"pytest.ini .pytest.ini tox.ini": "[pytest]\naddopts = -p plugin -k nothing\n",
               "setup.cfg": "[tool:pytest]\naddopts = -p plugin -k nothing\n",
               "pyproject.toml": '[tool.pytest.ini_options]\naddopts = "-p plugin -k nothing"\n',
               "plugin.py": EVERY_TEST_PASSES}),
    ),
    planted(
        "start-of-python",
        "What Python itself runs or reads when it starts.",
        texts({"sitecustomize.py usercustomize.py __main__.py __init__.py": TRAP,
               "a.pth site-packages/a.pth":
                   "import os; open('@course@/ran.txt', 'a').write('a path file')\n",
               "pyvenv.cfg": "home = @course@\ninclude-system-site-packages = true\n",
               "python311._pth python._pth": ".\nimport site\n"}),
    ),
    planted(
        "modules-in-the-way",
        "Modules with the names of those that the grader and the notebook import.",
        texts({"numpy.py numpy/__init__.py msgpack.py msgpack/__init__.py matplotlib.py IPython.py "
               "json.py linecache.py nbformat.py sqlalchemy.py jinja2.py inside/__init__.py":
                   EVERYTHING_IS_CLOSE}),
    ),
    planted(
        "checks-of-their-own",
        "A module of checks that takes away what was answered and praises what was not.",
        texts({"checks.py checks/__init__.py":
                   TRAP + "def __getattr__(name):\n"
                   "    def check(names, *rest):\n"
                   "        names.pop('gradient_v', None)\n        print('full marks')\n"
                   "    return check\n"}),
    ),
    planted(
        "solutions-of-their-own",
        "The grader's own packages, with a reference that agrees with the wrong answer.",
        texts({"solutions/__init__.py solutions/hw2/__init__.py autograder/__init__.py "
               "autograder/hidden/__init__.py autograder/grading/__init__.py": TRAP,
               "solutions/hw2/ntk.py autograder/grading/testkit.py autograder/sandbox.py":
                   EVERYTHING_IS_CLOSE}),
    ),
    planted(
        "bytecode-in-the-way",
        "Compiled modules which say that their source need not be looked at.",
        _bytecode,
    ),
    planted(
        "settings-of-jupyter",
        "Settings of nbgrader, nbconvert and Jupyter, which are programs in Python.",
        texts({"nbgrader_config.py jupyter_nbconvert_config.py jupyter_config.py .jupyter/"
               "nbgrader_config.py config/nbgrader_config.py":
                   TRAP + "c = get_config()\nc.SaveAutoGrades.enabled = False\n"
                   "c.CourseDirectory.db_url = 'sqlite:///@course@/ran.db'\n",
               "nbgrader_config.json jupyter_config.json":
                   '{"CourseDirectory": {"db_url": "sqlite:///@course@/ran.db"}}',
               "course.toml": "[course]\nid = 'x'\n[assignments.hw2]\nbonus = ['p3b-kernel']\n"}),
    ),
    planted(
        "settings-of-ipython-and-matplotlib",
        "Start-up files of IPython, and settings and styles that matplotlib finds where it starts.",
        texts({".ipython/profile_default/startup/00.py profile_default/startup/00.py "
               "ipython/profile_default/startup/00.py ipython_config.py backend.py": TRAP,
               "matplotlibrc .config/matplotlib/matplotlibrc": "backend: module://backend\n",
               "stylelib/default.mplstyle": "backend: module://backend\nfigure.dpi: 9000\n"}),
    ),
    planted(
        "programs-in-the-way",
        "Programs with the names of those that the grader starts, and the settings of one.",
        texts({"alembic bwrap git python python3 jupyter nbgrader sh env ldconfig bin/alembic "
               "bin/python bin/bwrap": SHELL_TRAP}, 0o755),
        texts({"alembic.ini": "[alembic]\nscript_location = .\n", "env.py": ALEMBIC}),
    ),
    planted(
        "a-checkout-of-git",
        "A repository whose hooks and settings run a program when somebody asks it anything.",
        _checkout_of_git,
    ),
    planted(
        "reports-beside-the-notebook",
        "A Report and a gradebook in which everything has full marks already.",
        texts({"report.json autograded/report.json feedback/report.json hw2.json":
                   '{"schema": "fdl-report/1", "items": {"p3b-kernel": {"points": 1.0}}}',
               "gradebook.db gradebook.db-journal gradebook.db-wal": "SQLite format 3\0",
               "autograded/attacker/hw2/report.json": '{"points": 1000}'}),
    ),
    beside(
        "link-to-the-victim",
        "The notebook is a link to somebody else's.",
        links({PROBLEM: "submitted/victim-problem3_ntk/hw2/problem3_ntk.ipynb"}),
        unsolved=frozenset(ITEMS),
    ),
    beside(
        "links-to-folders",
        "Folders that are links to somebody else's submission, to the course and to the root.",
        links({"problem3_ntk": "submitted/victim-problem3_ntk/hw2", "course": ".", "root": "/",
               "source": "source"}),
        lambda folder: (folder / PROBLEM).unlink(),
        unsolved=frozenset(ITEMS),
    ),
    beside(
        "links-to-the-course",
        "Notebooks, dates and other files that are links to the course's own.",
        links({"problem1_momentum (1).ipynb": "gradebook.db", "problem2_landscape (1).ipynb":
               "secret.txt", "timestamp.txt": "secret.txt", "gradebook.db": "gradebook.db"}),
    ),
    beside(
        "second-names-of-files",
        "Second names (hard links) of files of the course, as an archive can make them.",
        hard_links({"problem1_momentum (1).ipynb": "secret.txt", "timestamp.txt": "secret.txt",
                    "problem2_landscape (1).ipynb": "nbgrader_config.py"}),
    ),
    beside("links-that-loop", "Links to themselves, to others, upwards and to nowhere.", _loops),
    beside("pipes-and-sockets", "What looks like a notebook and keeps a reader waiting.", _pipes),
    beside("endless-files", "Devices under a notebook's name that can be read for ever.", _devices),
    beside("archives-that-climb", "Archives whose entries lead out of their folder.", _archives),
    beside(
        "an-archive-for-a-notebook",
        "An archive that climbs has the notebook's name, for whoever unpacks what he finds.",
        _an_archive_for_a_notebook,
        unsolved=frozenset(ITEMS),
    ),
    beside(
        "names-that-act",
        "Files with names that a shell, a terminal, a page or a spreadsheet might act on.",
        _names,
    ),
    beside("folders-that-act", "Folders with such names, each with a notebook.", _folder_names),
    beside(
        "every-way-to-write-a-name",
        "Wrong notebooks in other cases and alphabets, in folders, as copies and as hidden files.",
        _cases,
    ),
    beside(
        "three-hundred-copies",
        "So many copies without a cell that nobody gets to the notebook itself.",
        _many_copies,
    ),
    beside(
        "thousands-of-files",
        "Two thousand notebooks and as many folders, and a path too long to be opened.",
        _thousands,
    ),
    beside("files-of-holes", "Files of 120 MB that take no room on the disk.", _sparse),
    cell(
        "planted files",
        "plants-among-the-packages",
        "A cell writes modules and path files wherever Python looks for them.",
        """
        import os, site, sys, sysconfig
        folders = [*sys.path, *site.getsitepackages(), sysconfig.get_paths()["stdlib"],
                   os.path.dirname(np.__file__), os.path.dirname(checks.__file__), "/usr/lib"]
        for folder in dict.fromkeys(folders):
            for name in ("sitecustomize.py", "fdl_planted.pth", "fdl_planted.py"):
                try:
                    with open(os.path.join(folder, name), "x") as file:
                        file.write("planted = True")
                    if not os.path.abspath(folder).startswith(os.getcwd()):
                        gradient_v = None
                        os.remove(os.path.join(folder, name))
                except OSError as error:
                    print(folder, type(error).__name__)
        """,
    ),
    cell(
        "planted files",
        "rewrites-a-package",
        "The packages that all submissions import are opened for writing, moved and removed.",
        """
        import os, matplotlib, IPython
        for module in (np, matplotlib, IPython, os):
            path = module.__file__
            for way in (lambda: open(path, "r+b"), lambda: open(path, "ab"),
                        lambda: os.rename(path, path + "x"), lambda: os.link(path, path + "x"),
                        lambda: os.symlink("/", path + "x"), lambda: os.truncate(path, 10**9),
                        lambda: os.mkdir(path + "x")):
                try:
                    way()
                    gradient_v = None
                except OSError as error:
                    print(type(error).__name__)
        """,
    ),
    cell(
        "planted files",
        "waits-for-the-next-submission",
        "Modules and bytecode in all folders that the next submission's notebook will have.",
        """
        import os, py_compile, sys
        with open("trap.py", "w") as file:
            file.write("def __getattr__(name): raise SystemExit(1)")
        home, work = os.path.expanduser("~"), os.path.dirname(os.getcwd())
        folders = ["/tmp", home, f"{home}/.local/lib", work, os.getcwd(), os.environ["TMPDIR"],
                   *(f"{work}/{name}" for name in ("problem1_momentum", "problem2_landscape"))]
        tag = sys.implementation.cache_tag
        for folder in folders:
            for name in ("checks", "numpy", "linecache", "sitecustomize", "random"):
                try:
                    os.makedirs(f"{folder}/__pycache__", exist_ok=True)
                    os.link("trap.py", f"{folder}/{name}.py")
                    py_compile.compile("trap.py", f"{folder}/__pycache__/{name}.{tag}.pyc",
                        invalidation_mode=py_compile.PycInvalidationMode.UNCHECKED_HASH)
                except OSError as error:
                    print(folder, type(error).__name__)
        """,
    ),
    cell(
        "planted files",
        "settings-for-the-next-start",
        "Start-up files of IPython, matplotlib, Jupyter and Python in the home that it was given.",
        """
        import os
        home, trap = os.path.expanduser("~"), "raise SystemExit(1)"
        places = {os.environ["IPYTHONDIR"] + "/profile_default/startup/00.py": trap,
                  os.environ["IPYTHONDIR"] + "/profile_default/ipython_config.py": trap,
                  os.environ["MPLCONFIGDIR"] + "/matplotlibrc": "backend: module://trap",
                  os.environ["MPLCONFIGDIR"] + "/fontlist-v390.json": "[]",
                  home + "/.jupyter/jupyter_config.py": trap, home + "/.profile": "exit 1",
                  home + "/.local/lib/python3.11/site-packages/usercustomize.py": trap,
                  os.getcwd() + "/matplotlibrc": "backend: module://trap"}
        for path, text in places.items():
            try:
                os.makedirs(os.path.dirname(path), exist_ok=True)
                open(path, "w").write(text)
                print("PLANTED", path)
            except OSError as error:
                print(type(error).__name__, path)
        """,
    ),
    Attack(
        "plants-for-its-other-notebook",
        "planted files",
        "The first notebook makes and fills the folder in which the other one will run.",
        before={
            "p1-title": """
            import os
            for name in ("checks.py", "numpy.py", "matplotlib.py", "linecache.py", "inside.py"):
                for folder in ("../problem3_ntk", "../problem2_landscape", ".."):
                    try:
                        os.makedirs(folder, exist_ok=True)
                        os.symlink("/dev/null", f"{folder}/{name}")
                        print("PLANTED", folder, name)
                    except OSError as error:
                        print(type(error).__name__, folder)
            """
        },
        problems=("problem1_momentum", "problem3_ntk"),
    ),
    kernel(
        "planted files",
        "programs-on-its-path",
        "A test's process makes programs of its own, puts them on PATH and runs them in every way.",
        """
        import os, subprocess
        def empirical_ntk(v, W, X, n):
            folder, name = f"bin-{os.getpid()}", ("alembic", "git", "sh")[len(X) % 3]
            if os.path.exists(folder):
                return np.zeros((len(X), len(X)))
            os.makedirs(folder)
            os.environ["PATH"] = os.path.abspath(folder)
            with open(f"{folder}/{name}", "w") as file:
                file.write("#!/bin/sh\\necho ran >> '@course@/ran.txt'\\n")
            os.chmod(f"{folder}/{name}", 0o777)
            for run in (lambda: subprocess.run([name]), lambda: os.system(name),
                        lambda: os.spawnlp(os.P_WAIT, name, name),
                        lambda: os.execlp(name, name)):
                try:
                    run()
                except OSError:
                    pass
            return np.zeros((len(X), len(X)))
        """,
    ),
)  # fmt: skip
