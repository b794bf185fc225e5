"""Probabilities: P(infected) of each member, given all results of a round and the answers to its recalls."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from poolpipe.tables import CALLS, MODES
from poolpipe_kernels import posterior

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from poolpipe.coding.dictionaries import Dictionaries
    from poolpipe.decode import Assay
    from poolpipe.decode.called_tubes import CalledTubes
    from poolpipe.decode.infections import Infections
    from poolpipe.policy import Policy
    from poolpipe.stages.links import Links

__all__ = ["Probabilities", "infection_probabilities"]

_CALLS = len(CALLS) + 1
"""Calls, and none."""


@dataclass(frozen=True, slots=True)
class Probabilities:
    """P(infected) of every seat. Tubes of one size, mode and call share their values, unless their people sit elsewhere too.

    Attributes
    ----------
    offsets : (tubes + 1,) int64
        Where each tube's seats begin.
    begins : (tubes,) int64
        Where the seats of tubes equal to this one begin in `alike`.
    alike : (seats of distinct tubes,) float64
        P(infected), once for equal tubes.
    seats : (odd,) int64, ascending
        Seats whose value differs from that of equal tubes.
    odd : (odd,) float64
        P(infected) of these.
    doubted : DataFrame
        tube, p_false_positive: P(nobody in it is infected), of positive and suspect tubes about which other tubes give
        evidence.
    """

    offsets: NDArray[np.int64]
    begins: NDArray[np.int64]
    alike: NDArray[np.float64]
    seats: NDArray[np.int64]
    odd: NDArray[np.float64]
    doubted: pl.DataFrame

    def stretch(self, first: int, last: int, p_infected: NDArray[np.float64]) -> NDArray[np.float64]:
        """Write P(infected) of consecutive seats into an array.

        Parameters
        ----------
        first, last : int
            Seats `first` up to `last`.
        p_infected : (last - first,) float64
            Output; owned by the caller.

        Returns
        -------
        (last - first,) float64
            `p_infected`.
        """
        posterior.spread_alike(first, last, self.offsets, self.begins, self.alike, p_infected)
        some = slice(*np.searchsorted(self.seats, (first, last)))
        p_infected[self.seats[some] - first] = self.odd[some]
        return p_infected

    def of(self, seats: NDArray[np.int64]) -> NDArray[np.float64]:
        """P(infected) of some seats, (k,) float64 in their order."""
        tube = np.searchsorted(self.offsets, seats, side="right") - 1
        p_infected: NDArray[np.float64] = self.alike[self.begins[tube] + seats - self.offsets[tube]]
        if len(self.seats):
            place = np.minimum(np.searchsorted(self.seats, seats), len(self.seats) - 1)
            p_infected = np.where(self.seats[place] == seats, self.odd[place], p_infected)
        return p_infected

    def beside(self, pools: pl.DataFrame) -> pl.DataFrame:
        """Add p_false_positive to tubes; null where no other tube gives evidence."""
        if self.doubted.is_empty():
            return pools.with_columns(pl.lit(None, pl.Float64).alias("p_false_positive"))
        return pools.join(self.doubted, on="tube", how="left", maintain_order="left")


def infection_probabilities(
    pools: pl.DataFrame,
    links: Links,
    recalls: pl.DataFrame,
    several: pl.DataFrame,
    codes: Dictionaries,
    policy: Policy,
) -> Probabilities:
    """Compute P(infected) of every seat: one value for each person and round.

    Where nobody of a tube sits elsewhere in its round, or in an earlier round, Bayes' rule gives it in closed form. Tubes
    of a round that share people are decoded together, and so are recalled tubes and the singles that answer them, of
    whatever round. What is known of a person is the prior of their next round (`decode.rounds`).

    Parameters
    ----------
    pools : DataFrame
        Coded.
    links : Links
        Members of each tube.
    recalls, several : DataFrame
        Coded: recalls with single_tube, and seats of people in several tubes of a round.
    codes : Dictionaries
        Give each tube's round.
    """
    from poolpipe.decode.assays import Assay
    from poolpipe.decode.rounds import decode_rounds
    from poolpipe.decode.turnover import Turnover

    rules = policy.decoding
    assay = Assay(sensitivity=rules.sensitivity, specificity=rules.specificity)
    collected = pools.select("tube", "call", "mode").filter(pl.col("mode").is_not_null())
    collected = collected.with_columns(
        pl.col("call").fill_null(-1), (pl.col("mode") == MODES.index("single")).alias("single")
    )
    calls = collected["call"].to_numpy()
    begins, alike = _alike(links.offsets, calls, collected["single"].to_numpy(), policy, assay)
    answers = recalls.filter(pl.col("single_tube").is_not_null()) if recalls.height else recalls
    shared = pl.concat([answers["tube"], answers["single_tube"], several["tube"]]).drop_nulls().unique()
    place_of_round, rounds = _rounds_in_time(links.tubes, codes)
    # In one round only tubes that share people are asked; who comes to several rounds may sit in any tube of theirs.
    seats = links.members_of(links.tubes["tube"] if rounds > 1 else shared)
    if seats.is_empty():
        nothing = pl.DataFrame(schema={"tube": pl.UInt32, "p_false_positive": pl.Float64})
        return Probabilities(links.offsets, begins, alike, np.empty(0, np.int64), np.empty(0), nothing)
    asked, tubes = _tubes_of(seats["tube"], collected, shared, place_of_round, policy, assay)
    infections = _infections(seats, answers, place_of_round)
    by_infection, nobody = decode_rounds(tubes, infections, Turnover(rules.prior, rules.positive_days))
    doubted = pl.DataFrame({"tube": asked, "p_false_positive": nobody}).filter(
        pl.Series(~np.isnan(nobody) & (tubes.calls > CALLS.index("negative")))
    )
    at, p_infected = seats["seat"].to_numpy(), by_infection[infections.of_seat]
    usual = Probabilities(links.offsets, begins, alike, np.empty(0, np.int64), np.empty(0), doubted)
    odd = p_infected != usual.of(at)
    return Probabilities(links.offsets, begins, alike, at[odd], p_infected[odd], doubted)


def _rounds_in_time(tubes: pl.DataFrame, codes: Dictionaries) -> tuple[pl.Series, int]:
    """Place of the round of every tube, collected or not, in the order of first swabs, then names; and how many have one."""
    round_of = pl.Series("round", codes.entities["tube"].rounds)
    by_round = (
        tubes.select(round_of[tubes["tube"]], "first_collected")
        .group_by("round")
        .agg(pl.col("first_collected").min())
    )
    in_time = by_round.with_columns(codes.text("round", by_round["round"]).alias("name")).sort(
        "first_collected", "name"
    )
    place = np.zeros(int(round_of.max() or 0) + 1, np.int64)  # type: ignore[arg-type]
    place[in_time["round"].to_numpy()] = np.arange(in_time.height)
    return pl.Series("round", place[round_of.to_numpy()]), in_time.height


def _infections(seats: pl.DataFrame, answers: pl.DataFrame, place_of_round: pl.Series) -> Infections:
    """Number the infections that seats ask about: a person's in a round; a recall and its answer ask about the same one."""
    from poolpipe.decode.infections import number_infections

    return number_infections(
        seats.select("person", place_of_round[seats["tube"]], "collected_at"),
        answers.select(
            "person",
            place_of_round[answers["tube"]],
            place_of_round[answers["single_tube"]].alias("single_round"),
        ),
    )


def _tubes_of(
    tube_of_seat: pl.Series,
    collected: pl.DataFrame,
    shared: pl.Series,
    place_of_round: pl.Series,
    policy: Policy,
    assay: Assay,
) -> tuple[pl.Series, CalledTubes]:
    """Lay out the tubes in which some seats are, and number them as they come."""
    from poolpipe.decode.called_tubes import CalledTubes

    opens = np.flatnonzero(np.diff(tube_of_seat.to_numpy().astype(np.int64), prepend=-1))
    asked = tube_of_seat[opens]
    known = collected.filter(pl.col("tube").is_in(asked.implode()))
    return asked, CalledTubes(
        np.append(opens, len(tube_of_seat)),
        known["call"].to_numpy(),
        known["single"].to_numpy(),
        known["tube"].is_in(shared.implode()).to_numpy(),
        place_of_round[asked].to_numpy(),
        assay,
        policy.decoding.single_specificity,
    )


def _alike(
    offsets: NDArray[np.int64],
    calls: NDArray[np.int8],
    single: NDArray[np.bool_],
    policy: Policy,
    assay: Assay,
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """P(infected) in one tube of every size, call and mode, tube after tube, and where each tube's values begin there."""
    from poolpipe.decode.disjoint import posteriors

    kinds = (np.diff(offsets) * _CALLS + calls + 1) * 2 + single
    seen = np.zeros(int(kinds.max(initial=0)) + 1, np.bool_)
    seen[kinds] = True
    rest, alone = np.divmod(np.flatnonzero(seen), 2)
    people, of_kind = np.divmod(rest, _CALLS)
    ends = np.concatenate([[0], np.cumsum(people)])
    begin_of = np.zeros(len(seen), np.int64)
    begin_of[seen] = ends[:-1]
    of_single = assay.model_copy(update={"specificity": policy.decoding.single_specificity})
    pooled, own = (posteriors(ends, of_kind - 1, policy.decoding.prior, each) for each in (assay, of_single))
    return begin_of[kinds], np.where(np.repeat(alone, people), own, pooled)
