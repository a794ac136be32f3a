"""The context of a measurement: package versions, and the machine without its name."""

from __future__ import annotations

import os
import platform
import subprocess
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path

from autograder.sandbox import examine


def machine() -> dict[str, object]:
    """Processors, memory, system."""
    return {
        "processors": len(os.sched_getaffinity(0)),
        "model": _model(),
        "memory": os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"),
        "system": f"{platform.system()} {platform.release().split('-')[0]}",
        "protection": examine().level,
    }


def versions() -> dict[str, str]:
    """Return the versions of the packages that take part in marking."""
    packages = ("nbgrader", "numpy", "matplotlib", "ipython", "nbconvert", "ipykernel")
    walls = subprocess.run(["bwrap", "--version"], capture_output=True, text=True, check=False)
    return {
        "this kit": version("fdl-homework-kit"),
        "Python": platform.python_version(),
        **{package: version(package) for package in packages},
        "bubblewrap": (walls.stdout.split() or ["none"])[-1],
    }


def told(of: Mapping[str, object], with_: Mapping[str, str]) -> str:
    """Return the machine and the versions in two sentences for a page."""
    memory = int(str(of["memory"])) / 2**30
    names = ", ".join(f"{name} {number}" for name, number in with_.items())
    return (
        f"Measured on {of['processors']} processors ({of['model']}) with {memory:.0f} GB of "
        f"memory, {of['system']}, walls: {of['protection']}. Versions: {names}."
    )


def _model() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.machine()
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()
