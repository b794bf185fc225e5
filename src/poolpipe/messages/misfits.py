"""Pools that cannot be used, and results that do not fit what was told of the test."""

from __future__ import annotations

from typing import Final

from poolpipe.messages.template import Message

__all__ = ["MISFITS"]

MISFITS: Final = {
    "pool_without_people": Message(
        "a pool with a row in pools and no seat: nobody is told anything by it", "该管有结果而无人员，不能说明任何人的情况",
    ),
    "pool_without_call": Message("a pool with seats and no row in pools: its people are as before", "该管有人员而无结果，人员概率未变"),
    "contradiction": Message(
        "the smallest set of outcomes that cannot all be true of this test: its people are as before",
        "结果互相矛盾（最小的一组），人员概率未变",
    ),
    "contradiction_of": Message(
        "the smallest set of outcomes that cannot all be true of this test, {pools}: their people are as before",
        "结果互相矛盾（最小的一组：{pools}），人员概率未变",
    ),
    "seat_repeated": Message("somebody sits in this pool more than once; one seat counts", "同一人在该管重复登记，按一次计"),
    "ct_without_positive": Message(
        "a Ct within the limit and no positive or suspect call: the call counts, the Ct does not",
        "有 Ct 值而未判阳性或可疑：以判定为准，Ct 不计",
    ),
    "pools_of_two": Message(
        "{seen} pools hold two or more people found infected, {expected} expected by chance: infected people share pools (households)",
        "{seen} 管中有两名以上感染者，按随机应为 {expected} 管：同户聚集",
    ),
    "household_pairs": Message(
        "{seen} pairs of one household are found infected, {expected} expected of independent people: give housemates of the infected "
        "a higher prior",
        "同户感染对 {seen}，独立时应为 {expected}：应计入同户传播",
    ),
    "mean_ct": Message(
        "the mean Ct of positive pools is {seen}, {expected} expected of the assay's law: {cause}",
        "阳性管平均 Ct 为 {seen}，按所述检测应为 {expected}：{cause}",
    ),
    "pools_later": Message(
        "{pairs} pools come {seen} cycles later than the single of their one positive person, {expected} expected ({interval}): {cause}",
        "{pairs} 个混管的 Ct 比其唯一阳性者单采平均晚 {seen}，按稀释应为 {expected}（{interval}）：{cause}",
    ),
    "pools_off_the_law": Message(
        "the mean Ct of {pools} pools with one positive person is {seen}, {expected} expected ({interval}) of the policy's law: {cause}",
        "仅一人阳性的混管 {pools} 个，平均 Ct 为 {seen}，按判读规则应为 {expected}（{interval}）：{cause}",
    ),
}  # fmt: skip
