"""Choose the infected people, their Ct values, and the Ct of pools."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from poolpipe.simulate.residents import Residents

__all__ = ["infect", "pool_ct", "single_ct"]

_SECONDARY_ATTACK = 0.35
_CT_SPREAD, _CT_RANGE = 5.0, (13.0, 37.0)


def infect(
    residents: Residents, count: int, rng: np.random.Generator, *, clustered: bool = True
) -> NDArray[np.int64]:
    """Choose infected people, clustered in households and buildings or each alike.

    Buildings differ in exposure (log-normal, sigma 1.5); exposed buildings' households come first, and in
    a chosen household everybody after the index person is infected with a household attack rate of 0.35
    (Madewell et al. 2020 give 0.17 overall, 0.38 between spouses).

    Parameters
    ----------
    residents : Residents
        People of a township.
    count : int
        How many are infected.
    rng : numpy Generator
        Random stream.
    clustered : bool
        False: every resident alike, whoever lives with whom.

    Returns
    -------
    (count,) int64
        Indices of the infected, ascending.
    """
    if not clustered:
        return np.sort(rng.choice(len(residents), count, replace=False))
    household, building = residents.household, residents.building
    exposure = rng.lognormal(0.0, 1.5, int(building[-1]) + 1)
    first = np.flatnonzero(np.r_[True, household[1:] != household[:-1]])
    waiting = rng.exponential(1.0, len(first)) / exposure[building[first]]
    candidate = rng.random(len(residents)) < _SECONDARY_ATTACK
    index_person = first + rng.integers(0, np.diff(np.r_[first, len(residents)]))
    candidate[index_person] = True
    candidates = np.flatnonzero(candidate)
    order = np.argsort(waiting[household[candidates]], kind="stable")
    return np.sort(candidates[order[:count]])


def single_ct(count: int, rng: np.random.Generator, mean: float = 26.0) -> NDArray[np.float64]:
    """Draw the Ct (ORF1ab) of each infected person's own swab, undiluted: normal, spread 5, from 13 to 37.

    Parameters
    ----------
    count : int
        How many.
    rng : numpy Generator
        Random stream.
    mean : float
        Cycles.

    Returns
    -------
    (count,) float64
        Cycles.
    """
    return np.clip(rng.normal(mean, _CT_SPREAD, count), *_CT_RANGE)


def pool_ct(
    tube: NDArray[np.int64], ct: NDArray[np.float64], people: NDArray[np.int64]
) -> NDArray[np.float64]:
    """Ct of each tube from its infected members' own Ct values; NaN where nobody is infected.

    Viral loads add, the medium is shared: ``-log2(sum(2**-ct)) + log2(n)``, which for k equal members is the
    dilution of log2(n / k) cycles (Yelin et al. 2020; doubling at each cycle).

    Parameters
    ----------
    tube, ct : array, shape (infected,)
        Tube and Ct of every infected swab.
    people : array, shape (tubes,)
        Swabs in each tube.
    """
    load = np.bincount(tube, weights=np.exp2(-ct), minlength=len(people))
    result = np.full(len(people), np.nan)
    loaded = load > 0
    result[loaded] = -np.log2(load[loaded]) + np.log2(np.maximum(people[loaded], 1))
    return result
