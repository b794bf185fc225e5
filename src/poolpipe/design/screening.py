"""Combinatorial decoders: what outcomes prove when tests do not err."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from poolpipe.decode.assays import NEGATIVE, POSITIVE, SUSPECT
from poolpipe.decode.layout import call_codes, check_columns, seats_by_pool
from poolpipe_kernels import components, cover

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["comp", "dd", "scomp"]


def comp(seats: pl.DataFrame, pools: pl.DataFrame) -> pl.DataFrame:
    """Call everybody infected whom no negative pool clears: nobody infected is missed (COMP).

    Parameters
    ----------
    seats : polars.DataFrame
        pool, person.
    pools : polars.DataFrame
        pool, call; suspect counts as positive, invalid and null say nothing.

    Returns
    -------
    polars.DataFrame
        person, infected (bool); people in the order of their first seat.

    Raises
    ------
    TableError
        A column is missing, a pool has two rows, a call is none.

    Notes
    -----
    Chan, Che, Jaggi and Saligrama (2011), Allerton 49:1832. An upper bound where tests do not err.
    """
    screen = _Screen.of(seats, pools)
    return screen.table(~screen.cleared())


def dd(seats: pl.DataFrame, pools: pl.DataFrame) -> pl.DataFrame:
    """Call infected who alone can explain a positive pool: nobody clean is accused (definite defectives).

    Parameters and result as `comp`. Aldridge, Baldassini and Johnson (2014), IEEE Trans. Inf. Theory 60:3671.
    A lower bound where tests do not err.
    """
    screen = _Screen.of(seats, pools)
    return screen.table(screen.definite(screen.cleared()))


def scomp(seats: pl.DataFrame, pools: pl.DataFrame) -> pl.DataFrame:
    """Call the definite ones infected, then whoever explains most of what is left (sequential COMP).

    Parameters and result as `comp`; ties go to the person seated first. Aldridge, Baldassini and Johnson
    (2014). A small set that explains everything; between `dd` and `comp`.
    """
    screen = _Screen.of(seats, pools)
    clear = screen.cleared()
    infected = screen.definite(clear)
    by_person, pool_of_seat = np.zeros(clear.size + 1, np.int64), np.empty(screen.members.size, np.int32)
    pool_numbers = np.repeat(np.arange(screen.codes.size, dtype=np.int32), np.diff(screen.offsets))
    components.order_by_pool(screen.members, pool_numbers, by_person, pool_of_seat)
    cover.explain_greedily(
        screen.offsets, screen.members, by_person, pool_of_seat, screen.positive, clear, infected
    )
    return screen.table(infected)


@dataclass(frozen=True)
class _Screen:
    """Seats in flat arrays, and what each pool said."""

    people: pl.Series
    offsets: NDArray[np.int64]
    members: NDArray[np.int32]
    codes: NDArray[np.int8]

    @classmethod
    def of(cls, seats: pl.DataFrame, pools: pl.DataFrame) -> _Screen:
        """Number people by their first seat and pools as listed."""
        check_columns(seats, "seats", ("pool", "person"))
        check_columns(pools, "pools", ("pool", "call"))
        people = seats["person"].unique(maintain_order=True)
        codes = call_codes(pools["call"])
        offsets, members, known = seats_by_pool(seats, pools["pool"], people)
        return cls(people, offsets, members, np.pad(codes, (0, known - codes.size)))

    @property
    def positive(self) -> NDArray[np.bool_]:
        """Pools that somebody must explain."""
        return np.asarray((self.codes == POSITIVE) | (self.codes == SUSPECT))

    def cleared(self) -> NDArray[np.bool_]:
        """People of negative pools."""
        clear = np.zeros(self.people.len(), np.bool_)
        cover.clear_people(self.offsets, self.members, self.codes == NEGATIVE, clear)
        return clear

    def definite(self, clear: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """People who alone can explain a positive pool."""
        definite = np.zeros(clear.size, np.bool_)
        cover.find_definite(self.offsets, self.members, self.positive, clear, definite)
        return definite

    def table(self, infected: NDArray[np.bool_]) -> pl.DataFrame:
        """Result as a frame."""
        return pl.DataFrame({"person": self.people, "infected": infected})
