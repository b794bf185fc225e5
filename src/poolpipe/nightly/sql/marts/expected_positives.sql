-- Expected against found positives: the checks of `fit` in the summary of the result, of the whole result and not of the
-- day alone. What each is: docs/decode.md.
-- 预期与实得阳性对照：取自结果摘要的 fit，针对整个结果而非当日。各项含义见 docs/decode.md。
-- grain: a check
-- 粒度：一项检查
-- key: subject
-- reads: fit
-- column subject: positives (pools), retests, findings or clusters | 检查项
-- column found: what was counted | 实际数
-- column expected: what the policy's prior and accuracy expect | 预期数
-- column lower: lower end of what is expected in 95 of 100 results | 预期区间下限（95%）
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
