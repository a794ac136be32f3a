"""The outer wall: bubblewrap, which starts a process in its own namespaces.

The process can read only the files that `visiblefiles.view` names. The process has no network, sees
no process outside the sandbox, and has no /proc. The process can write to one folder of fixed size.
That folder disappears when the last process of the sandbox ends.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path

from autograder.sandbox.inside import walls
from autograder.sandbox.visiblefiles import VisibleFiles, merged_links

DOOR = "/door"
BOX = "/box"

_CAPABILITIES = {number: name for name, number in vars(walls).items() if name.startswith("CAP_")}


@cache
def installed() -> tuple[str, tuple[int, ...]] | None:
    """Return bubblewrap's path and version, or None if it is not installed."""
    path = shutil.which("bwrap")
    if path is None:
        return None
    said = subprocess.run([path, "--version"], capture_output=True, text=True, check=False).stdout
    found = re.search(r"(\d+)\.(\d+)\.(\d+)", said)
    return (path, tuple(map(int, found.groups()))) if found else None


def command(
    seen: VisibleFiles,
    inner: Sequence[str],
    *,
    size: int,
    capabilities: Sequence[int],
    font_list: Path | None = None,
    info: int | None = None,
    lock: int | None = None,
) -> list[str]:
    """Return the command that runs `inner` behind the wall.

    `size` is the limit for all files together, in bytes. `capabilities` are the capabilities that
    root keeps. bubblewrap writes a line of JSON with the process id to the descriptor `info`. The
    descriptor `lock` stays open as long as any process of the sandbox runs.
    """
    found = installed()
    assert found is not None, "`command` needs bubblewrap"
    path, version = found
    tmp_is_seen = any(path.is_relative_to("/tmp") for path in seen.read)
    return [
        path,
        *_namespaces(version, capabilities),
        *_system(seen),
        *("--ro-bind", str(seen.inside), f"{DOOR}/inside"),
        *_box(size, font_list),
        *(() if tmp_is_seen else ("--symlink", f"{BOX}/tmp", "/tmp")),
        *("--remount-ro", "/", "--chdir", f"{BOX}/work"),
        *(("--info-fd", str(info)) if info is not None else ()),
        *(("--sync-fd", str(lock)) if lock is not None else ()),
        "--",
        *inner,
    ]


def _namespaces(version: tuple[int, ...], capabilities: Sequence[int]) -> Iterator[str]:
    yield from ("--die-with-parent", "--new-session")
    if os.geteuid() != 0:
        yield from ("--unshare-user", "--unshare-all", "--cap-drop", "ALL")
        if version >= (0, 8, 0):
            yield "--disable-userns"
        return
    # Do not create a user namespace for root: the spare user would not exist in it.
    for kind in ("ipc", "pid", "net", "uts", "cgroup-try"):
        yield f"--unshare-{kind}"
    yield from ("--hostname", "sandbox", "--cap-drop", "ALL")
    for capability in capabilities:
        yield from ("--cap-add", _CAPABILITIES[capability])


def _system(seen: VisibleFiles) -> Iterator[str]:
    links = merged_links()
    for link, target in links.items():
        yield from ("--symlink", target, link)
    for folder in sorted({parent for path in seen.read for parent in path.parents[:-1]}):
        # Without this option, bubblewrap makes some folders inaccessible to other users.
        yield from ("--perms", "0755", "--dir", str(folder))
    for path in seen.read:
        yield from ("--ro-bind", str(path), str(path))
    for path in seen.hidden:
        if path.is_dir():
            yield from ("--tmpfs", str(path), "--remount-ro", str(path))
        else:
            yield from ("--ro-bind", os.devnull, str(path))
    yield from ("--perms", "0755", "--tmpfs", "/dev")
    for device in ("null", "urandom"):
        yield from ("--dev-bind", f"/dev/{device}", f"/dev/{device}")
    yield from ("--remount-ro", "/dev")


def _box(size: int, font_list: Path | None) -> Iterator[str]:
    # Every user may write to these folders, because student code may run as the spare user.
    yield from ("--perms", "0777", "--size", str(size), "--tmpfs", BOX)
    for folder in ("work", "tmp", "home", "matplotlib"):
        yield from ("--perms", "0777", "--dir", f"{BOX}/{folder}")
    if font_list is not None:
        yield from ("--ro-bind", str(font_list), f"{BOX}/matplotlib/{font_list.name}")
