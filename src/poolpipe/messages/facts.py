"""What the detail of each anomaly tells of its subject, in English as the table `anomalies` holds it, and in Chinese."""

from __future__ import annotations

from typing import Final

from poolpipe.messages.template import Message

__all__ = ["FACTS", "MORE_FACTS"]

FACTS: Final = {
    "bad_person_id": Message(
        "resident ID fails its check character or birth date (GB 11643)", "身份证号校验码或出生日期有误（GB 11643）",
    ),
    "cut_number": Message(
        "{scans} scans of one number whose last digits are all zero, at {times}: a spreadsheet may have cut the numbers, and "
        "they may be several people",
        "一个末尾全为零的证件号扫码 {scans} 次，时间 {times}：可能被表格软件截断，可能为多人",
    ),
    "cut_numbers": Message(
        "{scans} scans of {numbers} numbers whose last digits are all zero, at {times}: a spreadsheet may have cut the numbers, "
        "and they may be several people",
        "{numbers} 个末尾全为零的证件号扫码 {scans} 次，时间 {times}：可能被表格软件截断，可能为多人",
    ),
    "person_in_two_tubes": Message("in the pool tubes {tubes} of one round", "同一轮次内登记于混管 {tubes}"),
    "people_and_capacity": Message("{people} people where {capacity} fit", "登记 {people} 人，限 {capacity} 人"),
    "swab_count_mismatch": Message(
        "{swabs} swabs counted at sealing, {people} people scanned", "封管清点拭子 {swabs} 支，扫码登记 {people} 人",
    ),
    "tube_in_two_boxes": Message("packed into {boxes}", "先后装入转运箱 {boxes}"),
    "box_count_mismatch": Message(
        "{tubes} tubes counted at receipt, {carried} packed", "签收清点 {tubes} 管，装箱 {carried} 管",
    ),
    "tube_reloaded": Message("loaded into {wells} wells", "上机 {wells} 孔"),
    "clock_room_temperature": Message("{hours} h from the first swab to receipt", "首次采样至签收 {hours} 小时"),
    "clock_cold_store": Message("{hours} h from the first swab to the first load", "首次采样至首次上机 {hours} 小时"),
    "clock_result": Message("{hours} h to a result", "出结果用时 {hours} 小时"),
    "clock_pickup": Message("{tubes} tubes waited up to {hours} h", "{tubes} 管待转运，最长 {hours} 小时"),
    "clock_ahead": Message(
        "{minutes} min ahead: what it sent came before it was sent, alike within {spread} min in {quarters} quarters of an hour, "
        "{since} to {until}",
        "快 {minutes} 分钟：上传时间晚于到达时间，{quarters} 个一刻钟内相差不超过 {spread} 分钟，{since} 至 {until}",
    ),
    "clock_behind": Message(
        "{minutes} min behind: what it sent came so late, alike within {spread} min in {quarters} quarters of an hour, "
        "{since} to {until}, and what others sent did not",
        "慢 {minutes} 分钟：到达晚于上传时间，{quarters} 个一刻钟内相差不超过 {spread} 分钟，{since} 至 {until}，其他设备同时到达及时",
    ),
    "source_silent": Message(
        "nothing since {last}; on {usual} of {days} days before it was heard at that time, in {quarters} quarters of an hour "
        "at least",
        "自 {last} 起无数据；此前 {days} 天中有 {usual} 天在同一时段收到数据，至少 {quarters} 个一刻钟",
    ),
    "lab_drift": Message(
        "{charts}: rang first at {at}, {direction} since {since}, {count} values, shift {shift}",
        "{charts}：最早于 {at} 报警，自 {since} 起 {direction}，共 {count} 个值，偏离 {shift}",
    ),
    "clock_recall": Message("{missed} of its people not re-tested in time", "其中 {missed} 人未按时复采出结果"),
}  # fmt: skip
"""What a detail begins with where it is not the meaning of its code; the way out follows it."""

MORE_FACTS: Final = {
    "zeros_lost": Message(
        "; perhaps it is tube '{tube}', and a spreadsheet took the zeros 可能丢失前导零", "；可能是样本管 '{tube}' 丢失了前导零",
    ),
    "loads_rejected": Message(
        "; loads of this plate were rejected 本板的上机记录被拒收", "；本板的上机记录被拒收",
    ),
    "grave_call": Message(", and called {call}", "，结果为{call}"),  # last: its field takes all that follows
}  # fmt: skip
"""What may stand between those and the way out."""
