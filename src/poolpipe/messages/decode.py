"""Messages of the decoder: the assay, priors, and the tables of pools, people and seats."""

from __future__ import annotations

from typing import Final

from poolpipe.messages.template import Message

__all__ = ["DECODE"]

_FROM_0 = ("give a whole number from 0 on", "请填不小于 0 的整数")
_FROM_1 = ("give a whole number from 1 on", "请填不小于 1 的整数")

_ASSAYS: Final = {
    "dilution_twice": Message(
        "give one of dilution, table and cycles: each says by itself how a pool dilutes",
        "dilution、table、cycles 只能给一项，各自已说明稀释",
    ),
    "suspect_half": Message(
        "give both suspect_infected and suspect_clean, or neither", "suspect_infected 与 suspect_clean 须同时给出或都不给",
    ),
    "assay_misleads": Message(
        "sensitivity {sensitivity:g} is below 1 - specificity {complement:g}: a positive would speak against infection; "
        "were they taken for each other?",
        "灵敏度 {sensitivity:g} 低于 1 - 特异度 {complement:g}，阳性反而说明未感染，是否填反",
    ),
    "table_size": Message(
        "table[{people}] must hold {people} probabilities, for k = 1 .. {people}", "table[{people}] 须有 {people} 个概率",
    ),
    "none_within_limit": Message(
        "cycles: fewer than 1 in 1,000 single samples lie within the limit of {limit:g} cycles: no test would detect anybody",
        "cycles：单检 Ct 在上限 {limit:g} 以内者不足千分之一，等于检不出任何人",
    ),
    "table_misleads": Message(
        "table[{people}] falls below 1 - specificity {complement:g}: a positive would speak against infection",
        "table[{people}] 低于 1 - 特异度 {complement:g}，阳性反而说明未感染",
    ),
    "no_assay": Message(
        "an assay is no {type}", "检测参数不能是 {type}",
        "give an Assay, or a mapping with sensitivity and specificity", "请给出 Assay，或含 sensitivity 与 specificity 的字典",
    ),
    "people_count": Message("{people!r} people", "人数 {people!r} 不可用", *_FROM_0),
    "call_code": Message("no call has the code {given!r}", "没有结果代码 {given!r}", "give {least} to {most}", "请填 {least} 至 {most}"),
    "ct_not_finite": Message(
        "Ct {ct!r}",
        "Ct {ct!r} 不是有限数值",
        "give cycles, or None where there was none",
        "请填循环数，没有 Ct 请填 None",
    ),
    "no_dynamics": Message(
        "dynamics are no {type}", "感染变化参数不能是 {type}",
        "give Dynamics(infection_per_day=…, clearance_per_day=…)", "请给出 Dynamics(infection_per_day=…, clearance_per_day=…)",
    ),
    "days_count": Message("{days} days", "天数 {days} 不可用", *_FROM_0),
    "prior_rates": Message(
        "a probability outside 0 to 1, or an incidence below 0", "概率须在 0 与 1 之间，发病率不得小于 0",
        "mend it", "请更正",
    ),
}  # fmt: skip

_EFFORT: Final = {
    "effort_range": Message(
        "{name} {given!r}", "{name} {given!r} 超出范围",
        "give a whole number from {least} to {most}", "请填 {least} 至 {most} 的整数",
    ),
    "no_effort": Message(
        "an effort is no {type}", "计算量参数不能是 {type}",
        "give an Effort, or a mapping with some of its fields", "请给出 Effort，或含其中若干项的字典",
    ),
    "tolerance": Message(
        "tolerance {tolerance}", "容差 {tolerance} 不可用，须大于 0、小于 1",
        "give a number above 0, such as 1e-7", "请填大于 0 的数，如 1e-7",
    ),
    "from_one": Message("{name} {given!r}", "{name} {given!r} 不可用，须为正整数", *_FROM_1),
}  # fmt: skip

_ARRAYS: Final = {
    "prior_count": Message(
        "{priors} priors for {seats} seats", "先验概率 {priors} 个，人次 {seats} 个，两者不符",
        "give one, or one a seat", "请给出一个，或每人次一个",
    ),
    "prior_outside": Message("a prior outside 0 to 1", "先验概率须在 0 与 1 之间", "give probabilities", "请填概率"),
    "prior_not_numbers": Message(
        "priors that are no numbers", "先验概率不是数值",
        "give one probability, or a flat array of one a seat", "请给出一个概率，或每人次一个的一维数组",
    ),
    "too_many_seats": Message(
        "offsets end at {seats}, more than {most} seats", "offsets 的末项为 {seats}，超过 {most} 人次",
        "is an offset damaged? cut the pools into several calls", "请检查 offsets 是否损坏，或分几次计算",
    ),
    "bad_offsets": Message(
        "offsets or calls are no flat arrays of whole numbers, or offsets do not rise from 0",
        "offsets 或 calls 不是一维整数数组，或 offsets 没有从 0 起递增",
        "seats of pool p are offsets[p] up to offsets[p + 1], the first is 0", "混管 p 的人次为 offsets[p] 至 offsets[p + 1]，首项为 0",
    ),
    "call_count": Message(
        "{calls} calls for {pools} pools",
        "结果 {calls} 个，混管 {pools} 个，两者不符",
        "give one a pool",
        "请每管给一个",
    ),
}  # fmt: skip

_TABLES: Final = {
    "key_empty": Message(
        "column {column!r} has empty entries, the first in row {row}", "{column!r} 列有空值，首处在第 {row} 行",
        "leave such rows out", "请删去这些行",
    ),
    "key_bad": Message("column {column!r}, row {row}", "{column!r} 列第 {row} 行的号码不可用"),  # coding.cleaning.FAULTS says the way out
    "key_twice": Message(
        "{column} {key} has two rows: {rows}", "{column} {key} 有多行：{rows}",
        "keep one row for each; codes are compared after cleaning, 'A ' is 'A'", "每个号码请只留一行；号码清理后再比较，'A ' 即 'A'",
    ),
    "no_number": Message(
        "column {column!r}, row {row}, holds no number", "{column!r} 列第 {row} 行不是数字",
        "write digits with a point, 0.01 for 1%, or leave it empty", "请写小数，如 1% 写作 0.01，或留空",
    ),
    "call_no_text": Message(
        "column 'call' holds {type}, not text", "`call` 列为 {type}，不是文字",
        "write positive, negative ...", "请写 positive（阳性）、negative（阴性）等",
    ),
    "call_unknown": Message("unknown call {given!r}", "无法识别的结果 {given!r}", "use one of {calls}, or null", "可用：{calls}，或留空"),
    "ct_outside": Message(
        "column 'ct', row {row}: {ct:g}", "`ct` 列第 {row} 行的 Ct {ct:g} 超出范围",
        "give cycles above 0 and up to {most:g}, or nothing where there was no Ct", "请填大于 0、不超过 {most:g} 的循环数，没有 Ct 请留空",
    ),
    "pool_specificity": Message(
        "column 'specificity', row {row}: {specificity:g}", "`specificity` 列第 {row} 行的特异度 {specificity:g} 不可用",
        "give a probability above 0 that is not below 1 - sensitivity, or nothing for the assay's own",
        "请填大于 0、不低于 1 - 灵敏度的概率；留空即用检测参数",
    ),
    "p_known": Message("a p_known is not between 0 and 1", "p_known 须在 0 与 1 之间", "leave it empty if unknown", "不详请留空"),
    "batch_number": Message(
        "column 'batch', row {row}, is no whole number",
        "`batch` 列第 {row} 行的批次须为整数",
        "give 1, 2, 3 or 4",
        "请填 1、2、3 或 4",
    ),
    "seat_unknown": Message(
        "person {person} sits in a pool and is not in people", "人员 {person} 在混管中，而人员表中没有",
        "give every person a prior", "请为每人给出先验概率",
    ),
    "day_missing": Message("a pool has no day", "混管缺少日期", "give each pool the day of its samples", "请为每管填采样日期"),
    "day_type": Message(
        "column 'day' holds {type}",
        "`day` 列的类型 {type} 有误",
        "give dates, or whole numbers of days",
        "请填日期或整数天数",
    ),
    "prior_missing": Message("a prior is not between 0 and 1", "先验概率须在 0 与 1 之间", "fill it from the policy", "请按判读规则填写"),
    "prior_cleared": Message("prior and cleared exceed 1 together", "prior 与 cleared 之和超过 1", "lower one of them", "请调低其一"),
}  # fmt: skip

DECODE: Final = {**_ASSAYS, **_EFFORT, **_ARRAYS, **_TABLES}
