"""Tools for writing hidden tests: the `item` decorator and comparisons of untrusted answers.

Every comparison raises ClaimFailed with a message for the student. The message gives the kind of
failure (shape, NaN, size of the relative error), never a hidden input or an expected value.
"""

from __future__ import annotations

from autograder.grading.testkit.claims import (
    ClaimFailed,
    assert_holds,
    assert_raises,
    is_error,
    item,
)
from autograder.grading.testkit.figures import (
    as_figure,
    assert_curve,
    assert_curves,
    assert_labelled_axes,
    assert_labels_fit,
)
from autograder.grading.testkit.follow import Follow
from autograder.grading.testkit.guides import assert_guide, assert_log_log, assert_named_guide
from autograder.grading.testkit.names import (
    assert_named_curves,
    assert_nowhere_said,
    assert_told_apart,
    legend_texts,
)
from autograder.grading.testkit.numbers import (
    PLAIN,
    UNITS,
    Units,
    as_array,
    as_dict,
    as_floats_of,
    as_pair,
    as_tuple,
    as_vector,
    ask_from_integers,
    assert_close,
    assert_iterates,
    assert_left_alone,
    assert_number_close,
    assert_own_rows,
    draw_mixed,
    lookup,
    own_rows,
    tolerance,
)
from autograder.grading.testkit.once import Once
from autograder.grading.testkit.surfaces import (
    assert_at_height,
    assert_marked,
    assert_marks_named,
    assert_not_marked,
    assert_plane_labelled,
    assert_surface,
    assert_surface_reaches,
    is_marked,
)
from autograder.grading.testkit.words import (
    Says,
    Words,
    folded,
    says,
    says_number,
    says_number_of,
    says_otherwise,
)
