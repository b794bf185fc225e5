"""The summary of a workbook of lists: what it was made of, what it counts, and what a reader should know."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import polars as pl

from poolpipe.exchange.list_columns import LISTS, Language, worded
from poolpipe.languages import speaking
from poolpipe.messages import in_language
from poolpipe.tables import MODES
from poolpipe.words import CALL_WORDS, PRESET_WORDS, STATUS_WORDS, TUBE_WORDS, Wording

if TYPE_CHECKING:
    from collections.abc import Iterator

    from poolpipe.exchange.list_counts import ListCounts
    from poolpipe.exchange.lists import Lists

__all__ = ["summary_rows"]

_Row = tuple[Wording, str, Wording]
_NOTHING = Wording("", "")
_SEPARATE = Wording("the list is in several sheets, because one does not hold it", "一张表放不下，已分为多张")
_PRIVATE = Wording(
    "This file names people. It is for those who sample them again; its owner alone may read it. Names are not in the result.",
    "本文件含个人信息，仅供应急采样小分队使用，仅文件所有者可读；姓名、电话不写入结果。",
)
_RECORDS = {
    "read": Wording("records read", "读入记录"),
    "accepted": Wording("of these accepted", "其中接受"),
    "duplicates": Wording("duplicates", "重复"),
    "rejected": Wording("rejected", "拒收"),
}
_CLOCK = Wording("time left is counted from here", "剩余时间自此时刻起算")
_LATE = Wording("of the people on the list, past their due time", "名单中已过截止时间者")
_NO_PHONE = Wording(
    "people on the list without a telephone: give --people a roster or the registrations",
    "名单中无电话者：请用 --people 给出居民名册或采样登记",
)
_UNKNOWN = Wording("people on the list of whom no file given tells anything", "名单中在所给名册里查无此人者")
_DOUBTFUL = Wording(
    "the files tell several names or telephones of one number: all are shown, with / between them",
    "同一证件号在名册中有多个姓名，均已列出，以 / 分隔",
)
_UNREAD = Wording("lines of the files of --people that could not be read", "--people 文件中无法读取的行")
_SHORTENED = Wording(
    "cells with more than 32,767 letters end in a note; the result's tables hold the whole",
    "超过 32767 字的单元格已注明截断，完整内容见结果表",
)


def summary_rows(lists: Lists, counts: ListCounts, language: Language) -> pl.DataFrame:
    """Make the rows of the summary.

    Parameters
    ----------
    lists : Lists
        The lists of a result.
    counts : ListCounts
        What was written.
    language : {"zh", "en", "both"}
        Of its words.

    Returns
    -------
    polars.DataFrame
        item, value and remark, all texts.
    """
    rows = [*_of_result(lists, language), *_of_people(lists, counts), *_of_sheets(counts)]
    return pl.DataFrame(
        {
            "item": [worded(item, language) for item, _, _ in rows],
            "value": [value for _, value, _ in rows],
            "remark": [worded(remark, language, " / ") if remark.english else None for _, _, remark in rows],
        },
        schema=dict.fromkeys(("item", "value", "remark"), pl.String),
    )


def _of_result(lists: Lists, language: Language) -> Iterator[_Row]:
    summary, counted = lists.summary, lists.counts()
    yield Wording("as of", "截至"), f"{lists.moment()} {lists.zone}", _CLOCK
    policy = summary["policy"]
    yield Wording("policy", "判读规则"), f"{_preset(policy['name'], language)} {policy['version']}", _NOTHING
    yield Wording("personal data", "个人信息"), "", _PRIVATE
    for warning in summary.get("warnings", []):
        with speaking(language):
            told = in_language(warning)
        yield Wording("look here", "请注意"), told, _NOTHING
    modes: dict[Any, int] = counted["mode"]
    for name in MODES:
        yield TUBE_WORDS[f"{name}_tubes"], f"{modes.get(name, 0):,}", _NOTHING
    yield Wording("tubes nobody is registered for", "无登记样本管"), f"{modes.get(None, 0):,}", _NOTHING
    calls: dict[Any, int] = counted["call"]
    for name, wording in CALL_WORDS.items():
        yield _tubes(wording), f"{calls.get(name, 0):,}", _NOTHING
    yield Wording("tubes without a result", "尚无结果"), f"{calls.get(None, 0):,}", _NOTHING
    files = summary["files"]
    for name, wording in _RECORDS.items():
        yield wording, f"{sum(each[name] for each in files):,}", _NOTHING


def _preset(name: str, language: Language) -> str:
    return worded(PRESET_WORDS[name], language) if name in PRESET_WORDS else name


def _tubes(wording: Wording) -> Wording:
    return Wording(f"{wording.english} tubes", f"{wording.chinese}管")


def _of_people(lists: Lists, counts: ListCounts) -> Iterator[_Row]:
    statuses: dict[Any, int] = lists.counts()["status"]
    for name, wording in (("open", Wording("to be sampled again", STATUS_WORDS["open"].chinese)),
                          ("recollected", Wording("sampled again, without a result", STATUS_WORDS["recollected"].chinese)),
                          ("closed", Wording("closed, not on the list", f"{STATUS_WORDS['closed'].chinese}（不在名单内）"))):  # fmt: skip
        yield wording, f"{statuses.get(name, 0):,}", _NOTHING
    late = sum(lists.is_late(due) for due in lists.waiting.rows["due_at"])
    for wording, count, remark in (
        (Wording("overdue", "超时"), late, _LATE),
        (Wording("without a telephone", "无电话"), counts.without_phone, _NO_PHONE),
        (Wording("in no roster", "名册中无此人"), counts.unknown, _UNKNOWN),
        (Wording("several names", "姓名不一"), counts.doubtful, _DOUBTFUL),
        (Wording("lines not read", "未读取的行"), counts.unread, _UNREAD),
        (Wording("cells cut", "截断的单元格"), counts.shortened, _SHORTENED),
    ):
        yield wording, f"{count:,}", remark if count else _NOTHING


def _of_sheets(counts: ListCounts) -> Iterator[_Row]:
    for name, parts in counts.sheets.items():
        rows = sum(rows for _, rows in parts)
        title = LISTS[name].title
        told = Wording(f"rows of {title.english}", f"{title.chinese}行数")
        yield (
            told,
            f"{rows:,}" if len(parts) == 1 else f"{rows:,} = {' + '.join(f'{n:,}' for _, n in parts)}",
            (_SEPARATE if len(parts) > 1 else _NOTHING),
        )
