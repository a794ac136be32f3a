"""Student code attacks the walls from inside: both together, and each wall alone.

Functions whose names begin with `try_` are sent as source and run inside.
"""

from __future__ import annotations

import errno
import os
import select
import socket
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

import autograder
from autograder.sandbox.inside import landlock
from autograder.sandbox.visiblefiles import environment

from .rooms import WALLS, DiedError, RefusedError, Room, protection, room, still_there

DENIED = {errno.EACCES, errno.EPERM, errno.ENOENT, errno.ENOSYS, errno.EROFS, errno.EXDEV}


def room_behind(walls: str) -> Iterator[Room]:
    found = protection(walls)
    if found is None:
        pytest.skip(f"not available on this machine: {walls}")
    with room(found) as made:
        yield made


@pytest.fixture(scope="module", params=list(WALLS))
def any_room(request: pytest.FixtureRequest) -> Iterator[Room]:
    yield from room_behind(request.param)


@pytest.fixture(scope="module", params=["both walls", "inner wall alone"])
def inner_room(request: pytest.FixtureRequest) -> Iterator[Room]:
    yield from room_behind(request.param)


def refused(made: Room, function: Any, *args: Any, **changes: Any) -> None:
    """Assert that the walls, and no other cause, stopped `function`."""
    with pytest.raises(RefusedError) as caught:
        made.run(function, *args, **changes)
    assert caught.value.errno in DENIED, caught.value


# --- Honest work that must succeed ----------------------------------------------------------------


def try_honest_work() -> Any:
    import array
    import asyncio
    import ctypes
    import os
    import tempfile
    import threading
    import time

    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "a.txt")
        with open(path, "w") as file:
            file.write("kept")
        os.rename(path, "b.txt")
    with open("/dev/null", "w") as file:
        file.write("nothing")
    with open("b.txt") as file:
        text = file.read()
    os.remove("b.txt")
    thread = threading.Thread(target=time.sleep, args=(0.001,))
    thread.start()
    thread.join()

    async def later() -> int:
        await asyncio.sleep(0.001)
        return 3

    pid = os.fork()
    if pid == 0:
        os._exit(7)
    code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    values = array.array("d", range(1000))
    return [text, asyncio.run(later()), code, sum(values), ctypes.sizeof(ctypes.c_int)]


def try_finding_temporary_folder() -> str:
    import tempfile

    return tempfile.gettempdir()


def test_temporary_files_go_to_the_private_folder(any_room: Room) -> None:
    assert any_room.run(try_finding_temporary_folder) == any_room.spec["tmp"]


def test_honest_work_is_not_hindered(any_room: Room) -> None:
    assert any_room.run(try_honest_work) == ["kept", 3, 7, 499500.0, 4]


def try_passing_descriptors() -> str:
    import os
    import socket

    near, far = socket.socketpair()
    reader, writer = os.pipe()
    socket.send_fds(near, [b"here"], [writer])
    _, descriptors, _, _ = socket.recv_fds(far, 10, 1)
    os.write(descriptors[0], b"through")
    return os.read(reader, 20).decode()


def test_descriptors_can_be_passed_over_sockets(any_room: Room) -> None:
    assert any_room.run(try_passing_descriptors) == "through"


def try_copying_with_modes() -> str:
    import shutil

    with open("a", "w") as file:
        file.write("text")
    shutil.copy2("a", "c")
    return open("c").read()


def test_copying_a_file_with_its_modes_works(any_room: Room) -> None:
    assert any_room.run(try_copying_with_modes) == "text"


def try_looking_at_environment() -> Any:
    import os

    return [dict(os.environ), os.getcwd(), os.listdir(".")]


def test_nothing_of_the_graders_environment_is_there(any_room: Room) -> None:
    variables, folder, _ = any_room.run(try_looking_at_environment)
    assert folder == any_room.spec["work"]
    assert variables["HOME"] == any_room.spec["home"]
    passed_on = set(variables.items()) & set(os.environ.items())
    assert {name for name, _ in passed_on} <= {"LANG", "TZ"} | set(environment(""))
    assert set(variables) - set(environment("")) <= {"PWD"}


# Files


def try_reading(path: str) -> str:
    with open(path, errors="replace") as file:
        return file.read()


def try_listing(path: str) -> list[str]:
    import os

    return os.listdir(path)


def try_writing(path: str) -> None:
    with open(path, "a") as file:
        file.write("forged")


SECRETS = ("hidden/test_problem.py", "solutions/ntk.py", "gradebook.db", "submitted/bob/answer")


@pytest.mark.parametrize("name", SECRETS)
def test_files_of_the_course_can_neither_be_read_nor_changed(
    any_room: Room, tmp_path: Path, name: str
) -> None:
    path = tmp_path / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("the answer is 42")
    path.chmod(0o666)
    for attack in (try_reading, try_writing):
        refused(any_room, attack, str(path))
    refused(any_room, try_listing, str(path.parent))
    assert path.read_text() == "the answer is 42"


def test_this_kit_can_not_be_read(any_room: Room) -> None:
    kit = Path(autograder.__file__).parent
    for path in (kit / "errors.py", kit / "sandbox" / "launch.py", Path(__file__)):
        refused(any_room, try_reading, str(path))
    for folder in (kit, kit / "sandbox"):
        refused(any_room, try_listing, str(folder))
    for folder in (kit.parent, kit.parent / "solutions"):
        with suppress(RefusedError):
            # Behind the outer wall, a folder above the packages exists, but contains nothing else.
            assert any_room.run(try_listing, str(folder)) in ([], [".venv"])


@pytest.mark.parametrize(
    "path",
    [
        "/etc/passwd",
        "/etc/shadow",
        "/etc/hostname",
        os.path.expanduser("~root/.profile"),
        "/var/log/dpkg.log",
    ],
)
def test_files_of_the_machine_can_not_be_read(any_room: Room, path: str) -> None:
    refused(any_room, try_reading, path)


def test_home_and_root_folders_can_not_be_listed(inner_room: Room) -> None:
    for folder in ("/", "/home", "/etc", "/var", "/dev", str(Path.home()), "/sys", "/run"):
        refused(inner_room, try_listing, folder)


@pytest.mark.parametrize("name", ["self/environ", "self/maps", "self/mem", "1/cmdline", "cpuinfo"])
def test_proc_can_not_be_read(any_room: Room, name: str) -> None:
    if not any_room.spec["landlock"] and name == "self/environ":
        refused(any_room, try_listing, "/proc")
    refused(any_room, try_reading, f"/proc/{name}")


def test_packages_can_not_be_changed(any_room: Room) -> None:
    for path in (os.__file__, socket.__file__):
        refused(any_room, try_writing, path)
        refused(any_room, try_removing, path)
    assert Path(os.__file__).exists()


def try_removing(path: str) -> None:
    import os

    os.unlink(path)


def try_emptying(path: str) -> None:
    import os

    os.truncate(path, 0)


def try_opening_to_empty(path: str) -> None:
    import os

    os.open(path, os.O_RDONLY | os.O_TRUNC)


def try_changing_mode(path: str) -> None:
    import os

    os.chmod(path, 0o777)
    os.utime(path, (0, 0))


def try_linking(path: str) -> str:
    import os

    os.link(path, "link")
    return open("link").read()


def try_following_own_link(path: str) -> str:
    import os

    os.symlink(path, "symlink")
    return open("symlink").read()


def test_a_file_outside_is_left_as_it_is(any_room: Room, tmp_path: Path) -> None:
    path = tmp_path / "marks.csv"
    path.write_text("anna,30")
    path.chmod(0o640)
    os.utime(path, (1_000_000, 1_000_000))
    for attack in (try_emptying, try_opening_to_empty, try_linking, try_following_own_link):
        refused(any_room, attack, str(path))
    with suppress(RefusedError):
        any_room.run(try_changing_mode, str(path))
    assert path.read_text() == "anna,30"
    assert (path.stat().st_mode & 0o777, path.stat().st_mtime) == (0o640, 1_000_000)


def try_making_devices() -> None:
    import os
    import stat

    os.mknod("disk", 0o666 | stat.S_IFBLK, os.makedev(8, 0))


def test_devices_can_not_be_made(any_room: Room) -> None:
    refused(any_room, try_making_devices)


def try_descriptors() -> list[str]:
    import os
    import stat

    kinds = []
    for descriptor in range(200):
        try:
            kinds.append(f"{descriptor}:{stat.S_IFMT(os.fstat(descriptor).st_mode):o}")
        except OSError:
            continue
    return kinds


def test_only_channel_and_log_are_inherited(any_room: Room) -> None:
    found = any_room.run(try_descriptors)
    # 0 is the channel, 1 and 2 are the log; the probe adds a copy of its channel and the pipe for
    # the answer
    kinds = [entry.split(":")[1] for entry in found]
    assert kinds[:3] == ["140000", "10000", "10000"]
    assert sorted(kinds[3:]) == ["10000", "10000", "140000"]


# Network


@pytest.fixture
def listeners(tmp_path: Path) -> Iterator[dict[str, Any]]:
    """Yield sockets of the machine that student code would like to reach, and received data."""
    with (
        socket.create_server(("127.0.0.1", 0)) as tcp,
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp,
        socket.socket(socket.AF_UNIX) as unix,
        socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as datagram,
        socket.socket(socket.AF_UNIX) as abstract,
    ):
        udp.bind(("127.0.0.1", 0))
        unix.bind(str(tmp_path / "unix"))
        datagram.bind(str(tmp_path / "datagram"))
        name = f"\0probe-{os.getpid()}"
        abstract.bind(name)
        for entry in ("unix", "datagram"):
            (tmp_path / entry).chmod(0o777)
        for listener in (unix, abstract):
            listener.listen()
        for listener in (tcp, udp, unix, datagram, abstract):
            listener.setblocking(False)
        yield {
            "tcp": ("AF_INET", "SOCK_STREAM", ["127.0.0.1", tcp.getsockname()[1]], tcp),
            "udp": ("AF_INET", "SOCK_DGRAM", ["127.0.0.1", udp.getsockname()[1]], udp),
            "unix": ("AF_UNIX", "SOCK_STREAM", str(tmp_path / "unix"), unix),
            "datagram": ("AF_UNIX", "SOCK_DGRAM", str(tmp_path / "datagram"), datagram),
            "abstract": ("AF_UNIX", "SOCK_STREAM", name, abstract),
        }


def try_connecting(family: str, kind: str, address: Any) -> None:
    import socket

    client = socket.socket(getattr(socket, family), getattr(socket, kind))
    client.settimeout(2)
    client.connect(tuple(address) if isinstance(address, list) else address)
    client.send(b"the hidden inputs are")


def reached(listener: socket.socket) -> bool:
    try:
        if listener.type == socket.SOCK_STREAM:
            listener.accept()[0].close()
        else:
            listener.recv(10)
    except BlockingIOError:
        return False
    return True


@pytest.mark.parametrize("kind", ["tcp", "udp", "unix", "datagram", "abstract"])
def test_no_socket_of_the_machine_is_reached(
    any_room: Room, listeners: dict[str, Any], kind: str
) -> None:
    *address, listener = listeners[kind]
    if kind == "udp" and not any_room.spec["seccomp"]:
        any_room.run(try_connecting, *address)  # the message is sent, and no process receives it
    else:
        with pytest.raises(RefusedError):
            any_room.run(try_connecting, *address)
    assert not reached(listener)
    # The same attempt from outside succeeds, so the wall was the reason for the failure.
    try_connecting(*address)
    assert reached(listener)


def try_sending_from_a_pair(path: str) -> None:
    import socket

    for kind in (socket.SOCK_DGRAM, socket.SOCK_SEQPACKET):
        try:
            near, _ = socket.socketpair(socket.AF_UNIX, kind)
        except OSError:
            continue
        near.sendto(b"out", path)
    near, _ = socket.socketpair()
    near.sendto(b"out", path)


def test_a_socket_pair_does_not_lead_out(inner_room: Room, listeners: dict[str, Any]) -> None:
    with pytest.raises(RefusedError):
        inner_room.run(try_sending_from_a_pair, listeners["datagram"][2])
    assert not reached(listeners["datagram"][3])


@pytest.mark.parametrize("family", ["AF_INET", "AF_INET6", "AF_UNIX", "AF_NETLINK", "AF_PACKET"])
def test_no_socket_can_be_made_at_all(inner_room: Room, family: str) -> None:
    refused(inner_room, try_connecting, family, "SOCK_DGRAM", "nowhere")


# Processes


def try_signal(pid: int, number: int) -> None:
    import os

    os.kill(pid, number)


def test_the_grader_can_not_be_signalled(any_room: Room) -> None:
    with pytest.raises(RefusedError) as caught:
        any_room.run(try_signal, os.getpid(), 0)
    assert caught.value.errno in (errno.EPERM, errno.ESRCH)


def try_signal_parent() -> None:
    import os
    import signal

    os.kill(os.getppid(), signal.SIGKILL)


def test_the_parent_can_not_be_signalled(inner_room: Room) -> None:
    refused(inner_room, try_signal_parent)


def try_signalling_by_descriptor(pid: int) -> None:
    import fcntl
    import os
    import socket

    near, far = socket.socketpair()
    fcntl.fcntl(near, 10, 9)  # F_SETSIG, SIGKILL
    fcntl.fcntl(near, fcntl.F_SETOWN, pid)
    fcntl.fcntl(near, fcntl.F_SETFL, os.O_ASYNC)
    far.send(b"now")


def test_no_signal_is_sent_by_way_of_a_descriptor(inner_room: Room) -> None:
    refused(inner_room, try_signalling_by_descriptor, os.getpid())


def try_executing(path: str) -> None:
    import os

    os.execv(path, [path, "-c", "echo out"])


def try_shell() -> None:
    import subprocess

    subprocess.run(["/bin/sh", "-c", "true"], check=True)


def test_no_program_can_be_run(inner_room: Room) -> None:
    for path in ("/bin/sh", "/usr/bin/env", "/bin/true"):
        refused(inner_room, try_executing, path)
    refused(inner_room, try_shell)


def try_call(number: int, *args: int) -> int:
    import ctypes
    import os

    library = ctypes.CDLL(None, use_errno=True)
    result = library.syscall(number, *(ctypes.c_long(arg) for arg in args))
    if result < 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    return int(result)


CALLS = {
    # name: number on x86_64, number on aarch64, arguments
    "ptrace": (101, 117, 0, 0, 0, 0),
    "process_vm_readv": (310, 270, 1, 0, 0, 0, 0, 0),
    "unshare user": (272, 97, 0x10000000),
    "unshare network": (272, 97, 0x40000000),
    "setns": (308, 268, 0, 0),
    "mount": (165, 40, 0, 0, 0, 0, 0),
    "pivot_root": (155, 41, 0, 0),
    "chroot": (161, 51, 0),
    "bpf": (321, 280, 0, 0, 0),
    "io_uring_setup": (425, 425, 1, 0),
    "add_key": (248, 217, 0, 0, 0, 0, 0),
    "keyctl": (250, 219, 0, -3, 0),
    "perf_event_open": (298, 241, 0, 0, -1, -1, 0),
    "userfaultfd": (323, 282, 0),
    "kexec_load": (246, 104, 0, 0, 0, 0),
    "init_module": (175, 105, 0, 0, 0),
    "open_by_handle_at": (304, 265, 0, 0, 0),
    "pidfd_open": (434, 434, 1, 0),
    "memfd_create": (319, 279, 0, 0),
    "shmget": (29, 194, 0, 2**30, 0o1600),
    "setuid": (105, 146, 0),
    "capset": (126, 91, 0, 0),
    "personality": (135, 92, 0x0040000),
    "setsid": (112, 157),
    "setpgid": (109, 154, 0, 0),
    "clone3": (435, 435, 0, 0),
    "clone of namespaces": (56, 220, 0x10000000 | 17, 0, 0, 0, 0),
    "tiocsti": (16, 29, 0, 0x5412, 0),
    "seccomp": (317, 277, 1, 0, 0),
    "syslog": (103, 116, 3, 0, 0),
    "mlock": (149, 228, 0, 4096),
    "fanotify_init": (300, 262, 0, 0),
    "setpriority of the user": (141, 140, 2, 0, 19),
    "prlimit of the parent": (302, 261, 1, 0, 0, 0),
    "subreaper": (157, 167, 36, 1, 0, 0, 0),
    "dumpable": (157, 167, 4, 1, 0, 0, 0),
    "a call that nobody knows": (600, 600),
}


@pytest.mark.parametrize("name", list(CALLS))
def test_dangerous_calls_are_forbidden(inner_room: Room, name: str) -> None:
    column = ["x86_64", "aarch64"].index(os.uname().machine)
    number, arguments = CALLS[name][column], CALLS[name][2:]
    with pytest.raises(RefusedError) as caught:
        inner_room.run(try_call, number, *arguments)
    assert caught.value.errno in (errno.EPERM, errno.ENOSYS)


@pytest.mark.skipif(os.uname().machine != "x86_64", reason="x32 calls exist on x86_64 only")
def test_calls_of_another_architecture_kill(inner_room: Room) -> None:
    with pytest.raises(DiedError):
        inner_room.run(try_call, 0x40000000 | 39)


def try_identity() -> Any:
    import ctypes
    import os
    import struct

    header, data = struct.pack("=Ii", 0x20080522, 0), ctypes.create_string_buffer(24)
    known = ctypes.CDLL(None).capget(header, data) == 0
    bits = struct.unpack("=6I", data.raw) if known else None
    return [os.getresuid(), os.getresgid(), os.getgroups(), bits]


@pytest.mark.skipif(os.geteuid() != 0, reason="only root changes its user")
def test_root_becomes_a_spare_user_without_powers(any_room: Room) -> None:
    uid = any_room.spec["uid"]
    uids, gids, groups, _ = any_room.run(try_identity)
    assert uid not in (0, None)
    assert (uids, gids, groups) == ([uid] * 3, [uid] * 3, [])
    # At most the right to read is kept, and code can request it only without seccomp.
    _, _, _, bits = any_room.run(try_identity, seccomp=False)
    kept = 1 << 2 if any_room.spec["keep_read"] else 0
    assert bits == [kept, kept, 0, 0, 0, 0]


def try_fork_bomb(most: int, bound: int) -> int:
    import os
    import time

    forked = 0
    for _ in range(most):
        try:
            pid = os.fork()
        except OSError:
            break
        if pid == 0:
            time.sleep(3600)
            os._exit(0)
        forked += 1
    if forked > bound:
        time.sleep(3600)
    return forked


def try_thread_bomb(most: int, bound: int) -> int:
    import threading
    import time

    started = 0
    for _ in range(most):
        try:
            threading.Thread(target=time.sleep, args=(3600,), daemon=True).start()
        except RuntimeError:
            break
        started += 1
    if started > bound:
        time.sleep(3600)
    return started


@pytest.mark.parametrize("walls", list(WALLS))
@pytest.mark.parametrize("bomb", [try_fork_bomb, try_thread_bomb])
def test_bombs_are_bounded_and_cleared_away(walls: str, bomb: Any) -> None:
    for made in room_behind(walls):
        try:
            assert made.run(bomb, 500, 24 + 4) <= 24 + 4
        except DiedError:
            # An ordinary user's limit counts all processes of that user, so there the watchdog
            # enforces the limit.
            assert made.spec["uid"] is None
            assert made.confinement.cause == "processes"
        seen = made.seen_processes()
        made.confinement.close()
        assert still_there(seen) == []


def try_leaving_daemons() -> int:
    import contextlib
    import os
    import signal
    import time

    for _ in range(3):
        if os.fork() == 0:
            with contextlib.suppress(PermissionError):
                os.setsid()
            if os.fork() == 0:
                for number in range(1, 31):
                    if number not in (signal.SIGKILL, signal.SIGSTOP, signal.SIGCHLD):
                        signal.signal(number, signal.SIG_IGN)
                while True:
                    time.sleep(3600)
            os._exit(0)
    while True:
        try:
            os.wait()
        except ChildProcessError:
            return 3


@pytest.mark.parametrize("walls", ["both walls", "inner wall alone"])
def test_one_signal_ends_all_that_came_of_a_process(walls: str) -> None:
    for made in room_behind(walls):
        before = made.seen_processes()
        made.run(try_leaving_daemons)
        daemons = [pid for pid in made.seen_processes() if pid not in before]
        assert len(daemons) >= 3
        made.run(try_leaving_daemons, end_group=True)
        for _ in range(30_000):
            left = set(made.seen_processes()) - set(before) - set(daemons)
            if not left:
                break
            select.select([], [], [], 0.01)
        assert left == set()


@pytest.mark.parametrize("walls", list(WALLS))
def test_daemons_end_with_the_sandbox(walls: str) -> None:
    for made in room_behind(walls):
        made.run(try_leaving_daemons)
        seen = made.seen_processes()
        assert len(seen) >= 4  # the parent and three background processes
        made.confinement.close()
        assert still_there(seen) == []


# Amounts


def try_allocating(size: int) -> int:
    try:
        block = bytearray(size)
    except MemoryError:
        return 0
    return len(block)


def test_one_process_gets_no_more_memory_than_it_may(any_room: Room) -> None:
    assert any_room.run(try_allocating, 2**28) == 2**28
    assert any_room.run(try_allocating, 2**29) == 0


def try_sharing_memory(size: int) -> None:
    import mmap

    mmap.mmap(-1, size)


def test_memory_that_the_watchdog_can_not_see_can_not_be_had(inner_room: Room) -> None:
    refused(inner_room, try_sharing_memory, 2**20)


def try_allocating_in_many_processes(count: int, size: int) -> int:
    import os
    import time

    for _ in range(count):
        if os.fork() == 0:
            block = bytearray(size)
            block[::4096] = b"x" * len(block[::4096])
            time.sleep(3600)
            os._exit(len(block))
    time.sleep(3600)
    return count


@pytest.mark.parametrize("walls", list(WALLS))
def test_all_processes_together_get_no_more_memory_than_they_may(walls: str) -> None:
    for made in room_behind(walls):
        with pytest.raises(DiedError):
            made.run(try_allocating_in_many_processes, 8, 100 * 2**20)
        assert made.confinement.cause == "memory"


def try_one_big_file(size: int) -> int:
    import signal

    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    with open("big", "wb") as file:
        file.write(bytes(size))
    return size


def test_one_file_gets_no_bigger_than_it_may(any_room: Room) -> None:
    with pytest.raises(RefusedError) as caught:
        any_room.run(try_one_big_file, 2**22 + 1)
    assert caught.value.errno in (errno.EFBIG, errno.ENOSPC)


@pytest.mark.parametrize("walls", list(WALLS))
def test_all_files_together_get_no_bigger_than_they_may(walls: str) -> None:
    for made in room_behind(walls):
        with pytest.raises((RefusedError, DiedError)) as caught:
            made.run(try_filling_disk_and_wait, 2**20, 20)
        if isinstance(caught.value, RefusedError):
            assert caught.value.errno == errno.ENOSPC
        else:
            assert made.confinement.cause == "disk"


def try_filling_disk_and_wait(size: int, count: int) -> None:
    import time

    for number in range(count):
        with open(f"file{number}", "wb") as file:
            file.write(bytes(size))
    time.sleep(3600)


def try_many_files_and_wait(count: int) -> None:
    import time

    for number in range(count):
        open(f"empty{number}", "wb").close()
    time.sleep(3600)


@pytest.mark.parametrize("walls", list(WALLS))
def test_there_are_no_more_files_than_allowed(walls: str) -> None:
    for made in room_behind(walls):
        with pytest.raises(DiedError):
            made.run(try_many_files_and_wait, 2_000)
        assert made.confinement.cause == "disk"


def try_unlinked_files_and_wait(size: int, count: int, map_them: bool) -> None:
    import mmap
    import os
    import time

    held: list[object] = []
    for number in range(count):
        file = open(f"gone{number}", "w+b")  # noqa: SIM115
        file.write(bytes(size))
        file.flush()
        os.unlink(f"gone{number}")
        held.append(mmap.mmap(file.fileno(), size) if map_them else file)
    time.sleep(3600)


@pytest.mark.parametrize("map_them", [False, True])
def test_files_without_a_name_count_as_disk(map_them: bool) -> None:
    for made in room_behind("inner wall alone"):
        with pytest.raises(DiedError):
            made.run(try_unlinked_files_and_wait, 2**20, 20, map_them)
        assert made.confinement.cause == "disk"


def try_descriptors_without_end() -> int:
    import os

    count = 0
    while True:
        try:
            os.dup(0)
        except OSError:
            return count
        count += 1


def test_a_process_gets_no_more_descriptors_than_it_may(any_room: Room) -> None:
    assert any_room.run(try_descriptors_without_end) < 64


def try_raising_limits() -> list[str]:
    import resource

    raised = []
    for name in ("AS", "NPROC", "FSIZE", "NOFILE", "CPU", "CORE"):
        kind = getattr(resource, f"RLIMIT_{name}")
        _, hard = resource.getrlimit(kind)
        try:
            resource.setrlimit(kind, (hard + 1, hard + 1))
        except (OSError, ValueError):
            continue
        raised.append(name)
    return raised


def test_limits_can_not_be_raised(any_room: Room) -> None:
    assert any_room.run(try_raising_limits) == []


# --- Each part of the inner wall by itself --------------------------------------------------------


def test_landlock_alone_stops_files_network_and_signals(
    tmp_path: Path, listeners: dict[str, Any]
) -> None:
    (tmp_path / "secret").write_text("42")
    for made in room_behind("inner wall alone"):
        refused(made, try_reading, str(tmp_path / "secret"), seccomp=False)
        if landlock.abi() >= landlock.NETWORK_ABI:
            refused(made, try_connecting, *listeners["tcp"][:3], seccomp=False)
        if landlock.abi() >= landlock.SCOPE_ABI:
            refused(made, try_connecting, *listeners["abstract"][:3], seccomp=False)
            refused(made, try_signal, os.getpid(), 0, seccomp=False)


def test_seccomp_alone_stops_network_and_programs(listeners: dict[str, Any]) -> None:
    for made in room_behind("inner wall alone"):
        for kind in ("tcp", "udp", "unix", "abstract"):
            refused(made, try_connecting, *listeners[kind][:3], landlock=False)
        refused(made, try_executing, "/bin/true", landlock=False)


def try_own_signals() -> list[bool]:
    import os
    import signal

    seen = []
    signal.signal(signal.SIGUSR1, lambda *_: seen.append(True))
    os.kill(os.getpid(), signal.SIGUSR1)
    signal.raise_signal(signal.SIGUSR1)
    return seen


def test_a_process_may_signal_itself(any_room: Room) -> None:
    assert any_room.run(try_own_signals) == [True, True]


def test_two_sandboxes_do_not_share_a_user() -> None:
    found = protection("inner wall alone")
    if found is None or os.geteuid() != 0:
        pytest.skip("only root has spare users")
    with room(found) as one, room(found) as other:
        assert one.spec["uid"] != other.spec["uid"]
