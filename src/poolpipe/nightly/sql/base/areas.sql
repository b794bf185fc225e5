-- Buildings of the list with their community and township; made once, not day by day.
-- 名册中的楼栋及其社区、乡镇；只生成一次。
-- kind: once
-- reads: people
select distinct
    hash(coalesce(township, ''), coalesce(community, ''), coalesce(building, ''), getvariable('salt')) as area,
    coalesce(township, '') as township,
    coalesce(community, '') as community,
    coalesce(building, '') as building
from people
