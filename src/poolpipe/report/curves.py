"""The six-hour curve of the recalls, and the hours of a day from swab to report; each with its table."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, Final

import polars as pl

from poolpipe.pages.pictures import picture_of
from poolpipe.pages.words import Words
from poolpipe.report.document import NOT_KNOWN, Cell, ReportSection, ReportTable
from poolpipe.report.drawings import Line, line_chart
from poolpipe.report.measures import CLOCK_WORDS, clock_limit, hours_text
from poolpipe.report.places import name_cell
from poolpipe.words import EVENT_WORDS, STATE_WORDS

if TYPE_CHECKING:
    from poolpipe.report.night_tables import NightTables

__all__ = ["count_text", "flow_section", "recall_section", "step_words"]

_STEPS: Final = {
    **{step: Words(told.english.capitalize(), told.chinese) for step, told in EVENT_WORDS.items()},
    "deliver": Words("Deliver", "送达"),
    "recollect": Words("Sample again", "重新采样"),
    "all": Words("All of it", "全程"),
}
"""Steps of the marts `turnaround`, `recall_steps` and `breaches`, which number them in their order."""

_LABORATORIES: Final = 40


def step_words(step: str) -> Words:
    """What a step is called; its number, and a step that is not known, stand as they are."""
    name = step.rpartition(" ")[2]
    return _STEPS.get(name, Words(step, step))


def count_text(number: float | None) -> str:
    """Write a count; a dash for None."""
    return NOT_KNOWN if number is None else f"{number:,.0f}"


def recall_section(night: NightTables) -> ReportSection:
    """Make the section of the recalls: people sampled again and closed by the time since their pool's result."""
    title = Words("Recalls against six hours", "复采进度与六小时时限")
    curve = night["recall_curve"].sort("minutes")
    people = int(curve["people"].max() or 0) if curve.height else 0  # type: ignore[arg-type]  # a count
    if not people:
        return ReportSection(
            "recalls", title, [Words("Nobody was to be recalled on this day.", "当日无人需复采。")]
        )
    limit = float(night.rules["clocks"]["recall"])
    lines = [
        Line(name, [(row["minutes"] / 60, row[column]) for row in curve.to_dicts()])
        for name, column in (
            (Words("recalled", "应复采"), "people"),
            (Words("sampled again", "已复采"), "recollected"),
            (Words("with the single's result", "已出单采结果"), "closed"),
        )
    ]
    at_limit = curve.filter(pl.col("minutes") <= limit * 60).row(-1, named=True)
    alt = Words(
        "Lines over the hours since the pool's result: of {people} people {again} were sampled again and {closed} had a result "
        "within {hours} hours.",
        "自混管出结果起的曲线：{people} 人中，{hours} 小时内重新采样 {again} 人，已出单采结果 {closed} 人。",
    ).filled(people=people, again=at_limit["recollected"], closed=at_limit["closed"], hours=f"{limit:g}")
    chart = partial(
        line_chart, lines, title=Words("hours after the pool's result", "混管出结果后（小时）"),
        ticks=list(range(max(curve["minutes"].to_list()) // 60 + 1)),
        limit=(limit, Words(f"{limit:g} h", f"{limit:g} 小时")),
    )  # fmt: skip
    picture = picture_of(alt, lambda language, width: chart(language=language, width=width))
    half = curve.filter(pl.col("minutes") % 30 == 0)
    behind = ReportTable(
        Words("The numbers of this picture", "图中数字"),
        [Words("Minutes", "分钟"), Words("Recalled", "应复采"), Words("Sampled again", "已复采"), Words("With a result", "已出结果")],
        [[f"{row[name]:,}" for name in ("minutes", "people", "recollected", "closed")] for row in half.to_dicts()],
        "recall_curve", curve.height - half.height, behind=True,
    )  # fmt: skip
    text = Words(
        "People recalled from positive and suspect pools. The line of results must reach the top before the dotted line.",
        "阳性与可疑混管中需复采的人员。“已出单采结果”线应在虚线之前到达顶端。",
    )
    return ReportSection("recalls", title, [text], [picture], (), [behind, _recall_steps(night)])


def _recall_steps(night: NightTables) -> ReportTable:
    """Steps of the city, and the whole of each laboratory with the most late recalls first."""
    steps = night["recall_steps"]
    city = steps.filter(pl.col("level") == "city").sort("step").to_dicts()
    laboratories = (
        steps.filter(pl.col("level") == "laboratory", pl.col("step") == "all")
        .sort("breaches", "people", "lab", descending=[True, True, False])
        .to_dicts()
    )
    rows: list[list[Cell]] = [
        [row_name, *_step_cells(row)]
        for row, row_name in (
            *((row, step_words(row["step"])) for row in city),
            *((row, name_cell(row["lab"])) for row in laboratories[:_LABORATORIES]),
        )
    ]
    heads = [
        Words("Step; laboratory", "环节；检测机构"), Words("People", "人数"), Words("Done", "已完成"),
        Words("In time", "按时"), Words("Late or overdue", "逾时"), Words("Half within", "半数用时"),
        Words("Nine in ten within", "九成用时"), Words("Longest", "最长"),
    ]  # fmt: skip
    return ReportTable(
        Words("Steps of a recall, and laboratories", "复采各环节与检测机构"), heads, rows, "recall_steps",
        max(0, len(laboratories) - _LABORATORIES),
    )  # fmt: skip


def _step_cells(row: dict[str, Any]) -> list[Cell]:
    counts = [count_text(row[name]) for name in ("people", "done", "in_time", "breaches")]
    return [*counts, *(hours_text(row[name]) for name in ("p50_h", "p90_h", "max_h"))]


def flow_section(night: NightTables) -> ReportSection:
    """Make the section of a day's hours: swabs, receipts, loads and reports, and where the time went."""
    title = Words("From swab to report, hour by hour", "从采样到报告（按小时）")
    swabbed = {row["hour"]: row for row in night["throughput"].drop_nulls("hour").to_dicts()}
    work = (
        night["laboratory_load"]
        .group_by("hour")
        .agg(*(pl.col(name).sum() for name in ("received", "loaded", "reported")), pl.col("waiting").sum())
    )
    worked = {row["hour"]: row for row in work.to_dicts()}
    if not swabbed and not worked:
        return ReportSection(
            "flow", title, [Words("Nothing was collected or tested on this day.", "当日没有采样或检测。")]
        )
    rows = [
        {
            "hour": hour,
            **{name: swabbed.get(hour, {}).get(name, 0) for name in ("people", "tubes", "plan_people")},
            **{
                name: worked.get(hour, {}).get(name, 0)
                for name in ("received", "loaded", "reported", "waiting")
            },
        }
        for hour in range(24)
    ]
    names = {"tubes": Words("tubes collected", "采样管")}
    names |= {state: Words(*STATE_WORDS[state]) for state in ("received", "loaded", "reported")}
    lines = [
        Line(told, [*((row["hour"], row[name]) for row in rows), (24, rows[-1][name])])
        for name, told in names.items()
    ]
    totals = {name: sum(row[name] for row in rows) for name in (*names, "people")}
    alt = Words(
        "Lines over the hours of the day: {tubes} tubes collected, {received} received, {loaded} wells loaded, {reported} reported.",
        "按当日各小时的曲线：采样 {tubes} 管，签收 {received} 管，上机 {loaded} 孔，报告 {reported} 管。",
    ).filled(**totals)
    chart = partial(
        line_chart,
        lines,
        title=Words("hour of the day", "时刻（时）"),
        ticks=list(range(0, 25, 2)),
        stepped=True,
    )
    picture = picture_of(alt, lambda language, width: chart(language=language, width=width))
    heads = [
        Words("Hour", "时段"), Words("People sampled", "采样人数"), Words("Planned", "计划人数"), Words("Tubes", "采样管数"),
        Words("Received", "签收"), Words("Loaded", "上机"), Words("Reported", "报告"), Words("Waiting at its end", "时段末待检"),
    ]  # fmt: skip
    columns = ("people", "plan_people", "tubes", "received", "loaded", "reported", "waiting")
    behind = ReportTable(
        Words("The numbers of this picture", "图中数字"), heads,
        [[f"{row['hour']:02d}–{row['hour'] + 1:02d}", *(count_text(row[name]) for name in columns)] for row in rows],
        "throughput, laboratory_load", behind=True,
    )  # fmt: skip
    text = Words(
        "Tubes by the hour of their first swab, and what the laboratories received, loaded (re-runs too) and reported in each hour.",
        "采样管按首次采样的小时计；签收、上机（含重测）与报告为检测机构该小时的数量。",
    )
    return ReportSection("flow", title, [text], [picture], (), [behind, _turnaround(night), _breaches(night)])


def _turnaround(night: NightTables) -> ReportTable:
    """Steps and clocks of the city's tubes."""
    city = (
        night["turnaround"].filter(pl.col("level") == "city").sort("kind", "span", descending=[True, False])
    )
    rows: list[list[Cell]] = []
    for row in city.to_dicts():
        clock = row["kind"] == "clock"
        name = CLOCK_WORDS.get(row["span"], step_words(row["span"])) if clock else step_words(row["span"])
        limit: Cell = clock_limit(night, row["span"]) if clock else NOT_KNOWN
        over = count_text(row["over_limit"]) if clock else NOT_KNOWN
        hours = (hours_text(row[column]) for column in ("p50_h", "p90_h", "p95_h", "max_h"))
        rows.append([name, limit, count_text(row["tubes"]), count_text(row["ended"]), over, *hours])
    heads = [
        Words("Step or clock", "环节或时限"), Words("Limit", "限值"), Words("Tubes", "管数"), Words("Ended", "已完成"),
        Words("Over", "超时"), Words("Half within", "半数用时"), Words("Nine in ten", "九成用时"),
        Words("Nineteen in twenty", "九成五用时"), Words("Longest", "最长"),
    ]  # fmt: skip
    return ReportTable(Words("Where the time went", "时间用在何处"), heads, rows, "turnaround", texts=2)


def _breaches(night: NightTables) -> ReportTable:
    """Tubes over a clock, by the step that is guilty."""
    found = night["breaches"].sort("tubes", "clock", "guilty_step", descending=[True, False, False])
    rows: list[list[Cell]] = [
        [
            CLOCK_WORDS.get(row["clock"], Words(row["clock"], row["clock"])), step_words(row["guilty_step"]),
            count_text(row["tubes"]), count_text(row["people"]), count_text(row["running"]), hours_text(row["worst_h"]),
        ]
        for row in found.to_dicts()
    ]  # fmt: skip
    heads = [
        Words("Clock", "时限"), Words("Guilty step", "责任环节"), Words("Tubes", "管数"), Words("People", "人数"),
        Words("Still running", "仍在计时"), Words("Longest", "最长"),
    ]  # fmt: skip
    return ReportTable(
        Words("Tubes over a clock, by the guilty step", "超时样本管与责任环节"),
        heads,
        rows,
        "breaches",
        texts=2,
    )
