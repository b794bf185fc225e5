-- Residents of the list who were swabbed in a round that was under way on the day: their first swab within the last 48
-- hours (policy: city_all), their first result, and whether all of it is negative.
-- 名册居民在当日进行中的轮次内（48 小时）的首次采样、首次结果及是否全为阴性。
-- kind: table
-- reads: members, residents, pools, tubes
with rounds as (
    select distinct round
    from tubes
    where not is_orphan
),

results as (
    select
        pools.round,
        pools.tube,
        pools.call,
        case when pools.call <> 'invalid' then pools.called_at end as result_at
    from pools
    semi join rounds on pools.round = rounds.round
    where pools.last_collected >= getvariable('since') and pools.first_collected < getvariable('ends')
)

select
    members.round,
    residents.resident,
    min(members.collected_at) as collected_at,
    min(results.result_at) as result_at,
    bool_and(coalesce(results.call = 'negative', false)) as is_negative,
    bool_or(coalesce(results.call in ('positive', 'suspect'), false)) as is_positive
from members
inner join residents
    on members.person = residents.person and members.person_type = residents.person_type
inner join results on members.round = results.round and members.tube = results.tube
where members.collected_at >= getvariable('since') and members.collected_at < getvariable('ends')
group by members.round, residents.resident
