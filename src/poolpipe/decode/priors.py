"""Prior probability of each person before the pools: policy, batch, community, household."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import polars as pl

from poolpipe.decode.keys import clean_key, clean_keys, numbers
from poolpipe.errors import PolicyError, TableError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from poolpipe.coding.frames import Frame

__all__ = ["priors"]


def priors(
    people: Frame,
    base: float,
    *,
    batch: Mapping[int, float] | None = None,
    community: Mapping[str, float] | None = None,
    household_attack: float = 0.2,
) -> pl.DataFrame:
    """Compute a prior for every person.

    Parameters
    ----------
    people : frame
        Of polars, pandas, pyarrow or DuckDB.
        person, and as far as known batch (1 to 4), community, household, p_known: a probability from
        elsewhere, such as an earlier result (1: a case).
    base : float
        P(infected) of a resident without other information: the policy's.
    batch : mapping of int to float, optional
        P(infected) of a batch; it replaces `base`.
    community : mapping of str to float, optional
        Incidence of a community relative to the whole, 1 being average; it multiplies.
    household_attack : float
        P(an infected person infects one of the same household); 0.166 on average in the review of Madewell et al.
        (2020, JAMA Netw Open 3:e2031756), more with later variants.

    Returns
    -------
    polars.DataFrame
        person, prior: 0 to 1. People with p_known keep it. The others avoid infection from the public and from each
        housemate with p_known independently:
        ``1 - (1 - own) * prod(1 - household_attack * p_known)``.

    Raises
    ------
    TableError
        `people` lacks person, or a p_known is no probability.
    PolicyError
        A probability lies outside 0 to 1, or a relative incidence below 0.

    Examples
    --------
    >>> people = pl.DataFrame({"person": ["p", "q"], "household": ["h", "h"], "p_known": [1.0, None]})
    >>> priors(people, 0.001)["prior"].round(4).to_list()
    [1.0, 0.2008]
    """
    people = clean_keys(people, "people", ("person",))
    people = people.with_columns(
        clean_key(people[name], "people") for name in ("community", "household") if name in people.columns
    )
    if "p_known" in people.columns:
        people = people.with_columns(numbers(people["p_known"], "people"))
    if "batch" in people.columns:
        people = people.with_columns(_batches(people["batch"]))
    shares = [base, household_attack, *(batch or {}).values()]
    if not all(0 <= share <= 1 for share in shares) or not all(
        0 <= each < math.inf for each in (community or {}).values()
    ):
        raise PolicyError.of("prior_rates", where="priors")
    frame = people.with_columns(
        pl.lit(None, kind).alias(name)
        for name, kind in (("batch", pl.Int64), ("community", pl.String), ("household", pl.String), ("p_known", pl.Float64))
        if name not in people.columns
    )  # fmt: skip
    if not frame["p_known"].drop_nulls().is_between(0, 1).all():
        raise TableError.of("p_known", where="people")
    own = pl.lit(base)
    if batch:
        own = pl.col("batch").replace_strict(dict(batch), default=base, return_dtype=pl.Float64)
    if community:
        own = own * pl.col("community").replace_strict(dict(community), default=1.0, return_dtype=pl.Float64)
    escape = (1 - household_attack * pl.col("p_known").fill_null(0.0)).product().over("household")
    at_home = pl.when(pl.col("household").is_null()).then(1.0).otherwise(escape)
    prior = pl.col("p_known").fill_null(1 - (1 - own.clip(0, 1)) * at_home)
    return frame.select("person", prior.alias("prior"))


def _batches(column: pl.Series) -> pl.Series:
    """Batches as whole numbers.

    Raises
    ------
    TableError
        A batch is no whole number.
    """
    told = numbers(column, "people").fill_nan(None)
    odd = (told != told.round()).fill_null(value=False)
    if odd.any():
        row = int(odd.arg_max() or 0) + 1
        raise TableError.of("batch_number", where="people", row=row)
    return told.cast(pl.Int64)
