from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from autograder.course.assignment import Course, read_notebook
from tests import written
from tests.comparison.otter_grader import environment

from . import __main__ as bench
from .courses import SAMPLES, Marks, ScratchCourse, sample_students, true_marks
from .effort import Effort
from .figures import Figures
from .otter import hidden_test, master_notebook
from .starts import CELLS, STARTS
from .stock_tests import TESTS
from .ways import FLOOR, KIT, KIT_ONE, LABELS, OTTER, STOCK, UnfairError, Way

HW2 = Course.find(bench.CHECKOUT)
ASSIGNMENT = HW2.assignment("hw2")


def figures(**more: Any) -> Figures:
    """Return two rounds of a class of ten; in the second round, the machine is half as fast."""
    one = {
        KIT: Effort(10.0, 16.0),
        KIT_ONE: Effort(18.0, 16.0),
        STOCK: Effort(150.0, 140.0),
        OTTER: Effort(90.0, 170.0),
        FLOOR: Effort(10.0, 10.0),
    }
    two = {way: Effort(2 * each.seconds, 2 * (each.cpu or 0)) for way, each in one.items()}
    two[STOCK] = Effort(240.0, 280.0)
    machine = {"processors": 2, "model": "a model", "memory": 2**33, "system": "Linux 6",
               "protection": "full"}  # fmt: skip
    return Figures(10, [one, two], machine, {"this kit": "1"}, **more)


def test_only_runs_of_the_same_round_are_compared() -> None:
    ratios = {ratio.label: ratio for ratio in figures().ratios()}
    stock = ratios[f"{LABELS[KIT]}: submissions per minute / {LABELS[STOCK]}"]
    assert stock.rounds == (15.0, 12.0)
    assert stock.cells()[1:] == ["12.00", "13.50", "15.00", "at least 12"]
    otter = ratios[f"{LABELS[KIT]}: submissions per minute / {LABELS[OTTER]}"]
    assert otter.rounds == (9.0, 9.0)
    floor = ratios[f"{LABELS[KIT]}: processor time / {LABELS[FLOOR]}"]
    assert floor.rounds == (1.6, 1.6)
    assert len(ratios) == 6


def test_ways_that_were_left_out_or_not_counted_are_not_told_of() -> None:
    found = figures()
    few = [{way: each[way] for way in (KIT, STOCK, FLOOR)} for each in found.rounds]
    few = [{**each, KIT: Effort(each[KIT].seconds, None)} for each in few]
    found = Figures(10, few, found.machine, found.versions)
    assert [ratio.bound for ratio in found.ratios()] == ["at least 12"]
    rows = {row[0]: row[1:] for row in found.rows()}
    assert rows[LABELS[KIT]] == ["45.0 (30.0–60.0)", "not counted here"]
    assert rows[LABELS[FLOOR]] == ["", "1.50 (1.00–2.00)"]


def with_starts(seconds: float) -> Figures:
    """Return figures in which each single command takes this long, and its cells one second."""
    each = {name: Effort(seconds, 2 * seconds) for name in STARTS}
    starts, stages = [{**each, CELLS: Effort(1.0, 1.0)}], {"cells": seconds / 4}
    return figures(starts=starts, stages=stages, pages={"desk": seconds / 100})


@pytest.mark.parametrize("kept", [figures(), with_starts(3.0)])
def test_figures_are_read_as_they_were_kept(tmp_path: Path, kept: Figures) -> None:
    path = tmp_path / "bench.json"
    path.write_text(kept.to_json(), encoding="utf-8")
    assert Figures.read(path) == kept


def test_single_commands_have_their_own_table_and_the_bound_of_a_cold_start() -> None:
    found = with_starts(1.5)
    assert ["`fdl --help`", "1.50 (1.50–1.50)", "3.00 (3.00–3.00)"] in list(found.start_rows())
    ratio = list(found.ratios())[-1]
    assert (ratio.rounds, ratio.bound) == ((1.5,), "at most 2")
    assert "| `fdl status` | 1.50 (1.50–1.50) | 3.00 (3.00–3.00) |" in found.markdown()
    assert not list(figures().start_rows())


def test_an_earlier_run_is_shown_beside_the_last_one(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for name, found in (("old", with_starts(4.0)), ("new", with_starts(3.0))):
        (tmp_path / f"{name}.json").write_text(found.to_json(), encoding="utf-8")
    files = ["--read", str(tmp_path / "new.json"), "--compare", str(tmp_path / "old.json")]
    assert bench.main(files) == 0
    rows = [row.split("│")[1:-1] for row in capsys.readouterr().out.splitlines()]
    cells = [[cell.strip() for cell in row] for row in rows]
    assert ["stage: cells", "1.000", "0.750", "0.75"] in cells
    assert ["fdl --help: processor", "8.000", "6.000", "0.75"] in cells
    assert ["nbgrader autograde: processor", "21.000", "21.000", "1.00"] in cells
    assert ["next answer: desk", "0.040", "0.030", "0.75"] in cells
    assert "| desk | 30 |" in with_starts(3.0).markdown()


def test_page_has_a_place_for_the_tables() -> None:
    text = bench.PAGE.read_text(encoding="utf-8")
    found = written.between(text, bench.COMMAND, figures().markdown(), page="benchmarks.md")
    assert "| 12.00 | 13.50 | 15.00 | at least 12 |" in found
    assert "Measured on 2 processors (a model) with 8 GB of memory, Linux 6" in found
    again = written.between(found, bench.COMMAND, figures().markdown(), page="benchmarks.md")
    assert again == found
    with pytest.raises(LookupError, match=r"benchmarks\.md has no lines"):
        written.between("nothing", bench.COMMAND, "a table", page="benchmarks.md")


def _always(found: Marks) -> Callable[[Path], Marks]:
    return lambda _: found


def test_a_way_with_other_marks_than_the_true_ones_is_not_timed(tmp_path: Path) -> None:
    (tmp_path / "course").mkdir()
    students = sample_students(HW2, ASSIGNMENT, len(SAMPLES))
    truth = true_marks(ASSIGNMENT, students)
    wrong = {**truth, "dmitri-2": {**truth["dmitri-2"], "p1-momentum": 1.0}}
    course = ScratchCourse(tmp_path / "course")
    for number, (found, is_fair) in enumerate([(truth, True), (wrong, False), ({}, False)]):
        way = Way(KIT, course, lambda _: Effort(1.0, 1.0), _always(found), truth)
        root = tmp_path / str(number)
        if is_fair:
            assert way.run(root) == Effort(1.0, 1.0)
        else:
            with pytest.raises(UnfairError, match=r"dmitri-2.*p1-momentum"):
                way.run(root)


def test_otter_has_the_hidden_tests_of_stock_for_every_item() -> None:
    text = hidden_test("p2c-loss-gradient")
    assert text.startswith("def test_p2c_loss_gradient(gradient, loss):\n    import ")
    auto = [item.name for item in ASSIGNMENT.select("auto")]
    assert sorted(auto) == sorted(TESTS)
    found = []
    for problem in ASSIGNMENT.problems:
        path = HW2.release("hw2") / f"{problem.name}.ipynb"
        cells = master_notebook(read_notebook(path)).cells
        texts = [cell.source for cell in cells if cell.source.startswith("# BEGIN QUESTION")]
        found += [text.splitlines()[1].removeprefix("name: ") for text in texts]
    assert found == auto


@pytest.mark.slow
def test_all_ways_find_the_true_marks_and_are_measured(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    ways = [KIT, KIT_ONE, STOCK, FLOOR]
    if (bench.ENVIRONMENT / ".pinned").is_file():
        environment(bench.ENVIRONMENT)
        ways.append(OTTER)
    path = tmp_path / "bench.json"
    chosen = [part for way in ways for part in ("--way", way)]
    code = bench.main(["--submissions", "2", "--rounds", "1", "--json", str(path), *chosen])
    assert code == 0
    found = Figures.read(path)
    assert set(found.ways) == set(ways)
    assert set(found.starts[0]) == set(STARTS)
    assert found.stages["cells"] > 0
    assert all(each.seconds > 0 for each in found.rounds[0].values())
    assert "Ratios" in capsys.readouterr().out
