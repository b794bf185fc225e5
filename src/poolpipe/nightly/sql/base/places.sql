-- Sites with their area, lab and priority, one row a site; of several points the least.
-- 采样场所及其区域、检测机构与优先级，每个场所一行。
-- kind: table
-- reads: sites
select
    site,
    min(township) as township,
    min(community) as community,
    bool_or(priority) as priority
from sites
group by site
