-- Residents of the list with a number, their building as a number, and their household; made once, not day by day.
-- 名册居民及其编号、楼栋编号与住户；只生成一次。
-- kind: once
-- reads: people
select
    person_type,
    person,
    (row_number() over ())::uinteger as resident,
    hash(coalesce(township, ''), coalesce(community, ''), coalesce(building, ''), getvariable('salt')) as area,
    case when household is not null then hash(household) end as household
from people
