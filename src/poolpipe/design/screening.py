"""Combinatorial decoders: conclusions from outcomes when tests do not err."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from poolpipe.coding.frames import as_frame
from poolpipe.decode.assays import NEGATIVE, NO_CALL, POSITIVE, SUSPECT
from poolpipe.decode.contradictions import Proofs, contradictions
from poolpipe.decode.doubts import doubts_of_pools
from poolpipe.decode.keys import clean_keys
from poolpipe.decode.layout import call_codes
from poolpipe.decode.parts import Parts
from poolpipe.decode.seats import seats_by_pool
from poolpipe.tables import require
from poolpipe_kernels import components, cover

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from poolpipe.coding.frames import Frame

__all__ = ["REASONS", "comp", "dd", "scomp", "screen_doubts"]

REASONS = ("no_call", "possible", "proven", "cleared", "contradiction")
"""Reasons why a person is or is not called infected; see `comp`."""


def comp(seats: Frame, pools: Frame) -> pl.DataFrame:
    """Call every person infected whom no negative pool clears: no infected person is missed (COMP).

    Parameters
    ----------
    seats : frame
        Of polars, pandas, pyarrow or DuckDB: pool, person.
    pools : frame
        pool, call; suspect counts as positive, invalid and null give no evidence.

    Returns
    -------
    polars.DataFrame
        person, infected (bool), why; people in the order of their first seat. why is ``cleared`` (a negative pool),
        ``proven`` (alone explains a positive pool), ``possible`` (in a positive pool), ``no_call`` (in no pool that
        gives evidence) or ``contradiction`` (cleared, and in a positive pool of which everybody is cleared).

    Raises
    ------
    TableError
        A column is missing, a pool has two rows, or a code or call is invalid.

    Notes
    -----
    Chan, Che, Jaggi and Saligrama (2011), Allerton 49:1832. An upper bound where tests do not err.

    Examples
    --------
    >>> import polars as pl
    >>> seats = pl.DataFrame({"pool": ["A", "A", "B"], "person": ["p", "q", "r"]})
    >>> pools = pl.DataFrame({"pool": ["A", "B"], "call": ["positive", "negative"]})
    >>> comp(seats, pools).rows()
    [('p', True, 'possible'), ('q', True, 'possible'), ('r', False, 'cleared')]
    """
    screen = _Screen.of(seats, pools)
    return screen.table(~screen.cleared())


def dd(seats: Frame, pools: Frame) -> pl.DataFrame:
    """Call people infected who alone can explain a positive pool: no clean person is called infected (definite defectives).

    Parameters
    ----------
    seats : frame
        Of polars, pandas, pyarrow or DuckDB: pool, person.
    pools : frame
        pool, call; suspect counts as positive, invalid and null give no evidence.

    Returns
    -------
    polars.DataFrame
        As `comp`.

    Raises
    ------
    TableError
        As `comp`.

    Notes
    -----
    Aldridge, Baldassini and Johnson (2014), IEEE Trans. Inf. Theory 60:3671. A lower bound where tests do not err.

    Examples
    --------
    >>> import polars as pl
    >>> seats = pl.DataFrame({"pool": ["A", "A", "B"], "person": ["p", "q", "r"]})
    >>> pools = pl.DataFrame({"pool": ["A", "B"], "call": ["positive", "negative"]})
    >>> dd(seats, pools)["infected"].to_list()
    [False, False, False]
    """
    screen = _Screen.of(seats, pools)
    return screen.table(screen.definite(screen.cleared()))


def scomp(seats: Frame, pools: Frame) -> pl.DataFrame:
    """Call the definite ones infected, then whoever explains most of the pools left (sequential COMP).

    Ties go to the person whose first seat comes first.

    Parameters
    ----------
    seats : frame
        Of polars, pandas, pyarrow or DuckDB: pool, person.
    pools : frame
        pool, call; suspect counts as positive, invalid and null give no evidence.

    Returns
    -------
    polars.DataFrame
        As `comp`.

    Raises
    ------
    TableError
        As `comp`.

    Notes
    -----
    Aldridge, Baldassini and Johnson (2014), IEEE Trans. Inf. Theory 60:3671. A small set that explains every positive
    pool, between `dd` and `comp`.

    Examples
    --------
    >>> import polars as pl
    >>> seats = pl.DataFrame({"pool": ["A", "A", "B"], "person": ["p", "q", "r"]})
    >>> pools = pl.DataFrame({"pool": ["A", "B"], "call": ["positive", "negative"]})
    >>> scomp(seats, pools)["infected"].to_list()
    [True, False, False]
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


def screen_doubts(seats: Frame, pools: Frame) -> pl.DataFrame:
    """Name the pools that a decoder cannot use: without people, without a row in `pools`, or contradicted.

    A positive pool is contradicted when negative pools clear everybody in it: some test has erred. Of pools that share
    people the smallest set is named.

    Parameters
    ----------
    seats : frame
        Of polars, pandas, pyarrow or DuckDB: pool, person.
    pools : frame
        pool, call; suspect counts as positive, invalid and null give no evidence.

    Returns
    -------
    polars.DataFrame
        code, pool and detail as in `decode.Decoded.doubts`.

    Raises
    ------
    TableError
        As `comp`.

    Examples
    --------
    >>> import polars as pl
    >>> seats = pl.DataFrame({"pool": ["A", "A", "B"], "person": ["p", "q", "r"]})
    >>> pools = pl.DataFrame({"pool": ["A", "B"], "call": ["positive", "negative"]})
    >>> screen_doubts(seats, pools.head(1)).select("code", "pool").rows()
    [('pool_without_call', 'B')]
    """
    pools = as_frame(pools, "pools")
    screen = _Screen.of(seats, pools)
    sizes = np.diff(screen.offsets)
    return doubts_of_pools(screen.pools, pools.height, sizes, screen.contradictions(), screen.repeated)


@dataclass(frozen=True)
class _Screen:
    """Seats in flat arrays, and the outcome of each pool."""

    people: pl.Series
    pools: pl.Series
    offsets: NDArray[np.int64]
    members: NDArray[np.int32]
    codes: NDArray[np.int8]
    repeated: NDArray[np.int64]

    @classmethod
    def of(cls, seats: Frame, pools: Frame) -> _Screen:
        """Number people by their first seat and pools as listed."""
        seats = clean_keys(seats, "seats", ("pool", "person"))
        pools = clean_keys(pools, "pools", ("pool",))
        require(pools, ("pool", "call"), table="pools")
        people = seats["person"].unique(maintain_order=True)
        codes = call_codes(pools["call"])
        offsets, members, names, repeated = seats_by_pool(seats, pools["pool"], people)
        codes = np.pad(codes, (0, names.len() - codes.size), constant_values=NO_CALL)
        return cls(people, names, offsets, members, codes, repeated)

    @property
    def positive(self) -> NDArray[np.bool_]:
        """Positive pools."""
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

    def contradicted(self, clear: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """Positive pools of which negative pools clear everybody."""
        before = np.concatenate([[0], np.cumsum(clear[self.members])])
        sizes = np.diff(self.offsets)
        return np.asarray(
            self.positive & (sizes > 0) & (before[self.offsets[1:]] - before[self.offsets[:-1]] == sizes)
        )

    def contradictions(self) -> list[list[int]]:
        """The smallest set of pools that contradict each other, of each component that has one."""
        contradicted = self.contradicted(self.cleared())
        if not contradicted.any():
            return []
        told = Proofs(self.positive & (np.diff(self.offsets) > 0), self.codes == NEGATIVE)
        says = (told.somebody | told.nobody) & (np.diff(self.offsets) > 0)
        parts = Parts.of(self.offsets, self.members, says, self.people.len())
        return [
            contradictions(
                np.flatnonzero(says & (parts.of_pool == root)),
                lambda pool: self.members[self.offsets[pool] : self.offsets[pool + 1]],
                told,
            )
            for root in np.unique(parts.of_pool[contradicted]).tolist()
        ]

    def table(self, infected: NDArray[np.bool_]) -> pl.DataFrame:
        """Result as a frame, with the reason for each."""
        clear = self.cleared()
        why = np.zeros(clear.size, np.uint8)
        pool_of_seat = np.repeat(np.arange(self.codes.size), np.diff(self.offsets))
        why[self.members[self.positive[pool_of_seat]]] = REASONS.index("possible")
        why[self.definite(clear)] = REASONS.index("proven")
        why[clear] = REASONS.index("cleared")
        why[self.members[self.contradicted(clear)[pool_of_seat]]] = REASONS.index("contradiction")
        reasons = pl.Series("why", REASONS, dtype=pl.Enum(REASONS)).gather(why)
        return pl.DataFrame({"person": self.people, "infected": infected, "why": reasons})
