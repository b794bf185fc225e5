"""Components of several rounds that are small enough: one joint distribution over people and rounds."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from poolpipe.decode.effort import Effort
from poolpipe.decode.exact import eliminate_histories
from poolpipe.decode.parts import Component
from poolpipe.decode.round_order import ahead_of
from poolpipe.tables import CALLS

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
"""About a millisecond and at most about ten a component."""

_NEGATIVE = CALLS.index("negative")


@dataclass(frozen=True, slots=True)
class JointRounds:
    """Components whose people may have been together before, and what lies behind each.

    Attributes
    ----------
    wanted : (tubes + infections,) bool
        Components (`RoundOrder`) that are to be solved jointly.
    component : (infections,) int64
    by_component, sorted_component : (n,) int64
        Infections of wanted components and of those before them, sorted by component; and their components.
    told, root_of_told : (tubes with a result,) int64
        These tubes, sorted by the root of their component; and these roots.
    """

    tubes: CalledTubes
    infections: Infections
    turnover: Turnover
    wanted: NDArray[np.bool_]
    component: NDArray[np.int64]
    by_component: NDArray[np.int64]
    sorted_component: NDArray[np.int64]
    told: NDArray[np.int64]
    root_of_told: NDArray[np.int64]

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
        by_component = told = np.empty(0, np.int64)
        if wanted.any():
            by_component = _with_those_before(wanted, order.component, infections.before)
            by_component = by_component[np.argsort(order.component[by_component], kind="stable")]
            told = np.flatnonzero(tubes.told)
            told = told[np.argsort(parts.of_pool[told], kind="stable")]
        components = order.component[by_component]
        roots = parts.of_pool[told].astype(np.int64)
        return cls(
            tubes, infections, turnover, wanted, order.component, by_component, components, told, roots
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
        for component in components.tolist():
            behind = self._behind(component)
            if behind is not None:
                self._solve_one(component, behind, p_infected, nobody)

    def _infections_of(self, component: int) -> NDArray[np.int64]:
        first, last = np.searchsorted(self.sorted_component, (component, component + 1))
        return self.by_component[first:last]

    def _behind(self, root: int) -> list[int] | None:
        """List the component and all those that its people, and people in these, sat in before; None: too many."""
        found, size = [root], 0
        for component in found:
            who = self._infections_of(component)
            size += len(who)
            if size > MOST_INFECTIONS:
                return None
            earlier = self.infections.before[who]
            found += sorted(set(self.component[earlier[earlier >= 0]].tolist()) - set(found))
        return found

    def _solve_one(
        self, root: int, behind: list[int], p_infected: NDArray[np.float64], nobody: NDArray[np.float64]
    ) -> None:
        """Sum over every history of everybody in the components, and write what it says of the first of them."""
        who = np.sort(np.concatenate([self._infections_of(component) for component in behind]))
        tubes = np.sort(np.concatenate([self._tubes_of(component) for component in behind]))
        ends, seats = self.tubes.seats_of(tubes)
        at_seat = np.searchsorted(who, self.infections.of_seat[seats])
        # Infections are numbered by person and round: those without one before open a person.
        person = np.cumsum(self.infections.before[who] < 0) - 1
        last = self.infections.last_round[who]
        opened = self.infections.first_round[who]
        rounds = np.array(sorted({*opened.tolist(), *last.tolist(), *self.tubes.rounds[tubes].tolist()}))
        if len(rounds) > MOST_ROUNDS:
            return
        infected_in = _histories(len(rounds))
        first = np.searchsorted(rounds, opened)
        weight = self._weights(who, first, np.searchsorted(rounds, last), infected_in)
        component = Component(
            offsets=ends,
            members=person[at_seat].astype(np.int32),
            likelihood=self.tubes.rows(tubes),
            counts_matter=False,
            prior=weight[:, 0],
        )
        round_of_tube = np.searchsorted(rounds, self.tubes.rounds[tubes])
        found = eliminate_histories(component, weight, infected_in, round_of_tube, EFFORT)
        if found is None:
            return
        chance, clean = found
        mine = self.component[who] == root
        p_infected[who[mine]] = np.clip((chance @ infected_in)[person[mine], first[mine]], 0.0, 1.0)
        own = np.sort(self._tubes_of(root))
        nobody[own] = clean[np.searchsorted(tubes, own)]

    def _tubes_of(self, root: int) -> NDArray[np.int64]:
        first, last = self.root_of_told.searchsorted((root, root + 1))
        return self.told[first:last]

    def _weights(
        self,
        who: NDArray[np.int64],
        first: NDArray[np.int64],
        last: NDArray[np.int64],
        infected_in: NDArray[np.bool_],
    ) -> NDArray[np.float64]:
        """P(history) of each person, shape (people, histories); 0 where rounds of one infection differ.

        In rounds without a seat of the person nothing is asked: there only histories without infection count.
        """
        known = self.infections
        opens = known.before[who] < 0
        earlier = np.where(opens, first, first[np.arange(len(first)) - 1])
        staying, catching = self.turnover.over(
            self.turnover.days(known.last_at[known.before[who]], known.first_at[who])
        )
        chance = np.where(infected_in[:, earlier], staying, catching)
        chance[:, opens] = self.turnover.prior
        chance = np.where(infected_in[:, first], chance, 1.0 - chance)
        places = np.arange(infected_in.shape[1])
        lies_in = (places >= first[:, None]) & (places <= last[:, None])
        rounds_infected = infected_in.astype(np.int64) @ lies_in.T
        chance *= (rounds_infected == 0) | (rounds_infected == last - first + 1)
        persons = np.flatnonzero(opens)
        asked = np.logical_or.reduceat(lies_in, persons, axis=0)
        weight = np.multiply.reduceat(chance, persons, axis=1)
        weight *= infected_in.astype(np.int64) @ ~asked.T == 0
        return np.ascontiguousarray(weight.T)


@lru_cache(maxsize=MOST_ROUNDS)
def _histories(rounds: int) -> NDArray[np.bool_]:
    """In which rounds each history of a person is infected, shape (histories, rounds)."""
    return (np.arange(1 << rounds)[:, None] >> np.arange(rounds) & 1).astype(np.bool_)


def _with_those_before(
    wanted: NDArray[np.bool_], component: NDArray[np.int64], before: NDArray[np.int64]
) -> NDArray[np.int64]:
    """Infections of wanted components, and of all components that their people, and people in these, sat in before."""
    asked, found = wanted.copy(), -1
    while found < (found := int(np.count_nonzero(asked))):
        earlier = before[asked[component]]
        asked[component[earlier[earlier >= 0]]] = True
    return np.flatnonzero(asked[component])


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
