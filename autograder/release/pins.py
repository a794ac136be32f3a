"""Pin the packages that students install to the versions that marking uses.

The `requirements.txt` of a source lists packages. A package without a version gets version bounds
from the kit's lock file, so that code that runs on a student's machine also runs during marking.
"""

from __future__ import annotations

import re
from importlib.metadata import metadata
from pathlib import Path

LOCK = Path(__file__).parents[1] / "platforms" / "gradescope" / "requirements.lock"
KIT = "fdl-homework-kit"

_LOCKED = re.compile(r"^([a-z0-9._-]+)==(\d+)\.(\d+)", re.MULTILINE)
_BARE = re.compile(r"[A-Za-z0-9._-]+")


def pinned(requirements: str, lock: str, python: str) -> str:
    """Return the requirements with version bounds, below a comment with the Python versions.

    >>> pinned("numpy", "numpy==2.4.6 \\\\", "<3.14,>=3.11")
    '# Python >=3.11,<3.14\\nnumpy>=2.4,<2.5\\n'
    """
    locked: dict[str, list[tuple[int, int]]] = {}
    for name, major, minor in _LOCKED.findall(lock):
        locked.setdefault(name, []).append((int(major), int(minor)))
    lines = [f"# Python {','.join(sorted(python.split(','), reverse=True))}"]
    for line in requirements.splitlines():
        versions = locked.get(line.strip().lower().replace("_", "-"), [])
        if _BARE.fullmatch(line.strip()) and versions:
            low, (major, minor) = min(versions), max(versions)
            line = f"{line.strip()}>={low[0]}.{low[1]},<{major}.{minor + 1}"
        lines.append(line)
    return "\n".join(lines) + "\n"


def pin(path: Path) -> None:
    """Pin the requirements in a file, if it exists."""
    if path.is_file():
        lock = LOCK.read_text(encoding="utf-8")
        text = pinned(path.read_text(encoding="utf-8"), lock, metadata(KIT)["Requires-Python"])
        path.write_text(text, encoding="utf-8")
