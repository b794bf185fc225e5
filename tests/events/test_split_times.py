"""A date and a time of day in two columns are one time where neither is anything else; no other row is touched."""

from __future__ import annotations

from datetime import datetime, time
from typing import TYPE_CHECKING, Any

import polars as pl
import pytest

import poolpipe
from events.scans import codes, column, read
from events.workbooks import workbook
from poolpipe.events.mapping import ColumnMapping

if TYPE_CHECKING:
    from pathlib import Path

HEADER = ["证件号码", "条码号", "采样日期", "采样时间"]


def _csv(folder: Path, *rows: tuple[str, str], header: list[str] = HEADER) -> Path:
    lines = [f"E{n:04},T{n},{day},{clock}" for n, (day, clock) in enumerate(rows)]
    path = folder / "登记.csv"
    path.write_text("\n".join([",".join(header), *lines, ""]), encoding="gb18030")
    return path


@pytest.mark.parametrize(
    ("day", "clock"),
    [
        ("2022/4/4", "8:05"),
        ("2022-04-04", "08:05:00"),
        ("2022年4月4日", "8时5分"),
        ("2022.4.4", "上午 8:05"),
        ("2022-04-04 00:00:00", "8:05 AM"),
        ("2022-04-01", "2022/4/4 8:05"),
    ],
)
def test_time__of_two_columns_is_one_and_a_whole_time_stands_alone(
    tmp_path: Path, day: str, clock: str
) -> None:
    events = read(_csv(tmp_path, (day, clock)))
    assert [f"{at:%Y-%m-%d %H:%M}" for at in column(events, "at")] == ["2022-04-04 00:05"]


@pytest.mark.parametrize(
    ("day", "clock"),
    [
        ("", "8:05"),
        ("4/4/2022", "8:05"),
        ("2022-04-04 07:00:00", "8:05"),
        ("2022-04-04", "24:00"),
        ("2022-04-04", "上午"),
        ("2022-04-04", "0.3368"),
        ("44655", "8:05"),
    ],
)
def test_row__of_which_either_is_something_else_is_refused(tmp_path: Path, day: str, clock: str) -> None:
    assert codes(read(_csv(tmp_path, (day, clock)))) == [(2, "bad_time")]


def test_time_of_day__without_its_date_says_so(tmp_path: Path) -> None:
    rejects = read(_csv(tmp_path, ("", "8:05"), ("2022-04-04", "8:06"))).rejects
    (detail,) = rejects["detail"].to_list()
    assert "a time of day without its date" in detail
    assert "补填日期列" in detail


def test_time__that_is_empty_is_missing_whatever_the_date(tmp_path: Path) -> None:
    assert codes(read(_csv(tmp_path, ("2022-04-04", "")))) == [(2, "missing_value")]


def test_cells__of_a_date_and_a_time_are_one_time_and_told(tmp_path: Path) -> None:
    rows: list[list[Any]] = [HEADER, ["E0001", "T1", datetime(2022, 4, 4), "08:05:30"]]  # noqa: DTZ001 -- as cells are
    (tmp_path / "登记.xlsx").write_bytes(workbook({"表": rows}))
    day = poolpipe.run(tmp_path / "登记.xlsx")
    assert f"{day.members['collected_at'][0]:%m-%d %H:%M:%S}" == "04-04 00:05:30"
    (told,) = day.summary["understood"].values()
    assert told["columns"]["采样日期"] == "at_date"
    assert not day.summary["columns_left_out"]


def test_frame__with_typed_dates_and_times_has_one_time() -> None:
    frame = pl.DataFrame(
        {
            "证件号码": ["E1"],
            "条码号": ["T1"],
            "采样日期": [datetime(2022, 4, 4).date()],  # noqa: DTZ001
            "采样时间": [time(8, 5)],
        }
    )
    day = poolpipe.run(frame)
    assert f"{day.members['collected_at'][0]:%m-%d %H:%M:%S}" == "04-04 00:05:00"


def test_two_dates__are_asked(tmp_path: Path) -> None:
    header = ["证件号码", "条码号", "采样日期", "采样时间", "采集日期"]
    path = tmp_path / "登记.csv"
    path.write_text(f"{','.join(header)}\nE1,T1,2022-04-04,8:05,2022-04-05\n", encoding="utf-8")
    day = poolpipe.run(path)
    assert day.members.height == 0
    assert [each["code"] for each in day.summary["asked"]] == ["columns_for_one"]


def test_mapping__may_leave_the_date_out_or_name_another(tmp_path: Path) -> None:
    path = _csv(tmp_path, ("2022-04-04", "8:05"), header=["证件号码", "条码号", "日子", "采样时间"])
    named = poolpipe.run(path, mapping=ColumnMapping(columns={"日子": "at_date"}))
    assert named.members.height == 1
    path = _csv(tmp_path, ("2022-04-04", "8:05"))
    left = poolpipe.run(path, mapping=ColumnMapping(columns={"采样日期": ""}))
    assert left.rejects["code"].to_list() == ["bad_time"]
