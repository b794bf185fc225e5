"""`poolpipe export` as it is typed, and its outboxes as their receivers read them."""

from __future__ import annotations

import csv
import json
from typing import Any

from click.testing import CliRunner

from exchange import er7
from poolpipe.cli import poolpipe
from poolpipe.exchange.source import result_folder
from poolpipe.exchange.telling import tell


def export(run, out, form="csv", *arguments):
    return CliRunner().invoke(
        poolpipe, ["export", str(run), "--format", form, "--out", str(out), *map(str, arguments)]
    )


def tell_of(run, out, form, **options):
    with result_folder(run) as source:
        return tell(source, out, form, **options)


def done(run, out, form="csv", *arguments):
    told = export(run, out, form, *arguments)
    assert told.exit_code == 0, told.output
    return told.stderr


def refused(run, out, form="csv", *arguments):
    told = export(run, out, form, *arguments)
    assert told.exit_code == 1, told.output
    return told.stderr


def rows(out):
    found: list[Any] = []
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
