"""What the policy expects of a day's pools beside what was found: the checks of `decode` that compare a number with an interval."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from poolpipe.decode.clusters import fit_of_clusters
from poolpipe.decode.retests import fit_of_findings, fit_of_retests
from poolpipe.nightly.frames import frame_of, put
from poolpipe.stages.fit import fit_of_positives

if TYPE_CHECKING:
    import duckdb

    from poolpipe.policy import Policy

__all__ = ["lay_out_fit"]

_FOUND = {"positives": "positives", "retests": "confirmed", "findings": "found", "clusters": "two"}
"""Check to its number that was counted."""

_FIT = {"subject": pl.String, **dict.fromkeys(("found", "expected", "lower", "upper"), pl.Float64)}


def lay_out_fit(connection: duckdb.DuckDBPyConnection, policy: Policy) -> None:
    """Compare the day's numbers of positives with what the policy expects, and put the checks where the SQL file reads them.

    A pool is of the day of its first swab; singles that answer it, or that its people gave apart from it, count whenever
    they were taken. As `stages.fit` does of a whole run.

    Parameters
    ----------
    connection : duckdb.DuckDBPyConnection
        With the base tables of the day.
    policy : Policy
        Its `decoding`.
    """
    rules = policy.decoding
    rates = rules.sensitivity, rules.specificity, rules.single_specificity
    by_size = frame_of(connection, "pools_by_size")
    fit: dict[str, Any] = {} if by_size.is_empty() else fit_of_positives(by_size, policy)
    checks = {"positives": fit}
    if fit:
        prior = max(rules.prior, fit["prior_implied"] or 0.0)
        retested = frame_of(connection, "retested_pools")
        shared = retested.filter("is_counted_once", pl.col("positive") > 0)
        found = frame_of(connection, "pools_of_found")
        checks |= {
            "retests": fit_of_retests(
                _sizes(retested), int((retested["positive"] > 0).sum()), rules.prior, *rates
            ),
            "findings": fit_of_findings(_sizes(found), int(found["is_positive"].sum()), rules.prior, *rates),
            "clusters": fit_of_clusters(_sizes(shared), int((shared["positive"] > 1).sum()), prior, *rates),
        }
    rows = [
        (check, told[_FOUND[check]], told["expected"], told["lower"], told["upper"])
        for check, told in checks.items()
        if told.get("expected") is not None
    ]
    put(connection, "fit", pl.DataFrame(rows, _FIT, orient="row"))


def _sizes(pools: pl.DataFrame) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    return pools["people"].to_numpy().astype(np.float64)
