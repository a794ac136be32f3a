"""Change nbgrader's formgrader, so that it shows students' names and answers as harmless text.

Stored submissions are already harmless (see `sanitize`); this module is a second protection.
nbgrader writes the names of students' folders into its pages unescaped, and loads MathJax from
another server. This module escapes the names and serves MathJax from the same server. A student's
part of a page cannot cover other parts, and a content security policy lets the browser run only the
page's own scripts.
"""

from __future__ import annotations

import base64
import hashlib
import html
import re
import secrets
from collections.abc import Callable, Mapping
from functools import cache, wraps
from importlib.resources import files
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader
from nbconvert.exporters import HTMLExporter
from tornado.web import StaticFileHandler

from autograder.content.sanitize import is_plain_name
from autograder.course.assignment import Course
from autograder.gradebook.database import PatientGradebook, course_id
from autograder.gradebook.penalties import update_penalties

MATHJAX = "fdl-mathjax"
"""MathJax's path on the server, relative to the server's base URL."""

_CONFIGURATION = "TeX-AMS-MML_HTMLorMML-full,Safe"

# scripts in attributes of nbgrader's templates; the policy allows their hashes
_INLINE = ("toggle_name(true);", "toggle_name(false);", "toggleAllNames()")

_SCRIPT = re.compile(r"<script(?=[\s>])")
_IN_SCRIPT = re.compile(r'= "\{\{ ([\w.]+) \}\}";')


def install() -> None:
    """Make this process's formgrader use the pages below and hide names that can't be shown."""
    from nbgrader.apps.api import NbGraderAPI
    from nbgrader.server_extensions.formgrader.apihandlers import GradeHandler
    from nbgrader.server_extensions.formgrader.base import BaseHandler

    BaseHandler.exporter = property(_SubmissionPage)
    BaseHandler.render = _render
    listed = NbGraderAPI.get_submitted_students

    @wraps(listed)
    def named(api: Any, assignment_id: str) -> set[str]:
        return {name for name in listed(api, assignment_id) if is_plain_name(name)}

    if not hasattr(listed, "__wrapped__"):
        NbGraderAPI.get_submitted_students = named
        GradeHandler.put = _settling(GradeHandler.put)


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


def policy(nonce: str) -> str:
    """Return a page's policy, which allows only its own scripts, styles and pictures."""
    hashes = " ".join(f"'sha256-{_sha256(code)}'" for code in _INLINE)
    return (
        "default-src 'none'; "
        f"script-src 'nonce-{nonce}' 'strict-dynamic' 'unsafe-hashes' {hashes}; "
        "style-src 'self' 'unsafe-inline'; img-src 'self' data:; font-src 'self'; "
        "connect-src 'self'; form-action 'none'; base-uri 'none'"
    )


def _sha256(code: str) -> str:
    return base64.b64encode(hashlib.sha256(code.encode()).digest()).decode()


def with_nonce(page: str, nonce: str) -> str:
    """Add the nonce to the page's scripts, so that the policy allows them."""
    return _SCRIPT.sub(f'<script nonce="{nonce}"', page)


# --- lists ---------------------------------------------------------------------------------------


class _Templates(FileSystemLoader):
    """A loader of nbgrader's templates; it adds the nonce to scripts and writes values as JSON."""

    def get_source(self, environment: Environment, template: str) -> tuple[str, str, Any]:
        source, path, is_current = super().get_source(environment, template)
        source = _IN_SCRIPT.sub(r"= {{ \1 | tojson }};", source)
        return with_nonce(source, "{{ nonce }}"), path, is_current


@cache
def _pages() -> Environment:
    from nbgrader.server_extensions.formgrader.handlers import template_path

    return Environment(loader=_Templates(template_path), autoescape=True)


def _render(handler: Any, name: str, **values: object) -> str:
    nonce = secrets.token_urlsafe(16)
    _set_policy(handler, nonce)
    return _pages().get_template(name).render(**values, nonce=nonce)


def _set_policy(handler: Any, nonce: str) -> None:
    own = handler.content_security_policy.split(";")
    # keep the rule for frames; drop report-uri, since Jupyter requires a token for reports
    kept = [part.strip() for part in own if not part.strip().startswith("report-uri")]
    handler.set_header("Content-Security-Policy", "; ".join([*kept, policy(nonce)]))


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
        _set_policy(self._handler, nonce)
        escaped = {
            key: html.escape(value) if isinstance(value, str) else value
            for key, value in resources.items()
        }
        own = {"nonce": nonce, "mathjax": _serve_mathjax(self._handler)}
        page: tuple[str, dict[str, Any]]
        page = self._exporter().from_filename(filename, resources={**escaped, **own})
        return page

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


def _serve_mathjax(handler: Any) -> str:
    """Serve MathJax from this server, and return its address."""
    base = f"{handler.base_url}/{MATHJAX}"
    if "fdl_mathjax" not in handler.settings:
        route = (rf"{re.escape(base)}/(.*)", StaticFileHandler, {"path": str(mathjax_folder())})
        handler.application.add_handlers(".*$", [route])
        handler.settings["fdl_mathjax"] = base
    return f"{base}/MathJax.js?config={_CONFIGURATION}"


def mathjax_folder() -> Path:
    """Return the folder of MathJax's files in the package jupyter-server-mathjax."""
    found = find_spec("jupyter_server_mathjax")
    if found is None or found.origin is None:
        raise ImportError("showing formulas needs the package jupyter-server-mathjax: install it")
    return Path(found.origin).parent / "static"
