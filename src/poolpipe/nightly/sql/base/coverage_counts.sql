-- Residents of the list and those collected, by round and building; before small counts are hidden.
-- 名册人数与已采人数，按轮次与楼栋（隐去小数之前）。
-- kind: table
-- reads: round_residents, areas
with counted as (
    select
        round,
        area,
        count(*) as people,
        count(collected_at) as collected,
        count(result_at) as reported,
        count(*) filter (where is_negative) as negative,
        count(*) filter (where is_positive) as positive
    from round_residents
    group by round, area
)

select
    counted.round,
    areas.township,
    areas.community,
    areas.building,
    counted.people,
    counted.collected,
    counted.people - counted.collected as not_collected,
    counted.reported,
    counted.negative,
    counted.positive
from counted
inner join areas on counted.area = areas.area
