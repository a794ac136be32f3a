"""Let markers type the points of bonus items into the formgrader's score field.

nbgrader counts a bonus item's points as extra credit, and the score has a maximum of 0. nbgrader's
page would turn points in the score field into 0, and the item would count as marked. With this
module, the page shows the item's real maximum, and saves points typed as a score as extra credit.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Mapping
from functools import wraps
from pathlib import Path
from typing import Any

from nbgrader.api import MissingEntry
from tornado.web import HTTPError, authenticated

from autograder.course.assignment import Course
from autograder.errors import KitError
from autograder.gradebook.database import PatientGradebook, course_id
from autograder.gradebook.scores import UNTOUCHED

_NO_LIMIT = 1e9
"""Points that the page accepts for a bonus item if the source can't be read."""

_FIELDS = re.compile(
    r'(<input class="score tabbable" id="([^"<>]+)"[^<>]*/>) / [\d.]+(\s*</span>.*?)'
    r"\(extra credit\)",
    re.DOTALL,
)
"""The fields for an item's points on nbgrader's page; group 2 is the item's name."""

Put = Callable[[Any, str], object]


def install() -> None:
    """Make this process's formgrader read and save bonus points as this module describes."""
    from nbgrader.server_extensions.formgrader.apihandlers import (
        GradeCollectionHandler,
        GradeHandler,
    )
    from nbgrader.server_extensions.formgrader.base import check_notebook_dir, check_xsrf

    def guarded(method: Callable[..., object]) -> Callable[..., object]:
        return authenticated(check_xsrf(check_notebook_dir(method)))

    GradeCollectionHandler.get = guarded(_list_grades)
    GradeHandler.get = guarded(_show_grade)
    GradeHandler.put = guarded(_saving(GradeHandler.put))


def with_fields(page: str, maxima: Mapping[str, float]) -> str:
    """Return a submission's page with the real maximum beside the fields of bonus items."""

    def field(found: re.Match[str]) -> str:
        score, name, between = found.groups()
        if name not in maxima:
            return found[0]
        return (
            f"{score} / {maxima[name]:g} bonus{between}(counts as extra credit)"
            f'<div class="fdl-note" role="status" data-item="{name}"></div>'
        )

    return _FIELDS.sub(field, page)


def bonus_maxima(root: Path, assignment: str) -> dict[str, float]:
    """Return the points of the bonus items, by name; {} if the course can't be read."""
    try:
        items = Course(root).assignment(assignment).items.values()
    except KitError:
        return {}
    return {item.name: item.max_points for item in items if item.bonus}


# --- the page's requests -------------------------------------------------------------------------


def _list_grades(handler: Any) -> None:
    """Send the grades of a submitted notebook."""
    try:
        name = handler.get_argument("submission_id")
        notebook = handler.gradebook.find_submission_notebook_by_id(name)
    except MissingEntry:
        raise HTTPError(404) from None
    maxima = _maxima(handler, notebook.assignment.name)
    handler.write(json.dumps([_entry(grade, maxima) for grade in notebook.grades]))


def _show_grade(handler: Any, grade_id: str) -> None:
    """Send one grade."""
    grade = _grade(handler, grade_id)
    handler.write(json.dumps(_entry(grade, _maxima(handler, grade.assignment.name))))


def _saving(put: Put) -> Put:
    """Return a method that saves bonus items itself and calls nbgrader's method for others."""

    @wraps(put)
    def save(handler: Any, grade_id: str) -> None:
        grade = _grade(handler, grade_id)
        if grade.max_score == 0:
            _save_bonus(handler, grade)
        else:
            put(handler, grade_id)

    return save


def _save_bonus(handler: Any, grade: Any) -> None:
    """Save the points of a bonus item as extra credit; without points, the item is open again."""
    body = handler.get_json_body()
    given = body if isinstance(body, dict) else {}
    score, credit = (_number(given.get(field)) for field in ("manual_score", "extra_credit"))
    typed = credit if score is None else score
    maxima = _maxima(handler, grade.assignment.name)
    highest = maxima.get(grade.name, _NO_LIMIT)
    points = None if typed is None else min(max(typed, 0.0), highest)
    note = ""
    if points != typed:
        note = f"Saved as {points:g}: {grade.name} gives 0 to {highest:g} bonus points."
    elif score:
        note = f"Saved as extra credit, because {grade.name} is a bonus item."
    is_text = grade.cell.cell_type != "code"
    if points is None and not is_text:
        points = _points_from_tests(handler, grade.id)
    grade.manual_score, grade.extra_credit = None, points
    grade.needs_manual_grade = is_text and points is None and not _is_untouched(grade)
    handler.gradebook.db.commit()
    handler.write(json.dumps({**_entry(grade, maxima), "note": note}))


def _number(value: object) -> float | None:
    """Return typed points as a number; None if the field is empty."""
    if value is None or value == "":
        return None
    try:
        number = float(value)  # type: ignore[arg-type]  # other types are refused below
    except (TypeError, ValueError):
        number = math.nan
    if not math.isfinite(number) or isinstance(value, bool):
        raise HTTPError(400, reason="the points are not a number")
    return number


def _is_untouched(grade: Any) -> bool:
    """Return whether the student left the answer blank, so that nobody has to mark it."""
    comments = (each for each in grade.notebook.comments if each.name == grade.name)
    return any(each.auto_comment == UNTOUCHED for each in comments)


def _points_from_tests(handler: Any, grade_id: str) -> float | None:
    course = Course(Path(handler.coursedir.root))
    gradebook: PatientGradebook
    with PatientGradebook(handler.db_url, course_id(course)) as gradebook:
        return gradebook.recorded_credit([grade_id]).get(grade_id)


def _grade(handler: Any, grade_id: str) -> Any:
    try:
        return handler.gradebook.find_grade_by_id(grade_id)
    except MissingEntry:
        raise HTTPError(404) from None


def _entry(grade: Any, maxima: Mapping[str, float]) -> dict[str, Any]:
    """Return a grade in the page's format; the page limits typed points to `max_score`."""
    entry: dict[str, Any] = grade.to_dict()
    if grade.max_score == 0:
        entry["max_score"] = maxima.get(grade.name, _NO_LIMIT)
    return entry


def _maxima(handler: Any, assignment: str) -> dict[str, float]:
    return bonus_maxima(Path(handler.coursedir.root), assignment)
