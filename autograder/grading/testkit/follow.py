"""Follow-through: an answer that follows correctly from an earlier mistake costs nothing."""

from __future__ import annotations

from collections.abc import Callable

from autograder.grading.testkit.claims import ClaimFailed
from autograder.sandbox import Student, StudentFailure


class Follow:
    """A check whether an answer, wrong by itself, follows from another answer of the student.

    `names` are the other answers from which an answer followed. The check's own calls to the
    student's code are not recorded, so a diagnosis compares the same calls for every student.
    """

    def __init__(self, student: Student) -> None:
        self._student = student
        self.names: frozenset[str] = frozenset()

    def __call__(
        self, name: str, right: Callable[[], None], follows: Callable[[Student], None]
    ) -> None:
        """Pass if `right` passes, or if `follows` passes with the student's answer `name`."""
        try:
            right()
        except ClaimFailed:
            try:
                follows(self._student)
            except (ClaimFailed, StudentFailure):
                pass
            else:
                self.names |= {name}
                return
            raise
