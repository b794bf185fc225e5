-- Load of every laboratory by hour, against its capacity.
-- 各检测机构每小时的负荷与能力。
-- grain: a laboratory and an hour of a day
-- 粒度：某日一个检测机构的一个小时
-- key: lab, hour
-- reads: workload, labs
-- column lab: laboratory; null: not known which | 检测机构；未知时为空
-- column hour: hour, 0 to 23, local | 小时（0 至 23，当地时间）
-- column received: tubes whose box it took | 接收管数
-- column loaded: sample wells loaded, re-runs too | 上机孔数（含重测）
-- column reported: tubes whose result first stood | 出结果管数
-- column waiting: tubes there without a result at the end of the hour | 该小时末待检管数
-- column capacity: tubes it can test in an hour, a day's capacity by 24; null: not given | 每小时检测能力（日能力的 1/24）；未提供时为空
-- column share_of_capacity: loaded / capacity | 上机占能力的比例
with capacities as (
    select
        lab,
        min(capacity_per_day) / 24 as capacity
    from labs
    group by lab
),

worked as (
    select
        workload.lab,
        workload.received,
        workload.loaded,
        workload.reported,
        workload.waiting,
        extract('hour' from workload.hour at time zone getvariable('zone'))::int as hour,
        coalesce(capacities.capacity, workload.capacity_per_hour) as capacity
    from workload
    left join capacities on workload.lab = capacities.lab
    where workload.hour >= getvariable('begins') and workload.hour < getvariable('ends')
)

select
    getvariable('date') as date,
    lab,
    hour,
    sum(received)::bigint as received,
    sum(loaded)::bigint as loaded,
    sum(reported)::bigint as reported,
    max(waiting) as waiting,
    max(capacity) as capacity,
    sum(loaded) / max(capacity) as share_of_capacity
from worked
group by lab, hour
