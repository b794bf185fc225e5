-- People not collected by round and community, by whether others of their household were; before small counts are hidden.
-- 未采人数，按轮次与社区、同户是否有人已采（隐去小数之前）。
-- kind: table
-- reads: round_seats, residents, areas
with rounds as (
    select distinct round
    from round_seats
),

told as (
    select
        rounds.round,
        residents.area,
        residents.household,
        count(*) as people,
        count(round_seats.resident) as collected
    from rounds
    cross join residents
    left join round_seats
        on rounds.round = round_seats.round and residents.resident = round_seats.resident
    group by rounds.round, residents.area, residents.household
)

select
    told.round,
    areas.township,
    areas.community,
    sum(
        case when told.household is not null and told.collected = 0 then told.people else 0 end
    )::bigint as whole_household,
    sum(
        case when told.household is not null and told.collected > 0 then told.people - told.collected else 0 end
    )::bigint as part_of_household,
    sum(
        case when told.household is null then told.people - told.collected else 0 end
    )::bigint as no_household
from told
inner join areas on told.area = areas.area
group by told.round, areas.township, areas.community
