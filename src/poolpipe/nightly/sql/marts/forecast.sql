-- Tomorrow's load: by laboratory and hour, the mean of that hour over the last days in this database (policy, 7), each
-- day counting alike; and how many tubes would wait, if the laboratory works at its capacity. No trend, no weekday, no
-- weather: a plan of the campaign is a better forecast where there is one.
-- 次日负荷预测：各检测机构每小时取本库中最近若干日（默认 7）同一小时的平均；并按其能力推算待检管数。不计趋势与星期，有采样计划时应以计划为准。
-- grain: a laboratory and an hour of the day after
-- 粒度：次日一个检测机构的一个小时
-- key: lab, hour
-- reads: laboratory_load
-- column for_date: the day that is forecast | 预测的日期
-- column lab: laboratory; null: not known which | 检测机构；未知时为空
-- column hour: hour, 0 to 23, local | 小时（0 至 23，当地时间）
-- column days: days that the mean is of | 取平均的天数
-- column received: tubes expected | 预计接收管数
-- column least: fewest in that hour on one of these days | 其中最少的一日
-- column most: most in that hour on one of these days | 其中最多的一日
-- column capacity: tubes it can test in an hour; null: not given | 每小时检测能力；未提供时为空
-- column waiting: tubes without a result at the end of the hour, if it works at capacity; null without one | 按能力检测时该小时末的待检管数；无能力数据时为空
with past as (
    select *
    from laboratory_load
    where date <= getvariable('date')
),

days as (
    select distinct date
    from past
    order by date desc
    limit getvariable('forecast_days')
),

counted as (
    select count(*) as days
    from days
),

known as (
    select distinct lab
    from past
),

clock as (
    select unnest(range(24))::int as hour
),

hours as (
    select
        known.lab,
        clock.hour
    from known
    cross join clock
),

each_day as (
    select
        hours.lab,
        hours.hour,
        days.date,
        coalesce(past.received, 0) as received
    from hours
    cross join days
    left join past
        on
            days.date = past.date
            and hours.hour = past.hour
            and hours.lab is not distinct from past.lab
),

expected as (
    select
        each_day.lab,
        each_day.hour,
        sum(each_day.received) / any_value(counted.days) as received,
        min(each_day.received) as least,
        max(each_day.received) as most
    from each_day
    cross join counted
    group by each_day.lab, each_day.hour
),

ends as (
    select
        lab,
        arg_max(waiting, hour) as waiting,
        max(capacity) as capacity
    from past
    where date = getvariable('date')
    group by lab
),

sums as (
    select
        expected.*,
        ends.capacity,
        ends.waiting as waiting_before,
        sum(expected.received - ends.capacity) over (
            partition by expected.lab
            order by expected.hour
        ) + coalesce(ends.waiting, 0) as unlimited
    from expected
    left join ends on expected.lab is not distinct from ends.lab
)

select
    getvariable('date') as date,
    (getvariable('date') + 1)::date as for_date,
    sums.lab,
    sums.hour,
    counted.days,
    sums.received,
    sums.least,
    sums.most,
    sums.capacity,
    sums.unlimited - least(
        0, min(sums.unlimited) over (
            partition by sums.lab
            order by sums.hour
        )
    ) as waiting
from sums
cross join counted
