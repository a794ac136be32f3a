"""Machines that lack a part of the walls: the remaining protection, and its report."""

from __future__ import annotations

import os
import platform
import shutil
import socket
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from autograder import sandbox as sandboxes
from autograder.cli import app
from autograder.course.assignment import Course
from autograder.errors import SandboxError
from autograder.grading import mark as marking
from autograder.sandbox import bubblewrap
from autograder.sandbox import protection as protections
from autograder.sandbox.inside import landlock
from autograder.sandbox.protection import Protection, Wall, examine
from autograder.sandbox.visiblefiles import INSIDE, view
from tests.consoles import wide_consoles

from .rooms import RefusedError, Room, old_landlock, protection, room

ROOT = Path(__file__).parents[2]
OLD = range(1, landlock.SCOPE_ABI)
GONE = Wall(False, {}, (), ("Get one.",))

# The kernel version that introduced the feature; machines with an older Landlock get this advice.
BROUGHT = {
    2: "can't be moved between folders",
    3: "can't be truncated by name",
    4: "only the system call filter blocks the network",
    5: "only the system call filter blocks devices",
    6: "signals",
}


def inner_with(monkeypatch: pytest.MonkeyPatch, version: int) -> Wall:
    monkeypatch.setattr(landlock, "abi", lambda: version)
    wall: Wall = protections._inner.__wrapped__()
    return wall


@pytest.fixture
def changed_inside(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A copy of `inside` that tests change."""
    with tempfile.TemporaryDirectory(prefix="fdl-inside-") as folder:
        Path(folder).chmod(0o755)
        inside = Path(folder, "inside")
        shutil.copytree(INSIDE, inside, ignore=shutil.ignore_patterns("__pycache__"))
        monkeypatch.setattr(protections, "view", lambda: replace(view(), inside=inside))
        yield inside


@pytest.mark.parametrize("version", OLD)
def test_an_older_landlock_makes_a_wall_that_tells_what_it_lacks(
    version: int, changed_inside: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if landlock.abi() < version:
        pytest.skip(f"this kernel's Landlock is older than version {version}")
    old_landlock(changed_inside, version)
    wall = inner_with(monkeypatch, version)
    assert wall.stands, wall.lacks
    assert wall.made_of["Landlock"] == version
    told = " ".join(wall.lacks)
    for brought, words in BROUGHT.items():
        assert (words in told) == (version < brought), told


def test_a_landlock_of_today_lacks_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    if landlock.abi() < landlock.SCOPE_ABI:
        pytest.skip("this kernel's Landlock is old")
    assert inner_with(monkeypatch, landlock.abi()).lacks == ()


def try_reading(path: str) -> str:
    with open(path) as file:
        return file.read()


def try_writing(path: str) -> None:
    with open(path, "a") as file:
        file.write("forged")


def try_emptying(path: str) -> None:
    import os

    os.truncate(path, 0)


def try_opening_to_empty(path: str) -> None:
    import os

    os.open(path, os.O_RDONLY | os.O_TRUNC)


def try_socket() -> None:
    import socket

    socket.socket()


def try_signal(pid: int) -> None:
    import os

    os.kill(pid, 0)


def try_terminal_input() -> None:
    import fcntl

    fcntl.ioctl(0, 0x5412, b"x")


def try_moving() -> str:
    import os

    os.mkdir("folder")
    with open("file", "w") as file:
        file.write("kept")
    os.rename("file", "folder/file")
    return open("folder/file").read()


def try_making_and_removing() -> str:
    import os

    with open("mine", "w") as file:
        file.write("kept")
    os.rename("mine", "own")
    with open("own") as file:
        text = file.read()
    os.remove("own")
    return text


def refused(made: Room, function: Any, *args: Any) -> None:
    with pytest.raises(RefusedError):
        made.run(function, *args)


@pytest.mark.parametrize("version", OLD)
def test_behind_an_older_landlock_student_code_reaches_no_more(
    version: int, tmp_path: Path
) -> None:
    found = protection("inner wall alone")
    if found is None or landlock.abi() < version:
        pytest.skip(f"this machine has no Landlock of version {version}")
    path = tmp_path / "marks.csv"
    path.write_text("anna,30")
    path.chmod(0o666)
    with room(found, landlock_abi=version) as made:
        for attack in (try_reading, try_writing, try_emptying, try_opening_to_empty):
            refused(made, attack, str(path))
        refused(made, try_signal, os.getpid())
        refused(made, try_socket)
        refused(made, try_terminal_input)
        assert made.run(try_making_and_removing) == "kept"
        if version < landlock.REFER_ABI:
            refused(made, try_moving)
        else:
            assert made.run(try_moving) == "kept"
    assert path.read_text() == "anna,30"


def test_without_landlock_there_is_no_inner_wall(monkeypatch: pytest.MonkeyPatch) -> None:
    wall = inner_with(monkeypatch, 0)
    assert not wall.stands
    assert "Landlock is missing" in wall.lacks[0]


@pytest.mark.parametrize("errno", ["EINVAL", "ENOSYS", "EACCES"])
def test_without_seccomp_there_is_no_inner_wall(errno: str, changed_inside: Path) -> None:
    with (changed_inside / "seccomp.py").open("a", encoding="utf-8") as file:
        file.write(f"\ndef install(*_, **__):\n    raise OSError(errno.{errno}, 'refused')\n")
    wall = protections._inner.__wrapped__()
    assert not wall.stands
    assert "no system call filter can be installed (seccomp)" in wall.lacks[0]


def test_a_wall_with_a_hole_is_no_wall(changed_inside: Path) -> None:
    """A container in which Landlock or seccomp reports success and does nothing."""
    with (changed_inside / "seccomp.py").open("a", encoding="utf-8") as file:
        file.write("\ndef install(*_, **__):\n    pass\n")
    wall = protections._inner.__wrapped__()
    assert not wall.stands
    assert "making a socket" in wall.lacks[0]


def test_an_architecture_without_a_filter_has_no_inner_wall(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(platform, "machine", lambda: "riscv64")
    wall = protections._inner.__wrapped__()
    assert not wall.stands
    assert "only x86_64, aarch64" in wall.lacks[0]


SETTINGS = {
    "kernel/apparmor_restrict_unprivileged_userns": ("1", "AppArmor forbids user namespaces"),
    "kernel/unprivileged_userns_clone": ("0", "kernel.unprivileged_userns_clone=1"),
    "user/max_user_namespaces": ("0", "user.max_user_namespaces"),
}


@pytest.mark.parametrize("name", list(SETTINGS))
def test_without_user_namespaces_the_remedy_is_told(
    name: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    broken = tmp_path / "bwrap"
    broken.write_text(
        "#!/bin/sh\necho 'bwrap: No permissions to create a new namespace' >&2\nexit 1"
    )
    broken.chmod(0o755)
    monkeypatch.setattr(bubblewrap, "installed", lambda: (str(broken), (0, 8, 0)))
    value, words = SETTINGS[name]
    monkeypatch.setattr(protections, "_setting", {name: value}.get)
    wall = protections._outer.__wrapped__()
    assert not wall.stands
    assert "No permissions to create a new namespace" in wall.lacks[0]
    assert words in " ".join(wall.lacks)


@contextmanager
def machine_with(found: Protection, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    with monkeypatch.context() as patch:
        for module in (protections, sandboxes):
            patch.setattr(module, "examine", lambda **_: found)
        patch.setattr(marking, "examine", lambda **_: found)
        yield


def test_the_doctor_tells_of_each_wall(monkeypatch: pytest.MonkeyPatch) -> None:
    standing = Wall(True, {"Landlock": 3}, ("files: few",), ("Signals are forbidden.",))
    for found, code in (
        (Protection(GONE, standing), 0),
        (Protection(standing, GONE), 0),
        (Protection(GONE, GONE), 1),
    ):
        with machine_with(found, monkeypatch), wide_consoles():
            said = CliRunner().invoke(app, ["doctor"])
        assert said.exit_code == code, said.output
        assert found.level in said.output
        assert "Get one." in said.output
        assert ("Signals are forbidden." in said.output) == (code == 0)


def test_what_is_not_enforced_is_stamped_on_the_report(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    found = examine(use_outer=False)
    if not found.inner.stands:
        pytest.skip("this machine can't put up the inner wall")
    lacking = replace(found, inner=replace(found.inner, lacks=("Signals are forbidden.",)))
    course = Course(ROOT)
    with machine_with(lacking, monkeypatch):
        report = marking.mark_submission(course, course.assignment("hw2"), tmp_path).report
    assert report.protection == "inner only"
    assert report.walls["inner"]["lacks"] == ["Signals are forbidden."]
    assert report.walls["inner"]["made_of"]["Landlock"] == found.inner.made_of["Landlock"]
    assert report.walls["outer"]["stands"] is False


def test_without_any_wall_nothing_is_marked(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    course = Course(ROOT)
    submission = tmp_path / "bob"
    shutil.copytree(course.release("hw2"), submission)
    with (
        machine_with(Protection(GONE, GONE), monkeypatch),
        pytest.raises(SandboxError, match="Get"),
    ):
        marking.mark_submission(course, course.assignment("hw2"), submission)


def test_the_attempts_succeed_where_nothing_is_forbidden(tmp_path: Path) -> None:
    """This test proves that the walls stop the attempts of the tests above."""
    path = tmp_path / "marks.csv"
    path.write_text("anna,30")
    try_writing(str(path))
    assert try_reading(str(path)) == "anna,30forged"
    try_opening_to_empty(str(path))
    assert try_reading(str(path)) == ""
    try_signal(os.getpid())
    socket.socket().close()
