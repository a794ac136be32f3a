"""The paths of a course's files and folders."""

from __future__ import annotations

import re
from pathlib import Path

from autograder.course import layout
from autograder.course.assignment import Course
from autograder.course.layout import CourseFolder

KIT = Path(layout.__file__).parent.parent

NAMES = (
    "course.toml", "nbgrader_config.py", "submitted", "autograded", "feedback", "reports",
    "regraded", "exported", "published", "gradebook.db", "report.json", "sample_class.py",
    "misconceptions.py", ".earlier",
)  # fmt: skip


def test_a_homework_has_its_folders_in_the_course(tmp_path: Path) -> None:
    course = CourseFolder(tmp_path)
    found = {
        course.settings_file: "course.toml",
        course.nbgrader_settings: "nbgrader_config.py",
        course.gradebook: "gradebook.db",
        course.source("hw"): "source/hw",
        course.release("hw"): "release/hw",
        course.solutions("hw"): "solutions/hw",
        course.hidden("hw"): "autograder/hidden/hw",
        course.submission("anna", "hw"): "submitted/anna/hw",
        course.autograded("anna", "hw"): "autograded/anna/hw",
        course.report("anna", "hw"): "autograded/anna/hw/report.json",
        course.feedback("anna", "hw"): "feedback/anna/hw",
        course.reports: "reports",
        course.regraded("hw"): "regraded/hw",
        course.exported("hw"): "exported/hw",
        course.published_solutions("hw"): "published/hw-solutions",
        course.demo: "demo",
    }
    for path, place in found.items():
        assert path == tmp_path.resolve() / place


def test_all_students_are_found_in_their_order(tmp_path: Path) -> None:
    course = CourseFolder(tmp_path)
    for student in ("bela", "anna", "chloe"):
        course.autograded(student, "hw").mkdir(parents=True)
    for student in ("bela", "anna"):
        course.report(student, "hw").touch()
    found = course.all_autograded(f"hw/{layout.REPORT}")
    assert found == [course.report(student, "hw") for student in ("anna", "bela")]


def test_a_course_is_where_its_settings_are(course: Course) -> None:
    inside = course.source("tiny")
    assert Course.find(inside).root == course.root
    assert course.settings_file.is_file()


def test_no_other_module_builds_a_path_of_a_course_by_hand() -> None:
    named = "|".join(map(re.escape, NAMES))
    by_hand = re.compile(rf"""/ ["']({named})["']|= ["']({named})["']$""", re.MULTILINE)
    found = [
        path.relative_to(KIT).as_posix()
        for path in KIT.rglob("*.py")
        if by_hand.search(path.read_text(encoding="utf-8"))
    ]
    assert found == ["course/layout.py"]
