"""Dealing answers to markers: equal shares, a blind overlap, and what dealing again keeps."""

from __future__ import annotations

from collections import Counter

import pytest

from autograder.desk.answers import Answer
from autograder.desk.deal import deal, deal_answers, read_wish
from autograder.desk.desk import Desk
from autograder.errors import DeskError
from autograder.gradebook.handmarks import Deal, HandMark, HandMarks
from tests.desk.conftest import Marker

ITEMS = ("a-proof", "b-essay")
CLASS = {
    (item, f"s{number:02}"): Answer(item, f"s{number:02}", "text", is_blank=number < 4)
    for item in ITEMS
    for number in range(40)
}


def dealt(
    *texts: str, overlap: str | None = None, log: HandMarks | None = None
) -> dict[str, dict[str, tuple[str, ...]]]:
    return deal_answers(read_wish(texts, overlap, ITEMS), CLASS, log or HandMarks())


def firsts(markers: dict[str, tuple[str, ...]]) -> Counter[str]:
    return Counter(names[0] for names in markers.values())


def test_an_item_can_be_dealt_to_one_marker_and_the_rest_evenly() -> None:
    found = dealt("Rita=a-proof", "evenly=Sam,Tom,Uma")
    assert firsts(found["a-proof"]) == {"Rita": 40}
    assert sorted(firsts(found["b-essay"]).values()) == [13, 13, 14]
    assert {len(names) for names in found["b-essay"].values()} == {1}


def test_two_markers_of_one_item_share_its_class() -> None:
    found = dealt("Rita=a-proof", "Sam=a-proof")
    assert firsts(found["a-proof"]) == {"Rita": 20, "Sam": 20}
    assert "b-essay" not in found


def test_the_overlap_is_a_share_of_the_answers_that_are_not_blank() -> None:
    found = dealt("evenly=Rita,Sam,Tom", overlap="10%")
    for markers in found.values():
        pairs = {student: names for student, names in markers.items() if len(names) == 2}
        assert len(pairs) == 4  # of 36 answers, rounded up
        assert not {"s00", "s01", "s02", "s03"} & pairs.keys()
        assert all(first != second for first, second in pairs.values())
    seconds = Counter(names[1] for item in found.values() for names in item.values() if names[1:])
    assert max(seconds.values()) - min(seconds.values()) <= 1


def test_the_second_marker_of_an_item_with_one_marker_comes_from_the_others() -> None:
    found = dealt("Rita=a-proof", "Sam=b-essay", overlap="100%")
    assert set(found["a-proof"].values()) == {("Rita",), ("Rita", "Sam")}


def test_the_deal_is_the_same_each_time_and_mixed_over_the_class() -> None:
    assert dealt("evenly=Rita,Sam", overlap="20%") == dealt("evenly=Rita,Sam", overlap="20%")
    halves = dealt("evenly=Rita,Sam")["a-proof"]
    first_half = [halves[f"s{number:02}"][0] for number in range(20)]
    assert 4 <= first_half.count("Rita") <= 16


def test_dealing_again_keeps_marked_answers_and_moves_few_others() -> None:
    before = dealt("evenly=Rita,Sam", overlap="10%")
    log = HandMarks([Deal(markers=before)])
    marked = [name for name, names in before["a-proof"].items() if names[0] == "Rita"][:15]
    for name in marked:
        log.add(HandMark(item="a-proof", student=name, answer="x", marker="Rita", ticks=("s1",)))
    [blind, *_] = [(name, names) for name, names in before["a-proof"].items() if names[1:]]
    log.add(
        HandMark(
            item="a-proof", student=blind[0], answer="x", marker=blind[1][1], ticks=(), second=True
        )
    )
    after = dealt("evenly=Rita,Sam,Tom", overlap="10%", log=log)["a-proof"]
    assert all(after[name][0] == "Rita" for name in marked)
    assert after[blind[0]] == blind[1]
    assert firsts(after) == {"Rita": 15, "Sam": 14, "Tom": 11}
    moved = [name for name, names in after.items() if names[0] != before["a-proof"][name][0]]
    assert {after[name][0] for name in moved} == {"Tom"}
    assert dealt("evenly=Rita,Sam", overlap="10%", log=HandMarks([Deal(markers=before)])) == before


@pytest.mark.parametrize(
    ("texts", "overlap", "message"),
    [
        (["Rita=a-prof"], None, "did you mean a-proof?"),
        (["Rita=zzz"], None, "its items are: a-proof, b-essay"),
        (["Rita"], None, "--deal MARKER=ITEM,ITEM or --deal evenly=MARKER,MARKER"),
        (["evenly"], None, "--deal evenly=MARKER,MARKER"),
        (["=a-proof"], None, "not clear"),
        ([f"{'R' * 61}=a-proof"], None, "1 to 60 characters"),
        (["evenly=Rita,Sam"], "0%", "from 1% to 100%"),
        (["evenly=Rita,Sam"], "101%", "from 1% to 100%"),
        (["evenly=Rita,Sam"], "0.1", "such as 10%"),
        (["evenly=Rita,Sam"], "many\x1b[31m", "such as 10%"),
        (["evenly=Rita"], "10%", "needs two markers, but everything is dealt to Rita"),
        (["none"], "10%", "takes no --overlap"),
        (["Rita=a-proof,b-essay", "evenly=Sam"], None, "every item is dealt by name already"),
    ],
)
def test_wrong_input_is_explained(texts: list[str], overlap: str | None, message: str) -> None:
    with pytest.raises(DeskError) as caught:
        read_wish(texts, overlap, ITEMS)
    assert message in str(caught.value)
    assert "\x1b" not in str(caught.value)


def test_second_markers_are_blind_until_both_have_marked(
    desk: Desk, rita: Marker, sam: Marker
) -> None:
    shares = deal(desk, ["evenly=Rita,Sam"], "100%")
    assert sum(share.second for share in shares) == 4  # all answers that are not blank
    [student, *_] = [
        each.name for each in desk.queue("Rita", names=True).answers
        if (each.item, each.role, each.blank) == ("a-proof", "first", False)
    ]  # fmt: skip
    rita.gives("a-proof", student, "s1")
    seen = sam.sees("a-proof", student)
    assert (seen.entry.open, seen.mark, seen.history, seen.differing) == (True, None, (), ())
    sam.gives("a-proof", student, "s2")
    assert sam.sees("a-proof", student).entry.differs
    settled = rita.gives("a-proof", student, "s1", "s2")
    assert (settled.entry.differs, settled.differing) == (False, ())
    assert settled.mark is not None
    assert settled.mark.cause == "settled"
    now = sam.sees("a-proof", student)
    assert (now.entry.open, now.entry.differs) == (False, False)
    assert now.mark is not None
    assert now.mark.marker == "Rita"
    again = {share.marker: share for share in deal(desk, ["evenly=Rita,Sam"], "100%")}
    assert (again["Rita"].marked, again["Sam"].marked) == (1, 1)


def test_none_ends_dealing(desk: Desk) -> None:
    deal(desk, ["evenly=Rita,Sam"])
    assert {each.role for each in desk.queue("Rita").answers} == {"first", "other"}
    assert deal(desk, ["none"]) == []
    assert {each.role for each in desk.queue("Rita").answers} == {""}
