"""Results in the cache are found again, computed once, and never accepted from other users."""

from __future__ import annotations

import multiprocessing
import os
import stat
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from autograder import cache
from autograder.cache import KEPT, ResultCache


class Work:
    """Counts how often the work is done."""

    def __init__(self) -> None:
        self.times = 0

    def __call__(self) -> list[int]:
        self.times += 1
        return [1, 2, self.times]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "kept"


def test_it_is_computed_once(folder: Path) -> None:
    work = Work()
    found = [ResultCache("a", folder).get("item", work) for _ in range(3)]
    assert found == [[1, 2, 1]] * 3
    assert work.times == 1


def test_another_key_is_computed_again(folder: Path) -> None:
    work = Work()
    found = [ResultCache(key, folder).get("item", work) for key in "ab"]
    assert found == [[1, 2, 1], [1, 2, 2]]


def test_what_is_put_is_found(folder: Path) -> None:
    ResultCache("a", folder).put("item", "known")
    assert ResultCache("a", folder).get("item", lambda: "worked out") == "known"


def test_find_returns_what_is_kept_and_none_where_nothing_is(folder: Path, tmp_path: Path) -> None:
    results = ResultCache("a", folder)
    assert results.find("item") is None
    results.put("item", "known")
    assert results.find("item") == "known"
    assert results.find("another") is None
    assert ResultCache("b", folder).find("item") is None
    (folder / "a" / "item.pickle").write_bytes(b"harmed")
    assert results.find("item") is None
    results.put("item", "known")
    folder.chmod(0o777)  # other users could have written this file
    assert results.find("item") is None
    (tmp_path / "file").write_text("in the way", encoding="utf-8")
    assert ResultCache("a", tmp_path / "file").find("item") is None


def spoil(content: bytes) -> Callable[[Path], object]:
    return lambda path: path.write_bytes(content)


@pytest.mark.parametrize(
    "harm",
    [spoil(b""), spoil(b"no pickle"), Path.unlink, lambda path: os.truncate(path, 10)],
    ids=["empty", "something else", "gone", "cut off"],
)
def test_a_damaged_file_is_computed_again(folder: Path, harm: Callable[[Path], object]) -> None:
    work = Work()
    ResultCache("a", folder).get("item", work)
    harm(folder / "a" / "item.pickle")
    assert [ResultCache("a", folder).get("item", work) for _ in range(2)] == [[1, 2, 2]] * 2


def test_nobody_else_can_look_at_it(folder: Path) -> None:
    before = os.umask(0o002)
    try:
        ResultCache("a", folder).put("item", 1)
    finally:
        os.umask(before)
    assert ResultCache("a", folder).find("item") == 1
    assert stat.S_IMODE((folder / "a").stat().st_mode) == 0o700
    assert stat.S_IMODE((folder / "a" / "item.pickle").stat().st_mode) == 0o600


@pytest.mark.parametrize("which", ["", "a"])
def test_a_folder_that_others_can_write_in_is_not_read(folder: Path, which: str) -> None:
    ResultCache("a", folder).put("item", "planted, for all we know")
    (folder / which).chmod(0o777)
    assert ResultCache("a", folder).get("item", lambda: "worked out") == "worked out"


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a folder away")
def test_another_users_folder_is_not_read(folder: Path) -> None:
    ResultCache("a", folder).put("item", "planted, for all we know")
    os.chown(folder / "a", 12345, -1)
    assert ResultCache("a", folder).get("item", lambda: "worked out") == "worked out"


def test_without_a_cache_folder_it_is_computed_each_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("in the way", encoding="utf-8")
    work = Work()
    assert ResultCache("a", tmp_path / "file").get("item", work) == [1, 2, 1]
    monkeypatch.setattr(cache, "user_cache_path", lambda name: Path("~/.cache", name))  # no home
    monkeypatch.chdir(tmp_path)
    assert ResultCache("a", cache.cache_folder("trials")).get("item", work) == [1, 2, 2]
    assert not Path("~").exists()


def test_a_failure_is_raised_and_not_kept(folder: Path) -> None:
    def fail() -> int:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        ResultCache("a", folder).get("item", fail)
    assert ResultCache("a", folder).get("item", lambda: 3) == 3


def test_the_most_recently_used_keys_stay(folder: Path) -> None:
    for number in range(KEPT + 3):
        ResultCache(f"v{number}", folder).put("item", number)
        os.utime(folder / f"v{number}", (number, number))
    ResultCache("v2", folder).put("item", 2)
    left = {path.name for path in folder.iterdir()}
    assert left == {"v2", *(f"v{number}" for number in range(KEPT, KEPT + 3))}


def _ask(folder: Path, done: Path) -> None:
    def slow() -> str:
        time.sleep(0.3)
        with open(done, "a", encoding="utf-8") as file:
            file.write("x")
        return "found"

    assert ResultCache("a", folder).get("item", slow) == "found"


def test_processes_that_ask_at_once_wait_for_one_of_them(folder: Path, tmp_path: Path) -> None:
    done = tmp_path / "done"
    context = multiprocessing.get_context("fork")
    asking = [context.Process(target=_ask, args=(folder, done)) for _ in range(4)]
    for process in asking:
        process.start()
    for process in asking:
        process.join(300)
    assert [process.exitcode for process in asking] == [0] * 4
    assert done.read_text(encoding="utf-8") == "x"
