"""Probabilities: P(infected) of each member, given all results of a round and the answers to its recalls."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from poolpipe.tables import CALLS, MODES
from poolpipe_kernels import posterior

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from poolpipe.coding.dictionaries import Dictionaries
    from poolpipe.decode import Assay
    from poolpipe.policy import Policy
    from poolpipe.stages.links import Links

__all__ = ["Probabilities", "fit_of_run", "infection_probabilities"]

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

    Where nobody of a tube sits elsewhere in its round, Bayes' rule gives it in closed form. Tubes of a round that share
    people are decoded together, and so are recalled tubes and the singles that answer them, of whatever round.

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

    assay = Assay(sensitivity=policy.decoding.sensitivity, specificity=policy.decoding.specificity)
    collected = pools.lazy().filter(pl.col("mode").is_not_null()).select("tube", "call", "mode").collect()
    single = (collected["mode"] == MODES.index("single")).to_numpy()
    begins, alike = _alike(links.offsets, collected["call"].fill_null(-1).to_numpy(), single, policy, assay)
    answers = recalls.filter(pl.col("single_tube").is_not_null()) if recalls.height else recalls
    if answers.is_empty() and several.is_empty():
        nothing = pl.DataFrame(schema={"tube": pl.UInt32, "p_false_positive": pl.Float64})
        return Probabilities(links.offsets, begins, alike, np.empty(0, np.int64), np.empty(0), nothing)
    linked = pl.concat([answers["tube"], answers["single_tube"], several["tube"]])
    seats = links.members_of(linked)
    seats = seats.with_columns(
        pl.Series("infection", _infections(seats, answers, codes.entities["tube"].rounds))
    )
    odd, doubted = _together(seats, collected, policy, assay)
    return Probabilities(links.offsets, begins, alike, seats["seat"].to_numpy(), odd, doubted)


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


def _infections(seats: pl.DataFrame, answers: pl.DataFrame, rounds: NDArray[np.uint32]) -> NDArray[np.int64]:
    """Number the infections to be inferred, from 0: one for a person and round; a recall and its answers share one."""
    round_of = pl.Series("round", rounds)
    by_person = (
        seats.select("person", round_of.gather(seats["tube"])).with_row_index("row").sort("person", "round")
    )
    person, of_round = by_person["person"].to_numpy(), by_person["round"].to_numpy()
    opens = np.ones(by_person.height, np.bool_)
    opens[1:] = (person[1:] != person[:-1]) | (of_round[1:] != of_round[:-1])
    number = np.cumsum(opens) - 1
    infection = np.empty(by_person.height, np.int64)
    infection[by_person["row"].to_numpy()] = number
    # An answer in the recall's own round has the same number already: only answers in other rounds join two.
    over = answers.filter(round_of.gather(answers["tube"]) != round_of.gather(answers["single_tube"]))
    if over.is_empty():
        return infection
    known = by_person.filter(pl.Series(opens)).select(
        "person", "round", pl.Series("infection", number[opens])
    )
    ends = [
        over.select("person", round_of.gather(over[column])).join(
            known, on=["person", "round"], how="left", maintain_order="left"
        )["infection"].to_numpy()
        for column in ("tube", "single_tube")
    ]  # fmt: skip
    label = np.arange(known.height)
    apart = np.ones(1, np.bool_)
    while apart.any():  # once for every further round that a chain of recalls and answers goes through
        lower = np.minimum(label[ends[0]], label[ends[1]])
        for end in ends:
            np.minimum.at(label, end, lower)
        apart = label[ends[0]] != label[ends[1]]
    kept = np.zeros(known.height, np.bool_)
    kept[label] = True
    return (np.cumsum(kept) - 1)[label][infection]


def _together(
    seats: pl.DataFrame, collected: pl.DataFrame, policy: Policy, assay: Assay
) -> tuple[NDArray[np.float64], pl.DataFrame]:
    """P(infected) of `seats`, and P(nobody infected) of their positive and suspect tubes."""
    from poolpipe.decode import decode

    words = pl.Series("call", CALLS)
    tubes = collected.join(seats.select("tube").unique(), on="tube", how="semi", maintain_order="left")
    specificity = pl.when(pl.col("mode") == MODES.index("single")).then(policy.decoding.single_specificity)
    called = tubes.select(
        pl.col("tube").alias("pool"),
        words.gather(tubes["call"]).alias("call"),
        specificity.otherwise(policy.decoding.specificity).alias("specificity"),
    )
    infections = pl.int_range(int(seats["infection"].max()) + 1, eager=True)  # type: ignore[arg-type]
    people = pl.DataFrame({"person": infections}).with_columns(pl.lit(policy.decoding.prior).alias("prior"))
    in_pools = seats.select(pl.col("tube").alias("pool"), pl.col("infection").alias("person"))
    decoded = decode(in_pools, called, people, assay=assay)
    p_infected = decoded.people["p_infected"].to_numpy()  # in the order of `people`: by number
    doubted = decoded.pools.select(
        pl.col("pool").cast(pl.UInt32).alias("tube"), pl.col("p_false_alarm").alias("p_false_positive")
    ).drop_nulls()
    return p_infected[seats["infection"].to_numpy()], doubted


def fit_of_run(pools: pl.DataFrame, recalls: pl.DataFrame, policy: Policy) -> dict[str, Any]:
    """Compare the numbers of positive pool tubes, and of those that re-tests confirm, with what the policy expects.

    Parameters
    ----------
    pools, recalls : DataFrame
        Coded.
    policy : Policy
        Its `decoding`: prior, sensitivity and specificities.

    Returns
    -------
    dict
        positives and expected (with lower and upper, 95%, as of independent tubes), prior and prior_implied (None: no
        prior explains the number), retests (`decode.retests.fit_of_retests`; empty where no positive pool tube had everybody
        tested again), and warnings in words; empty where no pool tube has a result.
    """
    from poolpipe.decode.fit import warn_of_positives
    from poolpipe.decode.sums import expected_positives

    rules = policy.decoding
    negative, pool = CALLS.index("negative"), MODES.index("pool")
    told = pools.lazy().filter(
        (pl.col("mode") == pool) & (pl.col("call") >= negative) & (pl.col("people") > 0)
    )
    by_size = (
        told.group_by("people")
        .agg(pl.len().alias("tubes"), (pl.col("call") > negative).sum().alias("positive"))
        .sort("people")
        .collect()
    )
    if by_size.is_empty():
        return {}
    sizes, tubes = (
        by_size["people"].to_numpy().astype(np.float64),
        by_size["tubes"].to_numpy().astype(np.int64),
    )
    seen = int(by_size["positive"].sum())

    def chance(prior: float) -> NDArray[np.float64]:
        somebody = -np.expm1(sizes * np.log1p(-min(prior, 1.0 - 1e-15)))
        return np.asarray(1.0 - rules.specificity + (rules.sensitivity + rules.specificity - 1.0) * somebody)

    low, high = 0.0, 1.0
    for _ in range(50):
        middle = (low + high) / 2.0
        low, high = (middle, high) if float((tubes * chance(middle)).sum()) < seen else (low, middle)
    counted = expected_positives(chance(rules.prior), seen, weight=tubes)
    explained = float((tubes * chance(0.0)).sum()) <= seen <= float((tubes * chance(1.0)).sum())
    retests = _retests(pools, recalls, policy)
    return {
        "positives": seen,
        "expected": round(counted.mean, 1),
        "lower": counted.lower,
        "upper": counted.upper,
        "prior": rules.prior,
        "prior_implied": float(f"{high:.3g}") if explained else None,
        "retests": {name: value for name, value in retests.items() if name != "warnings"},
        "warnings": [*warn_of_positives(seen, counted), *retests.get("warnings", [])],
    }


def _retests(pools: pl.DataFrame, recalls: pl.DataFrame, policy: Policy) -> dict[str, Any]:
    """Count positive pool tubes whose recalls are all closed, and those of them with a positive single."""
    from poolpipe.decode.retests import fit_of_retests

    if recalls.is_empty():
        return {}
    positive = pools.filter(
        (pl.col("mode") == MODES.index("pool")) & (pl.col("call") == CALLS.index("positive"))
    )
    answered = (
        recalls.group_by("tube")
        .agg(
            pl.col("outcome").is_not_null().sum().alias("closed"),
            (pl.col("outcome") == CALLS.index("positive")).any().alias("confirmed"),
        )
        .join(positive.select("tube", "people"), on="tube", how="inner")
        .filter((pl.col("closed") == pl.col("people")) & (pl.col("people") > 0))
        .sort("tube")
    )
    rules = policy.decoding
    return fit_of_retests(
        answered["people"].to_numpy().astype(np.float64),
        int(answered["confirmed"].sum()),
        rules.prior,
        rules.sensitivity,
        rules.specificity,
        rules.single_specificity,
    )
