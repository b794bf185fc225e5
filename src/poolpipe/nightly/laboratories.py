"""Lay out what the control charts of laboratories show, from the readings of a store's events."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import polars as pl

from poolpipe.drift import find_drift
from poolpipe.drift.evidence import evidence_of
from poolpipe.drift.westgard import broken_rules_of
from poolpipe.nightly.frames import frame_of, put
from poolpipe.tables import TABLES

if TYPE_CHECKING:
    from datetime import datetime

    import duckdb

    from poolpipe.events.reference import Reference
    from poolpipe.nightly.counting import DayAsked
    from poolpipe.nightly.sources import TableFiles

__all__ = ["DRIFT", "lay_out_drift"]

DRIFT = frozenset({"drift_alarms", "drift_charts", "drift_rules_broken"})
"""Tables that `lay_out_drift` makes."""

_READ = ("round", "plate", "well", "target", "ct", "at", "instrument")
_LOADED = ("round", "plate", "well", "role", "lab")
_REPORTED = ("round", "tube", "lab", "at", "call")
_NUMBERS = {"ct": pl.Float64(), "at": pl.Datetime("us", "UTC")}


def lay_out_drift(
    connection: duckdb.DuckDBPyConnection, source: TableFiles, known: Reference, asked: DayAsked
) -> list[str]:
    """Run the charts over a day and a while before it, and put what they show where the SQL files read it.

    Parameters
    ----------
    connection : duckdb.DuckDBPyConnection
        With the views of `lay_out_views`.
    source : TableFiles
    known : Reference
        Its sites say which community a site is in.
    asked : DayAsked
        The day; its policy has targets, cut-offs, and what the charts look for.

    Returns
    -------
    list of str
        Codes of messages: what is not there. A result has no readings of controls, so nothing is charted.
    """
    policy, told = asked.policy, asked.variables()
    begins, ends = told["begins"], told["ends"]
    since = begins - timedelta(days=policy.drift.lookback_days)
    frames = {
        name: _events(source, name, columns, since if name == "read" else None, ends)
        for name, columns in (("read", _READ), ("load", _LOADED), ("report", _REPORTED))
    }
    pools = frame_of(
        connection,
        f"(select lab, site, called_at, call from pools where called_at >= '{since:%Y-%m-%d %H:%M:%S}+00' "  # noqa: S608
        f"and called_at < '{ends:%Y-%m-%d %H:%M:%S}+00')",
    ).cast({"called_at": pl.Datetime("us", "UTC")})
    evidence = evidence_of(
        frames["read"], frames["load"], frames["report"], pools, _anomalies(source), _communities(known)
    )
    drift = find_drift(*evidence, policy.assay, policy.drift)
    # words that SQL does not have
    place = pl.int_range(1, pl.len() + 1).over("chart", "lab").alias("place")
    words = {"at": "charted_at", "value": "measure"}
    put(connection, "drift_alarms", drift.alarms.rename({"at": "rang_at", "count": "counted"}))
    put(connection, "drift_charts", drift.charts.with_columns(place).rename(words))
    put(connection, "drift_rules_broken", broken_rules_of(drift.charts).rename(words))
    return [] if source.events.get("read") else ["nightly_no_controls"]


def _events(
    source: TableFiles, kind: str, columns: tuple[str, ...], since: datetime | None, ends: datetime
) -> pl.DataFrame:
    """Standing events of a kind before a moment, in words; empty where events are not kept."""
    files = source.events.get(kind)
    if not files:
        return pl.DataFrame(schema={name: _NUMBERS.get(name, pl.String()) for name in columns})
    told = pl.scan_parquet(list(files), glob=False).filter(pl.col("at") < ends)
    if since is not None:
        told = told.filter(pl.col("at") >= since)
    voids = source.events.get("void")
    if voids:
        withdrawn = pl.scan_parquet(list(voids), glob=False).filter(
            pl.col("at") < ends, pl.col("event_hash").is_not_null()
        )
        told = told.join(withdrawn.select(event_id_hash="event_hash"), on="event_id_hash", how="anti")
    return told.select(pl.col(name).cast(_NUMBERS.get(name, pl.String())) for name in columns).collect()


def _anomalies(source: TableFiles) -> pl.DataFrame:
    """Tubes with conflicting calls; details are in a store's vault, and not needed."""
    columns = ("code", "round", "subject")
    files = source.tables.get("anomalies")
    if not files:
        kinds = {each.name: each.dtype for each in TABLES["anomalies"]}
        return pl.DataFrame(schema={name: kinds[name] for name in (*columns, "detail")})
    found = pl.scan_parquet(list(files), glob=False).filter(pl.col("code") == "conflicting_calls")
    return found.select(*columns, pl.lit("").alias("detail")).collect()


def _communities(known: Reference) -> pl.DataFrame | None:
    """The community of each site."""
    if known.sites is None or "community" not in known.sites.columns:
        return None
    sites = known.sites.filter(pl.col("community").is_not_null())
    return sites.group_by("site").agg(pl.col("community").cast(pl.String).min().alias("place"))
