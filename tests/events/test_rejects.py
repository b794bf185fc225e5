"""What is kept of an event that was not understood: its place, its text as it came, and which value is at fault."""

from __future__ import annotations

import csv
import gzip
import io
import json
from collections import Counter
from typing import TYPE_CHECKING, Any

import polars as pl
import pyarrow as pa
import pytest

import poolpipe
from cities.files import write_city
from cities.mishaps import BREAKS
from cities.random_city import city
from events.scans import read
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


@pytest.fixture(scope="module")
def refused() -> dict[tuple[str, int], dict[str, Any]]:
    """What became of every broken event, by kind and place among those of its kind; a sound one among them is read."""
    at = "2022-02-10T08:00:00Z"
    events = [{"kind": kind, "at": at, **SOUND[kind], **changes} for _, kind, changes in _broken()]
    day = poolpipe.run(frames_of([*events, {"kind": "collect", "at": at, "tube": "U", "person": "B"}]))
    assert day.rejects.height == len(events)
    assert day.pools["tube"].to_list() == ["U"]
    return {(reject["file"], reject["line"]): reject for reject in day.rejects.to_dicts()}


def _placed() -> list[tuple[int, str, str, dict[str, str]]]:
    placed: Counter[str] = Counter()
    cases = []
    for code, kind, changes in _broken():
        placed[kind] += 1
        cases.append((placed[kind], code, kind, changes))
    return cases


@pytest.mark.parametrize(("line", "code", "kind", "changes"), _placed(), ids=lambda value: str(value)[:40])
def test_detail__names_the_column_and_the_value_at_fault(
    line: int, code: str, kind: str, changes: dict[str, str], refused: dict[tuple[str, int], dict[str, Any]]
) -> None:
    reject = refused[kind, line]
    assert (reject["code"], reject["kind"]) == (code, kind)
    empty = [name for name, value in changes.items() if not value.strip()]
    faults = empty if code == "missing_value" else [f"{name} {value!r}" for name, value in changes.items()]
    assert any(fault in reject["detail"] for fault in faults), reject["detail"]


def _flipped(content: bytes, place: int) -> bytes:
    return content[:place] + bytes([content[place] ^ 0xFF]) + content[place + 1 :]


def _damaged_files() -> dict[str, bytes]:
    """A file for each way in which a file or a record can be damaged as a whole."""
    text = b"at,tube,person\n" + b"".join(b"2022-02-10T08:00:00Z,T%d,H%d\n" % (n, n) for n in range(2000))
    table = pl.read_csv(text)
    parquet, arrow = io.BytesIO(), io.BytesIO()
    table.write_parquet(parquet)
    table.write_ipc(arrow)
    zipped, packed = gzip.compress(text), pa.Codec("zstd").compress(text, asbytes=True)
    files = {
        "gzip-cut.csv.gz": zipped[: len(zipped) // 2],
        "gzip-flipped.csv.gz": _flipped(zipped, len(zipped) // 2),
        "gzip-behind.csv.gz": zipped + b"more of it",
        "gzip-zeros.csv.gz": zipped[: len(zipped) // 2] + bytes(4096),
        "zstd-cut.csv.zst": packed[: len(packed) // 2],
        "zstd-behind.csv.zst": packed + b"more of it",
        "parquet-cut.parquet": parquet.getvalue()[:-20],
        "parquet-packed.parquet.gz": gzip.compress(parquet.getvalue()),
        "arrow-cut.arrow": arrow.getvalue()[:-200],
        "twice.csv": b"at,tube,tube\n2022-02-10T08:00:00Z,T1,T2\n",
        "bare.csv": text.split(b"\n", 1)[1],
        "stray.csv": text + b'"\n',
        "word.csv": b"at,tube,person,mode\n2022-02-10T08:00:00Z,T1,H1,mixed\n",
        "open.json": b'[{"at": "2022-02-10T08:00:00Z", "tube": "T1", "person": "H1"},\n',
        "no.json": b'[{"at": "2022-02-10T08:00:00Z", "tube": T1}]',
        "list.ndjson": b'{"at": 1}\n[1]\n',
    }
    kinds = {"kinds.csv": b"kind,at\nswab,2022-02-10T08:00:00Z\n", "untold.csv": text[:60]}
    return {f"collect-{name}": content for name, content in files.items()} | kinds


@pytest.mark.parametrize("name", _damaged_files())
def test_detail__of_every_damage_is_in_both_languages(name: str, tmp_path: Path) -> None:
    (tmp_path / name).write_bytes(_damaged_files()[name])
    events = read(tmp_path)
    assert events.rejects.height
    for detail in events.rejects["detail"]:
        assert any("\u4e00" <= sign <= "\u9fff" for sign in detail), detail
        assert any("a" <= sign <= "z" for sign in detail), detail
