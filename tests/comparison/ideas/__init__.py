"""The catalogue of attack ideas by class, in a form that works for all three tools."""

from __future__ import annotations

from tests.comparison.attack import Idea
from tests.comparison.ideas import (
    exhaustion,
    forged_results,
    forged_values,
    gaming,
    leaks,
    notebooks,
    patched_graders,
    planted_files,
    stolen_answers,
)

IDEAS: tuple[Idea, ...] = (
    *forged_values.IDEAS,
    *patched_graders.IDEAS,
    *stolen_answers.IDEAS,
    *leaks.IDEAS,
    *forged_results.IDEAS,
    *planted_files.IDEAS,
    *notebooks.IDEAS,
    *exhaustion.IDEAS,
    *gaming.IDEAS,
)
