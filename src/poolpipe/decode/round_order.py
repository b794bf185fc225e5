"""In which order components of several rounds are decoded: each after those in which its people sat before."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from poolpipe.decode.infections import Infections
    from poolpipe.decode.parts import Parts

__all__ = ["RoundOrder", "ahead_of"]


@dataclass(frozen=True, slots=True)
class RoundOrder:
    """Components, and how they follow each other.

    Components are known by the number of their root tube; behind the tubes, every infection of which no result tells
    has a component of its own.

    Attributes
    ----------
    component : (infections,) int64
    here, there : (later infections,) int64
        Component of an infection, and of the same person's infection before; apart where they differ.
    level : (tubes + infections,) int64
        Components are decoded by ascending level.
    knotted : (tubes + infections,) bool
        Components of which each comes before the other: an answer in a later round has tied them.
    """

    component: NDArray[np.int64]
    here: NDArray[np.int64]
    there: NDArray[np.int64]
    level: NDArray[np.int64]
    knotted: NDArray[np.bool_]

    @classmethod
    def of(cls, infections: Infections, parts: Parts) -> RoundOrder:
        """Put the components in order; those that are knotted by their last round, then by their first one.

        Parameters
        ----------
        infections : Infections
            With the one before each.
        parts : Parts
            Components of tubes that share infections.
        """
        tubes, count = len(parts.of_pool), len(parts.of_pool) + len(infections)
        alone = tubes + np.arange(len(infections))
        component = np.where(parts.of_person >= 0, parts.of_person, alone).astype(np.int64)
        later = np.flatnonzero(infections.before >= 0)
        here, there = component[later], component[infections.before[later]]
        apart = here != there
        level, waiting = _levels(count, here[apart], there[apart])
        knotted = waiting
        if waiting.any():
            inside = apart & waiting[here] & waiting[there]
            knotted = waiting & _levels(count, there[inside], here[inside])[1]
            top = level.max() + 1
            _, rank = np.unique(_last_then_first(component, infections, knotted), return_inverse=True)
            level[knotted] = top + rank
            behind = waiting & ~knotted
            inside &= behind[here] & behind[there]
            level[behind] = level[knotted].max() + 1 + _levels(count, here[inside], there[inside])[0][behind]
        return cls(component, here, there, level, knotted)


def _levels(
    count: int, here: NDArray[np.int64], there: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """Longest way back from each component, 0 where there is none; and which have no end of it, for they go in circles."""
    level = np.zeros(count, np.int64)
    while True:
        waiting = np.zeros(count, np.bool_)
        waiting[here] = True
        still = waiting[there]
        if still.all():
            return level, waiting
        level[waiting] += 1
        here, there = here[still], there[still]


def _last_then_first(
    component: NDArray[np.int64], infections: Infections, some: NDArray[np.bool_]
) -> NDArray[np.int64]:
    """Order some components by their last round, then by their first one."""
    rounds = int(infections.last_round.max(initial=0)) + 1
    first, last = np.full(len(some), rounds), np.zeros(len(some), np.int64)
    np.minimum.at(first, component, infections.first_round)
    np.maximum.at(last, component, infections.last_round)
    return np.asarray((last * rounds + first)[some])


def ahead_of(marked: NDArray[np.bool_], order: RoundOrder) -> NDArray[np.bool_]:
    """Find the components from which some way back leads to a marked one.

    Parameters
    ----------
    marked : (components,) bool
        Components looked for.
    order : RoundOrder
        How they follow each other.

    Returns
    -------
    (components,) bool
        True where one of those before it, or before these, is marked.
    """
    ahead = np.zeros(len(marked), np.bool_)
    while True:
        new = order.here[(marked | ahead)[order.there] & ~ahead[order.here]]
        if not len(new):
            return ahead
        ahead[new] = True
