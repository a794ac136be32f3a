"""The log of marks given by hand: what counts, and what waits for a decision, in any order."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from autograder.gradebook.handmarks import (
    AnyEntry,
    Deal,
    HandMark,
    HandMarks,
    RubricStep,
    RubricVersion,
)

ITEM, STUDENT = "a-proof", "anna"


def a_mark(marker: str, *ticks: str, after: str = "", **more: object) -> HandMark:
    fields: dict[str, Any] = {
        "item": ITEM,
        "student": STUDENT,
        "answer": "text",
        "points": float(len(ticks)),
    }
    return HandMark(marker=marker, ticks=ticks, after=after, **{**fields, **more})


@dataclass
class Copy:
    """A copy of a course, in which one marker works."""

    name: str
    log: HandMarks = field(default_factory=HandMarks)

    def marks(self, ticks: tuple[str, ...]) -> None:
        """Mark as a person who sees all marks of the answer."""
        known = self.log.marks(ITEM, STUDENT)
        after = known.newest.uid if known.newest else ""
        settles = tuple(each.uid for each in known.to_replace)
        self.log.add(a_mark(self.name, *ticks, after=after, settles=settles))

    def marks_blind(self, ticks: tuple[str, ...]) -> None:
        """Mark as a second marker, who sees only the own mark."""
        own = self.log.marks(ITEM, STUDENT).seconds.get(self.name)
        self.log.add(a_mark(self.name, *ticks, after=own.uid if own else "", second=True))

    def changes_rubric(self, points: float) -> None:
        """Give other points to each current mark, as a change of the rubric does."""
        for mark in self.log.marks(ITEM, STUDENT).current:
            uid = a_mark("").uid
            self.log.add(
                msgspec.structs.replace(
                    mark, uid=uid, after=mark.uid, points=points, settles=(), cause="rubric"
                )
            )

    def merges(self, other: Copy) -> None:
        known = {entry.uid for entry in self.log.entries}
        for entry in list(other.log.entries):
            if entry.uid not in known:
                self.log.add(entry)

    @property
    def current(self) -> set[str]:
        return {mark.uid for mark in self.log.marks(ITEM, STUDENT).current}


TICKS = st.sets(st.sampled_from(["s1", "s2"])).map(lambda ticks: tuple(sorted(ticks)))
STEPS = st.one_of(
    st.tuples(st.just("marks"), st.integers(0, 2), TICKS),
    st.tuples(st.just("marks_blind"), st.integers(0, 2), TICKS),
    st.tuples(st.just("changes_rubric"), st.integers(0, 2), st.sampled_from([0.5, 1.0])),
    st.tuples(st.just("merges"), st.integers(0, 2), st.integers(0, 2)),
)


def after_steps(steps: list[tuple[str, int, object]]) -> list[Copy]:
    copies = [Copy("Rita"), Copy("Sam"), Copy("Tom")]
    for name, index, value in steps:
        act: Callable[[object], None] = getattr(copies[index], name)
        act(copies[value] if isinstance(value, int) and name == "merges" else value)
    return copies


@settings(max_examples=60, deadline=None)
@given(st.lists(STEPS, max_size=14), st.permutations([0, 1, 2]), st.permutations([0, 1, 2]))
def test_copies_agree_in_whatever_order_they_are_merged(
    steps: list[tuple[str, int, object]], order: list[int], another: list[int]
) -> None:
    copies = after_steps(steps)
    one, two = Copy("one"), Copy("two")
    for index in order:
        one.merges(copies[index])
    for index in another:
        two.merges(copies[index])
    mine, theirs = one.log.marks(ITEM, STUDENT), two.log.marks(ITEM, STUDENT)
    assert one.current == two.current
    assert {each.uid for each in mine.history} == {each.uid for each in theirs.history}
    assert mine.seconds == theirs.seconds
    if mine.newest and theirs.newest and mine.newest.uid == theirs.newest.uid:
        assert {each.uid for each in mine.to_settle} == {each.uid for each in theirs.to_settle}


@settings(max_examples=60, deadline=None)
@given(st.lists(STEPS, max_size=14))
def test_two_copies_that_merge_each_other_list_the_same_marks(
    steps: list[tuple[str, int, object]],
) -> None:
    rita, sam, _ = after_steps(steps)
    before = list(sam.log.entries)
    sam.merges(rita)
    mine = Copy("", HandMarks(before))
    rita.merges(mine)
    assert rita.current == sam.current
    again = list(rita.log.entries)
    rita.merges(sam)
    assert rita.log.entries == again


@settings(max_examples=60, deadline=None)
@given(st.lists(STEPS, max_size=14))
def test_no_mark_is_lost(steps: list[tuple[str, int, object]]) -> None:
    """Each mark is current, or a later mark names it, or a person marked what it was made from."""
    copies = after_steps(steps)
    whole = Copy("")
    for copy in copies:
        whole.merges(copy)
    marks = whole.log.marks(ITEM, STUDENT)
    by_people = [mark for mark in marks.history if mark.cause != "rubric"]
    named = {uid for mark in marks.history for uid in (mark.after, *mark.settles)}
    named_by_people = {uid for mark in by_people for uid in (mark.after, *mark.settles)}
    by_uid = {mark.uid: mark for mark in marks.history}
    for mark in marks.history:
        origin = mark
        while origin.cause == "rubric":
            origin = by_uid[origin.after]
        is_replaced = mark.uid in named or (origin is not mark and origin.uid in named_by_people)
        assert (mark.uid in whole.current) != is_replaced
    assert (marks.newest is None) == (not [each for each in marks.history if not each.second])


@settings(max_examples=60, deadline=None)
@given(st.lists(STEPS, max_size=14), TICKS)
def test_a_decision_ends_all_conflicts_in_every_copy(
    steps: list[tuple[str, int, object]], ticks: tuple[str, ...]
) -> None:
    copies = after_steps(steps)
    main = copies[0]
    for copy in copies[1:]:
        main.merges(copy)
    main.marks(ticks)
    mine = main.log.marks(ITEM, STUDENT)
    assert mine.newest is not None
    # a blind mark that agreed with the earlier mark may differ from the new one
    assert all(each.second for each in mine.to_settle)
    main.marks(ticks)
    for copy in copies:
        copy.merges(main)
        marks = copy.log.marks(ITEM, STUDENT)
        assert marks.newest == main.log.marks(ITEM, STUDENT).newest
        assert not marks.to_settle
        main.merges(copy)
        assert not main.log.marks(ITEM, STUDENT).to_settle


def test_a_decision_in_one_copy_counts_in_the_other() -> None:
    rita, sam = Copy("Rita"), Copy("Sam")
    rita.marks(("s1",))
    sam.marks(("s2",))
    rita.merges(sam)
    assert len(rita.log.marks(ITEM, STUDENT).rivals) == 1
    rita.marks(("s1", "s2"))
    sam.merges(rita)
    marks = sam.log.marks(ITEM, STUDENT)
    assert marks.newest is not None
    assert (marks.newest.marker, marks.rivals) == ("Rita", ())


def test_equal_marks_of_two_copies_are_no_conflict_and_stay_none() -> None:
    rita, sam = Copy("Rita"), Copy("Sam")
    rita.marks(("s1",))
    sam.marks(("s1",))
    rita.merges(sam)
    assert not rita.log.marks(ITEM, STUDENT).to_settle
    rita.marks(("s1", "s2"))
    assert not rita.log.marks(ITEM, STUDENT).to_settle
    sam.marks(("s2",))
    rita.merges(sam)
    assert [each.ticks for each in rita.log.marks(ITEM, STUDENT).rivals] == [("s2",)]


def test_a_changed_rubric_gives_way_to_a_person() -> None:
    rita, sam = Copy("Rita"), Copy("Sam")
    sam.marks(("s1",))
    rita.merges(sam)
    rita.changes_rubric(0.25)
    sam.marks(("s1", "s2"))
    rita.merges(sam)
    marks = rita.log.marks(ITEM, STUDENT)
    assert marks.newest is not None
    assert (marks.newest.ticks, marks.to_settle) == (("s1", "s2"), ())


def test_of_two_rubrics_and_two_deals_the_ones_in_force_stay() -> None:
    def rubric(text: str, after: str = "") -> RubricVersion:
        return RubricVersion(item=ITEM, steps=(RubricStep("s1", 1, text),), after=after)

    first = rubric("first")
    mine, theirs = rubric("mine", first.uid), rubric("theirs", first.uid)
    deal, other = Deal(markers={}), Deal(markers={ITEM: {}})
    entries: list[AnyEntry] = [first, mine, deal, theirs, other, rubric("x", theirs.uid)]
    log = HandMarks(entries)
    assert (log.rubrics[ITEM], log.deal) == (mine, deal)
    assert theirs.uid in log.versions


def test_an_entry_that_follows_a_lost_one_becomes_the_newest() -> None:
    step = RubricStep("s1", 1, "finds it")
    rubrics = [RubricVersion(item=ITEM, steps=(step,), after=after) for after in ("", "lost")]
    deals = [Deal(markers={}, after=after) for after in ("", "lost")]
    marks = [a_mark("Rita", after=after) for after in ("", "lost")]
    log = HandMarks([*rubrics, *deals, *marks])
    assert (log.rubrics[ITEM], log.deal) == (rubrics[1], deals[1])
    assert log.marks(ITEM, STUDENT).newest == marks[1]


def test_names_that_differ_only_in_capitals_and_spaces_are_one_marker() -> None:
    first = a_mark("Rita")
    deal = Deal(markers={ITEM: {STUDENT: ("rita", "Sam", "SAM")}})
    log = HandMarks([first, a_mark("RITA  ", "s1", after=first.uid, second=True), deal])
    marks = log.marks(ITEM, STUDENT)
    assert [each.marker for each in marks.history] == ["Rita", "Rita"]
    assert set(marks.seconds) == {"Rita"}
    assert log.deal is not None
    assert log.deal.markers[ITEM][STUDENT] == ("Rita", "Sam")
    assert [each.marker for each in log.entries] == ["Rita", "RITA  ", ""]
    assert (log.marker_named("rItA"), log.marker_named("Tom")) == ("Rita", "Tom")
