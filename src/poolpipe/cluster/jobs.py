"""The jobs of a run as Spark runs them: what `mapInArrow` and `applyInArrow` are given, and the tables between them."""

from __future__ import annotations

import pickle
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Final

import polars as pl
import pyarrow as pa

from poolpipe.cluster.event_blobs import packed, unpacked
from poolpipe.cluster.partition import PartFound, PartTask, conclude_part
from poolpipe.cluster.routing import Routes
from poolpipe.cluster.scanning import TravellingRow, received
from poolpipe.stages.voids import conflicting_ids
from poolpipe.tables import KINDS, TIME

if TYPE_CHECKING:
    from pathlib import Path

    from pyspark.sql import DataFrame, SparkSession

    from poolpipe.cluster.scanning import ReadTask
    from poolpipe.cluster.store_inputs import StoreTask

__all__ = [
    "COLUMNS",
    "FOUND",
    "IDS",
    "TRAVELS",
    "concluded",
    "conflicts",
    "found_in",
    "rows_of",
    "scanned",
    "table_of",
]

FOUND: Final = "found"
IDS: Final = "ids"

TRAVELS: Final = "part int, what string, place bigint, owned boolean, blob binary"
COLUMNS: Final = pa.schema(
    [
        ("part", pa.int32()),
        ("what", pa.string()),
        ("place", pa.int64()),
        ("owned", pa.bool_()),
        ("blob", pa.binary()),
    ]
)
_IDS: Final = {"event_id": pl.String, "at": TIME, "round": pl.String}

Batches = Iterator[pa.RecordBatch]


def scanned(session: SparkSession, tasks: Sequence[ReadTask | StoreTask], folder: Path) -> DataFrame:
    """Read files: one task a partition, which finds what it reads in a new folder that every worker sees.

    A partition is a number of a range: sent as rows by a hash, several tasks met in one partition and others had none.
    """
    folder.mkdir()
    for task in tasks:
        (folder / f"{task.number}.task").write_bytes(pickle.dumps(task))
    return session.range(0, len(tasks), 1, max(1, len(tasks))).mapInArrow(_scanner(folder), TRAVELS)


def concluded(scans: DataFrame, routes: Path, task: PartTask) -> DataFrame:
    """Send every event to where its tube, box or plate is concluded, and conclude there.

    Parameters
    ----------
    scans : DataFrame
        What `scanned` left.
    routes : Path
        Folder into which `Routes.write` wrote them; every worker sees it.
    task : PartTask
    """
    events = scans.filter(f"what IN ({', '.join(map(repr, KINDS))})")
    # each blob is split where its file is read: a shuffle before would send everything twice
    split = events.mapInArrow(_mapper(_splitter(routes, task.parts)), TRAVELS)
    return (
        split.repartition(task.parts, "part").groupBy("part").applyInArrow(_concluder(routes, task), TRAVELS)
    )


def conflicts(found: DataFrame, parts: int) -> DataFrame:
    """Find the event ids of several contents, each where all events of that id are."""
    ids = found.filter(f"what = '{IDS}'")
    return ids.repartition(parts, "part").groupBy("part").applyInArrow(_conflicting, TRAVELS)


def rows_of(batches: Iterable[pa.RecordBatch]) -> Iterator[TravellingRow]:
    """The rows that travelled, each once: what a task did that ran twice may be there twice, and is equal."""
    seen: set[tuple[int, str, int, bool]] = set()
    for batch in batches:
        for row in map(TravellingRow, *(batch.column(name).to_pylist() for name in COLUMNS.names)):
            if (key := row[:4]) not in seen:
                seen.add(key)
                yield row


def table_of(rows: Iterable[TravellingRow]) -> pa.Table:
    """The rows as a table."""
    return pa.Table.from_pylist([row._asdict() for row in rows], schema=COLUMNS)


def _mapper(each: Callable[[TravellingRow], Iterable[TravellingRow]]) -> Callable[[Batches], Batches]:
    """Give what does something with every row, one after the other."""

    def mapped(batches: Batches) -> Batches:
        for batch in batches:
            for row in rows_of([batch]):
                for made in each(row):
                    yield from table_of([made]).to_batches()

    return mapped


def _scanner(folder: Path) -> Callable[[Batches], Batches]:
    def read(batches: Batches) -> Batches:
        for batch in batches:
            for number in batch.column("id").to_pylist():
                for made in received((folder / f"{number}.task").read_bytes()).rows():
                    yield from table_of([made]).to_batches()

    return read


@lru_cache(1)
def _routes(folder: Path, parts: int) -> Routes:
    return Routes.read(folder, parts)


def _splitter(folder: Path, parts: int) -> Callable[[TravellingRow], Iterator[TravellingRow]]:
    def split(row: TravellingRow) -> Iterator[TravellingRow]:
        if row.what == "void":  # whole to everywhere: a row for each void and partition would fill the memory
            yield from (row._replace(part=part, owned=part == 0) for part in range(parts))
            return
        table = unpacked([row.blob])
        sent = _routes(folder, parts).of_events(row.what, table)
        chosen = table.take(pa.array(sent.rows))
        begin = 0
        for part, owned, length in sent.runs:
            blob = packed(chosen.slice(begin, length))
            yield TravellingRow(part, row.what, row.place, owned, blob)
            begin += length

    return split


def _concluder(folder: Path, task: PartTask) -> Callable[[pa.Table], pa.Table]:
    def conclude(table: pa.Table) -> pa.Table:
        part = int(table["part"][0].as_py())
        found = conclude_part(part, rows_of(table.to_batches()), task, _routes(folder, task.parts))
        ids, rest = found.without_ids()
        rows = [TravellingRow(part, FOUND, part, owned=True, blob=pickle.dumps(rest))]
        if ids.height:
            keys = ids["event_id"].hash(seed=47) % task.parts
            for (key,), named in ids.group_by(keys.alias("key")):
                rows.append(TravellingRow(key, IDS, part, owned=True, blob=packed(named.to_arrow())))
        return table_of(rows)

    return conclude


def _conflicting(table: pa.Table) -> pa.Table:
    blobs = [row.blob for row in rows_of(table.to_batches())]
    named = pl.DataFrame(unpacked(blobs)).cast(_IDS)  # type: ignore[arg-type]
    rounds = named["round"].unique().sort()
    numbers = named["round"].replace_strict(rounds, range(len(rounds)), return_dtype=pl.UInt32)
    found = conflicting_ids(named.with_columns(numbers), rounds)
    part = int(table["part"][0].as_py())
    return table_of(
        [TravellingRow(part, IDS, 0, owned=True, blob=pickle.dumps(found))] if found.height else []
    )


def found_in(rows: Iterable[TravellingRow]) -> list[PartFound]:
    """What partitions found, in their order."""
    found: list[PartFound] = [received(row.blob) for row in rows]
    return sorted(found, key=lambda each: each.part)
