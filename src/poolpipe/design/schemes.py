"""Operating characteristics of pooling designs: expected tests, and sensitivity and specificity for a person."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal, get_args

import numpy as np
import polars as pl

from poolpipe.choices import check_choice
from poolpipe.design.grids import Grid
from poolpipe.design.sizes import MOST_PEOPLE, cheapest, usual_sizes
from poolpipe.errors import PolicyError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from numpy.typing import ArrayLike, NDArray

__all__ = ["SCHEMES", "Characteristics", "Scheme", "best", "characteristics"]

Scheme = Literal["dorfman", "hierarchical", "array", "array_master"]
SCHEMES: tuple[Scheme, ...] = get_args(Scheme)


@dataclass(frozen=True)
class Characteristics:
    """Operating characteristics of a design; probabilities are of the final result of a person.

    Attributes
    ----------
    scheme, sizes
        As given.
    expected_tests : float
        Tests per first pool or per array, retests included.
    tests_per_person : float
        The same per person.
    pooling_sensitivity, pooling_specificity : float
        P(called infected | infected), P(called clean | clean), averaged over infected and clean people.
    ppv, npv : float
        P(infected | called infected), P(clean | called clean); NaN where nobody is called so.
    people : polars.DataFrame
        person (0 ..; arrays row by row), p, pooling_sensitivity, pooling_specificity, ppv, npv of each.
    note : str
        What limits the answer of `best`: that the largest size compared is the cheapest one; empty otherwise.

    Examples
    --------
    Dorfman (1943): at 1% a pool of ten needs 1 + 10 (1 - 0.99 ** 10) tests:

    >>> found = characteristics("dorfman", (10,), 0.01)
    >>> round(found.expected_tests, 4), found.people.height
    (1.9562, 10)
    """

    scheme: Scheme
    sizes: tuple[int, ...]
    expected_tests: float
    tests_per_person: float
    pooling_sensitivity: float
    pooling_specificity: float
    ppv: float
    npv: float
    people: pl.DataFrame
    note: str = ""


def characteristics(
    scheme: Scheme,
    sizes: int | Sequence[int],
    p: ArrayLike,
    se: ArrayLike = 1.0,
    sp: ArrayLike = 1.0,
) -> Characteristics:
    """Compute the operating characteristics of a design.

    Parameters
    ----------
    scheme : {'dorfman', 'hierarchical', 'array', 'array_master'}
        Pools with single retests; stages of ever smaller pools; rows and columns, retesting where they cross
        (and all of a positive row when no column is positive, and the reverse); the same behind a pool of
        everybody.
    sizes : int or sequence of int
        ``10`` or ``(10,)`` for pools of ten or a 10 x 10 array, ``(9, 3, 1)`` for stages, ``(8, 12)`` for an array of 8
        rows and 12 columns.
    p : float or array
        P(infected), for all or one per person of the pool or array (arrays row by row).
    se, sp : float or array
        Sensitivity and specificity, of all tests or one per stage: pools before singles; master, rows and
        columns, singles.

    Returns
    -------
    Characteristics

    Raises
    ------
    PolicyError
        An unknown scheme, sizes that do not fit it, a probability outside 0 to 1.

    Notes
    -----
    A test's errors depend on its own pool only. Hierarchical: Dorfman (1943); Black, Bilder and Tebbs (2015,
    J. R. Stat. Soc. C 64:693). Arrays: Kim et al. (2007, Biometrics 63:1152), for people who differ McMahan,
    Tebbs and Bilder (2012, Biostatistics 13:512). Figures agree with binGroup2 1.3.3.

    Examples
    --------
    Pools of ten at 1 %: a test for the pool, and ten more where it is positive:

    >>> found = characteristics("dorfman", (10,), 0.01)
    >>> round(found.tests_per_person, 4), round(1 / 10 + 1 - 0.99**10, 4)
    (0.1956, 0.1956)
    """
    sizes = _checked_sizes(scheme, (sizes,) if isinstance(sizes, int) else sizes)
    stages = {"dorfman": 2, "hierarchical": len(sizes), "array": 2, "array_master": 3}[scheme]
    se_stages, sp_stages = _per_stage("se", se, stages), _per_stage("sp", sp, stages)
    count = sizes[0] * sizes[-1] if scheme.startswith("array") else sizes[0]
    chance = _per_person(p, count)
    if scheme in {"dorfman", "hierarchical"}:
        steps = (sizes[0], 1) if scheme == "dorfman" else sizes
        tests, found, cleared = _hierarchical(steps, chance, se_stages, sp_stages)
    else:
        grid = chance.reshape(sizes[0], sizes[-1])
        tests, found, cleared = _array(grid, se_stages, sp_stages, master=scheme == "array_master")
    return _summed(scheme, sizes, tests, chance, found, cleared)


def best(
    scheme: Scheme,
    p: float,
    se: ArrayLike = 1.0,
    sp: ArrayLike = 1.0,
    sizes: Iterable[int | Sequence[int]] | None = None,
    *,
    most_tests: float | None = None,
    people: int | None = None,
) -> Characteristics:
    """Find the sizes with the fewest tests per person; single tests, where no pool saves any.

    Parameters
    ----------
    scheme, p, se, sp
        As for `characteristics`; one `p` for all.
    sizes : iterable of int or sequence of int, optional
        Sizes to choose from; by default pools of 2 to 50 and on to four times ``1 / sqrt(p)``, where the best of perfect
        tests lies (Dorfman 1943); square arrays; for stages all chains of divisors of three or four stages from 4 to 50 and on to
        four times ``p ** (-2 / 3)``, where the best of three stages lies; up to 5,000 people in all of them (70 by 70); and
        single tests. Where the cheapest is the largest of these, `Characteristics.note` says so.
    most_tests : float, optional
        Tests the labs can run; with `people` to screen. Sizes that need more are left out.
    people : int, optional
        People to screen with `most_tests`.

    Returns
    -------
    Characteristics
        Of the cheapest sizes. Where none of the usual ones needs fewer than one test a person, of single tests:
        scheme ``dorfman`` of ``(1,)`` (Dorfman 1943: with perfect tests pools of whatever size cost more than single
        tests above ``p = 1 - 3 ** (-1 / 3)``, 0.307).

    Raises
    ------
    PolicyError
        No size fits the capacity, there is none to choose from, or a number is out of range.

    Examples
    --------
    >>> best("dorfman", 0.01).sizes
    (11,)
    """
    _checked_demand(most_tests=most_tests, people=people)
    given = list(usual_sizes(scheme, p) if sizes is None else sizes)
    if not given:
        raise PolicyError.of("no_sizes", where="sizes")
    choices = [(each,) if isinstance(each, int) else tuple(each) for each in given]
    largest = max(choice[0] for choice in choices)
    if sizes is None and not scheme.startswith("array"):
        chance = float(_per_person(p, 1)[0])
        choices = cheapest(choices, chance, lambda n: (_per_stage("se", se, n), _per_stage("sp", sp, n)))
    found = [characteristics(scheme, choice, p, se, sp) for choice in choices]
    if sizes is None:
        last = (np.ravel(np.asarray(each, np.float64))[-1] for each in (se, sp))
        found.append(characteristics("dorfman", (1,), p, *last))
    # of designs with the same number of tests single tests come first, because they dilute nothing
    least = min(found, key=lambda each: (round(each.tests_per_person, 12), each.sizes))
    if most_tests is not None and people is not None and least.tests_per_person * people > most_tests:
        raise PolicyError.of(
            "capacity_short",
            where=f"capacity of {most_tests:.0f} tests",
            people=people,
            tests=least.tests_per_person * people,
            sizes=_written(least.sizes),
        )
    if sizes is None and least.sizes[0] == largest > 1:
        return replace(
            least, note=f"{largest} is the largest size looked through: a larger one may need fewer tests"
        )
    return least


def _written(sizes: Iterable[float]) -> str:
    """Sizes as the command line takes them: `10`, `9,3,1`."""
    return ",".join(map(str, sizes))


def _checked_demand(**demand: float | None) -> None:
    """Refuse a capacity or a number of people out of range."""
    for name, number in demand.items():
        if number is not None and not 0 < number < math.inf:
            raise PolicyError.of("demand", where="best", name=name, given=number)


def _checked_sizes(scheme: str, sizes: Sequence[int]) -> tuple[int, ...]:
    """Sizes as whole numbers that fit the scheme."""
    check_choice("scheme", scheme, SCHEMES)
    if not all(1 <= size <= MOST_PEOPLE and int(size) == size for size in sizes):
        raise PolicyError.of("sizes_range", where="sizes", sizes=_written(sizes), most=MOST_PEOPLE)
    whole = tuple(int(size) for size in sizes)
    rule = {
        "dorfman": "sizes_one",
        "hierarchical": "sizes_falling",
        "array": "sizes_square",
        "array_master": "sizes_square",
    }[scheme]
    fits = {
        "dorfman": len(whole) == 1 or (len(whole) == 2 and whole[1] == 1),
        "hierarchical": len(whole) >= 2 and whole[-1] == 1 and all(np.diff(whole) < 0),
    }.get(scheme, len(whole) in {1, 2})
    if not fits or (scheme.startswith("array") and whole[0] * whole[-1] > MOST_PEOPLE):
        raise PolicyError.of(rule, where="sizes", sizes=_written(whole), scheme=scheme)
    return whole[:1] if scheme == "dorfman" else whole


def _per_stage(name: str, value: ArrayLike, stages: int) -> NDArray[np.float64]:
    """One probability per stage of testing."""
    given = np.atleast_1d(np.asarray(value, np.float64))
    if given.size not in {1, stages} or not ((given >= 0) & (given <= 1)).all():
        raise PolicyError.of("stage_rates", where=name, name=name, given=given.tolist(), stages=stages)
    return np.broadcast_to(given, (stages,))


def _per_person(p: ArrayLike, people: int) -> NDArray[np.float64]:
    """One probability of infection per person."""
    given = np.asarray(p, np.float64).ravel()
    if given.size not in {1, people} or not ((given >= 0) & (given <= 1)).all():
        raise PolicyError.of("p_count", where="p", given=given.size, people=people)
    return np.broadcast_to(given, (people,)).copy()


def _hierarchical(
    sizes: tuple[int, ...], p: NDArray[np.float64], se: NDArray[np.float64], sp: NDArray[np.float64]
) -> tuple[float, NDArray[np.float64], NDArray[np.float64]]:
    """Expected tests, P(called infected | infected) and P(called clean | clean) of nested pools.

    A pool is tested when every pool around it tested positive. Of nested pools those from some level outwards
    hold somebody; summing over that level gives the chance that all of them test positive.
    """
    people = p.size
    tests, found, falsely = 0.0, np.ones(people), np.zeros(people)
    for person in range(people):
        chain = _chain(sizes, person, people)
        others = [np.delete(p[first:last], person - first) for first, last in chain]
        found[person] = math.prod(se[: len(chain)])
        falsely[person] = _all_positive(others, se, sp)
    for stage in range(len(sizes)):
        for first in sorted({_chain(sizes, person, people)[: stage + 1][-1] for person in range(people)}):
            chain = _chain(sizes, first[0], people)
            if stage < len(chain) and chain[stage] == first:
                around = [p[start:stop] for start, stop in chain[:stage]]
                tests += _all_positive(around, se, sp) if around else 1.0
    return tests, found, 1.0 - falsely


def _chain(sizes: tuple[int, ...], person: int, people: int) -> list[tuple[int, int]]:
    """Pools around a person, outermost first, down to the first of one person."""
    chain, first, last = [], 0, people
    for size in sizes:
        first += (person - first) // size * size
        last = min(first + size, last)
        chain.append((first, last))
        if last - first == 1:
            break
    return chain


def _all_positive(
    pools: list[NDArray[np.float64]], se: NDArray[np.float64], sp: NDArray[np.float64]
) -> float:
    """P(every pool of a nested chain tests positive); `pools` hold their people's chances, outermost first."""
    clean = [float(np.prod(1.0 - pool)) for pool in pools] + [1.0]
    total = 0.0
    for holding in range(len(pools) + 1):  # the outermost so many hold somebody, the others nobody
        outer = 1.0 if holding == 0 else clean[holding - 1]
        ring = 1.0 if holding == 0 else 1.0 - _ratio(outer, clean[holding])
        truth = clean[0] if holding == 0 else clean[holding] * ring
        total += truth * math.prod(se[:holding]) * math.prod(1.0 - sp[holding : len(pools)])
    return total


def _ratio(part: float, whole: float) -> float:
    return part / whole if whole > 0 else 0.0


def _array(
    p: NDArray[np.float64], se: NDArray[np.float64], sp: NDArray[np.float64], *, master: bool
) -> tuple[float, NDArray[np.float64], NDArray[np.float64]]:
    """Expected tests, P(called infected | infected) and P(called clean | clean) of an array."""
    level = 1 if master else 0
    grid = Grid(p, float(se[level]), float(sp[level]))
    reach, reach_clean, reach_infected = grid.retested()
    rows_columns = float(sum(p.shape))
    if not master:
        tests = rows_columns + reach.sum()
        return tests, (reach_infected * se[1]).ravel(), (1 - (1 - sp[1]) * reach_clean).ravel()
    everybody_clean = np.prod(1 - p)
    others_clean = everybody_clean / np.maximum(1 - p, 1e-300)
    quiet = grid.retested_when_all_are_clean()
    miss = se[0] + sp[0] - 1.0
    reach = se[0] * reach - miss * quiet * everybody_clean
    reach_clean = se[0] * reach_clean - miss * quiet * others_clean
    positive = se[0] - miss * everybody_clean
    tests = 1.0 + positive * rows_columns + reach.sum()
    return tests, (se[0] * reach_infected * se[2]).ravel(), (1 - (1 - sp[2]) * reach_clean).ravel()


def _summed(
    scheme: Scheme,
    sizes: tuple[int, ...],
    tests: float,
    p: NDArray[np.float64],
    found: NDArray[np.float64],
    cleared: NDArray[np.float64],
) -> Characteristics:
    """Overall figures weighted by who is infected and who is clean, as binGroup2 weights them."""
    true_positive, false_positive = p * found, (1 - p) * (1 - cleared)
    true_negative, false_negative = (1 - p) * cleared, p * (1 - found)
    with np.errstate(invalid="ignore", divide="ignore"):
        people = pl.DataFrame(
            {
                "person": np.arange(p.size),
                "p": p,
                "pooling_sensitivity": found,
                "pooling_specificity": cleared,
                "ppv": true_positive / (true_positive + false_positive),
                "npv": true_negative / (true_negative + false_negative),
            }
        )
        sensitivity = true_positive.sum() / p.sum() if p.sum() else found.mean()
        specificity = true_negative.sum() / (1 - p).sum() if (1 - p).sum() else cleared.mean()
        ppv = true_positive.sum() / (true_positive.sum() + false_positive.sum())
        npv = true_negative.sum() / (true_negative.sum() + false_negative.sum())
    return Characteristics(
        scheme, sizes, float(tests), float(tests) / p.size,
        float(sensitivity), float(specificity), float(ppv), float(npv), people,
    )  # fmt: skip
