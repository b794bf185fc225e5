"""`poolpipe export`: from a result folder to an outbox, again and again, and what is said beside it."""

from __future__ import annotations

import json
import re
from pathlib import Path

import polars as pl
import pytest
from click.testing import CliRunner

from exchange import er7
from exchange.campaigns import NEGATIVE, PEOPLE, POSITIVE, plate, swab, swabs, write
from exchange.frames import LATER
from exchange.outboxes import bundles, done, messages, refused, rows, tell_of
from poolpipe.cli import poolpipe
from poolpipe.errors import InputError
from poolpipe.exchange.source import result_folder
from poolpipe.exchange.telling import Csv, Fhir, Hl7

CASES = Path(__file__).parents[1] / "cases" / "scans"
ROOT = Path(__file__).parents[2]


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


# what is told, and what is said beside it


def test_tube_without_call__is_never_sent(tmp_path):
    run = write(tmp_path / "run", *swabs(), *plate("P1", "12:00", {"A01": ("T1", POSITIVE)}))
    for form in ("csv", "hl7", "fhir"):
        told = done(run, tmp_path / form, form)
        assert "1 tubes without a call are not sent" in told
        sent = "".join(path.read_text("utf-8", errors="replace") for path in (tmp_path / form).glob("[!.]*"))
        assert not re.search(r"T2(?!\d)", sent)  # T20:06 is an hour of the manifest


def test_shared_well__is_told_as_suspect_with_its_cts_and_a_remark(tmp_path):
    wells = plate("P1", "12:00", {"A01": ("T1", POSITIVE)})
    shared = [{**wells[0], "tube": "T2"}]
    run = write(tmp_path / "run", *swabs(), *wells, *shared)
    done(run, tmp_path / "csv")
    assert {(row["tube"], row["call"], row["ct"]) for row in rows(tmp_path / "csv")} == {
        (tube, "inconclusive", "IC 24; N 26.2; ORF1ab 25.1") for tube in ("T1", "T2")
    }
    assert all("several tubes in one well" in row["remark"] for row in rows(tmp_path / "csv"))
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
    assert re.search(r"1 result dated at or before a swab of the tube.* T1 ", done(run, tmp_path / "box"))


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
    with result_folder(write(tmp_path / "run", *rounds)) as source:
        whole = pl.concat([told for told, _ in source.stretches(None, LATER)])
        for tubes in (1, 2, 3):
            parts = list(source.stretches(None, LATER, tubes=tubes))
            assert {total for _, total in parts} == {4}
            assert len(parts) == -(-4 // tubes)
            assert pl.concat([told for told, _ in parts]).equals(whole)
            again = list(source.stretches(whole.lazy(), LATER, tubes=tubes))
            assert pl.concat([told for told, _ in again]).equals(whole)


def test_csv__is_cut_into_files_that_the_manifest_counts(tmp_path, results):
    tell_of(results["first"], tmp_path / "box", Csv(rows_per_file=2))
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
    assert re.fullmatch(r"[0-9a-f]{64}", manifest["result"]["digest"])


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


def test_forms__are_from_python_what_they_are_on_the_command_line(tmp_path, results):
    for form, name in ((Csv(), "csv"), (Hl7(), "hl7"), (Fhir(), "fhir")):
        tell_of(results["first"], tmp_path / "python" / name, form)
        done(results["first"], tmp_path / "typed" / name, name)
        python, typed = (
            {
                path.name: path.read_bytes()
                for path in (tmp_path / way / name).iterdir()
                if "manifest" not in path.name
            }
            for way in ("python", "typed")
        )
        assert python == typed
        manifests = [
            json.loads((tmp_path / way / name / "results.manifest.json").read_text("utf-8"))
            for way in ("python", "typed")
        ]
        assert manifests[0]["receiver"] == manifests[1]["receiver"]


def test_progress__is_told_tube_by_tube(tmp_path, results):
    told = []
    tell_of(results["first"], tmp_path / "hl7", Hl7(), progress=lambda *step: told.append(step))
    assert told == [("exporting", 1, 2), ("exporting", 2, 2)]
    told.clear()
    tell_of(results["first"], tmp_path / "csv", Csv(), progress=lambda *step: told.append(step))
    assert told == [("exporting", 2, 2)]
    assert "exporting" not in done(results["first"], tmp_path / "quiet", "csv", "--quiet")


# what is no result, and no place


def test_folder_that_is_no_result__is_refused(tmp_path):
    assert "no folder that poolpipe has written" in refused(tmp_path, tmp_path / "box")
    (tmp_path / "summary.json").write_text("{")
    assert "no folder that poolpipe has written" in refused(tmp_path, tmp_path / "box")


def test_result_of_which_a_table_is_missing_or_anothers__is_refused(tmp_path, results):
    for name in ("pools", "members", "readings", "anomalies"):
        torn = tmp_path / name
        write(torn, *swabs(), *plate("P1", "12:00", {"A01": ("T1", POSITIVE)}))
        (torn / f"{name}.parquet").unlink()
        assert "it is missing" in refused(torn, tmp_path / "box")
        (torn / f"{name}.parquet").write_bytes((results["first"] / f"{name}.parquet").read_bytes())
        assert "tables and summary of two runs are no result" in refused(torn, tmp_path / "box")
    assert not (tmp_path / "box").exists()


def test_result_that_is_replaced_while_it_is_exported__tells_nothing(tmp_path):
    run = write(tmp_path / "run", *swabs(), *plate("P1", "12:00", {"A01": ("T1", POSITIVE)}))

    def replace(*_):
        write(run, *swabs(), *plate("P1", "12:00", {"A01": ("T1", NEGATIVE)}))

    with pytest.raises(InputError, match="another result took its place"):
        tell_of(run, tmp_path / "box", Csv(), progress=replace)
    assert not (tmp_path / "box").exists()


def test_result_of_a_version_that_kept_no_readings__has_no_cts_and_says_so(tmp_path):
    run = write(tmp_path / "run", *swabs(), *plate("P1", "12:00", {"A01": ("T1", POSITIVE)}))
    (run / "readings.parquet").unlink()
    summary = json.loads((run / "summary.json").read_text("utf-8"))
    del summary["rows"]["readings"], summary["tables"]["readings"]
    (run / "summary.json").write_text(json.dumps(summary), "utf-8")
    assert "1 tubes are told without Ct values" in done(run, tmp_path / "box")
    assert {row["ct"] for row in rows(tmp_path / "box")} == {""}


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
