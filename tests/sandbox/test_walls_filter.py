"""The system call filter of both architectures, run by a small interpreter of its instructions."""

from __future__ import annotations

import errno
import os
import struct

import pytest

from autograder.sandbox.inside import seccomp

MACHINES = ["x86_64", "aarch64"]
ALLOW, KILL, ERRNO = 0x7FFF0000, 0x80000000, 0x00050000
TRUNCATING = os.O_TRUNC


def decide(program: bytes, arch: int, number: int, *args: int) -> int:
    """What the filter returns for a system call."""
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
    """The same in words, for a call's numbers on the two machines."""
    program = seccomp.program(machine, **options)
    number = calls[MACHINES.index(machine)]
    result = decide(program, seccomp.AUDIT_ARCH[machine], number, *args)
    if result == ALLOW:
        return "allowed"
    if result == KILL:
        return "killed"
    return errno.errorcode[result - ERRNO] if result > ERRNO else "pretended"


NEWUSER, SIGCHLD = 0x10000000, 17
THREAD = 0x3D0F00  # what the C library asks for


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
