"""Statements: the result of a tube as reported about each person, and its change since it was last sent.

A frame of statements has one row for each person of a tube (or one without person), sorted by round, tube and place in
the queue.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from poolpipe.coding.frames import as_frame
from poolpipe.tables import require

if TYPE_CHECKING:
    from collections.abc import Collection
    from datetime import datetime

    from poolpipe.coding.frames import Frame

__all__ = ["FACTS", "KEY", "MEMBER_COLUMNS", "POOL_COLUMNS", "SCHEMA", "first_told", "revised", "statements"]

POOL_COLUMNS = ("round", "tube", "mode", "lab", "call", "called_at", "called_by", "first_collected")
MEMBER_COLUMNS = ("round", "tube", "person_type", "person", "collected_at", "position")

_TIME = pl.Datetime("us", "UTC")
_TUBE = ("round", "tube")
KEY = (*_TUBE, "person_type", "person")
FACTS = ("mode", "people", "position", "collected_at", "lab", "call", "called_at", "ct", "reagent", "instrument",
         "shared")  # fmt: skip
"""Columns with the facts of a statement. A change of any of them is a correction."""

SCHEMA: dict[str, pl.DataType] = {
    **dict.fromkeys(KEY, pl.String()),
    "mode": pl.String(),
    "people": pl.Int64(),
    "position": pl.Int64(),
    "collected_at": _TIME,
    "lab": pl.String(),
    "call": pl.String(),
    "called_at": _TIME,
    "ct": pl.String(),
    "reagent": pl.String(),
    "instrument": pl.String(),
    "shared": pl.Boolean(),
    "cts": pl.List(pl.Struct({"target": pl.String(), "ct": pl.String()})),
    "status": pl.String(),
    "stated_at": _TIME,
    "revision": pl.Int64(),
    "retired": pl.List(pl.String()),
}
"""Columns of a frame of statements."""


def statements(pools: Frame, members: Frame, readings: Frame | None = None) -> pl.DataFrame:
    """Make the statements about all people of tubes with a call.

    Parameters
    ----------
    pools, members : frame
        Tables of a run, of polars, pandas, pyarrow or DuckDB.
    readings : frame, optional
        `plate`, `well`, `target`, `ct` and, where there are any, `round`, `reagent`, `instrument`, `shared`. Those of
        the well that gave the call (`called_by`) count, of a target the smallest Ct, a number before undetermined. A
        run that is `invalid` has no Ct values, because it is no result.

    Returns
    -------
    DataFrame
        `KEY`, `FACTS` and `cts`.

    Raises
    ------
    TableError
        A table lacks a column.
    """
    pools, members = as_frame(pools, "pools"), as_frame(members, "members")
    require(pools, POOL_COLUMNS, table="pools")
    require(members, MEMBER_COLUMNS, table="members")
    called = pools.select(POOL_COLUMNS).filter(
        pl.col("call").is_not_null() & pl.col("called_at").is_not_null()
    )
    people = members.select(MEMBER_COLUMNS).join(called.select(_TUBE), on=_TUBE, how="semi")
    counted = people.group_by(_TUBE).agg(pl.len().cast(pl.Int64).alias("people"))
    told = (
        called.join(counted, on=_TUBE, how="left")
        .join(people, on=_TUBE, how="left")
        .join(
            _measured(called, None if readings is None else as_frame(readings, "readings")),
            on=_TUBE,
            how="left",
        )
        .with_columns(
            pl.col("people").fill_null(0),
            pl.coalesce("collected_at", "first_collected").alias("collected_at"),
            pl.col("shared").fill_null(value=False),
            pl.col("cts").fill_null([]),
        )
    )
    named = (*KEY, *FACTS, "cts")
    return told.select(pl.col(name).cast(SCHEMA[name]) for name in named).sort(*_TUBE, "position", *KEY[2:])


def _measured(called: pl.DataFrame, readings: pl.DataFrame | None) -> pl.DataFrame:
    """Columns of tubes whose call rests on a read well: ct as text, cts, reagent, instrument, shared."""
    well = pl.col("called_by").str.extract_groups(r"(?s)^well (?<plate>.*):(?<well>[^:]+)$")
    wells = called.filter(pl.col("call") != "invalid").select(*_TUBE, well.struct.unnest())
    found = wells.join(_typed(readings), on=("round", "plate", "well"))
    smallest = found.group_by(*_TUBE, "target").agg(
        pl.col("ct").min(), pl.col("reagent", "instrument"), pl.col("shared").any()
    )
    text = _exact(pl.col("ct"))
    in_words = pl.format("{} {}", "target", text.fill_null("Undetermined"))
    return (
        smallest.sort(*_TUBE, "target")
        .group_by(_TUBE)
        .agg(
            in_words.str.join("; ").alias("ct"),
            pl.struct("target", text.alias("ct")).alias("cts"),
            *(_told_once(name) for name in ("reagent", "instrument")),
            pl.col("shared").any(),
        )
    )


def _typed(readings: pl.DataFrame | None) -> pl.DataFrame:
    """Add the missing columns to readings, as null."""
    schema = {"round": pl.String, "plate": pl.String, "well": pl.String, "target": pl.String, "ct": pl.Float64,
              "reagent": pl.String, "instrument": pl.String, "shared": pl.Boolean}  # fmt: skip
    if readings is None:
        return pl.DataFrame(schema=schema)
    require(readings, ("plate", "well", "target", "ct"), table="readings")
    missing = [pl.lit(None).alias(name) for name in schema if name not in readings.columns]
    whole = readings.with_columns(missing).select(pl.col(name).cast(kind) for name, kind in schema.items())
    return whole.with_columns(pl.col("round").fill_null(""), pl.col("shared").fill_null(value=False))


def _exact(ct: pl.Expr) -> pl.Expr:
    """Write a Ct value with all its digits and no exponent: 24, 26.2, 22.0988941192627."""
    text = ct.cast(pl.String).str.strip_suffix(".0")
    tiny = ct.round(17).cast(pl.Decimal(None, 17)).cast(pl.String).str.strip_chars_end("0")
    return pl.when(text.str.contains("e", literal=True)).then(tiny).otherwise(text)


def _told_once(name: str) -> pl.Expr:
    """The distinct words of a column, in order; null where there is none."""
    words = pl.col(name).explode().drop_nulls().unique().sort()
    return pl.when(words.len() > 0).then(words.str.join("; ")).alias(name)


def first_told(now: pl.DataFrame) -> pl.DataFrame:
    """Mark statements as sent for the first time: final, since the time of their call."""
    return now.with_columns(
        pl.lit("final").alias("status"),
        pl.col("called_at").alias("stated_at"),
        pl.lit(1, pl.Int64).alias("revision"),
        pl.lit([], pl.List(pl.String)).alias("retired"),
    ).select(*SCHEMA)


def revised(
    now: pl.DataFrame, before: pl.DataFrame, as_of: datetime, *, calls: Collection[str] = ()
) -> pl.DataFrame:
    """Compute the statements to send now, given those sent before.

    Parameters
    ----------
    now : DataFrame
        `statements` of a result.
    before : DataFrame
        What `revised` or `first_told` gave at the last export of the same tubes.
    as_of : datetime
        Time of the result, which is the time of corrections.
    calls : collection of str, optional
        Only these are sent for the first time. Statements sent before are always included, whatever the call is now.

    Returns
    -------
    DataFrame
        `SCHEMA`: `final` where nothing was sent before; unchanged where the facts are the same; `corrected` where they
        differ; `withdrawn` where they are no longer there, with neither call nor Ct values.
    """
    told = before.select(
        *KEY, pl.all().exclude(KEY).name.suffix("_told"), pl.lit(value=True).alias("was_told")
    )
    both = now.with_columns(pl.lit(value=True).alias("is_there")).join(
        told, on=KEY, how="full", coalesce=True, nulls_equal=True
    )
    if calls:
        both = both.filter(pl.col("was_told").is_not_null() | pl.col("call").is_in(list(calls)))
    there, before_too = pl.col("is_there").is_not_null(), pl.col("was_told").is_not_null()
    same = pl.all_horizontal(pl.col(fact).eq_missing(pl.col(f"{fact}_told")) for fact in FACTS)
    stood = pl.col("status_told") != "withdrawn"
    unchanged = pl.when(there).then(same & stood).otherwise(~stood)
    gone = there.not_() & before_too
    fell_away = _targets("cts_told").list.set_union("retired_told").list.set_difference(_targets("cts"))
    marked = both.with_columns(
        pl.when(gone).then(pl.lit("withdrawn")).when(before_too.not_()).then(pl.lit("final"))
        .when(unchanged).then("status_told").otherwise(pl.lit("corrected")).alias("status"),
        pl.when(before_too.not_()).then("called_at").when(unchanged).then("stated_at_told")
        .otherwise(pl.lit(as_of, _TIME)).alias("stated_at"),
        pl.when(before_too.not_()).then(1).otherwise(pl.col("revision_told") + unchanged.not_().cast(pl.Int64))
        .alias("revision"),
        pl.when(before_too).then(fell_away).otherwise(pl.lit([], pl.List(pl.String))).list.sort().alias("retired"),
    )  # fmt: skip
    kept = ("mode", "people", "position", "collected_at", "lab", "shared")
    return (
        marked.with_columns(
            *(pl.when(gone).then(f"{name}_told").otherwise(name).alias(name) for name in kept),
            pl.when(gone).then(pl.lit([], SCHEMA["cts"])).otherwise("cts").alias("cts"),
        )
        .select(pl.col(name).cast(kind) for name, kind in SCHEMA.items())
        .sort(*_TUBE, "position", *KEY[2:])
    )


def _targets(column: str) -> pl.Expr:
    empty = pl.lit([], pl.List(pl.String))
    return pl.coalesce(pl.col(column).list.eval(pl.element().struct.field("target")), empty)
