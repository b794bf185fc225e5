"""Messages of the plan of a round and of simulated cities."""

from __future__ import annotations

from typing import Final

from poolpipe.messages.template import Message

__all__ = ["PLANNING"]

_PLAN: Final = {
    "plan_range": Message(
        "{people} people, {days} days of {hours_per_day} hours, prevalence {prevalence}", "参数超出范围",
        "people from 1 to {most_people}, days to {most_days}, hours to 24, prevalence from 0 to 1",
        "人数 1 至 {most_people}，天数不超过 {most_days}，每日不超过 24 小时，感染率 0 至 1",
    ),
    "idle_lab": Message(
        "a lab that tests no tube is no lab", "检测管数须大于 0",
        "give the tubes each lab tests in 24 hours, and leave out those that test none", "请填各机构 24 小时检测管数，不检测的请删去",
    ),
    "no_tubes": Message(
        "{given!r} is no number of tubes", "不是管数",
        "give one number a lab, as [6000, 2500]", "请逐个机构给出日检测管数，如 [6000, 2500]",
    ),
    "plan_figure": Message("{name} {given}", "{name} 不可用", "give a number that can be", "请填合理的数值"),
    "plate_full": Message(
        "{controls} controls on a plate of {wells} wells", "质控占满整板",
        "leave a well for a sample", "请为样本留出孔位",
    ),
}  # fmt: skip

_SIMULATE: Final = {
    "pieces": Message("{pieces} pieces", "分块数须为正整数", "give at least 1", "请至少填 1"),
    "folder_not_empty": Message(
        "the folder is not empty", "文件夹不为空",
        "name a new folder, or overwrite it with --force (force=True)", "请另指定新文件夹，或用 --force（force=True）覆盖",
    ),
    "city_people": Message(
        "a city of {people} people", "城市人数超出范围",
        "give at least {least} and at most {most}", "请填 {least} 至 {most}",
    ),
    "rounds_range": Message("{rounds} rounds", "轮次超出范围", "give 1 to 30", "请填 1 至 30"),
    "no_share": Message("{name}={rate} is no share", "不是比例", "give a number from 0 to 1", "请填 0 至 1 的数"),
}  # fmt: skip

PLANNING: Final = {**_PLAN, **_SIMULATE}
