"""The members as texts: who sits in which tube, at which place of its queue, and how likely infected."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl
import pyarrow as pa

from poolpipe.coding.arrow_arrays import numbers_of
from poolpipe.coding.dictionaries import RESIDENT
from poolpipe.results.record_batches import Room, all_alike, constant, dictionary, in_pieces
from poolpipe_kernels import texts as kernels

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from poolpipe.coding.dictionaries import Codes
    from poolpipe.stages.probabilities import Beliefs

__all__ = ["Seated", "queue_positions"]


@dataclass(frozen=True, slots=True)
class Seated:
    """Everybody in a tube, coded, with what is needed to write it as text.

    Attributes
    ----------
    members : DataFrame
        tube, person, collected_at: coded, sorted by tube and queue.
    beliefs : Beliefs
        P(infected) of each.
    """

    codes: Codes
    members: pl.DataFrame
    beliefs: Beliefs

    def rounds(self) -> int:
        """How many rounds the day has."""
        return len(self.codes.texts["round"])

    def pieces(self, rows: int | None = None) -> Iterator[pa.Table]:
        """The contract's `members`, piece by piece; see `pieces.in_pieces`."""
        return in_pieces(self.members.height, self._piece, rows)

    def _piece(self, rows: range, room: Room) -> pa.Table:
        tubes, places, positions = _queues(self.members["tube"], rows, room)
        members = self.members.slice(rows.start, len(rows))
        people = members["person"].to_numpy()
        rounds, codes = _tube_texts(self.codes, tubes, places, room)
        table = pa.table(
            {
                "round": rounds,
                "tube": codes,
                "person_type": _person_types(self.codes, people, room),
                "person": self.codes.documents(people, room.empty),
                "collected_at": members["collected_at"].to_arrow(),
                "position": numbers_of(positions),
                "p_infected": numbers_of(
                    self.beliefs.stretch(rows.start, rows.stop, room.empty(len(rows), np.float64))
                ),
            }
        )
        # What is never null need not say so row by row: an eighth of the time this table takes to encode.
        return table.cast(pa.schema([field.with_nullable(nullable=False) for field in table.schema]))


def _queues(tubes: pl.Series, rows: range, room: Room) -> tuple[NDArray[Any], NDArray[Any], NDArray[Any]]:
    """Of some rows of sorted tubes: each tube once, the place of each row's among them and in its queue.

    The rows may begin in the middle of a tube.
    """
    seats = tubes.slice(rows.start, len(rows)).to_numpy()
    before = rows.start - int(tubes.search_sorted(int(seats[0]))) if len(rows) else 0
    distinct = room.empty(len(rows), np.uint32)
    places, positions = room.empty(len(rows), np.int32), room.empty(len(rows), np.int64)
    return distinct[: kernels.number_queues(seats, before, distinct, places, positions)], places, positions


def queue_positions(tubes: pl.Series) -> pl.Series:
    """Place of each member in the queue of its tube, from 1, of members sorted by tube and queue."""
    return pl.Series("position", _queues(tubes, range(len(tubes)), Room())[2])


def _tube_texts(
    codes: Codes, tubes: NDArray[Any], places: NDArray[Any], room: Room
) -> tuple[pa.Array, pa.Array]:
    """Round and code of seats, from each tube once and the place of each seat's.

    A code used in several rounds stands once: of a dictionary with repeated values pyarrow 26 writes as
    many uninitialised bytes into the file, other ones at every run.
    """
    known = codes.entities["tube"]
    rounds, names = known.rounds[tubes], known.texts[tubes]
    if all_alike(rounds):
        of_seats = constant(codes.texts["round"][int(rounds[0])], len(places), room)
    else:
        of_seats = dictionary(pl.Series(rounds[places]), codes.texts["round"], room)
        names, again = np.unique(names, return_inverse=True)
        places = again.astype(np.int32)[places]
    texts = codes.texts["tube"].gather(names).to_arrow()
    return of_seats, pa.DictionaryArray.from_arrays(numbers_of(places), texts)


def _person_types(codes: Codes, people: NDArray[np.int64], room: Room) -> pa.Array:
    """Kinds of document; in most pieces everybody has the default one."""
    others = np.flatnonzero(people < 0)
    if not len(others):
        return constant(RESIDENT, len(people), room)
    types = codes.others["person_type"]
    distinct = pl.concat([types, pl.Series([RESIDENT])]).unique().sort()
    kinds = np.full(len(people), distinct.search_sorted(RESIDENT), np.int32)
    kinds[others] = distinct.search_sorted(types).to_numpy()[-1 - people[others]]
    return dictionary(pl.Series(kinds), distinct, room)
