"""Remove from the graph what is certain, and pools of one person, before inference."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from poolpipe.decode.layout import says_something
from poolpipe_kernels import components

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from poolpipe.decode.layout import PoolLayout

__all__ = ["Reduced", "contradicted", "reduce_layout"]

UNKNOWN = -1
FARTHEST = 460.0
"""Log of the largest odds (1e200) kept as a float."""


@dataclass(frozen=True)
class Reduced:
    """The part of the problem that is left to infer, with pools and people numbered as before.

    Attributes
    ----------
    offsets, members : arrays
        Seats of people whose state is not certain, in pools that give evidence about two or more of them.
    rows, table : arrays
        ``table[rows[p], k]``: likelihood of k infected among those left.
    state : array of int8, shape (people,)
        -1 unknown, 0 certainly clean, 1 certainly infected.
    odds : array of float64, shape (people,)
        Prior odds times the likelihood ratios of pools of this person alone.
    refined : array of bool, shape (people,)
        Whose odds are no longer the prior's.
    pool_terms : array of float64, shape (pools,)
        Log of the factor each pool that left the graph contributes to the evidence.
    impossible : array of bool, shape (pools,)
        Pools that contradict other pools' proofs.
    far : array of float64, shape (people,), optional
        Log odds of every person, where some odds leave the range of floats.
    """

    offsets: NDArray[np.int64]
    members: NDArray[np.int32]
    rows: NDArray[np.int64]
    table: NDArray[np.float64]
    counts_matter: bool
    state: NDArray[np.int8]
    odds: NDArray[np.float64]
    refined: NDArray[np.bool_]
    pool_terms: NDArray[np.float64]
    impossible: NDArray[np.bool_]
    far: NDArray[np.float64] | None = None

    def chance(self, who: NDArray[np.int32]) -> NDArray[np.float64]:
        """P(infected) of some people before the pools left."""
        return np.asarray(self.odds[who] / (1.0 + self.odds[who]))

    def log_odds(self, who: NDArray[np.integer] | slice) -> NDArray[np.float64]:
        """Log of the odds of some people, whatever their size."""
        if self.far is not None:
            return self.far[who]
        with np.errstate(divide="ignore"):
            return np.asarray(np.log(self.odds[who]))

    def log_weight(self, who: NDArray[np.int32]) -> NDArray[np.float64]:
        """Log of P(clean) and P(infected) of some people before the pools left (people, 2)."""
        log_odds = self.log_odds(who)
        clean = -np.logaddexp(0.0, log_odds)
        return np.stack([clean, log_odds + clean], axis=1)


def reduce_layout(layout: PoolLayout) -> Reduced:
    """Settle what is proven, multiply pools of one unknown person into the odds, and drop pools without evidence."""
    state, impossible = _certain(layout)
    unknown_prior = np.where(state == UNKNOWN, layout.prior, 0.0)
    odds = unknown_prior / (1.0 - unknown_prior)
    refined = np.zeros(odds.size, np.bool_)
    pool_terms = np.zeros(layout.rows.size)
    sizes = layout.sizes
    informative = layout.informative
    if informative.all() and sizes.min(initial=2) >= 2 and (state == UNKNOWN).all():
        parts = layout.offsets, layout.members, layout.rows, layout.table
        return Reduced(*parts, layout.counts_matter, state, odds, refined, pool_terms, impossible)
    infected, unknown = np.zeros_like(sizes), np.zeros_like(sizes)
    components.tally(layout.offsets, layout.members, state, infected, unknown)
    rows, table = _rows_of_the_rest(layout, infected, unknown)
    informative = says_something(rows, table, unknown, counts_matter=layout.counts_matter)
    with np.errstate(divide="ignore"):
        leaving = ~informative | (unknown == 1)
        pool_terms[leaving] = np.log(table[rows[leaving], 0])
    keep = informative & (unknown >= 2)
    offsets, members = np.empty_like(layout.offsets), np.empty_like(layout.members)
    alone = informative & (unknown == 1) & ~impossible
    left = components.compact(layout.offsets, layout.members, state, alone, offsets, members)
    who = members[:left]
    far = _told_alone(odds, who, np.log(table[rows[alone], 1]) - np.log(table[rows[alone], 0]))
    refined[who] = True
    left = components.compact(layout.offsets, layout.members, state, keep, offsets, members)
    return Reduced(
        offsets,
        members[:left],
        rows,
        table,
        layout.counts_matter,
        state,
        odds,
        refined,
        pool_terms,
        impossible,
        far,
    )


def contradicted(layout: PoolLayout) -> NDArray[np.bool_]:
    """Pools whose outcomes contradict the proofs of other pools."""
    return _certain(layout)[1]


def _told_alone(
    odds: NDArray[np.float64], who: NDArray[np.int32], log_ratio: NDArray[np.float64]
) -> NDArray[np.float64] | None:
    """Multiply what people's own pools say into their odds; logs of all odds where some are out of range."""
    if not who.size:
        return None
    people, place = np.unique(who, return_inverse=True)
    told = np.log(odds[people]) + np.bincount(place, log_ratio)
    odds[people] = np.exp(np.clip(told, -FARTHEST, FARTHEST))
    if np.abs(told).max() <= FARTHEST:
        return None
    with np.errstate(divide="ignore"):
        far = np.log(odds)
    far[people] = told
    return far


def _certain(layout: PoolLayout) -> tuple[NDArray[np.int8], NDArray[np.bool_]]:
    """States that priors of 0 and 1 and likelihoods of 0 prove, repeated until nothing more follows."""
    state = np.full(layout.prior.size, UNKNOWN, np.int8)
    state[layout.prior == 0.0] = 0
    state[layout.prior == 1.0] = 1
    impossible = np.zeros(layout.rows.size, np.bool_)
    if not layout.counts_matter and layout.table.all():
        return state, impossible
    if layout.counts_matter and not _has_zeros(layout):
        return state, impossible
    parts = layout.offsets, layout.members, layout.rows, layout.table, layout.counts_matter
    while components.settle(*parts, state, impossible):
        pass
    return state, impossible


def _has_zeros(layout: PoolLayout) -> bool:
    """Whether any pool rules a number of infected out; entries beyond a pool's people do not count."""
    reach = np.zeros(layout.table.shape[0], np.int64)
    np.maximum.at(reach, layout.rows, layout.sizes)
    within = np.arange(layout.table.shape[1]) <= reach[:, None]
    return bool((within & (layout.table == 0.0)).any())


def _rows_of_the_rest(
    layout: PoolLayout, infected: NDArray[np.int64], unknown: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Likelihood rows counted from the people known to be infected; pools without such people keep theirs."""
    shifted = np.flatnonzero(infected > 0)
    if not shifted.size:
        return layout.rows, layout.table
    width = layout.table.shape[1]
    rows = layout.rows.copy()
    if not layout.counts_matter:
        flat = np.repeat(layout.table[:, 1:], 2, axis=1)
        rows[shifted] += layout.table.shape[0]
        return rows, np.concatenate([layout.table, flat])
    keys, where = np.unique(
        np.stack([layout.rows[shifted], infected[shifted], unknown[shifted]]), axis=1, return_inverse=True
    )
    extra = np.zeros((keys.shape[1], width))
    for at, (row, known, people) in enumerate(keys.T.tolist()):
        extra[at, : people + 1] = layout.table[row, known : known + people + 1]
    rows[shifted] = layout.table.shape[0] + where.ravel()
    return rows, np.concatenate([layout.table, extra])
