"""Work that tests in one process share: collected hidden tests and tried misconceptions."""

from __future__ import annotations

from autograder.grading.mark import Warm

WARM = Warm()
