"""The jobs of a run as Spark runs them: what `mapInArrow` and `applyInArrow` are given, and what goes from one to the next.

Events travel to their partitions as rows of the session. What else a task leaves is a file of the scratch folder, and its row
names the file (`kept_files`).
"""

from __future__ import annotations

import os
import pickle
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import lru_cache
from itertools import islice
from threading import BoundedSemaphore
from typing import TYPE_CHECKING, Any, Final

import polars as pl
import pyarrow as pa

from poolpipe.cluster.event_blobs import kept_bytes, packed, unpacked
from poolpipe.cluster.kept_files import keep, kept_buffer, object_in, parts_of_object
from poolpipe.cluster.partition import PartFound, PartTask, conclude_part
from poolpipe.cluster.routing import Routes
from poolpipe.cluster.scanning import PLACES, TravellingRow, received
from poolpipe.stages.voids import conflicting_ids
from poolpipe.tables import TIME

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
    "kept",
    "rows_of",
    "scanned",
    "table_of",
    "taken",
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
Blob = bytes | pa.Buffer

_TURNS: Final = BoundedSemaphore(os.cpu_count() or 1)
"""Sail begins all tasks that read rows at once, in threads of one process: more than there are cores only hold memory."""


def scanned(session: SparkSession, tasks: Sequence[ReadTask | StoreTask], folder: Path) -> DataFrame:
    """Read files: what each task's `rows` gives is kept in `folder`.

    Parameters
    ----------
    session : SparkSession
    tasks : sequence of ReadTask or StoreTask
    folder : Path
        Every worker sees it.
    """
    return _each_task(session, tasks, folder / "reading").mapInArrow(_scanner(folder), TRAVELS)


def concluded(
    session: SparkSession, scans: Sequence[TravellingRow], folder: Path, routes: Path, task: PartTask
) -> DataFrame:
    """Send every event to where its tube, box or plate is concluded, and conclude there.

    Parameters
    ----------
    session : SparkSession
    scans : sequence of TravellingRow
        Those of events that `scanned` left in `folder`.
    folder : Path
        Every worker sees it; what is found is kept there.
    routes : Path
        Folder into which `Routes.write` wrote them; every worker sees it.
    task : PartTask
    """
    tasks = _by_task(scans, lambda row: row.place >> PLACES)
    # each blob is split where its file is read: a shuffle before would send everything twice
    split = _each_task(session, tasks, folder / "splitting").mapInArrow(
        _splitter_of_kept(folder, routes, task.parts), TRAVELS
    )
    return (
        split.repartition(task.parts, "part")
        .groupBy("part")
        .applyInArrow(_concluder(folder, routes, task), TRAVELS)
    )


def conflicts(session: SparkSession, ids: Sequence[TravellingRow], folder: Path) -> DataFrame:
    """Find the event ids of several contents, each where all events of that id are.

    Parameters
    ----------
    session : SparkSession
    ids : sequence of TravellingRow
        Those of ids that `concluded` left in `folder`.
    folder : Path
    """
    tasks = _by_task(ids, lambda row: row.part)
    return _each_task(session, tasks, folder / "comparing").mapInArrow(_comparer(folder), TRAVELS)


def kept(folder: Path, row: TravellingRow) -> TravellingRow:
    """Keep a row's blob in a file of a folder; give the row with the file's name."""
    name = f"{row.part}-{row.what}-{row.place}"
    keep(folder / name, [row.blob])
    return row._replace(blob=name.encode())


def taken(folder: Path, row: TravellingRow) -> TravellingRow:
    """A row that was kept, with what the file holds."""
    return row._replace(blob=kept_buffer(folder / bytes(row.blob).decode()))


def rows_of(batches: Iterable[pa.RecordBatch]) -> Iterator[TravellingRow]:
    """The rows that travelled, each once: what a task did that ran twice may be there twice, and is equal."""
    seen: set[tuple[int, str, int, bool]] = set()
    for batch in batches:
        plain = [batch.column(name).to_pylist() for name in COLUMNS.names[:-1]]
        for row in map(TravellingRow, *plain, (each.as_buffer() for each in batch.column("blob"))):
            if (key := row[:4]) not in seen:
                seen.add(key)
                yield row


def table_of(rows: Iterable[TravellingRow]) -> pa.Table:
    """The rows as a table."""
    return pa.Table.from_pylist(
        [row._replace(blob=bytes(row.blob))._asdict() for row in rows], schema=COLUMNS
    )


def _by_task(
    rows: Iterable[TravellingRow], task: Callable[[TravellingRow], int]
) -> list[list[TravellingRow]]:
    """The rows of each task, in the order of its first one."""
    tasks: dict[int, list[TravellingRow]] = {}
    for row in rows:
        tasks.setdefault(task(row), []).append(row)
    return list(tasks.values())


def _each_task(session: SparkSession, tasks: Sequence[object], folder: Path) -> DataFrame:
    """A row and a partition for each task, which finds what it does in a folder that every worker sees.

    A partition is a number of a range: sent as rows by a hash, several tasks met in one partition and others had none.
    """
    folder.mkdir(exist_ok=True)
    for number, task in enumerate(tasks):
        keep(folder / str(number), [pickle.dumps(task)])
    return session.range(0, len(tasks), 1, max(1, len(tasks)))


def _mapper(
    folder: Path, each: Callable[[Any], Iterable[TravellingRow]], most: int | None = None
) -> Callable[[Batches], Batches]:
    """Give what does something with every task of a folder, and holds a turn while it makes `most` rows; None for all of a task's."""

    def mapped(batches: Batches) -> Batches:
        for batch in batches:
            for number in batch.column("id").to_pylist():
                made = iter(each(received((folder / str(number)).read_bytes())))
                while rows := _next(made, most):
                    yield from table_of(rows).to_batches()

    return mapped


def _next(made: Iterator[TravellingRow], most: int | None) -> list[TravellingRow]:
    """The next rows, none behind the last: a task that waits until its rows are taken keeps no turn."""
    with _TURNS:
        return list(islice(made, most))


def _scanner(folder: Path) -> Callable[[Batches], Batches]:
    def read(task: ReadTask | StoreTask) -> Iterator[TravellingRow]:
        return (kept(folder, row) for row in task.rows())

    return _mapper(folder / "reading", read)


@lru_cache(1)
def _routes(folder: Path, parts: int) -> Routes:
    return Routes.read(folder, parts)


def _splitter_of_kept(folder: Path, routes: Path, parts: int) -> Callable[[Batches], Batches]:
    split = _splitter(routes, parts)

    def sent(rows: list[TravellingRow]) -> Iterator[TravellingRow]:
        for row in rows:
            yield from split(taken(folder, row))

    return _mapper(folder / "splitting", sent, 1)  # rows of megabytes each


def _splitter(folder: Path, parts: int) -> Callable[[TravellingRow], Iterator[TravellingRow]]:
    def split(row: TravellingRow) -> Iterator[TravellingRow]:
        if row.what == "void":  # whole to everywhere: a row for each void and partition would fill the memory
            yield from (row._replace(part=part, owned=part == 0) for part in range(parts))
            return
        table = unpacked(row.blob)
        sent = _routes(folder, parts).of_events(row.what, table)
        chosen = table.take(pa.array(sent.rows))
        begin = 0
        for part, owned, length in sent.runs:
            blob = packed(chosen.slice(begin, length))
            yield TravellingRow(part, row.what, row.place, owned, blob)
            begin += length

    return split


def _concluder(folder: Path, routes: Path, task: PartTask) -> Callable[[pa.Table], pa.Table]:
    def conclude(table: pa.Table) -> pa.Table:
        part = int(table["part"][0].as_py())
        found = conclude_part(part, rows_of(table.to_batches()), task, _routes(routes, task.parts))
        ids, rest = found.without_ids()
        name = f"{part}-{FOUND}"
        keep(folder / name, parts_of_object(rest))
        rows = [TravellingRow(part, FOUND, part, owned=True, blob=name.encode())]
        if ids.height:
            rows += _kept_ids(folder, part, ids, task.parts)
        return table_of(rows)

    return conclude


def _kept_ids(folder: Path, part: int, ids: pl.DataFrame, tasks: int) -> Iterator[TravellingRow]:
    """Keep ids in a file, and give a row for each task that compares some of them: where in the file these are."""
    sorted_ids = ids.with_columns((pl.col("event_id").hash(seed=47) % tasks).alias("task")).sort("task")
    blob = kept_bytes(sorted_ids.drop("task").to_arrow())
    name = bytes(kept(folder, TravellingRow(part, IDS, part, owned=True, blob=blob)).blob).decode()
    begin = 0
    for key, length in sorted_ids["task"].rle().struct.unnest().select("value", "len").rows():
        yield TravellingRow(key, IDS, part, owned=True, blob=f"{name}:{begin}:{length}".encode())
        begin += length


def _ids_of(folder: Path, row: TravellingRow) -> pl.DataFrame:
    name, begin, length = bytes(row.blob).decode().split(":")
    table = unpacked(kept_buffer(folder / name)).slice(int(begin), int(length))
    return pl.DataFrame(table).cast(_IDS)  # type: ignore[arg-type]


def _comparer(folder: Path) -> Callable[[Batches], Batches]:
    def compared(rows: list[TravellingRow]) -> Iterator[TravellingRow]:
        named = pl.concat([_ids_of(folder, row) for row in rows])
        rounds = named["round"].unique().sort()
        numbers = named["round"].replace_strict(rounds, range(len(rounds)), return_dtype=pl.UInt32)
        found = conflicting_ids(named.with_columns(numbers), rounds)
        if found.height:
            yield TravellingRow(rows[0].part, IDS, 0, owned=True, blob=pickle.dumps(found))

    return _mapper(folder / "comparing", compared)


def found_in(rows: Iterable[TravellingRow]) -> list[PartFound]:
    """What partitions found, in their order."""
    found: list[PartFound] = [object_in(row.blob) for row in rows]
    return sorted(found, key=lambda each: each.part)
