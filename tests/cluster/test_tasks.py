"""Tasks that run twice, and where events go."""

from __future__ import annotations

import pickle
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import BoundedSemaphore
from typing import TYPE_CHECKING, Any

import polars as pl
import pyarrow as pa
import pytest

import poolpipe
from cities.files import write_city
from cities.random_city import city
from cluster.written import unlike
from poolpipe import cluster
from poolpipe.cluster import jobs
from poolpipe.cluster.event_blobs import packed, unpacked
from poolpipe.cluster.file_inputs import FileInputs
from poolpipe.cluster.routing import Routes, hashed_entities, keys_in
from poolpipe.cluster.scanning import PAIRS_FOUND, TravellingRow, pairs_in
from poolpipe.events.reference import Reference
from poolpipe.policy import load_policy
from poolpipe.tables import KINDS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pyspark.sql import SparkSession

POLICY = load_policy(None)


def _scanned(folder: Path, seed: int) -> list[TravellingRow]:
    write_city(city(seed, size="medium"), folder, seed)
    given = FileInputs.of([folder], POLICY, None, Reference(), None)
    tasks = given.tasks(3)
    assert [source for task in tasks for source in task.sources] == given.sources
    return [row for task in tasks for row in task.rows()]


def _sent(routes: Routes, row: TravellingRow) -> pl.DataFrame:
    """row, part, owned of the events of a blob, as they are sent."""
    sent = routes.of_events(row.what, unpacked(row.blob))
    runs = [
        pl.DataFrame({"part": [part], "owned": [owned]}).select(pl.all().repeat_by(n).explode())
        for part, owned, n in sent.runs
    ]
    return pl.concat(runs).with_columns(pl.Series("row", sent.rows))


@pytest.mark.parametrize("parts", [1, 3, 16])
def test_events__are_counted_in_one_partition_each(tmp_path: Path, parts: int) -> None:
    rows = _scanned(tmp_path, 7500)
    routes = Routes.of([pairs_in(row.blob) for row in rows if row.what == PAIRS_FOUND], parts)
    for row in rows:
        if row.what in KINDS and row.what != "void":
            where = _sent(routes, row)
            assert where.filter("owned")["row"].sort().to_list() == list(range(len(unpacked(row.blob))))
            assert where["part"].is_between(0, parts - 1).all()
            assert where.select("row", "part").is_duplicated().sum() == 0
            assert where.equals(where.sort("part", "owned", "row"))


def test_plates__are_wherever_one_of_their_tubes_is_at_home(tmp_path: Path) -> None:
    rows = _scanned(tmp_path, 7501)
    routes = Routes.of([pairs_in(row.blob) for row in rows if row.what == PAIRS_FOUND], 7)
    of_plate: dict[str, pl.DataFrame] = {}
    for kind in ("load", "read"):
        sent = []
        for row in rows:
            if row.what == kind:
                where, plates = _sent(routes, row), keys_in(unpacked(row.blob), "plate")
                sent.append(where.with_columns(plates.gather(where["row"])))
        of_plate[kind] = pl.concat(sent).select("plate", "part").unique()
    loads = [unpacked(row.blob) for row in rows if row.what == "load"]
    for table in loads:
        homes = (
            pl.DataFrame([keys_in(table, "plate"), routes.home_of(keys_in(table, "tube"))])
            .drop_nulls()
            .unique()
        )
        for kind in ("load", "read"):
            asked = homes.join(of_plate[kind].select("plate").unique(), on="plate", how="semi")
            assert asked.join(of_plate[kind], on=["plate", "part"], how="anti").is_empty()


def test_hashes__are_of_round_and_code_however_the_columns_lie() -> None:
    rounds, tubes = ["", "r1", None, "r1", "", "r2"], ["T1", "T1", "T1", None, "T2", "T1"]
    plain = pa.table(
        {"round": pa.array(rounds, pa.large_string()), "tube": pa.array(tubes, pa.large_string())}
    )
    coded = pa.table([column.dictionary_encode() for column in plain.columns], names=plain.column_names)
    named = pl.DataFrame({"round": rounds, "tube": tubes}).with_columns(pl.col("round").fill_null(""))
    wanted = [
        None if tube is None else hashed_entities(pl.Series([r]), pl.Series([tube]))[0]
        for r, tube in named.rows()
    ]
    assert keys_in(plain, "tube").to_list() == wanted
    assert keys_in(coded, "tube").to_list() == wanted
    assert keys_in(coded.select(["tube"]), "tube").to_list()[1] == wanted[0]
    assert keys_in(coded, "plate").to_list() == [None] * 6


def test_packed_texts__are_those_that_occur() -> None:
    texts = pa.DictionaryArray.from_arrays(
        pa.array([2, None, 2, 0, 0, 0], pa.int32()), pa.array(["a", "b", "c"])
    )
    table = pa.table({"few": texts, "many": pa.array(list("uvwxyz"), pa.large_string()).dictionary_encode()})
    back = unpacked(packed(table.slice(0, 4)))
    assert back["few"].to_pylist() == ["c", None, "c", "a"]
    assert sorted(back["few"].chunk(0).dictionary.to_pylist()) == ["a", "c"]
    assert back["many"].to_pylist() == list("uvwx")
    assert back["many"].type == pa.large_string()


def test_tasks_that_read_and_split_twice__change_nothing(
    sail: SparkSession, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_city(city(7502, size="medium"), tmp_path / "scans", 7502)
    once = jobs._each_task

    def twice(*asked: Any) -> Any:
        return once(*asked).union(once(*asked))

    monkeypatch.setattr(jobs, "_each_task", twice)
    poolpipe.run(tmp_path / "scans", out=tmp_path / "one")
    cluster.run(sail, tmp_path / "scans", parts=3, out=tmp_path / "many")
    assert unlike(tmp_path / "one", tmp_path / "many") == []


def test_partition_that_is_concluded_twice__leaves_one_file(
    sail: SparkSession, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_city(city(7504, size="medium"), tmp_path / "scans", 7504)
    made = jobs._concluder

    def concluder(*asked: Any) -> Any:
        conclude = made(*asked)

        def twice(table: Any) -> Any:
            return pa.concat_tables([conclude(table), conclude(table)])

        return twice

    monkeypatch.setattr(jobs, "_concluder", concluder)
    poolpipe.run(tmp_path / "scans", out=tmp_path / "one")
    cluster.run(sail, tmp_path / "scans", parts=3, out=tmp_path / "many")
    assert unlike(tmp_path / "one", tmp_path / "many") == []


def test_tasks__wait_for_their_turn_and_keep_none_while_their_rows_are_taken(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(jobs, "_TURNS", BoundedSemaphore(1))
    for number in (0, 1):
        (tmp_path / str(number)).write_bytes(pickle.dumps(number))
    steps: list[tuple[int, str]] = []

    def each(number: int) -> Iterator[TravellingRow]:
        for place in range(2):
            steps.append((number, f"row {place}"))
            time.sleep(0.02)  # the other one would begin
            yield TravellingRow(number, "read", place, owned=True, blob=b"")

    def rows(number: int, most: int | None) -> list[pa.RecordBatch]:
        return list(jobs._mapper(tmp_path, each, most)(iter([pa.record_batch({"id": [number]})])))

    with ThreadPoolExecutor(2) as threads:
        taken = list(threads.map(rows, (0, 1), (None, None)))
    assert [row.place for batches in taken for row in jobs.rows_of(batches)] == [0, 1, 0, 1]
    first = steps[0][0]
    assert [number for number, _ in steps] == [first, first, 1 - first, 1 - first]
    waiting = jobs._mapper(tmp_path, each, 1)(iter([pa.record_batch({"id": [0]})]))
    next(waiting)  # its second row is not asked for
    assert len(rows(1, 1)) == 2


def test_voids__go_to_every_partition_and_are_counted_in_the_first() -> None:
    blob = packed(pa.table({"event": ["E1", "E2"], "file": pa.array([0, 0], pa.int32())}))
    given = TravellingRow(-1, "void", 7, owned=True, blob=blob)
    split = jobs._splitter(Path("not read"), 300)
    sent = list(split(given))
    assert [row.part for row in sent] == list(range(300))
    assert [row.part for row in sent if row.owned] == [0]
    assert all(row.blob is blob for row in sent)  # not a copy for each partition
