"""If other versions cause a fault, the feedback says so, and so do the teacher's tables."""

from __future__ import annotations

import json
import platform
import sys
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pytest

from autograder.course.assignment import Course
from autograder.course.samples import SampleStudent, write_submission
from autograder.grading.jobs import MarkSettings
from autograder.grading.mark import mark_submission, read_skeletons
from autograder.grading.otherversions import told_difference, told_of_line, versions_here
from autograder.grading.report import Report
from autograder.sandbox import Sandbox
from autograder.submission.parcel import pack
from autograder.submission.receiving import read_submission

from .conftest import PATIENT, MarkTiny
from .tiny_class import HOMEWORK

HERE = platform.python_version()


@pytest.mark.parametrize(
    ("line", "name"),
    [
        ("area = np.trapz(y, x)", "np.trapz"),
        ("from numpy import sum, in1d", "numpy.in1d"),
        ("x = numpy.linalg.norms(y)", "numpy.linalg.norms"),
        ("colours = plt.cm.get_cmap('jet')", "plt.cm.get_cmap"),
    ],
)
def test_a_name_that_is_gone_is_told(line: str, name: str) -> None:
    assert plt is not None
    package = "matplotlib" if name.startswith("plt") else "numpy"
    told = told_of_line(line, "AttributeError: made up")
    assert told.startswith(f"`{name}` does not exist in {package} {versions_here()[package]}")


@pytest.mark.parametrize(
    "line",
    ["np.sum(x) / 0", "my.np.trapz(x)", "from numpy import sum", "np.array(x).trapz()", "x = = 1",
     "np.random.default_rng(0)", "from matplotlib.sphinxext import nothing", "np.inf.nothing"],
)  # fmt: skip
def test_nothing_is_told_of_other_lines(line: str) -> None:
    assert told_of_line(line) == ""
    assert told_of_line(line, "SyntaxError: invalid syntax") == ""
    assert "matplotlib.sphinxext" not in sys.modules


@pytest.mark.skipif(sys.version_info >= (3, 12), reason="reads these lines")
@pytest.mark.parametrize(
    ("line", "error"),
    [
        ('t = f"{a["x"]}"', "SyntaxError: f-string: unmatched '['"),
        ("type Vector = list[float]", "SyntaxError: invalid syntax"),
        ("def first[T](values):", "SyntaxError: expected '('"),
    ],
)
def test_a_line_for_newer_pythons_is_told(line: str, error: str) -> None:
    told = told_of_line(line, error)
    assert "Python 3.12" in told
    assert f"marked with Python {HERE}" in told


def test_other_versions_are_told_and_a_last_part_is_not() -> None:
    assert told_difference({}) == ""
    assert told_difference({"python": ".".join(HERE.split(".")[:2]) + ".99"}) == ""
    told = told_difference({"python": "3.9.1", "numpy": "1.26.4"})
    assert told == (
        f"Written with Python 3.9.1, numpy 1.26.4; marked with Python {HERE}, "
        f"numpy {np.__version__}."
    )


GONE = "import numpy as np\nnp.trapz\ndef slope(u, v):\n    return u, v"
CALLS = "def slope(u, v):\n    return np.trapz([1.0], [2.0])"


def test_a_missing_name_is_told_at_its_cell_and_at_its_item(mark_tiny: MarkTiny) -> None:
    report = mark_tiny(SampleStudent("gone", "", {"t-slope-answer": GONE})).report
    assert "`np.trapz` does not exist in numpy" in report.notebooks["valley"].faults[0].error
    report = mark_tiny(SampleStudent("calls", "", {"t-slope-answer": CALLS})).report
    assert "`np.trapz` does not exist in numpy" in report.items["t-slope"].claims[0].message


MANIFEST = json.dumps({"versions": {"python": "3.9.1", "numpy": "2.0.2", "matplotlib": 3}}).encode()


def submission(tiny: Course, at: Path, manifest: bytes) -> Path:
    write_submission(tiny, tiny.assignment(HOMEWORK), SampleStudent("anna", "answers all"), at)
    (at / "manifest.json").write_bytes(manifest)
    return at


def report_of(tiny: Course, sandbox: Sandbox, at: Path, *, packed: bool = False) -> Report:
    path = pack(at, ["valley"]) if packed else at
    settings = MarkSettings(limits=PATIENT)
    return mark_submission(
        tiny, tiny.assignment(HOMEWORK), path, settings=settings, sandbox=sandbox
    ).report


@pytest.mark.parametrize("packed", [False, True])
def test_versions_of_the_manifest_are_in_the_report(
    packed: bool, tiny: Course, sandbox: Sandbox, tmp_path: Path
) -> None:
    report = report_of(tiny, sandbox, submission(tiny, tmp_path / "anna", MANIFEST), packed=packed)
    assert report.versions.startswith("Written with Python 3.9.1, numpy 2.0.2; marked with")
    assert Report.from_json(report.to_json()) == report


@pytest.mark.parametrize(
    "manifest",
    [b"", b"{}", b"[]", b"[" * 100_000, b'{"versions": [1]}', b"\xff",
     b'{"versions": {"python": "3.9\\n1"}}', b'{"versions": {"numpy": "' + b"9" * 900 + b'"}}',
     b" " * 300_000 + MANIFEST],
)  # fmt: skip
def test_an_odd_manifest_tells_nothing(manifest: bytes, tiny: Course, tmp_path: Path) -> None:
    folder = submission(tiny, tmp_path / "anna", manifest)
    skeletons = read_skeletons(tiny.assignment(HOMEWORK), tiny.release(HOMEWORK))
    assert read_submission(folder, skeletons).versions.keys() <= {"python"}
