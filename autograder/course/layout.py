"""Define the names and places of all folders and files of a course.

course.toml            the settings
nbgrader_config.py     makes the folder an nbgrader course
source/HW/             instructors' files: notebooks, README.md, checks.py, requirements.txt
release/HW/            students' files; release/.earlier/HW.json has the cells of earlier releases
solutions/HW/          the reference functions
autograder/hidden/HW/  hidden tests, misconceptions.py, sample_class.py
submitted/STUDENT/HW/  the submissions; replaced submissions are in submitted/.earlier/, and
                       submitted/.collected/ records the collected commits with their times
autograded/STUDENT/HW/ the marked notebooks and report.json
feedback/STUDENT/HW/   the students' pages
reports/               the class reports
regraded/HW/           the changes of each `fdl regrade`
exported/              HW/: the last export to each system, and the feedback that was packed for it.
                       HW.json: hashes of the marks on the last pages and in the last exports.
                       .platforms.json: the platform that each student uses
published/             HW-solutions/: what students get after the deadline, with answers
gradebook.db           nbgrader's gradebook
demo/                  the scratch course of `fdl demo`
"""

from __future__ import annotations

from fnmatch import fnmatchcase
from pathlib import Path

SETTINGS = "course.toml"
NBGRADER_SETTINGS = "nbgrader_config.py"

SOURCE = "source"
RELEASE = "release"
SUBMITTED = "submitted"

README = "README.md"
CHECKS = "checks.py"
REQUIREMENTS = "requirements.txt"
COMPANIONS = (README, CHECKS, REQUIREMENTS)
"""Names of the files that are released beside the notebooks."""

SAMPLE_CLASS = "sample_class.py"

EARLIER = ".earlier"
"""Folder for replaced submissions in `submitted/`, and for earlier releases in `release/`."""

COLLECTED = ".collected"
"""Folder in `submitted/` with a record of each commit that was collected from a repository."""

REPORT = "report.json"
"""File name of the Report, beside a student's marked notebooks."""

MISCONCEPTIONS = "misconceptions.py"
"""Name of the file with known wrong answers, beside the hidden tests."""

INDEX = "index.html"
"""Name of a student's first feedback page."""


_LEFT_BY_PROGRAMS = (
    ".*", "__pycache__", "__MACOSX", "Thumbs.db", "ehthumbs.db", "desktop.ini", "Icon\r",
    "*~", "#*#", "~$*", "*.swp", "*.swo",
)  # fmt: skip


def is_left_by_program(name: str) -> bool:
    """Return whether an editor, a file manager or Python left a file or folder of this name."""
    return any(fnmatchcase(name, pattern) for pattern in _LEFT_BY_PROGRAMS)


def is_hidden(name: str) -> bool:
    """Return whether an editor or archiver made a folder, such as .ipynb_checkpoints or __MACOSX.

    A student may have named a folder in the other ways of `is_left_by_program`.
    """
    return name.startswith(".") or name == "__MACOSX"


def notebook_files(folder: Path) -> list[Path]:
    """Return the sorted notebooks in a folder, without files that editors and systems left."""
    return sorted(path for path in folder.glob("*.ipynb") if not is_left_by_program(path.name))


def earlier_file(release: Path) -> Path:
    """Return the path of the file with the cells of earlier releases; the file may not exist."""
    return release.parent / EARLIER / f"{release.name}.json"


class CourseFolder:
    """Paths of all files and folders of the course in `root`, even if they do not exist yet."""

    def __init__(self, root: Path) -> None:
        self.root = root.resolve()
        self.settings_file = self.root / SETTINGS
        self.nbgrader_settings = self.root / NBGRADER_SETTINGS
        """nbgrader's configuration, which is optional."""
        self.gradebook = self.root / "gradebook.db"
        """nbgrader's gradebook, unless its configuration names another one."""
        self.submitted = self.root / SUBMITTED
        self.all_feedback = self.root / "feedback"
        self.reports = self.root / "reports"
        self.demo = self.root / "demo"

    def source(self, assignment: str) -> Path:
        """Return the folder that instructors edit."""
        return self.root / SOURCE / assignment

    def release(self, assignment: str) -> Path:
        """Return the folder that students get."""
        return self.root / RELEASE / assignment

    def solutions(self, assignment: str) -> Path:
        """Return the folder of the reference functions."""
        return self.root / "solutions" / assignment

    def hidden(self, assignment: str) -> Path:
        """Return the folder of the hidden tests."""
        return self.root / "autograder" / "hidden" / assignment

    def submission(self, student: str, assignment: str) -> Path:
        """Return the folder of a student's submission."""
        return self.submitted / student / assignment

    def autograded(self, student: str, assignment: str) -> Path:
        """Return the folder of a student's marked notebooks."""
        return self.root / "autograded" / student / assignment

    def all_autograded(self, name: str) -> list[Path]:
        """Return the sorted paths in the students' folders in autograded/ that match `name`."""
        return sorted((self.root / "autograded").glob(f"*/{name}"))

    def report(self, student: str, assignment: str) -> Path:
        """Return the path of the Report about a student's submission."""
        return self.autograded(student, assignment) / REPORT

    def feedback(self, student: str, assignment: str) -> Path:
        """Return the folder with a student's pages."""
        return self.all_feedback / student / assignment

    def regraded(self, assignment: str) -> Path:
        """Return the folder with the changes that `fdl regrade` recorded."""
        return self.root / "regraded" / assignment

    def exported(self, assignment: str) -> Path:
        """Return the folder with the last export to each system."""
        return self.root / "exported" / assignment

    @property
    def platforms(self) -> Path:
        """Return the file with the platform that each student uses, if it is known."""
        return self.root / "exported" / ".platforms.json"

    def published_solutions(self, assignment: str) -> Path:
        """Return the folder with the solutions that students get.

        The folder's name differs from the release's name, so that a student can keep both folders
        side by side.
        """
        return self.root / "published" / f"{assignment}-solutions"

    def handed_on(self, assignment: str) -> Path:
        """Return the file with hashes of the marks on the last pages and in the last exports."""
        return self.root / "exported" / f"{assignment}.json"
