"""Messages of the plan of a round and of simulated cities."""

from __future__ import annotations

from typing import Final

from poolpipe.messages.template import Message

__all__ = ["BASES", "PLANNING"]

_PLAN: Final = {
    "plan_range": Message(
        "{people} people, {days} days of {hours_per_day} hours, prevalence {prevalence}",
        "{people} 人、{days} 天、每天 {hours_per_day} 小时、流行率 {prevalence} 超出范围",
        "people from 1 to {most_people}, days to {most_days}, hours to 24, prevalence from 0 to 1",
        "人数 1 至 {most_people}，天数不超过 {most_days}，每日不超过 24 小时，感染率 0 至 1",
    ),
    "idle_lab": Message(
        "a lab that tests no tube is no lab", "检测管数须大于 0",
        "give the tubes each lab tests in 24 hours, and leave out those that test none", "请填各机构 24 小时检测管数，不检测的请删去",
    ),
    "no_tubes": Message(
        "{given!r} is no number of tubes", "{given!r} 不是管数",
        "give one number a lab, as [6000, 2500]", "请逐个机构给出日检测管数，如 [6000, 2500]",
    ),
    "plan_figure": Message("{name} {given}", "{name} {given} 不可用", "give a number that can be", "请填合理的数值"),
    "plate_full": Message(
        "{controls} controls on a plate of {wells} wells", "{wells} 孔板上有 {controls} 个质控，已占满整板",
        "leave a well for a sample", "请为样本留出孔位",
    ),
}  # fmt: skip

_SIMULATE: Final = {
    "pieces": Message("{pieces} pieces", "分块数 {pieces} 不可用，须为正整数", "give at least 1", "请至少填 1"),
    "folder_not_empty": Message(
        "the folder is not empty", "文件夹不为空",
        "name a new folder, or overwrite it with --force (force=True)", "请另指定新文件夹，或用 --force（force=True）覆盖",
    ),
    "city_people": Message(
        "a city of {people} people", "城市人数 {people} 超出范围",
        "give at least {least} and at most {most}", "请填 {least} 至 {most}",
    ),
    "rounds_range": Message("{rounds} rounds", "轮次 {rounds} 超出范围", "give 1 to 30", "请填 1 至 30"),
    "no_share": Message("{name}={rate} is no share", "{name}={rate} 不是比例", "give a number from 0 to 1", "请填 0 至 1 的数"),
}  # fmt: skip

PLANNING: Final = {**_PLAN, **_SIMULATE}

BASES: Final = (
    ("{points} points a site", "每场所 {points} 个采样点"),
    ("{people} people an hour, {hours} h a day, {days} days", "每小时 {people} 人，每天 {hours} 小时，共 {days} 天"),
    ("{crews} crews take turns", "{crews} 组轮换"),
    ("{samplers} samplers for {hours} h each", "每班 {samplers} 名采样人员，{hours} 小时"),
    ("pools of {size}", "{size}合1混采"),
    ("{tubes} tubes a box", "每箱 {tubes} 管"),
    ("{wells} wells, {controls} of them controls", "{wells} 孔，其中质控 {controls} 孔"),
    (
        "for {share} of pools positive, the least kept ({expected} expected); {spare} spare",
        "按混管阳性率 {share}（最低备量，预计 {expected}），另备 {spare}",
    ),
    ("for {share} of pools positive as expected; {spare} spare", "按预计混管阳性率 {share}，另备 {spare}"),
    ("one a pool kit", "每套混采试剂一个"),
    ("{share} of pools expected positive, true and false", "预计混管阳性率 {share}，含假阳性"),
    ("everybody of a positive pool", "阳性混管的全部人员"),
    ("busiest hour, {people} people an hour each", "最忙一小时，每队每小时 {people} 人"),
    ("{each} for 10,000 people", "每万人 {each}"),
    ("{spare} spare", "另备 {spare}"),  # last: its field takes all that stands before
)  # fmt: skip
"""What the quantities of a plan rest on: English, as the table of the plan holds it, and Chinese."""
