"""Get from a bare interpreter to a module; the first code in the sandbox, still trusted.

Without an outer wall, the process forks here: the child goes on, and the parent remains as its
supervisor.
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
        # List it for the import system now: behind the wall, listing may be forbidden.
        PathFinder.find_spec("inside", [folder])
    os.chdir(order["work"])
    importlib.import_module(order["module"]).main()
