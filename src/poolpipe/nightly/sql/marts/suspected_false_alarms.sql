-- False alarms: positives of the day that the laboratory may explain (docs/false-alarms.md). No call changes by it.
-- 当日可能由实验室造成的阳性（见 docs/false-alarms.zh.md）；不改变任何判读。
-- grain: a subject and a statistic
-- 粒度：一个对象的一项统计
-- key: round, subject_kind, subject, statistic, lab
-- reads: false_alarms
-- column round: screening round; null: several | 筛查轮次；多个时为空
-- column subject_kind: what may explain positives: lab, plate, well, lot, instrument, channel or run | 可能的原因类别
-- column subject: which | 具体对象
-- column statistic: by which test | 统计方法
-- column lab: laboratory; null: not known, or several | 检测机构；未知或多个时为空
-- column seen: positives that speak against it | 实得阳性数
-- column expected: as many would be expected if it explained none | 预期数
-- column p: probability of so many or more; null where a posterior is given | 概率；给出后验时为空
-- column q: p adjusted for all tests of its kind | 校正后的 p
-- column posterior: probability that it is splash; null where a p is given | 溅样的后验概率；给出 p 时为空
-- column tubes: tubes to repeat | 须复测的管数
select
    getvariable('date') as date,
    round,
    subject_kind,
    subject,
    statistic,
    lab,
    seen,
    expected,
    p,
    q,
    posterior,
    tubes
from false_alarms
where loaded_at >= getvariable('begins') and loaded_at < getvariable('ends')
