"""`poolpipe plan`: what a round needs, and whether the labs keep up."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import click

from poolpipe.commands import options
from poolpipe.commands.frames import board, echo_json
from poolpipe.commands.options import POSITIVE, SHARE
from poolpipe.languages import both, language
from poolpipe.terminal.console import show, tell
from poolpipe.words import COLUMN_WORDS, TABLE_WORDS

if TYPE_CHECKING:
    import polars as pl

    from poolpipe.plan import Plan

__all__ = ["plan"]


@click.command(
    name="plan",
    help="Plan a city-wide round: sites, points, samplers, tubes, boxes, plates, kits, protective sets, recalls and "
    "teams, and whether collection outruns the labs hour by hour.\n\n"
    "制订全员核酸筛查计划：场所、采样点、人员、采样管、转运箱、检测板、试剂与防护物资、预计复采人数与小分队，"
    "并逐小时核对采样量是否超过检测能力。\n\n"
    "\b\nExample  例:\n"
    "  poolpipe plan --people 700000 --prevalence 0.0005 --lab 20000 --lab 8000",
)
@click.option("--people", type=click.IntRange(1), required=True, help="People to screen  应筛查人数")
@click.option("--days", type=click.IntRange(1, 60), default=2, show_default=True, help="Days  筛查天数")
@click.option(
    "--hours",
    type=click.IntRange(1, 24),
    default=12,
    show_default=True,
    help="Hours of collection a day  每日采样小时数",
)
@click.option(
    "--prevalence",
    type=SHARE,
    default=0.0005,
    show_default=True,
    help="Share infected  感染者所占比例",
)
@click.option(
    "--lab",
    "labs",
    type=POSITIVE,
    multiple=True,
    help="Tubes a lab tests in 24 h; one option per lab; none: the least that keeps up is assumed  检测机构日检测管数，不给则按够用估算",
)
@click.option(
    "--pool-size",
    type=click.IntRange(1, 100),
    help="Pool size; default the policy's  混样比例，默认依判读规则",
)
@click.option(
    "--policy", metavar="POLICY", help="Preset or TOML file; default ten-in-one  判读规则：预设名或 TOML 文件"
)
@click.option(
    "--rows",
    type=click.IntRange(1),
    default=24,
    show_default=True,
    help="Hours shown; the others are counted  显示的小时数，其余只计数",
)
@options.as_json()
def plan(
    *,
    people: int,
    days: int,
    hours: int,
    prevalence: float,
    labs: tuple[float, ...],
    pool_size: int | None,
    policy: str | None,
    rows: int,
    as_json: bool,
) -> None:
    """Plan and show needs and hours."""
    from poolpipe.plan import Assumptions
    from poolpipe.plan import plan as make_plan
    from poolpipe.policy import load_policy

    figures = {} if pool_size is None else {"pool_size": pool_size}

    made = make_plan(
        people,
        days=days,
        prevalence=prevalence,
        lab_tubes_per_day=labs,
        hours_per_day=hours,
        assumptions=Assumptions.of(load_policy(policy), **figures),
    )
    assumed = made.assumed_tubes_per_day
    if as_json:
        echo_json(
            {
                "schema": "poolpipe.plan/1",
                "needs": made.needs.to_dicts(),
                "hours": _whole(made.hours).to_dicts(),
                "keeps_up": made.keeps_up,
                "lab_gap_tubes_per_day": math.ceil(made.lab_gap_tubes_per_day),
                "finished_h": made.finished_h,
                "assumed_tubes_per_day": assumed if assumed is None else math.ceil(assumed),
            }
        )
        return
    show(
        [
            board(_needs(made.needs), both("Needs", "所需"), rows=40),
            board(
                _hours(made.hours), both("Hour by hour, whole tubes and people", "逐小时（取整）"), rows=rows
            ),
        ]
    )
    _tell_verdict(made)


def _tell_verdict(made: Plan) -> None:
    """Say last, below the hours, whether the labs keep up, and what is missing."""
    if made.assumed_tubes_per_day is not None:
        tell(
            both(
                f"no labs given: {made.assumed_tubes_per_day:,.0f} tubes a day assumed, the least that keeps up and covers "
                "half of the people in a day",
                f"未给检测机构：按每日 {made.assumed_tubes_per_day:,.0f} 管估算",
            )
        )
    verdict = (
        both("the labs keep up", "检测能力足够")
        if made.keeps_up
        else both("collection outruns the labs", "采样超过检测能力")
    )
    last = both(f"last tube tested in hour {made.finished_h}", f"最后一管于第 {made.finished_h} 小时检测")
    tell(verdict + ("；" if language() == "zh" else "; ") + last)
    if made.lab_gap_tubes_per_day and made.assumed_tubes_per_day is None:
        tell(
            both(
                f"borrow {made.lab_gap_tubes_per_day:,.0f} tubes a day, so that half of the people can be tested in a day",
                f"需补充每日 {made.lab_gap_tubes_per_day:,.0f} 管的检测能力",
            )
        )


def _needs(needs: pl.DataFrame) -> pl.DataFrame:
    """The needs in the language of the reader, with what each rests on."""
    import polars as pl

    from poolpipe.messages import in_language

    if language() == "both":
        return needs
    if language() == "en":
        return needs.drop("中文")
    told = needs["basis"].map_elements(in_language, return_dtype=pl.String)
    return needs.select(pl.col("中文").alias("项目"), pl.col("quantity").alias("数量"), told.alias("依据"))


_HOURS = {
    "tested": "已检测",
    "wait_h": "等待小时",
    **{name: COLUMN_WORDS[name] for name in ("hour", "collected", "received", "waiting")},
    "recalls": TABLE_WORDS["recalls"].chinese,
}
"""Columns of the hours to readers of Chinese."""


def _hours(hours: pl.DataFrame) -> pl.DataFrame:

    told = _whole(hours)
    return told.rename(_HOURS) if language() == "zh" else told


def _whole(hours: pl.DataFrame) -> pl.DataFrame:
    """Whole numbers that add up: each the difference of what has come about by its hour, rounded."""
    import polars as pl

    flows = ("collected", "received", "tested", "recalls")
    return hours.with_columns(
        *(
            pl.col(name).cum_sum().round().diff().fill_null(pl.col(name).round()).cast(pl.Int64)
            for name in flows
        ),
        pl.col("waiting").round().cast(pl.Int64),
        pl.col("wait_h").ceil().cast(pl.Int64),
    )
