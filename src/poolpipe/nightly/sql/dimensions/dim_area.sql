-- Townships and communities: of residents and of sites.
-- 区域维度：居民与采样场所的乡镇、社区。
-- grain: a community
-- 粒度：一个社区
-- key: township, community
-- reads: areas, sites, tubes
-- column township: township or street; empty: not given | 乡镇（街道）；未提供时为空字符串
-- column community: community or village; empty: not given | 社区（村）；未提供时为空字符串
select
    township,
    community
from areas
union
select
    coalesce(township, '') as township,
    coalesce(community, '') as community
from sites
union
select
    coalesce(township, '') as township,
    coalesce(community, '') as community
from tubes
