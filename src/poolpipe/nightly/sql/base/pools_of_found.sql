-- Negative and positive pools of the day with somebody whose single of the round, swabbed before the pool's result was known, is
-- positive.
-- 当日阴性或阳性混管中，有人同轮另采的单采（在混管出结果之前采样）为阳性者。
-- kind: table
-- reads: tubes, members, pools
with of_day as (
    select
        round,
        tube,
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
        pools.round,
        pools.tube
    from pools
    semi join rounds on pools.round = rounds.round
    where pools.mode = 'single' and pools.call = 'positive'
),

found as (
    select
        members.round,
        members.person_type,
        members.person,
        min(members.collected_at) as collected_at
    from members
    semi join singles on members.round = singles.round and members.tube = singles.tube
    group by members.round, members.person_type, members.person
)

select
    of_day.round,
    of_day.tube,
    any_value(of_day.people) as people,
    any_value(of_day.call = 'positive') as is_positive
from members
inner join found
    on
        members.round = found.round
        and members.person_type = found.person_type
        and members.person = found.person
inner join of_day on members.round = of_day.round and members.tube = of_day.tube
where found.collected_at < of_day.called_at
group by of_day.round, of_day.tube
