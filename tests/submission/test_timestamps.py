"""A submission date is read only if it is unambiguous; otherwise, the output says so."""

from __future__ import annotations

import codecs
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from autograder.submission.timestamps import parse_time, unreadable_timestamp

READ = {
    "2024-11-22 00:10:00.123456 UTC": "2024-11-22T00:10:00.123456",
    "2024-11-22 00:10:00 UTC\r\n": "2024-11-22T00:10:00",
    "2024-11-22T00:10:00+01:00": "2024-11-21T23:10:00",
    "2024-11-22 00:10 +0100": "2024-11-21T23:10:00",
    "2024-11-22 00:10:00 +01": "2024-11-21T23:10:00",
    "2024-11-22T00:10:00Z": "2024-11-22T00:10:00",
    "2024-11-22 00:10:00 Europe/Zurich": "2024-11-21T23:10:00",
    "2024-11-22 00:10:00 MEZ": "2024-11-21T23:10:00",
    "2024/12/03 00:10": "2024-12-03T00:10:00",
    "03.12.2024 00:10": "2024-12-03T00:10:00",
    "3.12.2024, 00:10:05": "2024-12-03T00:10:05",
    "31.01.2025 00:10 CET": "2025-01-30T23:10:00",
    "Fri, 22 Nov 2024 00:10:00 +0100": "2024-11-21T23:10:00",
    "Nov 22, 2024 00:10": "2024-11-22T00:10:00",
}
UNREAD = (
    "", " \n", "garbage", "03/12/2024 00:10", "12/31/2024 00:10", "2024-11-22", "03.12.24 00:10",
    "13.13.2024 00:10", "12.31.2024 00:10", "2024-11-22 25:10", "00:10", "1732234200",
    "2024-11-22 00:10:00 UTC\n2024-11-20 00:10:00 UTC", "2024-11-22 00:10:00 XYZ",
    "2024-11-22 00:10:00 PDT", "22 Nov 2024 00:10:00 XYZ", "22 Nov 00:10", "2024-11-22 or so",
    "0024-11-22 00:10 UTC", "2924-11-22 00:10 UTC", "2024-11-22 00:10 UTC" + "x" * 9_000,
)  # fmt: skip


@pytest.mark.parametrize(("text", "moment"), READ.items())
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_date_is_read(text: str, moment: str, encoding: str, tmp_path: Path) -> None:
    content = text.encode(encoding)
    assert parse_time(content) == datetime.fromisoformat(moment).replace(tzinfo=UTC)
    (tmp_path / "timestamp.txt").write_bytes(content)
    assert unreadable_timestamp(tmp_path) == ""


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("text", UNREAD)
def test_what_is_no_date_without_doubt_is_said(text: str, tmp_path: Path) -> None:
    assert parse_time(text.encode()) is None
    (tmp_path / "timestamp.txt").write_text(text)
    told = unreadable_timestamp(tmp_path)
    assert told.startswith("date unreadable: ")
    assert len(told) < 200
    assert text.strip()[:20].split("\n")[0] in told


@pytest.mark.parametrize(
    "content",
    [b"\xff\xfe2", b"\xff\xff\xff", codecs.BOM_UTF8, b"\xff\xfe\x00\xd8", b"\x1b[2J", b"\0" * 50],
)
def test_bytes_that_are_no_text_are_no_date(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "timestamp.txt").write_bytes(content)
    assert parse_time(content) is None
    assert "\x1b" not in unreadable_timestamp(tmp_path) != ""


def test_a_pipe_or_a_link_is_no_date_and_none_at_all_is_fine(tmp_path: Path) -> None:
    assert unreadable_timestamp(tmp_path) == ""
    os.mkfifo(tmp_path / "timestamp.txt")
    assert unreadable_timestamp(tmp_path) != ""
    (tmp_path / "timestamp.txt").unlink()
    (tmp_path / "timestamp.txt").symlink_to("nowhere")
    assert unreadable_timestamp(tmp_path) != ""


def test_a_time_that_lies_ahead_is_no_date() -> None:
    ahead = datetime.now(UTC) + timedelta(days=9)
    assert parse_time(f"{ahead:%Y-%m-%d %H:%M} UTC".encode()) is None
