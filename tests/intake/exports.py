"""Exports as Moodle, Canvas, ILIAS and Gradescope write them, with and without stray files."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from .conftest import PROBLEM, Files, archive, notebook

FILE = f"{PROBLEM}.ipynb"


@dataclass(frozen=True)
class Person:
    """A student: the folder in `submitted/`, and the data on the platforms."""

    student: str
    first: str
    last: str
    number: int
    login: str
    id_number: str

    @property
    def name(self) -> str:
        return f"{self.first} {self.last}"

    @property
    def email(self) -> str:
        return f"{self.student}@example.org"

    @property
    def work(self) -> bytes:
        return notebook(self.student)


ANNA = Person("anna", "Anna", "Meier", 101, "ameier", "24-111-222")
BELA = Person("bela", "Béla", "Kovács", 102, "bk_7", "24-333-444")
CLEO = Person("cleo", "Cleo Zoë", "d'Arc", 103, "cdarc", "24-555-666")
JOERG = Person("joerg", "Jörg", "Müller-Lüdenscheidt", 104, "jmuel", "24-777-888")
CLASS = (ANNA, BELA, CLEO, JOERG)

LIST = "student,first name,last name,email,number,login\n" + "".join(
    f"{p.student},{p.first},{p.last},{p.email},{p.id_number},{p.login}\n" for p in CLASS
)
NAMES = "student,name\n" + "".join(f"{p.student},{p.name}\n" for p in CLASS)
NUMBERS = "student,number\n" + "".join(f"{p.student},{p.number}\n" for p in CLASS)
ID_NUMBERS = "student,number\n" + "".join(f"{p.student},{p.id_number}\n" for p in CLASS)
LOGINS = "student,login\n" + "".join(f"{p.student},{p.login}\n" for p in CLASS)
GROUPS = "group,student\n" + "".join(
    f"{group},{p.student}\n" for p, group in zip(CLASS, ("A 1", "A 1", "B-2", "B-2"), strict=True)
)


@dataclass(frozen=True)
class Sample:
    """An export, the list of students, and the result that an intake must have.

    `work` are the contents that each student must get, and `strays` the parts of names of all files
    that must be listed, in the order of the export.
    """

    files: Files
    rows: str = LIST
    groups: str = ""
    work: Mapping[str, bytes] = field(default_factory=lambda: {p.student: p.work for p in CLASS})
    strays: tuple[str, ...] = ()
    times: str = ""


# --- Moodle --------------------------------------------------------------------------------------


def cleaned(name: str) -> str:
    """Return a name as Moodle writes it (clean_filename)."""
    return re.sub(r"[&<>\"`|':\\/]", "", name.replace("_", " "))


def moodle(
    name: Callable[[Person], str] = lambda p: f"{cleaned(p.name)}_{p.number}",
    mark: str = "_assignsubmission_file_/",
    people: Iterable[Person] = CLASS,
) -> Files:
    """Return a download of all submissions; `mark` is between a person's prefix and a file."""
    return {f"{name(each)}{mark}{FILE}": each.work for each in people}


NEW = "_assignsubmission_file/"
FLAT = "_assignsubmission_file_"
TEXT = {"Anna Meier_101_assignsubmission_onlinetext/onlinetext.html": b"<p>hello</p>"}

ENGLISH = (
    "Identifier,Full name,ID number,Email address,Status,Group,Grade,Maximum Grade,"
    "Grade can be changed,Last modified (submission),Online text,Last modified (grade),"
    "Feedback comments",
    "Participant ",
    "Submitted for grading - ",
    "Yes",
    "Thursday, 21 November 2024, 10:15 PM",
)
GERMAN = (
    "ID,Vollständiger Name,ID-Nummer,E-Mail-Adresse,Status,Gruppe,Bewertung,Bestwertung,"
    "Bewertung kann geändert werden,Zuletzt geändert (Abgabe),Texteingabe online,"
    "Zuletzt geändert (Bewertung),Feedback als Kommentar",
    "Teilnehmer/in",
    "Zur Bewertung abgegeben - ",
    "Ja",
    "Donnerstag, 21. November 2024, 22:15",
)
FRENCH = (
    "Identifiant,Nom complet,Numéro d'identification,Adresse de courriel,Statut,Groupe,Note,"
    "Note maximale,La note peut être modifiée,Dernière modification (travail remis),Texte en "
    "ligne,Dernière modification (note),Feedback par commentaires",
    "Participant ",
    "Remis pour évaluation - ",
    "Oui",
    "jeudi 21 novembre 2024, 22:15",
)
TEN_PAST_NINE = "2024-11-21 21:15:00.000000 UTC"
"""The time of the submissions in all worksheets, which are in the time of Berlin."""


def worksheet(
    words: tuple[str, str, str, str, str] = ENGLISH,
    groups: Callable[[Person], str] = lambda _: "",
    blind: bool = False,
    people: Iterable[Person] = CLASS,
    delimiter: str = ",",
) -> bytes:
    """Return a grading worksheet of Moodle, without names if `blind`."""
    heading, participant, status, yes, date = words
    columns = heading.split(",")
    rows = [columns[:1] + columns[4:] if blind else columns]
    for each in people:
        who = [] if blind else [each.name, each.id_number, each.email]
        marks = [status, groups(each), "", "30,00", yes, date, "", "-", ""]
        rows.append([f"{participant}{each.number}", *who, *marks])
    lines = (delimiter.join(f'"{cell}"' for cell in row) for row in rows)
    return "\ufeff".encode() + "\r\n".join([*lines, ""]).encode()


def team(each: Person) -> str:
    return "A 1" if each in (ANNA, BELA) else "B-2"


SHARED = {
    ANNA.student: ANNA.work, BELA.student: ANNA.work, CLEO.student: CLEO.work,
    JOERG.student: CLEO.work,
}  # fmt: skip
"""The work of two groups; one member of each group handed in."""

GROUP_FOLDERS = {
    f"A 1_17{NEW}{FILE}": ANNA.work,
    f"B-2_18{NEW}{FILE}": CLEO.work,
}
SHEET = {"Grades-FDL-Homework 2-4711.csv": worksheet()}
FOREIGN = {"Bewertungen-FDL-Übung 2-4711.csv": worksheet(GERMAN)}

MOODLE = {
    "files without folders, before 3.1": Sample(moodle(mark=FLAT)),
    "folders, from 3.1 on": Sample(moodle()),
    "folders, from 4.1 on": Sample(moodle(mark=NEW)),
    "folders with the students' own folders": Sample(moodle(mark=f"{NEW}src/hw 2/")),
    "a group for each name, before 4.1": Sample(
        moodle(lambda p: f"{team(p)}-{cleaned(p.name)}_{p.number}"), rows=NAMES
    ),
    "a group for each name, with the worksheet": Sample(
        {**moodle(lambda p: f"Team 1-{cleaned(p.name)}_{p.number}", people=[ANNA]), **SHEET},
        rows=ID_NUMBERS,
        work={"anna": ANNA.work},
        strays=("Grades",),
        times=TEN_PAST_NINE,
    ),
    "groups from 4.1 on, with a list": Sample(GROUP_FOLDERS, groups=GROUPS, work=SHARED),
    "groups without folders, with a list": Sample(
        {name.replace("/", "_"): content for name, content in GROUP_FOLDERS.items()},
        groups=GROUPS,
        work=SHARED,
    ),
    "groups with the table of participants": Sample(
        GROUP_FOLDERS,
        groups="First name,Last name,Email address,Groups\n"
        + "".join(f'{p.first},{p.last},{p.email},"Lab 3, {team(p)}"\n' for p in CLASS),
        work=SHARED,
    ),
    "groups with the worksheet": Sample(
        {**GROUP_FOLDERS, "Grades.csv": worksheet(groups=team)},
        work=SHARED,
        strays=("Grades",),
        times=TEN_PAST_NINE,
    ),
    "groups with a German worksheet as the list": Sample(
        GROUP_FOLDERS, groups=worksheet(GERMAN, team).decode(), work=SHARED, times=TEN_PAST_NINE
    ),
    "students without a group": Sample(
        {**GROUP_FOLDERS, f"Default group{NEW}{FILE}": JOERG.work},
        groups=GROUPS.replace("B-2,joerg", "Default group,joerg"),
        work={**SHARED, "joerg": JOERG.work},
    ),
    "students without a group, who are not listed": Sample(
        {**GROUP_FOLDERS, f"Standardgruppe{NEW}{FILE}": JOERG.work},
        groups=GROUPS.replace("B-2,joerg\n", ""),
        work={name: SHARED[name] for name in ("anna", "bela", "cleo")},
        strays=("Standardgruppe",),
    ),
    "no names, with numbers": Sample(moodle(lambda p: f"Participant_{p.number}"), rows=NUMBERS),
    "no names, in German": Sample(moodle(lambda p: f"Teilnehmerin_{p.number}", FLAT), rows=NUMBERS),
    "no names, with a worksheet that has them": Sample(
        {**moodle(lambda p: f"Participant_{p.number}", NEW), **SHEET},
        rows=NAMES,
        strays=("Grades",),
        times=TEN_PAST_NINE,
    ),
    "no names, with a worksheet that has none": Sample(
        {
            **moodle(lambda p: f"Teilnehmerin_{p.number}"),
            "Bewertungen.csv": worksheet(GERMAN, blind=True),
        },
        rows=NUMBERS,
        strays=("Bewertungen",),
        times=TEN_PAST_NINE,
    ),
    "texts typed online": Sample({**moodle(mark=NEW), **TEXT}, strays=("onlinetext.html",)),
    "texts typed online, without folders": Sample(
        {**moodle(mark=FLAT), "Anna Meier_101_assignsubmission_onlinetext_onlinetext.html": b"x"},
        strays=("onlinetext.html",),
    ),
    "feedback files": Sample(
        {**moodle(), "Anna Meier_101_assignfeedback_file_/marked.ipynb": b"{}"},
        strays=("marked.ipynb",),
    ),
    "the worksheet": Sample(
        {**moodle(), **SHEET}, rows=ID_NUMBERS, strays=("Grades",), times=TEN_PAST_NINE
    ),
    "the worksheet in German": Sample(
        {**moodle(), **FOREIGN}, rows=ID_NUMBERS, strays=("Bewertungen",), times=TEN_PAST_NINE
    ),
    "the worksheet in French, saved by Excel": Sample(
        {**moodle(mark=NEW), "Notes.csv": worksheet(FRENCH, delimiter=";")},
        rows=ID_NUMBERS,
        strays=("Notes.csv",),
        times=TEN_PAST_NINE,
    ),
    "the worksheet beside files without folders": Sample(
        {**SHEET, **moodle(mark=FLAT)}, rows=ID_NUMBERS, strays=("Grades",), times=TEN_PAST_NINE
    ),
    "the worksheet as a spreadsheet": Sample(
        {**moodle(), "Grades.xlsx": b"PK\x03\x04"}, strays=("Grades.xlsx",)
    ),
    "the worksheet of another homework": Sample(
        {
            **moodle(),
            "Grades.csv": worksheet(people=[Person("x", "Anna", "Meier", 999, "x", "24-9")]),
        },
        strays=("Grades.csv",),
    ),
    "two stray files and what archivers add": Sample(
        {
            "README.md": b"# all",
            "feedback.pdf": b"%PDF",
            ".DS_Store": b"",
            **moodle(),
            "__MACOSX/._README.md": b"",
        },
        strays=("README.md", "feedback.pdf", ".DS_Store", "._README.md"),
    ),
    "a stray folder and a stray notebook": Sample(
        {**moodle(mark=NEW), f"model answers/{FILE}": b"{}", FILE: b"{}"},
        strays=("model answers", FILE),
    ),
    "an export within a folder": Sample({f"FDL/{name}": data for name, data in moodle().items()}),
    "an export and its worksheet within a folder": Sample(
        {**{f"FDL-4711/{name}": data for name, data in moodle(mark=NEW).items()}, **SHEET},
        rows=ID_NUMBERS,
        strays=("Grades",),
        times=TEN_PAST_NINE,
    ),
    "exports of two groups within a folder": Sample(
        {
            **{f"Lab 1/{name}": data for name, data in moodle(people=[ANNA, BELA]).items()},
            **{f"Lab 2/{name}": data for name, data in moodle(people=[CLEO, JOERG]).items()},
        }
    ),
    "names in the form of a Mac": Sample(
        {unicodedata.normalize("NFD", name): data for name, data in moodle().items()}, rows=NAMES
    ),
    "names with underscores": Sample(
        moodle(lambda p: f"{p.name.replace(' ', '_')}_{p.number}"), rows=NAMES
    ),
    "two participants with one name": Sample(
        moodle(lambda p: f"Anna Meier_{p.number}", people=[ANNA, BELA]),
        rows="student,name,number\nanna,Anna Meier,101\nbela,Anna Meier,102\n",
        work={"anna": ANNA.work, "bela": BELA.work},
    ),
    "an empty folder": Sample(
        {**moodle(people=[ANNA]), "Béla Kovács_102_assignsubmission_file_/": b""},
        work={"anna": ANNA.work},
    ),
    "packages of the students": Sample(
        {name.replace(FILE, "x.zip"): archive({FILE: data}) for name, data in moodle().items()}
    ),
}

# --- Canvas --------------------------------------------------------------------------------------


def canvas(name: str = "{name}_{user}_{file}_", people: Iterable[Person] = CLASS) -> Files:
    """Return Canvas's submissions.zip."""
    return {
        name.format(
            name=re.sub(r"\W", "", f"{p.last}{p.first}").lower(), user=p.number, file=p.number + 900
        )
        + FILE: p.work
        for p in people
    }


CANVAS = {
    "files": Sample(canvas(), rows=NUMBERS),
    "files by name": Sample(canvas(), rows=NAMES),
    "late files": Sample(canvas("{name}_LATE_{user}_{file}_"), rows=NUMBERS),
    "files sent again": Sample(
        {**canvas(), f"meieranna_101_2001_{PROBLEM}-1.ipynb": notebook("again")},
        work={**{p.student: p.work for p in CLASS}, "anna": notebook("again")},
        strays=(f"meieranna_101_1001_{FILE}",),
    ),
    "anonymous files": Sample(
        {f"anon_Ab{p.number}_{p.number + 900}_{FILE}": p.work for p in CLASS},
        rows="student,number\n" + "".join(f"{p.student},Ab{p.number}\n" for p in CLASS),
    ),
    "typed texts, links and a stray file": Sample(
        {
            **canvas(),
            "meieranna_101_text.html": b"hello",
            "kovácsbéla_LATE_102_link.html": b"",
            "README.txt": b"",
        },
        strays=("_text.html", "_link.html", "README.txt"),
    ),
    "groups with a list": Sample(
        {f"a1_101_1001_{FILE}": ANNA.work, f"b2_103_1003_{FILE}": CLEO.work},
        groups=GROUPS,
        work=SHARED,
    ),
}

# --- ILIAS ---------------------------------------------------------------------------------------


def in_ascii(name: str) -> str:
    """Return a name as ILIAS writes it (getASCIIFilename)."""
    name = name.replace("ö", "oe").replace("ü", "ue").replace("'", "")
    return unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()


def ilias_folder(p: Person) -> str:
    return in_ascii(f"{p.last}_{p.first}_{p.login}_{p.number + 4000}")


def ilias(root: str = "", people: Iterable[Person] = CLASS) -> Files:
    """Return ILIAS's download of all submissions."""
    return {f"{root}{ilias_folder(p)}/{FILE}": p.work for p in people}


ANNAS = ilias_folder(ANNA)
PEERS = {f"HW 2/Feedback_files/to_{ANNAS}/from_{ilias_folder(BELA)}/{FILE}": b"{}"}

ILIAS = {
    "folders": Sample(ilias("HW 2/Abgaben/"), rows=LOGINS),
    "folders, in English": Sample(ilias("HW 2/Submissions/")),
    "folders, by name": Sample(
        ilias("HW 2/Abgaben/", [ANNA, CLEO, JOERG]),
        rows=NAMES,
        work={p.student: p.work for p in (ANNA, CLEO, JOERG)},
    ),
    "a spreadsheet and feedback of peers": Sample(
        {**ilias("HW 2/Abgaben/"), "HW 2/HW 2.xlsx": b"PK", **PEERS},
        strays=("HW 2.xlsx", "from_Kovacs"),
    ),
    "folders at the top, before 5.3": Sample(ilias()),
    "zipped again without the top folder": Sample(
        {**ilias(), "README.md": b""}, strays=("README",)
    ),
    "zipped again without the title": Sample(
        {**ilias("Abgaben/"), "HW 2.xlsx": b"PK"}, strays=("HW 2.xlsx",)
    ),
    "folders in another language": Sample(ilias("Devoir 2/Travaux remis/")),
    "teams": Sample(
        {
            **ilias("HW 2/Abgaben/Team 12/", [ANNA]),
            **ilias("HW 2/Abgaben/Team 13/", [CLEO]),
        },
        groups=GROUPS.replace("A 1", "12").replace("B-2", "Team 13"),
        work=SHARED,
    ),
    "teams at the top": Sample(
        {**ilias("Team 12/", [ANNA, BELA]), **ilias("Team 13/", [CLEO, JOERG])}
    ),
    "multi-feedback": Sample(
        {**ilias("multi_feedback_HW_2_77/"), "multi_feedback_HW_2_77/status.xlsx": b"PK"},
        strays=("status.xlsx",),
    ),
    "a folder without a number": Sample(
        {
            **ilias(people=[ANNA, BELA, CLEO]),
            f"{ilias_folder(JOERG).removesuffix('_4104')}/{FILE}": JOERG.work,
        }
    ),
    "a folder without a number and without a known login": Sample(
        {**ilias("HW 2/Abgaben/", [ANNA, BELA, CLEO]), f"HW 2/Abgaben/Muster_Max_mm/{FILE}": b"{}"},
        work={p.student: p.work for p in (ANNA, BELA, CLEO)},
        strays=("Muster_Max_mm",),
    ),
    "one participant": Sample(ilias(f"{ANNAS}/HW 2/Abgaben/", [ANNA]), work={"anna": ANNA.work}),
    "late files": Sample(
        {
            name.replace(FILE, f"Verspaetete Abgabe - {FILE}"): data
            for name, data in ilias("HW 2/Abgaben/").items()
        }
    ),
}

# --- Gradescope ----------------------------------------------------------------------------------


def gradescope(
    root: str = "assignment_7_export/", groups: Iterable[tuple[Person, ...]] = ()
) -> Files:
    """Return Gradescope's export, with a submission for each group of people."""
    groups = list(groups) or [(each,) for each in CLASS]
    files, about = {}, ["---"]
    for people in groups:
        about += [f"submission_{people[0].number}:", "  :submitters:"]
        for p in people:
            about += [
                f"  - :name: {p.name}",
                f"    :sid: '{p.id_number}'",
                f"    :email: {p.email}",
            ]
        about.append("  :created_at: 2024-11-21 21:15:00.000000000 Z")
        files[f"{root}submission_{people[0].number}/{FILE}"] = people[0].work
    return {f"{root}submission_metadata.yml": "\n".join([*about, ""]).encode(), **files}


LISTED = "submission_metadata.yml"

GRADESCOPE = {
    "folders": Sample(gradescope(), strays=(LISTED,), times=TEN_PAST_NINE),
    "folders at the top": Sample(gradescope(""), strays=(LISTED,), times=TEN_PAST_NINE),
    "groups": Sample(
        gradescope(groups=[(ANNA, BELA), (CLEO, JOERG)]),
        work=SHARED,
        strays=(LISTED,),
        times=TEN_PAST_NINE,
    ),
    "stray files": Sample(
        {
            "README.md": b"",
            **gradescope(),
            "assignment_7_export/submission_999/x.ipynb": b"{}",
            "assignment_7_export/scores.csv": b"Name,SID\n",
            "assignment_7_export/old/x.ipynb": b"{}",
        },
        strays=("README.md", LISTED, "submission_999", "scores.csv", "old/x.ipynb"),
        times=TEN_PAST_NINE,
    ),
    "two exports within a folder": Sample(
        {
            **gradescope("lab_1_export/", [(ANNA,), (BELA,)]),
            **gradescope("lab_2_export/", [(CLEO,), (JOERG,)]),
        },
        strays=(LISTED, LISTED),
        times=TEN_PAST_NINE,
    ),
}

# --- no platform ---------------------------------------------------------------------------------

FOLDERS = {
    "a folder for each student": Sample({f"{p.student}/{FILE}": p.work for p in CLASS}),
    "an archive for each student": Sample(
        {f"{p.student}.zip": archive({FILE: p.work}) for p in CLASS}
    ),
}

SAMPLES = {
    f"{platform}: {name}": sample
    for platform, samples in (
        ("moodle", MOODLE),
        ("canvas", CANVAS),
        ("ilias", ILIAS),
        ("gradescope", GRADESCOPE),
        ("folders", FOLDERS),
    )
    for name, sample in samples.items()
}


def unpacked(folder: Path, files: Files) -> Path:
    """Write the files of an export into a folder, as an archiver would."""
    for name, content in files.items():
        path = folder / name
        if name.endswith("/"):
            path.mkdir(parents=True)
        else:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
    return folder
