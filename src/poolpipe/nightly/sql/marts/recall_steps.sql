-- Recalls inside six hours, by step: from the result of the pool to the single's result.
-- 六小时复采各环节：自混采结果至单采结果。
-- grain: a step, for the city and each laboratory, of the recalls opened on a day
-- 粒度：某日开启的复采；全市及每个检测机构的一个环节
-- key: level, lab, step
-- reads: called_back
-- column level: `city`, or `laboratory` | 层级：全市为 city，检测机构为 laboratory
-- column lab: laboratory that found the pool; null for the city, and where none is known | 首检机构；全市及未知时为空
-- column step: recollect, deliver, load, report, or `all` from the pool's result to the single's | 环节；all 为全程
-- column people: people recalled | 应复采人数
-- column tubes: pools they are of | 涉及的混管数
-- column done: people who have this step behind them | 已完成该环节的人数
-- column in_time: of these, whose step ended by the recall's due time | 其中在复采时限前完成的人数
-- column breaches: people whose recall is overdue or was late | 超时的人数
-- column p50_h: hours the step took in the median | 用时中位数（小时）
-- column p90_h: hours nine in ten kept within | 九成用时（小时）
-- column max_h: the longest, hours | 最长（小时）
with each_step as (
    select
        lab,
        round,
        tube,
        is_breach,
        due_at,
        unnest([ -- noqa: AL03
            { 'step': '1 recollect', 'begins_at': opened_at, 'ends_at': recollected_at },
            { 'step': '2 deliver', 'begins_at': recollected_at, 'ends_at': received_at },
            { 'step': '3 load', 'begins_at': received_at, 'ends_at': loaded_at },
            { 'step': '4 report', 'begins_at': loaded_at, 'ends_at': closed_at },
            { 'step': 'all', 'begins_at': opened_at, 'ends_at': closed_at }
        ], recursive := true)
    from called_back
),

timed as (
    select
        *,
        date_diff('microsecond', begins_at, ends_at) / 3.6e9 as hours
    from each_step
)

select
    getvariable('date') as date,
    case when grouping(lab) = 1 then 'city' else 'laboratory' end as level,
    lab,
    step,
    count(*) as people,
    count(distinct { 'round': round, 'tube': tube }) as tubes,
    count(ends_at) as done,
    count(*) filter (where ends_at <= due_at) as in_time,
    count(*) filter (where is_breach) as breaches,
    quantile_disc(hours, 0.5) as p50_h,
    quantile_disc(hours, 0.9) as p90_h,
    max(hours) as max_h
from timed
group by grouping sets ((step), (step, lab))
