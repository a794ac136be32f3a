"""The least that a submission can cost: its cells alone, run by `exec` in one process.

`python bare_cells.py FOLDER SUPPORT` prints the seconds that the cells of the notebooks in FOLDER
take, and those of drawing their figures, as JSON. Imports are not counted; SUPPORT is the folder of
`checks.py`. As in the sandbox, numpy has one thread.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

os.environ["OPENBLAS_NUM_THREADS"] = "1"

import matplotlib as mpl
import matplotlib.pyplot as plt
from IPython.core.pylabtools import print_figure


def main(folder: Path, support: Path) -> None:
    """Run every notebook and print where the time went."""
    mpl.use("agg")
    sys.path.insert(0, str(support))
    import checks  # noqa: F401  # the notebooks import it: not part of the cells' time

    seconds = {"cells": 0.0, "figures": 0.0}
    for path in sorted(folder.glob("*.ipynb")):
        notebook = json.loads(path.read_text(encoding="utf-8"))
        names: dict[str, object] = {"__name__": "__main__"}
        for cell in notebook["cells"]:
            if cell["cell_type"] == "code":
                seconds["cells"] += _timed(partial(exec, "".join(cell["source"]), names))
                seconds["figures"] += _timed(_draw)
    print(json.dumps(seconds))


def _timed(action: Callable[[], object]) -> float:
    start = time.perf_counter()
    with contextlib.redirect_stdout(io.StringIO()):
        action()
    return time.perf_counter() - start


def _draw() -> None:
    for number in plt.get_fignums():
        print_figure(plt.figure(number), "png")
    plt.close("all")


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
