-- Turnaround: how long each step and each clock took, by laboratory and priority, against its limit.
-- 周转时间：各环节与各时限的用时，按检测机构与优先级，并与时限对照。
-- grain: a step or clock of a day, for the city as a whole and for each laboratory and priority
-- 粒度：某日的一个环节或时限；全市一行，每个检测机构与优先级一行
-- key: level, kind, span, lab, priority
-- reads: spans
-- column level: `city`, or `laboratory` | 层级：全市为 city，检测机构为 laboratory
-- column kind: `step` from one step to the next, or `clock` | 类别：环节为 step，时限为 clock
-- column span: which; steps are numbered in their order | 环节或时限：哪一个；环节按顺序编号
-- column lab: laboratory; null for the city, and where none is known | 检测机构；全市及未知时为空
-- column priority: whether the site is a priority one; null for the city | 是否重点采样点；全市为空
-- column limit_h: limit of the clock, hours; of `result` in a row of the city null, for there are two | 时限（小时）；全市行的 result 有两种，故为空
-- column tubes: collected tubes to which it applies | 适用的管数
-- column ended: of these, where its end was recorded | 其中已记录结束的
-- column over_limit: of the tubes, over the limit, ended or still running | 超时的管数（含仍在计时的）
-- column p50_h: of the ended ones, hours that half of them kept within | 已结束者的中位数（小时）
-- column p90_h: hours that nine in ten kept within | 九成所用时间（小时）
-- column p95_h: hours that nineteen in twenty kept within | 95% 所用时间（小时）
-- column max_h: the longest, hours | 最长（小时）
with told as (
    select
        case when grouping(lab) = 1 then 'city' else 'laboratory' end as level,
        kind,
        span,
        lab,
        priority,
        case when min(limit_h) = max(limit_h) then max(limit_h) end as limit_h,
        count(hours) as tubes,
        count(hours) filter (where is_ended) as ended,
        count(hours) filter (where hours > limit_h) as over_limit,
        -- one list of quantiles keeps the values once, three quantiles three times
        quantile_disc(hours, [0.5, 0.9, 0.95]) filter (where is_ended) as quantiles,
        max(hours) filter (where is_ended) as max_h
    from spans
    group by grouping sets ((kind, span), (kind, span, lab, priority))
)

select
    getvariable('date') as date,
    level,
    kind,
    span,
    lab,
    priority,
    limit_h,
    tubes,
    ended,
    over_limit,
    quantiles[1] as p50_h,
    quantiles[2] as p90_h,
    quantiles[3] as p95_h,
    max_h
from told
