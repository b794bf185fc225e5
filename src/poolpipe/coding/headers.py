"""Headers as laboratories write them (采样管条码, 身份证号): the columns of docs/tables.md that they stand for.

One table for CSV, sheets, Parquet, Arrow and frames; docs/tables.md prints it. A header is looked up whole, after cleaning: full
width becomes half width, blanks, line breaks, `*` and a note such as (必填) go.
"""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING, Final

from poolpipe.tables import DATE_OF_TIME, EVENTS, REFERENCE

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = [
    "DATES",
    "HEADERS",
    "KIND_NAMES",
    "NUMBERING",
    "PLACE",
    "TIMES",
    "bare_header",
    "column_of_header",
    "date_of_header",
    "times_of_header",
]

PLACE: Final = "采样点"
"""The point where a column of the site stands beside it, else the site."""

HEADERS: Final[Mapping[str, tuple[str, ...]]] = {
    "kind": ("事件类型", "事件种类", "事件"),
    "tube": (
        "采样管条码", "采样管编号", "采样管号", "采样管码", "采样管条形码", "采样管", "样本管条码", "样本管编号", "样本管号",
        "样本管码", "样本管", "试管条码", "试管编号", "试管号", "试管码", "管条码", "管编号", "管号", "管码", "混采管条码",
        "混采管编号", "混采管号", "样本条码", "样本条码号", "样本编号", "样本号", "标本条码", "标本条码号", "标本编号", "标本号",
        "样品编号", "样品条码", "条码", "条码号", "条形码", "采样管编码", "样本管编码", "试管编码", "管编码", "混采管编码", "样本编码",
    ),
    "person": (
        "身份证号", "身份证号码", "身份证", "居民身份证号", "居民身份证号码", "公民身份号码", "公民身份证号码", "证件号", "证件号码",
        "有效证件号码",
    ),
    "person_type": ("证件类型", "证件类别", "证件种类"),
    "name": ("姓名", "被采样人", "被采样人姓名", "受检者", "受检者姓名", "受检人", "受检人姓名", "人员姓名", "居民姓名"),
    "phone": ("手机号", "手机号码", "手机", "联系电话", "联系手机", "联系方式", "电话", "电话号码"),
    "site": ("采样场所", "采样站点", "采样站", "采样地点", "采样机构", "采样单位", "采样点名称", "采样点编号"),
    "point": ("采样台", "采样台号", "采样位", "采样窗口", "采样点位"),
    "mode": ("采样方式", "采样类型", "采样模式", "采集方式"),
    "capacity": ("额定人数", "应采人数", "混采上限"),
    "recall_of": ("原管条码", "原管号", "原采样管条码", "原混采管条码", "原混采管", "复采原管"),
    "swabs": ("拭子数", "拭子数量", "拭子个数", "拭子支数"),
    "box": (
        "转运箱码", "转运箱条码", "转运箱编号", "转运箱号", "转运箱", "样本箱码", "样本箱条码", "样本箱编号", "样本箱号", "箱码",
        "箱条码", "箱号", "箱编号", "转运箱编码", "样本箱编码", "箱编码",
    ),
    "giver": ("交出人", "移交人", "交样人", "送样人"),
    "receiver": ("接收人", "接样人", "收样人", "签收人"),
    "vehicle": ("车牌", "车牌号", "车牌号码", "转运车辆", "车辆"),
    "temperature_c": ("温度", "温度(°c)", "箱内温度", "箱内温度(°c)", "转运温度", "转运温度(°c)"),
    "lab": ("检测机构", "检测机构名称", "检测实验室", "检测单位", "检验机构", "实验室", "接收机构"),
    "tubes": ("管数", "采样管数", "采样管数量", "样本管数", "样本管数量", "试管数", "试管数量"),
    "plate": ("板号", "板码", "板条码", "板编号", "反应板号", "反应板条码", "反应板编号", "检测板号", "pcr板号", "96孔板号"),
    "well": ("孔位", "孔位号", "孔号", "孔", "反应孔", "反应孔位"),
    "role": ("样本类型", "样品类型", "样本类别", "孔类型", "孔类别", "对照类型"),
    "target": ("靶标", "靶基因", "靶标基因", "检测靶标", "目标基因", "检测基因", "基因", "目标"),
    "ct": ("ct", "ct值", "cq", "cq值"),
    "reagent": ("试剂", "试剂盒", "试剂名称", "检测试剂"),
    "instrument": ("仪器", "仪器编号", "检测仪器", "扩增仪"),
    "call": ("检测结果", "核酸检测结果", "核酸结果", "检验结果", "判读结果", "结果判读", "结果"),
    "event": ("作废事件", "被作废事件", "撤销事件", "作废事件编号"),
    "reason": ("作废原因", "撤销原因", "原因"),
    "round": ("轮次", "筛查轮次", "检测轮次", "采样轮次"),
    "event_id": ("事件编号", "事件id"),
    "device": ("设备", "设备编号", "设备号", "终端编号", "终端号", "扫码枪"),
    "operator": ("采样人", "采样人员", "采样员", "操作人", "操作人员", "操作员", "装箱人", "封管人", "上样人", "检测人"),
    "sent_at": ("上传时间", "发送时间"),
    "sex": ("性别",),
    "birth_date": ("出生日期", "出生年月日"),
    "township": ("乡镇", "街道", "乡镇街道", "乡镇(街道)", "乡镇/街道", "镇街", "镇(街道)", "所属乡镇", "所属街道"),
    "community": ("社区", "村", "社区村", "社区(村)", "村(社区)", "社区/村", "村/社区", "村居", "居委会", "所属社区", "所属村"),
    "address": ("住址", "地址", "家庭住址", "家庭地址", "现住址", "现居住地址", "居住地址", "居住地", "详细地址", "联系地址"),
    "building": ("楼栋", "楼栋号", "楼号", "小区楼栋"),
    "household": ("户号", "户编号", "家庭户号", "家庭编号", "家庭号"),
    "batch": ("批次", "采样批次", "筛查批次"),
    "longitude": ("经度",),
    "latitude": ("纬度",),
    "priority": ("优先级", "是否优先", "重点", "是否重点", "重点采样点", "是否重点采样点"),
    "capacity_per_day": ("日检测能力", "每日检测能力", "日检测能力(管)", "每日检测能力(管)", "日检测量", "检测能力"),
}  # fmt: skip
"""Column to the headers that stand for it, besides its own name."""

TIMES: Final[Mapping[str, tuple[str, ...]]] = {
    "": ("时间", "扫码时间", "扫描时间", "操作时间"),
    "collect": ("采样时间", "采集时间"),
    "seal": ("封管时间", "封口时间", "封存时间"),
    "pack": ("装箱时间", "打包时间"),
    "pickup": ("取样时间", "取件时间", "收样时间", "转运时间", "交接时间"),
    "receive": ("接收时间", "接样时间", "签收时间", "送达时间", "收样时间", "交接时间"),
    "load": ("上样时间", "加样时间", "布板时间", "上机时间"),
    "read": ("检测时间", "扩增时间", "读数时间", "上机时间"),
    "report": ("报告时间", "上报时间", "结果时间", "出结果时间", "检测时间"),
    "void": ("作废时间", "撤销时间"),
}
"""Kind of event to the headers of its time `at`; those under the empty kind are the time of any kind."""

DATES: Final[Mapping[str, tuple[str, ...]]] = {
    "": ("日期", "登记日期"),
    "collect": ("采样日期", "采集日期"),
    "seal": ("封管日期",),
    "pack": ("装箱日期",),
    "pickup": ("转运日期", "取样日期", "交接日期"),
    "receive": ("接收日期", "接样日期", "签收日期", "收样日期", "交接日期"),
    "load": ("上样日期", "加样日期", "上机日期"),
    "read": ("检测日期", "扩增日期", "上机日期"),
    "report": ("报告日期", "上报日期", "检测日期"),
    "void": ("作废日期", "撤销日期"),
}
"""Kind of event to the headers of a date beside its time; those under the empty kind stand beside any kind's."""

NUMBERING: Final = ("序号", "行号", "no", "no.")
"""Headers of a column that numbers the lines: left out without a question."""

KIND_NAMES: Final[Mapping[str, tuple[str, ...]]] = {
    "collect": ("采样登记", "采样信息", "采样记录", "采样明细", "采样名单", "采样", "信息登记"),
    "seal": ("封管",),
    "pack": ("装箱",),
    "pickup": ("取样", "转运交接", "转运记录"),
    "receive": ("签收", "接收", "接样"),
    "load": ("上样", "加样", "布板", "板图", "孔板图"),
    "read": ("扩增结果", "扩增", "读数"),
    "report": ("结果上报", "检测结果", "检测报告", "结果报告"),
    "void": ("作废", "撤销"),
}  # fmt: skip
"""Kind of event to the beginnings of names of files and sheets that tell it in Chinese."""

_COLUMN_OF: Final = {header: column for column, headers in HEADERS.items() for header in headers}
_KINDS_OF_TIME: Final = {
    header: frozenset(kind for kind, headers in TIMES.items() if header in headers)
    for headers in TIMES.values()
    for header in headers
}
_OWN: Final = frozenset(
    [
        "kind",
        DATE_OF_TIME,
        *(column for kind in EVENTS.values() for column in kind.columns),
        *sum(REFERENCE.values(), ()),
    ]
)
_NOTE = re.compile(r"\((?:必填|必填项|选填|可选|可不填|文本|文本格式)\)$")


def bare_header(header: str) -> str:
    r"""A header as it is looked up: half width, lower case, without blanks, `*`, a colon behind it and (必填).

    Examples
    --------
    >>> bare_header("＊采样管\n条码（必填）")
    '采样管条码'
    """
    bare = "".join(unicodedata.normalize("NFKC", header).replace("\ufeff", "").split()).lower().strip("*:")
    return _NOTE.sub("", bare).strip("*:")


def column_of_header(bare: str) -> str:
    """The column that a cleaned header is the name of or stands for; empty where it is none, a time or `PLACE`."""
    return bare if bare in _OWN else _COLUMN_OF.get(bare, "")


def times_of_header(bare: str) -> frozenset[str]:
    """Kinds of event whose time a cleaned header names, the empty kind for any; empty where it names no time."""
    return _KINDS_OF_TIME.get(bare, frozenset())


def date_of_header(bare: str, kind: str) -> bool:
    """Whether a cleaned header names the date of the time of a kind of event."""
    return bare in DATES[""] or bare in DATES.get(kind, ())
