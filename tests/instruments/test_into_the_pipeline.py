"""From instrument and robot files to the tubes' calls: the import's events are what the pipeline reads."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import polars as pl
import pytest
from click.testing import CliRunner

from poolpipe.commands.import_ import import_command
from poolpipe.pipeline import run

SAMPLES = Path(__file__).parents[2] / "data" / "samples" / "instruments"
TUBES = [f"22021000{i:04d}" for i in range(1, 23)]
POSITIVE = {"220210000003", "220210000019"}  # in A3 and B7


def imported(folder: Path, *arguments: str) -> None:
    done = CliRunner().invoke(import_command, [*arguments, "--out", str(folder)])
    assert done.exit_code == 0, done.output


def collected(folder: Path) -> None:
    (folder / "collect").mkdir()
    rows = [f"2022-02-10T08:00:{i:02d}+08:00,{tube},36078119900101{i:04d}" for i, tube in enumerate(TUBES)]
    (folder / "collect" / "queue.csv").write_text("\n".join(["at,tube,person", *rows, ""]), "utf-8")


@pytest.mark.parametrize(
    "machine",
    [
        ["cfx.csv"],
        ["slan96p.xls"],
        ["diomni.csv"],
        ["lightcycler96.txt"],
        ["classic.eds", "--no-call-ct", "40"],
    ],
)
def test_files__become_calls(tmp_path: Path, machine: list[str]) -> None:
    collected(tmp_path)
    imported(tmp_path, str(SAMPLES / "plate-map.csv"), "--lab", "CDC1", "--at", "2022-02-10T10:00:00+08:00")
    imported(tmp_path, str(SAMPLES / machine[0]), *machine[1:])
    day = run(tmp_path)
    pools = day.pools.filter(pl.col("tube").is_in(TUBES))
    calls = dict(pools.select("tube", "call").rows())
    assert calls == {tube: "positive" if tube in POSITIVE else "negative" for tube in TUBES}
    assert set(pools["plate"]) == {"P220210A"}
    assert day.rejects.height == 0
    expected = 13 if machine[0] == "cfx.csv" else 5  # the CFX prints UTC, the others 13:07:52 in China
    assert set(pools["called_at"]) == {datetime(2022, 2, 10, expected, 7, 52, tzinfo=UTC)}


def test_forty_that_nobody_decided__makes_no_tube_negative(tmp_path: Path) -> None:
    collected(tmp_path)
    imported(tmp_path, str(SAMPLES / "plate-map.csv"), "--lab", "CDC1", "--at", "2022-02-10T10:00:00+08:00")
    imported(tmp_path, str(SAMPLES / "classic.eds"))
    calls = set(run(tmp_path).pools["call"])
    assert "negative" not in calls  # 40 is a number, grey: the negative control fails, the plate is invalid


def test_an_omitted_well__has_no_call(tmp_path: Path) -> None:
    collected(tmp_path)
    imported(tmp_path, str(SAMPLES / "plate-map.csv"), "--lab", "CDC1", "--at", "2022-02-10T10:00:00+08:00")
    imported(tmp_path, str(SAMPLES / "design-and-analysis.xlsx"))
    calls = dict(run(tmp_path).pools.select("tube", "call").rows())
    assert calls["220210000005"] is None
    assert calls["220210000004"] == "negative"


def test_importing_twice__changes_nothing_in_the_tables(tmp_path: Path) -> None:
    collected(tmp_path)
    for _ in range(2):
        imported(
            tmp_path, str(SAMPLES / "plate-map.csv"), "--lab", "CDC1", "--at", "2022-02-10T10:00:00+08:00"
        )
        imported(tmp_path, str(SAMPLES / "cfx.csv"))
    first = run(tmp_path)
    copies = [tmp_path / "read" / "copy.ndjson", tmp_path / "load" / "copy.ndjson"]
    for copy in copies:
        source = next(path for path in copy.parent.iterdir())
        copy.write_bytes(source.read_bytes())
    assert run(tmp_path).pools.equals(first.pools)
