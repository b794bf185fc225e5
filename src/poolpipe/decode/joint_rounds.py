"""Components of several rounds that are small enough: one joint distribution over people and rounds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from poolpipe.decode.effort import Effort
from poolpipe.decode.exact import MOST_POOLS
from poolpipe.decode.round_order import ahead_of
from poolpipe.tables import CALLS
from poolpipe_kernels.joint_rounds import solve_jointly

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from poolpipe.decode.called_tubes import CalledTubes
    from poolpipe.decode.infections import Infections
    from poolpipe.decode.parts import Parts
    from poolpipe.decode.round_order import RoundOrder
    from poolpipe.decode.turnover import Turnover

__all__ = ["JointRounds"]

MOST_COMPONENTS = 2_000
"""Above so many components only those that a positive tube touches are solved jointly, above so many of these none."""
MOST_ROUNDS = 6
"""Every person has two to the power of the rounds histories."""
MOST_INFECTIONS = 400
"""Infections of the components that are decoded as one."""
EFFORT = Effort(states=1 << 12, kept=1 << 18)
"""At most about ten milliseconds a component."""

_NEGATIVE = CALLS.index("negative")


@dataclass(frozen=True, slots=True)
class JointRounds:
    """Components whose people may have been together before, with all that lies behind them, on flat arrays of their own.

    Attributes
    ----------
    wanted : (tubes + infections,) bool
        Components (`RoundOrder`) that are to be solved jointly.
    components : (c,) int64
        These and those behind them, ascending: a component is known below by its place here.
    near : (n,) int64
        Their infections, ascending; likewise.
    told : (t,) int64
        Their tubes with a result, ascending; likewise.
    infection_at, infection_by : (c + 1,) and (n,) int64
        Infections by component.
    tube_at, tube_by : (c + 1,) and (t,) int64
        Tubes by component.
    seat_at, infection_of_seat : (t + 1,) and (seats,) int64
        Infections by tube.
    infections : (n, 4) int64
        Component, infection before (-1 none), first and last round.
    turnover : (n, 2) float64
        P(infected | infected, not infected in the infection before).
    rounds : (t,) int64
        Round of each tube.
    likelihood : (t, 2) float64
        P(outcome | nobody, somebody infected).
    prior : float
        P(infected) of whom nothing else is known.
    """

    wanted: NDArray[np.bool_]
    components: NDArray[np.int64]
    near: NDArray[np.int64]
    told: NDArray[np.int64]
    infection_at: NDArray[np.int64]
    infection_by: NDArray[np.int64]
    tube_at: NDArray[np.int64]
    tube_by: NDArray[np.int64]
    seat_at: NDArray[np.int64]
    infection_of_seat: NDArray[np.int64]
    infections: NDArray[np.int64]
    turnover: NDArray[np.float64]
    rounds: NDArray[np.int64]
    likelihood: NDArray[np.float64]
    prior: float

    @classmethod
    def of(
        cls, tubes: CalledTubes, infections: Infections, parts: Parts, order: RoundOrder, turnover: Turnover
    ) -> JointRounds:
        """Find the components for which carrying people on as independent is not exact.

        Parameters
        ----------
        tubes : CalledTubes
            Tubes of all rounds.
        infections : Infections
            Which infection each seat asks about.
        parts : Parts
            Components of tubes that share infections.
        order : RoundOrder
            How they follow each other.
        turnover : Turnover
            Chances of infection and clearance between rounds.
        """
        wanted = _wanted(tubes, parts, order)
        asked, near = wanted, np.empty(0, np.int64)
        if wanted.any():  # in a city of one round none are, and it has millions of infections
            asked = _with_those_before(wanted, order.component, infections.before)
            near = np.flatnonzero(asked[order.component])
        components, component = np.unique(order.component[near], return_inverse=True)
        told = np.flatnonzero(tubes.told)
        told = told[asked[parts.of_pool[told]]]
        seat_at, seats = tubes.seats_of(told)
        before = infections.before[near]
        known = before >= 0
        fading = np.zeros((len(near), 2))
        fading[known] = np.stack(turnover.over(
            turnover.days(infections.last_at[before[known]], infections.first_at[near[known]])), axis=-1)  # fmt: skip
        before[known] = np.searchsorted(near, before[known])
        return cls(
            wanted,
            components,
            near,
            told,
            *_by_component(component, len(components)),
            *_by_component(np.searchsorted(components, parts.of_pool[told]), len(components)),
            seat_at,
            np.searchsorted(near, infections.of_seat[seats]),
            np.stack([component, before, infections.first_round[near], infections.last_round[near]], axis=-1),
            fading,
            tubes.rounds[told],
            tubes.rows(told),
            turnover.prior,
        )

    def solve(
        self, components: NDArray[np.int64], p_infected: NDArray[np.float64], nobody: NDArray[np.float64]
    ) -> None:
        """Replace what is known of some components by what is exact, where that is within reach.

        Parameters
        ----------
        components : (n,) int64
            Wanted components; those that lie before them need not be decoded.
        p_infected : (infections,) float64
            Changed in place.
        nobody : (tubes,) float64
            P(nobody in it is infected); changed in place.
        """
        if not len(components):
            return
        of_near, of_told = p_infected[self.near], nobody[self.told]
        most = np.array([MOST_INFECTIONS, MOST_ROUNDS, MOST_POOLS, EFFORT.states, EFFORT.kept])
        solve_jointly(
            np.searchsorted(self.components, components), self.infection_at, self.infection_by, self.tube_at, self.tube_by,
            self.seat_at, self.infection_of_seat, self.infections, self.turnover, self.rounds, self.likelihood, self.prior,
            most, of_near, of_told,
        )  # fmt: skip
        p_infected[self.near], nobody[self.told] = of_near, of_told


def _by_component(component: NDArray[np.int64], count: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Where each component begins, and the places sorted by component."""
    order = np.argsort(component, kind="stable")
    return np.searchsorted(component[order], np.arange(count + 1)), order


def _with_those_before(
    wanted: NDArray[np.bool_], component: NDArray[np.int64], before: NDArray[np.int64]
) -> NDArray[np.bool_]:
    """Wanted components, and all that their people, and people in these, sat in before."""
    asked, found = wanted.copy(), -1
    while found < (found := int(np.count_nonzero(asked))):
        earlier = before[asked[component]]
        asked[component[earlier[earlier >= 0]]] = True
    return asked


def _wanted(tubes: CalledTubes, parts: Parts, order: RoundOrder) -> NDArray[np.bool_]:
    """Components of several infections, behind which there is another of several; and those that are knotted."""
    count = len(tubes.calls)
    wide, touched = np.zeros(len(order.level), np.bool_), np.zeros(len(order.level), np.bool_)
    wide[:count] = parts.people > 1
    touched[parts.of_pool[tubes.told & (tubes.calls > _NEGATIVE)]] = True
    found = (ahead_of(wide, order) & wide) | order.knotted
    if np.count_nonzero(found) <= MOST_COMPONENTS:
        return found
    found &= touched | ahead_of(touched & wide, order)
    return found if np.count_nonzero(found) <= MOST_COMPONENTS else np.zeros_like(found)
