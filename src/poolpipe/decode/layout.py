"""Convert frames to flat arrays: the people of each pool, its outcome and its likelihood."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import polars as pl

from poolpipe.accuracy import LEAST_PRIOR
from poolpipe.coding.cleaning import clean_codes
from poolpipe.coding.frames import Frame, as_frame
from poolpipe.coding.vocabulary import known_words
from poolpipe.decode.assays import HIGHEST_CT, INVALID, NEGATIVE, NO_CALL, POSITIVE, SUSPECT
from poolpipe.decode.disjoint import likelihood_rows
from poolpipe.decode.keys import (
    clean_key,
    clean_keys,
    named_person,
    numbers,
)
from poolpipe.decode.seats import seats_by_pool
from poolpipe.errors import TableError
from poolpipe.tables import require

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from poolpipe.decode.assays import Assay

__all__ = [
    "PoolLayout",
    "Tables",
    "call_codes",
    "clean_tables",
    "lay_out",
    "says_something",
]

_CODES = {"invalid": INVALID, "negative": NEGATIVE, "suspect": SUSPECT, "positive": POSITIVE}


@dataclass(frozen=True)
class PoolLayout:
    """A decoding problem in flat arrays.

    Attributes
    ----------
    offsets, members : arrays
        CSR of seats: pool p holds people ``members[offsets[p]:offsets[p + 1]]``.
    rows, table : arrays
        ``table[rows[p], k]`` is P(outcome of p | k infected); two columns (nobody, somebody) unless
        `counts_matter`.
    prior : array of float64, shape (people,)
        P(infected) before the pools.
    codes : array of int8, shape (pools,)
        Calls, as in `assays`.
    names : Series, shape (pools,)
        The pools' codes, first those of the table of pools, then those that occur only in the seats.
    ct : array of float64, shape (pools,), optional
        Ct of each pool where Ct count, NaN where there is none.
    specificity : array of float64, shape (pools,), optional
        Of each pool, where Ct count.
    household : array of int64, shape (people,), optional
        Number of each person's household, -1 where it is not known.
    repeated : array of int64, optional
        Pools in which somebody had more than one seat; one of them counts.
    """

    offsets: NDArray[np.int64]
    members: NDArray[np.int32]
    rows: NDArray[np.int64]
    table: NDArray[np.float64]
    counts_matter: bool
    prior: NDArray[np.float64]
    codes: NDArray[np.int8]
    names: pl.Series
    ct: NDArray[np.float64] | None = None
    specificity: NDArray[np.float64] | None = None
    household: NDArray[np.int64] | None = None
    repeated: NDArray[np.int64] | None = None

    def scaled(self, factor: float) -> PoolLayout:
        """The same problem with every prior times `factor`, at most 1 - 1e-12 where it was not 1."""
        prior = np.where(self.prior < 1.0, np.minimum(self.prior * factor, 1.0 - 1e-12), self.prior)
        return replace(self, prior=prior)

    def silenced(self, pools: NDArray[np.bool_]) -> PoolLayout:
        """The same problem with flat likelihoods for `pools`."""
        flat = np.ones((1, self.table.shape[1]))
        rows = np.where(pools, self.table.shape[0], self.rows)
        return replace(self, rows=rows, table=np.concatenate([self.table, flat]))

    @property
    def sizes(self) -> NDArray[np.int64]:
        """Seats of each pool."""
        return np.diff(self.offsets)

    def chance(self, who: NDArray[np.int32]) -> NDArray[np.float64]:
        """P(infected) of some people before the pools."""
        return self.prior[who]

    def log_weight(self, who: NDArray[np.int32]) -> NDArray[np.float64]:
        """Log of P(clean) and P(infected) of some people before the pools (people, 2)."""
        with np.errstate(divide="ignore"):
            return np.stack([np.log1p(-self.prior[who]), np.log(self.prior[who])], axis=1)

    @property
    def informative(self) -> NDArray[np.bool_]:
        """Pools whose outcome depends on the number of infected."""
        return says_something(self.rows, self.table, self.sizes, counts_matter=self.counts_matter)


def lay_out(seats: pl.DataFrame, pools: pl.DataFrame, people: pl.DataFrame, assay: Assay) -> PoolLayout:
    """Convert frames to flat arrays: number people and pools in their order, sort seats by pool, look up likelihoods.

    Parameters
    ----------
    seats, pools, people : DataFrame
        As in `decode`, with clean keys.
    assay : Assay
        The test.

    Returns
    -------
    PoolLayout

    Raises
    ------
    TableError
        A key repeats, a seat names an unknown person, or a call or prior is invalid.
    """
    prior = _priors(people)
    codes = call_codes(pools["call"])
    offsets, members, names, repeated = seats_by_pool(seats, pools["pool"], people["person"])
    codes = np.concatenate([codes, np.full(names.len() - codes.size, NO_CALL, np.int8)])
    ct = None
    if assay.cycles is not None and "ct" in pools.columns:
        ct = np.full(codes.size, np.nan)
        ct[: pools.height] = _measured_cycles(pools).fill_null(float("nan")).to_numpy()
    told = _specificities(pools, codes.size, assay)
    rows, table = _outcomes(codes, np.diff(offsets), told)
    specificity = None
    if ct is not None:
        specificity = np.empty(codes.size)
        for own, model in told:
            specificity[own] = model.specificity
    return PoolLayout(
        offsets,
        members,
        rows,
        table,
        assay.counts_matter,
        prior,
        codes,
        names,
        ct,
        specificity,
        _households(people),
        repeated,
    )


class Tables(NamedTuple):
    """A caller's three tables with clean keys."""

    seats: pl.DataFrame
    pools: pl.DataFrame
    people: pl.DataFrame


def clean_tables(seats: Frame, pools: Frame, people: Frame) -> Tables:
    """Clean the keys of pools and people in all three tables, as codes are cleaned everywhere.

    Parameters
    ----------
    seats, pools, people : frame
        As in `decode`.

    Returns
    -------
    Tables

    Raises
    ------
    TableError
        One is no frame, a column is missing, or a row of it is empty or is not a code.
    """
    pools, people = as_frame(pools, "pools"), as_frame(people, "people")
    require(pools, ("pool", "call"), table="pools")
    require(people, ("person", "prior"), table="people")
    return Tables(
        clean_keys(seats, "seats", ("pool", "person")),
        clean_keys(pools, "pools", ("pool",)),
        clean_keys(people, "people", ("person",)),
    )


def says_something(
    rows: NDArray[np.int64], table: NDArray[np.float64], sizes: NDArray[np.int64], *, counts_matter: bool
) -> NDArray[np.bool_]:
    """Find the pools whose likelihood depends on the number of infected.

    Parameters
    ----------
    rows, table : (pools,) int64 and (rows, width) float64
        Likelihood row of each pool: P(outcome | k infected).
    sizes : (pools,) int64
        People in each pool.
    counts_matter : bool
        Whether `table` has a column for each number of infected, or two (nobody, somebody).

    Returns
    -------
    (pools,) bool
    """
    if not counts_matter:
        return np.asarray(table[:, 0] != table[:, 1])[rows] & (sizes > 0)
    same = table == table[:, :1]
    flat_up_to = np.where(same.all(axis=1), table.shape[1], np.argmin(same, axis=1)) - 1
    return np.asarray(sizes > flat_up_to[rows])


def call_codes(calls: pl.Series) -> NDArray[np.int8]:
    """Code of each call; null is NO_CALL. Words of laboratories, such as 阳性, are translated.

    Raises
    ------
    TableError
        A call is none of positive, suspect, negative, invalid.
    """
    if calls.dtype == pl.Null:
        return np.full(calls.len(), NO_CALL, np.int8)
    if calls.dtype not in (pl.String, pl.Categorical) and not isinstance(calls.dtype, pl.Enum):
        raise TableError.of("call_no_text", where="pools", type=calls.dtype)
    distinct = calls.unique(maintain_order=True).cast(pl.String)
    told = known_words("call", clean_codes(distinct)).replace("", None)
    codes = told.replace_strict(_CODES, default=-1, return_dtype=pl.Int8).fill_null(NO_CALL)
    codes = pl.select(pl.when(told.is_null()).then(NO_CALL).otherwise(codes)).to_series()
    unknown = distinct.filter(codes == -1).to_list()
    if unknown:
        raise TableError.of("call_unknown", where="pools", given=min(unknown), calls=", ".join(_CODES))
    return calls.cast(pl.String).replace_strict(distinct, codes, return_dtype=pl.Int8).to_numpy()


def _priors(people: pl.DataFrame) -> NDArray[np.float64]:
    """Convert priors to floats; each must be a probability."""
    prior = numbers(people["prior"], "people")
    wrong = prior.is_null() | ~prior.is_between(0, 1)
    if wrong.any():
        row = int(wrong.arg_max() or 0)
        told = prior[row]
        raise TableError.of(
            "bad_prior",
            where=f"people, row {row + 1}",
            person=named_person(people["person"][row]),
            prior="empty 空" if told is None else told,
        )
    priors = prior.to_numpy()
    if priors.size and 0.0 < priors.min(initial=1.0, where=priors > 0.0) < LEAST_PRIOR:
        row = int(np.argmax((priors > 0.0) & (priors < LEAST_PRIOR)))
        raise TableError.of(
            "least_prior",
            where=f"people, row {row + 1}",
            person=named_person(people["person"][row]),
            prior=priors[row],
            least=f"{LEAST_PRIOR:g}",
        )
    return priors


def _households(people: pl.DataFrame) -> NDArray[np.int64] | None:
    """Numbers of households, where there is a column of them; it is cleaned as codes are."""
    if "household" not in people.columns:
        return None
    household = clean_key(people["household"], "people")
    return household.rank("dense").cast(pl.Int64).fill_null(-1).to_numpy()


def _measured_cycles(pools: pl.DataFrame) -> pl.Series:
    """Ct of each pool, null where there is none.

    Raises
    ------
    TableError
        A Ct is no number, or not above 0 and up to 100.
    """
    ct = numbers(pools["ct"], "pools").fill_nan(None)
    wrong = ~((ct > 0) & (ct <= HIGHEST_CT)).fill_null(value=True)
    if wrong.any():
        row = int(wrong.arg_max() or 0)
        raise TableError.of("ct_outside", where="pools", row=row + 1, ct=ct[row], most=HIGHEST_CT)
    return ct


def _outcomes(
    codes: NDArray[np.int8],
    sizes: NDArray[np.int64],
    told: list[tuple[NDArray[np.int64], Assay]],
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Rows and table of outcome likelihoods."""
    rows, tables, filled = np.zeros(codes.size, np.int64), [], 0
    width = int(sizes.max(initial=1)) + 1 if told[0][1].counts_matter else 2
    for pools, assay in told:
        of_pools, table = likelihood_rows(sizes[pools], codes[pools], assay)
        rows[pools] = filled + of_pools
        tables.append(np.pad(table, ((0, 0), (0, max(width - table.shape[1], 0)))))
        filled += table.shape[0]
    return rows, np.concatenate(tables)


def _specificities(pools: pl.DataFrame, count: int, assay: Assay) -> list[tuple[NDArray[np.int64], Assay]]:
    """Pools by the specificity that `pools` gives them, and the assay of each; those without have the assay's own.

    Raises
    ------
    TableError
        A specificity is no probability above 0, or below 1 - sensitivity.
    """
    if "specificity" not in pools.columns:
        return [(np.arange(count), assay)]
    told = numbers(pools["specificity"], "pools").fill_nan(None)
    wrong = ~((told > 0) & (told <= 1) & (told + assay.sensitivity >= 1)).fill_null(value=True)
    if wrong.any():
        row = int(wrong.arg_max() or 0)
        raise TableError.of("pool_specificity", where="pools", row=row + 1, specificity=told[row])
    values = np.full(count, assay.specificity)
    values[: pools.height] = told.fill_null(assay.specificity).to_numpy()
    return [
        (np.flatnonzero(values == value), assay.model_copy(update={"specificity": value}))
        for value in np.unique(values).tolist()
    ]
