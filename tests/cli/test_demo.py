"""`poolpipe demo`: the sample town comes out as planted, and a town that does not is a failure."""

from __future__ import annotations

import shutil

import polars as pl
import pytest
from click.testing import CliRunner

from house.rooms import ROOT
from poolpipe.cli import poolpipe

TOWN = ROOT / "data" / "samples" / "town"


def demo(*arguments):
    return CliRunner().invoke(poolpipe, ["demo", *map(str, arguments)])


def test_demo__finds_every_planted_trouble_and_no_other(tmp_path):
    told = demo("--out", tmp_path)
    assert told.exit_code == 0, told.output
    for part in (
        "筛查概况",
        "复采名单",
        "样本台账",
        "未出结果",
        "异常",
        "拒收记录",
        "全部发现，无误报",
        str(tmp_path),
    ):
        assert part in told.stdout
    assert (tmp_path / "recalls.parquet").is_file()


def test_demo__shows_the_hour_when_most_people_wait(tmp_path):
    told = demo("--out", tmp_path, "--rows", 3)
    waiting = [line for line in told.stdout.splitlines() if "Recall board" in line]
    counts = [int(line.partition("waiting 待办 ")[2].split()[0].replace(",", "")) for line in waiting]
    assert counts[0] > counts[1], "the board of the busiest hour, then that of the end"


@pytest.fixture
def forged_town(tmp_path):
    """The sample town, whose truth claims one trouble more."""
    town = shutil.copytree(TOWN, tmp_path / "town")
    troubles = pl.read_parquet(town / "truth" / "troubles.parquet")
    claim = troubles.head(1).with_columns(
        trouble=pl.lit("forged"),
        code=pl.lit("orphan_tube"),
        subject_kind=pl.lit("tube"),
        subject=pl.lit("NOWHERE"),
    )
    pl.concat([troubles, claim]).write_parquet(town / "truth" / "troubles.parquet")
    return town


def test_demo__fails_when_a_trouble_is_not_found(forged_town, tmp_path):
    told = demo("--town", forged_town, "--out", tmp_path / "out", "--quiet")
    assert told.exit_code == 1
    assert "NOWHERE" in told.stdout


def test_demo__needs_a_whole_town(tmp_path):
    told = demo("--town", tmp_path, "--out", tmp_path / "out")
    assert told.exit_code == 1
    assert "events" in told.stderr
