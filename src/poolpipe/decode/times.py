"""Rounds on different days, between which people become infected and clear the infection."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl
from pydantic import BaseModel, ConfigDict, Field

from poolpipe.coding.frames import as_frame
from poolpipe.decode.answers import EXACT
from poolpipe.decode.assays import as_assay
from poolpipe.decode.effort import Effort, as_effort
from poolpipe.decode.exact import eliminate_histories
from poolpipe.decode.inference import decode
from poolpipe.decode.keys import numbers
from poolpipe.decode.layout import clean_tables, lay_out
from poolpipe.decode.parts import Parts, take_apart
from poolpipe.errors import PolicyError, TableError
from poolpipe.tables import require

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from poolpipe.coding.frames import Frame
    from poolpipe.decode.assays import Assay
    from poolpipe.decode.layout import PoolLayout

__all__ = ["Dynamics", "decode_over_time"]

SUSCEPTIBLE, INFECTED, CLEARED = range(3)
METHODS = ("prior", "elimination", "filtered")
PRIOR, ELIMINATION, FILTERED = range(3)
MOST_COMPONENTS = 20_000
"""Above so many components everybody is filtered: an exact one takes about a millisecond."""


class Dynamics(BaseModel):
    """How people move from susceptible to infected to cleared.

    Parameters
    ----------
    infection_per_day : float
        P(a susceptible person is infected a day later), the incidence.
    clearance_per_day : float
        P(an infected person no longer tests positive a day later).

    Examples
    --------
    >>> Dynamics(infection_per_day=0.001, clearance_per_day=0.1).clearance_per_day
    0.1
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    infection_per_day: float = Field(default=1e-4, ge=0, lt=1)
    clearance_per_day: float = Field(default=0.1, ge=0, lt=1)

    def over(self, days: int) -> NDArray[np.float64]:
        """Transition matrix of so many days: rows from, columns to, in the order S, I, C."""
        catch, clear = self.infection_per_day, self.clearance_per_day
        if days < 0:
            raise PolicyError.of("days_count", where="dynamics", days=days)
        one = np.asarray([[1 - catch, catch, 0], [0, 1 - clear, clear], [0, 0, 1]])
        return np.linalg.matrix_power(one, days)


def decode_over_time(
    seats: Frame,
    pools: Frame,
    people: Frame,
    dynamics: Dynamics,
    *,
    assay: Assay | Mapping[str, Any] | None = None,
    effort: Effort | Mapping[str, Any] | None = None,
) -> pl.DataFrame:
    """Compute every person's probability of infection on each day of testing.

    Parameters
    ----------
    seats, pools, assay, effort
        As for `decode`; pools also need day: a date, or a whole number of days.
    people : frame
        person; prior: P(infected) on the first day; cleared (optional): P(cleared) on the first day, else 0.
    dynamics : Dynamics
        Rates per day.

    Returns
    -------
    polars.DataFrame
        person, day, p_infected, method, error; by day, people in the order given. Components whose
        elimination is within `effort` are exact over all histories (method elimination): each day uses the results
        of all days. The others are filtered (method filtered): each day uses the days up to it, people are carried
        over as independent, and the error is not known (null). People in no pool that gives evidence are predicted
        (method prior).

    Raises
    ------
    TableError
        As `decode`; or a pool has no day, or prior and cleared exceed 1 together.

    Notes
    -----
    A hidden Markov model per person, coupled by pools (predict, update: Rabiner 1989, sec. III).

    Examples
    --------
    >>> import polars as pl
    >>> seats = pl.DataFrame({"pool": ["A", "A", "B"], "person": ["p", "q", "r"]})
    >>> pools = pl.DataFrame({"pool": ["A", "B"], "call": ["positive", "negative"], "day": [0, 3]})
    >>> people = pl.DataFrame({"person": ["p", "q", "r"], "prior": [0.01, 0.01, 0.01]})
    >>> slow = Dynamics(infection_per_day=0.001, clearance_per_day=0.1)
    >>> decode_over_time(seats, pools, people, slow).select("person", "day", pl.col("p_infected").round(3)).rows()[:4]
    [('p', 0, 0.478), ('q', 0, 0.478), ('r', 0, 0.003), ('p', 3, 0.35)]
    """
    cut = as_effort(effort)
    pools = as_frame(pools, "pools")
    require(pools, ("pool", "call", "day"), table="pools")
    _check_days(pools["day"])
    _check_walk(dynamics)
    seats, pools, people = clean_tables(seats, pools, people)
    model, days = as_assay(assay), pools["day"].unique().sort()
    walk = _Walk.of(days, people, dynamics)
    layout = lay_out(seats, pools, people, model)
    day_of_pool = np.zeros(layout.rows.size, np.int64)
    day_of_pool[: pools.height] = days.search_sorted(pools["day"]).to_numpy()
    parts = Parts.of(layout.offsets, layout.members, layout.informative, people.height)
    p_infected, method = _filtered(seats, pools, people["person"], walk, days, model)
    method[parts.of_person < 0] = PRIOR
    if np.count_nonzero(parts.pools) <= MOST_COMPONENTS:
        _solve_parts(layout, parts, day_of_pool, walk, cut, p_infected, method)
    names = pl.Series(METHODS, dtype=pl.Enum(METHODS))
    return pl.concat(
        pl.DataFrame(
            {
                "person": people["person"],
                "day": pl.repeat(day, people.height, eager=True, dtype=days.dtype),
                "p_infected": p_infected[:, at],
                "method": names.gather(method),
                "error": pl.Series(
                    np.where(method == FILTERED, np.nan, np.where(method == PRIOR, 0.0, EXACT))
                ).fill_nan(None),
            }
        )
        for at, day in enumerate(days)
    )


def _check_days(days: pl.Series) -> None:
    """Refuse days that are neither dates nor whole numbers, or missing."""
    if days.null_count():
        raise TableError.of("day_missing", where="pools")
    if not (days.dtype == pl.Date or days.dtype.is_integer()):
        raise TableError.of("day_type", where="pools", type=days.dtype)


def _check_walk(dynamics: Dynamics) -> None:
    """Refuse an argument that is no `Dynamics`."""
    if not isinstance(dynamics, Dynamics):
        raise PolicyError.of("no_dynamics", where="decode_over_time", type=type(dynamics).__name__)


@dataclass(frozen=True)
class _Walk:
    """Distribution of each person on the first day, and transition matrices from each day to the next.

    `steps[d]` leads from day d to day d + 1; a history is infected on one stretch of days or on none.
    """

    start: NDArray[np.float64]
    steps: list[NDArray[np.float64]]

    @classmethod
    def of(cls, days: pl.Series, people: pl.DataFrame, dynamics: Dynamics) -> _Walk:
        """Take the start from `people` and raise the daily rates to the gaps between `days`."""
        prior = numbers(people["prior"], "people").fill_null(float("nan")).to_numpy()
        cleared = 0.0 * prior
        if "cleared" in people.columns:
            cleared = numbers(people["cleared"], "people").fill_null(0.0).to_numpy()
        if not ((prior >= 0) & (prior <= 1)).all():
            raise TableError.of("prior_missing", where="people")
        if not ((cleared >= 0) & (prior + cleared <= 1 + 1e-12)).all():
            raise TableError.of("prior_cleared", where="people")
        counted = (days.cast(pl.Int32) if days.dtype == pl.Date else days).cast(pl.Int64).to_numpy()
        start = np.stack([1 - prior - cleared, prior, cleared], axis=1)
        return cls(start, [dynamics.over(int(gap)) for gap in np.diff(counted)])

    @property
    def stretches(self) -> list[tuple[int, int]]:
        """First and last infected day of every history that has one."""
        count = len(self.steps) + 1
        return [(first, last) for first in range(count) for last in range(first, count)]

    def infected_on(self) -> NDArray[np.bool_]:
        """Whether a history (row; the first is never infected) is infected on a day (column)."""
        table = np.zeros((len(self.stretches) + 1, len(self.steps) + 1), np.bool_)
        for row, (first, last) in enumerate(self.stretches, start=1):
            table[row, first : last + 1] = True
        return table

    def weights(self, who: NDArray[np.int32]) -> NDArray[np.float64]:
        """Prior probability of each person's (row) histories (column)."""
        weight = np.empty((who.size, len(self.stretches) + 1))
        for column, (first, last) in enumerate(self.stretches, start=1):
            chance = self.start[who, INFECTED if first == 0 else SUSCEPTIBLE].copy()
            for day, step in enumerate(self.steps):
                if day < first:
                    chance *= step[SUSCEPTIBLE, INFECTED if day == first - 1 else SUSCEPTIBLE]
                elif day <= last:
                    chance *= step[INFECTED, CLEARED if day == last else INFECTED]
            weight[:, column] = chance
        weight[:, 0] = np.maximum(1.0 - weight[:, 1:].sum(axis=1), 0.0)
        return weight


def _filtered(
    seats: pl.DataFrame, pools: pl.DataFrame, people: pl.Series, walk: _Walk, days: pl.Series, assay: Assay
) -> tuple[NDArray[np.float64], NDArray[np.uint8]]:
    """Predict, update with the day's pools, and carry everybody over as independent."""
    state, p_infected = walk.start.copy(), np.empty((people.len(), days.len()))
    for at, day in enumerate(days):
        if at:
            state = state @ walk.steps[at - 1]
        today = pools.filter(pl.col("day") == day)
        prior = np.clip(state[:, INFECTED], 0.0, 1.0)
        found = decode(
            seats.join(today.select("pool"), on="pool", how="semi"),
            today,
            pl.DataFrame({"person": people, "prior": prior}),
            assay=assay,
        )
        after = found.people["p_infected"].to_numpy()
        with np.errstate(divide="ignore", invalid="ignore"):
            state *= np.where(prior < 1, (1 - after) / (1 - prior), 1.0)[:, None]
        state[:, INFECTED] = after
        p_infected[:, at] = after
    return p_infected, np.full(people.len(), FILTERED, np.uint8)


def _solve_parts(
    layout: PoolLayout,
    parts: Parts,
    day_of_pool: NDArray[np.int64],
    walk: _Walk,
    effort: Effort,
    p_infected: NDArray[np.float64],
    method: NDArray[np.uint8],
) -> None:
    """Replace filtered posteriors by exact ones, component by component."""
    infected_on = walk.infected_on()
    for pools, who, component in take_apart(layout, parts, parts.pools > 0):
        solution = eliminate_histories(component, walk.weights(who), infected_on, day_of_pool[pools], effort)
        if solution is not None:
            p_infected[who] = np.clip(solution[0] @ infected_on, 0.0, 1.0)
            method[who] = ELIMINATION
