-- Residents of the list and those collected, by round and building; before small counts are hidden.
-- 名册人数与已采人数，按轮次与楼栋（隐去小数之前）。
-- kind: table
-- reads: round_seats, residents, areas
with rounds as (
    select distinct round
    from round_seats
),

homes as (
    select
        area,
        count(*) as people
    from residents
    group by area
),

collected as (
    select
        round_seats.round,
        residents.area,
        count(*) as collected,
        count(round_seats.result_at) as reported,
        count(*) filter (where round_seats.is_negative) as negative,
        count(*) filter (where round_seats.is_positive) as positive
    from round_seats
    inner join residents on round_seats.resident = residents.resident
    group by round_seats.round, residents.area
)

select
    rounds.round,
    areas.township,
    areas.community,
    areas.building,
    homes.people,
    coalesce(collected.collected, 0) as collected,
    homes.people - coalesce(collected.collected, 0) as not_collected,
    coalesce(collected.reported, 0) as reported,
    coalesce(collected.negative, 0) as negative,
    coalesce(collected.positive, 0) as positive
from rounds
cross join homes
inner join areas on homes.area = areas.area
left join collected on rounds.round = collected.round and homes.area = collected.area
