"""Collecting from repositories: the files, their times, and protection against hostile content."""

from __future__ import annotations

import json
import os
import subprocess
import threading
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from nbgrader.api import Gradebook
from typer.testing import CliRunner, Result

from autograder.cli import app
from autograder.commands.collect import _moment
from autograder.course.assignment import Course
from autograder.errors import SubmissionError
from autograder.platforms.github import git as git_module
from autograder.platforms.github.collect import Collection, Outcome, Plan, collect
from autograder.platforms.github.git import Git, GitError
from autograder.platforms.github.repositories import Wanted, repositories
from autograder.submission.intake.roster import Roster
from autograder.submission.timestamps import read_timestamp
from tests.gradebook.course import write_course

NOTEBOOK = "a_slopes.ipynb"
EARLY, LATE = "2024-11-20T10:00:00+00:00", "2024-11-25T10:00:00+00:00"

Change = Callable[[Path], object]


@pytest.fixture
def course(tmp_path: Path) -> Course:
    return write_course(tmp_path / "course")


def git(folder: Path, *arguments: str, date: str = EARLY) -> str:
    """Run git as a student does, without the settings of this machine's user."""
    settings = {
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_COMMITTER_DATE": date,
        "GIT_AUTHOR_DATE": date,
    }
    who = ["-c", "user.name=Anna", "-c", "user.email=anna@example.org"]
    command = ["git", *who, "-c", "protocol.file.allow=always", *arguments]
    done = subprocess.run(
        command, cwd=folder, env={**os.environ, **settings}, capture_output=True, text=True,
        check=True,
    )  # fmt: skip
    return done.stdout.strip()


def answered(folder: Path, text: str = "an answer") -> None:
    """Change the first notebook in the folder."""
    path = folder / NOTEBOOK
    notebook = json.loads(path.read_text(encoding="utf-8"))
    notebook["cells"].append({"cell_type": "markdown", "id": "own", "metadata": {}, "source": text})
    path.write_text(json.dumps(notebook), encoding="utf-8")


def commit(folder: Path, date: str = EARLY) -> str:
    git(folder, "add", "--all", "--force")
    git(folder, "commit", "--quiet", "--allow-empty", "-m", "work", date=date)
    return git(folder, "rev-parse", "HEAD")


def repository(course: Course, name: str, *changes: Change, date: str = EARLY) -> Path:
    """Make a student's repository: the release and these changes, in one commit."""
    folder = course.root.parent / "repositories" / name
    folder.mkdir(parents=True)
    git(folder, "init", "--quiet", "-b", "main")
    for path in course.release("hw").glob("*.ipynb"):
        (folder / path.name).write_bytes(path.read_bytes())
    for change in changes:
        change(folder)
    commit(folder, date)
    return folder


def collected(course: Course, *folders: Path, plan: Plan | None = None) -> list[Outcome]:
    return run(course, [Wanted(path.name, str(path)) for path in folders], plan).outcomes


def run(course: Course, wanted: Sequence[Wanted], plan: Plan | None = None) -> Collection:
    return collect(course, course.assignment("hw"), wanted, plan or Plan(local=True))


def taken(course: Course, student: str) -> set[str]:
    """Return all files of the student's submission."""
    return {path.name for path in course.submission(student, "hw").rglob("*")}


# --- what is taken ---


def test_notebooks_and_the_time_are_taken_and_nothing_else(course: Course) -> None:
    def more(folder: Path) -> None:
        (folder / "notes.txt").write_text("mine")
        (folder / ".github").mkdir()
        (folder / ".github" / NOTEBOOK).write_text("{}")

    [outcome] = collected(course, repository(course, "anna", answered, more))
    assert (outcome.state, outcome.time) == ("new", datetime.fromisoformat(EARLY))
    assert taken(course, "anna") == {NOTEBOOK, "b_extras.ipynb", "timestamp.txt"}
    assert "an answer" in (course.submission("anna", "hw") / NOTEBOOK).read_text("utf-8")
    assert read_timestamp(course.submission("anna", "hw")) == datetime(2024, 11, 20, 10)


def test_commit_is_recorded_with_the_time_of_collecting(course: Course) -> None:
    start = datetime.now(UTC)
    [outcome] = collected(course, folder := repository(course, "anna", answered))
    [line] = (course.submitted / ".collected/hw.jsonl").read_text("utf-8").splitlines()
    told = json.loads(line)
    assert told["student"] == "anna"
    assert told["commit"] == outcome.commit == git(folder, "rev-parse", "HEAD")
    assert told["stated"] == EARLY
    assert start <= datetime.fromisoformat(told["collected"]) <= datetime.now(UTC)


def test_untouched_repository_is_no_submission(course: Course) -> None:
    [outcome] = collected(course, repository(course, "anna"))
    assert outcome.state == "untouched"
    assert not course.submission("anna", "hw").exists()


def test_collecting_again_changes_nothing_and_takes_newer_work(course: Course) -> None:
    folder = repository(course, "anna", answered)
    assert collected(course, folder)[0].state == "new"
    assert collected(course, folder)[0].state == "unchanged"
    answered(folder, "a better answer")
    commit(folder, LATE)
    [outcome] = collected(course, folder)
    assert outcome.state == "replaced"
    assert "a better answer" in (course.submission("anna", "hw") / NOTEBOOK).read_text("utf-8")
    assert len(list((course.submitted / ".earlier/anna").iterdir())) == 1


def test_notebooks_in_a_folder_are_found_and_the_upper_one_counts(course: Course) -> None:
    def moved(folder: Path) -> None:
        (folder / "old").mkdir()
        (folder / "old" / NOTEBOOK).write_bytes((folder / NOTEBOOK).read_bytes())
        answered(folder)
        (folder / "b_extras.ipynb").rename(folder / "old" / "b_extras.ipynb")

    [outcome] = collected(course, repository(course, "anna", moved))
    assert outcome.notebooks == ("a_slopes", "b_extras")
    assert "an answer" in (course.submission("anna", "hw") / NOTEBOOK).read_text("utf-8")


def test_branch_can_be_chosen(course: Course) -> None:
    folder = repository(course, "anna")
    git(folder, "checkout", "--quiet", "-b", "work")
    answered(folder)
    commit(folder)
    git(folder, "checkout", "--quiet", "main")
    assert collected(course, folder)[0].state == "untouched"
    assert collected(course, folder, plan=Plan(branch="work", local=True))[0].state == "new"
    [failed] = collected(course, folder, plan=Plan(branch="other", local=True))
    assert (failed.state, failed.what) == ("failed", "The repository has no branch other.")


# --- at which time ---


def test_last_commit_before_a_time_is_taken_by_the_dates_of_the_commits(course: Course) -> None:
    folder = repository(course, "anna", answered)
    first = git(folder, "rev-parse", "HEAD")
    answered(folder, "too late")
    commit(folder, LATE)
    due = datetime(2024, 11, 21, 23, 55, tzinfo=UTC)
    [outcome] = collected(course, folder, plan=Plan(before=lambda _: due, local=True))
    assert outcome.commit == first
    assert "too late" not in (course.submission("anna", "hw") / NOTEBOOK).read_text("utf-8")
    before = due - timedelta(days=9)
    [none] = collected(course, folder, plan=Plan(before=lambda _: before, local=True))
    assert none.what == "The repository has no commit dated up to 2024-11-12 23:55 UTC."


def test_commit_that_was_not_there_before_cannot_be_older_than_that(course: Course) -> None:
    folder = repository(course, "anna", answered)
    collected(course, folder)
    answered(folder, "backdated")
    git(folder, "add", "--all")
    git(folder, "commit", "--quiet", "--amend", "--no-edit", date="2024-11-20T09:00:00+00:00")
    [outcome] = collected(course, folder)
    first, second = (course.submitted / ".collected/hw.jsonl").read_text("utf-8").splitlines()
    assert outcome.time == datetime.fromisoformat(json.loads(first)["collected"])
    assert json.loads(second)["stated"] == "2024-11-20T09:00:00+00:00"
    assert "was not pushed yet" in outcome.what
    assert outcome.state == "replaced"


def test_only_the_newest_commit_of_the_same_branch_shows_what_was_not_there(
    course: Course,
) -> None:
    folder = repository(course, "anna", answered)
    git(folder, "branch", "work")
    answered(folder, "late, but long before it was collected")
    commit(folder, LATE)
    due = datetime(2024, 11, 21, 23, 55, tzinfo=UTC)
    collected(course, folder, plan=Plan(before=lambda _: due, local=True))
    collected(course, folder, plan=Plan(branch="work", local=True))
    with (course.submitted / ".collected/hw.jsonl").open("a", encoding="utf-8") as file:
        file.write('{"student": "anna", "commit"')  # a run was killed here
    [outcome] = collected(course, folder)
    assert (outcome.state, outcome.time) == ("replaced", datetime.fromisoformat(LATE))
    *_, last = (course.submitted / ".collected/hw.jsonl").read_text("utf-8").splitlines()
    assert json.loads(last)["commit"] == outcome.commit


def test_date_in_the_future_becomes_the_time_of_collecting(course: Course) -> None:
    folder = repository(course, "anna", answered, date="2090-01-01T00:00:00+00:00")
    [outcome] = collected(course, folder)
    assert outcome.time is not None
    assert outcome.time <= datetime.now(UTC)


def test_times_are_the_courses_and_doubtful_ones_are_refused(course: Course) -> None:
    assert _moment("2024-11-21T23:55", course.timezone) == datetime(
        2024, 11, 21, 22, 55, tzinfo=UTC
    )
    with pytest.raises(SubmissionError, match=r"02:30:00\+02:00 or 2024-10-27T02:30:00\+01:00"):
        _moment("2024-10-27T02:30", course.timezone)
    with pytest.raises(SubmissionError, match="write 2024-11-21T23:55, or due"):
        _moment("tomorrow", course.timezone)


# --- repositories that nobody should trust ---


def plant(folder: Path) -> Path:
    """Return the file that a hostile program would write."""
    return folder.parents[1] / "planted"


def with_hook(folder: Path) -> None:
    answered(folder)
    for name in ("post-checkout", "reference-transaction", "post-merge", "pre-auto-gc"):
        hook = folder / ".git/hooks" / name
        hook.parent.mkdir(exist_ok=True)
        hook.write_text(f"#!/bin/sh\ntouch {plant(folder)}\n")
        hook.chmod(0o755)


def with_filter(folder: Path) -> None:
    answered(folder)
    (folder / ".gitattributes").write_text("*.ipynb filter=lfs\n* filter=evil diff=evil\n")
    (folder / ".lfsconfig").write_text("[lfs]\nurl = ext::sh -c evil\n")
    git(folder, "config", "filter.evil.smudge", f"touch {plant(folder)}")


def with_submodule(folder: Path) -> None:
    answered(folder)
    inner = folder.parent / "inner"
    inner.mkdir(exist_ok=True)
    git(inner, "init", "--quiet", "-b", "main")
    commit(inner)
    git(folder, "submodule", "--quiet", "add", f"file://{inner}", "problem.ipynb")
    (folder / ".gitmodules").write_text(
        f'[submodule "x"]\npath = problem.ipynb\nurl = ext::touch {plant(folder)}\nupdate = !evil\n'
    )


@pytest.mark.parametrize("change", [with_hook, with_filter, with_submodule])
def test_nothing_in_a_repository_runs(
    change: Change, course: Course, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    folder = repository(course, "anna", change)
    plant(folder).unlink(missing_ok=True)  # a student's own git runs a student's hooks
    config = tmp_path / "gitconfig"  # settings of a teacher's git that a student may exploit
    config.write_text(
        f"[core]\nhooksPath = {folder}/.git/hooks\n"
        f'[filter "evil"]\nsmudge = touch {plant(folder)}\nrequired = true\n'
        f'[filter "lfs"]\nsmudge = touch {plant(folder)}\nprocess = touch {plant(folder)}\n'
        "[submodule]\nrecurse = true\n[fetch]\nrecurseSubmodules = true\n"
    )
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(config))
    [outcome] = collected(course, folder)
    assert outcome.state == "new", outcome
    assert not plant(folder).exists()
    assert taken(course, "anna") == {NOTEBOOK, "b_extras.ipynb", "timestamp.txt"}


@pytest.mark.parametrize("target", ["/etc/passwd", "../../course/course.toml", "b_extras.ipynb"])
def test_links_are_not_followed(target: str, course: Course) -> None:
    def linked(folder: Path) -> None:
        (folder / NOTEBOOK).unlink()
        (folder / NOTEBOOK).symlink_to(target)

    [outcome] = collected(course, repository(course, "anna", linked))
    assert outcome.state == "new"
    assert outcome.notebooks == ("b_extras",)
    assert "this path is a link or a submodule" in outcome.what
    assert taken(course, "anna") == {"b_extras.ipynb", "timestamp.txt"}


def test_paths_lead_nowhere(course: Course) -> None:
    """Git refuses to add such paths, so the test writes the tree directly."""

    def hostile(folder: Path) -> None:
        answered(folder)
        blob = git(folder, "hash-object", "-w", NOTEBOOK)
        upper = subprocess.run(
            ["git", "mktree", "-z"], cwd=folder, check=True, capture_output=True,
            input=f"100644 blob {blob}\t{NOTEBOOK}\0".encode(),
        ).stdout.decode().strip()  # fmt: skip
        entries = f"040000 tree {upper}\t..\x00100644 blob {blob}\t\x1b[2J{NOTEBOOK}\x00"
        tree = subprocess.run(
            ["git", "mktree", "-z"], cwd=folder, check=True, capture_output=True,
            input=entries.encode(),
        ).stdout.decode().strip()  # fmt: skip
        git(folder, "update-ref", "refs/heads/main", git(folder, "commit-tree", tree, "-m", "x"))

    folder = repository(course, "anna")
    hostile(folder)
    outside = set(course.root.rglob("*"))
    [outcome] = collected(course, folder)
    assert "\x1b" not in outcome.what
    for path in set(course.root.rglob("*")) - outside:
        assert path.is_relative_to(course.submitted)


def test_tree_without_end_is_left_alone(course: Course, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ten nested trees, each with ten copies of the next one, name 10^10 files."""
    monkeypatch.setattr(git_module, "MAX_LISTING_BYTES", 100_000)

    def bomb(folder: Path) -> None:
        name = git(folder, "hash-object", "-w", NOTEBOOK)
        for depth in range(10):
            kind, mode = ("tree", "040000") if depth else ("blob", "100644")
            lines = "".join(f"{mode} {kind} {name}\td{number}\n" for number in range(10))
            name = subprocess.run(
                ["git", "mktree"], cwd=folder, check=True, capture_output=True, text=True,
                input=lines,
            ).stdout.strip()  # fmt: skip
        git(folder, "update-ref", "refs/heads/main", git(folder, "commit-tree", name, "-m", "x"))

    folder = repository(course, "anna")
    bomb(folder)
    start = time.monotonic()
    [outcome] = collected(course, folder)
    assert outcome.what.startswith("The repository has too many files")
    assert time.monotonic() - start < git_module.READ_SECONDS


def test_large_repository_is_stopped_while_it_arrives(
    course: Course, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(git_module, "MAX_PACK_BYTES", 200_000)

    def large(folder: Path) -> None:
        answered(folder)
        (folder / "data.bin").write_bytes(os.urandom(1_000_000))

    huge, anna = repository(course, "huge", large), repository(course, "anna", answered)
    first, second = collected(course, huge, anna)
    assert (first.state, second.state) == ("failed", "new")
    assert first.what.startswith("The repository is larger than")


def test_slow_server_is_given_up_with_all_that_was_started(
    course: Course, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(git_module, "FETCH_SECONDS", 1.0)
    ssh = tmp_path / "ssh"
    ssh.write_text(f"#!/bin/sh\necho $$ > {tmp_path}/pid\nexec sleep 60\n")
    ssh.chmod(0o755)
    monkeypatch.setenv("GIT_SSH_COMMAND", str(ssh))
    [outcome] = run(course, [Wanted("anna", "git@example.org:org/anna.git")]).outcomes
    assert outcome.what == "The repository did not arrive within 1 s."
    for _ in range(100):
        if not Path(f"/proc/{(tmp_path / 'pid').read_text().strip()}/cmdline").exists():
            break
        time.sleep(0.05)
    else:
        pytest.fail("ssh still runs")


def test_content_in_large_file_storage_is_told(course: Course) -> None:
    def pointer(folder: Path) -> None:
        text = "version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 9\n"
        (folder / NOTEBOOK).write_text(text)

    [outcome] = collected(course, repository(course, "anna", pointer))
    assert "commit the notebook itself" in outcome.what
    assert outcome.notebooks == ("b_extras",)


def test_one_bad_repository_stops_no_other(course: Course) -> None:
    empty = course.root.parent / "repositories" / "empty"
    empty.mkdir(parents=True)
    git(empty, "init", "--quiet", "--bare", "-b", "main")
    no_notebook = repository(
        course, "other", lambda folder: [path.unlink() for path in folder.glob("*.ipynb")]
    )
    broken = repository(course, "broken", answered)
    for path in (broken / ".git/objects").glob("??/*"):
        path.chmod(0o644)
        path.write_bytes(b"no object")
    anna = repository(course, "anna", answered)
    outcomes = collected(course, empty, empty.parent / "missing", no_notebook, broken, anna)
    assert [each.state for each in outcomes] == ["failed"] * 4 + ["new"]
    assert outcomes[0].what.startswith("The repository is empty")
    assert outcomes[1].what.startswith("There is no such repository")
    assert outcomes[2].what == "The repository contains no notebook."
    assert all(each.advice for each in outcomes[:3])


def test_protocols_and_tokens(course: Course) -> None:
    anna = repository(course, "anna", answered)
    [refused] = run(course, [Wanted("anna", f"file://{anna}")], Plan()).outcomes
    assert refused.what == "The address leads to a protocol that is not allowed."
    with pytest.raises(GitError, match="not allowed"):
        Git(local=True).fetch(course.root / "x", "ext::sh -c true", None, None)
    secret = Wanted("anna", "https://anna:token@github.com/org/anna")
    assert secret.shown == "https://github.com/org/anna"


def test_stopped_collection_ends_what_it_started(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    ssh = tmp_path / "ssh"
    ssh.write_text(f"#!/bin/sh\ntouch {tmp_path}/started\nexec sleep 60\n")
    ssh.chmod(0o755)
    monkeypatch.setenv("GIT_SSH_COMMAND", str(ssh))
    runner = Git()

    def stop() -> None:
        while not (tmp_path / "started").exists():
            time.sleep(0.05)
        runner.stop()

    thread = threading.Thread(target=stop)
    thread.start()
    start = time.monotonic()
    with pytest.raises(GitError):
        runner.fetch(tmp_path / "x", "git@example.org:org/anna.git", None, None)
    thread.join()
    assert time.monotonic() - start < 50
    with pytest.raises(GitError, match="stopped"):
        runner.fetch(tmp_path / "y", "git@example.org:org/anna.git", None, None)


# --- which student has which repository ---


def roster(tmp_path: Path, text: str) -> Roster:
    path = tmp_path / "students.csv"
    path.write_text(text, encoding="utf-8")
    return Roster.read(path)


def test_addresses_come_from_the_list_or_from_a_pattern(tmp_path: Path) -> None:
    students = roster(
        tmp_path,
        "student,GitHub login,repository\n"
        "anna,anna-M,\nbela,,\ncleo,cleo/../x,\ndora,d,git@gitlab.com:Org/Dora.git\n",
    )
    pattern = "https://github.com/org/{assignment}-{GitHub login}.git"
    found = {each.student: each for each in repositories(students, "hw2", pattern)}
    assert found["anna"].address == "https://github.com/org/hw2-anna-M.git"
    assert found["bela"].fault == "the list has no value in the column GitHub login"
    assert found["cleo"].fault == "cleo/../x cannot be a part of an address"
    assert found["dora"].address == "git@gitlab.com:Org/Dora.git"
    assert [each.student for each in repositories(students, "hw2", only=["dora"])] == ["dora"]
    with pytest.raises(SubmissionError, match="no student emil"):
        list(repositories(students, "hw2", pattern, only=["emil"]))
    with pytest.raises(SubmissionError, match="no column `repository`"):
        list(repositories(roster(tmp_path, "student\nanna\n"), "hw2"))


@pytest.mark.parametrize(
    ("address", "is_allowed", "is_local"),
    [
        ("https://github.com/org/hw2-anna", True, True),
        ("https://token@git.example.org:8443/org/anna.git", True, True),
        ("ssh://git@example.org/org/anna.git", True, True),
        ("git@example.org:org/anna.git", True, True),
        ("/srv/anna", False, True),
        ("file:///srv/anna", False, True),
        ("http://github.com/org/anna", False, False),
        ("git://github.com/org/anna", False, False),
        ("ext::sh -c evil", False, False),
        ("--upload-pack=evil", False, False),
        ("ssh://-oProxyCommand=evil/x", False, False),
        ("https://github.com/org/a b", False, False),
        ("anna", False, False),
        ("../anna", False, False),
    ],
)
def test_addresses_are_checked(
    address: str, is_allowed: bool, is_local: bool, tmp_path: Path
) -> None:
    students = roster(tmp_path, f"student,repository\nanna,{address}\n")
    for local, expected in ((False, is_allowed), (True, is_local)):
        [wanted] = repositories(students, "hw", local=local)
        assert (not wanted.fault) is expected


# --- the command ---


def test_command_prints_what_happened_to_each(course: Course, tmp_path: Path) -> None:
    anna, bela = repository(course, "anna", answered), repository(course, "bela")
    path = tmp_path / "students.csv"
    path.write_text(
        f"student,repository,email\nanna,{anna},a@example.org\nbela,file://{bela},\ncleo,,\n",
        encoding="utf-8",
    )
    command = ["collect", "hw", "--students", str(path), "--course", str(course.root), "--local"]
    done = CliRunner().invoke(app, command)
    assert done.exit_code == 1, done.output
    words = " ".join(done.stdout.replace("│", " ").split())
    assert "1 new, 1 untouched, 1 failed" in words
    assert "dates, which students can set" in words
    done = CliRunner().invoke(app, [*command, "--student", "anna", "--format", "json"])
    assert done.exit_code == 0, done.output
    [told] = json.loads(done.stdout)["outcomes"]
    assert (told["student"], told["state"]) == ("anna", "unchanged")
    due = CliRunner().invoke(app, [*command, "--student", "anna", "--before", "due"])
    assert due.exit_code == 0, due.output


def test_due_date_includes_an_extension_that_was_given_in_nbgrader(
    course: Course, tmp_path: Path
) -> None:
    anna = repository(course, "anna", answered, date=LATE)
    path = tmp_path / "students.csv"
    path.write_text(f"student,repository\nanna,{anna}\n", encoding="utf-8")
    command = ["collect", "hw", "--students", str(path), "--course", str(course.root), "--local"]
    done = CliRunner().invoke(app, [*command, "--before", "due"])
    assert done.exit_code == 1, done.output
    assert not course.submission("anna", "hw").exists()
    with Gradebook(f"sqlite:///{course.gradebook}") as gradebook:
        gradebook.add_assignment("hw")
        gradebook.add_submission("hw", "anna")
        gradebook.grant_extension("hw", "anna", weeks=1)
    done = CliRunner().invoke(app, [*command, "--before", "due"])
    assert done.exit_code == 0, done.output
    assert NOTEBOOK in taken(course, "anna")


def test_known_person_under_another_name_gets_no_second_folder(
    course: Course, tmp_path: Path
) -> None:
    def collect(rows: str, *options: str) -> Result:
        path = tmp_path / "students.csv"
        path.write_text(f"student,repository,email,github\n{rows}", encoding="cp1252")
        command = ["collect", "hw", "--students", str(path), "--course", str(course.root)]
        return CliRunner().invoke(app, [*command, "--local", *options])

    anna, bela = repository(course, "anna", answered), repository(course, "bela", answered)
    assert collect(f"anna,{anna},a@example.org,annas-code\n").exit_code == 0
    for row in (f"meier,{anna},A@example.org,\n", f"meier,{anna},,annas-code\n"):
        done = collect(f"{row}béla,{bela},b@example.org,\n")
        assert done.exit_code == 1, done.output
        assert "may be anna" in " ".join(done.output.replace("│", " ").split())
        assert "read as Windows-1252: béla" in done.output
        assert not course.submission("meier", "hw").exists()
        assert taken(course, "béla"), "the rest goes on"
    collect(f"meier,{anna},a@example.org,\n", "--new")
    assert taken(course, "meier")
