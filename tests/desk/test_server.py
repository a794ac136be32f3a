"""The desk's server: who may ask, what it refuses, and what it says if two people mark at once."""

from __future__ import annotations

import json
from collections.abc import Iterator
from http.cookiejar import CookieJar
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.parse import quote, urlencode
from urllib.request import HTTPCookieProcessor, Request, build_opener

import pytest

from autograder.course.assignment import Course
from autograder.desk.server import MAX_BODY
from tests.gradebook.course import read_marks
from tests.gradebook.server import SECONDS, Formgrader, started
from tests.gradebook.shared import copied


class Caller:
    """A page that asks the desk's server, with a marker's name."""

    def __init__(self, server: Formgrader, marker: str = "Rita") -> None:
        self.server = server
        self.marker = marker

    def ask(
        self,
        path: str,
        body: Any = None,
        method: str = "",
        *,
        xsrf: bool = True,
        known: bool = True,
        **query: str,
    ) -> tuple[int, Any]:
        """Return the status and the decoded answer of a request."""
        opener = self.server.opener if known else build_opener(HTTPCookieProcessor(CookieJar()))
        data = body if isinstance(body, bytes) else None if body is None else json.dumps(body)
        if isinstance(data, str):
            data = data.encode()
        headers = {"Content-Type": "application/json"}
        if xsrf:
            headers["X-XSRFToken"] = self._xsrf()
        url = f"{self.server.address}/fdl-desk/hw/api/{path}?"
        request = Request(
            url + urlencode({"marker": self.marker, **query}),
            data=data,
            method=method or ("GET" if data is None else "PUT"),
            headers=headers,
        )
        try:
            with opener.open(request, timeout=SECONDS) as answer:
                return answer.status, json.loads(answer.read())
        except HTTPError as error:
            return error.code, json.loads(error.read())

    def _xsrf(self) -> str:
        found = [each.value for each in self.server.cookies if each.name == "_xsrf"]
        return str(found[0])

    def id(self, item: str, student: str) -> str:
        _, queue = self.ask("queue", names="1")
        [found] = [
            each["id"]
            for each in queue["answers"]
            if (each["item"], each["name"]) == (item, student)
        ]
        return str(found)

    def given(self, name: str, *ticks: str, **more: Any) -> dict[str, Any]:
        _, view = self.ask(f"answer/{name}")
        return {"marker": self.marker, "state": view["state"], "ticks": list(ticks), **more}


@pytest.fixture(scope="module")
def course(marked_once: Path, tmp_path_factory: pytest.TempPathFactory) -> Course:
    return copied(marked_once, tmp_path_factory.mktemp("served") / "course")


@pytest.fixture(scope="module")
def server(course: Course, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Formgrader]:
    with started(course, tmp_path_factory.mktemp("home")) as server:
        with server.opener.open(f"{server.address}/fdl-desk/hw", timeout=SECONDS) as page:
            assert page.status == 200
        yield server


@pytest.fixture
def rita(server: Formgrader) -> Caller:
    return Caller(server)


@pytest.fixture
def sam(server: Formgrader) -> Caller:
    return Caller(server, "Sam")


def test_page_has_no_inline_script_and_a_strict_policy(server: Formgrader) -> None:
    with server.opener.open(f"{server.address}/fdl-desk/hw", timeout=SECONDS) as answer:
        page, policy = answer.read().decode(), answer.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "connect-src 'self'" in policy
    assert "'unsafe-hashes'" not in policy
    _, script = page.split("<script")
    attributes, _, code = script.partition(">")
    assert 'src="' in attributes
    assert code.startswith("</script>")
    nonce = attributes.partition('nonce="')[2].partition('"')[0]
    assert f"'nonce-{nonce}'" in policy


def test_each_homework_links_to_its_desk(server: Formgrader) -> None:
    assert "/fdl-desk/hw" in server.page("gradebook/hw")
    with server.opener.open(f"{server.address}/fdl-desk", timeout=SECONDS) as answer:
        assert answer.url.endswith("/fdl-desk/hw")


@pytest.mark.parametrize(
    ("path", "method"),
    [
        ("queue", "GET"),
        ("answer/0123456789abcdef", "GET"),
        ("answer/0123456789abcdef", "PUT"),
        ("answers", "PUT"),
        ("rubric/a-proof", "POST"),
        ("preview", "POST"),
    ],
)
def test_nothing_is_read_or_written_without_the_token(rita: Caller, path: str, method: str) -> None:
    body: dict[str, object] | None = None if method == "GET" else {}
    status, answer = rita.ask(path, body, method, known=False)
    assert status == 403
    assert set(answer) == {"message"}


def test_static_files_need_the_token(server: Formgrader) -> None:
    opener = build_opener(HTTPCookieProcessor(CookieJar()))
    with opener.open(f"{server.address}/fdl-desk/static/main.js", timeout=SECONDS) as answer:
        assert "/login" in answer.url


@pytest.mark.parametrize(
    ("path", "method"),
    [("answer/ID", "PUT"), ("answers", "PUT"), ("rubric/a-proof", "POST"), ("preview", "POST")],
)
def test_changes_need_the_cookies_token_in_a_header(
    rita: Caller, course: Course, path: str, method: str
) -> None:
    name = rita.id("a-proof", "dora")
    given = rita.given(name, "s1")
    before = read_marks(course).students["dora"].items["a-proof"]
    body = {name: given} if path == "answers" else given
    status, answer = rita.ask(path.replace("ID", name), body, method, xsrf=False)
    assert status == 403
    assert "message" in answer
    assert read_marks(course).students["dora"].items["a-proof"] == before


def test_a_saved_mark_is_in_the_gradebook_at_once(rita: Caller, course: Course) -> None:
    name = rita.id("a-proof", "anna")
    status, view = rita.ask(f"answer/{name}", rita.given(name, "s1", "s2"))
    assert (status, view["mark"]["points"], view["entry"]["open"]) == (200, 1.5, False)
    assert read_marks(course).students["anna"].items["a-proof"].points == 1.5


def test_a_stale_mark_is_refused_with_the_newest_one(rita: Caller, sam: Caller) -> None:
    name = rita.id("a-proof", "cleo")
    old = rita.given(name, "s1")
    assert sam.ask(f"answer/{name}", sam.given(name, "s1", "s2"))[0] == 200
    status, conflict = rita.ask(f"answer/{name}", old)
    assert status == 409
    [view] = conflict["answers"]
    assert (view["mark"]["marker"], view["mark"]["points"]) == ("Sam", 1.5)
    assert rita.ask(f"answer/{name}", {**old, "state": view["state"]})[0] == 200


def test_a_group_is_saved_together(rita: Caller, course: Course) -> None:
    names = [rita.id("a-proof", student) for student in ("ben", "dora")]
    given = {name: rita.given(name, "s1") for name in names}
    stale = {**given, names[1]: {**given[names[1]], "state": "old"}}
    status, conflict = rita.ask("answers", stale)
    assert (status, len(conflict["answers"])) == (409, 2)
    assert read_marks(course).students["ben"].items["a-proof"].open
    status, views = rita.ask("answers", given)
    assert (status, [view["mark"]["cause"] for view in views]) == (200, ["group", "group"])


def test_a_rubric_change_is_shown_before_it_is_made(rita: Caller) -> None:
    name = rita.id("b-essay", "cleo")
    rita.ask(f"answer/{name}", rita.given(name, "s1"))
    _, queue = rita.ask("queue")
    [item] = [each for each in queue["items"] if each["name"] == "b-essay"]
    steps = [{**step, "points": 0.5} for step in item["steps"]]
    change = {"marker": "Rita", "rubric": item["rubric"], "steps": steps}
    for apply, points in ((False, 1.0), (True, 0.5)):
        status, changes = rita.ask("rubric/b-essay", {**change, "apply": apply}, "POST")
        assert (status, [(each["before"], each["after"]) for each in changes]) == (
            200,
            [(1.0, 0.5)],
        )
        assert rita.ask(f"answer/{name}")[1]["mark"]["points"] == points
    assert rita.ask("rubric/b-essay", change, "POST")[0] == 409


def test_a_preview_shows_what_the_student_will_see(rita: Caller) -> None:
    status, answer = rita.ask("preview", {"text": "**Nice**: $x^2$ <script>1</script>"}, "POST")
    assert status == 200
    assert "<strong>Nice</strong>" in answer["html"]
    assert "data:image/png" in answer["html"]
    assert "<script" not in answer["html"]


@pytest.mark.parametrize(
    "body", [b"", b"{", b"\xff\xfe", b"[]", b'{"marker": 3}', b'{"marker": "Rita"}', b"null"]
)
def test_what_is_not_a_mark_is_refused_in_words(rita: Caller, body: bytes) -> None:
    name = rita.id("a-proof", "anna")
    status, answer = rita.ask(f"answer/{name}", body)
    assert status == 400
    assert "reload" in answer["message"]
    assert "Traceback" not in json.dumps(answer)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"marker": ""}, "type your name"),
        ({"marker": "x" * 61}, "type your name"),
        ({"comment": "x" * 10_001}, "at most 10,000 characters"),
        ({"adjustment": 1e6, "reason": "x"}, "points are numbers"),
        ({"adjustment": 0.5}, "write a reason"),
        ({"ticks": ["s1", "no such step"]}, "no step"),
    ],
)
def test_errors_are_words_for_the_marker(rita: Caller, change: dict[str, Any], words: str) -> None:
    name = rita.id("a-proof", "anna")
    status, answer = rita.ask(f"answer/{name}", {**rita.given(name, "s1"), **change})
    assert status == 400
    assert words in answer["message"]


def test_a_request_has_a_largest_size(rita: Caller) -> None:
    name = rita.id("a-proof", "anna")
    status, answer = rita.ask(f"answer/{name}", b" " * (MAX_BODY + 1))
    assert status == 413
    assert f"{MAX_BODY:,}" in answer["message"]


@pytest.mark.parametrize(
    "path", ["answer/0123456789abcdef", "rubric/no-such-item"], ids=["answer", "item"]
)
def test_unknown_places_are_named(rita: Caller, path: str) -> None:
    body = {"marker": "Rita", "rubric": "", "steps": []} if path.startswith("rubric") else None
    status, answer = rita.ask(path, body, "POST" if body else "GET")
    assert status == 400
    assert "no" in answer["message"]


@pytest.mark.parametrize("homework", ["nothing", "..", "hw/../../etc", "<script>"])
def test_an_unknown_homework_is_not_found(server: Formgrader, homework: str) -> None:
    with pytest.raises(HTTPError) as error:
        server.opener.open(f"{server.address}/fdl-desk/{quote(homework, safe='')}", timeout=SECONDS)
    assert error.value.code == 404
    assert "Traceback" not in error.value.read().decode()


def test_names_are_sent_only_if_asked_for(rita: Caller) -> None:
    assert "anna" not in json.dumps(rita.ask("queue")[1])
    assert "anna" in json.dumps(rita.ask("queue", names="1")[1])
