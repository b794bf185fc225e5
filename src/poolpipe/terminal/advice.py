"""Other systems' names for the columns of docs/tables.md."""

from __future__ import annotations

from typing import Final

__all__ = ["ALIASES"]

ALIASES: Final[dict[str, str]] = {
    **dict.fromkeys(
        (
            "time",
            "datetime",
            "timestamp",
            "date",
            "时间",
            "采样时间",
            "扫码时间",
            "检测时间",
            "报告时间",
            "collected_at",
            "called_at",
        ),
        "at",
    ),
    **dict.fromkeys(
        (
            "barcode",
            "sample",
            "sample_id",
            "管号",
            "试管编号",
            "试管条码",
            "样本编号",
            "条码",
            "样本管",
            "采样管",
            "样本管条码",
        ),
        "tube",
    ),
    **dict.fromkeys(
        ("id", "id_number", "idcard", "id_card", "证件号", "证件号码", "身份证", "身份证号", "人员"), "person"
    ),
    **dict.fromkeys(("id_type", "证件类型"), "person_type"),
    **dict.fromkeys(("姓名",), "name"),
    **dict.fromkeys(("采样方式", "方式", "sampling"), "mode"),
    **dict.fromkeys(("试剂",), "reagent"),
    **dict.fromkeys(("仪器",), "instrument"),
    **dict.fromkeys(("mobile", "tel", "telephone", "电话", "手机", "手机号"), "phone"),
    **dict.fromkeys(("箱号", "箱码", "转运箱", "箱"), "box"),
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
"""What other systems call the columns of docs/tables.md: for suggestions only, no column is renamed by it."""
