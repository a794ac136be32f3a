"""No archive writes outside submitted/STUDENT/hw2, and other students' files are still taken in."""

from __future__ import annotations

import io
import os
import stat
import struct
import zipfile
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from autograder.course.assignment import Course
from autograder.errors import SubmissionError
from autograder.submission.files import UnreadableError
from autograder.submission.intake import choosing
from autograder.submission.intake.archives import IntakeBudget, in_folder, in_zip, open_zip
from autograder.submission.intake.choosing import choose
from autograder.submission.intake.platforms import Sender, Sent
from autograder.submission.intake.roster import fault_of, suggested

from .conftest import NAME, OTHER, PROBLEM, Take, archive, notebook, package, placed, saved

GOOD = notebook("good")
ANNA = "Anna Meier_1_assignsubmission_file_"
BOB = "Bob Müller_2_assignsubmission_file_"


def tree(root: Path) -> set[str]:
    return {str(path.relative_to(root)) for path in root.rglob("*")}


BAD_NAMES = [
    f"../{PROBLEM}.ipynb",
    f"{ANNA}/../../../{PROBLEM}.ipynb",
    f"/etc/{PROBLEM}.ipynb",
    f"C:\\Users\\{PROBLEM}.ipynb",
    f"c:{PROBLEM}.ipynb",
    f"..\\..\\{PROBLEM}.ipynb",
    f"\\\\server\\share\\{PROBLEM}.ipynb",
    f"{ANNA}/a\x1b[31m/{PROBLEM}.ipynb",
    f"{ANNA}/a\n/{PROBLEM}.ipynb",
    "a/" * 40 + f"{PROBLEM}.ipynb",
    "a" * 2_000 + ".ipynb",
]


@pytest.mark.parametrize("name", BAD_NAMES)
def test_name_that_leads_elsewhere_is_refused_and_others_are_taken(
    name: str, course: Course, take: Take, tmp_path: Path
) -> None:
    files = {name: notebook("evil"), f"{BOB}/{PROBLEM}.ipynb": GOOD}
    before = tree(tmp_path)
    result = take(saved(tmp_path / "in", "m.zip", archive(files)))
    assert {key for key in placed(course) if key.endswith(".ipynb")} == {
        f"Bob-Müller/{NAME}/{PROBLEM}.ipynb"
    }
    new = {p for p in tree(tmp_path) - before if not p.startswith(("in", "course/submitted"))}
    assert new == set()
    (refused,) = [file for file in result.left_out if file.matters]
    assert refused.why
    assert refused.where.isprintable()


def member(name: str, mode: int = 0, content: bytes = b"x", flags: int = 0) -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as made:
        info = zipfile.ZipInfo(name, (2024, 11, 20, 12, 0, 0))
        info.external_attr = mode << 16
        info.compress_type = zipfile.ZIP_DEFLATED
        made.writestr(info, content)
    data = target.getvalue()
    if flags:  # once in the local header and once in the directory
        directory = data.index(b"PK\x01\x02")
        data = data[:6] + struct.pack("<H", flags) + data[8:]
        data = data[: directory + 8] + struct.pack("<H", flags) + data[directory + 10 :]
    return data


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (member(f"{PROBLEM}.ipynb", stat.S_IFLNK | 0o777, b"/etc/passwd"), "link"),
        (member(f"{PROBLEM}.ipynb", stat.S_IFIFO | 0o644), "link, or not a file"),
        (member(f"{PROBLEM}.ipynb", flags=1), "encrypted"),
        (member(f"{PROBLEM}.ipynb", content=b"0" * 3_000_000), "unpacks to"),
        (b"no zip at all", "not a zip file"),
        (archive({f"{PROBLEM}.ipynb": GOOD})[:-30], "not a zip file"),
        (
            archive({"inner.zip": archive({f"{PROBLEM}.ipynb": GOOD})}),
            "inside the student's archive",
        ),
        (archive({f"{n}.txt": b"" for n in range(501)}), "more than 500 files"),
    ],
)
def test_odd_archive_of_a_student_costs_this_student_alone(
    content: bytes, why: str, take: Take, tmp_path: Path
) -> None:
    files = {f"{ANNA}/x.zip": content, f"{BOB}/{PROBLEM}.ipynb": GOOD}
    result = take(saved(tmp_path, "m.zip", archive(files)))
    assert [each.student for each in result.taken] == ["Bob-Müller"]
    assert any(why in file.why for file in result.left_out), result.left_out


def test_damaged_member_is_told(take: Take, tmp_path: Path) -> None:
    content = bytearray(archive({f"{ANNA}/{PROBLEM}.ipynb": GOOD}))
    content[60] ^= 0xFF
    content[80] ^= 0xFF
    result = take(saved(tmp_path, "m.zip", bytes(content)))
    assert result.taken == []
    assert any("damaged" in file.why for file in result.left_out)


def test_size_that_a_member_lies_about_is_not_passed() -> None:
    """The archive's directory claims ten bytes, but the data expand to a million."""
    data = member("a.ipynb", content=b"0" * 1_000_000)
    directory = data.index(b"PK\x01\x02")
    lie = data[: directory + 24] + struct.pack("<I", 10) + data[directory + 28 :]
    with open_zip(lie, nested=True) as opened:
        (found,) = in_zip(opened, "x", (), ZoneInfo("UTC"), IntakeBudget())
        with pytest.raises(UnreadableError, match="damaged"):
            found.read()


@pytest.mark.parametrize(
    "manifest",
    [
        b"[" * 100_000,
        b" " * 300_000,
        b"[]",
        b"\xff",
        b'{"schema": "fdl-submission"}',
        b'{"schema": "fdl-submission", "assignment": [], "packed": 0, "notebooks": {"a": 1}}',
        b'{"schema": "fdl-submission", "assignment": "hw2", "packed": "now", "notebooks": {}}',
    ],
)
@pytest.mark.parametrize("form", ["loose", "packed"])
def test_odd_manifest_costs_its_own_time_alone(
    form: str, manifest: bytes, course: Course, take: Take, tmp_path: Path
) -> None:
    files = {f"{PROBLEM}.ipynb": GOOD, "manifest.json": manifest}
    files = files if form == "loose" else {f"{NAME}_submission.zip": archive(files)}
    result = take(saved(tmp_path, "anna.zip", archive(files)))
    assert placed(course)[f"anna/{NAME}/{PROBLEM}.ipynb"] == GOOD
    assert result.taken[0].time_source == "the files' dates"
    assert any("not a manifest" in file.why for file in result.left_out)


def test_all_together_have_a_limit(
    take: Take, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(choosing, "MAX_STUDENT_BYTES", 1_000)
    folder = tmp_path / "anna"
    for number in range(5):
        saved(folder, f"{number}.ipynb", notebook("x" * 300))
    result = take(folder)
    assert any("too large" in file.why for file in result.left_out)


def test_student_above_the_own_limit_leaves_the_others_theirs(
    course: Course, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(choosing, "MAX_STUDENT_BYTES", 1_000)
    for number in range(50):
        path = saved(tmp_path / "anna", f"{number}.ipynb", notebook("x" * 300))
    shared = IntakeBudget()
    before, size = shared.left, path.stat().st_size
    files = [Sent(each, (), each.name) for each in in_folder(tmp_path / "anna", shared)]
    choice = choose("anna", files, course.assignment(NAME), {}, ZoneInfo("UTC"), shared)
    assert sum("too large" in file.why for file in choice.rest) > 40
    assert before - shared.left <= 1_000 + size


def test_directory_that_is_too_large_is_not_read(monkeypatch: pytest.MonkeyPatch) -> None:
    data = bytearray(archive({"a": b""}))
    end = data.rindex(b"PK\x05\x06")
    data[end + 12 : end + 16] = struct.pack("<I", 2**31)
    monkeypatch.setattr(zipfile, "ZipFile", None)
    with pytest.raises(UnreadableError, match="directory is too large"):
        open_zip(bytes(data), nested=True)


def test_links_in_a_folder_are_named_and_not_followed(
    course: Course, take: Take, tmp_path: Path
) -> None:
    secret = saved(tmp_path / "secret", f"{PROBLEM}.ipynb", GOOD)
    folder = tmp_path / "all"
    saved(folder, f"bob/{PROBLEM}.ipynb", GOOD)
    (folder / "anna").mkdir()
    os.symlink(secret, folder / "anna" / f"{PROBLEM}.ipynb")
    os.symlink(secret.parent, folder / "cleo")
    os.mkfifo(folder / "anna" / f"{OTHER}.ipynb")
    result = take(folder)
    assert {key.partition("/")[0] for key in placed(course)} <= {"bob", "all"}
    assert sum("link" in file.why for file in result.left_out) == 3


@pytest.mark.parametrize(
    "inner",
    [
        f"{BOB}/{PROBLEM}.ipynb",
        f"Abgaben/Müller_Bob_bmuel_2/{PROBLEM}.ipynb",
        f"bob/{NAME}/{PROBLEM}.ipynb",
        f"mullerbob_2_3_{PROBLEM}.ipynb",
    ],
)
def test_nobody_hands_in_for_another(
    inner: str, course: Course, take: Take, tmp_path: Path
) -> None:
    """All files in a student's upload belong to this student, whatever platform they imitate."""
    rows = "student,name,login,number\nanna,Anna Meier,ameier,1\nbob,Bob Müller,bmuel,2\n"
    for files in ({f"{ANNA}/{inner}": GOOD}, {f"{ANNA}/x.zip": archive({inner: GOOD})}):
        take(saved(tmp_path, "m.zip", archive(files)), rows=rows)
        assert {key.partition("/")[0] for key in placed(course)} <= {"anna"}


def test_file_name_in_canvas_makes_no_export_of_moodle(take: Take, tmp_path: Path) -> None:
    name = f"meieranna_1_7_{BOB}{PROBLEM}.ipynb"
    result = take(saved(tmp_path, "submissions.zip", archive({name: GOOD})))
    assert [(each.platform, each.student) for each in result.taken] == [("canvas", "meieranna")]


@pytest.mark.parametrize(
    "name", ["con", "NUL", "com1", "lpt9.txt", ".hidden", "a/b", "..", "", "a "]
)
def test_names_that_are_no_folder_everywhere_are_no_students(name: str, take: Take) -> None:
    assert fault_of(name)
    with pytest.raises(SubmissionError):
        take(student=name)


def test_device_name_on_a_platform_is_told(course: Course, take: Take, tmp_path: Path) -> None:
    files = {f"Con_1_assignsubmission_file_/{PROBLEM}.ipynb": GOOD}
    result = take(saved(tmp_path, "m.zip", archive(files)))
    assert placed(course) == {}
    assert "device" in result.unknown_senders[0].why


def test_names_that_differ_by_case_alone_are_not_mixed(take: Take, tmp_path: Path) -> None:
    take(saved(tmp_path, "Anna.zip", archive({f"{PROBLEM}.ipynb": GOOD})))
    result = take(saved(tmp_path, "anna.zip", archive({f"{PROBLEM}.ipynb": GOOD})))
    assert "only in case" in result.unknown_senders[0].why


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(st.text(max_size=40), min_size=1, max_size=6))
def test_suggested_name_is_always_one_plain_folder(names: list[str]) -> None:
    senders = [Sender("moodle", name, (str(n),), (name,)) for n, name in enumerate(names) if name]
    found = suggested(senders)
    for name, why in found.values():
        assert bool(name) is not bool(why)
        assert Path(name).name == name
        assert not name.startswith(".")
    taken = [name.casefold() for name, _ in found.values() if name]
    assert len(taken) == len(set(taken))


part = st.one_of(
    st.sampled_from(
        [ANNA, BOB, "..", ".", "", "Abgaben", "submission_1", "hw2", f"{PROBLEM}.ipynb", "x.zip"]
    ),
    st.text(max_size=12),
)
content = st.sampled_from([GOOD, b"", b"{", package({f"{PROBLEM}.ipynb": GOOD}), b"PK\x05\x06"])


@settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(
    files=st.dictionaries(st.lists(part, min_size=1, max_size=4).map("/".join), content, max_size=6)
)
def test_nothing_is_written_but_notebooks_and_times(
    files: dict[str, bytes], take: Take, tmp_path: Path
) -> None:
    try:
        whole = archive(files)
    except (ValueError, UnicodeError):  # no archive can store this name
        return
    outside = tree(tmp_path) - {"m.zip"}
    take(saved(tmp_path, "m.zip", whole), replace=True)
    allowed = {f"{PROBLEM}.ipynb", "timestamp.txt"}
    for path in tree(tmp_path) - outside:
        here = tmp_path / path
        assert path == "m.zip" or path.startswith("course/submitted")
        assert (
            here.is_dir()
            or (here.name in allowed and here.parent.name.startswith(NAME))
            or (path == "m.zip")
        )
