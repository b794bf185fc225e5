"""The headline numbers of a report, each with its target, how it stands to it, and the mart it is read from."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import polars as pl

from poolpipe.pages.words import Words, share_text
from poolpipe.report.document import NOT_KNOWN, NUMBER_HIDDEN, Measure, Verdict

if TYPE_CHECKING:
    from poolpipe.report.night_tables import NightTables

__all__ = ["CLOCK_WORDS", "clock_limit", "hours_text", "measures", "no_residents"]

CLOCK_WORDS: Final = {
    "result": Words("Result after receipt", "签收后出结果"),
    "result_never_beyond": Words("Result after the swab", "采样后出结果"),
    "room_temperature": Words("Delivered after the swab", "采样后送达"),
    "pickup": Words("Picked up", "转运"),
    "cold_store": Words("Tested after the swab", "采样后上机"),
}
"""Clocks of the mart `turnaround`, in the order in which a report names them."""

_ALL: Final = Words("100 %", "100 %")


def hours_text(hours: float | None) -> str:
    """Write hours with one decimal; a dash for None."""
    return NOT_KNOWN if hours is None else f"{hours:,.1f} h"


def clock_limit(night: NightTables, span: str) -> Words:
    """The limit of a clock, from the rules of the day; of `result` both."""
    clocks = night.rules["clocks"]
    if span == "result":
        return Words(
            f"within {clocks['result']:g} h, priority {clocks['result_priority']:g} h",
            f"{clocks['result']:g} 小时内，优先场所 {clocks['result_priority']:g} 小时内",
        )
    return Words(f"within {clocks[span]:g} h", f"{clocks[span]:g} 小时内")


def no_residents(night: NightTables) -> Words:
    """Why nothing is known of residents: no list, no key, or no round under way."""
    if "nightly_no_people" in night.noted:
        return Words("no list of residents was given (--people)", "未提供人员名册（--people）")
    if "nightly_people_sealed" in night.noted:
        return Words(
            "the store's key is not here, so its pseudonyms cannot be compared with the list",
            "缺少数据仓库的密钥，假名无法与人员名册比对",
        )
    return Words("no round of the list was under way on this day", "当日没有进行中的轮次")


def measures(night: NightTables) -> list[Measure]:
    """Make the headline numbers; none is shown that no mart has.

    Parameters
    ----------
    night : NightTables

    Returns
    -------
    list of Measure
        Coverage, the city's clock, recalls, clocks of tubes, positives, losses, laboratories and sums, always in this order.
    """
    return [
        _coverage(night),
        _city(night),
        _recalls(night),
        *(_clock(night, span) for span in ("result", "result_never_beyond", "room_temperature")),
        *(_positives(night, mode) for mode in ("pool", "single")),
        _losses(night),
        _drift(night),
        _capacity(night),
        _sums(night),
    ]


def _coverage(night: NightTables) -> Measure:
    within = f"{night.rules['clocks']['city_all']:g}"
    name = Words("Residents sampled", "居民采样覆盖率")
    target = Words(f"100 % within {within} h", f"{within} 小时内 100 %")
    city = night["coverage"].filter(pl.col("level") == "city").sort("round")
    if city.is_empty():
        return Measure(name, NOT_KNOWN, no_residents(night), "unknown", "coverage", target)
    row = city.row(-1, named=True)
    if row["is_hidden"]:
        note = Words(
            "{people} residents of the list; the count is not shown, so that it tells of nobody",
            "名单 {people} 人；数字不予显示，以免指向个人",
        )
        return Measure(name, NUMBER_HIDDEN, note.filled(people=row["people"]), "hidden", "coverage", target)
    note = Words(
        "{collected} of {people} residents of the list; {missing} not sampled",
        "名单 {people} 人中已采样 {collected} 人，未采样 {missing} 人",
    ).filled(collected=row["collected"], people=row["people"], missing=row["not_collected"])
    if row["round"]:
        note = Words(f"{note.english}; round {row['round']}", f"{note.chinese}；轮次 {row['round']}")
    verdict: Verdict = "missed" if row["not_collected"] else "met"
    return Measure(name, share_text(row["collected"], row["people"]), note, verdict, "coverage", target)


def _city(night: NightTables) -> Measure:
    name = Words("Residents with a result", "居民出结果率")
    clocks = night.rules["clocks"]
    target = Words(
        f"half within {clocks['city_half']:g} h, all within {clocks['city_all']:g} h",
        f"{clocks['city_half']:g} 小时过半，{clocks['city_all']:g} 小时全部",
    )
    rounds = night["city_clocks"].sort("round")
    if rounds.is_empty():
        return Measure(name, NOT_KNOWN, no_residents(night), "unknown", "city_clocks", target)
    row = rounds.row(-1, named=True)
    note = Words(
        f"{{reported}} of {{people}} residents; half after {hours_text(row['half_h'])}, all after {hours_text(row['all_h'])}",
        f"{{people}} 人中 {{reported}} 人已有结果；过半用时 {hours_text(row['half_h'])}，全部用时 {hours_text(row['all_h'])}",
    ).filled(reported=row["reported"], people=row["people"])
    late = row["is_half_late"] or row["is_all_late"]
    verdict: Verdict = "missed" if late else "running" if row["all_h"] is None else "met"
    return Measure(name, share_text(row["reported"], row["people"]), note, verdict, "city_clocks", target)


def _recalls(night: NightTables) -> Measure:
    limit = f"{night.rules['clocks']['recall']:g}"
    name = Words(f"Recalled and closed within {limit} h", f"{limit} 小时内复采办结率")
    whole = night["recall_steps"].filter(pl.col("level") == "city", pl.col("step") == "all")
    if whole.is_empty() or not whole["people"][0]:
        return Measure(
            name,
            NOT_KNOWN,
            Words("nobody was to be recalled", "当日无人需复采"),
            "unknown",
            "recall_steps",
            _ALL,
        )
    row = whole.row(0, named=True)
    running = row["people"] - row["in_time"] - row["breaches"]
    note = Words(
        "{in_time} of {people} people of {tubes} pools; {breaches} late or overdue, {running} still within time",
        "{tubes} 管共 {people} 人，按时办结 {in_time} 人；逾时 {breaches} 人，尚在时限内 {running} 人",
    ).filled(**{name: row[name] for name in ("in_time", "people", "tubes", "breaches")}, running=running)
    verdict: Verdict = "missed" if row["breaches"] else "running" if running else "met"
    return Measure(name, share_text(row["in_time"], row["people"]), note, verdict, "recall_steps", _ALL)


def _clock(night: NightTables, span: str) -> Measure:
    found = night["turnaround"].filter(
        pl.col("level") == "city", pl.col("kind") == "clock", pl.col("span") == span
    )
    name = Words(f"{CLOCK_WORDS[span].english} in time", f"{CLOCK_WORDS[span].chinese}按时率")
    limit = clock_limit(night, span)
    target = Words(f"all {limit.english}", f"全部在 {limit.chinese}")
    if found.is_empty() or not found["tubes"][0]:
        note = Words("no tube has this clock on this day", "当日没有适用该时限的样本管")
        return Measure(name, NOT_KNOWN, note, "unknown", "turnaround", target)
    row = found.row(0, named=True)
    note = Words(
        f"{{over}} of {{tubes}} tubes took longer or wait longer; nine in ten ended within {hours_text(row['p90_h'])}",
        f"{{tubes}} 管中 {{over}} 管超过时限（含仍在等待的）；九成在 {hours_text(row['p90_h'])} 内完成",
    ).filled(over=row["over_limit"], tubes=row["tubes"])
    verdict: Verdict = "missed" if row["over_limit"] else "met" if row["ended"] == row["tubes"] else "running"
    return Measure(
        name, share_text(row["tubes"] - row["over_limit"], row["tubes"]), note, verdict, "turnaround", target
    )


def _positives(night: NightTables, mode: str) -> Measure:
    name = (
        Words("Pools positive or suspect", "阳性或可疑混管")
        if mode == "pool"
        else Words("Singles positive or suspect", "阳性或可疑单采管")
    )
    city = night["positivity"].filter(pl.col("level") == "city", pl.col("mode") == mode)
    if city.is_empty():
        note = Words("no such tube of this day has a result", "当日没有此类样本管出结果")
        return Measure(name, NOT_KNOWN, note, "unknown", "positivity")
    row = city.row(0, named=True)
    if row["is_hidden"]:
        return Measure(
            name,
            NUMBER_HIDDEN,
            Words("of {n} tubes with a result", "出结果 {n} 管").filled(n=row["tubes"]),
            "hidden",
            "positivity",
        )
    low, high = (f"{100 * row[end]:.2f}" for end in ("lower", "upper"))
    note = Words(
        f"of {{n}} tubes with a result: {100 * row['share']:.2f} % (95 %: {low} to {high})",
        f"出结果 {{n}} 管：{100 * row['share']:.2f} %（95 % 区间 {low}–{high}）",
    ).filled(n=row["tubes"])
    return Measure(name, f"{row['positive']:,}", note, "none", "positivity")


def _losses(night: NightTables) -> Measure:
    name = Words("Tubes without a result", "未出结果样本管")
    target = Words("0 tubes", "0 管")
    losses = night["losses"]
    known = losses.filter(pl.col("outcome") != "orphan")
    if known.is_empty():
        note = Words("no tube was collected on this day", "当日没有采样记录")
        return Measure(name, NOT_KNOWN, note, "unknown", "losses", target)
    counts: dict[str, Any] = dict(losses.group_by("outcome").agg(pl.col("tubes").sum()).iter_rows())
    invalid, orphans = counts.get("invalid", 0), counts.get("orphan", 0)
    missing = invalid + counts.get("no_result", 0)
    note = Words(
        "of {all} collected; {invalid} of them invalid, to be repeated; {orphans} more tubes nobody is registered for",
        "共采样 {all} 管；其中无效待重采 {invalid} 管；另有无人登记 {orphans} 管",
    ).filled(all=int(known["tubes"].sum()), invalid=invalid, orphans=orphans)
    return Measure(name, f"{missing:,}", note, "missed" if missing else "met", "losses", target)


def _drift(night: NightTables) -> Measure:
    name = Words("Laboratories that drift", "漂移的检测机构")
    target = Words("0 laboratories", "0 家")
    charted = night["control_charts"]["lab"].n_unique()
    if not charted:
        note = Words("no laboratory was charted on this day", "当日没有检测机构的控制图")
        return Measure(name, NOT_KNOWN, note, "unknown", "lab_drift", target)
    drifting = night["lab_drift"]["subject"].n_unique()
    note = Words("of {n} charted", "有控制图 {n} 家").filled(n=charted)
    if "nightly_no_controls" in night.noted:
        note = Words(f"{note.english}; calls alone, no Ct", f"{note.chinese}；仅据判读，无 Ct")
    return Measure(name, f"{drifting:,}", note, "missed" if drifting else "met", "lab_drift", target)


def _capacity(night: NightTables) -> Measure:
    name = Words("Laboratories beyond capacity", "超负荷的检测机构")
    target = Words("0 laboratories", "0 家")
    load = night["laboratory_load"].filter(pl.col("lab").is_not_null())
    rated = load.filter(pl.col("capacity").is_not_null())
    if rated.is_empty():
        note = (
            Words("no capacity was given (--labs)", "未提供检测能力（--labs）")
            if load.height
            else Words("no laboratory worked on this day", "当日没有检测机构有业务")
        )
        return Measure(name, NOT_KNOWN, note, "unknown", "laboratory_load", target)
    over = rated.group_by("lab").agg(
        pl.col("loaded").sum().alias("loaded"), (pl.col("capacity").max() * 24).alias("capacity")
    )
    beyond = over.filter(pl.col("loaded") > pl.col("capacity")).height
    note = Words(
        "of {n} with a known capacity: more wells loaded in the day than it can test",
        "检测能力已知 {n} 家：当日上机孔数超过日检测能力",
    ).filled(n=over.height)
    return Measure(name, f"{beyond:,}", note, "missed" if beyond else "met", "laboratory_load", target)


def _sums(night: NightTables) -> Measure:
    name = Words("Sums that agree", "核对一致的合计")
    target = Words("all", "全部一致")
    checks = night["reconciliation"]
    if checks.is_empty():
        return Measure(
            name, NOT_KNOWN, Words("no sum was checked", "没有核对"), "unknown", "reconciliation", target
        )
    agree = int(checks["agrees"].sum())
    note = Words("sums of the marts beside counts of the tables", "统计表合计与结果表逐项核对")
    return Measure(
        name,
        f"{agree:,} / {checks.height:,}",
        note,
        "met" if agree == checks.height else "missed",
        "reconciliation",
        target,
    )
