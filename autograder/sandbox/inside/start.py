"""Run a module in a bare interpreter; this is the first code in the sandbox, and it is trusted.

Without an outer wall, the process first forks: the child runs the module, and the parent becomes
the supervisor of the child.
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
    """Run `main()` of the module `order["module"]`."""
    if order["supervise"]:
        supervisor.stand_over(order["supervise"])
    if order["capabilities"] is not None:
        walls.set_capabilities(order["capabilities"])
    for give_builtins in (site.sethelper, site.setquit, site.setcopyright):
        give_builtins()
    for folder in order["packages"]:
        # Let the import system list the folder now: behind the wall, listing may be forbidden.
        PathFinder.find_spec("inside", [folder])
    os.chdir(order["work"])
    importlib.import_module(order["module"]).main()
