"""Westgard's rules, as laboratories know them, on the charts of their controls: their own view, no alarm of the city.

Westgard, Barry, Hunt and Groth 1981. With hundreds of plates a day 1-3s rings about once in 370 plates for nothing.
"""

from __future__ import annotations

import polars as pl

__all__ = ["RULES", "broken_rules_of"]

RULES = ("1-3s", "2-2s", "4-1s", "10x")


def broken_rules_of(charts: pl.DataFrame) -> pl.DataFrame:
    """Tell for each plate which of Westgard's rules its control breaks.

    Parameters
    ----------
    charts : DataFrame
        As `finding.CHARTS`; only `control_ct` is looked at.

    Returns
    -------
    DataFrame
        lab, at, plate, value, z, rule: 1-3s (beyond 3 standard deviations), 2-2s (two in a row beyond 2 on one side), 4-1s
        (four beyond 1), 10x (ten on one side); a row a plate and rule.
    """
    told = charts.filter((pl.col("chart") == "control_ct") & pl.col("z").is_not_null())
    z = pl.col("z")
    rules = {
        "1-3s": z.abs() > 3,
        "2-2s": _in_a_row(z > 2, 2) | _in_a_row(z < -2, 2),
        "4-1s": _in_a_row(z > 1, 4) | _in_a_row(z < -1, 4),
        "10x": _in_a_row(z > 0, 10) | _in_a_row(z < 0, 10),
    }
    broken = told.with_columns(when.over("lab").alias(name) for name, when in rules.items())
    columns = ("lab", "at", "plate", "value", "z")
    parts = [broken.filter(name).select(*columns, pl.lit(name).alias("rule")) for name in RULES]
    return pl.concat(parts).sort("lab", "at", "plate", "rule")


def _in_a_row(is_so: pl.Expr, count: int) -> pl.Expr:
    return is_so.cast(pl.Int32).rolling_sum(count).fill_null(0) == count
