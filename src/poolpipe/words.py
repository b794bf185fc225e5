"""One table of words: what each value, kind, step and table is called in Chinese and English, as docs/glossary.md has it.

Boards, pages, charts, workbooks and messages take these words from here, so that one thing has one name.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from poolpipe.languages import both

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

__all__ = [
    "CALL_WORDS",
    "CHANGE_WORDS",
    "COLUMN_WORDS",
    "DOCUMENT_WORDS",
    "EVENT_WORDS",
    "LABORATORY_WORDS",
    "LINK_WORDS",
    "MODE_WORDS",
    "PRESET_WORDS",
    "REFERENCE_WORDS",
    "RETENTION_WORDS",
    "ROLE_WORDS",
    "SEVERITY_WORDS",
    "STATE_WORDS",
    "STATUS_WORDS",
    "SUBJECT_WORDS",
    "TABLE_WORDS",
    "TUBE_WORDS",
    "VALUE_WORDS",
    "Wording",
    "word_of",
    "words_of",
]


class Wording(NamedTuple):
    """A text in both languages; `both` where a format has one text for all readers."""

    english: str
    chinese: str

    @property
    def both(self) -> str:
        """English and Chinese in one text."""
        return f"{self.english} {self.chinese}"


def _words(**chinese: str) -> dict[str, Wording]:
    """Words whose English is the value itself, with blanks."""
    return {value: Wording(value.replace("_", " "), told) for value, told in chinese.items()}


EVENT_WORDS: Final[dict[str, Wording]] = _words(
    collect="采样", seal="封管", pack="装箱", pickup="转运", receive="签收", load="上机", read="扩增结果", report="报告", void="作废",
)  # fmt: skip
"""Kinds of event (`tables.KINDS`)."""

SUBJECT_WORDS: Final[Mapping[str, Wording]] = _words(
    tube="样本管", person="人员", box="转运箱", plate="检测板", well="孔", site="采样点", lab="检测机构", event="事件", device="设备",
)  # fmt: skip
"""What events and anomalies are about (`subject_kind` of the table `anomalies`)."""

LABORATORY_WORDS: Final[Mapping[str, Wording]] = _words(
    lab="检测机构", plate="检测板", well="孔", lot="试剂批号", instrument="仪器", channel="加样通道", run="连续样本管",
)  # fmt: skip
"""What in a laboratory may explain positives (`subject_kind` of the table `false_alarms`)."""

REFERENCE_WORDS: Final[dict[str, Wording]] = _words(people="人员表", sites="采样点表", labs="检测机构表")
"""Reference tables (`tables.REFERENCE`)."""

MODE_WORDS: Final[Mapping[str, Wording]] = _words(pool="混采", single="单采")
TUBE_WORDS: Final[Mapping[str, Wording]] = {
    "pool_tubes": Wording("pool tubes", "混管"),
    "single_tubes": Wording("single tubes", "单采管"),
}
"""Modes of a tube."""

CALL_WORDS: Final[Mapping[str, Wording]] = _words(
    positive="阳性", suspect="可疑", negative="阴性", invalid="无效"
)
"""Calls of a tube, the gravest first."""

ROLE_WORDS: Final[Mapping[str, Wording]] = _words(
    sample="样本", negative_control="阴性质控", positive_control="阳性质控"
)
"""What is in a well."""

STATE_WORDS: Final[Mapping[str, Wording]] = _words(
    collected="已采样",
    packed="已装箱",
    picked_up="已转运",
    received="已签收",
    loaded="已上机",
    reported="已报告",
)
"""How far a tube got, and the steps of the ledger."""

STATUS_WORDS: Final[Mapping[str, Wording]] = _words(open="待复采", recollected="已采待报", closed="已办结")
"""Status of a recall."""

SEVERITY_WORDS: Final[Mapping[str, Wording]] = _words(error="严重", warning="警示", info="提示")
"""Severities of anomalies, the gravest first."""

RETENTION_WORDS: Final[Mapping[str, Wording]] = _words(keep="留存", may_discard="可弃置", overdue="逾期未弃")
"""What is to be done with a tube that is kept."""

LINK_WORDS: Final[Mapping[str, Wording]] = _words(
    member="同管",
    queue="前后排队",
    household="同户",
    again="另次采样",
    tube="曾同管",
    box="同箱",
    well="邻孔",
)
"""Kinds of links from a positive (`tables.LINKS`)."""

CHANGE_WORDS: Final[Mapping[str, Wording]] = _words(appeared="新增", vanished="消失", changed="变化")
"""What became of a row between two results."""

TABLE_WORDS: Final[Mapping[str, Wording]] = _words(
    pools="样本管", members="管内人员", recalls="复采", cases="阳性人员", traces="追踪", anomalies="异常", ledger="样本台账",
    rejects="拒收记录", readings="扩增结果", retention="留样", workload="检测机构负荷",
    false_alarms="疑似实验室假阳性", clusters="聚集",
)  # fmt: skip
"""Result tables (`tables.TABLES`), and the stages that make them."""

DOCUMENT_WORDS: Final[Mapping[str, Wording]] = {
    "RIC": Wording("resident ID", "居民身份证"),
    "PASSPORT": Wording("passport", "护照"),
    "HKM": Wording("Hong Kong, Macao permit", "港澳居民来往内地通行证"),
    "TW": Wording("Taiwan permit", "台湾居民来往大陆通行证"),
}
"""Kinds of identity document; others are written as they came."""

PRESET_WORDS: Final[Mapping[str, Wording]] = {
    "ten-in-one": Wording("ten-in-one", "10合1混采"),
    "twenty-in-one": Wording("twenty-in-one", "20合1混采"),
    "single": Wording("single", MODE_WORDS["single"].chinese),
}
"""Policies that poolpipe brings (`policy.PRESETS`)."""

COLUMN_WORDS: Final[Mapping[str, str]] = {
    "at": "时间",
    "round": "轮次",
    "event_id": "事件编号",
    "device": "设备",
    "operator": "操作人",
    "sent_at": "上传时间",
    "kind": "种类",
    "tube": "样本管",
    "person": "证件号码",
    "person_type": "证件类型",
    "name": "姓名",
    "phone": "电话",
    "site": "采样点",
    "point": "采样台",
    "mode": "采样方式",
    "capacity": "额定人数",
    "recall_of": "原混管",
    "swabs": "拭子数",
    "box": "转运箱",
    "giver": "交出人",
    "receiver": "接收人",
    "vehicle": "车辆",
    "temperature_c": "温度",
    "lab": "检测机构",
    "tubes": "管数",
    "plate": "检测板",
    "well": "孔位",
    "role": "孔的用途",
    "role_from": "用途来源",
    "target": "靶标",
    "ct": "Ct 值",
    "reagent": "试剂",
    "instrument": "仪器",
    "call": "结果",
    "event": "被作废事件",
    "reason": "作废原因",
    "sex": "性别",
    "birth_date": "出生日期",
    "township": "乡镇街道",
    "community": "社区",
    "address": "住址",
    "building": "楼栋",
    "household": "户号",
    "batch": "批次",
    "longitude": "经度",
    "latitude": "纬度",
    "priority": "优先",
    "capacity_per_day": "日检测能力",
    "capacity_per_hour": "每小时检测能力",
    "people": "人数",
    "first_collected": "首次采样",
    "last_collected": "末次采样",
    "packed_at": "装箱时间",
    "picked_up_at": "转运时间",
    "received_at": "签收时间",
    "loaded_at": "上机时间",
    "called_at": "结果时间",
    "state": "环节",
    "called_by": "结果依据",
    "p_false_positive": "假阳性概率",
    "collected_at": "采样时间",
    "position": "序号",
    "p_infected": "感染概率",
    "opened_at": "应复采时间",
    "due_at": "截止时间",
    "status": "状态",
    "overdue": "超时",
    "late": "超时办结",
    "recollected_at": "复采时间",
    "single_round": "单采轮次",
    "single_tube": "单采管",
    "outcome": "复采结果",
    "closed_at": "办结时间",
    "rank": "次序",
    "source_round": "源头轮次",
    "source_tube": "源头样本管",
    "hops": "层级",
    "lag_s": "时间差（秒）",
    "score": "关联概率",
    "via": "经由",
    "code": "代码",
    "severity": "级别",
    "subject_kind": "对象类型",
    "subject": "对象",
    "detail": "详情",
    "orphans": "无登记",
    "file": "文件",
    "line": "行号",
    "raw": "原始记录",
    "shared": "一孔多样",
    "kept_from": "留样起",
    "keep_until": "留样至",
    "hour": "时段",
    "waiting": "待出结果",
    "statistic": "检验方法",
    "seen": "实见数",
    "expected": "预期数",
    "p": "p 值",
    "q": "错误发现率",
    "posterior": "溅污概率",
    "repeat": "须复检的管",
    "size": "阳性数",
    "pools": "混管数",
    "households": "户数",
    "first_seen": "首例采样",
    "last_seen": "末例采样",
    "growth": "近日新增",
    "sites": "采样点数",
    "places": "主要地点",
    "ask_first": "先询问者",
    "recurrence_days": "重现间隔（天）",
    **{name: told.chinese for name, told in STATE_WORDS.items()},
}
"""Columns of docs/tables.md, as headings and messages name them to readers of Chinese."""

VALUE_WORDS: Final[Mapping[str, Wording]] = {
    **MODE_WORDS, **CALL_WORDS, **ROLE_WORDS, **STATE_WORDS, **STATUS_WORDS, **SEVERITY_WORDS, **RETENTION_WORDS,
    **CHANGE_WORDS,
}  # fmt: skip
"""Values of the result tables; none stands for two things."""


def word_of(words: Mapping[str, Wording], value: str) -> str:
    """Write a value in the language of the reader; one that has no word, such as a city's own policy, stays as it is.

    Parameters
    ----------
    words : mapping of str to Wording
        One of the tables of this module.
    value : str
        A value of the tables.

    Examples
    --------
    >>> from poolpipe.languages import speaking
    >>> word_of(PRESET_WORDS, "ten-in-one"), word_of(PRESET_WORDS, "our-county")
    ('ten-in-one 10合1混采', 'our-county')
    >>> with speaking("zh"):
    ...     word_of(PRESET_WORDS, "ten-in-one")
    '10合1混采'
    """
    return both(*words[value]) if value in words else value


def words_of(words: Mapping[str, Wording], values: Iterable[str]) -> Wording:
    """List values that a reader may choose from: in Chinese each with its word, and the value that is written.

    Examples
    --------
    >>> words_of(MODE_WORDS, ("pool", "single")).chinese
    '混采（pool）、单采（single）'
    """
    listed = list(values)
    return Wording(", ".join(listed), "、".join(f"{words[value].chinese}（{value}）" for value in listed))
