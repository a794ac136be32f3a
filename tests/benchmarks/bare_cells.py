"""The lowest possible cost of submissions: only their cells, run by `exec` in one warm process.

`python bare_cells.py SUPPORT FOLDER...` prints JSON: the processor seconds for the cells of the
notebooks in the folders, and for drawing their figures. The first folder is run once before the
measurement, so that imports and matplotlib's first steps are not counted. SUPPORT is the folder
that contains `checks.py`. As in the sandbox, numpy has one thread. No cell may fail.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import sys
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

os.environ["OPENBLAS_NUM_THREADS"] = "1"

import matplotlib as mpl
import matplotlib.pyplot as plt
from IPython.core.pylabtools import print_figure


def main(support: Path, folders: Sequence[Path]) -> None:
    """Run every notebook and print the processor time of each step."""
    mpl.use("agg")
    sys.path.insert(0, str(support))
    _run(folders[0])
    seconds = {"cells": 0.0, "figures": 0.0}
    for folder in folders:
        for stage, spent in _run(folder).items():
            seconds[stage] += spent
    print(json.dumps(seconds))


def _run(folder: Path) -> dict[str, float]:
    seconds = {"cells": 0.0, "figures": 0.0}
    for path in sorted(folder.glob("*.ipynb")):
        notebook = json.loads(path.read_text(encoding="utf-8"))
        names: dict[str, object] = {"__name__": "__main__"}
        for cell in notebook["cells"]:
            if cell["cell_type"] == "code":
                seconds["cells"] += _timed(partial(exec, "".join(cell["source"]), names))
                seconds["figures"] += _timed(_draw)
    return seconds


def _timed(action: Callable[[], object]) -> float:
    start = time.process_time()
    with contextlib.redirect_stdout(io.StringIO()):
        action()
    return time.process_time() - start


def _draw() -> None:
    for number in plt.get_fignums():
        print_figure(plt.figure(number), "png")
    plt.close("all")


if __name__ == "__main__":
    main(Path(sys.argv[1]), [Path(each) for each in sys.argv[2:]])
