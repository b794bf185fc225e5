"""The lab of a machine's loads is that of the plate map beside it, and is never guessed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl
import pytest

import poolpipe
from poolpipe.events.understanding import understand
from poolpipe.instruments.event_source import InstrumentSource
from poolpipe.policy import load_policy

if TYPE_CHECKING:
    from pathlib import Path

MACHINE = """仪器型号\tSLAN-96P\n板号\t{plate}\n结束时间\t2022年4月4日 14:52:00\n
反应孔\t样本编号\t样本类型\t通道\t目标\tCt
A1\t22040400001\t未知\tFAM\tORF1ab\tNoCt\nA1\t22040400001\t未知\tVIC\tN\tNoCt\nA1\t22040400001\t未知\tCY5\tIC\t31.36
H11\t{negative}\t阴性对照\tFAM\tORF1ab\tNoCt\nH11\t{negative}\t阴性对照\tVIC\tN\tNoCt\nH11\t{negative}\t阴性对照\tCY5\tIC\tNoCt
H12\t{positive}\t阳性对照\tFAM\tORF1ab\t29.4\nH12\t{positive}\t阳性对照\tVIC\tN\t25.6\nH12\t{positive}\t阳性对照\tCY5\tIC\t32.1
"""


def _run(
    tmp_path: Path, *, labs: list[str], plate: str = "P1", names: tuple[str, str] = ("NC", "PC")
) -> poolpipe.Day:
    """A machine's file that names its controls and no lab, and a plate map with one control for each lab."""
    for number, lab in enumerate(labs):
        row = f"P1,A{number + 1},22040400001,样本,2022-04-04 12:30,{lab}"
        (tmp_path / f"板图{number}.csv").write_text(
            f"板号,孔位,采样管条码,样本类型,上样时间,检测机构\n{row}\n", "utf-8"
        )
    # sorts before the plate maps: it is read before anything is known of the plate
    text = MACHINE.format(plate=plate, negative=names[0], positive=names[1])
    (tmp_path / "a.xls").write_text(text, "gb18030")
    return poolpipe.run(tmp_path)


@pytest.mark.parametrize("names", [("NC", "PC"), ("阴性对照", "阳性对照"), ("NTC", "阳性质控")])
def test_lab__is_taken_from_the_plate_map(tmp_path: Path, names: tuple[str, str]) -> None:
    day = _run(tmp_path, labs=["县医院"], names=names)
    assert (day.rejects.height, day.summary["asked"]) == (0, [])
    assert day.pools.select("call", "lab").rows() == [("negative", "县医院")]
    told = day.summary["instruments"]["a.xls"]
    assert told["answers"]["lab_of_plate_map"] == "lab under [machines] of --policy FILE"
    assert "lab_missing" not in told["questions"]


@pytest.mark.parametrize(("labs", "plate"), [(["县医院", "市疾控"], "P1"), (["县医院"], "P2"), ([], "P1")])
def test_lab__is_asked_where_no_map_or_two_labs_have_the_plate(
    tmp_path: Path, labs: list[str], plate: str
) -> None:
    day = _run(tmp_path, labs=labs, plate=plate)
    assert [(each["file"], each["code"]) for each in day.summary["asked"]] == [("a.xls", "facts_untold")]
    assert day.rejects.filter(pl.col("detail").str.starts_with("lab '")).height == 3
    (counts,) = (each for each in day.summary["files"] if each["file"] == "a.xls")
    assert counts["read"] == counts["accepted"] + counts["rejected"]


def test_lab__of_a_file_with_a_plate_map_stays_that_of_its_policy(tmp_path: Path) -> None:
    (tmp_path / "policy.toml").write_text('base = "ten-in-one"\n[machines]\nlab = "市疾控"\n', "utf-8")
    _run(tmp_path, labs=["县医院"])
    day = poolpipe.run(sorted(tmp_path.glob("[a板]*")), policy=tmp_path / "policy.toml")
    assert set(day.pools["lab"]) == {"市疾控"}


@pytest.mark.parametrize(("labs", "asked"), [(["县医院"], []), (["县医院", "市疾控"], ["facts_untold"])])
def test_check__asks_for_the_lab_where_run_does(tmp_path: Path, labs: list[str], asked: list[str]) -> None:
    _run(tmp_path, labs=labs)
    policy = load_policy()
    told = understand([tmp_path], policy, foreign=InstrumentSource(policy))
    assert [question.code for file in told for question in file.questions] == asked
