-- Tubes of the day, by their first swab; an orphan by its first later step. With what every mart asks of a tube.
-- 当日各管（按首次采样时间；无登记的管按首个后续环节）。
-- kind: table
-- reads: numbered_pools, places
with chosen as (
    select *
    from numbered_pools
    where first_collected >= getvariable('begins') and first_collected < getvariable('ends')
    union all
    select *
    from numbered_pools
    where
        first_collected is null
        and coalesce(packed_at, picked_up_at, received_at, loaded_at, called_at) >= getvariable('begins')
        and coalesce(packed_at, picked_up_at, received_at, loaded_at, called_at) < getvariable('ends')
)

select
    chosen.pool,
    chosen.round,
    chosen.tube,
    chosen.mode,
    chosen.capacity,
    chosen.people,
    chosen.site,
    chosen.point,
    chosen.first_collected,
    chosen.last_collected,
    chosen.packed_at,
    chosen.picked_up_at,
    chosen.received_at,
    chosen.loaded_at,
    chosen.called_at,
    chosen.lab,
    chosen.plate,
    chosen.call,
    chosen.state,
    places.township,
    places.community,
    coalesce(places.priority, false) as priority,
    chosen.first_collected is null as is_orphan,
    chosen.call is not null and chosen.call <> 'invalid' as has_result,
    case when chosen.call <> 'invalid' then chosen.called_at end as result_at,
    extract('hour' from chosen.first_collected at time zone getvariable('zone'))::int as hour
from chosen
left join places on chosen.site = places.site
