"""Machines' files among the scans of a run: the campaign's policy decides, and what is left out is said first."""

from __future__ import annotations

import json
import random
from pathlib import Path

import polars as pl
import pytest
from benchmarks.instrument_samples import workbook
from click.testing import CliRunner

from poolpipe.commands.import_ import import_command
from poolpipe.commands.run import run as run_command
from poolpipe.errors import PolicyError
from poolpipe.import_policy import ImportPolicy
from poolpipe.instruments.answers import answer
from poolpipe.pipeline import run
from poolpipe.policy import Policy

SAMPLES = Path(__file__).parents[2] / "data" / "samples" / "instruments"
CASES = Path(__file__).parents[1] / "cases" / "instruments"
HEAD = "* Experiment Barcode = P1\n* Experiment Run End Time = 2022-04-04 08:00:00 AM UTC\n\n[Results]\n"
COLUMNS = "Well Position\tSample Name\tTarget Name\tCT\n"


def plate(*rows: tuple[str, str, str, str]) -> str:
    return HEAD + COLUMNS + "".join("\t".join(row) + "\n" for row in rows)


def scans(folder: Path, *tubes: str) -> None:
    lines = [f"2022-04-04T10:00:{i:02d}+08:00,{tube},HKM{i:04d},HKM" for i, tube in enumerate(tubes)]
    (folder / "collect.csv").write_text("\n".join(["at,tube,person,person_type", *lines, ""]), "utf-8")


def wells(**samples: str) -> list[tuple[str, str, str, str]]:
    found = {"NTC": ("Undetermined",) * 3, "PC": ("22.1", "23.1", "24.1")}
    return [
        (well, sample, target, ct)
        for well, sample in samples.items()
        for target, ct in zip(("ORF1ab", "N", "IC"), found.get(sample[:3].rstrip("0123456789"), ("30.1",) * 3), strict=True)
    ]  # fmt: skip


def test_a_control_by_name__that_was_collected_is_a_tube_and_an_anomaly(tmp_path: Path) -> None:
    scans(tmp_path, "PC02", "T1")
    (tmp_path / "run.txt").write_text(plate(*wells(A1="NTC", A2="PC1", A3="PC02", A4="T1")), "utf-8")
    day = run(tmp_path, policy=Policy(machines={"lab": "L1"}))
    found = dict(day.pools.select("tube", "call").rows())
    assert found == {"PC02": "positive", "T1": "positive"}
    told = day.anomalies.filter(code="control_was_collected")
    assert told.select("severity", "subject_kind", "subject").rows() == [("error", "tube", "PC02")]
    (tmp_path / "run.txt").write_text(plate(*wells(A1="NTC", A2="PC02", A4="T1")), "utf-8")
    alone = run(tmp_path, policy=Policy(machines={"lab": "L1"}))
    assert set(alone.pools["call"]) == {"invalid"}  # its positive control is a tube, so the plate has none
    assert "plate_control_missing" in alone.anomalies["code"].to_list()


def test_a_campaigns_targets_and_plates__count_in_run(tmp_path: Path) -> None:
    scans(tmp_path, "T1")
    (tmp_path / "run.csv").write_text(
        "Plate,Well,Target,Ct\nP1,1,E基因,30.5\nP1,25,E基因,31.5\nP1,26,RNaseP,22.5\n"
    )
    (tmp_path / "run.csv").write_text(
        HEAD.replace("[Results]\n", "")
        + "Well\tSample Name\tTarget Name\tCT\n1\tT1\tE基因\t30.5\n25\tT2\tE基因\t31.5\n"
        "25\tT2\t内标\t22.5\n",
        "utf-8",
    )
    policy = Policy.model_validate(
        {
            "assay": {"targets": ["E"], "internal_control": "RP"},
            "codes": {"plate_wells": 384},
            "machines": {"lab": "L1"},
        }
    )
    day = run(tmp_path, policy=policy)
    assert day.anomalies.filter(code="reading_incomplete")["subject"].to_list() == ["P1:A01"]
    assert day.pools.filter(tube="T2")["well"].to_list() == ["B01"]  # number 25 on 384 wells
    asked = day.summary["instruments"]["run.csv"]["questions"]
    assert "target_not_expected" not in asked


def test_settings_for_machines__that_do_not_exist_are_refused() -> None:
    with pytest.raises(PolicyError, match=r"no_cal_ct.*\[machines\]|\[machines\].*no_cal_ct"):
        run(SAMPLES / "cfx.csv", policy=Policy(machines={"no_cal_ct": [40]}))
    assert Policy().version == Policy(machines={}).version
    assert Policy(machines={"lab": "L1"}).version != Policy().version


def test_one_policy_file__serves_run_and_import(tmp_path: Path) -> None:
    (tmp_path / "policy.toml").write_text(
        'time_zone = "UTC"\n[machines]\nno_call_ct = [-1]\nlab = "L9"\n', "utf-8"
    )
    told = CliRunner().invoke(
        import_command, [str(CASES / "17-slan-negative-number.csv"), "--dry-run", "--policy", str(tmp_path / "policy.toml")]
    )  # fmt: skip
    assert told.exit_code == 0, told.output
    assert "2022-04-04 10:00:00 +0000 UTC" in told.output
    assert "undetermined 未检出: 2" in told.output
    assert "load 上机 1" in told.output


def test_run__names_the_files_it_left_out_on_its_first_board(tmp_path: Path) -> None:
    scans(tmp_path, "T1")
    for name in ("12-da1-well-call.csv", "03b-cfx-short-row-gives-negative.csv"):
        (tmp_path / name).write_bytes((CASES / name).read_bytes())
    (tmp_path / "good.csv").write_bytes((SAMPLES / "cfx.csv").read_bytes())
    told = CliRunner().invoke(run_command, [str(tmp_path), "--out", str(tmp_path.with_suffix(".out"))])
    assert told.exit_code == 0, told.output
    first = told.output[: told.output.index("Recall board")]
    assert "files left out" in first
    for part in (
        "12-da1-well-call.csv",
        "Call, Assessment",
        "poolpipe import",
        "--plate BARCODE",
        "--at TIME",
    ):
        assert part in " ".join(first.split())
    assert "good.csv" not in first[first.index("files left out") :]
    summary = json.loads((tmp_path.with_suffix(".out") / "summary.json").read_text("utf-8"))
    left_out = {name: note["left_out"] is not None for name, note in summary["instruments"].items()}
    assert left_out == {
        "12-da1-well-call.csv": True,
        "03b-cfx-short-row-gives-negative.csv": True,
        "good.csv": False,
    }


def test_questions__name_the_key_or_option_of_the_command_that_was_typed(tmp_path: Path) -> None:
    assert (answer("at"), answer("targets")) == ("--at TIME", "--target NAME=TARGET")
    assert answer("zero_ct", "run") == "zero_ct under [machines] of --policy FILE"
    assert answer("plate", "run").startswith("poolpipe import FILE --plate BARCODE")
    for setting in ImportPolicy.model_fields:
        assert setting in answer(setting) or answer(setting).startswith("--")
        assert setting in answer(setting, "run") or "poolpipe import FILE --" in answer(setting, "run")
    (tmp_path / "run.eds").write_bytes((SAMPLES / "classic.eds").read_bytes())
    day = run(tmp_path)
    answers = day.summary["instruments"]["run.eds"]["answers"]
    assert answers["ct_may_be_no_call"] == "no_call_ct under [machines] of --policy FILE"
    assert answers["lab_missing"] == "lab under [machines] of --policy FILE"
    assert day.rejects.filter(pl.col("detail").str.contains("lab")).height == 24


def test_loads_without_a_lab__are_told_first_and_blame_no_plate(tmp_path: Path) -> None:
    scans(tmp_path, "T1")
    (tmp_path / "run.txt").write_text(plate(*wells(A1="NTC", A2="PC1", A3="T1")), "utf-8")
    told = CliRunner().invoke(run_command, [str(tmp_path), "--out", str(tmp_path.with_suffix(".out"))])
    assert told.exit_code == 0, told.output
    first = " ".join(told.output[: told.output.index("tubes 样本管")].split())
    assert (
        "3 loads of run.txt have no lab and are rejected; set lab under [machines] of --policy FILE" in first
    )
    assert "未注明检测机构" in first
    assert "run it again with its controls" not in told.output
    assert "find out whose it is" not in told.output
    day = run(tmp_path)
    on_plates = day.anomalies.filter(pl.col("subject_kind").is_in(["plate", "well"]))
    codes = dict(on_plates.group_by("code").len().iter_rows())
    assert codes == {"plate_control_missing": 1, "reading_without_load": 3}
    for detail in on_plates["detail"]:
        assert "loads of this plate were rejected 本板的上机记录被拒收; mend those loads first" in detail
    assert set(
        day.rejects["detail"].str.contains("set lab under [machines] of --policy FILE", literal=True)
    ) == {True}
    mended = run(tmp_path, policy=Policy(machines={"lab": "L1"}))
    assert mended.summary["warnings"] == []
    assert not set(codes) & set(mended.anomalies["code"])
    assert mended.rejects.is_empty()


def test_rejected_loads_of_event_files__blame_their_plate_alone(tmp_path: Path) -> None:
    scans(tmp_path, "T1")
    loads = ["P1,A01,T1", "P1,A02,", "P2,A01,T1"]
    lines = [f"2022-04-04T08:00:00Z,{line},L1" for line in loads]
    (tmp_path / "load.csv").write_text("\n".join(["at,plate,well,tube,lab", *lines, ""]), "utf-8")
    reads = [f"2022-04-04T09:00:00Z,{p},A01,{t},30" for p in ("P1", "P2") for t in ("ORF1ab", "N", "IC")]
    (tmp_path / "read.csv").write_text("\n".join(["at,plate,well,target,ct", *reads, ""]), "utf-8")
    day = run(tmp_path)
    missing = day.anomalies.filter(code="plate_control_missing").sort("subject")
    blamed = missing["detail"].str.contains("loads of this plate were rejected").to_list()
    assert (missing["subject"].to_list(), blamed) == (["P1", "P2"], [True, False])
    (tmp_path / "load-2.csv").write_text(
        "at,plate,well,tube,laboratory\n2022-02-10T08:00:00Z,P3,A01,T1,L1\n", "utf-8"
    )
    labless = run(tmp_path)
    assert labless.summary["warnings"][0].startswith(
        "1 loads of load-2.csv have no lab and are rejected; fill its column"
    )
    assert "did you mean the column 'laboratory'?" in labless.rejects.filter(file="load-2.csv")["detail"][0]
    told = CliRunner().invoke(run_command, [str(tmp_path), "--out", str(tmp_path.with_suffix(".out"))]).output
    assert "run it again with its controls" in told
    assert "mend those loads first" in told


def test_rejects_of_machines_files__name_the_line_in_the_file(tmp_path: Path) -> None:
    scans(tmp_path, "T1")
    (tmp_path / "run.txt").write_text(plate(*wells(A1="NTC", A2="PC1", A3="T1")), "utf-8")
    lines = (tmp_path / "run.txt").read_text("utf-8").split("\n")
    for line, raw in run(tmp_path).rejects.select("line", "raw").iter_rows():
        event = json.loads(raw)
        at = lines[line - 1].split("\t")
        assert (at[0].replace("A", "A0"), "line" in event) == (event["well"], False)
    (tmp_path / "run.txt").unlink()
    (tmp_path / "run.rdml").write_bytes((SAMPLES / "plate.rdml").read_bytes())
    assert set(run(tmp_path).rejects["line"]) == {None}  # loads of RDML stand in no line


def test_times__are_shown_as_the_clock_on_the_wall(tmp_path: Path) -> None:
    told = CliRunner().invoke(import_command, [str(SAMPLES / "classic.eds"), "--dry-run"])
    assert "2022-02-10 13:07:52 +0800 Asia/Shanghai" in told.output


def test_a_workbook_of_any_size__is_read_by_run(tmp_path: Path) -> None:
    (tmp_path / "small.xlsx").write_bytes((CASES / "24a-small.xlsx").read_bytes())
    day = run(tmp_path)
    assert day.summary["instruments"]["small.xlsx"]["format"] == "design-and-analysis"
    assert day.anomalies.filter(code="reading_without_load")["subject"].to_list() == ["P0001:A01"]


@pytest.mark.parametrize("rows", [0, 2200])
def test_a_workbook__is_read_by_run_whatever_its_size(rows: int, tmp_path: Path) -> None:
    chance = random.Random(24)
    raw: list[list[object]] = [[row, *(chance.uniform(1e3, 1e5) for _ in range(12))] for row in range(rows)]
    results: list[list[object]] = [
        ["Barcode", "P0001"],
        ["Run End Data/Time", "2022-04-04 08:00:00 AM UTC"],
        ["Well", "Well Position", "Omit", "Sample", "Target", "Task", "Cq"],
        *([1 + i, f"A{1 + i}", "false", tube, target, task, ct] for i, (tube, task, ct) in enumerate(
            (("T1", "UNKNOWN", 24.5), ("NTC", "NTC", "UNDETERMINED"), ("PC", "POSITIVE_CONTROL", 22.1)))
          for target in ("ORF1ab", "N", "IC")),
    ]  # fmt: skip
    content = workbook({"Results": results, "Raw Data": raw or [["none"]]})
    assert (len(content) > 256 * 1024) == bool(rows)
    scans(tmp_path, "T1")
    (tmp_path / "run.xlsx").write_bytes(content)
    day = run(tmp_path, policy=Policy(machines={"lab": "L1"}))
    assert day.pools.select("tube", "call").rows() == [("T1", "positive")]
