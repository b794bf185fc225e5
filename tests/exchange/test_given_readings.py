"""Read-outs given beside a result: read as `run` reads them, and in the place of its own."""

from __future__ import annotations

import polars as pl

from exchange.campaigns import POSITIVE, plate, swabs, write
from exchange.outboxes import done, refused, rows


def given(folder, *events):
    """Read events in a file of their own."""
    path = folder / "given.csv"
    pl.DataFrame(events, infer_schema_length=None).write_csv(path)
    return path


def test_given_readings__stand_in_the_place_of_the_runs_own(tmp_path, results):
    other = plate("P1", "12:00", {"A01": ("T1", {"N": 30.5})})
    read = given(tmp_path, *(event for event in other if event["kind"] == "read"))
    told = done(results["first"], tmp_path / "box", "csv", "--readings", read)
    assert {row["tube"]: row["ct"] for row in rows(tmp_path / "box")} == {"T1": "N 30.5", "T2": ""}
    assert "1 tubes are told without Ct values" in told


def test_call__that_a_laboratory_reported_has_no_readings_to_be_missed(tmp_path):
    report = {
        "kind": "report",
        "at": "2022-02-10T13:00:00+08:00",
        "tube": "T1",
        "call": "negative",
        "lab": "LAB1",
    }
    told = done(write(tmp_path / "run", *swabs(), report), tmp_path / "box", "csv")
    assert {(row["tube"], row["ct"]) for row in rows(tmp_path / "box")} == {("T1", "")}
    assert "without Ct values" not in told


def test_given_readings__may_be_voided_and_are_not_those_after_the_result(tmp_path, results):
    cell = {"kind": "read", "plate": "P1", "well": "A1"}
    events = [
        {**cell, "at": "2022-02-10T13:00:00+08:00", "target": "N", "ct": "22", "event_id": "a"},
        {**cell, "at": "2022-02-10T12:59:00+08:00", "target": "N", "ct": "11", "event_id": "b"},
        {**cell, "at": "2022-02-10T13:00:01+08:00", "target": "N", "ct": "9", "event_id": "c"},
        {"kind": "void", "at": "2022-02-10T13:00:00+08:00", "event": "b", "reason": "wrong well"},
    ]
    done(results["first"], tmp_path / "box", "csv", "--readings", given(tmp_path, *events))
    assert {row["ct"] for row in rows(tmp_path / "box") if row["tube"] == "T1"} == {"N 22"}


def test_given_readings_that_are_none__are_named(tmp_path, results):
    cell = {"at": "2022-02-10T13:00:00+08:00", "plate": "P1", "target": "N"}
    bad = [{**cell, "well": f"Z{n}", "ct": "20"} for n in range(7)]
    told = done(results["first"], tmp_path / "box", "csv", "--readings", given(tmp_path, *bad))
    assert told.count("not understood") == 5
    assert "given.csv:2 bad_well" in told
    assert "and 2 more" in told
    (tmp_path / "folder").mkdir()
    given(tmp_path / "folder", {**cell, "well": "A1", "ct": "20"})
    (tmp_path / "folder" / "letter.docx").write_text("dear")
    assert "left aside" in done(results["first"], tmp_path / "two", "csv", "--readings", tmp_path / "folder")
    assert "no such file" in refused(
        results["first"], tmp_path / "three", "csv", "--readings", tmp_path / "nowhere.csv"
    )


def test_given_readings__need_the_policy_of_the_run(tmp_path):
    run = write(
        tmp_path / "run", *swabs(), *plate("P1", "12:00", {"A01": ("T1", POSITIVE)}), policy="twenty-in-one"
    )
    read = given(
        tmp_path, {"at": "2022-02-10T13:00:00+08:00", "plate": "P1", "well": "A1", "target": "N", "ct": "20"}
    )
    told = refused(run, tmp_path / "box", "csv", "--readings", read)
    assert "concluded under policy twenty-in-one" in told
    assert "this is ten-in-one" in told
    done(run, tmp_path / "box", "csv", "--readings", read, "--policy", "twenty-in-one")
    assert {row["ct"] for row in rows(tmp_path / "box")} == {"N 20"}
