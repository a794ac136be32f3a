"""Read untrusted repositories with plain `git`.

A student's repository is fetched into a bare repository, and its notebooks are read as objects. The
files are never checked out, so hooks, filters, attributes, links, submodules and large-file storage
have no effect. Time, memory, the size of the fetched data and the length of the output are limited.
"""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from autograder.errors import SubmissionError
from autograder.words import printable

FETCH_SECONDS = 180
"""Seconds for fetching one repository."""
READ_SECONDS = 30
"""Seconds for reading an object of a fetched repository."""
MAX_PACK_BYTES = 500_000_000
"""Maximum size of a repository, in bytes as Git compresses it for sending."""
MAX_MEMORY_KB = 4_000_000
"""Kilobytes of address space that Git may use; a tiny repository can ask for gigabytes."""
MAX_LISTING_BYTES = 10_000_000
"""Maximum size of the list of a commit's files, in bytes: about 100,000 files."""
MAX_ERROR_BYTES = 20_000
"""Number of bytes of Git's messages to read."""

_CONFIG = {
    "core.hooksPath": os.devnull,
    "core.fsmonitor": "false",
    "core.bigFileThreshold": "20m",
    "fetch.unpackLimit": "1",  # store all objects in one file, whose size is limited
    "fetch.recurseSubmodules": "no",
    "fetch.writeCommitGraph": "false",
    "gc.auto": "0",
    "maintenance.auto": "false",
    "pack.threads": "1",
    "transfer.bundleURI": "false",
    "http.lowSpeedLimit": "1000",
    "http.lowSpeedTime": "30",
}
_OF_OTHERS = (
    *("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_OBJECT_DIRECTORY", "GIT_COMMON_DIR"),
    *("GIT_ALTERNATE_OBJECT_DIRECTORIES", "GIT_NAMESPACE", "GIT_TEMPLATE_DIR", "GIT_EXTERNAL_DIFF"),
)
"""Names of environment variables that would make Git use another repository."""

_LIMITED = """
ulimit -f {blocks}
ulimit -v {kilobytes} 2>/dev/null
exec git "$@"
"""
"""Shell script that starts `git` with limits for file size (in 512-byte blocks) and memory."""

_ENTRY = re.compile(rb"(\d+) (\w+) ([0-9a-f]{40,64}) +(\d+|-)\t(.+)", re.DOTALL)


class GitError(Exception):
    """An error: a repository cannot be collected.

    `what` is the problem, `advice` is the next step.
    """

    def __init__(self, what: str, advice: str) -> None:
        super().__init__(what)
        self.what, self.advice = what, advice


@dataclass(frozen=True)
class Entry:
    """A file in a commit; `is_file` is false for links and submodules."""

    path: str
    name: str
    size: int
    is_file: bool


@dataclass(frozen=True)
class Snapshot:
    """A fetched commit, its date and its files."""

    commit: str
    time: datetime | None
    entries: tuple[Entry, ...]


class Git:
    """A runner of `git` for several threads; `stop` ends all running processes."""

    def __init__(self, *, local: bool = False) -> None:
        if shutil.which("git") is None:
            raise SubmissionError("collecting needs git, which is not installed: apt install git")
        kept = {name: value for name, value in os.environ.items() if name not in _OF_OTHERS}
        self._environment = {
            **kept,
            "GIT_ALLOW_PROTOCOL": "https:ssh:file" if local else "https:ssh",
            "GIT_TERMINAL_PROMPT": "0",
            "GIT_ASKPASS": "",
            "SSH_ASKPASS_REQUIRE": "never",
            "GCM_INTERACTIVE": "never",
            "GIT_LFS_SKIP_SMUDGE": "1",
            "GIT_NO_LAZY_FETCH": "1",
            "GIT_NO_REPLACE_OBJECTS": "1",
            "GIT_OPTIONAL_LOCKS": "0",
            "LC_ALL": "C",
        }
        self._lock = threading.Lock()
        self._running: set[int] = set()
        self._is_stopped = False

    def fetch(
        self, folder: Path, address: str, branch: str | None, before: datetime | None
    ) -> Snapshot:
        """Fetch a branch into an empty folder, and return its last commit.

        With `before`, return the last commit dated up to this time. Raises GitError.
        """
        self._run(["init", "--quiet", "--bare", "--template=", str(folder)], READ_SECONDS)
        source = "HEAD" if branch is None else f"refs/heads/{branch}"
        depth = [] if before else ["--depth=1"]
        try:
            self._run(
                [
                    *(f"--git-dir={folder}", "fetch", "--quiet", "--no-tags", *depth),
                    *("--no-recurse-submodules", "--", address, f"+{source}:refs/heads/collected"),
                ],
                FETCH_SECONDS,
            )
        except _FailedError as error:
            raise _explained(error, branch) from error
        line = self._last_commit(folder, before).split()
        if len(line) != 2:
            raise GitError(
                f"the repository has no commit dated up to {before:%Y-%m-%d %H:%M %Z}",
                "The student handed in nothing by this time.",
            )
        entries = tuple(self._entries(folder, line[1]))
        return Snapshot(line[1], _moment(line[0]), entries)

    def read(self, folder: Path, entry: Entry) -> bytes:
        """Return the content of a file in a fetched repository."""
        return self._run(
            [f"--git-dir={folder}", "cat-file", "blob", entry.name], READ_SECONDS, entry.size
        )

    def stop(self) -> None:
        """End all running processes, and start no more processes."""
        with self._lock:
            self._is_stopped = True
            for process in self._running:
                _kill(process)

    def _last_commit(self, folder: Path, before: datetime | None) -> str:
        until = [f"--min-age={int(before.timestamp())}"] if before else []
        arguments = ["rev-list", "-1", "--timestamp", "--first-parent", *until]
        found = self._run([f"--git-dir={folder}", *arguments, "refs/heads/collected"], READ_SECONDS)
        return found.decode("ascii", "replace")

    def _entries(self, folder: Path, commit: str) -> Iterator[Entry]:
        listing = ["ls-tree", "-r", "-l", "-z", "--full-tree", commit]
        output = self._run([f"--git-dir={folder}", *listing], READ_SECONDS, MAX_LISTING_BYTES)
        for line in output.split(b"\0"):
            if match := _ENTRY.fullmatch(line):
                mode, kind, name, size, path = match.groups()
                is_file = kind == b"blob" and mode in (b"100644", b"100755", b"100664")
                yield Entry(
                    path.decode("utf-8", "replace"),
                    name.decode(),
                    int(size) if size.isdigit() else 0,
                    is_file,
                )

    def _run(self, arguments: list[str], seconds: float, most: int = 10_000) -> bytes:
        """Return the output of `git`; raise GitError if it fails or exceeds a limit."""
        config = [part for key, value in _CONFIG.items() for part in ("-c", f"{key}={value}")]
        limited = _LIMITED.format(blocks=MAX_PACK_BYTES // 512, kilobytes=MAX_MEMORY_KB)
        with (
            tempfile.TemporaryFile() as errors,
            self._started(
                ["/bin/sh", "-c", limited, "git", *config, *arguments], errors.fileno()
            ) as process,
        ):
            is_late = threading.Event()

            def end() -> None:
                is_late.set()
                _kill(process.pid)

            timer = threading.Timer(seconds, end)
            timer.start()
            try:
                assert process.stdout is not None
                output = process.stdout.read(most + 1)
                if len(output) > most:
                    raise GitError(
                        "the repository has too many files, or a file that is too large",
                        "Ask the student to remove these files, or copy the notebooks by hand.",
                    )
                code = process.wait()
            finally:
                timer.cancel()
            if is_late.is_set():
                raise GitError(
                    f"the repository did not arrive within {seconds:g} s",
                    "Run the command again with --student.",
                )
            if code:
                errors.seek(0)
                raise _FailedError(code, errors.read(MAX_ERROR_BYTES).decode("utf-8", "replace"))
            return output

    @contextmanager
    def _started(self, command: list[str], errors: int) -> Iterator[subprocess.Popen[bytes]]:
        """Start a process in a new session; end all its processes after the `with` block."""
        with self._lock:
            if self._is_stopped:
                raise GitError("collecting was stopped", "Run the command again.")
            process = subprocess.Popen(
                command,
                env=self._environment,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=errors,
                start_new_session=True,
            )
            self._running.add(process.pid)
        try:
            yield process
        finally:
            with self._lock:
                _kill(process.pid)
                self._running.discard(process.pid)
            process.wait()
            if process.stdout is not None:
                process.stdout.close()


class _FailedError(GitError):
    """An error: Git ended with a failure."""

    def __init__(self, code: int, text: str) -> None:
        lines = [line for line in text.splitlines() if line.strip()] or [f"exit code {code}"]
        last = next((line for line in lines if line.startswith("fatal:")), lines[-1])
        super().__init__(f"git says: {printable(last)}", "Try `git ls-remote ADDRESS` yourself.")
        self.text = text


_CAUSES = (
    (
        r"couldn't find remote ref HEAD",
        "the repository is empty, or its default branch does not exist",
        "Ask the student to push.",
    ),
    (
        r"couldn't find remote ref",
        "the repository has no branch {branch}",
        "Ask the student to push to this branch, or add --branch with another name.",
    ),
    (
        r"Host key verification failed",
        "SSH does not know the server's key",
        "Connect to the server once, e.g. `ssh -T git@github.com`, and accept its key.",
    ),
    (
        r"could not read Username|Authentication failed|Permission denied|error: 40[13]",
        "there is no such repository, or Git may not read it",
        "Check the address, and let Git log in: gh auth setup-git, or an SSH key.",
    ),
    (
        r"[Rr]epository .*not found|does not appear to be a git repository|does not exist"
        r"|error: 404",
        "there is no such repository, or Git may not read it",
        "Check the address and your permission to read the repository.",
    ),
    (
        r"[Ff]ile too large|died of signal 25|invalid index-pack output|out of memory|malloc",
        f"the repository is larger than {MAX_PACK_BYTES // 1_000_000} MB",
        "Ask the student to remove large files from the repository's history.",
    ),
    (
        r"transport .* not allowed",
        "the address leads to a protocol that is not allowed",
        "Use an address with https:// or ssh://.",
    ),
    (
        r"Could not resolve host|unable to access|Connection|timed out|Could not read from remote",
        "the server does not answer",
        "Check the address and the network, then run the command again.",
    ),
)
"""Patterns of Git's messages, each with the problem and the next step in words for teachers."""


def _explained(error: _FailedError, branch: str | None) -> GitError:
    """Return the error with a message and advice for a teacher."""
    for pattern, what, advice in _CAUSES:
        if re.search(pattern, error.text):
            return GitError(what.format(branch=branch), advice)
    return error


def _kill(process: int) -> None:
    with suppress(OSError):  # all processes may have ended
        os.killpg(process, signal.SIGKILL)


def _moment(seconds: str) -> datetime | None:
    try:
        return datetime.fromtimestamp(int(seconds), UTC)
    except (ValueError, OverflowError, OSError):
        return None
