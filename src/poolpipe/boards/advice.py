"""What to do about each anomaly and each rejected record, in both languages; read by boards and docs."""

from __future__ import annotations

from typing import Final, NamedTuple

__all__ = ["ADVICE", "ALIASES", "CHINESE", "REJECT_ADVICE", "Advice"]


class Advice(NamedTuple):
    """The way out, for whoever reads the board."""

    english: str
    chinese: str


ADVICE: Final[dict[str, Advice]] = {
    "bad_person_id": Advice("check the document and register again", "核对证件后重新登记"),
    "rescanned": Advice("nothing: the first scan counts", "无需处理，以首次扫码为准"),
    "person_in_two_tubes": Advice("ask the site which tube holds the swab", "向采样点核实其拭子在哪一管"),
    "overfull_pool": Advice(
        "ask the site; re-sample if the swabs were too many", "向采样点核实，确超员则重采"
    ),
    "short_pool": Advice("nothing, if the tube was marked as short", "已作标记则无需处理"),
    "swab_count_mismatch": Advice("find who was swabbed and not scanned", "查找采样而未扫码的人"),
    "tube_at_two_points": Advice("two tubes may carry one label: stop both", "疑为重码管，先行扣留并核实"),
    "mixed_mode": Advice("settle whether it is a pool or a single", "核实单采还是混采"),
    "tube_in_two_boxes": Advice(
        "the last packing counts; void the wrong one", "以最后装箱为准，作废错误记录"
    ),
    "box_received_twice": Advice("void one receipt, or add the missing packing", "作废多余签收或补录装箱"),
    "empty_box": Advice("add the missing packing scans", "补录装箱扫码"),
    "box_count_mismatch": Advice("recount the box with the courier's list", "与收样员按清单清点箱内样本"),
    "orphan_tube": Advice("find the site's list of people for this tube", "向采样点索取该管人员名单"),
    "tube_reloaded": Advice("nothing: all its wells count", "无需处理，各孔结果均计入"),
    "well_shared": Advice("void the wrong load, or run the tubes again", "作废错误上样或重新检测"),
    "plate_control_missing": Advice("run the plate again with its controls", "补质控后整板重做"),
    "plate_control_failed": Advice("run the plate again; nothing on it counts", "整板重做，本板结果无效"),
    "reading_incomplete": Advice("read the well again, or send the missing rows", "补传读数或重新判读"),
    "reading_without_load": Advice("add the missing load scan", "补录上样扫码"),
    "conflicting_calls": Advice("the gravest counts; the lab must explain", "以最重结果为准，请检测机构说明"),
    "positive_set_aside": Advice("re-test these tubes at once", "立即复检这些样本"),
    "out_of_order": Advice("check the device's clock, then correct the scan", "检查设备时钟并更正记录"),
    "recall_wrong_lab": Advice("send it to the lab that found the pool", "转送首检机构"),
    "unexplained_pool": Advice(
        "do not close it: experts decide, sample again", "不得自行销号，由专家研判、再次采样"
    ),
    "conflicting_event": Advice("both count; void the id to withdraw both", "两条均计入，可按编号作废"),
    "void_without_event": Advice("check the event_id that was to be withdrawn", "核对拟作废的事件编号"),
    "clock_room_temperature": Advice("judge the sample; deliver within 4 h", "评估样本，4 小时内送达"),
    "clock_cold_store": Advice("test it now, or freeze it at -70 C", "立即检测或 -70 ℃ 保存"),
    "clock_result": Advice("ask the lab for this result now", "向检测机构催报"),
    "clock_recall": Advice("send the sampling team now", "立即派出应急采样小分队"),
    "clock_pickup": Advice("send a courier; every site each 2 h", "派车收样，每 2 小时一次"),
    "clock_skew": Advice("set the device's clock", "校准设备时钟"),
    "source_silent": Advice("telephone the source", "电话联系该数据源"),
}
"""Anomaly code to way out."""

REJECT_ADVICE: Final[dict[str, Advice]] = {
    "not_parseable": Advice("send the line again, whole", "补传完整记录"),
    "unknown_kind": Advice(
        "name the file or its kind column after the event", "按事件种类命名文件或 kind 列"
    ),
    "missing_value": Advice("fill the empty column, or give it the contract's name", "补全空列或改正列名"),
    "bad_time": Advice("write times as 2022-02-10T08:30:00+08:00", "时间写作 2022-02-10T08:30:00+08:00"),
    "bad_code": Advice("scan the code again", "重新扫码"),
    "bad_well": Advice("write wells as A01 to H12", "孔位写作 A01 至 H12"),
    "bad_number": Advice("write a plain number in its range", "填写范围内的数字"),
    "unknown_mode": Advice("pool or single", "填 pool（混采）或 single（单采）"),
    "unknown_role": Advice("sample, negative_control or positive_control", "填样本或阴阳性质控"),
    "unknown_call": Advice("positive, suspect, negative or invalid", "填阳性、可疑、阴性或无效"),
    "future_time": Advice("set the device's clock and send it again", "校准设备时钟后重传"),
}
"""Reject code to way out."""

CHINESE: Final[dict[str, str]] = {
    "pool": "混采",
    "single": "单采",
    "positive": "阳性",
    "suspect": "可疑",
    "negative": "阴性",
    "invalid": "无效",
    "collected": "已采样",
    "packed": "已装箱",
    "picked_up": "已收样",
    "received": "已签收",
    "loaded": "已上机",
    "reported": "已报告",
    "open": "待复采",
    "recollected": "已采待报",
    "closed": "已办结",
    "error": "严重",
    "warning": "警示",
    "info": "提示",
    "appeared": "新增",
    "vanished": "消失",
    "changed": "变化",
}
"""The contract's values in Chinese."""

ALIASES: Final[dict[str, str]] = {
    **dict.fromkeys(
        ("time", "datetime", "timestamp", "date", "时间", "采样时间", "扫码时间", "检测时间"), "at"
    ),
    **dict.fromkeys(
        ("barcode", "sample", "sample_id", "管号", "试管编号", "试管条码", "样本编号", "条码"), "tube"
    ),
    **dict.fromkeys(
        ("id", "id_number", "idcard", "id_card", "证件号", "证件号码", "身份证", "身份证号"), "person"
    ),
    **dict.fromkeys(("id_type", "证件类型"), "person_type"),
    **dict.fromkeys(("姓名",), "name"),
    **dict.fromkeys(("mobile", "tel", "telephone", "电话", "手机", "手机号"), "phone"),
    **dict.fromkeys(("箱号", "箱码", "转运箱"), "box"),
    **dict.fromkeys(("板号", "plate_id"), "plate"),
    **dict.fromkeys(("孔", "孔位", "position"), "well"),
    **dict.fromkeys(("采样点", "采样场所"), "site"),
    **dict.fromkeys(("实验室", "检测机构", "laboratory"), "lab"),
    **dict.fromkeys(("cq", "cp", "ct值", "ct_value"), "ct"),
    **dict.fromkeys(("靶标", "基因", "gene", "channel"), "target"),
    **dict.fromkeys(("结果", "检测结果", "result", "interpretation"), "call"),
    **dict.fromkeys(("轮次",), "round"),
    **dict.fromkeys(("类型", "event_type", "事件"), "kind"),
}
"""What other systems call the contract's columns: for suggestions only, nothing is renamed by itself."""
