"""Plain `git`, used on repositories that nobody trusts.

A repository is fetched into a bare one, and its notebooks are read as objects. Nothing is ever
checked out, so no hook, filter, attribute, link, submodule or large-file storage can act. Time,
memory, the size of what is fetched and the length of what is read are bounded.
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
"""Seconds that one repository may take."""
READ_SECONDS = 30
"""Seconds for reading an object of a repository that was fetched."""
MAX_PACK_BYTES = 500_000_000
"""Bytes that a repository may have, compressed as Git sends it."""
MAX_MEMORY_KB = 4_000_000
"""Kilobytes of address space that Git may use; a small delta can ask for gigabytes."""
MAX_LISTING_BYTES = 10_000_000
"""Bytes of the list of a commit's files: some 100,000 files."""
MAX_ERROR_BYTES = 20_000
"""Bytes of Git's messages that are looked at."""

_CONFIG = {
    "core.hooksPath": os.devnull,
    "core.fsmonitor": "false",
    "core.bigFileThreshold": "20m",
    "fetch.unpackLimit": "1",  # one file for all objects, whose size has a limit
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
"""Variables that would point Git to another repository than the fetched one."""

_LIMITED = """
ulimit -f {blocks}
ulimit -v {kilobytes} 2>/dev/null
exec git "$@"
"""
"""Starts `git` with limits for the size of a file, in blocks of 512 bytes, and for memory."""

_ENTRY = re.compile(rb"(\d+) (\w+) ([0-9a-f]{40,64}) +(\d+|-)\t(.+)", re.DOTALL)


class GitError(Exception):
    """A repository cannot be collected: what was found, and what to do next."""

    def __init__(self, what: str, advice: str) -> None:
        super().__init__(what)
        self.what, self.advice = what, advice


@dataclass(frozen=True)
class Entry:
    """A file of a commit. `is_file` is false for links and submodules."""

    path: str
    name: str
    size: int
    is_file: bool


@dataclass(frozen=True)
class Snapshot:
    """A commit that was fetched, the date that it states, and its files."""

    commit: str
    time: datetime | None
    entries: tuple[Entry, ...]


class Git:
    """Runs `git`, from several threads; `stop` ends whatever runs."""

    def __init__(self, *, local: bool = False) -> None:
        if shutil.which("git") is None:
            raise SubmissionError("git is not installed, and collecting needs it: apt install git")
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

        With `before`, return the last commit that states a date up to then. Raises GitError.
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
                f"it has no commit that states a date up to {before:%Y-%m-%d %H:%M %Z}",
                "Nothing was handed in by then.",
            )
        entries = tuple(self._entries(folder, line[1]))
        return Snapshot(line[1], _moment(line[0]), entries)

    def read(self, folder: Path, entry: Entry) -> bytes:
        """Return the content of a file in a repository that was fetched."""
        return self._run(
            [f"--git-dir={folder}", "cat-file", "blob", entry.name], READ_SECONDS, entry.size
        )

    def stop(self) -> None:
        """End all that runs, and start nothing more."""
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
        """Return what `git` prints; GitError if it fails, takes too long or prints too much."""
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
                        "it holds too many files, or a file that is too large",
                        "Ask the student to remove them, or copy the notebooks by hand.",
                    )
                code = process.wait()
            finally:
                timer.cancel()
            if is_late.is_set():
                raise GitError(
                    f"it did not arrive within {seconds:g} s",
                    "Run the command again with --student.",
                )
            if code:
                errors.seek(0)
                raise _FailedError(code, errors.read(MAX_ERROR_BYTES).decode("utf-8", "replace"))
            return output

    @contextmanager
    def _started(self, command: list[str], errors: int) -> Iterator[subprocess.Popen[bytes]]:
        """Start a process in a session of its own, and end all of it with the block."""
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
    """Git ended with an error."""

    def __init__(self, code: int, text: str) -> None:
        lines = [line for line in text.splitlines() if line.strip()] or [f"exit code {code}"]
        last = next((line for line in lines if line.startswith("fatal:")), lines[-1])
        super().__init__(f"git says: {printable(last)}", "Try `git ls-remote ADDRESS` yourself.")
        self.text = text


_CAUSES = (
    (
        r"couldn't find remote ref HEAD",
        "it is empty, or its default branch does not exist",
        "Ask the student to push.",
    ),
    (
        r"couldn't find remote ref",
        "it has no branch {branch}",
        "Ask the student to push to it, or give another --branch.",
    ),
    (
        r"Host key verification failed",
        "SSH does not know the server's key",
        "Connect to it once by hand, such as with `ssh -T git@github.com`, and accept its key.",
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
        "Check the address and your access.",
    ),
    (
        r"[Ff]ile too large|died of signal 25|invalid index-pack output|out of memory|malloc",
        f"it is larger than {MAX_PACK_BYTES // 1_000_000} MB",
        "Ask the student to remove large files from its history.",
    ),
    (
        r"transport .* not allowed",
        "it leads to a protocol that is not allowed",
        "Use an address with https:// or ssh://.",
    ),
    (
        r"Could not resolve host|unable to access|Connection|timed out|Could not read from remote",
        "the server does not answer",
        "Check the address and the network, then run the command again.",
    ),
)
"""Meanings of Git's messages: a pattern, what was found, and what to do next."""


def _explained(error: _FailedError, branch: str | None) -> GitError:
    """Return the error in words for a teacher."""
    for pattern, what, advice in _CAUSES:
        if re.search(pattern, error.text):
            return GitError(what.format(branch=branch), advice)
    return error


def _kill(process: int) -> None:
    with suppress(OSError):  # all of them may have ended
        os.killpg(process, signal.SIGKILL)


def _moment(seconds: str) -> datetime | None:
    try:
        return datetime.fromtimestamp(int(seconds), UTC)
    except (ValueError, OverflowError, OSError):
        return None
