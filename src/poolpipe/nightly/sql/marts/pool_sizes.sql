-- Incomplete and overfull pools, by site and what the tube is meant for.
-- 未满管与超员管，按采样场所与额定人数。
-- grain: a site and a capacity of a day, pool tubes only
-- 粒度：某日一个采样场所的一种额定人数（仅混管）
-- key: site, capacity
-- reads: tubes
-- column site: sampling site; null: none named | 采样场所；未记录时为空
-- column capacity: people the tube is meant for | 额定人数
-- column tubes: pool tubes | 混管数
-- column full_tubes: with exactly so many people | 恰好满员的管数
-- column short_tubes: with fewer | 未满的管数
-- column overfull_tubes: with more | 超员的管数
-- column people: people in all of them | 总人数
-- column free_places: places left in the short ones | 未满管中的空位
-- column people_too_many: people beyond the capacity in the overfull ones | 超员管中多出的人数
select
    getvariable('date') as date,
    site,
    capacity,
    count(*) as tubes,
    count(*) filter (where people = capacity) as full_tubes,
    count(*) filter (where people < capacity) as short_tubes,
    count(*) filter (where people > capacity) as overfull_tubes,
    sum(people)::bigint as people,
    sum(greatest(capacity - people, 0))::bigint as free_places,
    sum(greatest(people - capacity, 0))::bigint as people_too_many
from tubes
where mode = 'pool'
group by site, capacity
