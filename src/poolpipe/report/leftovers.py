"""What is left of a day: tubes without a result, what somebody must decide, and tomorrow's load."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import polars as pl

from poolpipe.charts.looks import labelled
from poolpipe.pages.pictures import picture_of
from poolpipe.pages.words import Words
from poolpipe.report.curves import count_text
from poolpipe.report.document import NOT_KNOWN, Cell, ReportSection, ReportTable, bounded
from poolpipe.report.drawings import bar_chart
from poolpipe.report.measures import hours_text
from poolpipe.report.places import name_cell
from poolpipe.tables import STATES
from poolpipe.words import LABORATORY_WORDS, RETENTION_WORDS, STATE_WORDS

if TYPE_CHECKING:
    from poolpipe.report.night_tables import NightTables

__all__ = ["decisions_section", "forecast_section", "losses_section"]

_ROWS: Final = 40
_LABORATORIES: Final = 100
_BARS: Final = 30


def losses_section(night: NightTables) -> ReportSection:
    """Make the section of tubes without a result, by the last step they are known from, and by site."""
    title = Words("Losses", "流失")
    lost = night["losses"].filter(pl.col("outcome").is_in(["no_result", "invalid"]))
    if night["losses"].is_empty():
        return ReportSection(
            "losses", title, [Words("No tube was collected on this day.", "当日没有采样记录。")]
        )
    if lost.is_empty():
        return ReportSection(
            "losses", title, [Words("Every tube of the day has a result.", "当日样本管均已出结果。")]
        )
    steps: dict[str, int] = dict(lost.group_by("state").agg(pl.col("tubes").sum()).iter_rows())
    known = [state for state in STATES if state in steps]
    bars = [(Words(*STATE_WORDS[state]), steps[state], f"{steps[state]:,}") for state in known]
    alt = Words("Bars by the last step that is known: {it}.", "按已知的最后环节的条形图：{it}。").both(
        Words(
            "; ".join(f"{STATE_WORDS[state].english} {steps[state]:,}" for state in known),
            "；".join(f"{STATE_WORDS[state].chinese} {steps[state]:,}" for state in known),
        )
    )
    picture = picture_of(alt, lambda language, width: bar_chart(bars, language=language, width=width))
    text = Words(
        "Tubes of the day without a result, by the last step that they are known from.",
        "当日未出结果的样本管，按已知的最后环节。",
    )
    return ReportSection("losses", title, [text], [picture], (), [_lost_by_step(lost), _lost_by_site(lost)])


_LOST_HEADS: Final = (
    Words("No result", "未出结果"), Words("Invalid, to be repeated", "无效待重采"), Words("People", "人数"),
    Words("Oldest waits", "最久等待"),
)  # fmt: skip


def _lost(lost: pl.DataFrame, by: list[str]) -> list[dict[str, Any]]:
    outcomes = (
        pl.col("tubes").filter(pl.col("outcome") == name).sum().alias(name)
        for name in ("no_result", "invalid")
    )
    return (
        lost.group_by(by)
        .agg(*outcomes, pl.col("people").sum(), pl.col("oldest_h").max(), pl.col("tubes").sum())
        .sort("tubes", *by, descending=[True, *(False for _ in by)], nulls_last=True)
        .to_dicts()
    )


def _lost_cells(row: dict[str, Any]) -> list[Cell]:
    return [
        *(count_text(row[name]) for name in ("no_result", "invalid", "people")),
        hours_text(row["oldest_h"]),
    ]


def _lost_by_step(lost: pl.DataFrame) -> ReportTable:
    found = {row["state"]: row for row in _lost(lost, ["state"])}
    rows = [[Words(*STATE_WORDS[state]), *_lost_cells(found[state])] for state in STATES if state in found]
    heads = [Words("Last known step", "最后已知环节"), *_LOST_HEADS]
    return ReportTable(Words("The numbers of this picture", "图中数字"), heads, rows, "losses", behind=True)


def _lost_by_site(lost: pl.DataFrame) -> ReportTable:
    rows = [
        [name_cell(row["site"]), name_cell(row["lab"]), *_lost_cells(row)]
        for row in _lost(lost, ["site", "lab"])
    ]
    shown, left = bounded(rows, _ROWS)
    heads = [Words("Site", "采样点"), Words("Laboratory", "检测机构"), *_LOST_HEADS]
    return ReportTable(
        Words("Sites with the most", "流失最多的采样点"), heads, shown, "losses", left, texts=2
    )


def forecast_section(night: NightTables) -> ReportSection:
    """Make the section of tomorrow: tubes expected by laboratory, and those that would wait."""
    title = Words("Tomorrow", "明日预测")
    forecast = night["forecast"]
    if forecast.is_empty():
        return ReportSection(
            "forecast",
            title,
            [
                Words(
                    "No laboratory worked on this day: nothing is forecast.",
                    "当日没有检测机构有业务，无从预测。",
                )
            ],
        )
    days = int(forecast["days"].max())  # type: ignore[arg-type]  # a count
    labs = (
        forecast.group_by("lab")
        .agg(
            *(pl.col(name).sum() for name in ("received", "least", "most")), pl.col("capacity").sum(),
            pl.col("capacity").null_count().alias("unrated"), pl.col("waiting").max(),
            pl.col("hour").sort_by("waiting", "hour", descending=[True, False]).first().alias("worst"),
        )
        .sort("received", "lab", descending=[True, False], nulls_last=True)
        .to_dicts()
    )  # fmt: skip
    text = Words(
        f"Tubes that each laboratory will receive on {forecast['for_date'][0]}: the mean of that hour over the days in the file "
        "({{days}}). No trend and no weekday: a plan is better where there is one.",
        f"各检测机构 {forecast['for_date'][0]} 预计签收管数：按小时取文件中最近 {{days}} 天的平均。"
        "不含趋势与星期因素：有计划时以计划为准。",
    ).filled(days=days)
    names = labelled((row["lab"] for row in labs[:_BARS]), "")
    bars = [
        (Words(name, name) if name else _told(None), row["received"], f"{row['received']:,.0f}")
        for name, row in zip(names, labs, strict=False)
    ]
    ranges = [(row["least"], row["most"]) for row in labs[:_BARS]] if days > 1 else []
    texts = [text]
    if ranges:
        texts.append(
            Words(
                "The black line goes from the sum of the least to that of the most of each hour.",
                "黑线自各小时最小值之和至最大值之和。",
            )
        )
    alt = Words(
        "Bars: {tubes} tubes expected at {labs} laboratories; {shown} drawn.",
        "条形图：{labs} 家检测机构预计共 {tubes} 管；绘出 {shown} 家。",
    ).filled(tubes=round(sum(row["received"] for row in labs)), labs=len(labs), shown=len(bars))
    picture = picture_of(
        alt, lambda language, width: bar_chart(bars, language=language, width=width, ranges=ranges)
    )
    rows: list[list[Cell]] = [
        [
            name_cell(row["lab"]), *(count_text(row[name]) for name in ("received", "least", "most")),
            NOT_KNOWN if row["unrated"] else count_text(row["capacity"]), count_text(row["waiting"]),
            NOT_KNOWN if row["waiting"] is None else f"{row['worst']:02d}–{row['worst'] + 1:02d}",
        ]
        for row in labs
    ]  # fmt: skip
    shown, left = bounded(rows, _LABORATORIES)
    heads = [
        Words("Laboratory", "检测机构"), Words("Expected", "预计"), Words("Least", "最少"), Words("Most", "最多"),
        Words("Capacity a day", "日检测能力"), Words("Most waiting", "最多待检"), Words("In the hour", "所在时段"),
    ]  # fmt: skip
    table = ReportTable(Words("The numbers of this picture", "图中数字"), heads, shown, "forecast", left)
    return ReportSection("forecast", title, texts, [picture], (), [table])


def _told(lab: str | None) -> Words:
    cell = name_cell(lab)
    return cell if isinstance(cell, Words) else Words(cell, cell)


_CHECKS: Final = {
    "positives": Words("positive and suspect pools", "阳性与可疑混管"),
    "retests": Words("of these, with a positive single", "其中单采检出阳性的混管"),
    "findings": Words("positive pools of somebody found before", "已知阳性者所在的阳性混管"),
    "clusters": Words("pools with several positive singles", "单采多人阳性的混管"),
}


def decisions_section(night: NightTables) -> ReportSection:
    """Make the section of what somebody must decide: pools nobody explains, positives in doubt, tubes to be discarded."""
    unexplained, doubts = night["unexplained_pools"], night["suspected_false_alarms"]
    texts = [
        Words("Pools whose singles are all negative: {n}.", "单采全部阴性、原因不明的混管：{n} 管。").filled(
            n=unexplained.height
        )
    ]
    if "nightly_no_false_alarms" in night.noted:
        texts.append(Words("No tests of false alarms are kept.", "没有假阳性统计。"))
    else:
        texts.append(
            Words(
                "Positives that the laboratory may explain: {n} findings.", "可能由实验室造成的阳性：{n} 项。"
            ).filled(n=doubts.height)
        )
    tables = [
        each
        for each in (_unexplained(unexplained), _doubts(doubts), _retention(night), _expected(night))
        if each is not None
    ]
    return ReportSection("decisions", Words("To be decided", "待处理"), texts, (), (), tables)


def _unexplained(found: pl.DataFrame) -> ReportTable | None:
    if found.is_empty():
        return None
    rows: list[list[Cell]] = [
        [
            name_cell(row["tube"]), name_cell(row["lab"]), row["plate"] or NOT_KNOWN, row["well"] or NOT_KNOWN,
            count_text(row["people"]), hours_text(row["hours_to_last_single"]),
        ]
        for row in found.sort("hours_to_last_single", "tube", descending=[True, False]).to_dicts()
    ]  # fmt: skip
    shown, left = bounded(rows, _ROWS)
    heads = [
        Words("Tube", "样本管"), Words("Laboratory", "检测机构"), Words("Plate", "检测板"), Words("Well", "孔"),
        Words("People", "人数"), Words("To the last single", "至末次单采"),
    ]  # fmt: skip
    title = Words("Pools whose singles are all negative", "单采全部阴性的混管")
    return ReportTable(title, heads, shown, "unexplained_pools", left, texts=4)


def _doubts(found: pl.DataFrame) -> ReportTable | None:
    if found.is_empty():
        return None
    rows: list[list[Cell]] = [
        [
            Words(*LABORATORY_WORDS.get(row["subject_kind"], (row["subject_kind"],) * 2)), name_cell(row["subject"]),
            name_cell(row["lab"]), count_text(row["seen"]), NOT_KNOWN if row["expected"] is None else f"{row['expected']:.1f}",
            count_text(row["tubes"]),
        ]
        for row in found.sort("tubes", "subject", descending=[True, False]).to_dicts()
    ]  # fmt: skip
    shown, left = bounded(rows, _ROWS)
    heads = [
        Words("What", "对象"), Words("Which", "编号"), Words("Laboratory", "检测机构"), Words("Seen", "实见"),
        Words("Expected", "预期"), Words("Tubes to repeat", "应复检管数"),
    ]  # fmt: skip
    title = Words("Positives that the laboratory may explain", "可能由实验室造成的阳性")
    return ReportTable(title, heads, shown, "suspected_false_alarms", left, texts=3)


def _retention(night: NightTables) -> ReportTable | None:
    """Kept tubes that may go until the end of tomorrow, by laboratory."""
    due = night["retention_due"].sort(
        "tubes", "lab", "status", descending=[True, False, False], nulls_last=True
    )
    if due.is_empty():
        return None
    rows: list[list[Cell]] = [
        [name_cell(row["lab"]), Words(*RETENTION_WORDS[row["status"]]), count_text(row["tubes"])]
        for row in due.to_dicts()
    ]
    shown, left = bounded(rows, _ROWS)
    heads = [Words("Laboratory", "检测机构"), Words("Status", "状态"), Words("Tubes", "管数")]
    title = Words("Kept tubes that may be discarded until the end of tomorrow", "明日终前可弃置的留样")
    return ReportTable(title, heads, shown, "retention_due", left, texts=2)


def _expected(night: NightTables) -> ReportTable | None:
    """Found beside expected positives of the day's pools."""
    checks = night["expected_positives"].sort("subject").to_dicts()
    if not checks:
        return None
    rows: list[list[Cell]] = [
        [
            _CHECKS.get(row["subject"], Words(row["subject"], row["subject"])), count_text(row["found"]), f"{row['expected']:,.1f}",
            f"{row['lower']:,.0f}–{row['upper']:,.0f}",
            Words("outside", "超出范围") if row["is_outside"] else Words("inside", "在范围内"),
        ]
        for row in checks
    ]  # fmt: skip
    heads = [
        Words("What", "对象"), Words("Found", "实见"), Words("Expected", "预期"), Words("95 of 100 lie in", "95 % 范围"),
        Words("Verdict", "判断"),
    ]  # fmt: skip
    title = Words("Found beside expected, of the day's pools", "实见与预期（当日混管）")
    return ReportTable(title, heads, rows, "expected_positives")
