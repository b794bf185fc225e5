"""Exporting into one outbox again: what was told and is another now is corrected, what is none is withdrawn."""

from __future__ import annotations

import json
import re

import pytest

from exchange import er7
from exchange.campaigns import NEGATIVE, POSITIVE, plate, swab, swabs, write
from exchange.outboxes import done, findings, messages, refused, rows


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
    assert "1 final 终报, 2 withdrawn 撤回" in told
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
