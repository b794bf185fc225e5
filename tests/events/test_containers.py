"""Every container, damaged at any byte: reading ends, each record is accounted for, what stood before the damage is read."""

from __future__ import annotations

import gzip
import json
import random
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from events.scans import HEADER, ROWS, TUBES, codes, counts, csv_text, read, read_text, tubes
from events.test_unpacking import skippable, zstd
from poolpipe.pipeline import run

if TYPE_CHECKING:
    from collections.abc import Callable

CASES = Path(__file__).parents[1] / "cases"
SCANS = CASES / "scans"
NDJSON = "".join(json.dumps(dict(zip(HEADER, row, strict=True)), ensure_ascii=False) + "\n" for row in ROWS)
TEXTS = {
    "collect.csv": csv_text().encode(),
    "collect.ndjson": NDJSON.encode(),
    "collect-gb.csv": csv_text().encode("gb18030"),
    "collect-16.csv": csv_text().encode("utf-16"),
    "collect-16be.csv": csv_text().encode("utf-16-be"),
}
PACKED = {
    "collect.csv.gz": gzip.compress(csv_text().encode(), mtime=0),
    "collect.ndjson.gz": gzip.compress(NDJSON.encode(), mtime=0),
    "collect.ndjson.zst": zstd(NDJSON.encode()),
    "collect.csv.zst": skippable(b"pzstd") + zstd(csv_text().encode()),
}


def _flip(content: bytes, place: int, rng: random.Random) -> bytes:
    return content[:place] + bytes([content[place] ^ 1 << rng.randrange(8)]) + content[place + 1 :]


def _cut(content: bytes, place: int, rng: random.Random) -> bytes:
    return content[:place] + content[place + rng.randrange(1, 9) :]


def _insert(content: bytes, place: int, rng: random.Random) -> bytes:
    return content[:place] + rng.randbytes(rng.randrange(1, 9)) + content[place:]


def _break_off(content: bytes, place: int, rng: random.Random) -> bytes:
    return content[:place] + bytes(rng.choice([0, 1, 700]))


DAMAGES: dict[str, Callable[[bytes, int, random.Random], bytes]] = {
    "flipped": _flip,
    "cut out": _cut,
    "put in": _insert,
    "broken off": _break_off,
}


@pytest.mark.parametrize("damage", DAMAGES)
@pytest.mark.parametrize("name", TEXTS)
def test_text__damaged_anywhere_keeps_the_records_before_the_damage(
    name: str, damage: str, tmp_path: Path
) -> None:
    content = TEXTS[name]
    rng = random.Random(f"{name} {damage}")
    end = "\n".encode("utf-16-be" if "16" in name else "utf-8")
    for place in rng.sample(range(len(content) // 5, len(content)), 6):
        events = read_text(tmp_path, DAMAGES[damage](content, place, rng), name)
        before = content[: place - 1].count(end.strip(b"\0")) - (0 if "ndjson" in name else 1)
        assert tubes(events)[:before] == TUBES[: max(0, before)], place


@pytest.mark.parametrize("damage", DAMAGES)
@pytest.mark.parametrize("name", PACKED)
def test_compressed__damaged_anywhere_is_accounted_for(name: str, damage: str, tmp_path: Path) -> None:
    content = PACKED[name]
    rng = random.Random(f"{name} {damage}")
    for place in rng.sample(range(len(content)), 6):
        events = read_text(tmp_path, DAMAGES[damage](content, place, rng), name)
        if name.endswith("gz") and place > 2:
            assert tubes(events) == TUBES[: len(tubes(events))], place


@pytest.mark.parametrize("form", ["csv", "ndjson"])
def test_sound_line__across_the_end_of_a_block_is_not_refused_for_the_next(
    form: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The damaged line lies across the end of the block, at every place of it; in two files it is the same."""
    row = ("2022-02-10T08:00:00Z,T{},H{},x\n" if form == "csv" else NDJSON.splitlines()[0] + "\n").encode()
    rows = [
        f"2022-02-10T08:00:00Z,T{n},H{n},x\n".encode()
        if form == "csv"
        else json.dumps({"at": "2022-02-10T08:00:00Z", "tube": f"T{n}", "person": f"H{n}"}).encode() + b"\n"
        for n in range(8)
    ]
    rows[4] = rows[4].replace(b"T4", b"T\xff4")
    head = b"at,tube,person,name\n" if form == "csv" else b""
    first = head + b"".join(rows[:4])
    good = [f"T{n}" for n in range(8) if n != 4]
    for block in range(len(first) - 3, len(first) + len(row), 9):
        monkeypatch.setattr("poolpipe.events.streams.BLOCK", block)
        monkeypatch.setattr("poolpipe.events.streams.SAMPLE", block)
        events = read_text(tmp_path, head + b"".join(rows), f"collect.{form}")
        assert (tubes(events), len(codes(events))) == (good, 1), block
    (tmp_path / "two").mkdir()
    for number, part in enumerate((rows[:3], rows[3:])):
        (tmp_path / "two" / f"collect-{number}.{form}").write_bytes(head + b"".join(part))
    assert tubes(read(tmp_path / "two")) == good


def test_gzip__padded_with_zeros_is_read_to_its_end() -> None:
    day = run(SCANS / "01-gz-trailing-bytes" / "input")
    told = {file["file"]: (file["read"], file["accepted"], file["rejected"]) for file in day.summary["files"]}
    assert told["collect.csv.gz"] == (300, 300, 0)
    _is_positive(day)


def test_zstd__that_begins_with_a_skippable_frame_is_read() -> None:
    day = run(SCANS / "20-pzstd" / "input")
    assert [file["accepted"] for file in day.summary["files"]] == [10, 3, 7]
    _is_positive(day)


def _is_positive(day) -> None:
    (tube,) = day.pools.filter(tube="T0001").iter_rows(named=True)
    assert (tube["people"], tube["call"], tube["called_by"]) == (10, "positive", "well PL1:A01")
    assert day.recalls.height == 10


def test_nan__without_amplification_is_a_negative_tube() -> None:
    day = run(SCANS / "17-ndjson-nan" / "input")
    told = {file["file"]: (file["read"], file["accepted"]) for file in day.summary["files"]}
    assert told["read.ndjson"] == (7, 7)
    (tube,) = day.pools.iter_rows(named=True)
    assert (tube["call"], tube["called_at"].isoformat()) == ("negative", "2022-02-10T06:00:00+00:00")


def test_preallocated_file__gives_its_ten_records(tmp_path: Path) -> None:
    rows = [(*ROWS[0][:1], "T0001", f"99010019900101{n:04}", "S1") for n in range(10)]
    events = read_text(tmp_path, csv_text(rows).encode() + bytes(30_000_000))
    assert counts(events) == (11, 10, 0, 1)
    assert codes(events) == [(12, "not_parseable")]
