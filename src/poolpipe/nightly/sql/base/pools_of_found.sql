-- Negative and positive pools of the day with somebody whose single of the round, swabbed before the pool's result was known, is
-- positive.
-- 当日阴性或阳性混管中，有人同轮另采的单采（在混管出结果之前采样）为阳性者。
-- kind: table
-- reads: tubes, swabs, numbered_pools
with of_day as (
    select
        round,
        pool,
        people,
        call,
        called_at
    from tubes
    where mode = 'pool' and call in ('negative', 'positive') and people > 0
),

rounds as (
    select distinct round
    from of_day
),

singles as (
    select
        numbered_pools.round,
        numbered_pools.pool
    from numbered_pools
    semi join rounds on numbered_pools.round = rounds.round
    where numbered_pools.mode = 'single' and numbered_pools.call = 'positive'
),

found as (
    select
        singles.round,
        swabs.person,
        min(swabs.collected_at) as collected_at
    from swabs
    inner join singles on swabs.pool = singles.pool
    group by singles.round, swabs.person
)

select
    of_day.round,
    of_day.pool,
    any_value(of_day.people) as people,
    any_value(of_day.call = 'positive') as is_positive
from swabs
inner join found on swabs.person = found.person
inner join of_day on swabs.pool = of_day.pool and found.round = of_day.round
where found.collected_at < of_day.called_at
group by of_day.round, of_day.pool
