"""Rounds one after the other: what is known of a person is carried on to their next round, and updated there."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from poolpipe.decode.disjoint import posteriors
from poolpipe.decode.inference import decode
from poolpipe.decode.joint_rounds import JointRounds
from poolpipe.decode.parts import Parts
from poolpipe.decode.round_order import RoundOrder
from poolpipe.tables import CALLS

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from poolpipe.decode.called_tubes import CalledTubes
    from poolpipe.decode.infections import Infections
    from poolpipe.decode.turnover import Turnover

__all__ = ["decode_rounds"]


def decode_rounds(
    tubes: CalledTubes, infections: Infections, turnover: Turnover
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """P(infected) of every infection, given the tubes it hangs together with and, over time, all that comes before.

    Tubes that share infections are a component. A component is decoded once, after those in which its people sat
    before; their probabilities, predicted for the time between, are its priors. Where people of a component may have
    been together before, the components behind it are decoded with it as one joint distribution over the rounds, as
    far as `JointRounds` does that; beyond it people are carried on as independent (an assumed-density filter: Boyen
    and Koller 1998). Later results change nothing earlier, but for those that answer a recall.

    Parameters
    ----------
    tubes : CalledTubes
        Tubes of all rounds and what they were called.
    infections : Infections
        Which infection each of their seats asks about.
    turnover : Turnover
        How what is known of a person fades between rounds.

    Returns
    -------
    p_infected : (infections,) float64
    nobody : (tubes,) float64
        P(nobody in it is infected) of tubes that are `shared` and have a result, NaN of the others.
    """
    parts = Parts.of(tubes.offsets, infections.of_seat.astype(np.int32), tubes.told, len(infections))
    order = RoundOrder.of(infections, parts)
    together = tubes.shared | (parts.pools[parts.of_pool] > 1)
    joint = JointRounds.of(tubes, infections, parts, order, turnover)
    levels = order.level[order.component]
    p_infected = np.empty(len(infections))
    nobody = np.full(len(tubes.calls), np.nan)
    for level in np.flatnonzero(np.bincount(levels)):
        _predict(np.flatnonzero(levels == level), levels, infections, turnover, p_infected)
        now = tubes.told & (order.level[parts.of_pool] == level)
        _update_apart(tubes, np.flatnonzero(now & ~together), infections.of_seat, p_infected)
        _update_together(tubes, np.flatnonzero(now & together), infections.of_seat, p_infected, nobody)
        joint.solve(np.flatnonzero(joint.wanted & (order.level == level)), p_infected, nobody)
    nobody[~together] = np.nan
    return p_infected, nobody


def _predict(
    who: NDArray[np.int64],
    levels: NDArray[np.int64],
    infections: Infections,
    turnover: Turnover,
    p_infected: NDArray[np.float64],
) -> None:
    """Write what is believed of some infections before the results of their level."""
    behind = infections.before[who]
    while (late := (behind >= 0) & (levels[behind] >= levels[who])).any():  # not decoded before
        behind[late] = infections.before[behind[late]]
    known = behind >= 0
    p_infected[who[~known]] = turnover.prior
    later, earlier = who[known], behind[known]
    days = turnover.days(infections.last_at[earlier], infections.first_at[later])
    p_infected[later] = turnover.predict(p_infected[earlier], days)


def _update_apart(
    tubes: CalledTubes, some: NDArray[np.int64], of_seat: NDArray[np.int64], p_infected: NDArray[np.float64]
) -> None:
    """Bayes' rule in tubes that share nobody."""
    for single, assay in enumerate(tubes.assays):
        mine = some[tubes.single[some] == bool(single)]
        ends, seats = tubes.seats_of(mine)
        who = of_seat[seats]
        p_infected[who] = posteriors(ends, tubes.calls[mine], p_infected[who], assay)


def _update_together(
    tubes: CalledTubes,
    some: NDArray[np.int64],
    of_seat: NDArray[np.int64],
    p_infected: NDArray[np.float64],
    nobody: NDArray[np.float64],
) -> None:
    """Decode tubes that share people."""
    if not len(some):
        return
    ends, seats = tubes.seats_of(some)
    who, infection = np.unique(of_seat[seats], return_inverse=True)
    called = pl.DataFrame(
        {
            "pool": some,
            "call": pl.Series(CALLS).gather(tubes.calls[some]),
            "specificity": np.where(tubes.single[some], tubes.single_specificity, tubes.assay.specificity),
        }
    )
    people = pl.DataFrame({"person": np.arange(len(who)), "prior": p_infected[who]})
    in_pools = pl.DataFrame({"pool": np.repeat(some, np.diff(ends)), "person": infection})
    decoded = decode(in_pools, called, people, assay=tubes.assay)
    p_infected[who] = decoded.people["p_infected"].to_numpy()  # in the order of `people`
    nobody[some] = decoded.pools["p_nobody"].to_numpy()
