"""Results out: only what was tested, everybody in the tube, valid by each standard's validator, nothing invented."""

from __future__ import annotations

import csv
import json
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from click.testing import CliRunner
from hl7apy.parser import parse_message

from poolpipe.commands.export import export
from poolpipe.errors import PoolpipeError, TableError
from poolpipe.exchange import results
from poolpipe.exchange.city_csv import HEADERS, csv_rows, write_csv
from poolpipe.exchange.fhir import bundle
from poolpipe.exchange.hl7 import oru_messages

MORNING = datetime(2022, 2, 10, 1, 0, tzinfo=UTC)
NOON = datetime(2022, 2, 10, 4, 0, tzinfo=UTC)
TIME = pl.Datetime("us", "UTC")


def pools() -> pl.DataFrame:
    rows = [
        ("", "T1", "pool", 10, "CDC|1", "P1", "A01", "positive", NOON, MORNING),
        ("", "T2", "single", 1, None, None, None, "negative", NOON, MORNING),
        ("", "T3", "pool", 10, "CDC1", None, None, None, None, MORNING),
        ("2", "T1", None, None, "CDC1", "P2", "A01", "invalid", NOON, None),
    ]
    schema = {"round": pl.String, "tube": pl.String, "mode": pl.String, "capacity": pl.Int64, "lab": pl.String,
              "plate": pl.String, "well": pl.String, "call": pl.String, "called_at": TIME, "first_collected": TIME}  # fmt: skip
    return pl.DataFrame(rows, schema, orient="row")


def members() -> pl.DataFrame:
    rows = [("", "T1", "RIC", f"36078119900101{i:03d}X", MORNING, i) for i in (2, 1, 3)]
    rows += [
        ("", "T2", "PASSPORT", "=E^1&2", MORNING, 1),
        ("", "T3", "RIC", "360781199001019999", MORNING, 1),
    ]
    schema = {"round": pl.String, "tube": pl.String, "person_type": pl.String, "person": pl.String,
              "collected_at": TIME, "position": pl.Int64}  # fmt: skip
    return pl.DataFrame(rows, schema, orient="row")


READINGS = pl.DataFrame(
    {
        "plate": ["P1"] * 3 + ["P2"],
        "well": ["A01"] * 4,
        "target": ["N", "N", "ORF1ab", "N"],
        "ct": [33.0, 31.5, None, 20.0],
    }
)


def test_results__are_of_tubes_with_a_call_only() -> None:
    found = list(results(pools(), members(), READINGS))
    assert [(r.round, r.tube, r.call, len(r.members)) for r in found] == [
        ("", "T1", "positive", 3), ("", "T2", "negative", 1), ("2", "T1", "invalid", 0),
    ]  # fmt: skip
    assert [m.position for m in found[0].members] == [1, 2, 3]
    assert found[0].cts == (("N", 31.5), ("ORF1ab", None))
    assert found[2].cts == ()  # P2 was read in the round without name
    assert (found[0].mixture, found[1].mixture) == ("3:1 mixed 混采", "single 单采")


def test_results__of_the_wrong_table_are_refused() -> None:
    with pytest.raises(TableError, match="no column call"):
        list(results(pools().drop("call"), members()))


def test_csv__has_a_row_a_person_and_runs_no_formula() -> None:
    rows = list(csv_rows(results(pools(), members(), READINGS), language="zh"))
    assert len(rows) == 5
    assert rows[0] == ("", "T1", "3:1 mixed 混采", "3", "RIC", "36078119900101001X", "1", "2022-02-10T09:00:00+08:00",
                       "CDC|1", "阳性", "2022-02-10T12:00:00+08:00", "N 31.5; ORF1ab Undetermined")  # fmt: skip
    assert rows[3][5] == "'=E^1&2"
    assert rows[4][4:8] == ("", "", "", "")


def test_csv__is_cut_before_a_spreadsheet_would_cut_it(tmp_path: Path) -> None:
    written = write_csv(results(pools(), members()), tmp_path, rows_per_file=2)
    manifest = json.loads(written[-1].read_text("utf-8"))
    assert [(entry["file"], entry["rows"]) for entry in manifest] == [
        ("results-001.csv", 2), ("results-002.csv", 2), ("results-003.csv", 1),
    ]  # fmt: skip
    with (tmp_path / "results-003.csv").open(encoding="utf-8-sig", newline="") as stream:
        lines = list(csv.reader(stream))
    assert lines[0] == list(HEADERS["en"])
    assert lines[1][:2] == ["2", "T1"]


def test_csv__of_nothing_is_a_header_and_says_nought(tmp_path: Path) -> None:
    written = write_csv(results(pools().head(0), members()), tmp_path)
    assert json.loads(written[-1].read_text("utf-8"))[0]["rows"] == 0


def test_hl7__is_valid_and_marks_the_pool() -> None:
    positive, single, orphan = results(pools(), members(), READINGS)
    messages = oru_messages(positive)
    assert len(messages) == 3
    for message, person in zip(messages, positive.members, strict=True):
        parsed = parse_message(message, find_groups=True)
        assert parsed.validate()
        assert parsed.msh.msh_9.to_er7() == "ORU^R01^ORU_R01"
        group = parsed.oru_r01_patient_result
        assert group.oru_r01_patient.pid.pid_3.pid_3_1.to_er7() == person.person
        order = group.oru_r01_order_observation
        assert order.oru_r01_specimen.spm.spm_11.spm_11_1.to_er7() == "L"
        assert order.oru_r01_specimen.spm.spm_13.to_er7() == "3"
        found = [o.obx.obx_5.to_er7() for o in order.oru_r01_observation]
        assert found == ["260373001^Detected^SCT", "3:1 mixed 混采", "31.5", "Undetermined"]
    assert "CDC\\F\\1" in messages[0]
    assert "|E" not in oru_messages(single)[0].split("PID")[1][:6]
    assert "=E\\S\\1\\T\\2" in oru_messages(single)[0]
    assert "PID" not in oru_messages(orphan)[0]
    assert "|X|" in oru_messages(orphan)[0]  # an invalid run is no result


def test_hl7__of_the_same_result_is_the_same_message() -> None:
    first = [oru_messages(result) for result in results(pools(), members())]
    again = [oru_messages(result) for result in results(pools(), members().reverse())]
    assert first == again
    controls = [message.split("|")[9] for messages in first for message in messages]
    assert len(set(controls)) == len(controls)


def resources(text: str) -> dict[str, list[dict[str, Any]]]:
    found: dict[str, list[dict[str, Any]]] = {}
    for entry in json.loads(text)["entry"]:
        found.setdefault(entry["resource"]["resourceType"], []).append(entry["resource"])
    return found


def test_fhir__makes_the_pool_of_its_members() -> None:
    positive, single, orphan = results(pools(), members(), READINGS)
    pool = resources(bundle(positive))
    tube = next(s for s in pool["Specimen"] if "identifier" in s)
    swabs = [s for s in pool["Specimen"] if "identifier" not in s]
    assert [parent["reference"] for parent in tube["parent"]] == [f"urn:uuid:{swab['id']}" for swab in swabs]
    assert [p["identifier"][0]["value"] for p in pool["Patient"]] == [m.person for m in positive.members]
    assert [s["subject"]["reference"] for s in swabs] == [f"urn:uuid:{p['id']}" for p in pool["Patient"]]
    assert pool["Group"][0]["quantity"] == 3
    report, observation = pool["DiagnosticReport"][0], pool["Observation"][0]
    assert (
        report["specimen"][0]["reference"] == observation["specimen"]["reference"] == f"urn:uuid:{tube['id']}"
    )
    assert observation["valueCodeableConcept"]["coding"][0]["code"] == "260373001"
    assert observation["component"][0]["valueQuantity"]["value"] == 31.5
    assert observation["component"][1]["dataAbsentReason"]["text"] == "Undetermined"
    alone = resources(bundle(single))
    assert "Group" not in alone
    assert alone["DiagnosticReport"][0]["subject"]["reference"] == f"urn:uuid:{alone['Patient'][0]['id']}"
    nobody = resources(bundle(orphan))
    assert "subject" not in nobody["DiagnosticReport"][0]
    assert "valueCodeableConcept" not in nobody["Observation"][0]  # no result from an invalid run


def test_fhir__is_the_same_each_time_and_every_reference_is_there() -> None:
    for result in results(pools(), members(), READINGS):
        text = bundle(result)
        assert text == bundle(result)
        urls = {entry["fullUrl"] for entry in json.loads(text)["entry"]}
        assert {part.split('"')[0] for part in text.split('"reference":"')[1:]} <= urls


def test_export__writes_each_format(tmp_path: Path) -> None:
    run = tmp_path / "run"
    run.mkdir()
    pools().write_parquet(run / "pools.parquet")
    members().write_parquet(run / "members.parquet")
    for form, ending, files in (("csv", "csv", 1), ("hl7", "hl7", 3), ("fhir", "json", 3)):
        out = tmp_path / form
        told = CliRunner().invoke(export, [str(run), "--format", form, "--out", str(out)])
        assert told.exit_code == 0, told.output
        assert "1 tubes without a call" in told.output
        assert (
            len([p for p in out.iterdir() if p.suffix == f".{ending}" and "manifest" not in p.name]) == files
        )
    told = CliRunner().invoke(
        export, [str(run), "--format", "hl7", "--call", "negative", "--out", str(tmp_path / "few")]
    )
    assert len(list((tmp_path / "few").iterdir())) == 1


def test_export__of_no_run_is_refused(tmp_path: Path) -> None:
    told = CliRunner().invoke(export, [str(tmp_path), "--format", "csv", "--out", str(tmp_path / "out")])
    assert isinstance(told.exception, PoolpipeError)
    assert "no such table" in str(told.exception)


def test_page__has_examples_that_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    page = (Path(__file__).parents[2] / "docs" / "exchange.md").read_text("utf-8")
    (tmp_path / "result").mkdir()
    pools().write_parquet(tmp_path / "result" / "pools.parquet")
    members().write_parquet(tmp_path / "result" / "members.parquet")
    monkeypatch.chdir(tmp_path)
    for example in re.findall(r"```python\n(.*?)```", page, re.DOTALL):
        exec(compile(example, "docs/exchange.md", "exec"), {})  # noqa: S102 -- our own page
