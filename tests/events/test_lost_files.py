"""Files of which nothing counts are told first."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.console import Console

import poolpipe
from poolpipe.events.lost_files import unused_files
from poolpipe.terminal.boards import day_boards

if TYPE_CHECKING:
    from pathlib import Path


def _file(name: str, accepted: int, rejected: int, duplicates: int = 0) -> dict[str, object]:
    read = accepted + rejected + duplicates
    return {"file": name, "read": read, "accepted": accepted, "duplicates": duplicates, "rejected": rejected}


def test_unused_files__names_those_that_are_rejected_whole_and_no_others():
    files = [_file("a.csv", 0, 3), _file("b.csv", 1, 3), _file("c.csv", 0, 1, 1), _file("d.csv", 0, 0)]
    (told,) = unused_files(files, {})
    assert told.startswith("a.csv: all its 3 records rejected")
    assert unused_files(files, {}, ["loads of a.csv have no lab"]) == []


def test_unused_files__names_skipped_ones_with_the_reason_and_counts_behind_the_fifth():
    skipped = {f"collect-{number}.xlsx": "a workbook" for number in range(7)} | {"empty.csv": "empty 空文件"}
    told = unused_files([], skipped)
    assert told[0].startswith("collect-0.xlsx: not read, nothing of it counts: a workbook")
    assert told[5].startswith("nothing counts of 2 more files")


def test_run__without_any_collect_nobody_is_said_to_wait_for_nothing(tmp_path: Path):
    (tmp_path / "collect.csv").write_text("样本管甲,人,时\nT1,P1,2022-02-10 08:00\n", encoding="utf-8")
    (tmp_path / "report.csv").write_text("tube,call,at\nT1,positive,2022-02-10 12:00\n", encoding="utf-8")
    (tmp_path / "README.md").write_text("notes\n", encoding="utf-8")
    day = poolpipe.run(tmp_path)
    console = Console(width=120)
    with console.capture() as captured:
        for board in day_boards(day, zone="Asia/Shanghai"):
            console.print(board)
    drawn = captured.get()
    assert "collect.csv: all its 1 record rejected" in drawn
    assert "README.md" not in "".join(day.summary["warnings"])
    assert "nobody is waiting" not in drawn
    assert "no collect was accepted" in drawn
