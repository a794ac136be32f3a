"""Find out which walls this machine can provide, by testing each wall with a scratch process.

The walls separate student code from the machine; see the package `sandbox`.
"""

from __future__ import annotations

import json
import os
import platform
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any, Literal

from autograder.errors import SandboxError
from autograder.sandbox import bubblewrap
from autograder.sandbox.inside import landlock, seccomp, walls
from autograder.sandbox.spareuser import SpareUser
from autograder.sandbox.visiblefiles import VisibleFiles, environment, python, view

Level = Literal["outer and inner", "inner only", "outer only", "unprotected"]

_CHANGE_USER = (walls.CAP_SETUID, walls.CAP_SETGID)
_SECONDS = 120  # starting a process can take long on a busy machine
_SCRATCH_SIZE = 2**20
_ONLY_LINUX = "This wall needs Linux: grade in a Linux container or virtual machine."
_ALONE = (
    "Without the outer wall, student code can see whether a file exists and how large it is.",
    "Without the outer wall, only a watchdog limits total disk use.",
)


@dataclass(frozen=True)
class Wall:
    """A wall between student code and this machine.

    `stands` says whether the wall works. `made_of` has its parts with their versions, `covers` the
    dangers that it prevents, and `lacks` its shortcomings, with advice.
    """

    stands: bool
    made_of: Mapping[str, Any]
    covers: tuple[str, ...] = ()
    lacks: tuple[str, ...] = ()


@dataclass(frozen=True)
class Protection:
    """The walls between student code and this machine; the argument of `launch`.

    If `allow_unprotected` is True, student code may run without any wall.
    """

    outer: Wall
    inner: Wall
    allow_unprotected: bool = False

    @property
    def level(self) -> Level:
        """The level of protection in a few words, which every Report repeats."""
        if self.outer.stands:
            return "outer and inner" if self.inner.stands else "outer only"
        return "inner only" if self.inner.stands else "unprotected"

    def walls(self) -> dict[str, Any]:
        """Return the walls as plain data for a Report."""
        return {
            name: {
                "stands": wall.stands,
                "made_of": dict(wall.made_of),
                "covers": list(wall.covers),
                "lacks": list(wall.lacks),
            }
            for name, wall in (("outer", self.outer), ("inner", self.inner))
        }

    def advice(self) -> list[tuple[str, str, str]]:
        """Return a table row for each wall: its name, its coverage, and how to improve it."""
        return [
            (name, _summary(wall), " ".join(wall.lacks) or "nothing missing")
            for name, wall in (("outer", self.outer), ("inner", self.inner))
        ]

    def require(self) -> None:
        """Raise SandboxError, with advice, if there is no wall and `allow_unprotected` is False."""
        if self.level == "unprotected" and not self.allow_unprotected:
            advice = "\n".join(f"  {name} wall: {todo}" for name, _, todo in self.advice())
            raise SandboxError(
                "this machine has no wall around student code, so nothing was run.\n"
                f"{advice}\nTo run student code anyway, on a machine with nothing to lose, use "
                "--unprotected. Every Report will say that student code ran unprotected."
            )


def examine(
    *, use_outer: bool = True, use_inner: bool = True, unprotected: bool = False
) -> Protection:
    """Test the walls of this machine; each result is cached for the life of the process.

    If `use_outer` or `use_inner` is False, the outer or the inner wall is skipped, as if the
    machine did not have that wall. `unprotected` allows student code to run without any wall.
    """
    left_out = _no_wall("Switched off by a setting.")
    outer = _outer() if use_outer else left_out
    inner = _inner() if use_inner else left_out
    if inner.stands and not outer.stands:
        inner = replace(inner, lacks=(*inner.lacks, *_ALONE))
    return Protection(outer, inner, unprotected)


def _no_wall(why: str) -> Wall:
    return Wall(False, {}, (), (why,))


def _summary(wall: Wall) -> str:
    made_of = ", ".join(f"{name} {value}" for name, value in wall.made_of.items())
    return f"{made_of}: {'; '.join(wall.covers)}" if wall.stands else "not available"


@cache
def _outer() -> Wall:
    if platform.system() != "Linux":
        return _no_wall(_ONLY_LINUX)
    found = bubblewrap.installed()
    if found is None:
        return _no_wall("Install bubblewrap (Debian, Ubuntu: apt install bubblewrap).")
    made_of = {"bubblewrap": ".".join(map(str, found[1]))}
    problem = _try_outer()
    if problem is not None:
        return Wall(False, made_of, (), (problem, *_namespace_advice()))
    covers = (
        "files: student code sees only the interpreter's packages, read-only, without this kit",
        "network: none",
        "processes: student code sees only the sandbox's processes, which end with the sandbox",
        "disk: a folder of fixed size, removed with the sandbox",
    )
    return Wall(True, made_of, covers)


_LOOK_AROUND = """
import json, os, socket
print(json.dumps({"pid": os.getpid(), "links": [name for _, name in socket.if_nameindex()],
                  "names": sorted(os.listdir("/"))}))
"""


def _try_outer() -> str | None:
    """Start a scratch process behind the outer wall; return the problem, or None."""
    seen = view()
    command = bubblewrap.command(
        seen, python(seen, _LOOK_AROUND), size=_SCRATCH_SIZE, capabilities=root_keeps(seen)
    )
    try:
        done = _run(command, environment("/box"))
    except subprocess.TimeoutExpired:
        return "bubblewrap did not start a process in time."
    if done.returncode != 0:
        return f"bubblewrap can't start here ({done.stderr.strip()[-300:]})."
    around = json.loads(done.stdout)
    if around["pid"] > 9 or around["links"] not in ([], ["lo"]) or "proc" in around["names"]:
        return "bubblewrap started a process, but did not isolate it from the machine."
    return None


def _namespace_advice() -> Iterator[str]:
    if _setting("kernel/apparmor_restrict_unprivileged_userns") == "1":
        yield (
            "AppArmor forbids user namespaces (Ubuntu 24.04): give bwrap a profile with `userns,`, "
            "or run sudo sysctl kernel.apparmor_restrict_unprivileged_userns=0."
        )
    if _setting("kernel/unprivileged_userns_clone") == "0":
        yield "User namespaces are off: run sudo sysctl kernel.unprivileged_userns_clone=1."
    if _setting("user/max_user_namespaces") == "0":
        yield "User namespaces are off: run sudo sysctl user.max_user_namespaces=10000."
    if Path("/.dockerenv").exists() or Path("/run/.containerenv").exists():
        yield "Most containers forbid user namespaces: use the inner wall alone in a container."


def _setting(name: str) -> str | None:
    try:
        return Path("/proc/sys", name).read_text(encoding="ascii").strip()
    except OSError:
        return None


@cache
def _inner() -> Wall:
    if platform.system() != "Linux":
        return _no_wall(_ONLY_LINUX)
    version = landlock.abi()
    made_of: dict[str, Any] = {"Landlock": version}
    lacks = list(_inner_lacks(version))
    if not lacks:
        problem = _try_inner()
        lacks = [problem] if problem else []
    if lacks:
        return Wall(False, made_of, (), tuple(lacks))
    made_of |= {"seccomp": platform.machine()}
    made_of |= {"user": "a spare user" if os.geteuid() == 0 else "the grader's own"}
    covers = (
        "files: only the interpreter's packages and a private folder can be opened",
        "network: no socket can be created",
        "system calls: no exec, ptrace, namespaces, io_uring, keyrings and similar calls",
        "limits: memory, processes, file size, descriptors",
    )
    return Wall(True, made_of, covers, tuple(_old_landlock(version)))


def _inner_lacks(version: int) -> Iterator[str]:
    if version == 0:
        yield (
            "Landlock is missing: it needs Linux 5.13 or newer with `landlock` in the kernel's "
            "`lsm=` list. In a container, the seccomp profile must allow Landlock."
        )
    if platform.machine() not in seccomp.AUDIT_ARCH:
        yield f"The system call filter supports only {', '.join(seccomp.AUDIT_ARCH)}."
    if os.geteuid() == 0 and not can_change_user():
        yield (
            "On this machine, root may not change its user (CAP_SETUID, CAP_SETGID): grade as "
            "another user."
        )
    closed = view().closed_to_others(from_root=True) if can_change_user() else []
    if closed and walls.CAP_DAC_READ_SEARCH not in walls.held_capabilities():
        yield (
            f"Only root can read {closed[0]}, but student code must run as another user: "
            "install Python and its packages where other users can read them."
        )


def _old_landlock(version: int) -> Iterator[str]:
    """Yield the shortcomings of an old Landlock, and what the kit does instead."""
    signals = (
        "the notebooks of one submission can send each other signals"
        if os.geteuid() == 0
        else "nearly all signals are forbidden, so student code can't end processes that it forked"
    )
    for least, linux, lack in (
        (landlock.REFER_ABI, "5.19", "files can't be moved between folders"),
        (landlock.TRUNCATE_ABI, "6.2", "files can't be truncated by name"),
        (landlock.NETWORK_ABI, "6.7", "only the system call filter blocks the network"),
        (landlock.DEVICE_ABI, "6.10", "only the system call filter blocks devices"),
        (landlock.SCOPE_ABI, "6.12", signals),
    ):
        if version < least:
            yield f"Landlock is older than Linux {linux}: {lack}."


_TRY_WALL = """
import json, os, sys
order = json.loads(sys.argv[1])
sys.path.insert(0, order["door"])
from inside import walls
if order["capabilities"] is not None:
    walls.set_capabilities(order["capabilities"])
print(json.dumps(walls.attempt(order["spec"], order["forbidden"])))
"""


def _try_inner() -> str | None:
    """Let a scratch process confine itself and test the inner wall; return the problem, or None."""
    seen = view()
    as_root = can_change_user()
    spare = SpareUser() if as_root else None
    with tempfile.TemporaryDirectory(prefix="fdl-walls-") as scratch:
        private, forbidden = Path(scratch, "private"), Path(scratch, "forbidden")
        private.mkdir()
        forbidden.write_text("not to be read")
        if spare is not None:
            Path(scratch).chmod(0o711)
            shutil.chown(private, spare.uid, spare.uid)
        order = {
            "door": str(seen.inside.parent),
            "capabilities": root_keeps(seen, outer=False) if as_root else None,
            "forbidden": str(forbidden),
            "spec": {
                **{name: str(private) for name in ("work", "tmp", "home")},
                "read": [str(path) for path in (*seen.pieces(), seen.inside)],
                "uid": spare.uid if spare else None,
                "keep_read": must_keep_read(seen, outer=False),
                "landlock": True,
                "seccomp": True,
                "rlimits": {"CORE": 0},
            },
        }
        try:
            command = python(seen, _TRY_WALL, json.dumps(order))
            done = _run(command, environment(str(private)))
        except subprocess.TimeoutExpired:
            return "A scratch process behind the wall did not answer in time."
        finally:
            if spare is not None:
                spare.release()
    if done.returncode != 0:
        return f"The wall cannot be set up ({done.stderr.strip()[-300:]})."
    open_ways = json.loads(done.stdout)
    return f"The wall was set up, but did not stop: {', '.join(open_ways)}." if open_ways else None


def can_change_user() -> bool:
    """Return whether the grader runs as root and may change its user.

    Some containers forbid root to change its user.
    """
    return os.geteuid() == 0 and set(_CHANGE_USER) <= set(walls.held_capabilities())


def must_keep_read(seen: VisibleFiles, *, outer: bool) -> bool:
    """Return whether the spare user needs CAP_DAC_READ_SEARCH to import packages."""
    return can_change_user() and bool(seen.closed_to_others(from_root=not outer))


def root_keeps(seen: VisibleFiles, *, outer: bool = True) -> list[int]:
    """Return the capabilities that the sandbox's parent keeps if the grader runs as root.

    The parent needs these capabilities to change the user and to end its children.
    """
    wanted = [*_CHANGE_USER, walls.CAP_KILL]
    if must_keep_read(seen, outer=outer):
        wanted.append(walls.CAP_DAC_READ_SEARCH)
    held = walls.held_capabilities()
    return [capability for capability in wanted if capability in held]


def _run(command: list[str], variables: dict[str, str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command, env=variables, capture_output=True, text=True, timeout=_SECONDS, check=False
    )
