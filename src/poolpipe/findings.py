"""Every anomaly and reject code: severity, subject, meaning and way out.

Details, boards and pages take their texts from here, so that a code has one meaning and one way out.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = [
    "ANOMALIES",
    "CUT_NUMBERS",
    "FALSE_ALARMS",
    "LOADS_REJECTED",
    "NO_LAB",
    "REJECTS",
    "Anomaly",
    "FalseAlarm",
    "Reject",
]


@dataclass(frozen=True, slots=True)
class Anomaly:
    """One anomaly code: severity, kind of subject, and in both languages what it means and the way out."""

    severity: str
    subject_kind: str
    meaning: str
    chinese: str
    way_out: str
    way_out_chinese: str


@dataclass(frozen=True, slots=True)
class Reject:
    """One reject code: in both languages what it means and the way out."""

    meaning: str
    chinese: str
    way_out: str
    way_out_chinese: str


@dataclass(frozen=True, slots=True)
class FalseAlarm:
    """One way in which a laboratory makes positives: in both languages what speaks for it and the way out."""

    meaning: str
    chinese: str
    way_out: str
    way_out_chinese: str


REJECTS: Final[Mapping[str, Reject]] = {
    "not_parseable": Reject(
        "the line or record cannot be read", "记录无法读取",
        "send the record again, whole", "补传完整记录",
    ),
    "unknown_kind": Reject(
        "no such kind of event", "事件种类无法识别",
        "name the file or its kind column after the event", "按事件种类命名文件或 kind 列",
    ),
    "missing_value": Reject(
        "a column that this kind must have is empty", "必填列为空",
        "fill the empty column, or give it its name of docs/tables.md", "补全空列，或按 docs/tables.zh.md 改正列名",
    ),
    "bad_time": Reject(
        "at or sent_at is not a time that can be read", "时间无法识别",
        "write times as 2022-02-10T08:30:00+08:00 or 2022/2/10 8:30",
        "时间写作 2022/2/10 8:30 或 2022-02-10T08:30:00+08:00",
    ),
    "bad_code": Reject(
        "a code is outside its pattern, or has lost its digits", "编码不合规则或丢失数字",
        "scan the code again, or export its column as text", "重新扫码，或将该列设为文本后重新导出",
    ),
    "bad_well": Reject(
        "no such well on the policy's plate", "孔位不存在",
        "write wells as A01 to H12, on 384-well plates to P24", "孔位写作 A01 至 H12，384 孔板至 P24",
    ),
    "bad_number": Reject(
        "not a number in its range", "数字超出范围或无法识别",
        "write a plain number in its range", "填写范围内的数字",
    ),
    "unknown_mode": Reject(
        "mode is neither pool nor single", "采样方式无法识别",
        "write pool or single", "填 pool（混采）或 single（单采）",
    ),
    "unknown_role": Reject(
        "role is not sample, negative_control or positive_control", "孔的用途无法识别",
        "write sample, negative_control or positive_control", "填样本或阴阳性质控",
    ),
    "unknown_call": Reject(
        "call is not positive, suspect, negative or invalid", "结论无法识别",
        "write positive, suspect, negative or invalid", "填阳性、可疑、阴性或无效",
    ),
    "future_time": Reject(
        "dated further ahead of its arrival than the policy allows", "时间晚于到达时间过多",
        "set the device's clock and send it again", "校准设备时钟后重传",
    ),
}  # fmt: skip
"""Reject codes; a record gets the first that applies, in this order."""

NO_LAB: Final = Reject(
    "a load names no laboratory", "上机记录未注明检测机构",
    "in event files fill the column lab; for machines' files set lab under [machines] of --policy FILE",
    "事件文件请补填 lab 列；仪器文件请在 --policy 文件的 [machines] 下设置 lab",
)  # fmt: skip
"""`missing_value` of the lab of a load, which machines' files do not have."""

LOADS_REJECTED: Final = Reject(
    "loads of this plate were rejected", "本板的上机记录被拒收",
    "mend those loads first, see rejects, and run again; the plate itself may be good",
    "先改正被拒收的上机记录后重新运行，板本身可能没有问题",
)  # fmt: skip
"""Way out of an anomaly of a plate with rejected loads, which may hold what seems to be missing."""

CUT_NUMBERS: Final = Reject(
    "a spreadsheet may have cut the numbers of several people", "证件号可能被表格软件截断",
    "find these lines by tube and time, and send them again from the original list, numbers as text",
    "证件号可能被表格软件截断为 15 位，或为多人；请按管号与时间找出这些记录，以文本格式从原始名单重新导出补传",
)  # fmt: skip
"""Way out of repeated scans under a number that ends like a rounded one."""

ANOMALIES: Final[Mapping[str, Anomaly]] = {
    "bad_person_id": Anomaly(
        "warning", "person", "resident ID fails its check character or birth date", "身份证号校验不符",
        "the swab counts; check the document again", "拭子有效，请再次核对证件",
    ),
    "rescanned": Anomaly(
        "info", "tube", "a person was scanned into the tube more than once", "同管重复扫码",
        "nothing to do: the first scan counts", "无需处理，以首次扫码为准",
    ),
    "person_in_two_tubes": Anomaly(
        "error", "person", "one person in several pool tubes of a round", "一人多管",
        "ask the site which tube holds the swab, void the other scan", "向采样点核实拭子在哪一管，作废另一条扫码",
    ),
    "overfull_pool": Anomaly(
        "error", "tube", "more people than the tube is meant for", "超员混管",
        "the call stands for all of them; re-sample if the swabs were too many", "结论对全部人员有效，确系超员则重采",
    ),
    "short_pool": Anomaly(
        "info", "tube", "fewer people than the tube is meant for", "不足员混管",
        "it must be marked as a short pool", "须标记为不足员混管",
    ),
    "swab_count_mismatch": Anomaly(
        "warning", "tube", "swabs counted at sealing are not the people scanned", "拭子数与登记人数不符",
        "ask the sampling point who was swabbed and not scanned", "向采样点查找采样而未扫码的人",
    ),
    "tube_at_two_points": Anomaly(
        "error", "tube", "collected at several sampling points", "一管多点",
        "the earliest counts; two tubes may carry one label: stop both", "以最早者为准，疑为重码管，先行扣留并核实",
    ),
    "mixed_mode": Anomaly(
        "error", "tube", "collected both as pool and as single", "单混采混用",
        "the earliest counts; void the wrong scans", "以最早者为准，作废错误扫码",
    ),
    "tube_in_two_boxes": Anomaly(
        "warning", "tube", "packed into several boxes", "一管多箱",
        "the last packing counts; void one to settle it", "以最后装箱为准，作废错误记录",
    ),
    "box_received_twice": Anomaly(
        "warning", "box", "received again without packing in between", "重复签收",
        "void the receipt that did not happen, or add the missing packing", "作废多余签收，或补录装箱",
    ),
    "empty_box": Anomaly(
        "warning", "box", "picked up or received, and no tube was ever packed into it", "空箱",
        "add the missing packing scans", "补录装箱扫码",
    ),
    "box_count_mismatch": Anomaly(
        "error", "box", "tubes counted at receipt are not the tubes packed", "箱内管数不符",
        "open the box and recount it with the courier's list", "开箱，与转运人员按清单清点",
    ),
    "orphan_tube": Anomaly(
        "error", "tube", "known from later steps, never collected", "无登记样本管",
        "find the site's list of its people, or a misread code", "向采样点索取该管人员名单，或核对误读的管码",
    ),
    "tube_reloaded": Anomaly(
        "info", "tube", "loaded into several wells", "重复上机",
        "every well counts; void a wrong load", "各孔结果均计入，错误的上机记录可作废",
    ),
    "well_shared": Anomaly(
        "error", "well", "several tubes, or a tube and a control, in one well", "一孔多样",
        "void the wrong load, else run its tubes again", "作废错误的上机记录，否则该孔样本重检",
    ),
    "plate_control_missing": Anomaly(
        "error", "plate", "read, and a negative or positive control is absent", "缺少质控",
        "nothing on it is a result; run it again with its controls", "本板结果无效，补质控后整板重做",
    ),
    "plate_control_failed": Anomaly(
        "error", "plate", "a control is not as it must be", "质控不合格，整板失控",
        "nothing on it is a result; run it again", "本板结果无效，整板重做",
    ),
    "control_was_collected": Anomaly(
        "error", "tube", "loaded as a control by its name, and collected: it counts as a sample", "质控名与样本管同码",
        "give controls and tubes different codes; the plate needs its control", "质控与样本管不得同码，本板须另有质控",
    ),
    "reading_incomplete": Anomaly(
        "warning", "well", "a target or the internal control was not read", "扩增结果不全",
        "no negative comes from here; send the missing rows or run it again", "此孔不出阴性，补传扩增结果或重新检测",
    ),
    "reading_without_load": Anomaly(
        "warning", "well", "read, and nothing was loaded", "有扩增结果无上机记录",
        "find out whose it is and send the load", "查明样本，补录上机扫码",
    ),
    "conflicting_calls": Anomaly(
        "error", "tube", "several of positive, suspect and negative", "结果矛盾",
        "the gravest counts; the lab must explain, or void what is wrong", "以最重结果为准，请检测机构说明或作废错误记录",
    ),
    "positive_set_aside": Anomaly(
        "error", "tube", "an invalid plate hides a positive or suspect well", "失控板上的阳性",
        "run the tube again at once", "立即复检该管",
    ),
    "out_of_order": Anomaly(
        "warning", "tube", "a step is dated before the one it follows", "时间顺序颠倒",
        "check the device's clock, then correct the scan", "检查设备时钟并更正记录",
    ),
    "recall_wrong_lab": Anomaly(
        "warning", "tube", "a re-sampled single went to another lab than found the pool", "复采样本未送首检机构",
        "singles go back to the lab that found the pool", "复采样本须送回首检机构",
    ),
    "unexplained_pool": Anomaly(
        "error", "tube", "positive or suspect pool, every single of it negative", "混阳单阴",
        "do not close it: contamination or a missed single, somebody must decide", "不得自行销号，由专家研判、再次采样",
    ),
    "conflicting_event": Anomaly(
        "warning", "event", "one event_id with several contents", "事件编号冲突",
        "all of them count; a void of the id withdraws all", "均计入，作废该编号则全部撤回",
    ),
    "void_without_event": Anomaly(
        "warning", "event", "a void that withdraws nothing", "作废对象不存在",
        "send the id of an event that came, and of no void", "核对拟作废的事件编号，不得为作废记录",
    ),
    "clock_room_temperature": Anomaly(
        "warning", "tube", "too long at room temperature before receipt", "常温超时",
        "judge whether the sample still serves, deliver sooner", "评估样本能否使用，加快送检",
    ),
    "clock_cold_store": Anomaly(
        "warning", "tube", "too long in the cold before the first load", "冷藏超时",
        "test it now, or store it at -70 C", "立即检测，或 -70 ℃ 保存",
    ),
    "clock_result": Anomaly(
        "warning", "tube", "no result in time", "出结果超时",
        "ask the lab for this result now", "向检测机构催报",
    ),
    "clock_recall": Anomaly(
        "error", "tube", "people of a positive pool not re-tested in time", "复采复核超时",
        "send the sampling team now", "立即派出应急采样小分队",
    ),
    "clock_pickup": Anomaly(
        "warning", "site", "a tube waited too long for its pickup", "待转运超时",
        "send the courier now", "立即派车转运",
    ),
    "clock_skew": Anomaly(
        "warning", "device", "the device's clock is wrong", "设备时钟偏差",
        "set the device's clock", "校准设备时钟",
    ),
    "source_silent": Anomaly(
        "warning", "site", "a site, device or laboratory that used to be heard at this time is not", "数据源中断",
        "telephone the source: is it offline?", "电话联系该数据源，核实是否离线",
    ),
    "lab_drift": Anomaly(
        "warning", "lab", "a control chart of the laboratory rings: its readings or calls have moved", "检测机构漂移",
        "ask the laboratory to check reagent lot, extraction, instrument and threshold since then; re-test a few of its samples elsewhere",
        "请该检测机构核查此后的试剂批号、提取、仪器与阈值，并抽取样本送他处复检",
    ),
}  # fmt: skip
"""Every anomaly code (docs/tables.md)."""

FALSE_ALARMS: Final[Mapping[str, FalseAlarm]] = {
    "queue_bracket": FalseAlarm(
        "more weak positives beside strong wells than the queue explains", "强阳性孔旁弱阳性过多，排队聚集不足以解释",
        "repeat these tubes from the sample, not from the extract; look at sealing, pipetting and centrifuging",
        "用原始样本（非提取物）复检这些管，并检查封板、加样与离心",
    ),
    "splash": FalseAlarm(
        "a weak positive beside a strong well, likelier splash than people", "强阳性孔旁的弱阳性，更可能是溅入而非感染",
        "repeat this tube from the sample, away from the strong one", "用原始样本复检此管，加样时远离强阳性管",
    ),
    "join_count": FalseAlarm(
        "positives touch across the lines of a plate more often than chance", "板上跨列相邻的阳性多于偶然",
        "repeat the positives of this plate from the sample", "用原始样本复检此板的阳性",
    ),
    "stratified": FalseAlarm(
        "more positives than other tubes of the same sites and days", "阳性多于同采样点、同日的其他管",
        "stop using it; repeat these tubes with another", "停用，并换用其他的复检这些管",
    ),
    "run_loaded": FalseAlarm(
        "a run of tubes, loaded one after the other, with more positives than their queues", "连续上机的一段样本管，阳性多于各自队列",
        "repeat these tubes from the sample; ask what was pipetted, mixed or opened between the first and the last",
        "用原始样本复检这些管，并查首管至末管之间的加样、配液与开盖",
    ),
    "run_received": FalseAlarm(
        "a run of tubes, received one after the other, with more positives than their queues", "连续签收的一段样本管，阳性多于各自队列",
        "repeat these tubes from the sample; look at the boxes between the first and the last for leaks",
        "用原始样本复检这些管，并查首管至末管之间的转运箱有无渗漏",
    ),
    "run_instrument": FalseAlarm(
        "a run of tubes on one instrument with more positives than their queues", "同一仪器连续检测的一段样本管，阳性多于各自队列",
        "repeat these tubes on another instrument; look for amplification product on this one",
        "换用其他仪器复检这些管，并查此仪器有无扩增产物污染",
    ),
}  # fmt: skip
"""Every statistic of the table `false_alarms` (docs/false-alarms.md)."""
