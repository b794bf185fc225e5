"""Components of the graph of people and pools: find them, and copy one as a graph of its own."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import numpy as np

from poolpipe_kernels import components, parts

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from poolpipe.decode.reduction import Reduced

__all__ = ["LARGEST", "LOWEST", "Component", "Graph", "Parts", "by_person", "take_apart"]

LARGEST = 2000
"""People of the largest component for which an exact way is searched: the search is quadratic."""
LOWEST = -600.0
"""Log of the smallest number for which floats are summed; below it logarithms are summed."""
LEAST_CLEAN = 1e-4
"""Above this P(infected), 1 - P(infected) has lost digits, and logarithms are used."""


@dataclass(frozen=True)
class Parts:
    """Components of a graph, each identified by its root pool.

    Attributes
    ----------
    of_pool : array of int32, shape (pools,)
        Root of each pool.
    of_person : array of int32, shape (people,)
        Root of each person, -1 for a person in no pool that gives evidence.
    pools, seats, people : arrays of int64, shape (pools,)
        How many of them a component has, by its root; 0 elsewhere.
    """

    of_pool: NDArray[np.int32]
    of_person: NDArray[np.int32]
    pools: NDArray[np.int64]
    seats: NDArray[np.int64]
    people: NDArray[np.int64]

    @classmethod
    def of(
        cls, offsets: NDArray[np.int64], members: NDArray[np.int32], says: NDArray[np.bool_], people: int
    ) -> Parts:
        """Find the components of a graph.

        Parameters
        ----------
        offsets, members : (pools + 1,) int64 and (seats,) int32
            People by pool.
        says : (pools,) bool
            Whether a pool's outcome depends on its people; other pools join nothing.
        people : int
            How many people there are.

        Returns
        -------
        Parts
        """
        of_person = np.full(people, -1, np.int32)
        of_pool = np.empty(offsets.size - 1, np.int32)
        parts.join_pools(offsets, members, says, of_person, of_pool)
        pools, seats, people_of = (np.zeros(of_pool.size, np.int64) for _ in range(3))
        parts.count_parts(offsets, says, of_pool, of_person, pools, seats, people_of)
        return cls(of_pool, of_person, pools, seats, people_of)

    @classmethod
    def of_graph(cls, graph: Reduced) -> Parts:
        """Find the components of a reduced graph; pools that left it join nothing."""
        return cls.of(graph.offsets, graph.members, np.diff(graph.offsets) > 0, graph.odds.size)

    @property
    def loopy(self) -> NDArray[np.bool_]:
        """Components that are not trees, (pools,) bool by root."""
        return np.asarray(self.seats > self.people + self.pools - 1)


class Graph(Protocol):
    """Protocol of graphs from which components are copied."""

    @property
    def offsets(self) -> NDArray[np.int64]:
        """Seats of pool p are ``offsets[p]`` up to ``offsets[p + 1]``."""
        ...

    @property
    def members(self) -> NDArray[np.int32]:
        """Person of each seat."""
        ...

    @property
    def rows(self) -> NDArray[np.int64]:
        """Row of each pool in `table`."""
        ...

    @property
    def table(self) -> NDArray[np.float64]:
        """P(outcome | k infected)."""
        ...

    @property
    def counts_matter(self) -> bool:
        """Whether `table` has a column for each number of infected."""
        ...

    def chance(self, who: NDArray[np.int32]) -> NDArray[np.float64]:
        """P(infected) of some people before the pools."""
        ...

    def log_weight(self, who: NDArray[np.int32]) -> NDArray[np.float64]:
        """Log of P(clean) and P(infected) of some people before the pools (people, 2)."""
        ...


@dataclass(frozen=True)
class Component:
    """A connected component of people and pools, numbered from 0.

    Attributes
    ----------
    offsets, members : arrays
        CSR of seats by pool.
    likelihood : array of float64, shape (pools, width)
        P(outcome | k infected); two columns when only presence matters.
    prior : array of float64, shape (people,)
        P(infected) before these pools.
    log_weight : array of float64, shape (people, 2), optional
        Log of P(clean) and P(infected), where 1 - prior has lost digits.
    log_likelihood : array of float64, shape (pools, width), optional
        Log of `likelihood`, where it has lost digits.
    log_scale : float
        Natural log by which the rows were divided; it is added to the log evidence.
    """

    offsets: NDArray[np.int64]
    members: NDArray[np.int32]
    likelihood: NDArray[np.float64]
    counts_matter: bool
    prior: NDArray[np.float64]
    log_weight: NDArray[np.float64] | None = None
    log_likelihood: NDArray[np.float64] | None = None
    log_scale: float = 0.0

    @property
    def logs(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Log weights of the people, and log rows of the pools."""
        weight, rows = self.log_weight, self.log_likelihood
        with np.errstate(divide="ignore"):
            if weight is None:
                weight = np.stack([np.log1p(-self.prior), np.log(self.prior)], axis=1)
            return weight, np.log(self.likelihood) if rows is None else rows

    @property
    def narrow(self) -> bool:
        """Whether floats hold all its numbers and the difference of 1 and a prior."""
        if self.log_weight is not None and self.log_weight.min(initial=0.0) < np.log(LEAST_CLEAN):
            far = self.log_weight[:, 0].min(initial=0.0) < np.log(LEAST_CLEAN)
            if far or self.log_weight.min(initial=0.0) < LOWEST / 2:
                return False
        rows = self.log_likelihood
        return rows is None or not bool(((rows < LOWEST / 2) & np.isfinite(rows)).any())


def take_apart(
    graph: Graph, parts: Parts, wanted: NDArray[np.bool_]
) -> Iterator[tuple[NDArray[np.int32], NDArray[np.int32], Component]]:
    """Copy components of up to 2,000 people out of a graph.

    Parameters
    ----------
    graph : Graph
        Pools and people.
    parts : Parts
        Its components.
    wanted : (pools,) bool
        Whether a component is wanted, by its root.

    Yields
    ------
    pools, people : (k,) int32 and (n,) int32
        Numbers in the graph.
    component : Component
        Numbered from 0; owns its arrays.
    """
    chosen = (wanted & (parts.people <= LARGEST) & (parts.pools > 0))[parts.of_pool]
    candidates = np.flatnonzero(chosen & (np.diff(graph.offsets) > 0)).astype(np.int32)
    if not candidates.size:
        return
    candidates = candidates[np.argsort(parts.of_pool[candidates], kind="stable")]
    starts = np.flatnonzero(np.diff(parts.of_pool[candidates]))
    place = np.full(parts.of_person.size, -1, np.int32)
    for pools in np.split(candidates, starts + 1):
        seats = int((graph.offsets[pools + 1] - graph.offsets[pools]).sum())
        who, members = np.empty(seats, np.int32), np.empty(seats, np.int32)
        offsets = np.empty(pools.size + 1, np.int64)
        who = who[: components.extract(pools, graph.offsets, graph.members, place, who, offsets, members)]
        likelihood = graph.table[graph.rows[pools]]
        yield (
            pools,
            who,
            Component(
                offsets, members, likelihood, graph.counts_matter, graph.chance(who), graph.log_weight(who)
            ),
        )


def by_person(component: Component) -> tuple[NDArray[np.int64], NDArray[np.int32]]:
    """CSR of pools by person."""
    pool_of_seat = np.repeat(
        np.arange(component.offsets.size - 1, dtype=np.int32), np.diff(component.offsets)
    )
    seats = np.zeros(component.prior.size + 1, np.int64)
    pools = np.empty(pool_of_seat.size, np.int32)
    components.order_by_pool(component.members, pool_of_seat, seats, pools)
    return seats, pools
