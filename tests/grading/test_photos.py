"""Photos of handwriting, from the files that students hand in to the pages that people read."""

from __future__ import annotations

import base64
import json
import shutil
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import nbformat
import pytest
from bs4 import BeautifulSoup

from autograder.content.pictures import plain_type
from autograder.course.assignment import Course
from autograder.course.gradecells import by_grade_id
from autograder.course.samples import SampleStudent, write_submission
from autograder.gradebook.recorder import Recorder
from autograder.grading.mark import Marking, mark_submission
from autograder.grading.report import DroppedPicture, Report
from autograder.pages.feedback import write_feedback
from autograder.sandbox import Sandbox
from tests import photos

from .tiny_class import HOMEWORK

PROOF, NOTEBOOK = "t-proof", "valley"
BODY = 8_000_000


@pytest.fixture(scope="module")
def tiny(tiny: Course, tmp_path_factory: pytest.TempPathFactory) -> Course:
    """A copy of the made-up course, because these tests hand in and record photos."""
    root = tmp_path_factory.mktemp("photos") / "course"
    shutil.copytree(tiny.root, root)
    return Course(root)


def attached(content: bytes, kind: str = "image/jpeg") -> dict[str, str]:
    return {kind: photos.base64_of(content)}


def hand_in(course: Course, text: str, attachments: Mapping[str, Any], *, beside: str = "") -> Path:
    """A right submission whose proof is this text with these attachments."""
    assignment = course.assignment(HOMEWORK)
    folder = course.submission("photos", HOMEWORK)

    def paste(at: Path) -> None:
        path = at / f"{NOTEBOOK}.ipynb"
        notebook = json.loads(path.read_text(encoding="utf-8"))
        (proof,) = (
            cell
            for cell in notebook["cells"]
            if cell["metadata"].get("nbgrader", {}).get("grade_id") == PROOF
        )
        proof["source"], proof["attachments"] = text.splitlines(keepends=True), attachments
        if beside:
            extra = {"cell_type": "markdown", "metadata": {}, "source": beside, "id": "beside"}
            notebook["cells"].append(extra)
        path.write_text(json.dumps(notebook), encoding="utf-8")

    write_submission(course, assignment, SampleStudent("photos", "has photos", spoil=paste), folder)
    return folder


def marked(course: Course, sandbox: Sandbox, folder: Path) -> Marking:
    return mark_submission(course, course.assignment(HOMEWORK), folder, sandbox=sandbox)


def kept(marking: Marking) -> dict[str, bytes]:
    """The pictures in the marked notebook, by the words that describe them."""
    found = {}
    for cell in marking.notebooks[NOTEBOOK].cells:
        for name, bundle in cell.get("attachments", {}).items():
            for kind, data in bundle.items():
                content = base64.b64decode(data)
                assert plain_type(content) == kind
                before, _, _ = cell.source.partition(f"](attachment:{name})")
                found[before.rpartition("![")[2]] = content
    return found


def dropped(marking: Marking) -> dict[str, str]:
    return {each.name: each.reason for each in marking.report.notebooks[NOTEBOOK].dropped}


KINDS = {
    "phone 1.jpg": (photos.phone_jpeg(1600, 1200, size=BODY), ""),
    "page.webp": (photos.saved(photos.halves(90, 80), "WEBP", exif=photos.exif(1)), ""),
    "drawing.png": (photos.png(300, 200, 90), ""),
    "page.heic": (photos.HEIC, "is HEIC, which marking can't show. Save it as JPEG"),
    "pages.pdf": (photos.PDF, "is PDF, which marking can't show. Save each page as a PNG"),
    "graph.svg": (photos.SVG, "is SVG, which marking can't show. Save it as PNG or JPEG"),
    "renamed.jpg": (photos.HEIC, "is HEIC"),
    "cut.jpg": (photos.phone_jpeg()[:3000], "is damaged"),
    "junk.png": (b"junk" * 50, "is not a picture that marking can show"),
    "bomb.png": (photos.bomb(), "has more than 50 million pixels"),
    "huge.jpg": (photos.phone_jpeg(size=12_500_000), "MB, but marking accepts 12 MB"),
}


def test_photos_come_upright_small_and_without_exif_from_submission_to_page(
    tiny: Course, sandbox: Sandbox
) -> None:
    """The Report and the page also name each refused picture, with the reason and the place."""
    text = "My proof.\n\n" + "\n".join(
        f"![{name}](attachment:{name.replace(' ', '%20')})" for name in KINDS
    )
    attachments = {
        name: attached(content, f"image/{name.rpartition('.')[2]}")
        for name, (content, _) in KINDS.items()
    }
    text += "\n![the plan](plan.jpg) ![](attachment:gone.png)"
    inline = photos.base64_of(photos.phone_jpeg(80, 60))
    text += f"\n![pasted in Colab](data:image/jpeg;base64,{inline})"
    marking = marked(tiny, sandbox, hand_in(tiny, text, attachments))
    report = Report.from_json(marking.report.to_json())
    assert report == marking.report
    assert report.points == report.max_points

    found = kept(marking)
    good = [name for name, (_, why) in KINDS.items() if not why]
    assert list(found) == [*good, "pasted in Colab"]
    for name in ("phone 1.jpg", "pasted in Colab", "page.webp"):
        assert photos.is_upright(photos.opened(found[name])), name
    assert photos.opened(found["phone 1.jpg"]).size == (1200, 1600)
    assert all(photos.SECRET.encode() not in content for content in found.values())

    refused = dropped(marking)
    for name, (_, why) in KINDS.items():
        assert why in refused[name] if why else name not in refused
    assert "is a file beside the notebook" in refused["plan.jpg"]
    assert "is not in this cell" in refused["gone.png"]
    first = report.dropped(PROOF)[0]
    assert report.place(first).startswith(f"submitted/photos/{HOMEWORK}/{NOTEBOOK}.ipynb, cell ")

    assignment = tiny.assignment(HOMEWORK)
    with Recorder(tiny, assignment) as recorder:
        recorder.record("photos", marking)
    write_feedback(tiny, assignment, ["photos"])
    page = (tiny.feedback("photos", HOMEWORK) / "index.html").read_text(encoding="utf-8")
    shown = BeautifulSoup(page, "html.parser")
    pictures = shown.select("img.photo")
    assert [each["alt"] for each in pictures] == [f"Your picture: {name}" for name in found]
    assert [base64.b64decode(str(each["src"]).partition(",")[2]) for each in pictures] == list(
        found.values()
    )
    words = shown.get_text()
    assert all(each.text in words for each in report.dropped(PROOF))
    stored = tiny.autograded("photos", HOMEWORK) / f"{NOTEBOOK}.ipynb"
    cell = by_grade_id(nbformat.read(stored, as_version=4))[PROOF]
    assert len(cell.attachments) == len(found)
    assert photos.SECRET.encode() not in stored.read_bytes()


def test_same_submission_gives_the_same_notebook(tiny: Course, sandbox: Sandbox) -> None:
    text = "![a](attachment:a.jpg)"
    folder = hand_in(tiny, text, {"a.jpg": attached(photos.phone_jpeg())})
    one, other = (marked(tiny, sandbox, folder) for _ in range(2))
    assert one.notebooks == other.notebooks
    assert one.report == other.report


def test_pictures_of_other_cells_are_kept_and_refused_too(tiny: Course, sandbox: Sandbox) -> None:
    inline = photos.base64_of(photos.phone_jpeg())
    beside = f"![sketch](data:image/jpeg;base64,{inline}) ![](data:image/png;base64,AAAA)"
    marking = marked(tiny, sandbox, hand_in(tiny, "A proof.", {}, beside=beside))
    assert list(kept(marking)) == ["sketch"]
    (picture,) = marking.report.notebooks[NOTEBOOK].dropped
    assert picture.item is None
    assert picture.reason.startswith("is not a picture")


def test_pictures_that_exhaust_the_decoder_cost_a_bounded_time(
    tiny: Course, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A process that uses up its time ends; the rest is refused in words, and marking goes on."""
    monkeypatch.setattr("autograder.sandbox.redrawing.PROCESSOR_SECONDS", (1, 1))
    large = photos.png(9_900, 5_000)
    names = [f"{number}.png" for number in range(12)]
    attachments = {
        name: attached(large + bytes(number), "image/png") for number, name in enumerate(names)
    }
    text = " ".join(f"![{name}](attachment:{name})" for name in names)
    begin = time.process_time()
    marking = marked(tiny, sandbox, hand_in(tiny, text, attachments))
    assert time.process_time() - begin < 20
    reasons = set(dropped(marking).values())
    assert any(reason.startswith("takes too long") for reason in reasons)
    assert len(kept(marking)) + len(dropped(marking)) == len(names)
    assert marking.report.points == marking.report.max_points


def test_report_without_dropped_pictures_is_read() -> None:
    assert DroppedPicture("a.jpg", "is HEIC.", "x.ipynb", 3).text == (
        "The picture a.jpg (x.ipynb, cell 3 from the top) is HEIC."
    )
