"""Every exception of the kit's own, in one place.

A message says what was found, where (student, notebook, item, file), and what to do about it.
"""


class KitError(Exception):
    """Something the kit's user can act on; the command line prints its message, not a traceback."""


class CourseError(KitError):
    """The course folder, its settings or its source notebooks are not as they should be."""


class NoCourseError(CourseError):
    """There is no course here."""


class ReleaseError(KitError):
    """A release can't be built, or was built and is not fit to publish."""


class SubmissionError(KitError):
    """A submission can't be found or read at all."""


class SandboxError(KitError):
    """The sandbox can't be started as asked, or broke down for no reason of the student's."""


class RecordError(KitError):
    """A Report can't be written to, or read from, where marks are kept."""
