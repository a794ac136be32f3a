"""Copies come first in the list of similar answers; independent answers are not in the list."""

from __future__ import annotations

import inspect
import textwrap
from types import ModuleType

import numpy as np
import pytest

from autograder.pages.classreport.notebooks import StudentCell
from autograder.pages.classreport.similarity import (
    boilerplate_prints,
    own_prints,
    side_by_side,
    similar_pairs,
    without_comments,
)

from ...answers import right_landscape, right_momentum, right_ntk
from ...hidden.answers import TARGETS, variants

pytest.importorskip("copydetect", reason="needs the extra `similarity`")

SKELETON = '''
def momentum(gradient, x0, gammas, betas, indices):
    """The iterates of SGD with momentum, one in each row."""
    raise NotImplementedError("write your code here")
'''

ORIGINAL = '''
def momentum(gradient, x0, gammas, betas, indices):
    """The iterates of SGD with momentum, one in each row."""
    # the velocity starts at rest
    velocity = [0.0 for _ in x0]
    position = [float(entry) for entry in x0]
    rows = [list(position)]
    for step, which in enumerate(indices):
        slope = list(gradient(int(which), np.array(position)))
        for axis in range(len(position)):
            velocity[axis] = float(betas[step]) * velocity[axis] + slope[axis]
            position[axis] = position[axis] - float(gammas[step]) * velocity[axis]
        rows.append([entry for entry in position])
    return np.array(rows, dtype=float)
'''

RENAMED = '''
def momentum(gradient, x0, gammas, betas, indices):
    """All iterates."""
    v = [0.0 for _ in x0]  # speed
    p = [float(c) for c in x0]

    out = [list(p)]
    for k, i in enumerate(indices):
        g = list(gradient(int(i), np.array(p)))  # slope here
        for j in range(len(p)):
            v[j] = float(betas[k]) * v[j] + g[j]
            p[j] = p[j] - float(gammas[k]) * v[j]
        out.append([z for z in p])
    return np.array(out, dtype=float)
'''

REORDERED = """
def momentum(gradient, x0, gammas, betas, indices):
    position = [float(entry) for entry in x0]
    rows = [list(position)]
    velocity = [0.0 for _ in x0]
    for step, which in enumerate(indices):
        slope = list(gradient(int(which), np.array(position)))
        for axis in range(len(position)):
            velocity[axis] = float(betas[step]) * velocity[axis] + slope[axis]
            position[axis] = position[axis] - float(gammas[step]) * velocity[axis]
        rows.append([entry for entry in position])
    table = np.array(rows, dtype=float)
    return table
"""

BOILERPLATE = boilerplate_prints([(SKELETON, True)])


def code(text: str, name: str = "p1-momentum-answer") -> StudentCell:
    return StudentCell(name, is_code=True, is_answer=True, text=text)


def ranked(*answers: str) -> list[tuple[int, int]]:
    prints = [own_prints([code(text)], BOILERPLATE) for text in answers]
    return [(pair.first, pair.second) for pair in similar_pairs(prints).pairs]


def independent(module: ModuleType, item: str) -> list[str]:
    """Return the right answers to an item that were written to differ, as their cells' texts."""
    functions = [v.answers[TARGETS[item]] for v in variants(module) if v.item == item]
    texts = [textwrap.dedent(inspect.getsource(f)) for f in functions if inspect.isfunction(f)]
    return [text[text.index("def ") :] for text in texts]


@pytest.mark.parametrize("copy", [RENAMED, REORDERED], ids=["renamed", "reordered"])
def test_planted_copy_leads_the_list(copy: str) -> None:
    others = independent(right_momentum, "p1-momentum")
    assert len(others) > 5
    assert ranked(*others, ORIGINAL, copy)[0] == (len(others), len(others) + 1)


@pytest.mark.parametrize(
    ("module", "item"),
    [
        (right_momentum, "p1-momentum"),
        (right_landscape, "p2c-gd"),
        (right_ntk, "p3b-kernel"),
    ],
)
def test_independent_right_answers_rank_below_a_copy(module: ModuleType, item: str) -> None:
    texts = independent(module, item)
    assert len(texts) > 3
    copied = [own_prints([code(text)], BOILERPLATE) for text in [*texts, ORIGINAL, RENAMED]]
    pairs = similar_pairs(copied).pairs
    assert (pairs[0].first, pairs[0].second) == (len(texts), len(texts) + 1)
    assert all(pair.score < pairs[0].score for pair in pairs[1:])


def test_skeletons_alone_are_not_alike() -> None:
    assert ranked(SKELETON, SKELETON, SKELETON) == []


def test_what_the_release_gives_counts_for_nothing() -> None:
    prints = [own_prints([code(ORIGINAL)], boilerplate_prints([(ORIGINAL, True)]))] * 2
    assert similar_pairs(prints).found == 0


def test_what_many_share_is_common() -> None:
    others = independent(right_momentum, "p1-momentum")[:3]
    assert ranked(*[ORIGINAL] * 4, *others) == []
    assert ranked(*[ORIGINAL] * 3, *others) == [(0, 1), (0, 2), (1, 2)]


def test_a_copy_of_a_text_is_found() -> None:
    proof = (
        "Insert the definition of the averaged iterate, multiply both sides by the weight of the "
        "step and sum over all steps: every term but the first and the last one cancels, which "
        "is what had to be shown."
    )
    other = (
        "We argue by induction. For the start the claim is the initial condition. Suppose that it "
        "holds after k steps; then one more step of the recursion changes both sides equally."
    )
    texts = [proof, other, proof.upper().replace(",", " ,")]
    cells = [StudentCell("p1b-proof", False, True, text) for text in texts]
    found = similar_pairs([own_prints([cell], BOILERPLATE) for cell in cells])
    assert [(pair.first, pair.second) for pair in found.pairs] == [(0, 2)]


def test_shared_lines_are_marked_and_others_are_not() -> None:
    own = "import math\n\n\nanswer = {'so': [None, True], 'far': {1, 2, 3}}\n" + ORIGINAL.strip()
    cells = [[code(own)], [code(RENAMED)]]
    prints = [own_prints(each, BOILERPLATE) for each in cells]
    (pair,) = similar_pairs(prints).pairs
    (shared,) = side_by_side(pair, (cells[0], cells[1]), prints)
    marked = {line.text.strip() for line in shared.left if line.shared}
    assert "slope = list(gradient(int(which), np.array(position)))" in marked
    assert "return np.array(rows, dtype=float)" in marked
    assert not marked & {"import math", "answer = {'so': [None, True], 'far': {1, 2, 3}}"}
    assert "\n".join(line.text for line in shared.right) == RENAMED.rstrip()


def test_prints_are_the_same_in_every_run() -> None:
    (prints,) = own_prints([code(ORIGINAL)], BOILERPLATE).values()
    # Python's own hash of strings differs from process to process
    assert int(np.bitwise_xor.reduce(prints)) == 309054890357654660


def test_comments_and_docstrings_go_and_lines_stay() -> None:
    text = 'def f(x):\n    """By Zora\n    Quill."""\n    return "#1", x  # with Zora\n'
    without = without_comments(text)
    assert "Zora" not in without
    assert "Quill" not in without
    assert without.count("\n") == text.count("\n")
    assert 'return "#1", x' in without
