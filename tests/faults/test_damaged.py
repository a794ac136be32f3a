"""A gradebook that another program has damaged, emptied or removed."""

from __future__ import annotations

import os
import random
import sqlite3
from collections import Counter
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest

from autograder.errors import RecordError
from autograder.gradebook import backup

from . import result
from .madeupclass import BEFORE
from .trial import Scene

Damage = Callable[[Path], None]

PAGE = 4096
RESTORE = [["restore"]]
OF = """FROM grade JOIN base_cell ON base_cell.id = grade.cell_id
JOIN submitted_notebook AS notebook ON notebook.id = grade.notebook_id
JOIN submitted_assignment AS handed_in ON handed_in.id = notebook.assignment_id
WHERE handed_in.student_id = ? AND base_cell.name = ?"""


def overwritten(seed: int, pages: int) -> Damage:
    def damage(path: Path) -> None:
        draw = random.Random(seed)
        data = bytearray(path.read_bytes())
        for page in draw.sample(range(1, len(data) // PAGE), pages):
            data[page * PAGE : (page + 1) * PAGE] = draw.randbytes(PAGE)
        path.write_bytes(data)

    return damage


def cut(share: float) -> Damage:
    def damage(path: Path) -> None:
        os.truncate(path, int(path.stat().st_size * share))

    return damage


def without_a_head(path: Path) -> None:
    path.write_bytes(bytes(100) + path.read_bytes()[100:])


def made_text(path: Path) -> None:
    path.write_text("a,b\n" * 10_000, encoding="utf-8")


def without_a_table(path: Path) -> None:
    with closing(sqlite3.connect(path)) as database:
        database.execute("DROP TABLE grade")


def of_another_program(path: Path) -> None:
    path.unlink()
    with closing(sqlite3.connect(path)) as database:
        database.execute("CREATE TABLE bookmarks (address)")


DAMAGES: dict[str, Damage] = {
    "a page overwritten": overwritten(1, pages=1),
    "ten pages overwritten": overwritten(2, pages=10),
    "the head overwritten": without_a_head,
    "the end missing": cut(0.8),
    "but the head missing": cut(0.02),
    "not a whole page": cut(0.00001),
    "empty": cut(0.0),
    "gone": Path.unlink,
    "text": made_text,
    "without a table": without_a_table,
    "of another program": of_another_program,
}
EVERYDAY = ("ten pages overwritten", "the end missing", "empty", "gone")


def give(root: Path, student: str, item: str, score: float) -> None:
    """Write points as a person types them; no command of the kit runs afterwards."""
    with closing(sqlite3.connect(root / "gradebook.db")) as database:
        changed = database.execute(
            f"""UPDATE grade SET manual_score = ?, needs_manual_grade = 0
            WHERE id IN (SELECT grade.id {OF})""",
            (score, student, item),
        )
        assert changed.rowcount == 1
        database.commit()


def is_told_and_restored(scene: Scene, *damages: Damage) -> None:
    """Each kind of damage is reported, the damaged file is kept, and the gradebook is restored."""
    with scene.course() as root:
        gradebook = root / "gradebook.db"
        all_damaged: list[bytes] = []
        for damage in damages:
            damage(gradebook)
            damaged = gradebook.read_bytes() if gradebook.exists() else None
            for commands in (scene.commands, [["regrade", "hw", "--apply"]]):
                ended = scene.theatre.run(root, commands)
                assert ended.code == 2, ended.output
                assert "`fdl restore`" in " ".join(ended.output.split())
                assert "Traceback" not in ended.output
                assert (gradebook.read_bytes() if gradebook.exists() else None) == damaged
            ended = scene.theatre.run(root, RESTORE)
            assert ended.code == 0, ended.output
            all_damaged += [] if damaged is None else [damaged]
            kept = (root / "gradebook-copies").glob("damaged-*/gradebook.db")
            assert Counter(path.read_bytes() for path in kept) == Counter(all_damaged)
            scene.assert_nothing_is_lost(root)
        ended = scene.run(root)
        assert ended.code == 0, ended.output
        scene.assert_as_undisturbed(root, damaged=len(all_damaged))


def test_damaged_gradebook_is_told_kept_and_restored(scene: Scene) -> None:
    is_told_and_restored(scene, *(DAMAGES[name] for name in EVERYDAY))


@pytest.mark.slow
@pytest.mark.parametrize("damage", DAMAGES)
def test_gradebook_that_is_damaged_in_any_way_is_told_kept_and_restored(
    scene: Scene, damage: str
) -> None:
    is_told_and_restored(scene, DAMAGES[damage])


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(20))
def test_no_overwritten_page_goes_unnoticed(scene: Scene, seed: int) -> None:
    is_told_and_restored(scene, overwritten(100 + seed, pages=1))


def test_marks_given_since_the_copy_are_carried_over_as_far_as_they_can_be_read(
    scene: Scene,
) -> None:
    with scene.course() as root:
        give(root, "chloe", "b-essay", 0.75)
        with closing(sqlite3.connect(root / "gradebook.db")) as database:
            [(page,)] = database.execute(
                "SELECT rootpage FROM sqlite_master WHERE name = 'alembic_version'"
            ).fetchall()
        data = bytearray((root / "gradebook.db").read_bytes())
        data[(page - 1) * PAGE : page * PAGE] = b"\xff" * PAGE
        (root / "gradebook.db").write_bytes(data)
        ended = scene.theatre.run(root, RESTORE)
        assert ended.code == 0, ended.output
        assert "now restored: 1" in ended.output
        [listed] = (root / "gradebook-copies").glob("damaged-*/marks-by-hand.csv")
        assert listed.read_text(encoding="utf-8").splitlines()[1:] == ["hw,chloe,b-essay,0.75,,"]
        assert scene.run(root).code == 0
        before, after = scene.left.tables["grade"], result.tables(root / "gradebook.db")["grade"]
        [(row, count)] = (after - before).items()
        assert count == 1
        assert 0.75 in row


def test_credit_that_the_kit_gave_is_no_mark_by_hand(scene: Scene) -> None:
    """The copy is older than the run, then the gradebook is damaged and points change."""
    with scene.course() as root:
        assert scene.run(root).code == 0
        for copy in (root / "gradebook-copies").iterdir():
            copy.unlink()
        last = max((scene.base / "gradebook-copies").iterdir())
        (root / "gradebook-copies" / last.name).write_bytes(last.read_bytes())
        assert credit(root, "chloe", "b-bonus") == 1.0
        cut(0.95)(root / "gradebook.db")
        assert scene.theatre.run(root, RESTORE).code == 0
        assert result.by_hand(root / "gradebook.db") == scene.by_hand
        assert scene.theatre.run(root, scene.commands, markings=BEFORE).code == 0
        assert credit(root, "chloe", "b-bonus") == 2.0
        assert result.is_sound(root / "gradebook.db")
        assert result.by_hand(root / "gradebook.db") == scene.by_hand


def credit(root: Path, student: str, item: str) -> float:
    with closing(sqlite3.connect(root / "gradebook.db")) as database:
        [(points,)] = database.execute(f"SELECT grade.extra_credit {OF}", (student, item))
    return float(points)


def test_sound_gradebook_is_not_replaced(scene: Scene) -> None:
    with scene.course() as root:
        before = (root / "gradebook.db").read_bytes()
        ended = scene.theatre.run(root, RESTORE)
        assert ended.code == 2
        assert "is not damaged" in ended.output
        assert (root / "gradebook.db").read_bytes() == before


def test_damaged_gradebook_without_a_copy_is_left_alone(scene: Scene) -> None:
    with scene.course() as root:
        for copy in (root / "gradebook-copies").iterdir():
            copy.unlink()
        cut(0.5)(root / "gradebook.db")
        before = (root / "gradebook.db").read_bytes()
        for commands in (scene.commands, RESTORE):
            assert scene.theatre.run(root, commands).code == 2
            assert (root / "gradebook.db").read_bytes() == before


def test_a_gradebook_that_never_was_is_said_to_be_missing(tmp_path: Path) -> None:
    with pytest.raises(RecordError, match="there is no gradebook"):
        backup.restore(tmp_path / "gradebook.db", datetime(2024, 11, 21, tzinfo=UTC))
    assert not (tmp_path / "gradebook.db").exists()
