"""Build the zip file that an instructor uploads to Gradescope.

Gradescope runs `setup.sh` and `run_autograder` from the root of the zip file. The zip file also
contains

    kit/             this kit as a wheel, without any assignment's tests or solutions
    course/          course.toml, and source, release, solutions and hidden tests of one assignment
    requirements.txt the packages that the kit needs, with versions and hashes
    settings.json    the settings for marking on Gradescope
    seconds          seconds after which marking is stopped
    unfinished.json  the results of a marking that is stopped
"""

from __future__ import annotations

import io
import json
import math
import zipfile
from dataclasses import asdict, dataclass
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path

import msgspec

from autograder.course.assignment import Assignment, Course
from autograder.course.bundle import files_for_marking
from autograder.course.layout import SETTINGS
from autograder.course.limits import Limits
from autograder.errors import RecordError
from autograder.grading.mark import read_skeletons
from autograder.platforms.gradescope import Visibility
from autograder.platforms.gradescope.results import results_of_failure
from autograder.platforms.gradescope.wheel import build_wheel, put

MIN_MINUTES = 3

UNFINISHED = (
    "Marking did not finish: it took too long, or ran out of memory. The usual reason is a loop "
    "that never ends. If all cells of your notebooks run within a minute, tell the person who "
    "teaches the course."
)

_SCRIPTS = ("setup.sh", "run_autograder")


@dataclass(frozen=True)
class GradescopeSettings:
    """The settings for marking on Gradescope.

    `visibility` says when students see the items. `minutes` is the container's time limit that is
    set on Gradescope. `unprotected` allows marking without a wall around student code.
    """

    assignment: str
    visibility: Visibility = Visibility.AFTER_PUBLISHED
    minutes: int = 10
    unprotected: bool = False

    def __post_init__(self) -> None:
        if self.minutes < MIN_MINUTES:
            raise RecordError(
                f"--minutes {self.minutes} is too short for marking; write {MIN_MINUTES} or more "
                "(Gradescope's default is 10)"
            )

    @property
    def seconds(self) -> int:
        """Seconds after which marking is stopped, so that Gradescope still gets results."""
        return 60 * self.minutes - 20

    @property
    def submission_seconds(self) -> float:
        """Seconds for a submission's code; the rest of the time is for starting and finishing."""
        return 60.0 * self.minutes - 60.0

    def check(self, limits: Limits) -> None:
        """Raise RecordError if the container's time limit is too short for a submission's limit."""
        if limits.submission_seconds > self.submission_seconds:
            minutes = math.ceil(limits.submission_seconds / 60) + 1
            raise RecordError(
                f"a submission may take {limits.submission_seconds:g} s "
                f"(assignments.{self.assignment}.limits.submission_seconds in {SETTINGS}), but "
                f"{self.minutes} minutes on Gradescope leave {self.submission_seconds:g} s for it. "
                f"Set Gradescope's time limit to {minutes} minutes or more, and add --minutes "
                f"{minutes}"
            )

    def to_json(self) -> str:
        """Return the settings as JSON for the zip file."""
        return json.dumps(asdict(self), indent=2) + "\n"

    @classmethod
    def read(cls, path: Path) -> GradescopeSettings:
        """Read the settings that `to_json` wrote; raise RecordError if they are invalid."""
        try:
            return msgspec.json.decode(path.read_bytes(), type=cls)
        except (OSError, msgspec.MsgspecError) as error:
            raise RecordError(f"{path} cannot be read: {error}; make the zip file again") from error


def write_autograder(
    course: Course, assignment: Assignment, settings: GradescopeSettings, target: Path
) -> None:
    """Write the zip file to `target`; if a course file is missing, write nothing."""
    # raises an error if there is no release
    read_skeletons(assignment, course.release(assignment.name))
    settings.check(assignment.limits)
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name in _SCRIPTS:
            put(archive, name, _own(name).read_bytes(), mode=0o755)
        put(archive, "requirements.txt", _own("requirements.lock").read_bytes())
        put(archive, "settings.json", settings.to_json().encode())
        put(archive, "seconds", f"{settings.seconds}\n".encode())
        put(archive, "unfinished.json", results_of_failure(UNFINISHED).to_json().encode())
        name, wheel = build_wheel()
        put(archive, f"kit/{name}", wheel)
        for name, content in files_for_marking(course, assignment.name).items():
            put(archive, f"course/{name}", content)
    target.write_bytes(buffer.getvalue())


def _own(name: str) -> Traversable:
    return files("autograder.platforms.gradescope").joinpath(name)
