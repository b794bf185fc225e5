"""Tasks that run twice, and where events go."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl
import pyarrow as pa
import pytest

from cities.files import write_city
from cities.random_city import city
from poolpipe.cluster import jobs
from poolpipe.cluster.event_blobs import packed, unpacked
from poolpipe.cluster.file_inputs import FileInputs
from poolpipe.cluster.partition import PartTask
from poolpipe.cluster.routing import Routes, keys_in
from poolpipe.cluster.scanning import PAIRS_FOUND, TravellingRow, pairs_in
from poolpipe.events.reference import Reference
from poolpipe.policy import load_policy
from poolpipe.tables import KINDS

if TYPE_CHECKING:
    from pathlib import Path

    from pyspark.sql import SparkSession

POLICY = load_policy(None)


def _scanned(folder: Path, seed: int) -> list[TravellingRow]:
    write_city(city(seed, size="medium"), folder, seed)
    given = FileInputs.of([folder], POLICY, None, Reference(), None)
    tasks = given.tasks(3)
    assert [source for task in tasks for source in task.sources] == given.sources
    return [row for task in tasks for row in task.rows()]


@pytest.mark.parametrize("parts", [1, 3, 16])
def test_events__are_counted_in_one_partition_each(tmp_path: Path, parts: int) -> None:
    rows = _scanned(tmp_path, 7500)
    routes = Routes.of([pairs_in(row.blob) for row in rows if row.what == PAIRS_FOUND], parts)
    for row in rows:
        if row.what in KINDS:
            table = unpacked([row.blob])
            where = routes.of_events(row.what, table)
            assert where.filter("owned")["row"].sort().to_list() == list(range(len(table)))
            assert where["part"].is_between(0, parts - 1).all()
            assert where.select("row", "part").is_duplicated().sum() == 0


def test_plates__are_wherever_one_of_their_tubes_is_at_home(tmp_path: Path) -> None:
    rows = _scanned(tmp_path, 7501)
    routes = Routes.of([pairs_in(row.blob) for row in rows if row.what == PAIRS_FOUND], 7)
    of_plate: dict[str, pl.DataFrame] = {}
    for kind in ("load", "read"):
        tables = [unpacked([row.blob]) for row in rows if row.what == kind]
        sent = [
            routes.of_events(kind, table).with_columns(
                keys_in(table, "plate")[routes.of_events(kind, table)["row"]]
            )
            for table in tables
        ]
        of_plate[kind] = pl.concat(sent).select("plate", "part").unique()
    loads = [unpacked([row.blob]) for row in rows if row.what == "load"]
    for table in loads:
        homes = (
            pl.DataFrame([keys_in(table, "plate"), routes.home_of(keys_in(table, "tube"))])
            .drop_nulls()
            .unique()
        )
        for kind in ("load", "read"):
            asked = homes.join(of_plate[kind].select("plate").unique(), on="plate", how="semi")
            assert asked.join(of_plate[kind], on=["plate", "part"], how="anti").is_empty()


def test_task_that_ran_twice__changes_nothing(sail: SparkSession, tmp_path: Path) -> None:
    rows = _scanned(tmp_path, 7502)
    routes = Routes.of([pairs_in(row.blob) for row in rows if row.what == PAIRS_FOUND], 3)
    task = PartTask(3, 1, POLICY, None, "all", 96, is_distinct=False)
    found = []
    for given in (rows, [*rows, *reversed(rows)]):
        frame = sail.createDataFrame(jobs.table_of(given))
        sent = jobs.rows_of(jobs.concluded(frame, routes, task).toArrow().to_batches())
        told = jobs.found_in(row for row in sent if row.what == jobs.FOUND)
        found.append(
            [
                (part.part, part.repeated, part.reads, part.members.sort(pl.all()), part.pools.sort("tube"))
                for part in told
            ]
        )
    for once, twice in zip(*found, strict=True):
        assert once[:3] == twice[:3]
        assert once[3].equals(twice[3])
        assert once[4].equals(twice[4])


def test_voids__go_to_every_partition_and_are_counted_in_the_first() -> None:
    blob = packed(pa.table({"event": ["E1", "E2"], "file": pa.array([0, 0], pa.int32())}))
    given = TravellingRow(-1, "void", 7, owned=True, blob=blob)
    split = jobs._splitter(Routes.of([], 300))
    sent = list(split(given))
    assert [row.part for row in sent] == list(range(300))
    assert [row.part for row in sent if row.owned] == [0]
    assert all(row.blob is blob for row in sent)  # not a copy for each partition
