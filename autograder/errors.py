"""The kit's own exceptions.

A message says what was found, where (student, notebook, item, file), and what to do about it.
"""


class KitError(Exception):
    """A problem the user can act on; the command line prints its message without a traceback."""


class CourseError(KitError):
    """The course folder, its settings or its source notebooks are wrong."""


class NoCourseError(CourseError):
    """There is no course here."""


class ReleaseError(KitError):
    """A release can't be built, or it was built but can't be published."""


class SubmissionError(KitError):
    """A submission can't be found or read at all."""


class SandboxError(KitError):
    """The sandbox can't be started as asked, or it failed and student code is not the cause."""


class RecordError(KitError):
    """Marks can't be written to or read from the gradebook, or from the files beside it."""
