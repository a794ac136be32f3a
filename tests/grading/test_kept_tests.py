"""Hidden tests are collected once for many submissions, and again only if a file has changed."""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from autograder.course.assignment import Assignment, Item, Problem
from autograder.course.rules import Deadline
from autograder.errors import CourseError
from autograder.grading.hiddentests import KeptTests

NOON = datetime(2024, 1, 1, tzinfo=UTC)
HOMEWORK = Assignment(
    name="hw",
    title="Homework",
    opens=NOON,
    deadline=Deadline(NOON),
    problems=(Problem("p", "P", (Item("f", "auto", 1.0, False, "p", ()),)),),
)

TESTS = """
from pathlib import Path
import pytest
from autograder.grading.testkit import ClaimFailed, item

with (Path(__file__).parent / "reads.log").open("a") as log:
    log.write("read\\n")

@pytest.fixture(scope="module")
def seen():
    return []

@item("f")
@pytest.mark.parametrize("case", [1, 2])
def test_f(student, rng, once, seen, case):
    print("said by a test")
    seen.append(case)
    answer = once(student.f)
    if answer != "right" or len(seen) != case:
        raise ClaimFailed(f"It is {answer}, and not right.")
"""


class Student:
    """A student's process that answers with `answer`, or with its result if it is a function."""

    def __init__(self, answer: Any) -> None:
        self.answer = answer

    def f(self) -> Any:
        return self.answer() if callable(self.answer) else self.answer

    def renew(self) -> None:
        """Nothing is kept."""

    def close(self) -> None:
        """Nothing to end."""


class Desk:
    """Gives out student processes of one kind."""

    def __init__(self, answer: Any) -> None:
        self.answer = answer

    def student(self, _problem: str) -> Any:
        return Student(self.answer)


@pytest.fixture
def hidden(tmp_path: Path) -> Path:
    folder = tmp_path / "hidden"
    folder.mkdir()
    write(folder, TESTS)
    return folder


def write(folder: Path, text: str, *, age: int = 0) -> None:
    path = folder / "test_kept.py"
    path.write_text(text, encoding="utf-8")
    stamp = path.stat().st_mtime_ns + age
    os.utime(path, ns=(stamp, stamp))


def times_read(folder: Path) -> int:
    return len((folder / "reads.log").read_text().splitlines())


def run(kept: KeptTests, hidden: Path, answer: Any) -> list[tuple[str, bool, str]]:
    with kept.open(hidden, HOMEWORK) as (plugin, tests):
        plugin.begin(Desk(answer).student, seed=1, references={}, pairs={})
        tests.run()
        plugin.end()
    return [(outcome.case, outcome.passed, outcome.message) for outcome in plugin.outcomes]


RIGHT = [("test_f[1]", True, ""), ("test_f[2]", True, "")]


def test_each_submission_gets_its_own_outcomes_of_tests_that_are_read_once(hidden: Path) -> None:
    kept = KeptTests()
    wrong = "It is wrong, and not right."
    assert run(kept, hidden, "right") == RIGHT
    assert run(kept, hidden, "wrong") == [("test_f[1]", False, wrong), ("test_f[2]", False, wrong)]
    assert run(kept, hidden, "right") == RIGHT
    assert times_read(hidden) == 1
    kept.close()


def test_nothing_of_a_run_is_printed(hidden: Path, capfd: pytest.CaptureFixture[str]) -> None:
    kept = KeptTests()
    for answer in ("right", "wrong"):
        run(kept, hidden, answer)
    kept.close()
    assert capfd.readouterr() == ("", "")


def test_changed_tests_are_read_anew(hidden: Path) -> None:
    kept = KeptTests()
    run(kept, hidden, "right")
    write(hidden, TESTS.replace('!= "right"', '!= "left"'), age=1_000_000)
    assert [passed for _, passed, _ in run(kept, hidden, "left")] == [True, True]
    assert times_read(hidden) == 2
    kept.close()


def test_module_beside_the_tests_is_imported_and_read_anew_once_it_has_changed(
    hidden: Path,
) -> None:
    kept = KeptTests()
    text = TESTS.replace('!= "right"', "!= RIGHT")
    write(hidden, f"from autograder.hidden.{hidden.name}.wording import RIGHT\n{text}")
    for age, right in enumerate(("right", "left")):
        words = hidden / "wording.py"
        words.write_text(f"RIGHT = {right!r}\n", encoding="utf-8")
        os.utime(words, ns=(age * 10**9, age * 10**9))
        assert [passed for _, passed, _ in run(kept, hidden, right)] == [True, True]
    kept.close()


def test_tests_that_cannot_be_read_say_why_and_can_be_mended(hidden: Path) -> None:
    kept = KeptTests()
    run(kept, hidden, "right")
    write(hidden, "import a_module_that_is_nowhere\n", age=1_000_000)
    for _ in range(2):
        with pytest.raises(CourseError, match=r"(?s)did not run.*a_module_that_is_nowhere"):
            run(kept, hidden, "right")
    write(hidden, TESTS, age=2_000_000)
    assert run(kept, hidden, "right") == RIGHT
    kept.close()


def test_a_test_of_no_item_is_refused(hidden: Path) -> None:
    write(hidden, "def test_f(student):\n    pass\n", age=1_000_000)
    with pytest.raises(CourseError, match="test_f names no item"):
        run(KeptTests(), hidden, "right")


def test_no_tests_at_all_say_so(tmp_path: Path) -> None:
    with pytest.raises(CourseError, match="there are no hidden tests in"):
        run(KeptTests(), tmp_path / "nowhere", "right")


@pytest.mark.parametrize("error", [KeyboardInterrupt, MemoryError])
def test_what_ends_a_run_amid_a_test_leaves_nothing_for_the_next(
    hidden: Path, error: type[BaseException]
) -> None:
    kept = KeptTests()

    def end() -> None:
        raise error

    if error is KeyboardInterrupt:
        with pytest.raises(KeyboardInterrupt):
            run(kept, hidden, end)
    else:
        assert [passed for _, passed, _ in run(kept, hidden, end)] == [False, False]
    assert run(kept, hidden, "right") == RIGHT
    kept.close()


def test_two_folders_with_a_module_of_one_name_do_not_mix(hidden: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    write(other, TESTS.replace('!= "right"', '!= "left"'))
    first, second = KeptTests(), KeptTests()
    answers: list[tuple[KeptTests, Path, Callable[[], str] | str]] = [
        (first, hidden, "right"), (second, other, "left"), (first, hidden, "right"),
    ]  # fmt: skip
    for kept, folder, answer in answers:
        assert [passed for _, passed, _ in run(kept, folder, answer)] == [True, True]
    first.close()
    second.close()
