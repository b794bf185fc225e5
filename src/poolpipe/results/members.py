"""Decode the table `members`: who is in which tube, at which place of its queue, and how likely infected."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl
import pyarrow as pa

from poolpipe.coding.arrow_arrays import to_arrow
from poolpipe.coding.dictionaries import RESIDENT
from poolpipe.results.record_batches import BatchedTable, BufferPool, all_alike, constant, dictionary
from poolpipe_kernels import texts as kernels

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from poolpipe.coding.dictionaries import Dictionaries
    from poolpipe.stages.probabilities import Probabilities

__all__ = ["Members", "queue_positions"]


@dataclass(frozen=True, slots=True)
class Members:
    """All seats, coded, with the dictionaries that turn them into the table `members`.

    Attributes
    ----------
    rows : DataFrame
        tube, person, collected_at: coded, sorted by tube and queue.
    probabilities : Probabilities
        P(infected) of each.
    """

    codes: Dictionaries
    rows: pl.DataFrame
    probabilities: Probabilities

    @property
    def height(self) -> int:
        """How many members there are."""
        return self.rows.height

    def rounds(self) -> int:
        """How many rounds tubes, boxes and plates have; that of a record that was rejected alone is none of them."""
        seen = np.zeros(len(self.codes.texts["round"]), np.bool_)
        for known in self.codes.entities.values():
            seen[known.rounds] = True
        return max(1, int(np.count_nonzero(seen)))

    def batched(self) -> BatchedTable:
        """Give the table `members` in batches."""
        return BatchedTable(self.rows.height, self.rounds(), self._batch)

    def _batch(self, rows: range, buffers: BufferPool) -> pa.Table:
        tubes, places, positions = _queues(self.rows["tube"], rows, buffers)
        members = self.rows.slice(rows.start, len(rows))
        people = members["person"].to_numpy()
        rounds, codes = _tube_texts(self.codes, tubes, places, buffers)
        table = pa.table(
            {
                "round": rounds,
                "tube": codes,
                "person_type": _person_types(self.codes, people, buffers),
                "person": self.codes.documents(people, buffers.empty),
                "collected_at": members["collected_at"].to_arrow(),
                "position": to_arrow(positions),
                "p_infected": to_arrow(
                    self.probabilities.stretch(rows.start, rows.stop, buffers.empty(len(rows), np.float64))
                ),
            }
        )
        # Columns without nulls are declared so: that saves an eighth of the time this table takes to encode.
        return table.cast(pa.schema([field.with_nullable(nullable=False) for field in table.schema]))


def _queues(
    tubes: pl.Series, rows: range, buffers: BufferPool
) -> tuple[NDArray[Any], NDArray[Any], NDArray[Any]]:
    """Of some rows sorted by tube: each tube once, the index of each row's tube among them, its place in the queue.

    The rows may begin in the middle of a tube.
    """
    seats = tubes.slice(rows.start, len(rows)).to_numpy()
    before = rows.start - int(tubes.search_sorted(int(seats[0]))) if len(rows) else 0
    distinct = buffers.empty(len(rows), np.uint32)
    places, positions = buffers.empty(len(rows), np.int32), buffers.empty(len(rows), np.int64)
    return distinct[: kernels.number_queues(seats, before, distinct, places, positions)], places, positions


def queue_positions(tubes: pl.Series) -> pl.Series:
    """Place of each member in its tube's queue, from 1; members are sorted by tube and queue."""
    return pl.Series("position", _queues(tubes, range(len(tubes)), BufferPool())[2])


def _tube_texts(
    codes: Dictionaries, tubes: NDArray[Any], places: NDArray[Any], buffers: BufferPool
) -> tuple[pa.Array, pa.Array]:
    """Round and code of seats, from the distinct tubes and the index of each seat's tube.

    A code used in several rounds is in the dictionary once: of a dictionary with repeated values pyarrow 26 writes as
    many uninitialised bytes into the file, other ones at every run.
    """
    known = codes.entities["tube"]
    rounds, names = known.rounds[tubes], known.texts[tubes]
    if all_alike(rounds):
        of_seats = constant(codes.texts["round"][int(rounds[0])], len(places), buffers)
    else:
        of_seats = dictionary(pl.Series(rounds[places]), codes.texts["round"], buffers)
        names, again = np.unique(names, return_inverse=True)
        places = again.astype(np.int32)[places]
    texts = codes.texts["tube"].gather(names).to_arrow()
    return of_seats, pa.DictionaryArray.from_arrays(to_arrow(places), texts)


def _person_types(codes: Dictionaries, people: NDArray[np.int64], buffers: BufferPool) -> pa.Array:
    """Document types; in most batches everybody has the default one."""
    others = np.flatnonzero(people < 0)
    if not len(others):
        return constant(RESIDENT, len(people), buffers)
    types = codes.others["person_type"]
    distinct = pl.concat([types, pl.Series([RESIDENT])]).unique().sort()
    kinds = np.full(len(people), distinct.search_sorted(RESIDENT), np.int32)
    kinds[others] = distinct.search_sorted(types).to_numpy()[-1 - people[others]]
    return dictionary(pl.Series(kinds), distinct, buffers)
