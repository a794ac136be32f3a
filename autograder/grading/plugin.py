"""Connect marking with pytest: provide fixtures for hidden tests, and collect claims.

Hidden tests run here, in the grader's process; `student` is the only way to the student's code.
A failing test runs once more; this time, the reference replaces the other answers that the tested
answer may build on (follow-through). So an answer keeps its points if it is wrong only because it
calls another wrong answer. A note on the claim tells the student the reason.

As long as an item's tests pass, they share one process of the student's code. A test that fails in
a process that has served other tests runs again in a fresh process, and the second result counts.
So nothing that an earlier test left behind can cost a point, even within the same item. If a
process ends during a test, the machine may be the reason: once for each item, the test runs again
in a fresh process.
"""

from __future__ import annotations

import time
import traceback
import zlib
from collections.abc import Callable, Container, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, cast

import numpy as np
import pytest

from autograder.course.assignment import Assignment, Item
from autograder.course.code import error_in_code
from autograder.errors import CourseError
from autograder.grading.followthrough import Pairs, StandIns
from autograder.grading.testkit import ClaimFailed, Follow, Once
from autograder.grading.testkit.numbers import allowing
from autograder.grading.transcript import AnyStudent, Event, RecordedStudent, Room, asked_for, kept
from autograder.sandbox import NoAnswer, NotDone, ProcessEnded, Student, StudentFailure
from autograder.timelimit import TimeUpError, time_limit

MAX_TIMEOUTS = 2
AFTER_DUE_DATE = "After the due date:"
"""Words before the result in a docstring; students may read the result after the due date."""
UNFIT = "The answer can't be compared with the expected answer."


StudentOf = Callable[[str], AnyStudent]
"""A function that returns the student object of a problem's notebook for one test.

The function raises StudentFailure if the notebook can't be run.
"""


@dataclass(frozen=True)
class Outcome:
    """The result of one run of one test case.

    `result` is the text that the claim adds after the due date. `told_case` names the case in words
    for students. `unwritten` names the function that still raises NotImplementedError. `follows`
    names other, wrong answers from which the tested answer follows correctly. `case` names the test
    with its parameters.

    Three fields hold hidden inputs and never get into a Report. `transcript` contains the calls and
    the answers. If stand-ins saved the test, `own_events` contains the calls and answers of the run
    without stand-ins. `compared` contains the answer and the expected value, if numbers differed.
    """

    item: str
    part: str
    costs: float
    test: str
    claim: str
    passed: bool
    message: str = ""
    result: str = ""
    told_case: str = ""
    unwritten: str = ""
    care: str = ""
    stand_ins: frozenset[str] = frozenset()
    follows: frozenset[str] = frozenset()
    fault: str = ""
    case: str = ""
    transcript: tuple[Event, ...] = ()
    own_events: tuple[Event, ...] = ()
    compared: tuple[Any, Any] | None = None


@dataclass
class _Run:
    """The plugin's record of the running test."""

    stand_ins: frozenset[str] = frozenset()
    events: list[Event] = field(default_factory=list)
    own_events: list[Event] = field(default_factory=list)
    is_first: bool = True
    follow: Follow | None = None


class MarkingPlugin:
    """A pytest plugin with the fixtures of hidden tests; it collects each test case's Outcome."""

    def __init__(
        self, assignment: Assignment, *, only: Container[str] | None = None, core: bool = False
    ) -> None:
        """Test the items `only` (default: all); `core` leaves out robustness tests."""
        self.broken: list[CourseError] = []
        self._assignment = assignment
        self._only = only
        self._core = core
        self._served: tuple[str, AnyStudent] | None = None

    def begin(
        self,
        student_of: StudentOf,
        seed: int,
        references: Mapping[str, Callable[..., object]],
        pairs: Pairs,
        *,
        deadline: float = float("inf"),
    ) -> None:
        """Use these student objects in the next run of the tests.

        `pairs` says which answers may build on which others; the tests end at `deadline`.
        """
        self._student_of = student_of
        self._seed = seed
        self._references = references
        self._pairs = pairs
        self._deadline = deadline
        self._served = None
        self._room = Room()
        self.start_over()

    def start_over(self) -> None:
        """Forget the outcomes; use the same student objects in the next run of the tests."""
        self.end()
        self.outcomes: list[Outcome] = []
        self._runs: dict[str, _Run] = {}
        self._timeouts: dict[str, int] = {}
        self._once: dict[str, Once] = {}
        self._ended: set[str] = set()

    def end(self) -> None:
        """End the process that served the tests of an item."""
        if self._served is not None:
            self._served[1].close()
            self._served = None

    @pytest.fixture
    def student(self, request: pytest.FixtureRequest) -> RecordedStudent:
        """Return the student's functions, in a process that only tests of this item use."""
        item = self._item(request.node)
        self._check_time(item)
        run = self._runs.setdefault(request.node.nodeid, _Run())
        served_item, student = self._served or ("", None)
        if student is not None and served_item == item.name:
            student.renew()
            run.is_first = False
        else:
            student = self._fresh(item)
        return RecordedStudent(student, run.events, self._room)

    @pytest.fixture
    def follow(self, request: pytest.FixtureRequest, student: RecordedStudent) -> Follow:
        """Return a Follow, which passes an answer that follows correctly from a wrong answer."""
        return self._follow(request.node, student)

    @pytest.fixture
    def rng(self, request: pytest.FixtureRequest) -> np.random.Generator:
        """Return a random generator that depends only on the Report's seed and the test."""
        return self._generator(request.node)

    @pytest.fixture
    def once(self, request: pytest.FixtureRequest) -> Once:
        """Return the cache of answers that all tests of the item share, such as a picture.

        If a test fails with a cached answer, the test asks for a new answer; see `_take`.
        """
        once = self._once.setdefault(self._item(request.node).name, Once())
        if once.is_answered:
            self._runs.setdefault(request.node.nodeid, _Run()).is_first = False
        return once

    def pytest_exception_interact(
        self,
        node: pytest.Item | pytest.Collector,
        call: pytest.CallInfo[object],
        report: pytest.CollectReport | pytest.TestReport,
    ) -> None:
        """Record why a module of hidden tests can't be read."""
        if isinstance(report, pytest.CollectReport) and call.excinfo is not None:
            error = call.excinfo.value  # pytest's own error; its cause is the module's error
            self.broken.append(error_in_code(error.__cause__ or error, node.path))

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        """Reject a hidden test that belongs to no item; leave out tests of unwanted items."""
        items[:] = [test for test in items if self._is_wanted(test)]

    def _is_wanted(self, test: pytest.Item) -> bool:
        item = self._item(test)
        is_asked_for = self._only is None or item.name in self._only
        return is_asked_for and not (self._core and _item_mark(test).kwargs.get("costs"))

    @pytest.hookimpl(tryfirst=True)
    def pytest_pyfunc_call(self, pyfuncitem: pytest.Function) -> bool | None:
        """Run a test; if it fails, run it again in a fresh process, then with stand-ins."""
        if "student" not in pyfuncitem.funcargs:
            return None
        arguments = {name: pyfuncitem.funcargs[name] for name in pyfuncitem._fixtureinfo.argnames}
        try:
            with (
                allowing(self._assignment.tolerance),
                time_limit(self._deadline - time.monotonic()),
            ):
                self._take_or_save(pyfuncitem, arguments)
        except TimeUpError:
            self.end()
            raise NoAnswer("Stopped: the time for this submission was used up.") from None
        return True

    def _take_or_save(self, test: pytest.Function, arguments: dict[str, Any]) -> None:
        try:
            self._take(test, arguments)
        except TimeUpError:
            raise
        except Exception as failure:
            _let_go(failure)
            holds = self._holds_with_stand_ins(test, arguments, failure)
            self.end()
            if not holds:
                raise

    def _take(self, test: pytest.Function, arguments: dict[str, Any]) -> None:
        """Run a test; repeat it if something other than the answer may have made it fail.

        The cause may be an earlier test in the same process, a cached answer, or an ended process.
        The repeated test gets a fresh process and fresh answers.
        """
        try:
            test.obj(**arguments)
        except TimeUpError:
            raise
        except Exception as failure:
            run = self._runs[test.nodeid]
            if run.is_first and not self._is_first_end(self._item(test), failure):
                raise
            _let_go(failure)
            run.events, run.is_first = [], True
            fresh = self._fresh(self._item(test))
            student = RecordedStudent(fresh, run.events, self._room)
            arguments |= self._arguments_again(test, arguments, student)
            test.obj(**arguments)

    def _is_first_end(self, item: Item, failure: Exception) -> bool:
        """Return whether a process ended for the first time in the item's tests."""
        if not isinstance(failure, ProcessEnded) or item.name in self._ended:
            return False
        self._ended.add(item.name)
        return True

    def _arguments_again(
        self, test: pytest.Function, arguments: Mapping[str, Any], student: RecordedStudent
    ) -> dict[str, Any]:
        """Return the arguments for running a test again with another student object."""
        again = {
            "student": student,
            "rng": self._generator(test),
            "once": Once(),
            "follow": self._follow(test, student),
        }
        return {name: again.get(name, value) for name, value in arguments.items()}

    def _follow(self, test: pytest.Item, student: RecordedStudent) -> Follow:
        """Return a Follow for one run of a test; only the Follow of the test's last run counts."""
        follow = Follow(cast(Student, student.aside()))
        self._runs.setdefault(test.nodeid, _Run()).follow = follow
        return follow

    def _fresh(self, item: Item) -> AnyStudent:
        """Return a student object in a new process for the item's tests; end the old process."""
        self.end()
        student = self._student_of(item.problem)
        self._served = item.name, student
        return student

    def pytest_sessionfinish(self) -> None:
        """End the last process."""
        self.end()

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(
        self, item: pytest.Item, call: pytest.CallInfo[None]
    ) -> Iterator[Any]:
        """Record the outcome of the test."""
        if call.excinfo is not None:
            # nobody sees the traceback, and pytest takes milliseconds to write it
            call.excinfo.traceback = call.excinfo.traceback[-1:]
        report = yield
        failed_setup = call.when == "setup" and call.excinfo is not None
        if call.when == "call" or failed_setup:
            self.outcomes.append(self._outcome(item, call))
        return report

    def _holds_with_stand_ins(
        self, test: pytest.Function, arguments: Mapping[str, Any], failure: Exception
    ) -> bool:
        told = isinstance(failure, (StudentFailure, AssertionError))
        run = self._runs[test.nodeid]
        # A variable got its value when the cells ran, so a stand-in can't change the value.
        computed = any(event.kind == "value" for event in run.events)
        if isinstance(failure, (NoAnswer, NotDone)) or computed or not told:
            return False
        item = self._item(test)
        stand_ins = StandIns(self._built_on(asked_for(run.events)))
        if not stand_ins.functions:
            return False
        student = self._student_of(item.problem).with_stand_ins(stand_ins.functions)
        events: list[Event] = []
        holds = True
        try:
            recorded = RecordedStudent(student, events, self._room)
            test.obj(**self._arguments_again(test, arguments, recorded))
        except TimeUpError:
            raise
        except Exception as another:  # of any kind; only the first failure is reported
            _let_go(another)
            holds = False
        finally:
            student.close()
        if not stand_ins.used or asked_for(events) & stand_ins.functions.keys():
            return False  # no stand-in may answer for the student
        run.own_events, run.events = run.events, events
        if holds:
            run.stand_ins = frozenset(stand_ins.used)
        return holds

    def _built_on(self, asked: frozenset[str]) -> dict[str, Callable[..., object]]:
        """Return the references of the functions that the tested answers may build on.

        The item's own functions are included: a wrong Hessian does not cost the trace its points.
        """
        names = {name for caller in asked for name in self._pairs.get(caller, ())}
        return {name: self._references[name] for name in names - asked if name in self._references}

    def _outcome(self, test: pytest.Item, call: pytest.CallInfo[None]) -> Outcome:
        mark = _item_mark(test)
        case = test.nodeid.rpartition("::")[2]
        message, fault, care = "", "", str(mark.kwargs.get("care", ""))
        error = call.excinfo.value if call.excinfo is not None else None
        if error is not None:
            message, fault = self._explain(test, error)
        compared = error.compared if isinstance(error, ClaimFailed) else None
        if isinstance(error, ClaimFailed) and care:
            care = error.care or care
        run = self._runs.pop(test.nodeid, _Run())
        claim, result = _claim(test)
        return Outcome(
            item=str(mark.args[0]),
            part=str(mark.kwargs.get("part", "answer")),
            costs=float(mark.kwargs.get("costs", 0.0)),
            care=care,
            test=case.partition("[")[0],
            claim=claim,
            result=result,
            passed=error is None,
            message=message,
            told_case=_told_case(test),
            unwritten=_unwritten(error, run.events),
            stand_ins=run.stand_ins,
            follows=run.follow.names if run.follow and error is None else frozenset(),
            fault=fault,
            case=case,
            transcript=tuple(run.events),
            own_events=tuple(run.own_events),
            compared=compared and (kept(compared[0], self._room), kept(compared[1], self._room)),
        )

    def _is_graded(self, test: pytest.Item, function: str) -> bool:
        """Return whether the function is an answer of the test's notebook."""
        problem = self._assignment.problem(self._item(test).problem)
        references = (each for item in problem.items for each in item.references)
        return any(function == reference.name for reference in references)

    def _explain(self, test: pytest.Item, error: BaseException) -> tuple[str, str]:
        if isinstance(error, NoAnswer):
            name = self._item(test).name
            self._timeouts[name] = self._timeouts.get(name, 0) + 1
        if (
            isinstance(error, NotDone)
            and not error.by_itself
            and self._is_graded(test, error.function)
        ):
            return f"The answer calls `{error.function}`, which is not written yet.", ""
        if isinstance(error, StudentFailure):
            return error.message, ""
        if isinstance(error, MemoryError):
            return "The answer needs more memory than marking allows.", ""
        if isinstance(error, ClaimFailed):
            return str(error), ""
        return UNFIT, f"{test.name} ended with {type(error).__name__}"

    def _check_time(self, item: Item) -> None:
        if time.monotonic() > self._deadline:
            raise NoAnswer("Not called: the time for this submission was already used up.")
        if self._timeouts.get(item.name, 0) >= MAX_TIMEOUTS:
            raise NoAnswer("Not called again: earlier calls did not end properly.")

    def _item(self, test: pytest.Item) -> Item:
        name = item_of(test)
        item = self._assignment.items.get(name)
        if item is None:
            raise CourseError(
                f"hidden test {test.name} is for item {name}, but {self._assignment.name} has no "
                "such item"
            )
        if item.kind != "auto":
            raise CourseError(f"hidden test {test.name} is for {name}, which a person marks")
        return item

    def _generator(self, test: pytest.Item) -> np.random.Generator:
        name = "::".join((test.path.name, *test.nodeid.split("::")[1:]))
        return np.random.default_rng([self._seed, zlib.crc32(name.encode())])


def _let_go(error: BaseException) -> None:
    """Delete the variables of the calls that an error ended: they may hold a student's answers.

    An error and the calls that it ended refer to each other, so Python would free them only later.
    """
    chain: BaseException | None = error
    while chain is not None:
        traceback.clear_frames(chain.__traceback__)
        chain = chain.__context__


def _item_mark(test: pytest.Item) -> pytest.Mark:
    mark = test.get_closest_marker("item")
    if mark is None or not mark.args:
        raise CourseError(f"hidden test {test.name} names no item: decorate it with @item(...)")
    return mark


def item_of(test: pytest.Item) -> str:
    """Return the name of the item that a hidden test belongs to."""
    return str(_item_mark(test).args[0])


def _told_case(test: pytest.Item) -> str:
    """Return the test's words for its case, or "" if the test has no such words."""
    words = _item_mark(test).kwargs.get("cases")
    case = getattr(test, "callspec", None)
    return str(words(**case.params)) if words is not None and case is not None else ""


def _unwritten(error: BaseException | None, events: Sequence[Event]) -> str:
    """Return the name of the unwritten function that the test called."""
    is_stub = isinstance(error, NotDone) and error.by_itself
    return events[-1].name if is_stub and events else ""


def _claim(test: pytest.Item) -> tuple[str, str]:
    """Return the claim of a test, and the result in its docstring after `AFTER_DUE_DATE`."""
    text = getattr(getattr(test, "function", None), "__doc__", None) or ""
    claim, _, result = " ".join(text.split()).partition(AFTER_DUE_DATE)
    return claim.strip() or test.name.partition("[")[0].replace("_", " "), result.strip()
