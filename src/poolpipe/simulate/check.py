"""Compare a simulated city's truth with what was found: every planted trouble, and nothing else."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

import polars as pl

from poolpipe.tables import ANOMALIES, REJECTS

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["PlantedCheck", "busiest_moment", "check_planted"]

_KEY = ("code", "round", "subject_kind", "subject")
_CODES = (*ANOMALIES, *REJECTS)


@dataclass(frozen=True, slots=True)
class PlantedCheck:
    """What became of the planted troubles.

    Attributes
    ----------
    troubles : polars.DataFrame
        A row a trouble and anomaly code: trouble, code, planted, found; code is null for troubles that are
        no anomaly by themselves but show in the ledger or the rejects, and found is then null.
    missed : polars.DataFrame
        Planted and not found: trouble, code, round, subject_kind, subject.
    unplanted : polars.DataFrame
        Found and not planted, without the explained codes: code, round, subject_kind, subject.
    explained : polars.DataFrame
        Found and not planted, of a code that is explained: code, count.
    """

    troubles: pl.DataFrame
    missed: pl.DataFrame
    unplanted: pl.DataFrame
    explained: pl.DataFrame

    @property
    def passed(self) -> bool:
        """Whether everything planted was found, and nothing else but what is explained."""
        return not self.missed.height and not self.unplanted.height


def check_planted(
    troubles: pl.DataFrame,
    unreadable: pl.DataFrame,
    anomalies: pl.DataFrame,
    rejects: pl.DataFrame,
    *,
    explained: Iterable[str] = (),
) -> PlantedCheck:
    """Compare what a simulation planted with what was found.

    Parameters
    ----------
    troubles : polars.DataFrame
        `truth/troubles.parquet` of a simulated city: trouble, code, round, subject_kind, subject. One anomaly
        may come from several troubles; code is null where a trouble is no anomaly by itself.
    unreadable : polars.DataFrame
        `truth/rejects.parquet` of that city: file, line, code of unreadable records.
    anomalies, rejects : polars.DataFrame
        The tables of the same events.
    explained : iterable of str
        Codes that may be found without having been planted.
    """
    found = (
        pl.concat([_keyed(anomalies), _lines(rejects)])
        .unique()
        .with_columns(pl.lit(value=True).alias("found"))
    )
    garbled = _lines(unreadable).select(pl.lit("unreadable").alias("trouble"), *_KEY)
    planted = pl.concat([_keyed(troubles, "trouble"), garbled]).unique()
    coded = planted.filter(pl.col("code").is_in(_CODES))
    judged = planted.join(found, on=_KEY, how="left", nulls_equal=True)
    hit = pl.when(pl.col("code").is_in(_CODES)).then(pl.col("found").fill_null(value=False))
    counts = (
        judged.with_columns(hit.alias("found"))
        .group_by("trouble", "code")
        .agg(
            pl.len().alias("planted"),
            pl.when(pl.col("found").is_not_null().all()).then(pl.col("found").sum()).alias("found"),
        )
    )
    stray = found.join(coded, on=_KEY, how="anti", nulls_equal=True).select(_KEY)
    is_explained = pl.col("code").is_in(list(explained))
    return PlantedCheck(
        troubles=counts.sort("trouble", "code", nulls_last=True),
        missed=coded.join(found, on=_KEY, how="anti", nulls_equal=True)
        .select("trouble", *_KEY)
        .sort("trouble", *_KEY),
        unplanted=stray.filter(~is_explained).sort(_KEY),
        explained=stray.filter(is_explained).group_by("code").len("count").sort("code"),
    )


def busiest_moment(recalls: pl.DataFrame) -> datetime | None:
    """When most people were waiting to be re-sampled or for their result; None where nobody was.

    Parameters
    ----------
    recalls : polars.DataFrame
        The `recalls` table at the end of the campaign.

    Returns
    -------
    datetime or None
        The opening of a recall, the earliest where several are equally busy.
    """
    opened = recalls.select(at="opened_at", step=pl.lit(1))
    closed = recalls.select(at="closed_at", step=pl.lit(-1)).drop_nulls()
    steps = pl.concat([opened, closed]).group_by("at").agg(pl.col("step").sum()).sort("at")
    waiting = steps.with_columns(pl.col("step").cum_sum()).sort("step", "at", descending=[True, False])
    moment = waiting["at"].first()
    return moment if isinstance(moment, datetime) else None


def _keyed(table: pl.DataFrame, *also: str) -> pl.DataFrame:
    """The columns that name an anomaly, an absent round written as an empty text on either side."""
    return table.select(*also, *_KEY).with_columns(
        pl.col("round").fill_null(""), pl.col("subject").fill_null("")
    )


def _lines(rejects: pl.DataFrame) -> pl.DataFrame:
    """Rejected records in the shape of anomalies: the subject is `file:line`."""
    where = pl.concat_str("file", pl.col("line").cast(pl.String), separator=":", ignore_nulls=True)
    return rejects.select("code", round=pl.lit(""), subject_kind=pl.lit("line"), subject=where)
