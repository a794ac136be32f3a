"""Change nbgrader's formgrader, so that it shows students' names and answers as harmless text.

Stored submissions are already harmless (see `sanitize`); this module is a second protection.
nbgrader writes the names of students' folders into its pages unescaped, and loads MathJax from
another server. This module escapes the names and serves MathJax from the same server. A student's
part of a page cannot cover other parts, and a content security policy lets the browser run only the
page's own scripts. The module `bonus` changes the fields of bonus items.
"""

from __future__ import annotations

import html
import re
import secrets
from collections.abc import Callable, Mapping
from functools import cache, wraps
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jinja2 import Environment, FileSystemLoader
from nbconvert.exporters import HTMLExporter

from autograder.content.sanitize import is_plain_name
from autograder.course.assignment import Course
from autograder.desk.policy import serve_mathjax, set_policy
from autograder.gradebook.database import PatientGradebook, course_id
from autograder.gradebook.penalties import update_penalties
from autograder.platforms.nbgrader import bonus

if TYPE_CHECKING:
    from autograder.desk.server import ServedCourse

# scripts in attributes of nbgrader's templates; the policy allows their hashes
_INLINE = ("toggle_name(true);", "toggle_name(false);", "toggleAllNames()")

_SCRIPT = re.compile(r"<script(?=[\s>])")
_IN_SCRIPT = re.compile(r'= "\{\{ ([\w.]+) \}\}";')

_LINKS = (
    (
        re.compile(r"<li [^<>]*><a [^<>]*/formgrader/manage_students\">Manage Students</a></li>"),
        '<li role="presentation"><a href="{{ base_url }}/fdl-desk">Marking Desk</a></li>',
    ),
    (
        re.compile(r'<li class="active">\{\{ assignment_id \}\}</li>'),
        '<li><a href="{{ base_url }}/fdl-desk/{{ assignment_id | urlencode }}">'
        "Marking Desk</a></li>",
    ),
)
"""Places of nbgrader's templates after which a link to the marking desk is added."""


def install() -> None:
    """Make this process's formgrader use this module's pages; hide names that can't be shown."""
    from nbgrader.apps.api import NbGraderAPI
    from nbgrader.server_extensions.formgrader.apihandlers import GradeHandler
    from nbgrader.server_extensions.formgrader.base import BaseHandler
    from nbgrader.server_extensions.formgrader.formgrader import FormgradeExtension

    BaseHandler.exporter = property(_SubmissionPage)
    BaseHandler.render = _render
    listed = NbGraderAPI.get_submitted_students

    @wraps(listed)
    def named(api: Any, assignment_id: str) -> set[str]:
        return {name for name in listed(api, assignment_id) if is_plain_name(name)}

    if not hasattr(listed, "__wrapped__"):
        NbGraderAPI.get_submitted_students = named
        bonus.install()
        GradeHandler.put = _settling(GradeHandler.put)
        FormgradeExtension.init_handlers = _with_desk(FormgradeExtension.init_handlers)


def _with_desk(init: Callable[[Any, Any], None]) -> Callable[[Any, Any], None]:
    """Return a function that adds the formgrader's pages and the marking desk to a server."""

    @wraps(init)
    def add(extension: Any, application: Any) -> None:
        from autograder.desk import server

        base_url = application.settings["base_url"]
        # without this path, a login at the formgrader would be valid only for its own pages
        application.settings["identity_provider"].cookie_options.setdefault("path", base_url)
        server.add_to(application, base_url, _find_course)
        init(extension, application)

    return add


def _find_course(handler: Any) -> ServedCourse:
    """Return the course that the formgrader shows, with its gradebook."""
    from autograder.desk.server import ServedCourse

    coursedir = handler.settings["nbgrader_formgrader"].coursedir
    return ServedCourse(Course(Path(coursedir.root)), coursedir.db_url)


def _settling(put: Callable[[Any, str], object]) -> Callable[[Any, str], None]:
    """Return a handler that saves a mark and then updates the late penalty."""

    @wraps(put)
    def save(handler: Any, grade_id: str) -> None:
        put(handler, grade_id)
        try:
            _update_penalty(handler, grade_id)
        except Exception as error:  # the mark is saved, so the page must show it as saved
            handler.log.error("the late penalty was not recomputed: %s", error)

    return save


def _update_penalty(handler: Any, grade_id: str) -> None:
    """Recompute the penalty of the student whose mark was just saved."""
    course = Course(Path(handler.coursedir.root))
    grade = handler.gradebook.find_grade_by_id(grade_id)
    assignment, student = grade.assignment.name, grade.student.id
    if assignment in course.assignment_names and course.rules(assignment).late is not None:
        with PatientGradebook(handler.db_url, course_id(course)) as gradebook:
            update_penalties(gradebook, course, assignment, [student])


def with_nonce(page: str, nonce: str) -> str:
    """Add the nonce to the page's scripts, so that the policy allows them."""
    return _SCRIPT.sub(f'<script nonce="{nonce}"', page)


# --- lists ---------------------------------------------------------------------------------------


class _Templates(FileSystemLoader):
    """A loader of nbgrader's templates; it adds the nonce to scripts and writes values as JSON."""

    def get_source(self, environment: Environment, template: str) -> tuple[str, str, Any]:
        source, path, is_current = super().get_source(environment, template)
        source = _IN_SCRIPT.sub(r"= {{ \1 | tojson }};", source)
        for place, link in _LINKS:
            source = place.sub(rf"\g<0>{link}", source)
        return with_nonce(source, "{{ nonce }}"), path, is_current


@cache
def _pages() -> Environment:
    from nbgrader.server_extensions.formgrader.handlers import template_path

    return Environment(loader=_Templates(template_path), autoescape=True)


def _render(handler: Any, name: str, **values: object) -> str:
    nonce = secrets.token_urlsafe(16)
    set_policy(handler, nonce, _INLINE)
    return _pages().get_template(name).render(**values, nonce=nonce)


# --- the page of a submission --------------------------------------------------------------------


class _SubmissionPage:
    """A replacement for nbgrader's exporter while the server answers one request."""

    def __init__(self, handler: Any) -> None:
        self._handler = handler

    def from_filename(
        self, filename: str, resources: Mapping[str, Any]
    ) -> tuple[str, dict[str, Any]]:
        """Return the page of an autograded notebook."""
        nonce = secrets.token_urlsafe(16)
        set_policy(self._handler, nonce, _INLINE)
        escaped = {
            key: html.escape(value) if isinstance(value, str) else value
            for key, value in resources.items()
        }
        own = {"nonce": nonce, "mathjax": serve_mathjax(self._handler)}
        page, found = self._exporter().from_filename(filename, resources={**escaped, **own})
        root = Path(self._handler.coursedir.root)
        return bonus.with_fields(page, bonus.bonus_maxima(root, resources["assignment_id"])), found

    def _exporter(self) -> HTMLExporter:
        settings = self._handler.settings
        exporter: HTMLExporter | None = settings.get("fdl_exporter")
        if exporter is None:
            config = settings["nbgrader_formgrader"].config
            filters = {"with_nonce": with_nonce}
            exporter = HTMLExporter(config=config, raw_template=_template(), filters=filters)
            settings["fdl_exporter"] = exporter
        return exporter


def _template() -> str:
    template = files("autograder.platforms.nbgrader") / "templates" / "formgrade.html"
    return template.read_text(encoding="utf-8")
