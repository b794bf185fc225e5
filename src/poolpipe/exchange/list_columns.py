"""Declare the lists of a workbook: titles, columns with their headings and widths, and what is said of an empty one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

from poolpipe.words import TABLE_WORDS, Wording

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["LANGUAGES", "LISTS", "Language", "ListColumn", "ListLayout", "worded"]

Language = Literal["zh", "en", "both"]
LANGUAGES: Final[tuple[Language, ...]] = ("zh", "en", "both")


def worded(wording: Wording, language: Language, between: str = " ") -> str:
    """A text in Chinese, in English, or in both, the Chinese first.

    Examples
    --------
    >>> worded(Wording("open", "待复采"), "both")
    '待复采 open'
    """
    if language == "both":
        return f"{wording.chinese}{between}{wording.english}"
    return wording.chinese if language == "zh" else wording.english


@dataclass(frozen=True, slots=True)
class ListColumn:
    """A column of a list.

    Attributes
    ----------
    name : str
        Its name in the frames of `lists`.
    heading : Wording
        Its heading.
    kind : {"text", "code", "time", "count"}
        A code keeps all of its characters; a time is one of the list's zone; a count is a whole number.
    width : int
        In characters of the sheet's font.
    """

    name: str
    heading: Wording
    kind: Literal["text", "code", "time", "count"]
    width: int


@dataclass(frozen=True, slots=True)
class ListLayout:
    """A list: its title, its columns, and what stands in it where it has no row."""

    title: Wording
    columns: tuple[ListColumn, ...]
    empty: Wording


def _column(
    name: str, english: str, chinese: str, width: int, kind: Literal["text", "code", "time", "count"] = "text"
) -> ListColumn:
    return ListColumn(name, Wording(english, chinese), kind, width)


def _time(name: str, english: str, chinese: str) -> ListColumn:
    return _column(name, english, chinese, len("2022-04-04 08:00"), "time")


_NUMBER = _column("number", "no.", "序号", 6, "count")
_ROUND = _column("round", "round", "轮次", 11, "code")
_TUBE = _column("tube", "tube", "样本管", 16, "code")
_MODE = _column("mode", "sampling", "采样方式", 9)
_PEOPLE = _column("people", "people", "人数", 6, "count")
_SITE = _column("site", "site", "采样点", 14, "code")
_POINT = _column("point", "point", "采样台", 9, "code")
_BOX = _column("box", "box", "转运箱", 12, "code")
_LAB = _column("lab", "laboratory", "检测机构", 16, "code")
_CALL = _column("call", "result", "结果", 8)

LISTS: Final[Mapping[str, ListLayout]] = {
    "recalls": ListLayout(
        Wording("Recalls", "复采名单"),
        (
            _NUMBER,
            _column("community", "community", "社区", 13),
            _column("address", "address", "住址", 18),
            _column("household", "household", "户号", 9, "code"),
            _column("name", "name", "姓名", 9),
            _column("phone", "telephone", "电话", 13, "code"),
            _column("person_type", "document", "证件类型", 11),
            _column("person", "number", "证件号码", 20, "code"),
            _TUBE,
            _ROUND,
            _column("lab", "laboratory", "首检机构", 16, "code"),
            _time("due_at", "due", "截止时间"),
            _column("left", "time left", "剩余时间", 16),
            _column("status", "status", "状态", 10),
        ),
        Wording("nobody is waiting to be sampled again", "无待复采人员"),
    ),
    "missing": ListLayout(
        Wording("Missing tubes", "缺失样本"),
        (
            _NUMBER, _TUBE, _ROUND, _MODE, _PEOPLE, _SITE, _POINT, _BOX, _LAB,
            _column("state", "last step", "最后环节", 10),
            _time("seen_at", "seen at", "最后时间"),
            _column("waiting", "waiting", "已等", 14),
            _column("remark", "remark", "备注", 14),
        ),
        Wording("every tube that was collected has a result", "已采样本管均有结果"),
    ),
    "positives": ListLayout(
        Wording("Positive tubes", "阳性管"),
        (
            _NUMBER, _TUBE, _ROUND, _CALL, _time("called_at", "result at", "结果时间"), _MODE, _PEOPLE,
            _SITE, _POINT, _BOX, _LAB, _column("plate", "plate", "板号", 14, "code"),
            _column("well", "well", "孔位", 7, "code"),
            _time("first_collected", "first swab", "首次采样"),
            _column("open", "to re-collect", "待复采", 8, "count"),
            _column("recollected", "re-collected", "已采待报", 9, "count"),
            _column("closed", "closed", "已办结", 8, "count"),
        ),
        Wording("no tube is positive or suspect", "无阳性或可疑样本管"),
    ),
    "anomalies": ListLayout(
        Wording("Anomalies", TABLE_WORDS["anomalies"].chinese),
        (
            _NUMBER,
            _column("severity", "severity", "级别", 8),
            _column("meaning", "what", "异常", 24),
            _column("subject_kind", "of", "对象类型", 9),
            _column("subject", "which", "对象", 20, "code"),
            _ROUND,
            _time("at", "when", "时间"),
            _column("facts", "details", "详情", 28),
            _column("way_out", "what to do", "如何处理", 32),
            _column("code", "code", "代码", 20, "code"),
        ),
        Wording("no anomaly", "无异常"),
    ),
    "rejects": ListLayout(
        Wording("Rejected records", TABLE_WORDS["rejects"].chinese),
        (
            _NUMBER,
            _column("file", "file", "文件", 24, "code"),
            _column("line", "line", "行号", 8, "count"),
            _column("kind", "event", "事件", 10),
            _column("meaning", "why", "原因", 18),
            _column("detail", "details", "详情", 40),
            _column("way_out", "what to do", "如何处理", 32),
            _column("code", "code", "代码", 16, "code"),
            _column("raw", "record as it came", "原始记录", 40),
        ),
        Wording("every record was understood", "无拒收记录"),
    ),
    "summary": ListLayout(
        Wording("Summary", "汇总"),
        (
            _column("item", "item", "项目", 34),
            _column("value", "value", "内容", 34),
            _column("remark", "remark", "说明", 60),
        ),
        Wording("nothing", "无"),
    ),
}  # fmt: skip
"""The lists in the order of their sheets."""
