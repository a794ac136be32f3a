"""What a run has its workers do: Dask imports this there. Arguments and results are bytes."""

from __future__ import annotations

import threading
from pathlib import Path
from weakref import WeakSet

from distributed import get_worker

from autograder.errors import KitError
from autograder.grading.cluster import bundle as bundles
from autograder.grading.cluster import wire
from autograder.grading.cluster.bundle import Bundle
from autograder.grading.cluster.process import Died, MarkingProcess

_own = threading.local()
"""The marking process of each of the worker's threads."""
_all: WeakSet[MarkingProcess] = WeakSet()


def greet(message: bytes) -> bytes:
    """Tell what this worker marks with, and behind which walls."""
    return _process(None).ask(message)


def keep(message: bytes) -> bytes:
    """Keep a bundle in this worker's own folder, which Dask clears away; or tell why not."""
    sent = wire.read(message)
    try:
        bundles.keep(Bundle(sent["name"], sent["content"]), _folder())
    except KitError as error:
        return wire.write({"refused": str(error)})
    return wire.write({})


def mark(run: bytes, bundle: bytes, order: bytes) -> bytes:
    """Mark in this thread's own process.

    Answers {"answer": bytes}, {"died": why} where that process ended amid it, or
    {"unknown": True} where this worker has no such bundle: it was started anew in the meantime.
    """
    course = bundles.find(bundle.decode(), _folder())
    if course is None:
        return wire.write({"unknown": True})
    try:
        process = _process(course)
        process.run = run.decode()
        asked = wire.write({"course": str(course), "order": order})
        return wire.write({"answer": process.ask(asked)})
    except (Died, OSError) as error:
        return wire.write({"died": str(error)})


def abandon(run: str) -> None:
    """End the marking processes of a run that was stopped."""
    for process in list(_all):
        if process.run == run:
            process.kill()


def _process(course: Path | None) -> MarkingProcess:
    """This thread's marking process, for that course; one that has served another is ended."""
    found: MarkingProcess | None = getattr(_own, "process", None)
    if found is not None and not (found.alive and course in (None, found.course or course)):
        found.end()
        found = None
    if found is None:
        found = _own.process = MarkingProcess()
        _all.add(found)
    found.course = course or found.course
    return found


def _folder() -> Path:
    return Path(get_worker().local_directory) / "fdl-bundles"
