"""The system call filter of both architectures, run by a small interpreter of its instructions."""

from __future__ import annotations

import ctypes
import errno
import os
import re
import struct
from collections.abc import Iterator
from pathlib import Path

import pytest

from autograder.sandbox.inside import seccomp

MACHINES = ["x86_64", "aarch64"]
ALLOW, KILL, ERRNO = 0x7FFF0000, 0x80000000, 0x00050000
TRUNCATING = os.O_TRUNC


def decide(program: bytes, arch: int, number: int, *args: int) -> int:
    """Return the filter's verdict on a system call."""
    words = [*args, *[0] * (6 - len(args))]
    data = struct.pack("=iIQ6Q", number, arch, 0, *(word & 0xFFFFFFFFFFFFFFFF for word in words))
    code = list(struct.iter_unpack("=HBBI", program))
    accumulator = at = 0
    while True:
        operation, yes, no, operand = code[at]
        at += 1
        if operation == 0x20:
            (accumulator,) = struct.unpack_from("=I", data, operand)
        elif operation == 0x54:
            accumulator &= operand
        elif operation == 0x15:
            at += yes if accumulator == operand else no
        elif operation == 0x45:
            at += yes if accumulator & operand else no
        elif operation == 0x06:
            return int(operand)
        else:
            raise AssertionError(f"unknown instruction {operation:#x}")


def answer(machine: str, calls: tuple[int, int], *args: int, **options: bool) -> str:
    """Return the verdict in words, for a call's numbers on the two machines."""
    program = seccomp.program(machine, **options)
    number = calls[MACHINES.index(machine)]
    result = decide(program, seccomp.AUDIT_ARCH[machine], number, *args)
    if result == ALLOW:
        return "allowed"
    if result == KILL:
        return "killed"
    return errno.errorcode[result - ERRNO] if result > ERRNO else "pretended"


NEWUSER, SIGCHLD = 0x10000000, 17
THREAD = 0x3D0F00  # memory functions that the C library uses


@pytest.mark.parametrize("machine", MACHINES)
@pytest.mark.parametrize(
    ("calls", "args", "expected"),
    [
        ((0, 63), (), "allowed"),  # read
        ((257, 56), (0, 0, os.O_RDWR | os.O_TRUNC), "allowed"),  # openat
        ((56, 220), (THREAD,), "allowed"),  # clone
        ((56, 220), (SIGCHLD,), "allowed"),
        ((56, 220), (NEWUSER | SIGCHLD,), "EPERM"),
        ((56, 220), (0x20000 | SIGCHLD,), "EPERM"),  # CLONE_NEWNS
        ((56, 220), (0x1200000 | SIGCHLD,), "allowed"),  # a C library's fork
        ((56, 220), (0x8000 | SIGCHLD,), "EPERM"),  # CLONE_PARENT
        ((56, 220), (0x100 | SIGCHLD,), "EPERM"),  # CLONE_VM without a thread
        ((56, 220), (0x4100 | SIGCHLD,), "EPERM"),  # the same, and CLONE_VFORK
        ((56, 220), (0x400 | SIGCHLD,), "EPERM"),  # CLONE_FILES
        ((56, 220), (10,), "EPERM"),  # another signal when it ends
        ((435, 435), (), "ENOSYS"),  # clone3
        ((41, 198), (2, 1), "EPERM"),  # socket
        ((53, 199), (1, 1 | os.O_CLOEXEC), "allowed"),  # socketpair
        ((53, 199), (1, 2), "EPERM"),
        ((53, 199), (2, 1), "EPERM"),
        ((44, 206), (3, 1, 1, 0, 0, 0), "allowed"),  # sendto
        ((44, 206), (3, 1, 1, 0, 0x7FFF, 16), "EPERM"),
        ((44, 206), (3, 1, 1, 0, 0x7FFF00000000, 16), "EPERM"),
        ((59, 221), (), "EPERM"),  # execve
        ((322, 281), (), "EPERM"),  # execveat
        ((101, 117), (), "EPERM"),  # ptrace
        ((302, 261), (0, 9), "allowed"),  # prlimit64
        ((302, 261), (1, 9), "EPERM"),
        ((16, 29), (0, 0x5401), "allowed"),  # ioctl TCGETS
        ((16, 29), (0, 0x5412), "EPERM"),  # TIOCSTI
        ((16, 29), (0, 0xFFFFFFFF00005412), "EPERM"),
        ((72, 25), (3, 4, os.O_NONBLOCK), "allowed"),  # fcntl F_SETFL
        ((72, 25), (3, 8, 1), "EPERM"),  # F_SETOWN
        ((9, 222), (0, 4096, 3, 0x22), "allowed"),  # mmap, private and anonymous
        ((9, 222), (0, 4096, 3, 0x21), "EPERM"),  # shared and anonymous
        ((9, 222), (0, 4096, 3, 0x01), "allowed"),  # shared, of a file
        ((9, 222), (0, 4096, 3, 0x2022), "EPERM"),  # locked
        ((157, 167), (15,), "allowed"),  # prctl PR_SET_NAME
        ((157, 167), (36, 1), "EPERM"),  # PR_SET_CHILD_SUBREAPER
        ((91, 52), (3, 0o777), "pretended"),  # fchmod
        ((62, 129), (99999, 9), "allowed"),  # kill
        ((76, 45), (), "allowed"),  # truncate
        ((9999, 9999), (), "ENOSYS"),
    ],
)
def test_calls_are_answered(
    machine: str, calls: tuple[int, int], args: tuple[int, ...], expected: str
) -> None:
    assert answer(machine, calls, *args) == expected


@pytest.mark.parametrize("machine", MACHINES)
def test_calls_of_other_architectures_kill(machine: str) -> None:
    program = seccomp.program(machine)
    for arch in (0x40000003, 0x40000028, *set(seccomp.AUDIT_ARCH.values())):
        if arch != seccomp.AUDIT_ARCH[machine]:
            assert decide(program, arch, 0) == KILL
    if machine == "x86_64":
        assert decide(program, seccomp.AUDIT_ARCH[machine], 0x40000000) == KILL


@pytest.mark.parametrize("machine", MACHINES)
def test_without_scoped_signals_only_own_ones_may_be_sent(machine: str) -> None:
    for calls in ((62, 129), (234, 131)):
        own = answer(machine, calls, os.getpid(), 9, own_signals_only=True)
        others = answer(machine, calls, os.getppid(), 9, own_signals_only=True)
        everybody = answer(machine, calls, -1, 9, own_signals_only=True)
        assert (own, others, everybody) == ("allowed", "EPERM", "EPERM")


@pytest.mark.parametrize("machine", MACHINES)
def test_where_landlock_lets_files_be_emptied_the_filter_does_not(machine: str) -> None:
    old = {"truncate_unwalled": True}
    openat = (257, 56)
    assert answer(machine, (76, 45), **old) == "EPERM"
    assert answer(machine, openat, 0, 0, os.O_RDONLY | TRUNCATING, **old) == "EPERM"
    assert answer(machine, openat, 0, 0, os.O_RDONLY, **old) == "allowed"
    assert answer(machine, openat, 0, 0, os.O_WRONLY | TRUNCATING, **old) == "allowed"


@pytest.mark.parametrize("machine", MACHINES)
def test_no_call_stands_in_two_tables(machine: str) -> None:
    tables = (
        seccomp._ALLOWED,
        seccomp._CONDITIONAL,
        seccomp._PRETENDED,
        seccomp._UNSUPPORTED,
        seccomp._FORBIDDEN,
    )
    numbers = [number for table in tables for number in seccomp._numbers(table, machine).values()]
    assert len(numbers) == len(set(numbers))


# --- The numbers, compared with tables from outside the kit ---------------------------------------

HERE = Path(__file__).parent


def own_rows() -> Iterator[tuple[str, str, str]]:
    """Return (name, number on x86_64, number on aarch64) of every call that the filter names."""
    for table in (
        seccomp._ALLOWED,
        seccomp._CONDITIONAL,
        seccomp._PRETENDED,
        seccomp._UNSUPPORTED,
        seccomp._FORBIDDEN,
    ):
        for entry in table.split():
            name, first, second = entry.split(":")
            yield name, first, second


def kernel_rows() -> dict[str, tuple[str, str]]:
    lines = (HERE / "syscalls.tsv").read_text(encoding="ascii").splitlines()
    rows = (line.split("\t") for line in lines if not line.startswith("#"))
    return {name: (first, second) for name, first, second in rows}


def test_the_filters_numbers_are_the_kernels() -> None:
    kernel = kernel_rows()
    assert len(kernel) > 300
    wrong = [row for row in own_rows() if kernel.get(row[0]) != row[1:]]
    assert wrong == []


def defined(path: Path, prefix: str) -> dict[str, str]:
    return dict(re.findall(rf"#define {prefix}(\w+)\s+(\d+)", path.read_text(encoding="utf-8")))


def test_the_kernels_numbers_are_those_of_this_machines_headers() -> None:
    generic = Path("/usr/include/asm-generic/unistd.h")
    native = Path("/usr/include/x86_64-linux-gnu/asm/unistd_64.h")
    if not (generic.exists() and native.exists()):
        pytest.skip("the kernel's headers are not installed (linux-libc-dev)")
    numbers = (
        defined(native, "__NR_"),
        defined(generic, "__NR_")
        | {
            name: number
            for name, number in defined(generic, "__NR3264_").items()
            if name not in defined(generic, "__NR_") and name not in ("fstatat", "stat", "lstat")
        },
    )
    wrong = [
        (name, column)
        for name, row in kernel_rows().items()
        for column, number in enumerate(row)
        if name in numbers[column] and numbers[column][name] != number
    ]
    assert wrong == []
    assert len(set(numbers[1]) & set(kernel_rows())) > 250


def test_the_kernels_numbers_are_those_of_libseccomp() -> None:
    try:
        library = ctypes.CDLL("libseccomp.so.2")
    except OSError:
        pytest.skip("libseccomp is not installed")
    resolve = library.seccomp_syscall_resolve_name_arch
    resolve.argtypes = [ctypes.c_uint32, ctypes.c_char_p]
    found = known = 0
    for name, *row in own_rows():
        for machine, number in zip(MACHINES, row, strict=True):
            said = resolve(seccomp.AUDIT_ARCH[machine], name.encode())
            # Below 0: the call belongs to another architecture, or is newer than the library.
            assert said < 0 or str(said) == number, (name, machine)
            found += said >= 0
            known += number != "-"
    assert found > 0.95 * known


def test_calls_of_the_kernel_that_the_filter_does_not_name_fail() -> None:
    named = {name for name, _, _ in own_rows()}
    for name, row in kernel_rows().items():
        if name not in named:
            for machine, number in zip(MACHINES, row, strict=True):
                if number != "-":
                    calls = (int(number), int(number))
                    assert answer(machine, calls) == "ENOSYS", (name, machine)


def test_both_machines_answer_alike() -> None:
    for name, first, second in own_rows():
        if "-" not in (first, second):
            calls = (int(first), int(second))
            for args in ((), (1, 2, 3, 4, 5, 6), (2**63, 2**40, 0x21, 0x2022, 1)):
                assert len({answer(machine, calls, *args) for machine in MACHINES}) == 1, name


@pytest.mark.parametrize("machine", MACHINES)
def test_the_program_is_one_that_the_kernel_takes(machine: str) -> None:
    code = list(struct.iter_unpack("=HBBI", seccomp.program(machine)))
    assert len(code) <= 4096
    for at, (operation, yes, no, _) in enumerate(code):
        if operation in (0x15, 0x45):
            assert at + 1 + max(yes, no) < len(code)
    assert code[-1][0] == 0x06
