"""Find the gradebook's students in another system's list of people.

Identifiers decide. A login, a student's id or an address is the best evidence. The number that
another system gave to a person comes second. The gradebook has one number for each student and does
not say which system gave it. So two people may have the same number in different systems. A name
comes last, in some lists, and only if there is no better evidence.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass
from itertools import chain

from autograder.gradebook.marks import Marks, Person, StudentMarks
from autograder.gradebook.people import LIST
from autograder.submission.intake.known import account_source
from autograder.submission.intake.roster import exactly, squeezed, turns

Row = Sequence[str]

_Index = Mapping[str, Set[str]]


@dataclass(frozen=True)
class Matching:
    """The result of matching: each roster row's student, and the rows and students without a match.

    `people` are the indices of the rows that belong to a person. Students who handed in nothing are
    matched too, but they are never in `only_ours`.
    """

    people: Collection[int]
    students: Mapping[int, StudentMarks]
    only_theirs: tuple[str, ...]
    only_ours: tuple[str, ...]
    faults: tuple[str, ...]


def match(
    marks: Marks,
    rows: Sequence[Row],
    name: Callable[[Row], str],
    *,
    system: str = "",
    ids: Sequence[int] = (),
    emails: Sequence[int] = (),
    numbers: Sequence[int] = (),
    names: Sequence[int] = (),
    by_name: Sequence[int] = (),
    is_person: Callable[[Row], bool] = lambda _: True,
    result: str = "no mark was written",
) -> Matching:
    """Find the gradebook's students in the roster's rows; upper and lower case do not matter.

    A student's id is searched in the columns `ids` and `emails`, the email address in `emails`. The
    other system's id (nbgrader's `lms_user_id`) is searched only in the columns `numbers`, because
    another student's id may be the same number. This id counts only for a row and a student without
    better evidence, and only if the name in the columns `names` does not differ. The same holds for
    the student's accounts in `system`, and for the words of the course's lists. Both are searched
    in all these columns, unless two students have the same word. The columns `by_name` contain
    names that may be the only evidence, unless the addresses differ. If a row matches two students,
    or a student matches two rows, nothing is written for them and a fault is reported, which ends
    with `result`. `name` is a function that returns a row's name for messages.
    """
    people = {number: row for number, row in enumerate(rows) if is_person(row)}
    everybody = marks.everybody
    finder = _Finder(everybody, people)
    finder.look((*ids, *emails), lambda each: [each.person.id])
    finder.look(emails, lambda each: [each.person.email])
    finder.settle()
    every = (*ids, *emails, *numbers)
    accounts = _own_words(everybody.values(), account_source(system, marks.name))
    finder.look(every, accounts, key=exactly, contradicted_by=names)
    finder.settle()
    listed = _own_words(everybody.values(), LIST)
    finder.look(numbers, lambda each: [each.person.lms_id], contradicted_by=names)
    finder.look(every, listed, key=exactly, contradicted_by=names)
    finder.settle()
    finder.look(
        by_name, lambda each: _names_of(each.person), key=squeezed, contradicted_by_address=emails
    )
    finder.settle()
    found, places = finder.found, finder.places
    sure = {
        number: student
        for number, who in found.items()
        for student in who
        if len(who) == 1 and len(places[student]) == 1
    }
    return Matching(
        found.keys(),
        {number: everybody[student] for number, student in sure.items()},
        tuple(name(rows[number]) for number, who in found.items() if not who),
        tuple(student for student in marks.students if student not in places),
        tuple(f"{fault}: {result}" for fault in _ambiguities(rows, found, places, name)),
    )


def _own_words(
    students: Iterable[StudentMarks], source: str
) -> Callable[[StudentMarks], Iterable[str]]:
    """Return a function that returns a student's words from a source that nobody else has."""
    words = {
        each.person.id: {exactly(word) for where, word in each.person.known_as if where == source}
        for each in students
    }
    often = Counter(chain.from_iterable(words.values()))
    return lambda each: [word for word in words[each.person.id] if often[word] == 1]


def _key(value: str) -> str:
    return value.strip().casefold()


class _Finder:
    """A search in several steps; later steps skip the rows and students that are already found."""

    def __init__(self, students: Mapping[str, StudentMarks], rows: Mapping[int, Row]) -> None:
        self._students = students
        self._rows = rows
        self.found: dict[int, set[str]] = {number: set() for number in rows}
        self._settled: set[int] = set()
        self.places: dict[str, set[int]] = {}

    def look(
        self,
        columns: Sequence[int],
        known_as: Callable[[StudentMarks], Iterable[str]],
        *,
        key: Callable[[str], str] = _key,
        contradicted_by: Sequence[int] = (),
        contradicted_by_address: Sequence[int] = (),
    ) -> None:
        """Add the students whose identifier is in one of the columns.

        Skip a student whose name or address differs from a name or address in the row.
        """
        index = self._index(known_as, key)
        for number in self._rows.keys() - self._settled:
            row = self._rows[number]
            words = " ".join(row[column] for column in contradicted_by)
            has_address = any(row[column].strip() for column in contradicted_by_address)
            for student in {who for column in columns for who in index.get(key(row[column]), ())}:
                person = self._students[student].person
                if not (_contradicts(words, person) or (has_address and person.email)):
                    self.found[number].add(student)

    def settle(self) -> None:
        """End a step: the rows and students found so far are not searched in later steps."""
        for number, who in self.found.items():
            if who:
                self._settled.add(number)
            for student in who:
                self.places.setdefault(student, set()).add(number)

    def _index(
        self, known_as: Callable[[StudentMarks], Iterable[str]], key: Callable[[str], str]
    ) -> _Index:
        """Return the students who are not found yet, by key; skip empty keys."""
        index: dict[str, set[str]] = {}
        for student, each in self._students.items():
            if student not in self.places:
                for found in filter(None, map(key, known_as(each))):
                    index.setdefault(found, set()).add(student)
        return index


def _names_of(person: Person) -> Iterator[str]:
    """Yield a person's name in the usual orders, and the id, which may be made from the name."""
    yield from turns(f"{person.first_name} {person.last_name}")
    yield person.id


def _contradicts(words: str, person: Person) -> bool:
    """Return whether two known names have nothing in common; `words` may lack spaces."""
    theirs = [squeezed(word) for word in words.replace(",", " ").split()]
    ours = [squeezed(word) for word in f"{person.first_name} {person.last_name}".split()]
    is_known = any(theirs) and any(ours)
    return is_known and not any(word and word in other for word in ours for other in theirs)


def _ambiguities(
    rows: Sequence[Row],
    found: Mapping[int, set[str]],
    places: Mapping[str, set[int]],
    name: Callable[[Row], str],
) -> Iterable[str]:
    for number, who in found.items():
        if len(who) > 1:
            ours = ", ".join(sorted(who))
            yield f"{name(rows[number])} matches several students ({ours})"
    for student, numbers in sorted(places.items()):
        if len(numbers) > 1:
            theirs = ", ".join(name(rows[number]) for number in sorted(numbers))
            yield f"{student} matches several rows ({theirs})"
