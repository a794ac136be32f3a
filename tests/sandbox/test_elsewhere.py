"""Code that works on a student's machine and does not change answers causes no error in marking."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from autograder.course.assignment import Course
from autograder.course.samples import SampleStudent, write_submission
from autograder.grading.jobs import MarkSettings
from autograder.grading.mark import mark_submission
from autograder.sandbox import Cell, CellResult, Limits, Notebook, Raised, Sandbox

from .rooms import WALLS, protection

ROOT = Path(__file__).parents[2]

PICTURE = """
import io, os, warnings
from pathlib import Path
import matplotlib, matplotlib.pyplot as plt
warnings.simplefilter("error")
def picture():
    figure, axes = plt.subplots(figsize=(2, 1))
    axes.plot([1, 2], label=r"$\\eta^2$ ö")
    axes.legend()
    return figure
"""
SAVED = [
    'picture().savefig("plot.pdf"); assert os.path.getsize("plot.pdf") > 1000',
    'picture().savefig("plot.svg"); assert os.path.getsize("plot.svg") > 1000',
    'picture(); plt.savefig(Path("a.png"), bbox_inches="tight", dpi=200); os.stat("a.png")',
    'file = io.BytesIO(); picture().savefig(file, format="pdf"); assert file.tell() > 1000',
    "warnings.simplefilter('ignore'); picture().savefig('plot.eps'); picture().savefig('plot.ps')",
    'assert min(map(os.path.getsize, ("plot.eps", "plot.ps"))) > 1000',
    "from matplotlib.backends.backend_pdf import PdfPages\n"
    "with PdfPages('all.pdf') as pages: pages.savefig(picture())\n"
    "assert os.path.getsize('all.pdf') > 1000",
    'plt.rcParams["pdf.fonttype"] = 42; picture().savefig("plot.pdf")',
    'plt.rcParams["ps.fonttype"] = 42; picture().savefig("plot.eps"); plt.rcdefaults()',
]
NOT_SAVED = [
    'picture().savefig("figures/plot.pdf")',
    'picture().savefig("/content/drive/MyDrive/plot.png")',
    'picture().savefig("plot.pgf")',
    'plt.rc("text", usetex=True); figure = picture(); figure.savefig("tex.png")',
    'figure.axes[0].set_title(r"\\textbf{a} $\\text{b}$"); figure.savefig("tex.pdf")',
    "plt.style.use(['no-such-style']); plt.style.use('no/such.mplstyle'); picture()",
    "with plt.style.context('no-such-style'): picture()",
    'plt.tight_layout(); figure.canvas.draw(); figure.savefig("tex.eps"); plt.rcdefaults()',
]
BACKENDS = [
    "TkAgg",
    "Qt5Agg",
    "QtAgg",
    "GTK3Agg",
    "WXAgg",
    "MacOSX",
    "nbAgg",
    "WebAgg",
    "ipympl",
    "cairo",
    "agg",
    "module://ipympl.backend_nbagg",
    "module://matplotlib_inline.backend_inline",
]
WINDOWS = [
    *(f'matplotlib.use("{name}"); picture(); plt.show()' for name in BACKENDS),
    *(f'plt.switch_backend("{name}"); picture().show()' for name in BACKENDS),
    *(f'plt.rcParams["backend"] = "{name}"; picture()' for name in BACKENDS),
    'os.environ["MPLBACKEND"] = "TkAgg"; matplotlib.use("Qt5Agg", force=True); picture()',
    "import importlib; importlib.reload(plt); picture(); plt.show()",
    "plt.ion(); picture(); plt.pause(600); plt.show(block=True); plt.ioff()",
    "picture(); manager = plt.get_current_fig_manager(); manager.window.showMaximized()\n"
    "manager.resize(*manager.window.maxsize()); manager.full_screen_toggle(); manager.show()",
    "figure = picture(); display(figure); from IPython.display import clear_output; clear_output()",
    "plt.style.use('seaborn-v0_8'); plt.rcParams['font.family'] = 'No Such Font'; picture()",
    "%config InlineBackend.figure_format = 'retina'",
    "%matplotlib widget",
    "%matplotlib ipympl",
]


@pytest.fixture(
    scope="module",
    params=["inner wall alone", pytest.param("both walls", marks=pytest.mark.slow)],
)
def sandbox(request: pytest.FixtureRequest) -> Iterator[Sandbox]:
    found = protection(request.param)
    if found is None:
        pytest.skip(f"not available on this machine: {request.param}")
    with Sandbox(found, Limits()) as made:
        yield made


def run(sandbox: Sandbox, *sources: str) -> list[CellResult]:
    """Return the results of the cells, run in a new notebook."""
    sandbox.renew()
    cells = [Cell(index, source) for index, source in enumerate(sources)]
    notebook = Notebook(sandbox, "notebook", cells, {}, seed=1)
    notebook.run(deadline=float("inf"))
    notebook.close()
    return [notebook.results[index] for index in range(len(sources))]


def errors(sandbox: Sandbox, *sources: str) -> dict[str, str]:
    results = zip(sources, run(sandbox, *sources), strict=True)
    return {source: found.error.text for source, found in results if found.error}


def test_pictures_are_saved(sandbox: Sandbox) -> None:
    assert errors(sandbox, PICTURE, *SAVED) == {}


def test_a_picture_that_can_not_be_saved_is_no_error(sandbox: Sandbox) -> None:
    assert errors(sandbox, PICTURE, *NOT_SAVED) == {}
    *_, result = run(sandbox, PICTURE, NOT_SAVED[0])
    assert "The picture is not saved while marking" in result.outputs[0]["text"]


def test_a_window_that_is_asked_for_is_no_error(sandbox: Sandbox) -> None:
    assert errors(sandbox, PICTURE, *WINDOWS) == {}


def test_a_wrong_call_is_an_error_still(sandbox: Sandbox) -> None:
    wrong = [
        'picture().savefig("plot.xyz")',
        'matplotlib.use("no such backend")',
        "plt.figure().axes[3]",
    ]
    assert set(errors(sandbox, PICTURE, *wrong)) == set(wrong)


# --- Pools ----------------------------------------------------------------------------------------

TASKS = """
import multiprocessing as mp, os
from multiprocessing import Array, Event, Lock, Manager, Pool, Process, Queue, Value, get_context
from multiprocessing.pool import Pool as OtherPool, ThreadPool
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor, as_completed
import numpy as np
def square(x):
    return x * x
def add(x, y):
    return x + y
def change(x):
    x[0] = 9
    return x
def put(queue, x):
    queue.put(x * x)
def fail(x):
    raise ValueError(x)
"""
POOLS = [
    "with Pool(4) as pool: assert pool.map(square, range(4)) == [0, 1, 4, 9]",
    "with Pool(4) as pool: assert pool.starmap(add, [(1, 2), (3, 4)], chunksize=2) == [3, 7]",
    "with Pool() as pool: assert list(pool.imap(square, range(3))) == [0, 1, 4]",
    "with Pool() as pool: assert sorted(pool.imap_unordered(square, range(3))) == [0, 1, 4]",
    "pool = mp.Pool(2); found = [pool.apply_async(add, (i,), {'y': 1}) for i in range(3)]\n"
    "pool.close(); pool.join(); assert [each.get(timeout=5) for each in found] == [1, 2, 3]",
    "told = []; Pool(2).map_async(square, [3], callback=told.append).wait(); assert told == [[9]]",
    "with get_context('spawn').Pool(2) as pool: assert pool.map(square, [3]) == [9]",
    "mp.set_start_method('fork', force=True); assert mp.Pool(2).apply(square, (3,)) == 9",
    "assert ThreadPool(2).map(square, [3]) == OtherPool(2).map(square, [3]) == [9]",
    "start = np.zeros(2); assert Pool(2).map(change, [start])[0][0] == 9 and start[0] == 0",
    "result = Pool(2).apply_async(fail, (1,)); assert not result.successful()\n"
    "try: result.get()\nexcept ValueError: pass\nelse: raise AssertionError",
    "with ProcessPoolExecutor(max_workers=4) as pool:\n"
    "    assert list(pool.map(square, [1, 2])) == [1, 4]\n"
    "    assert [f.result() for f in as_completed([pool.submit(add, 1, y=2)])] == [3]",
    "with ThreadPoolExecutor(4) as pool: assert list(pool.map(square, range(99)))[9] == 81",
    "queue = Queue(); all = [Process(target=put, args=(queue, i), daemon=True) for i in range(3)]\n"
    "for each in all: each.start()\n"
    "assert sorted(queue.get() for _ in all) == [0, 1, 4]\n"
    "for each in all: each.join(); assert each.exitcode == 0; each.terminate()",
    "with Manager() as manager:\n    shared = manager.dict(a=1); assert dict(shared) == {'a': 1}",
    "number, array = Value('d', 1.0), Array('d', 3)\n"
    "with number.get_lock(): number.value += 1\n"
    "assert np.frombuffer(array.get_obj()).sum() == 0",
    "with Lock(): pass\nevent = Event(); event.set(); assert event.wait(1)",
    "assert mp.cpu_count() >= 1 and mp.current_process().name == 'MainProcess'",
]


def test_pools_and_processes_run_in_one_process(sandbox: Sandbox) -> None:
    assert errors(sandbox, TASKS, *POOLS) == {}


def test_threads_may_call_what_was_passed_in(sandbox: Sandbox) -> None:
    source = "def f(g):\n    with ThreadPoolExecutor(3) as pool: return list(pool.map(g, [1, 2]))"
    sandbox.renew()
    notebook = Notebook(sandbox, "notebook", [Cell(0, TASKS + source)], {}, seed=1)
    notebook.run(deadline=float("inf"))
    assert notebook.student(lambda _: "").f(lambda x: 10 * x) == [10, 20]
    notebook.close()


# --- Packages that are not installed here ---------------------------------------------------------

UNUSED = """
import no_such_package as nsp, os
import no_such_package.part.of_it as part; after = 1
import no_such_other.part
from no_such_package import thing as other, more
from no_such_package import *
from os import no_such_name, getcwd
no_such_name(1)
nsp.mount("/content/drive")
device = nsp.device("cpu")
if after:
    from no_such_package.colab import drive
    drive.mount("/content/drive")
@nsp.fast
def quick():
    return 1
def answer():
    return os.getcwd() == getcwd() and after == 1
"""
USES = [
    *("nsp.f", "nsp()", "part + 1", "1 @ part", "list(other)", "other[0]", "more < 1", "len(more)"),
    *("device.type", "quick()", "no_such_other.part.f()", "bool(nsp)", "nsp.__version__"),
]
GUARDED = """
try:
    import no_such_package
except ImportError:
    no_such_package = None
assert no_such_package is None
try:
    import numpy as np
finally:
    assert np.pi > 3
"""
MAGICS = "%load_ext no_such_extension\n%no_such_magic 1\n%load_ext autoreload\nran = True"
PROGRESS = "from tqdm.auto import tqdm, trange\nassert [*tqdm([1, 2]), *trange(2)] == [1, 2, 0, 1]"


def test_an_import_that_is_not_used_costs_nothing(sandbox: Sandbox) -> None:
    first, *others = run(
        sandbox, UNUSED, "assert answer()", GUARDED, MAGICS, "assert ran", PROGRESS
    )
    assert [found.error for found in others] == [None] * len(others)
    assert first.error is not None  # the failed import is reported as a note
    assert first.error.kind == "ModuleNotFoundError"
    assert first.error.text.startswith("No module named 'no_such_package'. The rest of the cell")
    assert first.error.place is not None
    assert first.error.place.line == 2


IN_BLOCKS = """
import warnings
with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    import no_such_package as nsp
for _ in range(2):
    from no_such_package import part
try:
    import no_such_package.other
except ImportError:
    import no_such_package
else:
    never = True
finally:
    from no_such_package import last
def answer():
    import no_such_package as own, os
    if os.getcwd():
        from no_such_package import thing
    return os.getcwd()
def falls_back():
    try:
        import no_such_package
    except ImportError:
        return True
"""


def test_an_import_that_is_not_used_costs_nothing_in_a_block_either(sandbox: Sandbox) -> None:
    _, last = run(sandbox, IN_BLOCKS, "assert answer() and falls_back() and 'never' not in vars()")
    assert last.error is None


def test_an_import_that_is_used_is_named(sandbox: Sandbox) -> None:
    for source, found in zip(USES, run(sandbox, UNUSED, *USES)[1:], strict=True):
        assert found.error is not None, source
        assert found.error.kind == "ModuleNotFoundError"
        assert "is not installed where notebooks are marked" in found.error.text


def test_a_name_that_a_package_lacks_costs_nothing_either(sandbox: Sandbox) -> None:
    source = "from os import no_such_name\nno_such_name(1)\nx = no_such_name.y\nran = True"
    assert errors(sandbox, source, "assert ran") == {
        source: f"cannot import name 'no_such_name' from 'os' ({os.__file__}). "
        "The rest of the cell was run without this line."
    }


def test_the_value_of_the_last_line_is_shown_still(sandbox: Sandbox) -> None:
    *_, last = run(sandbox, "import no_such_package\nimport math\nmath.floor(7.5)")
    assert last.outputs[0]["data"] == {"text/plain": "7"}


USED = """
import scipy_of_another_world.stats as st
from os import no_such_name
at_once = st.norm(0)
def by_name():
    return st.norm.pdf(0)
def inside():
    import scipy_of_another_world
    return scipy_of_another_world.stats
def name_only():
    return no_such_name()
"""


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("by_name", "The code needs `scipy_of_another_world`, which is not installed"),
        ("inside", "The code needs `scipy_of_another_world`, which is not installed"),
        ("at_once", "The code needs `scipy_of_another_world`, which is not installed"),
        ("name_only", "The code needs a part of `os` that does not exist"),
    ],
)
def test_a_failure_for_want_of_a_package_names_it(sandbox: Sandbox, name: str, said: str) -> None:
    sandbox.renew()
    notebook = Notebook(sandbox, "notebook", [Cell(0, USED)], {}, seed=1)
    notebook.run(deadline=float("inf"))
    student = notebook.student(lambda _: "")
    with pytest.raises(Raised, match=said):
        student.value(name) if name == "at_once" else getattr(student, name)()
    notebook.close()


# --- Marks ----------------------------------------------------------------------------------------

TOP = """
import matplotlib
matplotlib.use("Qt5Agg")
import seaborn_of_another_world as sns
from google_of_another_world.colab import drive
from multiprocessing import Pool
drive.mount("/content/drive")
sns.set_theme()
%load_ext no_such_extension
"""
POOLED = """
_descend = gd
def _run(task):
    return _descend(*task)
def gd(gradient, x0, eta, num_steps):
    with Pool(2) as pool:
        return pool.map(_run, [(gradient, x0, eta, num_steps)])[0]
"""
SAVING = """
_plot = plot_traces
def plot_traces(*args, **kwargs):
    figure = _plot(*args, **kwargs)
    figure.savefig("plot.pdf")
    plt.switch_backend("TkAgg")
    plt.show()
    return figure
"""


@pytest.mark.slow
@pytest.mark.parametrize("walls", ["both walls", "inner wall alone"])
def test_none_of_this_costs_a_point(walls: str, tmp_path: Path) -> None:
    if protection(walls) is None:
        pytest.skip(f"not available on this machine: {walls}")
    homework = (course := Course(ROOT)).assignment("hw2")
    before = {
        "p1-momentum-answer": TOP,
        "p2c-loss-gradient-answer": TOP,
        "p2c-usam-answer": POOLED,
        "p2c-surface-plot-answer": SAVING,
    }
    student = SampleStudent("elsewhere", "works on another machine", before=before)
    write_submission(course, homework, student, tmp_path / student.name)
    settings = MarkSettings(use_outer=WALLS[walls]["use_outer"])
    report = mark_submission(course, homework, tmp_path / student.name, settings=settings).report
    assert (report.points, report.bonus_points) == (report.max_points, report.max_bonus_points)
    (fault, *_) = report.notebooks["problem1_momentum"].faults
    assert "seaborn_of_another_world" in fault.error
