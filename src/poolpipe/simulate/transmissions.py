"""Who infects whom: by household, building and queue, over the days and rounds of a campaign."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from poolpipe.simulate.infections import single_ct
from poolpipe.simulate.queues import NEVER, SECOND

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from poolpipe.simulate.labels import Labels
    from poolpipe.simulate.queues import SimulatedQueues
    from poolpipe.simulate.residents import Residents
    from poolpipe.simulate.settings import Spread

__all__ = ["WAYS", "Outbreak"]

#: How a person was infected, by its number in `Outbreak.way`; `outside` is by nobody of the city.
WAYS: tuple[str, ...] = ("outside", "household", "queue", "building")
_OUTSIDE, _HOUSEHOLD, _QUEUE, _BUILDING = range(4)
_NOBODY = -1
_DAY = 86_400 * SECOND
# People who are positive in a first round were infected in the days before it.
_DAYS_BEFORE = 6
# Nobody is infected by a person further away in the queue: the limits of the traces (docs/scores.md).
_QUEUE_SCANS, _QUEUE_US = 20, 600 * SECOND


class Outbreak:
    """The infections of one township while its rounds go on; one entry per resident in every array.

    Attributes
    ----------
    infected_at, isolated_at : (people,) int64
        Microseconds since 1970 UTC; `NEVER` where it has not happened.
    infector : (people,) int64
        Index of the resident who infected this one; -1 for nobody, or nobody of the city.
    way : (people,) int8
        Index in `WAYS`.
    ct : (people,) float64
        Ct (ORF1ab) of the own swab, cycles, once a person is infected.

    Parameters
    ----------
    spread : Spread
        The rates.
    residents : Residents
        People of the township, in the order of their addresses.
    imports : int
        How many are infected from outside, at moments spread over the campaign.
    midnights : list of int
        Midnight of each round's day, microseconds.
    ct_mean : float
        Mean Ct of an infected person's own swab, cycles.
    rng : numpy Generator
        Random stream of the outbreak alone.
    """

    def __init__(
        self,
        spread: Spread,
        residents: Residents,
        imports: int,
        midnights: list[int],
        ct_mean: float,
        rng: np.random.Generator,
    ) -> None:
        self._spread = spread
        self._rng = rng
        self._homes = _runs(residents.household)
        self._buildings = _runs(residents.building)
        people = len(residents)
        self.infected_at = np.full(people, NEVER)
        self.isolated_at = np.full(people, NEVER)
        self.infector = np.full(people, _NOBODY)
        self.way = np.zeros(people, np.int8)
        self.ct = single_ct(people, rng, ct_mean)
        self._now = midnights[0] - _DAYS_BEFORE * _DAY
        self._imported = np.sort(rng.choice(people, min(imports, people), replace=False))
        self._arrives = rng.integers(self._now, midnights[-1], len(self._imported))

    def go_on(self, until: int) -> None:
        """Let the days pass until a moment, microseconds: arrivals, then infections at home and in the building."""
        while self._now < until:
            end = min(self._now + _DAY, until)
            here = (self._arrives >= self._now) & (self._arrives < end)
            came = self._imported[here]
            self._infect(came, np.full(len(came), _NOBODY), self._arrives[here], _OUTSIDE)
            self._spread_at(self._homes, self._spread.household, _HOUSEHOLD, end)
            self._spread_at(self._buildings, self._spread.building, _BUILDING, end)
            self._now = end

    def positive(self, queues: SimulatedQueues) -> NDArray[np.int64]:
        """Residents in whom virus can be found at their first swab of a round, or by now if they give none: indices, ascending."""
        none = np.iinfo(np.int64).max
        at = np.full(len(self.infected_at), none)
        np.minimum.at(at, queues.person, queues.at)
        at[at == none] = self._now
        latent = int(self._spread.latent_h * 3600) * SECOND
        return np.flatnonzero((self.infected_at != NEVER) & (self.infected_at + latent <= at))

    def stand_in_line(self, queues: SimulatedQueues, infectious: NDArray[np.int64]) -> None:
        """Infect people who stand near an infectious one at the same point: at most 20 places and 10 minutes away.

        Parameters
        ----------
        queues : SimulatedQueues
            The queues of a round.
        infectious : (k,) int64
            Residents in whom virus can be found at their swab.
        """
        order = np.lexsort((queues.at, queues.point))
        person, point, at = queues.person[order], queues.point[order], queues.at[order]
        ill = np.flatnonzero(np.isin(person, infectious))
        begins, ends = self._periods(person[ill])
        ill = ill[(begins <= at[ill]) & (at[ill] < ends)]
        steps = np.r_[-_QUEUE_SCANS:0, 1 : _QUEUE_SCANS + 1]
        near = ill[:, None] + steps
        inside = (near >= 0) & (near < len(person))
        near = np.where(inside, near, 0)
        lag = np.abs(at[near] - at[ill][:, None])
        inside &= (point[near] == point[ill][:, None]) & (lag <= _QUEUE_US)
        chance = self._spread.queue * np.exp(-lag / SECOND / self._spread.queue_decay_s)
        hit = inside & (self._rng.random(near.shape) < chance)
        by = np.broadcast_to(person[ill][:, None], near.shape)[hit]
        when = np.maximum(at[near], at[ill][:, None])[hit]
        self._infect(person[near[hit]], by, when, _QUEUE)

    def isolate(self, people: NDArray[np.int64], at: NDArray[np.int64]) -> None:
        """Isolate people from given moments on: they infect nobody else.

        Parameters
        ----------
        people, at : (k,) int64
            Residents, and when; a resident's earliest moment counts.
        """
        order = np.argsort(-at, kind="stable")
        free = order[self.isolated_at[people[order]] == NEVER]
        self.isolated_at[people[free]] = at[free]

    def truth(self, codes: Labels) -> pl.DataFrame:
        """Every infection, in the order of its time: who infected whom, how and when.

        Parameters
        ----------
        codes : Labels
            Give the people's numbers.

        Returns
        -------
        DataFrame
            infector_type and infector (null: nobody of the city), infectee_type, infectee, way, at.
        """
        ill = np.flatnonzero(self.infected_at != NEVER)
        ill = ill[np.argsort(self.infected_at[ill], kind="stable")]
        by = pl.Series(self.infector[ill])
        by = by.set(by == _NOBODY, None)
        return pl.DataFrame(
            {
                "infector_type": codes.person_type.gather(by),
                "infector": codes.person.gather(by),
                "infectee_type": codes.person_type.gather(ill),
                "infectee": codes.person.gather(ill),
                "way": pl.Series(WAYS).gather(self.way[ill].astype(np.int64)),
                "at": pl.Series(self.infected_at[ill]).cast(pl.Datetime("us", "UTC")),
            }
        )

    def _periods(self, people: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """From when until when each is infectious."""
        begins = self.infected_at[people] + int(self._spread.latent_h * 3600) * SECOND
        ends = begins + int(self._spread.infectious_h * 3600) * SECOND
        apart = self.isolated_at[people]
        return begins, np.where(apart == NEVER, ends, np.minimum(ends, apart))

    def _spread_at(self, places: _Runs, share: float, way: int, until: int) -> None:
        """Infect people who share a place with an infectious one, from now until a moment a day away at most."""
        ill = np.flatnonzero(self.infected_at != NEVER)
        begins, ends = self._periods(ill)
        begins, ends = np.maximum(begins, self._now), np.minimum(ends, until)
        there = begins < ends
        ill, begins, ends = ill[there], begins[there], ends[there]
        size = places.size[ill]
        mate = np.repeat(places.first[ill], size) + _counted(size)
        ill, begins, ends = (np.repeat(each, size) for each in (ill, begins, ends))
        rate = -np.log1p(-share) / (self._spread.infectious_h * 3600 * SECOND)
        hit = self._rng.random(len(mate)) < -np.expm1(-rate * (ends - begins))
        if way == _BUILDING:
            hit &= self._homes.first[mate] != self._homes.first[ill]
        when = begins + (self._rng.random(len(mate)) * (ends - begins)).astype(np.int64)
        self._infect(mate[hit], ill[hit], when[hit], way)

    def _infect(
        self, people: NDArray[np.int64], by: NDArray[np.int64], at: NDArray[np.int64], way: int
    ) -> None:
        """Note infections of people who have none; the first of several counts."""
        order = np.lexsort((by, at))
        people, by, at = people[order], by[order], at[order]
        free = self.infected_at[people] == NEVER
        fresh, first = np.unique(people[free], return_index=True)
        self.infected_at[fresh], self.infector[fresh] = at[free][first], by[free][first]
        self.way[fresh] = way


@dataclass(frozen=True)
class _Runs:
    """The place that each resident shares with neighbours in the order of addresses: first resident, and how many."""

    first: NDArray[np.int64]
    size: NDArray[np.int64]


def _runs(place: NDArray[np.int64]) -> _Runs:
    opens = np.flatnonzero(np.r_[True, place[1:] != place[:-1]])
    sizes = np.diff(np.r_[opens, len(place)])
    return _Runs(np.repeat(opens, sizes), np.repeat(sizes, sizes))


def _counted(sizes: NDArray[np.int64]) -> NDArray[np.int64]:
    """0 up to each size, one after the other."""
    ends = np.cumsum(sizes)
    total = int(ends[-1]) if len(ends) else 0
    return np.arange(total) - np.repeat(ends - sizes, sizes)
