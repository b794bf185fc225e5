-- The city's two clocks: half of the list reported within 24 hours of a round's first swab, everybody within 48 (policy).
-- 全市两项时限：自本轮首次采样起 24 小时内半数、48 小时内全部名册人员出结果（见判读规则）。
-- grain: a round with swabs on a day
-- 粒度：某日进行中的一个轮次
-- key: round
-- reads: round_residents, residents
-- column round: screening round | 筛查轮次
-- column people: residents of the list | 名册人数
-- column reported: of these, with a result | 其中已出结果
-- column hours: hours from the round's first swab of a resident (of the last 48 h) to the moment of the tables | 自本轮首次采样（48 小时内）至结果截止时刻的小时数
-- column half_h: hours to the result of half of the list; null: not yet | 半数出结果所用小时数；未达到时为空
-- column half_limit_h: its limit | 其时限
-- column all_h: hours to the last result of the list; null: not yet | 全部出结果所用小时数；未达到时为空
-- column all_limit_h: its limit | 其时限
-- column is_half_late: over its limit, or running beyond it | 半数已超时
-- column is_all_late: over its limit, or running beyond it | 全部已超时
with list as (
    select count(*) as people
    from residents
),

starts as (
    select
        round,
        min(collected_at) as started_at
    from round_residents
    group by round
),

counted as (
    select
        round,
        result_at,
        count(*) as people
    from round_residents
    where result_at is not null
    group by round, result_at
),

ordered as (
    select
        round,
        result_at,
        sum(people) over (
            partition by round
            order by result_at
        ) as people
    from counted
),

reached as (
    select
        ordered.round,
        max(ordered.people)::bigint as reported,
        min(ordered.result_at) filter (where ordered.people >= (list.people + 1) // 2) as half_at,
        min(ordered.result_at) filter (where ordered.people >= list.people) as all_at
    from ordered
    cross join list
    group by ordered.round
),

timed as (
    select
        starts.round,
        list.people,
        coalesce(reached.reported, 0) as reported,
        date_diff('microsecond', starts.started_at, getvariable('as_of')) / 3.6e9 as hours,
        date_diff('microsecond', starts.started_at, reached.half_at) / 3.6e9 as half_h,
        date_diff('microsecond', starts.started_at, reached.all_at) / 3.6e9 as all_h
    from starts
    cross join list
    left join reached on starts.round = reached.round
)

select
    getvariable('date') as date,
    round,
    people,
    reported,
    hours,
    half_h,
    getvariable('city_half_limit') as half_limit_h,
    all_h,
    getvariable('city_all_limit') as all_limit_h,
    coalesce(half_h, hours) > getvariable('city_half_limit') as is_half_late,
    coalesce(all_h, hours) > getvariable('city_all_limit') as is_all_late
from timed
