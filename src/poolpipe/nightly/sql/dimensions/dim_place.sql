-- Sampling sites and points: those listed and those that occur.
-- 采样场所与采样点维度：名册所列及实际出现的。
-- grain: a sampling point
-- 粒度：一个采样点
-- key: site, point
-- reads: tubes, sites, places
-- column site: sampling site | 采样场所
-- column point: sampling point; null: none named | 采样点；未记录时为空
-- column township: of the site; null: not given | 乡镇（街道）；未提供时为空
-- column community: of the site; null: not given | 社区（村）；未提供时为空
-- column priority: priority site; null: not given | 是否重点采样点；未提供时为空
-- column is_listed: in the table of sites | 是否在采样点表中
with known as (
    select
        site,
        point
    from sites
    union
    select
        site,
        point
    from tubes
    where site is not null
)

select
    known.site,
    known.point,
    places.township,
    places.community,
    places.priority,
    places.site is not null as is_listed
from known
left join places on known.site = places.site
