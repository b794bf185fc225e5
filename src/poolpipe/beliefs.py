"""Beliefs: how likely each member is infected, all results of a round and their answers considered."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from poolpipe.tables import CALLS
from poolpipe_kernels import posterior

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from poolpipe.decode import Assay
    from poolpipe.links import Links
    from poolpipe.policy import Policy

__all__ = ["Beliefs", "believe_members"]

_CALLS = len(CALLS) + 1
"""Calls, and none."""


@dataclass(frozen=True, slots=True)
class Beliefs:
    """P(infected) of every seat, without a number for each: tubes of one size and one call are alike.

    Attributes
    ----------
    offsets : (tubes + 1,) int64
        Where each tube's seats begin.
    begins : (tubes,) int64
        Where the seats of tubes like this one begin in `alike`.
    alike : (seats of unlike tubes,) float64
    seats : (odd,) int64, ascending
        Seats that are not like those of other tubes of their size and call.
    odd : (odd,) float64
        P(infected) of these.
    """

    offsets: NDArray[np.int64]
    begins: NDArray[np.int64]
    alike: NDArray[np.float64]
    seats: NDArray[np.int64]
    odd: NDArray[np.float64]

    def stretch(self, first: int, last: int, p_infected: NDArray[np.float64]) -> NDArray[np.float64]:
        """Write P(infected) of the seats `first` up to `last` into an array of their number, and give that."""
        posterior.spread_alike(first, last, self.offsets, self.begins, self.alike, p_infected)
        some = slice(*np.searchsorted(self.seats, (first, last)))
        p_infected[self.seats[some] - first] = self.odd[some]
        return p_infected

    def of(self, seats: NDArray[np.int64]) -> NDArray[np.float64]:
        """P(infected) of some seats, in their order."""
        tube = np.searchsorted(self.offsets, seats, side="right") - 1
        p_infected: NDArray[np.float64] = self.alike[self.begins[tube] + seats - self.offsets[tube]]
        if len(self.seats):
            place = np.minimum(np.searchsorted(self.seats, seats), len(self.seats) - 1)
            p_infected = np.where(self.seats[place] == seats, self.odd[place], p_infected)
        return p_infected


def believe_members(
    pools: pl.DataFrame,
    links: Links,
    recalls: pl.DataFrame,
    doubles: pl.DataFrame,
    policy: Policy,
) -> Beliefs:
    """P(infected) of every seat.

    Where nobody of a tube sits elsewhere the answer is in closed form. Recalled tubes are decoded together
    with the singles that answer them, and tubes of a round that share people together, too.

    Parameters
    ----------
    pools : DataFrame
        Coded.
    links : Links
        Who is in which tube.
    recalls, doubles : DataFrame
        Coded: recalls with single_tube, and seats of people in several pool tubes.
    """
    from poolpipe.decode.assays import Assay

    assay = Assay(sensitivity=policy.decoding.sensitivity, specificity=policy.decoding.specificity)
    collected = pools.lazy().filter(pl.col("mode").is_not_null()).select("tube", "call").collect()
    begins, alike = _alike(links.offsets, collected["call"].fill_null(-1).to_numpy(), policy, assay)
    answers = recalls.filter(pl.col("single_tube").is_not_null()) if recalls.height else recalls
    if answers.is_empty() and doubles.is_empty():
        return Beliefs(links.offsets, begins, alike, np.empty(0, np.int64), np.empty(0))
    linked = pl.concat([answers["tube"], answers["single_tube"], doubles["tube"]])
    seats = links.members_of(linked)
    odd = _together(seats, collected, policy, assay)
    return Beliefs(links.offsets, begins, alike, seats["seat"].to_numpy(), odd)


def _alike(
    offsets: NDArray[np.int64], calls: NDArray[np.int8], policy: Policy, assay: Assay
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """P(infected) in one tube of every size and call, tube after tube, and where each tube finds its like."""
    from poolpipe.decode.disjoint import posteriors

    kinds = np.diff(offsets) * _CALLS + calls + 1
    seen = np.zeros(int(kinds.max(initial=0)) + 1, np.bool_)
    seen[kinds] = True
    people, of_kind = np.divmod(np.flatnonzero(seen), _CALLS)
    ends = np.concatenate([[0], np.cumsum(people)])
    begin_of = np.zeros(len(seen), np.int64)
    begin_of[seen] = ends[:-1]
    return begin_of[kinds], posteriors(ends, of_kind - 1, policy.decoding.prior, assay)


def _together(
    seats: pl.DataFrame, collected: pl.DataFrame, policy: Policy, assay: Assay
) -> NDArray[np.float64]:
    from poolpipe.decode import decode

    words = pl.Series("call", CALLS)
    tubes = collected.join(seats.select("tube").unique(), on="tube", how="semi", maintain_order="left")
    called = tubes.select(pl.col("tube").alias("pool"), words.gather(tubes["call"]).alias("call"))
    people = (
        seats.select("person")
        .unique(maintain_order=True)
        .with_columns(pl.lit(policy.decoding.prior).alias("prior"))
    )
    decoded = decode(seats.select(pl.col("tube").alias("pool"), "person"), called, people, assay=assay)
    found = seats.join(
        decoded.people.select("person", "p_infected"), on="person", how="left", maintain_order="left"
    )
    return found["p_infected"].to_numpy()
