"""The headline numbers of a page, each with its target and whether it is met."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import polars as pl

from poolpipe.errors import PoolpipeError
from poolpipe.pages.words import Words, share_text
from poolpipe.policy import PRESETS, load_policy
from poolpipe.tables import STATES

if TYPE_CHECKING:
    from poolpipe.pages.source import PageSource
    from poolpipe.policy import Clocks

__all__ = ["DayCounts", "Headline", "day_counts", "headlines"]


@dataclass(frozen=True, slots=True)
class Headline:
    """One number in large figures.

    Attributes
    ----------
    name : Words
        What is counted.
    value : str
        The number as it is shown.
    note : Words
        What it is made of.
    target : Words or None
        What it should be; None where there is no target.
    met : bool or None
        Whether it is so; None where there is no target, or nothing to judge yet.
    """

    name: Words
    value: str
    note: Words
    target: Words | None = None
    met: bool | None = None


@dataclass(frozen=True, slots=True)
class DayCounts:
    """The counts that headlines are made of.

    Attributes
    ----------
    tubes : dict
        (mode, call) to tubes; None is an orphan, or no call.
    sampled : int
        Seats: people sampled, each once in a tube.
    steps : dict
        Step to the collected tubes that reached it.
    recalls : dict
        Status (open, recollected, closed) to people.
    overdue, late : int
        Not closed after due_at; closed after it.
    hours : float or None
        Hours from opened_at to due_at, where they are the same for all recalls.
    cases : int
        Positive people.
    """

    tubes: dict[tuple[str | None, str | None], int]
    sampled: int
    steps: dict[str, int]
    recalls: dict[str, int]
    overdue: int
    late: int
    hours: float | None
    cases: int

    def called(self, call: str, mode: str | None = "any") -> int:
        """Tubes with a call, of one mode or of any."""
        return sum(n for (how, what), n in self.tubes.items() if what == call and mode in ("any", how))

    @property
    def unregistered(self) -> int:
        """Positive and suspect tubes that nobody is registered for."""
        return self.called("positive", None) + self.called("suspect", None)


def day_counts(source: PageSource) -> DayCounts:
    """Count what headlines need; the tables are read by the column."""
    pools = source.table("pools").group_by("mode", "call").agg(pl.len(), pl.col("people").sum()).collect()
    recalls = source.table("recalls")
    told = recalls.group_by("status").agg(pl.len(), pl.col("overdue", "late").sum()).collect()
    allowed = recalls.select((pl.col("due_at") - pl.col("opened_at")).dt.total_seconds().unique()).collect()
    steps = source.table("ledger").select(pl.col(STATES).sum()).collect()
    return DayCounts(
        {
            (mode, call): n
            for mode, call, n in zip(
                *(pools[name].to_list() for name in ("mode", "call", "len")), strict=True
            )
        },
        int(pools["people"].sum()),
        {step: int(steps[step][0]) for step in STATES},
        {"open": 0, "recollected": 0, "closed": 0, **dict(zip(told["status"], told["len"], strict=True))},
        int(told["overdue"].sum()),
        int(told["late"].sum()),
        allowed.to_series()[0] / 3600 if allowed.height == 1 else None,
        int(source.summary["rows"]["cases"])
        if "rows" in source.summary
        else source.table("cases").collect().height,
    )


def headlines(source: PageSource, numbers: DayCounts) -> list[Headline]:
    """Make the headlines, the recalls first.

    Parameters
    ----------
    source : PageSource
        For the counts of anomalies, the coverage and the policy.
    numbers : DayCounts
        As `day_counts` gives them.
    """
    clocks = _clocks(source.summary["policy"])
    return [
        *_of_recalls(numbers),
        _of_people(numbers),
        *_of_tubes(source, numbers, clocks),
        *_of_coverage(source),
    ]


def _of_recalls(numbers: DayCounts) -> list[Headline]:
    waiting, closed = numbers.recalls["open"], numbers.recalls["closed"]
    due, on_time = closed + numbers.overdue, closed - numbers.late
    within = (
        Words("within the limit", "时限内")
        if numbers.hours is None
        else Words(f"within {numbers.hours:g} hours", f"{numbers.hours:g} 小时内")
    )
    return [
        Headline(
            Words("Waiting to be re-collected", "待复采人员"),
            f"{waiting:,}",
            Words(
                "of {all} people to re-collect; {recollected} re-collected and waiting for a result; {closed} closed",
                "应复采 {all} 人；已采待报 {recollected} 人；已办结 {closed} 人",
            ).filled(
                all=sum(numbers.recalls.values()), recollected=numbers.recalls["recollected"], closed=closed
            ),
        ),
        Headline(
            Words("Overdue", "超时未办结"),
            f"{numbers.overdue:,}",
            Words(
                "people without a result after their time; {late} more were closed late",
                "超过时限仍无结果的人员；另有 {late} 人逾时办结",
            ).filled(late=numbers.late),
            Words("0 people", "0 人"),
            False if numbers.overdue else None if numbers.unregistered else True,
        ),
        Headline(
            Words(f"Closed {within.english}", f"{within.chinese}办结"),
            share_text(on_time, due),
            Words(
                "{on_time} of {due} people that are closed or overdue",
                "已办结或超时的 {due} 人中有 {on_time} 人按时办结",
            ).filled(on_time=on_time, due=due),
            Words("100 %", "100 %"),
            on_time == due if due else None,
        ),
    ]


def _of_people(numbers: DayCounts) -> Headline:
    note = Words(
        "pools: {positive} positive, {suspect} suspect; singles: {single} positive, {doubtful} suspect",
        "混管：阳性 {positive}、可疑 {suspect}；单采管：阳性 {single}、可疑 {doubtful}",
    ).filled(
        positive=numbers.called("positive", "pool"),
        suspect=numbers.called("suspect", "pool"),
        single=numbers.called("positive", "single"),
        doubtful=numbers.called("suspect", "single"),
    )
    if numbers.unregistered:
        more = Words("; {n} more tubes that nobody is registered for", "；另有无人登记的 {n} 管").filled(
            n=numbers.unregistered
        )
        note = Words(note.english + more.english, note.chinese + more.chinese)
    return Headline(Words("Positive people", "阳性人员"), f"{numbers.cases:,}", note)


def _of_tubes(source: PageSource, numbers: DayCounts, clocks: Clocks | None) -> list[Headline]:
    collected, reported = numbers.steps["collected"], numbers.steps["reported"]
    told = Words(
        "{reported} of {collected} tubes; {missing} without; {sampled} swabs of people",
        "{collected} 管中 {reported} 管已报告，{missing} 管未出结果；采样 {sampled} 人次",
    ).filled(reported=reported, collected=collected, missing=collected - reported, sampled=numbers.sampled)
    limits = Words("within the policy's limit", "判读规则所定时限内")
    receipt = (
        limits
        if clocks is None
        else Words(f"all within {clocks.room_temperature:g} h", f"全部在 {clocks.room_temperature:g} 小时内")
    )
    result = (
        limits
        if clocks is None
        else Words(
            f"all within {clocks.result:g} h of receipt and {clocks.result_never_beyond:g} h of the swab",
            f"全部在签收后 {clocks.result:g} 小时、采样后 {clocks.result_never_beyond:g} 小时内",
        )
    )
    return [
        Headline(
            Words("Tubes with a result", "已出结果"),
            share_text(reported, collected),
            told,
            Words("100 %", "100 %"),
            reported == collected if collected else None,
        ),
        _clock(source, collected, "clock_room_temperature", Words("Delivered in time", "按时送达"), receipt),
        _clock(source, collected, "clock_result", Words("Result in time", "按时出结果"), result),
    ]


def _clock(source: PageSource, collected: int, code: str, name: Words, limit: Words) -> Headline:
    """A clock of the tubes: every breach is an anomaly of its code."""
    over = int(source.summary.get("anomalies", {}).get(code, 0))
    note = Words(
        "{over} of {collected} tubes took longer, or wait longer already",
        "{collected} 管中 {over} 管超过时限（含仍在等待的）",
    ).filled(over=over, collected=collected)
    return Headline(
        name, share_text(collected - over, collected), note, limit, over == 0 if collected else None
    )


def _of_coverage(source: PageSource) -> list[Headline]:
    rounds = [each for each in source.summary.get("coverage", ()) if each["collected"]]
    if not rounds:
        return []
    last: dict[str, Any] = rounds[-1]
    note = Words(
        "{collected} of {people} residents of the list sampled, {reported} with a result",
        "名单 {people} 人中已采样 {collected} 人，已报告 {reported} 人",
    ).filled(collected=last["collected"], people=last["people"], reported=last["reported"])
    name = Words("Residents with a result", "居民出结果率")
    if last["round"]:
        name = Words(f"{name.english}, round {last['round']}", f"{name.chinese}（{last['round']}）")
    met = False if last["half_late"] or last["all_late"] else True if last["all_at"] else None
    return [
        Headline(
            name,
            share_text(last["reported"], last["people"]),
            note,
            Words("100 %, in time", "按时达到 100 %"),
            met,
        )
    ]


def _clocks(policy: dict[str, Any]) -> Clocks | None:
    """The clocks of the run's policy where it is one of those that poolpipe brings; a result holds only its name and version."""
    if policy.get("name") not in PRESETS:
        return None
    try:
        preset = load_policy(policy["name"])
    except PoolpipeError:
        return None
    return preset.clocks if preset.version == policy.get("version") else None
