"""Submissions that attack the grader, each with one idea, and the harm that none of them may do."""

from __future__ import annotations

from tests.attacks import (
    exhaustion,
    forged_results,
    forged_values,
    gaming,
    leaks,
    notebooks,
    patched_graders,
    planted_files,
    stolen_answers,
    warm_parent,
)

ATTACKS = (
    *forged_values.ATTACKS,
    *patched_graders.ATTACKS,
    *stolen_answers.ATTACKS,
    *leaks.ATTACKS,
    *forged_results.ATTACKS,
    *planted_files.ATTACKS,
    *notebooks.ATTACKS,
    *exhaustion.ATTACKS,
    *gaming.ATTACKS,
    *warm_parent.ATTACKS,
)
