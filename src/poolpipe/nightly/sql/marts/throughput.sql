-- Throughput: tubes and people of every sampling point and hour, against the plan. A listed point that took nobody all day
-- has one row without an hour.
-- 采样通量：各采样点每小时的管数与人数，并与计划对照；名册中全天无人的采样点有一行，小时为空。
-- grain: a sampling point and an hour of a day
-- 粒度：某日一个采样点的一个小时
-- key: site, point, hour
-- reads: tubes, sites, places
-- column site: sampling site; null: none named | 采样场所；未记录时为空
-- column point: sampling point; null: none named | 采样点；未记录时为空
-- column hour: hour of the first swab of the tube, 0 to 23, local; null: the listed point took nobody | 首次采样的小时（0 至 23，当地时间）；全天无人时为空
-- column shift: number of the shift by the clock, from 0 | 班次序号（按钟点），从 0 起
-- column township: of the site; null: not given | 乡镇（街道）；未提供时为空
-- column community: of the site; null: not given | 社区（村）；未提供时为空
-- column tubes: tubes begun in this hour | 该小时开始的管数
-- column people: people in them | 其中人数
-- column plan_people: people that the policy's plan has a point swab in an hour | 计划每小时人数
-- column share_of_plan: people / plan_people | 完成计划的比例
with worked as (
    select
        site,
        point,
        hour,
        any_value(township) as township,
        any_value(community) as community,
        count(*) as tubes,
        sum(people)::bigint as people
    from tubes
    where not is_orphan
    group by site, point, hour
),

idle as (
    select
        sites.site,
        sites.point,
        null::int as hour,
        places.township,
        places.community,
        0 as tubes,
        0 as people
    from (select distinct
        site,
        point
    from sites
    where point is not null) as sites
    inner join places on sites.site = places.site
    anti join worked on sites.site = worked.site and sites.point = worked.point
),

hours as (
    select * from worked
    union all
    select * from idle
)

select
    getvariable('date') as date,
    site,
    point,
    hour,
    (hour // getvariable('shift_h'))::int as shift,
    township,
    community,
    tubes,
    people,
    getvariable('plan_people') as plan_people,
    people / getvariable('plan_people') as share_of_plan
from hours
