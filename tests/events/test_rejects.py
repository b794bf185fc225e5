"""What is kept of an event that was not understood: its place, its text as it came, and which value is at fault."""

from __future__ import annotations

import csv
import json
from typing import TYPE_CHECKING, Any

import pytest

import poolpipe
from cities.files import write_city
from cities.mishaps import BREAKS
from cities.random_city import city
from pipeline.naive import frames_of
from reference.reading import read_files

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize("seed", [8801, 8802, 8803, 8805])
def test_reject__is_kept_as_it_came(seed: int, tmp_path: Path) -> None:
    write_city(city(seed, size="medium", unparseable=True), tmp_path, seed)
    came = {(found["file"], found["line"]): found for found in read_files(tmp_path)}
    rejects = poolpipe.run(tmp_path).rejects.to_dicts()
    assert len(rejects) > 2
    for reject in rejects:
        found = came[reject["file"], reject["line"]]
        suffixes = reject["file"].split(".")[1:]
        if "csv" in suffixes:
            cells = next(csv.reader([reject["raw"]]))
            assert ",".join(cells) == found["raw"], reject
        elif suffixes[0] in ("ndjson", "jsonl"):
            assert reject["raw"] == found["raw"], reject
        else:
            kept = json.loads(reject["raw"])
            texts = {name: value for name, value in found["record"].items() if isinstance(value, str)}
            texts.pop("kind", None)  # may be the file's name and no cell
            texts.pop("remark", None)  # of Parquet and Arrow only columns that some event has are read
            assert {name: kept[name] for name in texts} == texts, reject


SOUND: dict[str, dict[str, str]] = {
    "collect": {"tube": "T", "person": "A"},
    "seal": {"tube": "T", "swabs": "1"},
    "pack": {"tube": "T", "box": "B"},
    "pickup": {"box": "B", "giver": "a", "receiver": "b"},
    "receive": {"box": "B", "giver": "a", "receiver": "b", "lab": "L"},
    "load": {"plate": "P", "well": "A01", "lab": "L", "tube": "T"},
    "read": {"plate": "P", "well": "A01", "target": "N"},
    "report": {"tube": "T", "call": "negative"},
    "void": {"event": "e", "reason": "r"},
}


def _broken() -> list[tuple[str, str, dict[str, str]]]:
    return [
        (code, kind, changes)
        for code, kinds, changes in BREAKS
        for kind in (kinds or SOUND)
        if code != "unknown_kind"
    ]


@pytest.mark.parametrize(("code", "kind", "changes"), _broken(), ids=lambda value: str(value)[:40])
def test_detail__names_the_column_and_the_value_at_fault(
    code: str, kind: str, changes: dict[str, str]
) -> None:
    event: dict[str, Any] = {"kind": kind, "at": "2022-02-10T08:00:00Z", **SOUND[kind], **changes}
    sound = {"kind": "collect", "at": "2022-02-10T08:00:00Z", "tube": "U", "person": "B"}
    day = poolpipe.run(frames_of([event, sound]))
    rejects = day.rejects.to_dicts()
    assert [(reject["code"], reject["kind"]) for reject in rejects] == [(code, kind)]
    empty = [name for name, value in changes.items() if not value.strip()]
    faults = empty if code == "missing_value" else [f"{name} {value!r}" for name, value in changes.items()]
    assert any(fault in rejects[0]["detail"] for fault in faults), rejects[0]["detail"]
    assert day.pools["tube"].to_list() == ["U"]
