"""Pictures of figures as a notebook shows them: PNG, cut to what is drawn."""

from __future__ import annotations

import io
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
from IPython.core.pylabtools import print_figure
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from PIL import Image

_MARGIN_INCHES = 0.1
_FONT_FILES = (".ttf", ".otf", ".ttc")


def png(figure: Figure) -> bytes | None:
    """The figure as PNG with a narrow margin; None where there is nothing on it.

    IPython draws twice, the first time to learn where things lie. Where nothing lies outside of
    the figure, one drawing is enough: the picture is cut after it was drawn.
    """
    if not figure.axes and not figure.lines:
        return None
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    pixels = np.asarray(canvas.buffer_rgba())
    box = figure.get_tightbbox(canvas.get_renderer()).padded(_MARGIN_INCHES)
    left, low, right, top = np.round(np.asarray(box.extents) * figure.dpi).astype(int)
    height, width = pixels.shape[:2]
    margin = int(np.ceil(_MARGIN_INCHES * figure.dpi))
    if min(left, low, width - right, height - top) < -margin:
        whole: bytes | None = print_figure(figure, "png")
        return whole
    cut = pixels[max(height - top, 0) : height - max(low, 0), max(left, 0) : right]
    file = io.BytesIO()
    Image.fromarray(cut).save(file, "png", compress_level=3)
    return file.getvalue()


def keep_fonts_in_memory() -> None:
    """Have matplotlib hold fonts in memory and not as open files.

    Forks share an open file's position, in which one of them could leave word for the next.
    """
    opened = io.open

    def open_file(file: Any, mode: str = "r", *args: Any, **kwargs: Any) -> Any:
        if mode != "rb" or not str(file).endswith(_FONT_FILES):
            return opened(file, mode, *args, **kwargs)
        with opened(file, "rb") as font:
            return io.BytesIO(font.read())

    io.open = open_file


def draw_once() -> None:
    """Draw a figure of the usual parts, so that later ones find fonts and parsers ready."""
    figure, axes = plt.subplots(layout="constrained")
    axes.semilogy([1, 10], [1, 100], "o-", label=r"$\frac{1}{2}\eta^2$")
    axes.set(xlabel=r"radius $\rho$", ylabel="trace", title=r"$\mathbf{x}$ and **text**")
    axes.legend()
    png(figure)
    plt.close(figure)
