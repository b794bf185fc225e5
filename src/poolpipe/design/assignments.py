"""Assign people to pools, and list the transfers with which a pipetting robot makes the pools."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, get_args

import numpy as np
import polars as pl

from poolpipe.choices import check_choice
from poolpipe.coding.frames import as_frame
from poolpipe.errors import PolicyError, TableError
from poolpipe.tables import require
from poolpipe_kernels import cover

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from poolpipe.coding.frames import Frame

__all__ = ["LAYOUTS", "Informative", "assign", "informative_dorfman", "worklist"]

Scheme = Literal["array", "column_weight", "rounds"]
LAYOUTS: tuple[Scheme, ...] = get_args(Scheme)


@dataclass(frozen=True)
class Informative:
    """Pools for people of different risk.

    Attributes
    ----------
    expected_tests : float
        Tests expected in all, retests included.
    seats : polars.DataFrame
        pool (0 .., from the least likely people on), person (0 .., as `p` was given), p.

    Examples
    --------
    A person at 40% is tested alone; two at 1% share a pool:

    >>> informative_dorfman([0.01, 0.4, 0.01], largest=3).seats.select("pool", "person").rows()
    [(0, 0), (0, 2), (1, 1)]
    """

    expected_tests: float
    seats: pl.DataFrame


def informative_dorfman(p: ArrayLike, se: float = 1.0, sp: float = 1.0, *, largest: int = 10) -> Informative:
    """Cut people of different risk into Dorfman pools with the fewest tests expected.

    Parameters
    ----------
    p : array, shape (people,)
        P(infected) of each.
    se, sp : float
        Sensitivity and specificity.
    largest : int
        Most people in a pool.

    Notes
    -----
    Sorted by risk an optimal cut is contiguous (Hwang 1975, J. Am. Stat. Assoc. 70:923), so dynamic
    programming finds it; the pool-specific optimal Dorfman of McMahan, Tebbs and Bilder (2012, Biometrics
    68:287) is greedy and needs at least as many tests.

    Raises
    ------
    PolicyError
        A probability lies outside 0 to 1, or `largest` below 1.

    Examples
    --------
    >>> informative_dorfman([0.001, 0.2, 0.001, 0.3], largest=3).seats.select("pool", "person").rows()
    [(0, 0), (0, 2), (0, 1), (1, 3)]
    """
    chance = np.asarray(p, np.float64).ravel()
    if largest < 1 or not all(((each >= 0) & (each <= 1)).all() for each in (chance, np.asarray([se, sp]))):
        raise PolicyError.of("partition_rates", where="p, se, sp, largest")
    order = np.argsort(chance, kind="stable")
    tests, start = np.empty(chance.size + 1), np.zeros(chance.size + 1, np.int64)
    cover.partition(chance[order], largest, se, sp, tests, start)
    cuts, last = [], chance.size
    while last > 0:
        cuts.append(last - int(start[last]))
        last = int(start[last])
    pools = np.repeat(np.arange(len(cuts)), cuts[::-1])
    return Informative(float(tests[-1]), pl.DataFrame({"pool": pools, "person": order, "p": chance[order]}))


def assign(
    people: pl.Series | Frame,
    scheme: Scheme,
    *,
    size: int = 10,
    weight: int = 2,
    pools: int | None = None,
    seed: int = 0,
) -> pl.DataFrame:
    """Assign people to overlapping pools.

    Parameters
    ----------
    people : polars.Series or frame
        Each person once; of a frame (polars, pandas, pyarrow or DuckDB) the column person.
    scheme : {'array', 'column_weight', 'rounds'}
        ``array``: squares of `size` x `size`, everybody in a row and a column. ``rounds``: `weight` times a
        random order cut into pools of `size`, so that all pools are full. ``column_weight``: everybody draws
        `weight` of `pools` pools with replacement, the near-constant column weight design (Johnson, Aldridge
        and Scarlett 2019, IEEE Trans. Inf. Theory 65:707).
    size : int
        People in a pool.
    weight : int
        Pools of a person.
    pools : int, optional
        Pools in all, for ``column_weight``; by default people * weight / size.
    seed : int
        Seed of the random orders.

    Returns
    -------
    polars.DataFrame
        pool (text: round or kind, and number), person; in order of pool.

    Raises
    ------
    PolicyError
        The scheme is unknown, or a size, weight or number below 1.
    TableError
        A person occurs twice, or a frame has no column person.

    Examples
    --------
    >>> assign(pl.Series("person", ["p", "q", "r", "s"]), "array", size=2).rows()[:3]
    [('S0000C0000', 'p'), ('S0000C0000', 'r'), ('S0000C0001', 'q')]
    """
    check_choice("scheme", scheme, LAYOUTS)
    if min(size, weight, 1 if pools is None else pools) < 1:
        raise PolicyError.of("assign_numbers", where="assign", size=size, weight=weight, pools=pools)
    if not isinstance(people, pl.Series):
        people = as_frame(people, "people")
        require(people, ("person",), table="people")
        people = people["person"]
    if people.n_unique() != people.len():
        raise TableError.of("person_twice", where="people")
    rng, place = np.random.default_rng(seed), np.arange(people.len())
    if scheme == "array":
        square, within = place // size**2, place % size**2
        names = [("S", square, "R", within // size), ("S", square, "C", within % size)]
    elif scheme == "rounds":
        names = [
            ("R", np.full(place.size, k + 1), "P", rng.permutation(place) // size) for k in range(weight)
        ]
    else:
        count = pools or max(1, -(-people.len() * weight // size))
        names = [("D", np.zeros_like(place), "P", rng.integers(0, count, place.size)) for _ in range(weight)]
    parts = [
        pl.DataFrame({"outer": outer, "inner": inner, "person": people}).select(
            pool=pl.format("{}{}{}{}", pl.lit(first), _padded("outer"), pl.lit(second), _padded("inner")),
            person="person",
        )
        for first, outer, second, inner in names
    ]
    return pl.concat(parts).unique(maintain_order=True).sort("pool", maintain_order=True)


def worklist(
    seats: Frame, *, volume_ul: float = 50.0, available_ul: float = 500.0, wells: int = 96
) -> pl.DataFrame:
    """List every transfer a pipetting robot makes from samples to pools.

    Parameters
    ----------
    seats : frame
        Of polars, pandas, pyarrow or DuckDB: pool, person.
    volume_ul : float
        Volume of each transfer, microlitres.
    available_ul : float
        Volume of each sample that may be used, microlitres.
    wells : {96, 384}
        Wells of source and destination plates; filled column by column, A01, B01, ... People and pools take
        wells in the order in which they first come.

    Returns
    -------
    polars.DataFrame
        source_plate, source_well, destination_plate, destination_well, volume_ul, person, pool; by
        destination, then source, so that every pool is finished before the next.

    Raises
    ------
    PolicyError
        Plates of another size, a volume of 0 or less, or a person in more pools than the sample's volume allows.
    TableError
        If `seats` is no frame, or lacks a column.

    Examples
    --------
    >>> seats = pl.DataFrame({"pool": ["A", "A"], "person": ["p", "q"]})
    >>> worklist(seats).select("source_well", "destination_well", "volume_ul").rows()
    [('A01', 'A01', 50.0), ('B01', 'A01', 50.0)]
    """
    seats = as_frame(seats, "seats")
    require(seats, ("pool", "person"), table="seats")
    if not (0 < volume_ul < math.inf and 0 < available_ul < math.inf):
        raise PolicyError.of("volumes", where="worklist", volume_ul=volume_ul, available_ul=available_ul)
    if wells not in {96, 384}:
        raise PolicyError.of("plate_wells", where="wells", wells=wells)
    most = int(seats.group_by("person").len()["len"].max() or 0)  # type: ignore[arg-type]  # a count
    if most * volume_ul > available_ul:
        raise PolicyError.of(
            "sample_short", where="worklist", most=most, volume_ul=volume_ul, available_ul=available_ul
        )
    return (
        seats.select("person", "pool")
        .join(_placed(seats["person"], "source", wells), on="person", maintain_order="left")
        .join(_placed(seats["pool"], "destination", wells), on="pool", maintain_order="left")
        .sort("destination_number", "source_number")
        .select(
            "source_plate",
            "source_well",
            "destination_plate",
            "destination_well",
            pl.lit(volume_ul).alias("volume_ul"),
            "person",
            "pool",
        )
    )


def _padded(column: str) -> pl.Expr:
    return pl.col(column).cast(pl.String).str.zfill(4)


def _placed(keys: pl.Series, side: str, wells: int) -> pl.DataFrame:
    """Plate and well of everything in `keys`, column by column."""
    rows = 8 if wells == 96 else 16
    number = pl.col(f"{side}_number")
    letters = pl.Series([chr(ord("A") + row) for row in range(rows)])
    return (
        keys.unique(maintain_order=True)
        .to_frame()
        .with_row_index(f"{side}_number")
        .with_columns(
            (number // wells + 1).alias(f"{side}_plate"),
            pl.concat_str(
                pl.lit(letters).gather(number % wells % rows),
                (number % wells // rows + 1).cast(pl.String).str.zfill(2),
            ).alias(f"{side}_well"),
        )
    )
