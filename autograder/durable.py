"""Files and folders that outlive a loss of power: what is written reaches the disk before we go on.

A file's data are safe once the file was synced, its name once the folder was.
"""

from __future__ import annotations

import os
from pathlib import Path


def sync(path: Path) -> None:
    """Have a file's data, or a folder's names, reach the disk."""
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def sync_tree(folder: Path) -> None:
    """Have all files in a folder, and their names, reach the disk."""
    for path in sorted(folder.rglob("*")):
        sync(path)
    sync(folder)


def make_folder(folder: Path) -> None:
    """Make a folder, and those above it that are missing, for good."""
    if not folder.is_dir():
        make_folder(folder.parent)
        folder.mkdir(exist_ok=True)
        sync(folder.parent)


def write_text(path: Path, text: str) -> None:
    """Put a file of UTF-8 in its place for good: whole, or not at all."""
    write_bytes(path, text.encode("utf-8"))


def write_bytes(path: Path, content: bytes) -> None:
    """Put a file in its place for good: whole, or not at all."""
    written = path.with_name(f".{path.name}")
    written.write_bytes(content)
    sync(written)
    written.replace(path)
    sync(path.parent)
