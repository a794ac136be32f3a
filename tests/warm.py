"""What one test leaves for the next in a process: collected hidden tests, tried misconceptions."""

from __future__ import annotations

from autograder.grading.mark import Warm

WARM = Warm()
