-- Tubes of the day with a result and those positive or suspect, by lab, township and community: the leaves from which
-- small counts are hidden.
-- 当日有结果及阳性、可疑管数，按检测机构、乡镇与社区（隐去小数之前）。
-- kind: table
-- reads: tubes
select
    mode,
    coalesce(lab, '') as lab,
    coalesce(township, '') as township,
    coalesce(community, '') as community,
    count(*) as tubes,
    count(*) filter (where call <> 'negative') as positive
from tubes
where has_result and not is_orphan
group by all
