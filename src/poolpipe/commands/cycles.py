"""Options of `decode` by which Ct values count as evidence: the law of the laboratory's Ct, and a file of readings."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from poolpipe.commands.frames import read_frame
from poolpipe.commands.options import POSITIVE
from poolpipe.errors import InputError, TableError
from poolpipe.terminal.console import tell

if TYPE_CHECKING:
    from collections.abc import Callable

    import polars as pl

__all__ = ["cycle_options", "cycles_told", "read_with_ct", "with_readings"]

CONTROLS = ("IC", "内标")
"""Targets that are controls of the well and no evidence about people."""


def cycle_options(command: Callable[..., None]) -> Callable[..., None]:
    """Add the options to a command; they arrive as ct, readings, ct_mean, ct_sd, ct_limit, ct_noise and ct_values."""
    file = click.Path(path_type=Path, dir_okay=False)
    options = (
        click.option(
            "--ct", is_flag=True, help="Let the column ct of POOLS count as evidence  以 Ct 值为证据"
        ),
        click.option(
            "--readings",
            type=file,
            help="Table of pool, ct and perhaps target: the earliest of a pool counts, IC apart (--ct)  各管 Ct 值文件",
        ),
        click.option(
            "--ct-mean", type=POSITIVE, help="Mean Ct of single positives, default 27  单检阳性 Ct 均值"
        ),
        click.option("--ct-sd", type=POSITIVE, help="Their standard deviation, default 5  标准差"),
        click.option(
            "--ct-values",
            type=file,
            help="Table with a column ct: the laboratory's own single positives  实测单检 Ct",
        ),
        click.option("--ct-limit", type=POSITIVE, help="Largest Ct that is detected, default 40  Ct 上限"),
        click.option(
            "--ct-noise", type=POSITIVE, help="Scatter of a pool's Ct, default 1 cycle  混采管 Ct 离散"
        ),
    )
    for option in reversed(options):
        command = option(command)
    return command


def cycles_told(pools: pl.DataFrame, told: dict[str, Any], *, wanted: bool) -> dict[str, Any] | None:
    """Make the fields of `Cycles` from the options; a column ct that is not used gets a warning on stderr.

    Parameters
    ----------
    pools : polars.DataFrame
        The table of pools.
    told : dict of str to object
        Values of the options; None where an option is not given.
    wanted : bool
        Whether `--ct` is given.

    Returns
    -------
    dict or None
        None where Ct values do not count.

    Raises
    ------
    TableError
        Ct values are wanted and there are none.
    InputError
        The table of measured Ct has none.
    """
    given = {name: value for name, value in told.items() if value is not None}
    has_ct = "ct" in pools.columns and pools["ct"].null_count() < pools.height
    if not (wanted or given):
        if has_ct:
            tell(
                "the column ct of POOLS is not used: --ct lets it count 未使用 Ct 值，加 --ct 后计入",
                err=True,
            )
        return None
    if not has_ct:
        raise TableError.of("no_ct", where="pools")
    if "values" in given:
        path = given["values"]
        table = read_with_ct(path)
        values = table["ct"].drop_nulls().drop_nans().to_list() if "ct" in table.columns else []
        if not values:
            raise InputError.of("no_single_ct", where=str(path))
        given["values"] = tuple(values)
    return given


def read_with_ct(path: Path) -> pl.DataFrame:
    """Read a table whose column ct, where it has one, holds cycles or a word for undetermined.

    Raises
    ------
    InputError
        The file cannot be read.
    TableError
        A ct is neither.
    """
    import polars as pl

    from poolpipe.events.clean import parse_ct

    frame = read_frame(path)
    if "ct" not in frame.columns or frame["ct"].dtype.is_numeric():
        return frame
    ct, legible = parse_ct(frame["ct"].cast(pl.String))
    if not legible.all():
        row = int(legible.arg_min() or 0) + 1
        raise TableError.of("bad_ct", where=str(path), row=row)
    return frame.with_columns(ct.alias("ct"))


def with_readings(pools: pl.DataFrame, path: Path | None) -> pl.DataFrame:
    """Add the smallest Ct of each pool to `pools`, controls left out; a pool that the file does not name keeps its own.

    Parameters
    ----------
    pools : polars.DataFrame
        The table of pools.
    path : Path or None
        A table with pool, ct and optionally target; None changes nothing.

    Returns
    -------
    polars.DataFrame

    Raises
    ------
    TableError
        The file has no pool or no ct.
    """
    if path is None:
        return pools
    import polars as pl

    from poolpipe.decode.keys import clean_keys
    from poolpipe.tables import require

    readings = read_with_ct(path)
    require(readings, ("pool", "ct"), table=str(path))
    readings = clean_keys(readings, str(path), ("pool",))
    if "target" in readings.columns:
        target = pl.col("target").fill_null("").str.strip_chars().str.to_uppercase()
        readings = readings.filter(~target.is_in(CONTROLS))
    earliest = readings.group_by("pool").agg(pl.col("ct").min().alias("_read"))
    require(pools, ("pool",), table="pools")
    joined = clean_keys(pools, "pools", ("pool",)).join(
        earliest, on="pool", how="left", maintain_order="left"
    )
    own = pl.col("ct") if "ct" in pools.columns else pl.lit(None, pl.Float64)
    return joined.with_columns(pl.coalesce("_read", own).alias("ct")).drop("_read")
