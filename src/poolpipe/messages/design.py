"""Messages of designs, of assignments and of the estimate of a prevalence."""

from __future__ import annotations

from typing import Final

from poolpipe.messages.template import Message

__all__ = ["DESIGN"]

_FIT = ("sizes {sizes} do not fit scheme {scheme!r}", "各级人数 {sizes} 与方案 {scheme!r} 不符")
_SQUARE = (
    "give one size for a square, such as 10, or rows and columns, such as 8,12", "请给出方阵边长，如 10，或行数与列数，如 8,12",
)  # fmt: skip
_MEND = ("mend them", "请更正")

DESIGN: Final = {
    "no_sizes": Message("no sizes to choose from", "没有可选的混管人数", "give at least one", "请至少给出一个"),
    "capacity_short": Message(
        "{people} people need at least {tests:.0f} tests, sizes {sizes}",
        "{people} 人至少须检测 {tests:.0f} 次，检测能力不足；混管人数 {sizes}",
        "borrow capacity, or screen fewer people a day",
        "请借用检测能力，或减少每日筛查人数",
    ),
    "demand": Message("{name} {given}", "{name} {given} 不可用，须大于 0", "give a number above nothing", "请填大于 0 的数"),
    "sizes_range": Message("sizes {sizes}", "混管人数 {sizes} 不可用", "give whole numbers from 1 to {most}", "请填 1 至 {most} 的整数"),
    "sizes_one": Message(*_FIT, "give one size, such as 10", "请给出一个人数，如 10"),
    "sizes_falling": Message(
        *_FIT,
        "give two or more sizes, each larger than the next and the last 1, such as 9,3,1",
        "请给出两个以上递减的人数，末项为 1，如 9,3,1",
    ),
    "sizes_square": Message(*_FIT, *_SQUARE),
    "stage_rates": Message(
        "{name} {given} is neither a probability nor {stages} of them", "{name} {given} 须为一个概率，或每级一个（共 {stages} 个）",
        "give one for all tests, or one per stage", "请给出一个，或每级检测一个",
    ),
    "p_count": Message(
        "p holds {given} values for {people} people, or one outside 0 to 1",
        "感染概率 {given} 个、人员 {people} 人，两者不符，或有概率不在 0 与 1 之间",
        "give one for all, or one per person of the pool or array",
        "请给出一个，或混管、阵列中每人一个",
    ),
    "partition_rates": Message("a probability outside 0 to 1, or pools of none", "概率须在 0 与 1 之间，混管人数须大于 0", *_MEND),
    "assign_numbers": Message(
        "size {size}, weight {weight}, pools {pools}", "混管人数 {size}、每人管数 {weight}、混管数 {pools}，均须为正整数",
        "give whole numbers from 1", "请填不小于 1 的整数",
    ),
    "person_twice": Message("a person comes twice", "人员重复", "keep one row for each", "每人请只留一行"),
    "volumes": Message(
        "{volume_ul} uL of {available_ul} uL",
        "移液 {volume_ul} µL、可用 {available_ul} µL，体积须大于 0",
        "give volumes above nothing",
        "请填大于 0 的体积",
    ),
    "plate_wells": Message("plates of {wells} wells", "不支持 {wells} 孔的板", "use 96 or 384", "请用 96 或 384"),
    "sample_short": Message(
        "{most} transfers of {volume_ul:g} uL from one sample, {available_ul:g} uL are available",
        "单份样本移液 {most} 次、每次 {volume_ul:g} µL，可用仅 {available_ul:g} µL",
        "transfer less, or seat people in fewer pools",
        "请减少移液体积，或减少每人进入的混管",
    ),
    "prevalence_rates": Message(
        "se {se}, sp {sp}, confidence {confidence}",
        "灵敏度 se {se}、特异度 sp {sp}、置信度 confidence {confidence} 超出范围",
        "se + sp must exceed 1",
        "se + sp 须大于 1",
    ),
    "no_usable_pool": Message("no pool has both people and a result", "没有既有人数又有结果的混管", "wait for results", "请等待结果"),
    "positive_unknown": Message(
        "column 'positive' holds {given!r}", "`positive` 列的 {given!r} 无法识别",
        "write true or false, or nothing", "请填 true 或 false，或留空",
    ),
    "mode_unknown": Message(
        "column 'mode' holds {given!r}",
        "`mode` 列的 {given!r} 无法识别",
        "write pool or single",
        "请填 pool（混采）或 single（单采）",
    ),
}  # fmt: skip
