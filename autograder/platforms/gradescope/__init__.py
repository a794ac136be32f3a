"""Work with Gradescope: build the zip file to upload, and write the results in the container."""

from enum import StrEnum


class Visibility(StrEnum):
    """Gradescope's names for the time when students see the points of each item."""

    VISIBLE = "visible"
    AFTER_DUE_DATE = "after_due_date"
    AFTER_PUBLISHED = "after_published"
    HIDDEN = "hidden"
