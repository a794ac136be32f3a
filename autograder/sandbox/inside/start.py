"""The first code that runs in the sandbox, still trusted: from a bare interpreter to a module.

Where there is no outer wall, the process splits in two here: the lower half goes on, the upper
half stays behind as its supervisor.
"""

from __future__ import annotations

import importlib
import os
import site
from collections.abc import Mapping
from importlib.machinery import PathFinder
from typing import Any

from . import supervisor, walls


def main(order: Mapping[str, Any]) -> None:
    """Run `order["module"]`'s `main()`."""
    if order["supervise"]:
        supervisor.stand_over(order["supervise"])
    if order["capabilities"] is not None:
        walls.set_capabilities(order["capabilities"])
    for give_builtins in (site.sethelper, site.setquit, site.setcopyright):
        give_builtins()
    for folder in order["packages"]:
        # Have the import system list it while it may: behind the wall it may be closed to listing.
        PathFinder.find_spec("inside", [folder])
    os.chdir(order["work"])
    importlib.import_module(order["module"]).main()
