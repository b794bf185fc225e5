"""`poolpipe run` and `poolpipe diff` as a clerk types them: what comes out, and what is said when nothing can."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import polars as pl
import pytest
from click.testing import CliRunner

from cli.scans import people, write_scans
from poolpipe.cli import poolpipe

TABLES = {
    "pools",
    "members",
    "recalls",
    "cases",
    "traces",
    "clusters",
    "anomalies",
    "ledger",
    "rejects",
    "readings",
    "retention",
    "workload",
    "false_alarms",
}


def typed(*arguments):
    return CliRunner().invoke(poolpipe, [str(each) for each in arguments])


@pytest.fixture(scope="module")
def scans(tmp_path_factory):
    return write_scans(tmp_path_factory.mktemp("扫码"))


@pytest.fixture(scope="module")
def result(scans, tmp_path_factory):
    out = tmp_path_factory.mktemp("结果")
    told = typed("run", scans, "--out", out)
    assert told.exit_code == 0, told.output
    return out, told


def test_run__writes_every_table_and_the_summary(result):
    out, _ = result
    assert {path.name for path in out.iterdir()} == {*(f"{name}.parquet" for name in TABLES), "summary.json"}


def test_run__shows_the_recall_board_with_masked_people(result):
    _, told = result
    assert "waiting 待办 10" in told.stdout
    assert "县医院" in told.stdout
    assert not any(person in told.output for person in people())


def test_run__tells_its_progress_on_stderr_alone(result):
    _, told = result
    assert "reading" in told.stderr
    assert "reading 读取" not in told.stdout


def test_run__shows_whole_numbers_when_asked(scans, tmp_path):
    told = typed("run", scans, "--out", tmp_path, "--show-ids")
    assert all(person in told.stdout for person in people())


def test_run__prints_the_summary_as_json_and_nothing_else(scans, tmp_path):
    told = typed("run", scans, "--out", tmp_path / "out", "--json")
    assert told.exit_code == 0
    assert told.stderr == ""
    assert json.loads(told.stdout) == json.loads(
        (tmp_path / "out" / "summary.json").read_text(encoding="utf-8")
    )


def test_run__is_silent_when_quiet(scans, tmp_path):
    told = typed("run", scans, "--out", tmp_path, "--quiet")
    assert (told.exit_code, told.output) == (0, "")


def test_run__looks_from_an_earlier_moment(scans, tmp_path):
    typed("run", scans, "--out", tmp_path / "early", "--as-of", "2022-02-10T10:30:00", "--quiet")
    pools = pl.read_parquet(tmp_path / "early" / "pools.parquet")
    assert pools["state"].unique().to_list() == ["received"]


def test_run__names_communities_from_the_people_table(scans, tmp_path):
    known = tmp_path / "people.csv"
    pl.DataFrame(
        {"person": people(), "person_type": "RIC", "community": "象湖社区", "building": "3 栋"}
    ).write_csv(known)
    told = typed("run", scans, "--out", tmp_path / "out", "--people", known)
    assert told.exit_code == 0, told.output
    assert "象湖社区" in told.stdout


@pytest.mark.parametrize("encoding", ["utf-8-sig", "gb18030", "utf-16"])
def test_run__reads_what_chinese_spreadsheets_export(result, tmp_path, encoding):
    out, _ = result
    told = typed("run", write_scans(tmp_path / "in", encoding=encoding), "--out", tmp_path / "out", "--quiet")
    assert told.exit_code == 0
    for name in ("pools", "recalls"):
        assert pl.read_parquet(tmp_path / "out" / f"{name}.parquet").equals(
            pl.read_parquet(out / f"{name}.parquet")
        )


def test_run__takes_quoted_patterns(scans, tmp_path):
    told = typed("run", f"{scans}/*.csv", "--out", tmp_path / "out", "--json")
    assert {each["file"] for each in json.loads(told.stdout)["files"]} == {
        f"{kind}-第一轮.csv" for kind in ("collect", "pack", "pickup", "receive", "load")
    }


def test_run__suggests_the_nearest_name_for_a_wrong_path(scans, tmp_path):
    told = typed("run", scans / "colect-第一轮.csv", "--out", tmp_path)
    assert told.exit_code == 1
    assert "collect-第一轮.csv" in told.stderr
    assert told.stdout == ""


def test_run__refuses_an_out_that_is_a_file_before_reading(scans, tmp_path):
    (tmp_path / "out").touch()
    told = typed("run", scans, "--out", tmp_path / "out")
    assert told.exit_code == 1
    assert "--out" in told.stderr
    assert "reading" not in told.stderr


def test_run__refuses_an_unknown_policy_with_those_there_are(scans, tmp_path):
    told = typed("run", scans, "--out", tmp_path, "--policy", "ten-in-two")
    assert told.exit_code == 1
    assert "ten-in-one" in told.stderr


@pytest.mark.parametrize(
    "arguments", [(), ("scans",), ("scans", "--out", "x", "--as-of", "noon"), ("s", "--outt", "x")]
)
def test_run__tells_wrong_usage_apart(arguments, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "scans").mkdir()
    told = typed("run", *arguments)
    assert told.exit_code == 2
    assert "Usage" in told.stderr


def test_run__keeps_half_a_file_as_one_rejected_record(scans, tmp_path):
    whole = (scans / "read-孔读数.ndjson").read_bytes()
    (tmp_path / "read-half.ndjson").write_bytes(whole[: len(whole) - 20])
    told = typed("run", tmp_path, "--out", tmp_path / "out", "--json")
    assert told.exit_code == 0
    (file,) = json.loads(told.stdout)["files"]
    assert (file["rejected"], file["read"]) == (1, len(whole.splitlines()))


def test_run__says_which_column_a_wrong_name_left_out(tmp_path):
    (tmp_path / "collect.csv").write_text("at,tube_no,person\n2022-02-10T08:00:00,T1,A1\n", encoding="utf-8")
    told = typed("run", tmp_path, "--out", tmp_path / "out", "--json")
    summary = json.loads(told.stdout)
    assert summary["columns_left_out"] == {"collect.csv": ["tube_no"]}
    detail = pl.read_parquet(tmp_path / "out" / "rejects.parquet")["detail"].item()
    assert "tube" in detail


def test_run__loses_nothing_of_a_file_whose_every_column_is_strange(tmp_path):
    (tmp_path / "collect.csv").write_text(
        "time,barcode,id_number\n2022-02-10T08:00:00,T1,A1\n", encoding="utf-8"
    )
    told = typed("run", tmp_path, "--out", tmp_path / "out")
    (file,) = json.loads((tmp_path / "out" / "summary.json").read_text(encoding="utf-8"))["files"]
    assert (file["read"], file["rejected"]) == (1, 1)
    assert "Not used" in told.stdout
    assert "id_number" in told.stdout


def test_diff__shows_what_another_policy_changes(scans, result, tmp_path):
    out, _ = result
    strict = tmp_path / "strict.toml"
    strict.write_text('name = "strict"\n[assay]\ndetected_ct = 20.0\n', encoding="utf-8")
    typed("run", scans, "--out", tmp_path / "strict", "--policy", strict, "--quiet")
    told = typed("diff", out, tmp_path / "strict", "--json")
    assert told.exit_code == 0, told.output
    found = json.loads(told.stdout)
    # the positive control is not detected any more: the plate is invalid, and every sample on it
    assert [(row["tube"], row["before"], row["after"]) for row in found["calls"]] == [
        ("T1", "positive", "invalid"),
        ("T2", "negative", "invalid"),
    ]
    assert found["counts"]["recalls_vanished"] == 10
    assert found["policy"]["after"]["name"] == "strict"
    shown = typed("diff", out, tmp_path / "strict")
    assert "Calls that differ" in shown.stdout
    assert not any(person in shown.stdout for person in people())


def test_diff__finds_nothing_between_a_result_and_itself(result):
    out, _ = result
    told = typed("diff", out, out)
    assert told.exit_code == 0
    assert "结论相同" in told.stdout


def test_diff__refuses_a_torn_result_in_both_languages(result, tmp_path):
    out, _ = result
    torn = Path(__file__).parents[1] / "cases" / "torture" / "torn-result"
    told = typed("diff", out, torn)
    assert told.exit_code == 1
    assert "there is no summary.json" in told.stderr
    assert "不是 poolpipe 写出的结果文件夹" in told.stderr
    shutil.copytree(out, tmp_path / "mixed")
    (tmp_path / "mixed" / "pools.parquet").write_bytes((torn / "pools.parquet").read_bytes())
    told = typed("diff", out, tmp_path / "mixed")
    assert told.exit_code == 1
    assert "pools.parquet is not the table that summary.json speaks of" in told.stderr
    assert "pools.parquet 不是 summary.json 所述的表" in told.stderr


def test_run__does_not_write_over_a_summary_of_somebody_else(scans, tmp_path):
    (tmp_path / "summary.json").write_text('{"name": "mine"}')
    told = typed("run", scans, "--out", tmp_path)
    assert told.exit_code == 1
    assert "nothing is written over it" in told.stderr
    assert "reading" not in told.stderr
    assert (tmp_path / "summary.json").read_text() == '{"name": "mine"}'


def test_diff__refuses_a_folder_that_holds_no_result(result, tmp_path):
    out, _ = result
    told = typed("diff", out, tmp_path)
    assert told.exit_code == 1
    assert str(tmp_path) in told.stderr
