"""What works on a student's machine and does not change an answer is no error while marking."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from autograder.sandbox import Cell, CellResult, Limits, Notebook, Sandbox

from .rooms import protection

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
    """What the cells of a notebook of its own come to."""
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
