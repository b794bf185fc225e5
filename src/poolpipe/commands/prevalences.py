"""Draw the board of `poolpipe design prevalence`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from poolpipe.languages import both
from poolpipe.terminal.marks import Board, frame, plain

if TYPE_CHECKING:
    import polars as pl

__all__ = ["prevalence_board"]

_LEFT_OUT: Final = {
    "singles": ("singles", "单采"),
    "no_result": ("no result", "无结果"),
    "no_people": ("no people", "无人数"),
}


def prevalence_board(found: pl.DataFrame, by: tuple[str, ...], confidence: float) -> Board:
    """Lay estimates out in per cent, a row per stratum; the estimators firth and gart are in `--out` and `--json` only.

    Parameters
    ----------
    found : polars.DataFrame
        As `poolpipe.design.prevalence` returns it.
    by : tuple of str
        Columns that make the strata.
    confidence : float
        That of the interval, above 0 and below 1.

    Returns
    -------
    Board
    """
    title = (
        f"{both('Prevalence', '流行率')} · {found['method'][0]} {confidence:.4g} {both('interval', '区间')} · "
        f"{both('more with --json', '其余列见 --json')}"
    )
    table = frame(title, tight=True)
    for name in by:
        table.add_column(plain(name), overflow="fold", min_width=min(12, _longest(found[name])))
    for heading in (
        "prevalence\n流行率",
        "interval\n置信区间",
        "pools\n管数",
        "positive\n阳性管",
        "people\n人数",
    ):
        table.add_column(heading, justify="right", no_wrap=True)
    table.add_column("left out\n未计入", overflow="fold")
    for row in found.iter_rows(named=True):
        out = ", ".join(f"{row[name]:,} {both(*told)}" for name, told in _LEFT_OUT.items() if row[name])
        table.add_row(
            *(plain("-" if row[name] is None else str(row[name])) for name in by),
            _share(row["prevalence"]),
            "-" if row["lower"] is None else f"{_share(row['lower'])}–{_share(row['upper'])}",
            *(f"{row[name]:,}" for name in ("pools", "positive", "people")),
            out or "-",
        )
    return table


def _longest(values: pl.Series) -> int:
    return max((len(str(value)) for value in values), default=1)


def _share(share: float | None) -> str:
    """A share in per cent: two decimals, and from below 0.1% on two digits."""
    if share is None:
        return "-"
    percent = 100 * share
    return f"{percent:.2f}%" if percent >= 0.1 or percent == 0 else f"{percent:.2g}%"
