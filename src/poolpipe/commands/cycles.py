"""Options of `decode` by which Ct values count as evidence: the law of the laboratory's Ct, and a file of readings."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from poolpipe.commands.frames import read_frame
from poolpipe.commands.options import POSITIVE
from poolpipe.errors import InputError, TableError
from poolpipe.languages import both
from poolpipe.terminal.console import tell

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import polars as pl

__all__ = ["cycle_options", "cycles_told", "read_with_ct", "with_readings"]

MOST_NAMED = 10
"""The most pools or targets that are named in a message; the others are counted."""


def cycle_options(command: Callable[..., None]) -> Callable[..., None]:
    """Add the options to a command; they arrive as ct, readings, targets, ct_mean, ct_sd, ct_limit, ct_noise and ct_values."""
    file = click.Path(path_type=Path, dir_okay=False)
    options = (
        click.option(
            "--ct",
            is_flag=True,
            help="Let the column ct of POOLS count as evidence  将 POOLS 的 ct 列计为证据",
        ),
        click.option(
            "--readings",
            type=file,
            help="Table of pool, ct and perhaps target: the earliest of a pool counts, IC apart (--ct)"
            "  各管 Ct 值的表（pool、ct，可有 target）：取每管最早的，内标除外；同时启用 --ct",
        ),
        click.option(
            "--target",
            "targets",
            multiple=True,
            default=("ORF1ab", "N"),
            show_default=True,
            help="Target of the virus in --readings, again for each  --readings 中的病毒靶标，可重复给出",
        ),
        click.option(
            "--ct-mean", type=POSITIVE, help="Mean Ct of single positives, default 27  单检阳性 Ct 均值"
        ),
        click.option(
            "--ct-sd", type=POSITIVE, help="Their standard deviation, default 5  单检阳性 Ct 的标准差，默认 5"
        ),
        click.option(
            "--ct-values",
            type=file,
            help="Table with a column ct: the laboratory's own single positives  含 ct 列的表：本机构单检阳性的实测 Ct 值",
        ),
        click.option(
            "--ct-limit",
            type=POSITIVE,
            help="Largest Ct that is detected, default 40  判为检出的最大 Ct 值，默认 40",
        ),
        click.option(
            "--ct-noise",
            type=POSITIVE,
            help="Scatter of a pool's Ct, default 1 cycle  混管 Ct 值的离散程度，默认 1 个循环",
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
    TableError
        A measured Ct is 0, above 100, or later than the limit: it is no single positive.
    """
    given = {name: value for name, value in told.items() if value is not None}
    has_ct = "ct" in pools.columns and pools["ct"].null_count() < pools.height
    if not (wanted or given):
        if has_ct:
            tell(
                both(
                    "the column ct of POOLS is not used: --ct lets it count", "未使用 Ct 值，加 --ct 后计入"
                ),
                err=True,
            )
        return None
    if not has_ct:
        raise TableError.of("no_ct", where="pools")
    if "values" in given:
        given["values"] = _single_cycles(given["values"], given.get("limit"))
    return given


def _single_cycles(path: Path, limit: float | None) -> tuple[float, ...]:
    """The laboratory's own Ct of single positives, none of them later than the limit of detection."""
    import polars as pl

    from poolpipe.decode.assays import Cycles

    table = read_with_ct(path, counts=True)
    ct = table["ct"].cast(pl.Float64).fill_nan(None) if "ct" in table.columns else None
    if ct is None or ct.null_count() == ct.len():
        raise InputError.of("no_single_ct", where=str(path))
    limit = Cycles().limit if limit is None else limit
    late = (ct > limit).fill_null(value=False)
    if late.any():
        row = int(late.arg_max() or 0)
        raise TableError.of(
            "late_single_ct", where=str(path), row=row + 1, ct=f"{ct[row]:g}", limit=f"{limit:g}"
        )
    return tuple(ct.drop_nulls().to_list())


def read_with_ct(path: Path, *, counts: bool = False) -> pl.DataFrame:
    """Read a table whose column ct, where it has one, holds cycles or a word for undetermined.

    Parameters
    ----------
    path : Path
        The file.
    counts : bool
        Whether every Ct of it counts as evidence: then 0 and numbers above 100 are refused.

    Returns
    -------
    polars.DataFrame

    Raises
    ------
    InputError
        The file cannot be read.
    TableError
        A ct is neither.
    """
    import polars as pl

    from poolpipe.decode.assays import HIGHEST_CT
    from poolpipe.events.clean import parse_ct

    frame = read_frame(path)
    if "ct" not in frame.columns:
        return frame
    ct, legible = frame["ct"], pl.repeat(value=True, n=frame.height, eager=True)
    if not ct.dtype.is_numeric():
        ct, legible = parse_ct(ct.cast(pl.String))
    if counts:
        number = ct.cast(pl.Float64).fill_nan(None)
        legible &= ((number > 0) & (number <= HIGHEST_CT)).fill_null(value=True)
    if not legible.all():
        row = int(legible.arg_min() or 0) + 1
        raise TableError.of("bad_ct", where=str(path), row=row)
    return frame.with_columns(ct.alias("ct"))


def with_readings(pools: pl.DataFrame, path: Path | None, targets: Sequence[str]) -> pl.DataFrame:
    """Add the smallest Ct of each pool to `pools`, controls left out; a pool that the file does not name keeps its own.

    What the file holds and is not used, and a Ct that is replaced, is named on stderr.

    Parameters
    ----------
    pools : polars.DataFrame
        The table of pools.
    path : Path or None
        A table with pool, ct and optionally target; None changes nothing.
    targets : sequence of str
        Targets of the virus, whose readings count.

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

    from poolpipe.decode.keys import clean_keys, comparable
    from poolpipe.tables import require

    readings = read_with_ct(path, counts=True)
    require(readings, ("pool", "ct"), table=str(path))
    require(pools, ("pool",), table="pools")
    readings, pools = clean_keys(readings, str(path), ("pool",)), clean_keys(pools, "pools", ("pool",))
    if "target" in readings.columns:
        readings = _of_the_virus(readings, path, targets)
    read, index = comparable(readings["pool"], pools["pool"])
    earliest = readings.with_columns(read).group_by("pool").agg(pl.col("ct").min().alias("_read"))
    strange = earliest.filter(~pl.col("pool").is_in(index.implode()))["pool"].sort()
    _tell_named(
        both(
            "readings of pools that POOLS does not hold are not used", "扩增结果所属的管不在 POOLS 中，未计入"
        ),
        path,
        strange,
    )
    joined = pools.with_columns(index).join(earliest, on="pool", how="left", maintain_order="left")
    own = pl.col("ct") if "ct" in pools.columns else pl.lit(None, pl.Float64)
    other = joined.filter((own != pl.col("_read")).fill_null(value=False))["pool"]
    _tell_named(
        both("their Ct differs from column ct of POOLS and counts", "与 POOLS 的 ct 列不同，以此文件为准"),
        path,
        other,
    )
    return joined.with_columns(pl.coalesce("_read", own).alias("ct")).drop("_read")


def _of_the_virus(readings: pl.DataFrame, path: Path, targets: Sequence[str]) -> pl.DataFrame:
    """Readings of `targets`, in the spellings that `import` takes; targets that are neither these nor a control are named."""
    import polars as pl

    from poolpipe.import_policy import ImportPolicy
    from poolpipe.instruments.targets import expected_target

    control = ImportPolicy().internal_control
    policy = ImportPolicy(expected_targets=(*targets, control))
    names = readings["target"].cast(pl.String).fill_null("")
    meaning = {name: expected_target(name, policy) for name in names.unique(maintain_order=True)}
    unknown = pl.Series([name for name, target in meaning.items() if target is None], dtype=pl.String)
    _tell_named(
        both(
            "targets that are not known are not used; --target NAME lets one count",
            "未知靶标未计入，可用 --target 指明",
        ),
        path,
        unknown,
    )
    virus = [name for name, target in meaning.items() if target not in (None, control)]
    return readings.filter(names.is_in(virus))


def _tell_named(what: str, path: Path, names: pl.Series) -> None:
    """Name up to ten pools or targets of a file on stderr, and count the others."""
    if names.len():
        more = f", … +{names.len() - MOST_NAMED:,}" if names.len() > MOST_NAMED else ""
        tell(f"{path}: {what}: {', '.join(map(repr, names.head(MOST_NAMED)))}{more}", err=True)
