"""Misconceptions of HOMEWORK: wrong answers, each with a sentence that helps the student.

There are none yet, so `fdl release HOMEWORK` proves less. To add one, see "A misconception" in
docs/new-homework.md. Once each item has misconceptions, remove `proof = "light"` from course.toml.
"""

from __future__ import annotations

from autograder.grading.misconceptions import Catalogue

misconceptions = Catalogue()
