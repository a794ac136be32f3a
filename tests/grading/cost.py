"""Program that measures one submission's cost in the grader's own process: memory and time.

    python -m tests.grading.cost COURSE ASSIGNMENT SUBMISSION WARM_UP

The program marks WARM_UP first, so that all modules are loaded, then SUBMISSION, and prints both
costs as JSON.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

from autograder.grading.classrun import mark_here
from autograder.grading.jobs import Marked, MarkSettings


def main(root: str, assignment: str, submission: str, warm_up: str) -> None:
    """Mark both submissions, and print their cost."""
    mark(root, assignment, warm_up)
    base = memory("VmRSS")
    Path("/proc/self/clear_refs").write_text("5", encoding="ascii")  # reset the peak memory
    begin = time.monotonic()
    marked = mark(root, assignment, submission)
    print(json.dumps({
        "seconds": time.monotonic() - begin,
        "above_base": memory("VmHWM") - base,
        "error": marked.error,
        "report": json.loads(marked.marking.report.to_json()) if marked.marking else None,
    }))  # fmt: skip


def mark(root: str, assignment: str, submission: str) -> Marked:
    """Mark a submission as the processes of a class run do."""
    path = Path(submission)
    return mark_here(Path(root), assignment, path.name, path, None, MarkSettings())


def memory(name: str) -> int:
    """Return the kernel's count with this name for this process, in bytes."""
    lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith(f"{name}:"))


if __name__ == "__main__":
    main(*sys.argv[1:])
