"""`fdl restore`: the last copy of a gradebook that is damaged."""

from __future__ import annotations

from rich.text import Text

from autograder.commands import options
from autograder.commands.common import command, err, out
from autograder.course.assignment import Course


@command()
def restore(course: options.CoursePath = None) -> None:
    """Put the last copy of a gradebook back that is damaged, empty or gone."""
    from autograder.gradebook.database import restore_gradebook

    restored = restore_gradebook(Course.find(course))
    out.print(Text(f"The gradebook was put back as it was in {restored.copy}"))
    if restored.kept is not None:
        out.print(Text(f"The damaged file is kept in {restored.kept}"))
        out.print(f"Marks by hand that were carried over from it: {len(restored.carried)}")
    if restored.unread:
        err.print(
            f"{restored.unread} marks or comments can't be read in the damaged file: they are "
            "as in the copy. Look at what was marked by hand since then.",
            style="red",
        )
    out.print("Run `fdl grade` again: it records anew what tests marked.")
