"""An answer that is right for another one of the student's, which is wrong, costs nothing."""

from __future__ import annotations

from collections.abc import Callable

from autograder.grading.testkit.claims import ClaimFailed
from autograder.sandbox import Student, StudentFailure


class Follow:
    """Holds an answer against what follows from another one, where it is not right as it stands.

    `names` are the other answers that it was found to follow from. What is asked of the student
    for that is not written down, so diagnosis compares the same questions for everybody.
    """

    def __init__(self, student: Student) -> None:
        self._student = student
        self.names: frozenset[str] = frozenset()

    def __call__(
        self, name: str, right: Callable[[], None], follows: Callable[[Student], None]
    ) -> None:
        """Pass if `right` does, or if the answer `name` of the student makes `follows` pass."""
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
