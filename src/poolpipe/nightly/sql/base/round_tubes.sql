-- Tubes that were swabbed within the last 48 hours (policy: city_all) in a round that was under way on the day, with their
-- result.
-- 当日进行中的轮次内 48 小时（判读规则 city_all）所采各管及其结果。
-- kind: table
-- reads: numbered_pools, tubes
with rounds as (
    select distinct round
    from tubes
    where not is_orphan
)

select
    numbered_pools.round,
    numbered_pools.pool,
    case when numbered_pools.call <> 'invalid' then numbered_pools.called_at end as result_at,
    coalesce(numbered_pools.call = 'negative', false) as is_negative,
    coalesce(numbered_pools.call in ('positive', 'suspect'), false) as is_positive
from numbered_pools
semi join rounds on numbered_pools.round = rounds.round
where
    numbered_pools.last_collected >= getvariable('since')
    and numbered_pools.first_collected < getvariable('ends')
