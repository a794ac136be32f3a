"""Marking on a scheduler and two workers in separate processes that may die."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from pathlib import Path

import pytest

from autograder.course.assignment import Course
from autograder.course.bundle import Bundle, pack
from autograder.errors import KitError
from autograder.grading.cluster import run, workers
from autograder.grading.cluster.run import mark_class
from autograder.grading.cluster.workers import Workers
from autograder.grading.jobs import Job, MarkSettings
from tests.grading.tiny_class import grade_here, run_here

from . import machines as m
from .conftest import Quick
from .machines import ANSWERS, HOMEWORK, Machines


@pytest.fixture
def set_trap(traps: Path) -> Iterator[Callable[[str, str], None]]:
    """Let the sabotage do something when it meets a certain student."""

    def write(student: str, order: str) -> None:
        (traps / f"{ANSWERS[student]:g}").write_text(order, encoding="utf-8")

    yield write
    for trap in traps.iterdir():
        trap.unlink()


@pytest.mark.slow
def test_cluster_records_what_this_machine_would(
    course: Path, quick: Quick, tmp_path: Path
) -> None:
    for name in ("chloe", "dan"):
        shutil.rmtree(course / "submitted" / name)
    local = Path(shutil.copytree(course, tmp_path / "local"))
    grade_here(local, "--jobs", "1")
    grade_here(course, "--cluster", quick.crowded)
    assert len(m.reports(course)) > len({"anna", "bela"})
    assert m.reports(course) == m.reports(local)
    again = grade_here(course, "--cluster", quick.crowded)
    assert "2 of 2 submissions have not changed" in again.stdout
    regraded = run_here(["regrade", HOMEWORK, "--course", str(course), "--cluster", quick.crowded])
    assert regraded.returncode == 0, regraded.stdout + regraded.stderr
    assert "Students with changed marks: 0; without: 2." in " ".join(regraded.stdout.split())


@pytest.mark.slow
def test_cluster_of_processes_records_what_this_machine_would(
    course: Path, machines: Machines, local: dict[str, bytes]
) -> None:
    ended = m.grade(course, machines.address)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert m.reports(course) == local
    again = m.grade(course, machines.address)
    assert "4 of 4 submissions have not changed" in again.stdout
    regraded = m.grade(course, machines.address, what="regrade")
    assert regraded.returncode == 0, regraded.stdout + regraded.stderr
    assert "Students with changed marks: 0; without: 4." in " ".join(regraded.stdout.split())


@pytest.mark.slow
def test_submission_that_kills_its_workers_fails_alone(
    course: Path,
    machines: Machines,
    local: dict[str, bytes],
    set_trap: Callable[[str, str], None],
) -> None:
    set_trap("anna", "worker once")
    set_trap("bela", "worker always")
    set_trap("chloe", "once")
    ended = m.grade(course, machines.address)
    assert ended.returncode == 1, ended.stdout + ended.stderr
    assert "1 not marked: bela." in ended.stderr
    assert "the worker that marked this submission died twice" in ended.stdout
    assert "Traceback" not in ended.stderr
    others = {name: file for name, file in local.items() if "/bela/" not in name}
    assert m.reports(course) == others


def test_a_worker_is_never_given_more_than_one_submission_ahead(
    handed_in: Path, quick: Quick
) -> None:
    course = Course(handed_in)
    folder = handed_in / "submitted" / "anna" / HOMEWORK
    jobs = [Job(f"student {number}", folder) for number in range(6)]
    in_flight = []
    with Workers(quick.crowded, None, MarkSettings(), print) as found:
        for marked in mark_class(found, course, course.assignment(HOMEWORK), jobs):
            assert marked.marking is not None, marked.error
            in_flight.append([len(each.running) for each in found.members.values()])
    assert len(in_flight) == len(jobs)
    assert max(map(max, in_flight)) == 2


def test_bundle_that_was_changed_on_the_way_is_refused(
    handed_in: Path, quick: Quick, monkeypatch: pytest.MonkeyPatch
) -> None:
    course = Course(handed_in)

    def changed(files: Mapping[str, bytes]) -> Bundle:
        sound = pack(files)
        return Bundle(sound.name, sound.content.replace(b"15.0", b"16.0"))

    monkeypatch.setattr(run, "pack", changed)
    jobs = [Job("anna", handed_in / "submitted" / "anna" / HOMEWORK)]
    said: list[str] = []
    with Workers(quick.crowded, None, MarkSettings(), said.append) as found:
        marked = mark_class(found, course, course.assignment(HOMEWORK), jobs)
        with pytest.raises(KitError, match="can be used"):
            next(marked)
    assert all("was changed during the transfer" in line for line in said)
    assert said


@pytest.mark.slow
def test_certificates_open_a_scheduler_that_asks_for_them(
    course: Path, tmp_path: Path, local: dict[str, bytes]
) -> None:
    folder = make_certificates(tmp_path / "certificates")
    options = [f"--tls-{name}={folder / file}.pem" for name, file in
               (("ca-file", "ca"), ("cert", "cert"), ("key", "key"))]  # fmt: skip
    place = tmp_path / "machines"
    place.mkdir()
    guarded = Machines(place, "tls", options)
    try:
        guarded.start(workers=1)
        ended = m.grade(course, guarded.address, "--cluster-tls", str(folder), "--student", "anna")
        strangers = make_certificates(tmp_path / "strangers")
        refused = m.grade(course, guarded.address, "--cluster-tls", str(strangers), "--again")
    finally:
        guarded.close()
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert m.reports(course) == {name: file for name, file in local.items() if "/anna/" in name}
    assert refused.returncode == 2
    assert "no Dask scheduler can be reached" in refused.stderr


def test_scheduler_without_workers_is_told_after_a_while(
    quick: Quick, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(workers, "WAIT_SECONDS", 0.2)
    said: list[str] = []
    with pytest.raises(KitError, match=r"could mark for 0\.2 s: start some"):
        Workers(quick.empty, None, MarkSettings(), said.append)
    assert len(said) == 1
    assert said[0].startswith("no worker at")


OTHER_NUMPY = """
import importlib.metadata as metadata
real = metadata.version
metadata.version = lambda name: "0.0.1" if name == "numpy" else real(name)
"""


@pytest.mark.slow
def test_worker_with_another_grader_is_named_with_both_versions(
    course: Path, tmp_path: Path
) -> None:
    (tmp_path / "sitecustomize.py").write_text(OTHER_NUMPY)
    path = os.pathsep.join(filter(None, (str(tmp_path), os.environ.get("PYTHONPATH"))))
    others = Machines(tmp_path, variables={"PYTHONPATH": path})
    try:
        address = others.start(workers=1)
        ended = m.grade(course, address)
    finally:
        others.close()
    assert ended.returncode == 2, ended.stdout + ended.stderr
    message = " ".join(ended.stderr.split())
    assert "the worker tcp://127.0.0.1:" in message
    assert "numpy 0.0.1 there, " in message
    assert not m.reports(course)


@pytest.mark.slow
def test_worker_killed_amid_a_submission_takes_its_processes_along_and_loses_nothing(
    course: Path,
    tmp_path: Path,
    local: dict[str, bytes],
    traps: Path,
    set_trap: Callable[[str, str], None],
) -> None:
    set_trap("anna", "wait once")
    told = traps / f"{ANSWERS['anna']:g}.pid"
    own = Machines(tmp_path)
    try:
        own.start()
        run = subprocess.Popen(
            m.command(course, own.address),
            cwd=m.ROOT,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        assert m.until(lambda: told.exists() and told.read_text().endswith("\n"))
        marking = int(told.read_text())
        family = [marking, *m.descendants(marking)]
        [worker] = [int(line.split()[1]) for line in
                    Path(f"/proc/{marking}/status").read_text().splitlines()
                    if line.startswith("PPid")]  # fmt: skip
        # if the worker had ended earlier, another program could have this process number
        assert m.until(lambda: worker in own.processes(), 60)
        assert len(family) > 1
        m.kill(worker)
        assert m.until(lambda: not any(map(m.words, family)))
        output, _ = run.communicate(timeout=600)
    finally:
        own.close()
    assert run.returncode == 0, output
    assert m.reports(course) == local


@pytest.mark.slow
def test_stopped_run_frees_the_workers_and_is_finished_by_the_next(
    course: Path,
    machines: Machines,
    local: dict[str, bytes],
    traps: Path,
    set_trap: Callable[[str, str], None],
) -> None:
    set_trap("dan", "wait")
    run = subprocess.Popen(
        m.command(course, machines.address, "--cold"),
        # a shell's background jobs, and the processes they start, ignore Ctrl-C
        preexec_fn=partial(signal.signal, signal.SIGINT, signal.SIG_DFL),
        cwd=m.ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert m.until(lambda: m.reports(course))
    run.send_signal(signal.SIGINT)
    output, _ = run.communicate(timeout=300)
    assert run.returncode == 130, output
    assert "Traceback" not in output
    assert 0 < len({name.split("/")[1] for name in m.reports(course)}) < len(ANSWERS)
    assert m.until(lambda: not machines.sandboxes())
    for trap in traps.iterdir():
        trap.unlink()
    ended = m.grade(course, machines.address)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert m.reports(course) == local


def make_certificates(folder: Path) -> Path:
    """Make a certificate authority, and a certificate signed by it, as the docs describe."""
    folder.mkdir()
    for line in (
        "req -x509 -newkey ed25519 -noenc -days 2 -subj /CN=course -keyout ca.key -out ca.pem",
        "req -newkey ed25519 -noenc -subj /CN=grading -keyout key.pem -out request.pem",
        "x509 -req -in request.pem -CA ca.pem -CAkey ca.key -days 2 -out cert.pem",
    ):
        subprocess.run(["openssl", *line.split()], cwd=folder, check=True, capture_output=True)
    return folder
