"""Cities decoded with a model that is not theirs: what each gets told. Used by the calibration page and by tests."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from poolpipe.decode import Assay, decode

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from poolpipe.decode import Decoded

__all__ = ["MISFITS", "TOLD", "Misfit", "city", "table"]

TOLD = Assay(sensitivity=0.9, specificity=0.995)
"""The test as the decoder is told."""


@dataclass(frozen=True)
class Misfit:
    """How a city differs from what the decoder is told.

    Attributes
    ----------
    assay : Assay
        The test as it is.
    prior_factor : float
        Told prior over true prior.
    household : int
        People of a household, who queue together; 1: none.
    attack : float
        P(an infected person infects a housemate).
    """

    assay: Assay = TOLD
    prior_factor: float = 1.0
    household: int = 1
    attack: float = 0.0


MISFITS = {
    "sensitivity 0.6 told 0.9": Misfit(TOLD.model_copy(update={"sensitivity": 0.6})),
    "specificity 0.98 told 0.995": Misfit(TOLD.model_copy(update={"specificity": 0.98})),
    "prior five times too high": Misfit(prior_factor=5.0),
    "prior five times too low": Misfit(prior_factor=0.2),
    "households ignored": Misfit(household=3, attack=0.6),
    "dilution ignored": Misfit(TOLD.model_copy(update={"dilution": 0.3})),
}


def city(misfit: Misfit | None, people: int, rounds: int, seed: int) -> Decoded:
    """Infect a city, pool it in tens for so many rounds, test it, and decode it as told; None: nothing differs."""
    rng, case = np.random.default_rng(seed), misfit or Misfit()
    prior = np.repeat(rng.beta(0.3, 60, people // 100 + 1), 100)[:people]
    infected = _infected(prior, case, rng)
    homes = -(-people // case.household)
    orders = []
    for number in range(rounds):
        home = np.arange(homes) if number == 0 else rng.permutation(homes)
        order = (home[:, None] * case.household + np.arange(case.household)).ravel()
        orders.append(order[order < people])
    pool = np.concatenate([np.arange(people) // 10 + number * 10**7 for number in range(rounds)])
    seats = pl.DataFrame({"pool": pool, "person": np.concatenate(orders)})
    counted = (
        seats.with_columns(sick=infected[seats["person"].to_numpy()])
        .group_by("pool").agg(pl.col("sick").sum(), pl.len().alias("people")).sort("pool")
    )  # fmt: skip
    law = {n: case.assay.detection(n) for n in counted["people"].unique().to_list()}
    chance = np.array([law[n][k] for k, n in counted.select("sick", "people").iter_rows()])
    calls = np.where(rng.random(chance.size) < chance, "positive", "negative")
    told = np.minimum(prior * case.prior_factor, 1.0)
    return decode(
        seats,
        pl.DataFrame({"pool": counted["pool"], "call": calls}),
        pl.DataFrame({"person": np.arange(people), "prior": told}),
        assay=TOLD,
    )


def _infected(prior: NDArray[np.float64], case: Misfit, rng: np.random.Generator) -> NDArray[np.bool_]:
    """Who is infected; in households with nearly the told prevalence, but together."""
    if case.household == 1:
        return rng.random(prior.size) < prior
    caught = 1.0 + (case.household - 1) * case.attack  # infected of a household that one brings it into
    first = rng.random(prior.size) < prior / caught
    home = np.arange(prior.size) // case.household
    brought = np.bincount(home, first) > 0
    return first | (brought[home] & (rng.random(prior.size) < case.attack))


def table(people: int = 200_000, right: int = 20) -> list[str]:
    """Lines of a table in Markdown: every misfit, and `right` cities that are as told, in one round and in three."""
    lines = [
        "| city | rounds | warned | what the warnings name | better fit offered |",
        "| --- | ---: | --- | --- | --- |",
    ]
    for name, misfit in MISFITS.items():
        for rounds in (1, 3):
            fit = city(misfit, people, rounds, seed=11).fit
            offered = ", ".join(f"{key} {value:.3g}" for key, value in fit.better.items())
            named = ", ".join(
                word for word, sign in SIGNS.items() if any(sign in text for text in fit.warnings)
            )
            lines.append(
                f"| {name} | {rounds} | {'yes' if fit.warnings else '**no**'} | {named} | {offered or '-'} |"
            )
    for rounds in (1, 3):
        warned = sum(bool(city(None, people, rounds, seed=100 + seed).fit.warnings) for seed in range(right))
        lines.append(f"| as told, {right} cities | {rounds} | {warned} of {right} | - | - |")
    return lines


SIGNS = {
    "number of positives": "positive pools seen",
    "sensitivity": "that the sensitivity is",
    "specificity": "that the specificity is",
    "infected people share pools": "two or more people found infected",
}
"""Short names of the warnings, and a piece of each."""
