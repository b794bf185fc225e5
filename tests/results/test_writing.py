"""A result folder is whole or is none, whenever the run is killed; and in pieces it says what it says whole."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from itertools import chain
from typing import TYPE_CHECKING, Any

import duckdb
import polars as pl
import polars.selectors as selectors
import pyarrow.parquet as pq
import pytest

import poolpipe
from cities.files import write_city
from cities.random_city import city
from pipeline.naive import frames_of
from poolpipe import city_stages, pipeline
from poolpipe.results import record_batches
from poolpipe.results.writing import Writing
from poolpipe.tables import TABLES

if TYPE_CHECKING:
    from pathlib import Path

    from poolpipe.results.tables import EncodedTables

NAMES = (*(f"{table}.parquet" for table in TABLES), "summary.json")


def _contents(folder: Path) -> dict[str, bytes]:
    return {name: (folder / name).read_bytes() for name in NAMES if (folder / name).is_file()}


def _tables(day: poolpipe.Day) -> EncodedTables:
    """What a day of this process is written from."""
    assert day._coded is not None
    return day._coded


@pytest.fixture(scope="module")
def days() -> tuple[poolpipe.Day, poolpipe.Day]:
    """A day, and the day before."""
    first, second = (poolpipe.run(frames_of(city(seed, size="small"))) for seed in (8701, 8700))
    return first, second


def test_write__leaves_nothing_of_its_own_beside_the_tables(
    days: tuple[poolpipe.Day, poolpipe.Day], tmp_path: Path
) -> None:
    (tmp_path / "notes.txt").write_text("mine")
    days[0].write(tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted([*NAMES, "notes.txt"])


def test_write__to_a_place_that_is_a_file_says_so(
    days: tuple[poolpipe.Day, poolpipe.Day], tmp_path: Path
) -> None:
    (tmp_path / "out").write_text("a file")
    with pytest.raises(poolpipe.InputError, match=r"out: cannot be written: .*choose another"):
        days[0].write(tmp_path / "out")


def test_read__of_a_folder_without_a_result_says_so(tmp_path: Path) -> None:
    with pytest.raises(poolpipe.InputError, match="no folder that poolpipe has written"):
        poolpipe.Day.read(tmp_path)


def test_view__of_a_day_read_from_a_folder_says_that_its_events_are_gone(
    days: tuple[poolpipe.Day, poolpipe.Day], tmp_path: Path
) -> None:
    days[0].write(tmp_path)
    with pytest.raises(poolpipe.InputError, match="run the events again"):
        poolpipe.Day.read(tmp_path).view(as_of="2022-02-10T12:00:00+08:00")


@pytest.mark.parametrize("delay_s", [0.0, 0.01])
def test_run__killed_while_it_writes_and_started_again_gives_the_same_bytes(
    delay_s: float, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    write_city(city(8702, size="medium"), tmp_path / "in", 8702, ("csv",))
    poolpipe.run(tmp_path / "in").write(tmp_path / "whole")
    whole = _contents(tmp_path / "whole")
    program = "import sys; from poolpipe.cli import main; sys.exit(main())"
    command = [sys.executable, "-c", program, "run", str(tmp_path / "in"), "--quiet", "--out", str(out)]
    process = subprocess.Popen(command)
    while process.poll() is None and not list(out.glob(".writing-*/new/*.parquet")):
        time.sleep(0.001)
    time.sleep(delay_s)
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert _contents(out) in ({}, whole)
    poolpipe.run(tmp_path / "in").write(out)
    assert _contents(out) == whole
    assert json.loads(whole["summary.json"])["rows"]["pools"] > 0


@pytest.fixture(scope="module", params=[8700, 8701, 8705])
def several(request: pytest.FixtureRequest) -> poolpipe.Day:
    """A day of one round or of three that use a code again, with people known by other documents."""
    return poolpipe.run(frames_of(city(request.param, size="medium")))


@pytest.mark.parametrize("rows", [1, 2, 3, 7])
def test_pieces__that_begin_inside_a_tube_or_a_round_say_what_the_table_says(
    several: poolpipe.Day, rows: int
) -> None:
    for table in ("members", "pools"):
        batches = _tables(several).batched(table).batches(rows)
        # As texts at once: a piece's memory is used again by the next but one.
        found = list(chain.from_iterable(piece.to_pylist() for piece in batches))
        assert found == several.table(table).to_dicts()


def test_pieces__hold_no_text_that_is_not_in_their_rows(several: poolpipe.Day) -> None:
    for piece in chain(
        _tables(several).batched("members").batches(5), _tables(several).batched("pools").batches(5)
    ):
        for name in piece.schema.names:
            if hasattr(piece.schema.field(name).type, "value_type"):
                words = piece[name].chunk(0).dictionary.to_pylist()
                assert sorted(words) == sorted({word for word in piece[name].to_pylist() if word is not None})


def test_pieces__say_never_null_only_of_columns_that_are_declared_so(several: poolpipe.Day) -> None:
    for table, columns in TABLES.items():
        schema = next(_tables(several).batched(table).batches()).schema
        assert all(schema.field(column.name).nullable for column in columns if column.null)


def test_positions__are_the_order_of_the_queue(several: poolpipe.Day) -> None:
    by_queue = several.members.sort("round", "tube", "collected_at", "person_type", "person")
    counted = by_queue.with_columns(pl.int_range(1, pl.len() + 1).over("round", "tube").alias("position"))
    assert several.members.equals(counted)


@pytest.mark.parametrize("empty", [False, True])
def test_write__in_pieces_reads_the_same_with_every_reader(
    several: poolpipe.Day, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, empty: bool
) -> None:
    day = several.view(as_of="2000-01-01T00:00:00Z" if empty else None)  # one whose tables nobody asked for
    day.write(tmp_path / "whole")
    monkeypatch.setattr(record_batches, "_ROWS", 4)
    day.write(tmp_path / "once")
    day.write(tmp_path / "again")
    assert _contents(tmp_path / "once") == _contents(tmp_path / "again")
    for table in TABLES:
        whole, path = tmp_path / "whole" / f"{table}.parquet", tmp_path / "once" / f"{table}.parquet"
        expected = day.table(table)
        assert pq.read_schema(path) == pq.read_schema(whole)
        assert pl.read_parquet(path).equals(expected)
        assert pl.read_parquet(path).schema == expected.schema
        assert pq.read_table(path).to_pylist() == expected.to_dicts()
        with duckdb.connect() as reader:
            columns = reader.read_parquet(str(path)).pl()
        assert columns.with_columns(selectors.datetime().dt.convert_time_zone("UTC")).equals(expected)
    assert day.members.is_empty() == empty
    day.write(tmp_path / "asked")
    assert _contents(tmp_path / "asked") == _contents(tmp_path / "once")


def test_writing__that_begins_while_the_day_is_concluded_gives_the_same_bytes(tmp_path: Path) -> None:
    frames = frames_of(city(8705, size="medium"))
    poolpipe.run(frames).write(tmp_path / "after")
    day = pipeline.run(frames, out=tmp_path / "meanwhile")
    assert poolpipe.Day.read(tmp_path / "meanwhile").members.equals(day.members)
    assert _contents(tmp_path / "meanwhile") == _contents(tmp_path / "after")


def test_writing__of_a_day_that_fails_midway_leaves_the_earlier_result(
    days: tuple[poolpipe.Day, poolpipe.Day], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    days[0].write(tmp_path)
    before = _contents(tmp_path)
    begun: list[Any] = []

    def fails(*_args: object) -> None:
        begun.extend(tmp_path.glob(".writing-*"))
        raise KeyboardInterrupt

    monkeypatch.setattr(city_stages, "balance", fails)
    with pytest.raises(KeyboardInterrupt):
        pipeline.run(frames_of(city(8701, size="small")), out=tmp_path)
    assert len(begun) == 1, "members were being written"
    assert _contents(tmp_path) == before
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(NAMES)


def test_writing__that_fails_leaves_no_folder_where_there_was_none(
    days: tuple[poolpipe.Day, poolpipe.Day], tmp_path: Path
) -> None:
    def interrupted(folder: Path) -> None:
        with Writing(folder) as writing:
            days[0].finish(writing)
            assert folder.is_dir()
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted(tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_write__of_a_day_read_from_a_folder_keeps_every_table(several: poolpipe.Day, tmp_path: Path) -> None:
    read = poolpipe.Day.read(several.write(tmp_path / "once"))
    again = poolpipe.Day.read(read.write(tmp_path / "again"))
    assert again.summary == several.summary
    for table in TABLES:
        assert again.table(table).equals(several.table(table))


def test_write__keeps_extremes_where_they_let_a_reader_skip(
    days: tuple[poolpipe.Day, ...], tmp_path: Path
) -> None:
    days[0].write(tmp_path)
    group = pq.read_metadata(tmp_path / "members.parquet").row_group(0)
    columns = (group.column(place) for place in range(group.num_columns))
    kept = {column.path_in_schema for column in columns if column.is_stats_set}
    assert kept >= {"round", "tube", "collected_at", "p_infected"}
    assert not kept & {"person", "person_type"}


def test_day__counts_and_lists_tubes_as_its_tables_do(tmp_path: Path) -> None:
    day = poolpipe.run(frames_of(city(3)))
    written = poolpipe.Day.read(day.write(tmp_path))
    for column in ("mode", "call"):
        assert day.tubes_by(column) == written.tubes_by(column)
    assert day.sampled() == written.sampled() == day.members.height
    assert day.unreported().equals(written.unreported())
    assert day.unreported().height == day.ledger.select(pl.col("collected") - pl.col("reported")).sum().item()


def test_round_of_a_record_that_was_rejected__leaves_no_trace_in_a_table(tmp_path: Path) -> None:
    good = "at,tube,person_type,person,round\n2022-02-10T08:00:00Z,T1,PASSPORT,E1,\n"
    for name, more in (("without", ""), ("with", "yesterday,T1,PASSPORT,E2,R9\n")):
        (tmp_path / f"{name}.csv").write_text(good + more, encoding="utf-8")
        poolpipe.run(tmp_path / f"{name}.csv", kind="collect", out=tmp_path / name)
    for table in ("pools", "members", "anomalies", "ledger"):
        file = f"{table}.parquet"
        assert (tmp_path / "with" / file).read_bytes() == (tmp_path / "without" / file).read_bytes()
