"""Components of the graph of people and pools."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from poolpipe_kernels import components

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from poolpipe.decode.reduction import Reduced

__all__ = ["Parts"]


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
        components.join_pools(offsets, members, says, of_person, of_pool)
        inside = of_person >= 0
        of_person[inside] = of_pool[of_person[inside]]
        count = of_pool.size
        sizes = np.bincount(of_pool[says], weights=np.diff(offsets)[says], minlength=count)
        return cls(
            of_pool,
            of_person,
            np.bincount(of_pool[says], minlength=count),
            sizes.astype(np.int64),
            np.bincount(of_person[inside], minlength=count),
        )

    @classmethod
    def of_graph(cls, graph: Reduced) -> Parts:
        """Find the components of a reduced graph; pools that left it join nothing."""
        return cls.of(graph.offsets, graph.members, np.diff(graph.offsets) > 0, graph.odds.size)

    @property
    def loopy(self) -> NDArray[np.bool_]:
        """Components that are not trees, (pools,) bool by root."""
        return np.asarray(self.seats > self.people + self.pools - 1)
