"""`poolpipe export`: from a result folder to an outbox, again and again, and what is said beside it."""

from __future__ import annotations

import csv
import json
import re
from pathlib import Path

import polars as pl
import pytest
from click.testing import CliRunner

from exchange import er7
from exchange.campaigns import NEGATIVE, PEOPLE, POSITIVE, plate, swab, swabs, void, write
from poolpipe.cli import poolpipe
from poolpipe.exchange.source import ResultFolder
from poolpipe.exchange.telling import Csv, Hl7, tell

CASES = Path(__file__).parents[1] / "cases" / "scans"
ROOT = Path(__file__).parents[2]


def export(run, out, form="csv", *arguments):
    return CliRunner().invoke(
        poolpipe, ["export", str(run), "--format", form, "--out", str(out), *map(str, arguments)]
    )


def done(run, out, form="csv", *arguments):
    told = export(run, out, form, *arguments)
    assert told.exit_code == 0, told.output
    return told.stderr


def refused(run, out, form="csv", *arguments):
    told = export(run, out, form, *arguments)
    assert told.exit_code == 1, told.output
    return told.stderr


def rows(out):
    found = []
    for path in sorted(out.glob("results-*.csv")):
        with path.open(encoding="utf-8-sig", newline="") as file:
            found += csv.DictReader(file)
    return found


def messages(out):
    """Every HL7 message, in the order of file names."""
    texts = [path.read_bytes().decode() for path in sorted(out.glob("*.hl7"))]
    return [er7.segments("MSH" + part) for text in texts for part in text.split("MSH")[1:]]


def bundles(out):
    return [
        [entry["resource"] for entry in json.loads(path.read_text("utf-8"))["entry"]]
        for path in sorted(out.glob("*.json"))
        if "manifest" not in path.name
    ]


def findings(out, form):
    """(finding, status) of everything in an outbox, whatever its format."""
    if form == "csv":
        return sorted({(row["call"], row["status"]) for row in rows(out)})
    if form == "hl7":
        first = [er7.every(message, "OBX")[0] for message in messages(out)]
        return sorted({(er7.components(f"{obx[5]}^")[1], obx[11]) for obx in first})
    found = [each for bundle in bundles(out) for each in bundle if each["resourceType"] == "Observation"]
    values = [
        each.get("valueCodeableConcept", {"coding": [{"display": ""}]})["coding"][0]["display"]
        for each in found
    ]
    return sorted(zip(values, (each["status"] for each in found), strict=True))


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    """Three results of one campaign: T1 positive; T1's readings voided; T1 read again, negative."""
    place = tmp_path_factory.mktemp("results")
    first = [*swabs(), *plate("P1", "12:00", {"A01": ("T1", POSITIVE), "A02": ("T2", NEGATIVE)})]
    withdrawn = [*first, *void(*(f"P1:A01:{target}" for target in POSITIVE))]
    again = [*withdrawn, *plate("P2", "20:00", {"B01": ("T1", NEGATIVE)})]
    return {name: write(place / name, *events)
            for name, events in (("first", first), ("withdrawn", withdrawn), ("again", again))}  # fmt: skip


# the cases


@pytest.mark.parametrize("given", [False, True])
def test_case_03__a_positive_is_told_with_the_ct_of_its_own_well(tmp_path, given):
    case = CASES / "03-export-ct-of-another-well"
    run = CliRunner().invoke(
        poolpipe, ["run", str(case / "input"), "--out", str(tmp_path / "out"), "--quiet"]
    )
    assert run.exit_code == 0, run.output
    options = ("--readings", case / "readings.ndjson") if given else ()
    for form in ("csv", "hl7", "fhir"):
        done(tmp_path / "out", tmp_path / form, form, *options)
    assert {row["ct"] for row in rows(tmp_path / "csv")} == {"IC 24; N 26.2; ORF1ab 25.1"}
    assert len(messages(tmp_path / "hl7")) == 10
    for message in messages(tmp_path / "hl7"):
        cts = {er7.components(obx[3])[0]: obx[5] for obx in er7.every(message, "OBX")[2:]}
        assert cts == {"CT-IC": "24", "CT-N": "26.2", "CT-ORF1ab": "25.1"}
    (bundle,) = bundles(tmp_path / "fhir")
    (observation,) = (each for each in bundle if each["resourceType"] == "Observation")
    values = {each["code"]["text"]: each["valueQuantity"]["value"] for each in observation["component"]}
    assert values == {"Ct IC": 24, "Ct N": 26.2, "Ct ORF1ab": 25.1}


@pytest.mark.parametrize("name", ["readings.csv", "readings-words.ndjson", "readings-a1.ndjson"])
def test_case_05__readings_are_read_as_run_reads_them(tmp_path, name):
    case = CASES / "05-export-readings-as-they-come"
    CliRunner().invoke(poolpipe, ["run", str(case / "input"), "--out", str(tmp_path / "out"), "--quiet"])
    done(tmp_path / "out", tmp_path / "csv", "csv", "--readings", case / name)
    assert {row["ct"] for row in rows(tmp_path / "csv")} == {"IC 24; N 26.2; ORF1ab 25.1"}


def test_case_30__undetermined_is_no_minus_infinity(tmp_path):
    case = CASES / "30-fhir-undetermined"
    CliRunner().invoke(poolpipe, ["run", str(case / "input"), "--out", str(tmp_path / "out"), "--quiet"])
    done(tmp_path / "out", tmp_path / "fhir", "fhir", "--readings", case / "readings.ndjson")
    (text,) = (path.read_text("utf-8") for path in (tmp_path / "fhir").glob("2*.json"))
    assert "infinity" not in text
    (observation,) = (each for each in bundles(tmp_path / "fhir")[0] if each["resourceType"] == "Observation")
    control, *targets = observation["component"]
    assert control["valueQuantity"]["value"] == 24
    for target in targets:
        assert target["dataAbsentReason"]["text"] == "Undetermined"
        assert target["dataAbsentReason"]["coding"][0]["code"] == "not-applicable"
        assert "valueQuantity" not in target


# exporting again


@pytest.mark.parametrize(
    ("form", "first", "withdrawn", "again"),
    [
        ("csv", [("detected", "final"), ("not detected", "final")], [("", "withdrawn"), ("not detected", "final")],
         [("not detected", "corrected"), ("not detected", "final")]),
        ("hl7", [("Detected", "F"), ("Not detected", "F")], [("", "W"), ("Not detected", "F")],
         [("Not detected", "C"), ("Not detected", "F")]),
        ("fhir", [("Detected", "final"), ("Not detected", "final")], [("", "entered-in-error"), ("Not detected", "final")],
         [("Not detected", "corrected"), ("Not detected", "final")]),
    ],
)  # fmt: skip
def test_withdrawn_result__is_taken_back_and_told_again_when_it_is_another(
    tmp_path, results, form, first, withdrawn, again
):
    out = tmp_path / "box"
    done(results["first"], out, form)
    assert findings(out, form) == first
    told = done(results["withdrawn"], out, form)
    assert findings(out, form) == withdrawn
    assert "1 final, 2 withdrawn" in told
    assert not any(b"Detected" in path.read_bytes() for path in out.iterdir())
    done(results["again"], out, form)
    assert findings(out, form) == again


@pytest.mark.parametrize("form", ["csv", "hl7", "fhir"])
def test_same_result_exported_again__is_the_same_to_the_byte(tmp_path, results, form):
    for out, times in (("twice", 2), ("once", 1)):
        for _ in range(times):
            done(results["first"], tmp_path / out, form)
    for name in ("first", "withdrawn"):
        for out in ("twice", "once"):
            done(results[name], tmp_path / out, form)
    done(results["withdrawn"], tmp_path / "twice", form)
    once, twice = (
        {path.name: path.read_bytes() for path in (tmp_path / out).iterdir() if "manifest" not in path.name}
        for out in ("once", "twice")
    )
    assert once == twice


def test_correction__is_sent_after_what_it_corrects(tmp_path, results):
    done(results["first"], tmp_path / "box", "hl7")
    assert [er7.only(message, "OBR")[22] for message in messages(tmp_path / "box")] == [
        "20220210130000+0800"
    ] * 3
    done(results["withdrawn"], tmp_path / "box", "hl7")
    assert [(er7.only(m, "OBR")[3], er7.only(m, "OBR")[22]) for m in messages(tmp_path / "box")] == [
        ("T2", "20220210130000+0800"), ("T1", "20220210180000+0800"), ("T1", "20220210180000+0800"),
    ]  # fmt: skip


def test_messages__lie_in_the_order_of_their_times(tmp_path):
    early = plate("P1", "10:00", {"A01": ("T2", NEGATIVE)})
    late = plate("P2", "12:00", {"A01": ("T1", POSITIVE)})
    run = write(tmp_path / "run", *swabs(), *late, *early)
    done(run, tmp_path / "box", "hl7")
    assert [er7.only(message, "OBR")[3] for message in messages(tmp_path / "box")] == ["T2", "T1", "T1"]
    manifest = json.loads((tmp_path / "box" / "results.manifest.json").read_text("utf-8"))
    assert [file["file"].split("-")[1] for file in manifest["files"]] == ["T2", "T1"]
    assert [file["messages"] for file in manifest["files"]] == [1, 2]
    assert all(
        re.fullmatch(r"20220210T0[35]0000Z-T[12]-[0-9a-f]{12}\.hl7", file["file"])
        for file in manifest["files"]
    )


def test_calls_asked_for__are_followed_when_they_change(tmp_path, results):
    asked = ("--call", "positive", "--call", "suspect")
    done(results["first"], tmp_path / "box", "csv", *asked)
    assert {(row["tube"], row["call"]) for row in rows(tmp_path / "box")} == {("T1", "detected")}
    done(results["again"], tmp_path / "box", "csv", *asked)
    assert {(row["tube"], row["call"], row["status"]) for row in rows(tmp_path / "box")} == {
        ("T1", "not detected", "corrected")
    }


def test_older_result__does_not_take_back_a_newer_one(tmp_path, results):
    done(results["again"], tmp_path / "box")
    assert "told a result as of 2022-02-10T13:00:00" in refused(results["first"], tmp_path / "box")


def test_result_without_events__takes_nothing_back(tmp_path, results):
    done(results["first"], tmp_path / "box")
    empty = write(tmp_path / "empty", {**swab("T1", "990100199001010012"), "at": "never"})
    assert "has no event at all" in refused(empty, tmp_path / "box")
    told = done(empty, tmp_path / "new")
    assert "nothing to tell" in told
    assert rows(tmp_path / "new") == []
    assert (tmp_path / "new" / "results-001.csv").read_text("utf-8-sig").startswith("round,tube,")


# what is told, and what is said beside it


def test_tube_without_call__is_never_sent(tmp_path):
    run = write(tmp_path / "run", *swabs(), *plate("P1", "12:00", {"A01": ("T1", POSITIVE)}))
    for form in ("csv", "hl7", "fhir"):
        told = done(run, tmp_path / form, form)
        assert "1 tubes without a call are not sent" in told
        assert "T2" not in "".join(
            path.read_text("utf-8", errors="replace") for path in (tmp_path / form).glob("[!.]*")
        )


def test_shared_well__is_told_as_suspect_with_its_cts_and_a_remark(tmp_path):
    wells = plate("P1", "12:00", {"A01": ("T1", POSITIVE)})
    shared = [{**wells[0], "tube": "T2"}]
    run = write(tmp_path / "run", *swabs(), *wells, *shared)
    done(run, tmp_path / "csv")
    assert {(row["tube"], row["call"], row["ct"]) for row in rows(tmp_path / "csv")} == {
        (tube, "inconclusive", "IC 24; N 26.2; ORF1ab 25.1") for tube in ("T1", "T2")
    }
    assert all("一孔多样" in row["remark"] for row in rows(tmp_path / "csv"))
    given = tmp_path / "read.csv"
    pl.DataFrame([event for event in wells if event["kind"] == "read"]).drop("kind").write_csv(given)
    done(run, tmp_path / "given", "csv", "--readings", given)
    assert rows(tmp_path / "given") == rows(tmp_path / "csv")


def test_invalid_plate__is_told_as_invalid_without_cts(tmp_path):
    events = [event for event in plate("P1", "12:00", {"A01": ("T1", POSITIVE)}) if event["well"] != "H12"]
    run = write(tmp_path / "run", *swabs(), *events)
    done(run, tmp_path / "csv")
    assert {(row["call"], row["ct"], row["status"]) for row in rows(tmp_path / "csv")} == {
        ("invalid", "", "final")
    }
    done(run, tmp_path / "hl7", "hl7")
    assert {er7.only(message, "OBR")[25] for message in messages(tmp_path / "hl7")} == {"X"}


def test_result_dated_before_a_swab__is_named(tmp_path):
    late = swab("T1", PEOPLE["T1"][1], "13:00")
    run = write(tmp_path / "run", *swabs()[:1], late, *plate("P1", "12:00", {"A01": ("T1", POSITIVE)}))
    assert re.search(
        r"1 results are dated at or before a swab of their tube.* T1 ", done(run, tmp_path / "box")
    )


def test_negatives_whose_readings_were_not_kept__are_counted(tmp_path):
    events = [*swabs(), *plate("P1", "12:00", {"A01": ("T1", POSITIVE), "A02": ("T2", NEGATIVE)})]
    run = write(tmp_path / "run", *events, readings="not-negative")
    told = done(run, tmp_path / "box")
    assert "1 tubes are told without Ct values" in told
    assert "poolpipe run --readings all" in told
    assert {row["tube"]: row["ct"] for row in rows(tmp_path / "box")} == {
        "T1": "IC 24; N 26.2; ORF1ab 25.1",
        "T2": "",
    }
    whole = write(tmp_path / "whole", *events, readings="all")
    assert "without Ct values" not in done(whole, tmp_path / "all")


def test_tubes_are_told_the_same_however_few_at_a_time(tmp_path):
    rounds = [{**event, "round": number} for number in ("", "2") for event in
              (*swabs(), *plate("P1", "12:00", {"A01": ("T1", POSITIVE), "A02": ("T2", NEGATIVE)}))]  # fmt: skip
    for number, event in enumerate(rounds):
        event.pop("event_id", None)
        event["event_id"] = str(number)
    source = ResultFolder(write(tmp_path / "run", *rounds))
    whole = pl.concat([told for told, _ in source.stretches(None, None)])
    for tubes in (1, 2, 3):
        parts = list(source.stretches(None, None, tubes=tubes))
        assert {total for _, total in parts} == {4}
        assert len(parts) == -(-4 // tubes)
        assert pl.concat([told for told, _ in parts]).equals(whole)
        again = list(source.stretches(whole.lazy(), whole["called_at"][0], tubes=tubes))
        assert pl.concat([told for told, _ in again]).equals(whole)


def test_csv__is_cut_into_files_that_the_manifest_counts(tmp_path, results):
    tell(ResultFolder(results["first"]), tmp_path / "box", Csv(rows_per_file=2))
    manifest = json.loads((tmp_path / "box" / "results.manifest.json").read_text("utf-8"))
    assert [(file["file"], file["rows"]) for file in manifest["files"]] == [
        ("results-001.csv", 2),
        ("results-002.csv", 1),
    ]
    assert len(rows(tmp_path / "box")) == 3
    content = (tmp_path / "box" / "results-002.csv").read_bytes()
    assert content.startswith(b"\xef\xbb\xbfround,tube,")
    assert content.endswith(b"\r\n")
    assert manifest["result"]["as_of"] == "2022-02-10T05:00:00Z"
    assert manifest["result"]["policy"]["name"] == "ten-in-one"
    assert re.fullmatch(r"[0-9a-f]{64}", manifest["result"]["summary_sha256"])


def test_options__reach_the_files(tmp_path, results):
    done(results["first"], tmp_path / "zh", "csv", "--language", "zh", "--zone", "UTC", "--for-spreadsheet")
    row = rows(tmp_path / "zh")[0]
    assert (row["检测结果"], row["报告时间"]) == ("阳性", "2022-02-10T05:00:00+00:00")
    assert row["证件号码"] == f'="{PEOPLE["T1"][0]}"'
    done(results["first"], tmp_path / "hl7", "hl7", "--sender", "LAB7", "--receiver", "CDC", "--zone", "UTC")
    msh = er7.only(messages(tmp_path / "hl7")[0], "MSH")
    assert (msh[4], msh[6], msh[7]) == ("LAB7", "CDC", "20220210050000+0000")
    assert "whose receiver is CDC, not CITY" in refused(results["first"], tmp_path / "hl7", "hl7")
    assert "whose format is hl7, not fhir" in refused(results["first"], tmp_path / "hl7", "fhir")
    done(results["first"], tmp_path / "fhir", "fhir", "--zone", "UTC")
    assert bundles(tmp_path / "fhir")[0][-1]["issued"] == "2022-02-10T05:00:00+00:00"


def test_progress__is_told_tube_by_tube(tmp_path, results):
    told = []
    tell(ResultFolder(results["first"]), tmp_path / "hl7", Hl7(), progress=lambda *step: told.append(step))
    assert told == [("exporting", 1, 2), ("exporting", 2, 2)]
    told.clear()
    tell(ResultFolder(results["first"]), tmp_path / "csv", Csv(), progress=lambda *step: told.append(step))
    assert told == [("exporting", 2, 2)]
    assert "exporting" not in done(results["first"], tmp_path / "quiet", "csv", "--quiet")


# readings given beside the result


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


# what is no result, and no place


def test_folder_that_is_no_result__is_refused(tmp_path):
    assert "no folder that poolpipe run has written" in refused(tmp_path, tmp_path / "box")
    (tmp_path / "summary.json").write_text("{")
    assert "no folder that poolpipe run has written" in refused(tmp_path, tmp_path / "box")
    (tmp_path / "summary.json").write_text("[]")
    assert "no folder that poolpipe run has written" in refused(tmp_path, tmp_path / "box")


def test_result_of_which_a_table_is_missing_or_anothers__is_refused(tmp_path):
    other = write(tmp_path / "other", *swabs(), swab("T3", "990100199001010047"))
    for name in ("pools", "members", "readings"):
        torn = tmp_path / name
        write(torn, *swabs(), *plate("P1", "12:00", {"A01": ("T1", POSITIVE)}))
        (torn / f"{name}.parquet").unlink()
        assert name in refused(torn, tmp_path / "box")
        (torn / f"{name}.parquet").write_bytes((other / f"{name}.parquet").read_bytes())
        assert name in refused(torn, tmp_path / "box")
    assert not (tmp_path / "box").exists()


def test_export_over_a_folder_of_somebody_else__is_refused_with_words(tmp_path, results):
    assert "holds files that no export of poolpipe has written" in refused(results["first"], results["first"])
    (tmp_path / "file").write_text("mine")
    assert "is a file, not a folder" in refused(results["first"], tmp_path / "file")


def test_message_that_is_not_valid__leaves_the_outbox_as_it_was(tmp_path, results, monkeypatch):
    from poolpipe.exchange import codings

    done(results["first"], tmp_path / "box", "fhir")
    before = {path.name: path.read_bytes() for path in (tmp_path / "box").iterdir()}
    monkeypatch.setitem(codings.STATUSES, "final", codings.STATUSES["final"]._replace(fhir="no  code"))
    assert "no valid FHIR R4" in refused(results["first"], tmp_path / "box", "fhir")
    assert {path.name: path.read_bytes() for path in (tmp_path / "box").iterdir()} == before


def test_page__has_examples_that_run(tmp_path, results, monkeypatch):
    page = (ROOT / "docs" / "exchange.md").read_text("utf-8")
    (tmp_path / "result").symlink_to(results["first"])
    monkeypatch.chdir(tmp_path)
    examples = re.findall(r"```python\n(.*?)```", page, re.DOTALL)
    assert examples
    for example in examples:
        exec(compile(example, "docs/exchange.md", "exec"), {})  # noqa: S102 -- our own page
