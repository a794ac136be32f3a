"""The table of probes, tried behind both walls and behind each wall alone."""

from __future__ import annotations

import contextlib
import errno
import os
import socket
import tempfile
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from .probes import APART, KILLED, OPEN, PROBES, REFUSED, Probe
from .rooms import WALLS, DiedError, RefusedError, Room, protection, room

HERE = Path(__file__).parent
MACHINE = os.uname().machine
COLUMN = {"x86_64": 0, "aarch64": 1}
SECRET = "the answer is 42"

# Without a wall, other reasons may still make a call fail.
BY_A_WALL = {
    *(errno.EACCES, errno.EPERM, errno.ENOENT, errno.ENOSYS, errno.EROFS, errno.EXDEV),
    *(errno.EOPNOTSUPP, errno.ESRCH),
}
BY_LIMITS_OR_NAMESPACES = {
    *(errno.EFBIG, errno.ENOSPC, errno.ENXIO, errno.ENODEV, errno.ENETUNREACH, errno.ENOTTY),
    *(errno.ECONNREFUSED, errno.EBADF, errno.EINVAL, errno.ENOTDIR, errno.ENOTSUP, errno.EFAULT),
    *(errno.EAFNOSUPPORT, errno.EPROTONOSUPPORT, errno.ESOCKTNOSUPPORT),
}


def try_probe(code: str, numbers: dict[str, int], names: dict[str, Any]) -> None:
    import ctypes
    import fcntl
    import mmap
    import os
    import signal
    import socket
    import struct
    import time

    library = ctypes.CDLL(None, use_errno=True)
    kept = []

    def text(value: Any) -> int:
        kept.append(ctypes.create_string_buffer(os.fsencode(value)))
        return ctypes.addressof(kept[-1])

    def call(which: Any, *args: int, at_the_end: Any = None) -> int:
        number = numbers.get(which, which)
        if isinstance(number, str):
            raise OSError(38, "no such call here")
        result = library.syscall(ctypes.c_long(number), *map(ctypes.c_long, args))
        if at_the_end is not None:
            at_the_end(result < 0)
        if result < 0:
            raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
        if which in ("clone", "clone3") and result == 0:
            os._exit(0)
        return int(result)

    def old_call() -> int:
        page = mmap.mmap(-1, 4096, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS, prot=7)
        page.write(b"\xb8\x14\x00\x00\x00\xcd\x80\xc3")  # mov eax, 20; int 0x80; ret
        start = ctypes.addressof(ctypes.c_char.from_buffer(page))
        return int(ctypes.CFUNCTYPE(ctypes.c_int)(start)())

    os.umask(0o022)
    modules = (ctypes, fcntl, mmap, os, signal, socket, struct, time)
    exec(
        code,
        {**{module.__name__: module for module in modules}, "call": call, "text": text}
        | {**names, "old_call": old_call},
    )


def numbers() -> dict[str, int]:
    rows = (line.split("\t") for line in (HERE / "syscalls.tsv").read_text("ascii").splitlines())
    found = {row[0]: row[1 + COLUMN[MACHINE]] for row in rows if not row[0].startswith("#")}
    return {name: int(number) for name, number in found.items() if number != "-"}


class Outside:
    """Resources outside the sandbox that no probe may reach."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.secret = folder / "secret.txt"
        self.secret.write_text(SECRET)
        folder.chmod(0o777)
        self.secret.chmod(0o666)
        self.tcp = socket.create_server(("127.0.0.1", 0))
        self.udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.udp.bind(self.tcp.getsockname())
        self.datagram = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.datagram.bind(str(folder / "socket"))
        (folder / "socket").chmod(0o777)
        self.abstract = socket.socket(socket.AF_UNIX)
        self.abstract.bind(f"\0{folder}")
        self.abstract.listen()
        for each in self.sockets:
            each.setblocking(False)

    @property
    def sockets(self) -> tuple[socket.socket, ...]:
        return self.tcp, self.udp, self.datagram, self.abstract

    def names(self) -> dict[str, Any]:
        return {
            "secret": str(self.secret),
            "folder": str(self.folder),
            "grader": os.getpid(),
            "port": self.tcp.getsockname()[1],
            "socket_file": str(self.folder / "socket"),
            "abstract": f"\0{self.folder}",
        }

    def changes(self) -> list[str]:
        """Return the resources that a probe reached."""
        found = []
        if not self.secret.exists() or self.secret.read_text() != SECRET:
            found.append("the file is another one")
        if self.secret.stat().st_mode & 0o777 != 0o666:
            found.append("its mode is another one")
        if {path.name for path in self.folder.iterdir()} != {"secret.txt", "socket"}:
            found.append("there are other files")
        for each in self.sockets:
            with contextlib.suppress(BlockingIOError):
                each.recv(1) if each.type == socket.SOCK_DGRAM else each.accept()
                found.append(f"somebody called {each.getsockname()!r}")
        return found

    def close(self) -> None:
        for each in self.sockets:
            each.close()


@pytest.fixture(scope="module")
def outside() -> Iterator[Outside]:
    with tempfile.TemporaryDirectory(prefix="fdl-outside-") as folder:
        made = Outside(Path(folder))
        yield made
        made.close()


# If a wall is not supposed to stop a probe, there is nothing to test.
TRIALS = [
    pytest.param(walls, probe, id=f"{walls}-{probe.id}")
    for walls in WALLS
    for probe in PROBES
    if probe.wanted(walls) != OPEN or probe.inner == OPEN
]


@pytest.fixture(scope="module")
def rooms() -> Iterator[Callable[[str], Room]]:
    with contextlib.ExitStack() as stack:

        @cache
        def room_behind(walls: str) -> Room | None:
            found = protection(walls)
            return stack.enter_context(room(found)) if found is not None else None

        def get(walls: str) -> Room:
            made = room_behind(walls)
            if made is None:
                pytest.skip(f"not available on this machine: {walls}")
            return made

        yield get


def happened(made: Room, probe: Probe, outside: Outside) -> str:
    try:
        made.run(try_probe, probe.code, numbers(), outside.names())
    except RefusedError as error:
        known = error.errno in BY_A_WALL | BY_LIMITS_OR_NAMESPACES
        return REFUSED if known else f"failed by accident: {error}"
    except DiedError:
        return KILLED
    return OPEN


@pytest.mark.parametrize(("walls", "probe"), TRIALS)
def test_each_wall_does_what_the_table_says(
    rooms: Callable[[str], Room], walls: str, probe: Probe, outside: Outside
) -> None:
    if "old_call" in probe.code and MACHINE != "x86_64":
        pytest.skip("an x86_64 processor runs its predecessor's calls")
    made, wanted = rooms(walls), probe.wanted(walls)
    seen = happened(made, probe, outside)
    assert outside.changes() == []
    assert seen == wanted or (wanted == APART and seen in (OPEN, REFUSED))
    assert made.confinement.cause is None


def test_nothing_is_open_behind_both_walls() -> None:
    assert [probe.id for probe in PROBES if probe.wanted("both walls") == OPEN] == []


def test_the_table_covers_every_class() -> None:
    kinds = {probe.kind for probe in PROBES}
    assert kinds >= {
        *("files", "network", "processes", "signals", "namespaces", "kernel", "devices"),
        *("mounts", "memory", "disk", "time", "rights", "others"),
    }
    assert len({probe.id for probe in PROBES}) == len(PROBES)
    # The inner wall's advice names everything that only the outer wall stops.
    assert [probe.name for probe in PROBES if probe.inner == OPEN] == ["learn whether it exists"]


# Calls that would fail anyway cannot prove a filter: these calls succeed on this machine.
HARMLESS_HERE = {
    "files: read a file outside",
    "files: append to it",
    "files: list its folder",
    "files: open it as a place, then for real",
    "files: learn whether it exists",
    "files: openat2",
    "files: name_to_handle_at",
    "network: TCP",
    "network: UDP",
    "network: a datagram from a pair",
    "network: netlink",
    "signals: to the grader",
    "memory: shared and nameless",
    "memory: System V",
    "memory: a file in memory",
    "processes: compare with the parent",
    "processes: run the interpreter",
    "others: watch files",
    "kernel: personality",
    "processes: a child that shares its files",
}


@pytest.mark.parametrize("name", sorted(HARMLESS_HERE))
def test_the_probe_works_where_no_wall_is(name: str, tmp_path: Path) -> None:
    probe = next(probe for probe in PROBES if probe.id == name)
    outside = Outside(tmp_path)
    child = os.fork()
    if child == 0:
        code = 1
        try:
            os.chdir(tmp_path)
            try_probe(probe.code, numbers(), outside.names())
            code = 0
        except OSError as error:
            os.write(2, f"{error}\n".encode())
        finally:
            os._exit(code)
    outside.close()
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


def try_spinning() -> None:
    import signal

    for number in range(1, signal.SIGRTMAX):
        if number not in (signal.SIGKILL, signal.SIGSTOP):
            try:
                signal.signal(number, signal.SIG_IGN)
            except (OSError, ValueError):
                continue
    while True:
        pass


@pytest.mark.parametrize(
    "walls",
    [
        pytest.param(walls, marks=() if walls == "inner wall alone" else pytest.mark.slow)
        for walls in WALLS
    ],
)
def test_a_loop_that_ignores_signals_ends_with_its_processor_time(
    rooms: Callable[[str], Room], walls: str
) -> None:
    made = rooms(walls)
    with pytest.raises(DiedError):
        made.run(try_spinning, rlimits={**made.spec["rlimits"], "CPU": 1})
    assert made.confinement.cause is None
