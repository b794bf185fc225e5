-- Expected against found positives of the pools of the day: the checks of `fit` that compare a number with an interval
-- (docs/decode.md), with the singles that answer these pools, whenever they were taken.
-- 预期与实得阳性对照：当日混管的各项拟合检验（见 docs/decode.md），连同答复这些混管的单采，不论何时采样。
-- grain: a check
-- 粒度：一项检查
-- key: subject
-- reads: fit
-- column subject: positives (pools), retests, findings or clusters | 检查项
-- column found: what was counted | 实际数
-- column expected: what the policy's prior and accuracy expect | 预期数
-- column lower: lower end of what is expected on 95 of 100 such days | 预期区间下限（95%）
-- column upper: upper end | 预期区间上限（95%）
-- column is_outside: found lies outside | 实际数在区间之外
select
    getvariable('date') as date,
    subject,
    found,
    expected,
    lower,
    upper,
    found < lower or found > upper as is_outside
from fit
