"""The kit's own exceptions.

Each message names the problem, its place (student, notebook, item, file) and the next step.
"""


class KitError(Exception):
    """A problem the user can act on; the command line prints its message without a traceback."""


class CourseError(KitError):
    """The course folder, its settings or its source notebooks are wrong."""


class NoCourseError(CourseError):
    """The folder is not part of a course."""


class ReleaseError(KitError):
    """A release can't be built, or it was built but can't be published."""


class SubmissionError(KitError):
    """A submission can't be found or read at all."""


class SandboxError(KitError):
    """The sandbox can't start with these settings, or it failed; student code is not the cause."""


class RecordError(KitError):
    """The gradebook, or a file of marks beside it, can't be read or written."""


class DeskError(KitError):
    """A mark or a rubric from the marking desk can't be saved."""
