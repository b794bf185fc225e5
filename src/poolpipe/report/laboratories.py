"""Laboratories: what each received, loaded and reported, how near its control charts came to their limits, and what rang."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, Final

import polars as pl

from poolpipe.charts.looks import labelled
from poolpipe.pages.pictures import picture_of
from poolpipe.pages.words import Words, clock_time, masked_text
from poolpipe.report.curves import count_text
from poolpipe.report.document import NOT_KNOWN, NUMBER_HIDDEN, Cell, ReportSection, ReportTable, bounded
from poolpipe.report.drawings import Line, line_chart, strip_chart
from poolpipe.report.places import name_cell

if TYPE_CHECKING:
    from collections.abc import Callable

    import altair as alt

    from poolpipe.charts.looks import Language
    from poolpipe.pages.pictures import Picture
    from poolpipe.report.night_tables import NightTables

__all__ = ["laboratories_section"]

_CHARTS: Final = {
    "control_ct": Words("Ct of controls", "质控 Ct"),
    "internal_control": Words("internal control", "内参"),
    "target_difference": Words("one target beside another", "靶标间 Ct 差"),
    "single_target": Words("single-target positives", "单靶阳性"),
    "positivity": Words("positives found", "阳性数"),
    "contradiction": Words("report against reading", "报告与 Ct 值不符"),
}
_DIRECTIONS: Final = {"up": Words("up", "上升"), "down": Words("down", "下降")}

_ROWS: Final = 100
_STRIPS: Final = 30
_DRAWN: Final = 4
_POINTS: Final = 200
"""The most laboratories of the table and of the strip, charts that are drawn, and points of each."""


def laboratories_section(night: NightTables) -> ReportSection:
    """Make the section of the laboratories.

    Parameters
    ----------
    night : NightTables

    Returns
    -------
    ReportSection
        A strip of all laboratories, a chart of each of the first that rang, and their numbers.
    """
    title = Words("Laboratories", "检测机构")
    shares = _shares(night)
    if night["laboratory_load"].is_empty() and shares.is_empty():
        return ReportSection(
            "laboratories", title, [Words("No laboratory worked on this day.", "当日没有检测机构有业务。")]
        )
    texts, pictures = [], []
    if shares.is_empty():
        texts.append(Words("No laboratory was charted on this day.", "当日没有检测机构的控制图。"))
    else:
        texts.append(
            Words(
                "A row a laboratory, a cell an hour: the darker, the nearer its control charts came to their limits; a triangle "
                "where one rang. Nothing is drawn in hours without a value.",
                "每行一家检测机构，每格一小时：颜色越深，控制图越接近控制限；三角为报警。没有数值的小时不绘。",
            )
        )
        pictures.append(_strip(night, shares))
    pictures += _alarms(night)
    if "nightly_no_controls" in night.noted:
        texts.append(
            Words(
                "Charts of Ct are missing: a result tells no readings of controls.",
                "缺少 Ct 控制图：结果文件夹无质控扩增结果。",
            )
        )
    return ReportSection("laboratories", title, texts, pictures, (), [_table(night, shares), *_rang(night)])


def _limits(night: NightTables) -> dict[str, tuple[float, float]]:
    """Limits of each chart, of rises and of falls."""
    drift = night.rules["drift"]
    ct = (drift["limit"], drift["limit_down"])
    return {
        "control_ct": ct, "internal_control": ct, "target_difference": (drift["difference_limit"],) * 2,
        "single_target": (drift["single_limit"],) * 2, "positivity": (drift["call_limit"],) * 2,
    }  # fmt: skip


def _shares(night: NightTables) -> pl.DataFrame:
    """The charts with how near each value is to its limit: chart, lab, stratum, at (local), hour, share."""
    limits = _limits(night)
    charts = night["control_charts"].filter(pl.col("chart").is_in(list(limits)))
    up, down = (
        pl.col("chart").replace_strict({name: each[side] for name, each in limits.items()}) for side in (0, 1)
    )
    at = pl.col("charted_at").dt.convert_time_zone(night.zone)
    return charts.with_columns(
        at.alias("at"), at.dt.hour().cast(pl.Int64).alias("hour"),
        pl.max_horizontal(pl.col("up") / up, pl.col("down") / down).alias("share"),
    ).drop_nulls("share")  # fmt: skip


def _strip(night: NightTables, shares: pl.DataFrame) -> Picture:
    """Laboratories by hour, those that rang and those nearest to a limit first."""
    alarms = night["lab_drift"].with_columns(
        pl.col("rang_at").dt.convert_time_zone(night.zone).dt.hour().cast(pl.Int64).alias("hour")
    )
    rang = set(alarms.select("subject", "hour").iter_rows())
    hours = shares.group_by("lab", "hour").agg(pl.col("share").max())
    ringing = pl.col("lab").is_in(alarms["subject"].unique().to_list())
    order = (
        hours.group_by("lab")
        .agg(pl.col("share").max())
        .sort(ringing, "share", "lab", descending=[True, True, False])
    )
    labs = order["lab"].to_list()[:_STRIPS]
    known = {(row["lab"], row["hour"]): row["share"] for row in hours.to_dicts()}
    labels = dict(zip(labs, labelled(labs, "–"), strict=True))
    cells = [
        (labels[lab], hour, known.get((lab, hour), 1.0), (lab, hour) in rang)
        for lab in labs
        for hour in range(24)
        if (lab, hour) in known or (lab, hour) in rang
    ]
    alt = Words(
        "Squares by laboratory and hour: {labs} laboratories charted, {shown} drawn, {rang} of them rang.",
        "按检测机构与小时排列的方格：有控制图 {labs} 家，绘出 {shown} 家，报警 {rang} 家。",
    ).filled(labs=order.height, shown=len(labs), rang=len({lab for lab, _ in rang}))
    chart = partial(strip_chart, cells, title=Words("hour of the day", "时刻（时）"))
    return picture_of(alt, lambda language, width: chart(language=language, width=width))


def _alarms(night: NightTables) -> list[Picture]:
    """The chart of each of the first alarms: its sums as a share of their limits."""
    limits, drawn = _limits(night), set[tuple[str, str]]()
    pictures: list[Picture] = []
    for alarm in night["lab_drift"].sort("rang_at", "subject", "chart").to_dicts():
        key = (alarm["subject"], alarm["chart"])
        points = (
            night["control_charts"].filter(pl.col("lab") == key[0], pl.col("chart") == key[1]).sort("place")
        )
        if key in drawn or key[1] not in limits or points.is_empty() or len(pictures) == _DRAWN:
            continue
        drawn.add(key)
        high, low = limits[key[1]]
        local = points["charted_at"].dt.convert_time_zone(night.zone)
        hours = (local.dt.hour() + local.dt.minute() / 60).to_list()
        step = max(1, -(-points.height // _POINTS))
        kept = [
            number for number in range(points.height) if number % step == 0 or number == points.height - 1
        ]
        lines = [
            Line(told, [(hours[at], 100 * sums[at] / limit if sums[at] is not None else None) for at in kept])
            for told, sums, limit in (
                (Words("rises, % of the limit", "上升（占控制限 %）"), points["up"].to_list(), high),
                (Words("falls, % of the limit", "下降（占控制限 %）"), points["down"].to_list(), low),
            )
        ]
        lines.append(Line(Words("limit", "控制限"), [(0, 100), (24, 100)]))
        name, kind = masked_text(key[0], show_ids=False), _CHARTS[key[1]]
        alt = Words(
            f"Control chart of {name}, {kind.english}: it rang at {clock_time(alarm['rang_at'], night.zone)}.",
            f"{name} 的控制图（{kind.chinese}）：{clock_time(alarm['rang_at'], night.zone)} 报警。",
        )
        chart = partial(
            line_chart, lines, title=Words(f"{name}, {kind.english}: hour of the day", f"{name} · {kind.chinese}：时刻（时）"),
            ticks=list(range(0, 25, 2)), height=200,
        )  # fmt: skip
        pictures.append(picture_of(alt, _drawer(chart)))
    return pictures


def _drawer(chart: Callable[..., alt.LayerChart]) -> Callable[[Language, int], alt.LayerChart]:
    return lambda language, width: chart(language=language, width=width)


def _table(night: NightTables, shares: pl.DataFrame) -> ReportTable:
    """Laboratories, those that rang first, then those with the most wells for their capacity."""
    load = night["laboratory_load"].group_by("lab").agg(
        *(pl.col(name).sum() for name in ("received", "loaded", "reported")),
        pl.col("waiting").sort_by("hour").last(), (pl.col("capacity").max() * 24).alias("capacity"),
    )  # fmt: skip
    found = {
        row["lab"]: row
        for row in night["positivity"].filter(pl.col("level") == "lab", pl.col("mode") == "pool").to_dicts()
    }
    nearest: dict[str, Any] = dict(shares.group_by("lab").agg(pl.col("share").max()).iter_rows())
    rang = set(night["lab_drift"]["subject"].to_list())

    def order(row: dict[str, Any]) -> tuple[bool, float, str]:
        used = row["loaded"] / row["capacity"] if row["capacity"] else 0.0
        return row["lab"] not in rang, -used, row["lab"] or "\uffff"

    rows: list[list[Cell]] = []
    for row in sorted(load.to_dicts(), key=order):
        positive = found.get(row["lab"])
        lab = row["lab"]
        state = (
            Words("rang", "报警") if lab in rang else Words("quiet", "正常") if lab in nearest else NOT_KNOWN
        )
        rows.append([
            name_cell(lab), *(count_text(row[name]) for name in ("received", "loaded", "reported", "waiting", "capacity")),
            f"{100 * row['loaded'] / row['capacity']:,.0f} %" if row["capacity"] else NOT_KNOWN,
            count_text(positive["tubes"]) if positive else NOT_KNOWN, _found(positive), state,
        ])  # fmt: skip
    shown, left = bounded(rows, _ROWS)
    heads = [
        Words("Laboratory", "检测机构"), Words("Received", "签收"), Words("Loaded", "上机"), Words("Reported", "报告"),
        Words("Waiting at the end", "日末待检"), Words("Capacity a day", "日检测能力"), Words("Used", "占用"),
        Words("Pools with a result", "混管出结果"), Words("Positive or suspect (95 %)", "阳性或可疑（95 % 区间）"),
        Words("Control charts", "控制图"),
    ]  # fmt: skip
    sources = "laboratory_load, positivity, control_charts, lab_drift"
    return ReportTable(Words("Laboratories", "各检测机构"), heads, shown, sources, left)


def _found(row: dict[str, Any] | None) -> Cell:
    if row is None:
        return NOT_KNOWN
    if row["is_hidden"]:
        return NUMBER_HIDDEN
    return f"{row['positive']:,} ({100 * row['lower']:.1f}–{100 * row['upper']:.1f} %)"


def _rang(night: NightTables) -> list[ReportTable]:
    """What rang, in the order of time."""
    alarms = night["lab_drift"].sort("rang_at", "subject", "chart").to_dicts()
    if not alarms:
        return []
    rows: list[list[Cell]] = [
        [
            name_cell(row["subject"]), _CHARTS.get(row["chart"], Words(row["chart"], row["chart"])),
            _DIRECTIONS.get(row["direction"], row["direction"] or NOT_KNOWN),
            clock_time(row["since"], night.zone), clock_time(row["rang_at"], night.zone),
            count_text(row["counted"]), NOT_KNOWN if row["shift"] is None else f"{row['shift']:.2f}",
        ]
        for row in alarms
    ]  # fmt: skip
    shown, left = bounded(rows, _ROWS)
    heads = [
        Words("Laboratory", "检测机构"), Words("Chart", "控制图"), Words("Direction", "方向"), Words("Since", "起始"),
        Words("Rang", "报警"), Words("Values since", "其后数值"), Words("Shift", "偏移"),
    ]  # fmt: skip
    return [ReportTable(Words("What rang", "报警"), heads, shown, "lab_drift", left, texts=3)]
