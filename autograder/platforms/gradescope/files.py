"""Files that go into an archive, and how: the same files give the same bytes."""

from __future__ import annotations

import os
import zipfile
from collections.abc import Iterator
from pathlib import Path

_OLDEST = (1980, 1, 1, 0, 0, 0)
_LEFT_OUT = ("__pycache__",)


def files_in(folder: Path) -> Iterator[tuple[Path, str]]:
    """Each file beneath the folder and its name from there; nothing hidden, compiled or linked."""
    for here, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if not _is_left_out(name))
        for name in sorted(names):
            path = Path(here, name)
            if not _is_left_out(name) and path.is_file() and not path.is_symlink():
                yield path, path.relative_to(folder).as_posix()


def put(archive: zipfile.ZipFile, name: str, data: bytes, *, mode: int = 0o644) -> None:
    """Add a file of that name and mode to the archive."""
    entry = zipfile.ZipInfo(name, _OLDEST)
    entry.compress_type = zipfile.ZIP_DEFLATED
    entry.external_attr = (0o100000 | mode) << 16
    archive.writestr(entry, data)


def _is_left_out(name: str) -> bool:
    return name.startswith(".") or name in _LEFT_OUT or name.endswith(".pyc")
