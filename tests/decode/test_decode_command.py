"""`poolpipe decode` as it is typed."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

import polars as pl
import pytest
from click.testing import CliRunner

from poolpipe.commands.decode import decode
from poolpipe.decode import decode as decode_frames
from poolpipe.errors import InputError, TableError

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def files(tmp_path: Path) -> list[str]:
    pl.DataFrame({"pool": ["001"] * 3 + ["002"] * 2, "person": ["07", "08", "09", "09", "10"]}).write_csv(
        tmp_path / "seats.csv"
    )
    pl.DataFrame({"pool": ["001", "002"], "call": ["positive", "negative"]}).write_csv(tmp_path / "pools.csv")
    pl.DataFrame({"person": ["07", "08", "09", "10"], "prior": [0.01] * 4}).write_csv(tmp_path / "people.csv")
    return [str(tmp_path / f"{name}.csv") for name in ("seats", "pools", "people")]


def test_decode_command__keeps_codes_to_the_letter(files: list[str]) -> None:
    done = CliRunner().invoke(decode, [*files, "--json"])
    told = json.loads(done.stdout)
    assert [person["person"] for person in told["people"]] == ["07", "08", "09", "10"]
    assert told["components"][0]["method"] == "tree"
    assert told["people"][0]["p_infected"] > told["people"][2]["p_infected"]


def test_decode_command__shows_a_table_and_writes_everybody(files: list[str], tmp_path: Path) -> None:
    out = tmp_path / "who.parquet"
    done = CliRunner().invoke(decode, [*files, "--out", str(out), "--show-ids", "--sensitivity", "0.9"])
    assert done.exit_code == 0
    assert "p_infected" in done.stdout
    assert "感染概率" in done.stdout
    assert "± 误差" in done.stdout
    assert re.search(r" 07 +[0-9.]+% ", done.stdout)
    assert "written to" in done.stderr
    assert pl.read_parquet(out).height == 4


def test_decode_command__says_what_its_terms_mean_where_it_shows_them(files: list[str]) -> None:
    shown = CliRunner().invoke(decode, files).stdout
    for term in (
        "component 连通组: people",
        "log_evidence 对数证据: natural",
        "surprise 意外度: 0 is as expected",
    ):
        assert term in shown
    assert "连通组: " not in CliRunner().invoke(decode, [*files, "--json"]).stdout


def test_decode_command__says_what_is_wrong(files: list[str], tmp_path: Path) -> None:
    done = CliRunner().invoke(decode, [files[0], files[1], files[1]])
    assert isinstance(done.exception, TableError)
    assert "column person, prior is missing" in str(done.exception)
    odd = tmp_path / "people.xyz"
    odd.write_bytes(b"%PDF-1.7\n")  # what a file holds decides, not what it is called
    done = CliRunner().invoke(decode, [files[0], files[1], str(odd)])
    assert isinstance(done.exception, InputError)
    assert CliRunner().invoke(decode, files[:2]).exit_code == 2


@pytest.fixture
def with_ct(files: list[str]) -> list[str]:
    pools = pl.read_csv(files[1], infer_schema=False).with_columns(ct=pl.Series(["24.5", None]))
    pools.write_csv(files[1])
    return files


def infected(files: list[str], *options: str) -> list[float]:
    done = CliRunner().invoke(decode, [*files, *options, "--json"], catch_exceptions=False)
    return [person["p_infected"] for person in json.loads(done.stdout)["people"]]


def test_decode_command__lets_ct_count_where_asked_and_tells_where_not(with_ct: list[str]) -> None:
    done = CliRunner().invoke(decode, [*with_ct, "--json"], catch_exceptions=False)
    assert "--ct lets it count" in done.stderr
    plain = [person["p_infected"] for person in json.loads(done.stdout)["people"]]
    counted = infected(with_ct, "--ct")
    assert counted[0] > plain[0]
    frames = [pl.read_csv(path, infer_schema=False) for path in with_ct]
    found = decode_frames(
        frames[0],
        frames[1].with_columns(pl.col("ct").cast(pl.Float64)),
        frames[2].with_columns(pl.col("prior").cast(pl.Float64)),
        assay={"cycles": {"mean": 26.0, "sd": 4.0, "limit": 38.0, "noise": 0.8}},
    )
    options = ("--ct-mean", "26", "--ct-sd", "4", "--ct-limit", "38", "--ct-noise", "0.8")
    assert infected(with_ct, *options) == found.people["p_infected"].to_list()


def test_decode_command__takes_the_earliest_reading_of_a_pool_controls_apart(
    files: list[str], with_ct: list[str], tmp_path: Path
) -> None:
    readings = tmp_path / "readings.csv"
    readings.write_text(
        "pool,target,ct\n001,ORF1ab,24.5\n001,N,25.5\n001,ic,20\n002,IC,22\n003,N,20\n", "utf-8"
    )
    by_column = infected(with_ct, "--ct")
    pl.read_csv(files[1], infer_schema=False).drop("ct").write_csv(files[1])
    assert infected(files, "--readings", str(readings)) == by_column


def test_decode_command__reads_undetermined_and_refuses_what_is_no_ct(with_ct: list[str]) -> None:
    pools = pl.read_csv(with_ct[1], infer_schema=False)
    plain = infected(with_ct, "--ct")
    pools.with_columns(pl.col("ct").fill_null("Undetermined")).write_csv(with_ct[1])
    assert infected(with_ct, "--ct") == plain
    pools.with_columns(pl.col("ct").fill_null("late")).write_csv(with_ct[1])
    with pytest.raises(TableError, match="column 'ct', row 2, is no number of cycles"):
        infected(with_ct, "--ct")


def test_decode_command__takes_the_laboratorys_own_single_ct(with_ct: list[str], tmp_path: Path) -> None:
    measured = tmp_path / "singles.csv"
    measured.write_text("ct\n22.1\n25\n\n31.5\n", "utf-8")
    assert infected(with_ct, "--ct-values", str(measured)) != infected(with_ct, "--ct")
    measured.write_text("cycle\n22.1\n", "utf-8")
    with pytest.raises(InputError, match="no column ct, or nothing in it"):
        infected(with_ct, "--ct-values", str(measured))


@pytest.mark.parametrize("row", ["0", "-1", "100.5", "99"])
def test_decode_command__refuses_single_ct_that_are_no_positives(
    row: str, with_ct: list[str], tmp_path: Path
) -> None:
    measured = tmp_path / "singles.csv"
    measured.write_text(f"ct\n22.1\n{row}\n", "utf-8")
    with pytest.raises(TableError, match=r"singles\.csv: column 'ct', row 2"):
        infected(with_ct, "--ct-values", str(measured))


def test_decode_command__takes_late_single_ct_where_the_limit_is_told(
    with_ct: list[str], tmp_path: Path
) -> None:
    measured = tmp_path / "singles.csv"
    measured.write_text("ct\n22.1\n41\n", "utf-8")
    with pytest.raises(TableError, match=r"later than the largest Ct that is detected, 40.*--ct-limit"):
        infected(with_ct, "--ct-values", str(measured))
    assert len(infected(with_ct, "--ct-values", str(measured), "--ct-limit", "45")) == 4


@pytest.mark.parametrize("ct", ["0", "101"])
def test_decode_command__names_the_file_and_row_of_a_reading_that_is_no_ct(
    ct: str, with_ct: list[str], tmp_path: Path
) -> None:
    readings = tmp_path / "readings.csv"
    readings.write_text(f"pool,ct\n001,24.5\n001,{ct}\n", "utf-8")
    with pytest.raises(TableError, match=r"readings\.csv: column 'ct', row 2"):
        infected(with_ct, "--readings", str(readings))


@pytest.mark.parametrize(
    ("prior", "told"),
    [
        ("1.5", "not between 0 and 1: 1.5"),
        (None, "not between 0 and 1: empty"),
        ("1e-320", "is below 1e-300"),
    ],
)
def test_decode_command__names_the_row_of_a_prior_that_is_none(
    prior: str | None, told: str, files: list[str]
) -> None:
    pl.DataFrame({"person": ["07", "08", "09", "P10"], "prior": ["0.1"] * 3 + [prior]}).write_csv(files[2])
    seats = pl.DataFrame({"pool": ["001", "002"], "person": ["07", "P10"]})
    seats.write_csv(files[0])
    with pytest.raises(TableError, match=f"people, row 4: prior of person P10.*{told}"):
        infected(files)


def test_decode_command__says_that_there_is_no_ct(files: list[str]) -> None:
    with pytest.raises(TableError, match="there is no Ct"):
        infected(files, "--ct")


def told(files: list[str], *options: str) -> str:
    return CliRunner().invoke(decode, [*files, *options, "--json"], catch_exceptions=False).stderr


@pytest.mark.parametrize("name", ["IC", "ic", "内标", "内参基因", "Internal Control", "RP", ""])
def test_decode_command__takes_no_control_and_no_unknown_target_for_the_virus(
    name: str, files: list[str], tmp_path: Path
) -> None:
    readings = tmp_path / "readings.csv"
    readings.write_text("pool,target,ct\n001,N基因,33\n", "utf-8")
    virus = infected(files, "--readings", str(readings))
    readings.write_text(f"pool,target,ct\n001,N基因,33\n001,{name},22\n", "utf-8")
    assert infected(files, "--readings", str(readings)) == virus
    unknown = f"--target NAME lets one count 未知靶标未计入，可用 --target 指明: {name!r}"
    assert (unknown in told(files, "--readings", str(readings))) == (name in ("RP", ""))


def test_decode_command__counts_the_targets_that_it_is_told(files: list[str], tmp_path: Path) -> None:
    readings = tmp_path / "readings.csv"
    readings.write_text("pool,target,ct\n001,E,33\n001,N,22\n001,IC,20\n", "utf-8")
    by_e = infected(files, "--readings", str(readings), "--target", "E")
    assert "'N'" in told(files, "--readings", str(readings), "--target", "E")
    readings.write_text("pool,ct\n001,33\n", "utf-8")
    assert by_e == infected(files, "--readings", str(readings))


def test_decode_command__names_readings_that_are_not_used_or_replace_others(
    with_ct: list[str], tmp_path: Path
) -> None:
    readings = tmp_path / "readings.csv"
    readings.write_text("pool,ct\n001,30\n002,20\n003,20\n", "utf-8")
    stderr = told(with_ct, "--readings", str(readings))
    assert (
        "readings of pools that POOLS does not hold are not used 扩增结果所属的管不在 POOLS 中，未计入: '003'"
        in stderr
    )
    assert "differs from column ct of POOLS and counts 与 POOLS 的 ct 列不同，以此文件为准: '001'" in stderr
    assert "ct_without_positive: '002'" in stderr


def test_decode_command__says_that_days_are_not_used(files: list[str]) -> None:
    pl.read_csv(files[1], infer_schema=False).with_columns(day=pl.lit("3")).write_csv(files[1])
    assert "the column day of POOLS is not used" in told(files)


def test_decode_command__refuses_two_columns_of_one_name_that_differ(
    files: list[str], tmp_path: Path
) -> None:
    pools = tmp_path / "pools.csv"
    pools.write_text("pool,call,call\n001,positive,positive\n002,negative,negative\n", "utf-8")
    assert len(infected(files)) == 4
    pools.write_text("pool,call,call\n001,positive,positive\n002,positive,negative\n", "utf-8")
    with pytest.raises(InputError, match=r"pools\.csv: two columns are called call.*row 2"):
        infected(files)


def test_decode_command__names_a_pool_in_which_somebody_sits_twice(files: list[str]) -> None:
    once = infected(files)
    seats = pl.read_csv(files[0], infer_schema=False)
    pl.concat([seats, seats.tail(1)]).write_csv(files[0])
    assert infected(files) == once
    assert told(files).startswith("seat_repeated: '002'")
