"""Residents and swabs of a version as the night's SQL joins them: people and tubes as numbers, in place of texts."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from poolpipe.coding.arrow_arrays import to_arrow, validity_bitmap
from poolpipe.errors import InputError
from poolpipe.nightly.frames import frame_of, put
from poolpipe.nightly.people_numbers import (
    documents_of,
    number_people,
    people_of,
    people_of_pseudonyms,
)
from poolpipe.nightly.residents import AREA, cleaned, plain_residents, residents_of
from poolpipe.paths import arrow_file
from poolpipe_kernels import listed_seats as kernels

if TYPE_CHECKING:
    from pathlib import Path

    import duckdb
    from numpy.typing import NDArray

    from poolpipe.events.reference import Reference
    from poolpipe.nightly.people_numbers import Documents, PersonKeys
    from poolpipe.nightly.residents import ResidentRows
    from poolpipe.nightly.sources import TableFiles

__all__ = ["ListedPeople", "lay_out_people"]

_THREADS = 2
_NOBODY = pl.DataFrame(schema=dict.fromkeys(("person", *AREA), pl.String))
_MOMENT = pa.timestamp("us", "UTC")
_NOT_READ = np.int32(np.iinfo(np.int32).max)
"""The number of whoever sits on a seat that nothing is asked of."""

_TUBES = """(
    select coalesce(people, 0) as people, coalesce(round in (
        select round from numbered_pools
        where first_collected >= getvariable('asked_begins') and first_collected < getvariable('asked_ends')
    ), false) as is_asked
    from numbered_pools
    order by pool
)"""
"""People of each tube, and whether its round was under way on one of the days."""

_ROUND = pa.schema(
    {
        "round": pa.dictionary(pa.int32(), pa.large_string()),
        "area": pa.int32(),
        "household": pa.uint64(),
        "collected_at": _MOMENT,
        "result_at": _MOMENT,
        "is_negative": pa.bool_(),
        "is_positive": pa.bool_(),
    }
)


@dataclass(frozen=True, slots=True)
class ListedPeople:
    """The residents of a list beside the seats of a version.

    Attributes
    ----------
    area, household : pyarrow.Array
        (residents,) int32 and uint64, as `ResidentRows` has them.
    begins : (tubes + 1,) int64
        Where each tube's people begin among the seats; tubes are numbered as in the view `numbered_pools`.
    person, at : (seats,) int32 and int64
        Number of each seat's person, below ``len(area)`` for residents, and the moment of the swab.
    """

    area: pa.Array
    household: pa.Array
    begins: NDArray[np.int64]
    person: NDArray[np.int32]
    at: NDArray[np.int64]

    def lay_out_rounds(self, connection: duckdb.DuckDBPyConnection) -> None:
        """Make `round_residents`: everybody on the list, once for each round under way in which any of them was swabbed.

        round, area, household, collected_at, result_at, is_negative, is_positive: the first swab within the last 48 hours
        (policy: city_all), null for whoever has none; the first result; whether all are negative, and whether any is
        positive or suspect.

        Parameters
        ----------
        connection : duckdb.DuckDBPyConnection
            With the table `round_tubes` and the variables of the day.
        """
        window = "(select epoch_us(getvariable('since')) as since, epoch_us(getvariable('ends')) as until)"
        since, until = frame_of(connection, window).row(0)
        tubes = frame_of(connection, "(select * from round_tubes order by round, pool)")
        told = (
            self._round(str(name), rows, since, until)
            for (name,), rows in tubes.group_by("round", maintain_order=True)
        )
        connection.register("round_residents", pa.concat_tables([_ROUND.empty_table(), *told]))

    def _round(self, name: str, tubes: pl.DataFrame, since: int, until: int) -> pa.Table:
        residents = len(self.area)
        first_at, first_result = (np.full(residents, kernels.NEVER, np.int64) for _ in range(2))
        state = np.full(residents, kernels.NOT_COLLECTED, np.uint8)
        calls = tubes["is_negative"].to_numpy() * kernels.IS_NEGATIVE
        calls |= tubes["is_positive"].to_numpy() * kernels.IS_POSITIVE
        moments = tubes["result_at"].cast(pl.Int64).fill_null(int(kernels.NEVER)).to_numpy()
        numbers = tubes["pool"].cast(pl.Int64).to_numpy()
        kernels.judge_listed(
            numbers, moments, calls, self.begins, self.person, self.at, since, until, first_at, first_result, state
        )  # fmt: skip
        if not state.any():
            return _ROUND.empty_table()
        names = pa.DictionaryArray.from_arrays(
            np.zeros(residents, np.int32), pa.array([name], pa.large_string())
        )
        flags = (pa.array((state & bit) != 0) for bit in (kernels.IS_NEGATIVE, kernels.IS_POSITIVE))
        columns = [names, self.area, self.household, _moments(first_at), _moments(first_result), *flags]
        return pa.Table.from_arrays(columns, schema=_ROUND)


def lay_out_people(
    connection: duckdb.DuckDBPyConnection, source: TableFiles, known: Reference, people: Path | None = None
) -> tuple[ListedPeople, list[str]]:
    """Make the views `residents` (area, household) and `swabs` (pool, person, collected_at), and the table `areas`.

    Parameters
    ----------
    connection : duckdb.DuckDBPyConnection
        With the views of `lay_out_views`, and the variables `asked_begins` and `asked_ends`: swabs are laid out of the
        rounds in which a tube was begun between these moments.
    source : TableFiles
    known : Reference
    people : Path, optional
        File of the residents, where `known` has none.

    Returns
    -------
    listed : ListedPeople
    missing : list of str
        Codes of messages: what is not there.

    Raises
    ------
    InputError
        If the tables `members` and `pools` do not belong together.
    """
    residents, missing = _listed(source, known, people)
    tubes = frame_of(connection, _TUBES)
    counts = tubes["people"].to_numpy()
    begins = np.concatenate([[0], np.cumsum(counts)])
    spans, swabbed, moments = _swabbed(source, begins, tubes["is_asked"].to_numpy())
    numbers, new = number_people(people_of([*residents.people, *swabbed]))
    listed = len(residents.people)
    firsts = np.cumsum([0, *map(len, numbers[:listed])])
    rows = (first + rows for first, rows in zip(firsts, new[:listed], strict=False))
    once = np.concatenate([np.empty(0, np.int64), *rows])
    area, household = residents.area[once], residents.household.gather(once)
    person, at = np.full(begins[-1], _NOT_READ), np.full(begins[-1], kernels.NEVER)
    for span, own, told in zip(spans, numbers[listed:], moments, strict=True):
        person[span], at[span] = own, told
    found = ListedPeople(to_arrow(area), household.to_arrow(), begins, person, at)
    tube = np.repeat(np.arange(len(counts), dtype=np.uint32), counts)
    seats = pa.table({"pool": to_arrow(tube), "person": to_arrow(person), "collected_at": _moments(at)})
    read = (seats.slice(span.start, span.stop - span.start) for span in spans)
    connection.register("swabs", pa.concat_tables([seats.slice(0, 0), *read]))
    connection.register("residents", pa.table({"area": found.area, "household": found.household}))
    is_lived_in = np.bincount(area, minlength=residents.areas.height) > 0
    put(connection, "areas", residents.areas.filter(pl.Series(is_lived_in)))
    return found, missing


def _listed(source: TableFiles, known: Reference, people: Path | None) -> tuple[ResidentRows, list[str]]:
    """The residents of the list, and codes of messages why there are none."""
    given = known.people if people is None else people
    if given is None:
        return residents_of(_NOBODY), ["nightly_no_people"]
    if source.is_sealed and source.sealed is None:
        return residents_of(_NOBODY), ["nightly_people_sealed"]
    if isinstance(given, pl.DataFrame):
        return residents_of(given, source.sealed), []
    return plain_residents(given, source.sealed) or residents_of(cleaned(given), source.sealed), []


def _swabbed(
    source: TableFiles, begins: NDArray[np.int64], is_asked: NDArray[np.bool_]
) -> tuple[list[slice], list[Documents | PersonKeys], list[NDArray[np.int64]]]:
    """Who sits on the seats of the tubes that are asked for, and when they were swabbed, by spans of seats.

    Files are read by row groups: those in which no tube is asked for are left out.
    """
    columns = ["person", "collected_at"] if source.is_sealed else ["person_type", "person", "collected_at"]
    asked_before = np.concatenate([[0], np.cumsum(is_asked)])
    places: list[tuple[Path, int]] = []
    spans, begin = list[slice](), 0
    for path in source.tables.get("members") or ():
        for group, size in enumerate(_sizes(path)):
            first = np.searchsorted(begins, begin, "right") - 1
            behind = np.searchsorted(begins[:-1], begin + size, "left")
            if asked_before[behind] > asked_before[min(first, behind)]:
                places.append((path, group))
                spans.append(slice(begin, begin + size))
            begin += size
    if begin != begins[-1]:
        people = int(begins[-1])
        raise InputError.of("nightly_seats_differ", where=source.where, members=begin, people=people)

    def read(place: tuple[Path, int]) -> tuple[Documents | PersonKeys, NDArray[np.int64]]:
        path, group = place
        with arrow_file(path) as file:
            rows = pl.DataFrame(
                pq.ParquetFile(file).read_row_group(group, columns=columns, use_threads=False)
            )
        at = rows["collected_at"].cast(pl.Int64).to_numpy()
        return (people_of_pseudonyms(rows["person"]) if source.is_sealed else documents_of(rows)), at

    with ThreadPoolExecutor(_THREADS) as threads:
        found = list(threads.map(read, places))
    return spans, [people for people, _ in found], [at for _, at in found]


def _sizes(path: Path) -> list[int]:
    """Rows of each row group."""
    with arrow_file(path) as file:
        told = pq.read_metadata(file)
        return [told.row_group(group).num_rows for group in range(told.num_row_groups)]


def _moments(values: NDArray[np.int64]) -> pa.Array:
    """Moments, null where they never came."""
    there = values != kernels.NEVER
    return to_arrow(values, None if there.all() else validity_bitmap(there)).cast(_MOMENT)
