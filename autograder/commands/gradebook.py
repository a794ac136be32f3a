"""`fdl restore`: replace a damaged gradebook by its last backup."""

from __future__ import annotations

from rich.text import Text

from autograder.commands import options
from autograder.commands.common import command, err, find_course, out


@command()
def restore(course: options.CoursePath = None) -> None:
    """Restore a damaged, empty or missing gradebook from its last backup."""
    from autograder.gradebook.restoring import restore_gradebook

    restored = restore_gradebook(find_course(course))
    out.print(Text(f"The gradebook was restored from {restored.copy}"))
    if restored.kept is not None:
        out.print(Text(f"The damaged file is kept in {restored.kept}"))
        out.print(f"Marks given by hand since that backup, now restored: {len(restored.carried)}")
    if restored.entries:
        out.print(
            f"Entries of the marking desk since that backup, now restored: {restored.entries}"
        )
    if restored.lost:
        err.print(
            f"{restored.lost} entries of the marking desk can't be read from the damaged file. "
            "Open `fdl desk` and check the marks since that backup.",
            style="red",
        )
    if restored.unread:
        err.print(
            f"{restored.unread} marks or comments can't be read from the damaged file; the "
            "backup's values are used instead. Check all marks that were given by hand since that "
            "backup.",
            style="red",
        )
    out.print("Next: run `fdl grade` for each homework, to record the marks from tests again.")
