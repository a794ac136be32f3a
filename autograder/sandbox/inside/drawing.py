"""Draw figures as a notebook shows them: as PNG, cropped to the drawn area.

A notebook may ask matplotlib for windows, LaTeX or files, which do not exist in the sandbox. With
this module, such a request raises no error, and matplotlib still draws the figure.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from functools import cache
from typing import Any

import matplotlib.pyplot as plt
import matplotlib.style
import numpy as np
from matplotlib.backend_bases import FigureCanvasBase, FigureManagerBase
from matplotlib.backends import backend_agg
from matplotlib.backends.backend_agg import FigureCanvasAgg, RendererAgg
from matplotlib.backends.registry import BackendRegistry
from matplotlib.figure import Figure
from matplotlib.mathtext import MathTextParser
from matplotlib.text import Text
from matplotlib.transforms import Bbox
from PIL import Image

_MARGIN_INCHES = 0.1
_ROOM_INCHES = 0.5
_USUAL_SETTINGS: tuple[Any, ...] = (
    {"font.size": 10, "figure.dpi": 100},
    {"font.size": 11, "figure.dpi": 110},
)
_FONT_FILES = (".ttf", ".otf", ".ttc")
_WINDOWLESS = ("agg", "pdf", "pgf", "ps", "svg", "template")
_OTHERS_BACKENDS = ("inline", "ipympl", "widget", "module://")
"""Beginnings of the names of matplotlib backends whose packages may be missing."""


def png(figure: Figure) -> bytes | None:
    """Return the figure as PNG with a narrow margin, or None if the figure is empty.

    IPython draws every figure twice, the first time to measure it. To save time, this function
    draws the figure once, with some empty space around it, and crops the picture. Only a figure
    that needs more space is drawn again.
    """
    if not figure.axes and not figure.lines:
        return None
    room = figure.bbox_inches.padded(_ROOM_INCHES)
    pixels, renderer = _draw(figure, room)
    box = figure.get_tightbbox(renderer).padded(_MARGIN_INCHES)
    edges = np.array([box.x0 - room.x0, room.y1 - box.y1, box.x1 - room.x0, room.y1 - box.y0])
    left, top, right, bottom = np.round(edges * figure.dpi).astype(int)
    height, width = pixels.shape[:2]
    if min(left, top, width - right, height - bottom) < 0:
        pixels, _ = _draw(figure, box)
    else:
        pixels = pixels[top:bottom, left:right]
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "png", compress_level=3)
    return file.getvalue()


def _draw(figure: Figure, box: Bbox) -> tuple[np.ndarray, RendererAgg]:
    """Return the part of the figure in the box (in inches) as pixels, and its renderer.

    The renderer has already measured the texts of the figure.
    """
    canvas = FigureCanvasAgg(figure)
    canvas.print_figure(
        io.BytesIO(),
        format="rgba",
        dpi=figure.dpi,
        bbox_inches=box,
        facecolor=figure.get_facecolor(),
        edgecolor=figure.get_edgecolor(),
    )
    return np.asarray(canvas.buffer_rgba()), canvas.renderer


def share_formulas() -> None:
    """Share parsed formulas between all pictures, including the numbers on logarithmic axes.

    By default, matplotlib caches parsed formulas separately for each renderer.
    """
    backend_agg.MathTextParser = cache(MathTextParser)  # type: ignore[assignment, attr-defined]


def keep_fonts_in_memory() -> None:
    """Make matplotlib keep fonts in memory instead of as open files.

    Forks share the position in an open file, so a fork could leave a message for the next fork in
    that position.
    """
    opened = io.open

    def open_file(file: Any, mode: str = "r", *args: Any, **kwargs: Any) -> Any:
        if mode != "rb" or not str(file).endswith(_FONT_FILES):
            return opened(file, mode, *args, **kwargs)
        with opened(file, "rb") as font:
            return _Font(font.read(), str(file))

    io.open = open_file


class _Font(io.BytesIO):
    """A font in memory, with the name that PDF and PS files need."""

    def __init__(self, content: bytes, name: str) -> None:
        super().__init__(content)
        self.name = name


def do_without_machine() -> None:
    """Make matplotlib draw even if a window, LaTeX or a file is not available."""
    _do_without_windows()
    _do_without_latex()
    _do_without_files()
    _do_without_styles()


def _do_without_windows() -> None:
    registry: Any = BackendRegistry
    manager: Any = FigureManagerBase
    canvas: Any = FigureCanvasBase
    load, is_valid = registry.load_backend_module, registry.is_valid_backend

    def load_windowless(self: Any, backend: Any) -> Any:
        return load(self, backend if str(backend).lower() in _WINDOWLESS else "agg")

    def is_valid_anywhere(self: Any, backend: str) -> bool:
        return backend.lower().startswith(_OTHERS_BACKENDS) or bool(is_valid(self, backend))

    registry.load_backend_module = load_windowless
    registry.is_valid_backend = is_valid_anywhere
    manager.window = manager.frame = _Nothing()
    canvas.start_event_loop = lambda *_, **__: None  # otherwise `plt.pause` would wait


class _Nothing:
    """Stand-in for a window; every method does nothing."""

    def __getattr__(self, name: str) -> _Nothing:
        if name.startswith("__"):
            raise AttributeError(name)
        return self

    def __call__(self, *_: Any, **__: Any) -> _Nothing:
        return self

    def __iter__(self) -> Iterator[int]:
        return iter((0, 0))  # the width and height of a window


def _do_without_latex() -> None:
    """Show the source of texts that need LaTeX, because matplotlib cannot parse all LaTeX."""
    own: Any = Text
    asked, preprocess = own.get_usetex, own._preprocess_math
    own.get_usetex = lambda _text: False
    own._preprocess_math = lambda text, s: (s, False) if asked(text) else preprocess(text, s)


def _do_without_files() -> None:
    canvas: Any = FigureCanvasBase
    print_figure = canvas.print_figure

    def try_to_print(self: Any, *args: Any, **kwargs: Any) -> Any:
        try:
            return print_figure(self, *args, **kwargs)
        except (OSError, RuntimeError, ImportError) as error:  # a missing folder or program
            print(f"The picture is not saved while marking: {error}")

    canvas.print_figure = try_to_print


def _do_without_styles() -> None:
    style_module: Any = matplotlib.style
    use = style_module.use

    def try_to_use(style: Any) -> None:
        try:
            use(style)
        except OSError as error:  # the style's package or file is missing
            print(f"The style is left out while marking: {error}")

    use.__globals__["use"] = try_to_use  # `context` looks up `use` in this dict
    style_module.use = try_to_use


def draw_once() -> None:
    """Draw typical figures, so that fonts and formulas are cached for later figures."""
    for settings in _USUAL_SETTINGS:
        with plt.rc_context(settings):
            figure, axes = plt.subplots()
            axes.loglog([1e-6, 1e5], [1e-6, 1e5], "o-", label=r"$\frac{1}{2}\eta^2$")
            axes.set(xlabel=r"radius $\rho$", ylabel="trace", title=r"$\mathbf{x}$ and **text**")
            axes.set(xticks=10.0 ** np.arange(-6, 6), yticks=10.0 ** np.arange(-6, 6))
            axes.legend()
            png(figure)
            plt.close(figure)
    figure, axes = plt.subplots()
    field = axes.contourf(np.hypot(*np.mgrid[-3:3, -3:3]) + 1)
    axes.plot([0, 1, 2], [0, 1, 0], "x--")
    figure.colorbar(field)
    png(figure)
    plt.close(figure)
