"""The files of this machine that the sandbox can see: the interpreter and its packages."""

from __future__ import annotations

import contextlib
import importlib.metadata
import os
import shutil
import site
import stat
import subprocess
import sys
import sysconfig
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from multiprocessing.util import Finalize
from pathlib import Path

from autograder.cache import cache_folder
from autograder.errors import SandboxError

INSIDE = Path(__file__).with_name("inside")

_SYSTEM = ("/lib", "/lib64", "/usr/lib", "/usr/lib64", "/usr/share/zoneinfo", "/etc/ld.so.cache")
_NEEDED = ("numpy", "matplotlib", "IPython", "msgpack", "PIL")


@dataclass(frozen=True)
class VisibleFiles:
    """The files that the sandbox can read.

    The sandbox can read the paths `read` and all files below them, except the paths `hidden`. The
    sandbox's sys.path lists `packages`. The folder `inside` becomes the package `inside` in the
    sandbox.
    """

    executable: Path
    inside: Path
    packages: tuple[Path, ...]
    read: tuple[Path, ...]
    hidden: tuple[Path, ...]

    def pieces(self) -> Iterator[Path]:
        """Yield the paths `read`, split into pieces so that no piece contains a hidden path.

        Landlock needs these pieces, because its rules can allow paths but not forbid them. Student
        code can open files in a folder that was split, but cannot list the folder.
        """
        for path in self.read:
            yield from _without(path, self.hidden)

    def closed_to_others(self, *, from_root: bool) -> list[Path]:
        """Check a sample of the package files; return the files that other users cannot read.

        If `from_root` is False, the folders above `read` are not checked, because the outer wall
        creates new folders in their place.
        """
        samples = [Path(os.__file__), self.inside / "walls.py", self.executable]
        samples += [origin for name in _NEEDED if (origin := _origin(name))]
        made_anew = () if from_root else (*self.read, self.inside)
        return [path for path in samples if not _others_can_read(path, made_anew)]


@cache
def view() -> VisibleFiles:
    """Return the files that the running interpreter and its packages need."""
    executable = Path(getattr(sys, "_base_executable", sys.executable)).resolve()
    packages = tuple(_package_folders())
    base = Path(sys.base_prefix)
    libraries = [base / "lib", base / "lib64", Path(sysconfig.get_paths()["stdlib"])]
    read = tuple(_outermost([executable, *libraries, *packages, *map(Path, _SYSTEM)]))
    places = [*packages, *map(Path, site.getsitepackages([sys.base_prefix, sys.prefix]))]
    own = Path(__file__).resolve().parents[1]
    kit = [own, own.with_name("solutions"), *(place / own.name for place in places)]
    hidden = [path.resolve() for path in kit if path.exists()]
    beneath = (path for path in hidden if any(path.is_relative_to(root) for root in read))
    return VisibleFiles(executable, INSIDE, packages, read, tuple(sorted(set(beneath))))


def environment(folder: str) -> dict[str, str]:
    """Return all environment variables of a sandbox in `folder`, without any of the grader's."""
    return {
        "HOME": f"{folder}/home",
        "USER": "student",
        "LOGNAME": "student",
        "TMPDIR": f"{folder}/tmp",
        "PATH": "/nonexistent",
        "LANG": "C.UTF-8",
        "TZ": "UTC",
        "MPLBACKEND": "Agg",
        "MPLCONFIGDIR": f"{folder}/matplotlib",
        "IPYTHONDIR": f"{folder}/home/ipython",
        "OPENBLAS_NUM_THREADS": "1",
        "OMP_NUM_THREADS": "1",
        "MKL_NUM_THREADS": "1",
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYTHONHASHSEED": "0",
        "PYTHONUTF8": "1",
    }


def python(seen: VisibleFiles, script: str, *arguments: str) -> list[str]:
    """Return a command that runs `script` in a bare interpreter: no site folder, no .pth files."""
    return [str(seen.executable), "-s", "-P", "-S", "-c", script, *arguments]


@cache
def font_list() -> Path | None:
    """Return the path of matplotlib's list of its own fonts, or None if the list cannot be made.

    The list is made once and cached for the user, or for this process if nothing can be cached.
    Without the list, matplotlib would search all fonts of the system at every cold start.
    """
    folder = cache_folder(f"matplotlib-{importlib.metadata.version('matplotlib')}")
    with contextlib.suppress(OSError):
        folder.mkdir(parents=True, exist_ok=True)
    try:
        found = _kept(folder)
        if found is None and not os.access(folder, os.W_OK):
            folder = Path(tempfile.mkdtemp(prefix="fdl-fonts-"))
            # a marking process ends without atexit
            Finalize(None, shutil.rmtree, [folder, True], exitpriority=0)
        return found or _make_font_list(folder)
    except (OSError, subprocess.TimeoutExpired):
        return None


def _kept(folder: Path) -> Path | None:
    return next((path for path in folder.glob("fontlist-*.json") if path.stat().st_size), None)


_MAKE_FONT_LIST = """
import os, sys
folder, sys.path[len(sys.path):] = sys.argv[1], sys.argv[2:]
import matplotlib
from matplotlib import font_manager as fonts
own, manager = matplotlib.get_data_path(), fonts.fontManager
for name in ("ttflist", "afmlist"):
    inside = [font for font in getattr(manager, name) if font.fname.startswith(own)]
    setattr(manager, name, inside)
fonts.json_dump(manager, os.path.join(folder, f"fontlist-v{manager.__version__}.json"))
"""


def _make_font_list(folder: Path) -> Path | None:
    seen = view()
    with tempfile.TemporaryDirectory() as scratch:
        done = subprocess.run(
            python(seen, _MAKE_FONT_LIST, scratch, *map(str, seen.packages)),
            env=environment(scratch),
            capture_output=True,
            timeout=120,
            check=False,
        )
        made = _kept(Path(scratch))
        if done.returncode or made is None:
            return None
        # The finished list is renamed into place, so that no process reads an incomplete list.
        part = folder / f"{made.name}.{os.getpid()}"
        try:
            shutil.copyfile(made, part)
            return part.rename(folder / made.name)
        finally:
            part.unlink(missing_ok=True)


def _package_folders() -> Iterator[Path]:
    """Yield the package folders on sys.path; the folders of the needed packages come first."""
    found: dict[Path, None] = {}
    for name in _NEEDED:
        origin = _origin(name)
        if origin is None:
            raise SandboxError(f"{name} is not installed for {sys.executable}: install the kit")
        found[origin.parents[1]] = None
    for entry in sys.path:
        if Path(entry).name in ("site-packages", "dist-packages") and Path(entry).is_dir():
            found[Path(entry).resolve()] = None
    return iter(found)


def _origin(package: str) -> Path | None:
    spec = find_spec(package)
    return Path(spec.origin).resolve() if spec and spec.origin else None


def _outermost(paths: Iterable[Path]) -> Iterator[Path]:
    """Yield the existing paths that are not below another path, with links resolved."""
    real = sorted({path.resolve() for path in paths if path.exists()})
    for path in real:
        if not any(path != other and path.is_relative_to(other) for other in real):
            yield path


def _without(path: Path, hidden: Sequence[Path]) -> Iterator[Path]:
    if path in hidden:
        return
    if not any(other.is_relative_to(path) for other in hidden):
        yield path
        return
    for child in sorted(path.iterdir()):
        yield from _without(child, hidden)


def _others_can_read(path: Path, made_anew_above: Sequence[Path]) -> bool:
    root = next((root for root in made_anew_above if path.is_relative_to(root)), Path("/"))
    for folder in path.parents:
        if folder.is_relative_to(root) and not folder.stat().st_mode & stat.S_IXOTH:
            return False
    return bool(path.stat().st_mode & stat.S_IROTH)


def merged_links() -> Mapping[str, str]:
    """Return the links at the root of a merged-/usr system, as {"/lib": "usr/lib", ...}."""
    return {path: os.readlink(path) for path in ("/lib", "/lib64") if os.path.islink(path)}
