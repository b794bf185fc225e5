"""Small files that are read together give what they give one by one: every table, reject, count and message."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl
import pytest
from polars.testing import assert_frame_equal

import poolpipe
from events import small_trees
from events.scans import POLICY, ROWS, counts, csv_text, read, tubes
from poolpipe.coding.dictionaries import DOMAINS, ENTITIES
from poolpipe.events import read_events, small_files
from poolpipe.events.sources import Source
from poolpipe.events.validate import validate
from poolpipe.simulate import TROUBLES, simulate
from poolpipe.tables import TABLES

if TYPE_CHECKING:
    from poolpipe.events import Events

SOURCE = Source(Path("collect.csv"), "collect.csv", "collect")


def _assert_same(together: Events, alone: Events) -> None:
    assert_frame_equal(together.rejects, alone.rejects)
    assert together.files == alone.files
    for name in ("left_out", "skipped", "notes", "words", "told"):
        assert getattr(together, name) == getattr(alone, name), name
    assert_frame_equal(together.rejected_loads, alone.rejected_loads)
    for kind, frame in alone.frames.items():
        assert_frame_equal(_texts(together, kind), _texts(alone, kind))
        assert frame.height == together.frames[kind].height


def _texts(events: Events, kind: str) -> pl.DataFrame:
    """Frames with texts for numbers: which texts of rejected records are numbered depends on the batches."""
    frame, codes = events.frames[kind], events.codes
    if "attributes_id" in frame.columns:
        frame = codes.with_attributes(frame).drop("attributes_id", strict=False)
    told: dict[str, pl.Series] = {name: frame[name] for name in sorted(frame.columns)}
    for name in told.keys() & {*ENTITIES, "person"}:
        first, second = codes.person(told[name]) if name == "person" else codes.entity(name, told[name])
        told |= {name: second, f"{name} of": first}
    for name in (told.keys() & DOMAINS.keys()) - set(ENTITIES):
        told[name] = codes.text(name, told[name])
    texts = pl.DataFrame({name: told[name] for name in sorted(told)})
    held = [name for name in texts.columns if texts[name].null_count() < texts.height]
    return texts.select(held)  # a column of which all values were rejected may stay or go


@pytest.mark.parametrize("seed", range(5))
def test_small_files__together_are_read_as_one_by_one(
    seed: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rng = random.Random(seed)
    small_trees.fill(tmp_path, rng, rng.choice([3, 20, 80]))
    monkeypatch.setattr(small_files, "BUNDLE", rng.choice([1, 1000, 1 << 22]))
    mapping = rng.choice([None, small_trees.MAPPING])
    together = read_events(tmp_path, POLICY, mapping=mapping)
    monkeypatch.setattr(small_files, "SMALL", -1)
    _assert_same(together, read_events(tmp_path, POLICY, mapping=mapping))


def test_small_files__of_several_separators_in_turn_keep_the_place_of_every_row(tmp_path: Path) -> None:
    wrong = []
    for number in range(6):
        mark, name = ",;\t"[number % 3], f"collect-{number}.csv"
        lines = [["at", "tube", "person"]]
        lines += [[f"2022-02-10T0{number}:0{row}:00Z", f"T{number}-{row}", "H1"] for row in range(4)]
        lines[1 + number % 4][0] = "yesterday"
        wrong.append((name, 2 + number % 4, mark.join(lines[1 + number % 4])))
        (tmp_path / name).write_text("".join(mark.join(line) + "\n" for line in lines), "utf-8")
    events = read(tmp_path)
    assert tubes(events) == [f"T{n}-{row}" for n in range(6) for row in range(4) if row != n % 4]
    assert events.rejects.sort("file").select("file", "line", "raw").rows() == wrong


@pytest.mark.parametrize("seed", range(100, 102))
def test_small_files__together_give_the_same_bytes(
    seed: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    small_trees.fill(tmp_path / "scans", random.Random(seed), 60)
    poolpipe.run(tmp_path / "scans", out=tmp_path / "together")
    monkeypatch.setattr(small_files, "SMALL", -1)
    poolpipe.run(tmp_path / "scans", out=tmp_path / "alone")
    names = sorted(path.name for path in (tmp_path / "alone").iterdir() if path.is_file())
    assert names == sorted(path.name for path in (tmp_path / "together").iterdir() if path.is_file())
    assert "summary.json" in names
    for name in names:
        assert (tmp_path / "together" / name).read_bytes() == (tmp_path / "alone" / name).read_bytes(), name


@pytest.mark.parametrize("form", ["csv", "ndjson"])
def test_town__in_many_small_files_is_the_town_in_whole(form: str, tmp_path: Path) -> None:
    days = []
    for pieces in (1, 70):
        city = tmp_path / f"city-{pieces}"
        simulate(city, people=400, seed=5, troubles=dict.fromkeys(TROUBLES, 0.02), format=form, pieces=pieces)
        days.append(poolpipe.run(city / "events"))
    whole, split = days
    for name in TABLES:
        one, other = whole.table(name), split.table(name)
        if name == "rejects":
            assert one.height > 5
            told = ("kind", "code", "detail", "raw")
            one, other = (table.select(told).sort(told) for table in (one, other))
        assert_frame_equal(one, other)


def test_small_files__are_validated_together(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each validation costs milliseconds: 20,000 files of ten scans took two and a half minutes."""
    validations: list[int] = []

    def counted(table: Any, *rest: Any) -> Any:
        validations.append(table.num_rows)
        return validate(table, *rest)

    monkeypatch.setattr("poolpipe.events.taking.validate", counted)
    for number in range(60):
        row = {"at": "2022-02-10T08:00:00Z", "tube": f"T{number}", "person": "E1", "site": "S1"}
        columns = list(row)[:: 1 if number % 2 else -1]
        lines = [",".join(columns), ",".join(row[name] for name in columns)]
        if number % 3 == 0:
            lines += ["", "one cell"]
        (tmp_path / f"collect-{number:02}.csv").write_text("\n".join(lines), "utf-8")
        optional = {"site": "S1"} if number % 2 else {}
        pack = {"at": "2022-02-10T09:00:00Z", "tube": f"T{number}", "box": "B1"} | optional
        folder = tmp_path / f"round={number}"
        folder.mkdir()
        (folder / f"pack-{number:02}.ndjson").write_text(json.dumps(pack) + "\n", "utf-8")
    events = read(tmp_path)
    assert counts(events) == (140, 120, 0, 20)
    assert validations == [60, 60]
    assert events.rejects["line"].to_list() == [4] * 20


def test_small_files__among_large_and_empty_ones_keep_their_order(tmp_path: Path) -> None:
    for number in range(30):
        text = csv_text() if number != 15 else csv_text() + "\n".join([" " * 79] * 1000)
        (tmp_path / f"collect-{number:02}.csv").write_text(text if number % 7 else "", "utf-8")
    sources = [
        Source(path, path.name, "collect", size=path.stat().st_size) for path in sorted(tmp_path.iterdir())
    ]
    items = list(small_files.bundled(sources, 1 << 20))
    files = [each if isinstance(each, int) else [part.file for part in each] for each in items]
    held = [number for number in range(30) if number % 7]
    assert files == [held[: held.index(15)], 15, held[held.index(15) + 1 :]]
    assert read(tmp_path).files[1]["accepted"] == len(ROWS)  # of repeated files the first counts


def test_small_file__that_vanishes_is_one_reject(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(9):
        (tmp_path / f"collect-{number}.csv").write_text(csv_text(), "utf-8")
    looked = small_files._content

    def vanishing(source: Source) -> bytes | None:
        (tmp_path / "collect-4.csv").unlink(missing_ok=True)
        return looked(source)

    monkeypatch.setattr(small_files, "_content", vanishing)
    events = read(tmp_path)
    assert counts(events) == (8 * 4 + 1, 4, 7 * 4, 1)
    assert events.rejects["file"].to_list() == ["collect-4.csv"]
    assert "vanished" in events.rejects["detail"][0]


def test_small_file__that_changes_while_it_is_read_is_read_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(3):
        (tmp_path / f"collect-{number}.csv").write_text(csv_text(), "utf-8")
    monkeypatch.setattr(small_files, "changed", lambda before, after: "it grew")
    assert counts(read(tmp_path)) == (12, 4, 8, 0)


@pytest.mark.parametrize(
    "header",
    ["at,tube", '"at","tube"', "at;tube;备注", "AT\ttube", " at ,tube", "at,tube\r"],
)
def test_header__of_small_files_is_plain(header: str) -> None:
    assert small_files.PlainTexts(1 << 20).segments(0, SOURCE, f"{header}\n2022".encode()) is not None


@pytest.mark.parametrize(
    "header",
    [
        "at,at,tube", "time,barcode", "2022-02-10T08:00:00Z,T1", 'at,x","tube', '"at,tube', "at,tube\r2022\r", "at,tube\r,person",
        "\nat,tube", "at,tube,\ufffd", "at,tube," + "x" * 5000, "\ufeff\ufeffat,tube", "",
        ",".join(column.name for column in TABLES["members"]),
    ],
)  # fmt: skip
def test_header__that_says_other_than_all_lines_below_is_none_of_small_files(header: str) -> None:
    assert small_files.PlainTexts(1 << 20).segments(0, SOURCE, f"{header}\n2022".encode()) is None
