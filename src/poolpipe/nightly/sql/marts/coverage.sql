-- Coverage: who of the residents' list was not collected, as counts by township, community and building. Small counts are
-- hidden, with others so that no difference gives them back.
-- 覆盖率：名册中未采人数，按乡镇、社区与楼栋；小数隐去，且无法相减得出。
-- grain: a round and an area of a level, at the end of a day
-- 粒度：某日结束时一个轮次的一个区域
-- key: round, level, township, community, building
-- reads: coverage_counts, hidden_coverage
-- column round: screening round with swabs on the day | 当日进行中的筛查轮次
-- column level: city, township, community or building | 层级：全市、乡镇、社区或楼栋
-- column township: of residence; empty: not given; null at the level above | 乡镇（街道）；未提供时为空字符串
-- column community: empty: not given; null at the levels above | 社区（村）；未提供时为空字符串
-- column building: empty: not given; null at the levels above | 楼栋；未提供时为空字符串
-- column people: residents of the list | 名册人数
-- column collected: of these, collected in the round within the last 48 hours (policy: city_all); null: hidden | 48 小时内本轮已采人数；隐去时为空
-- column not_collected: of these, not collected; null: hidden | 未采人数；隐去时为空
-- column share: collected / people; null: hidden | 覆盖率；隐去时为空
-- column is_hidden: the count is not shown, so that it tells of nobody | 是否隐去：为保护个人而隐去
with levels as (
    select
        round,
        case
            when grouping(building) = 0 then 'building'
            when grouping(community) = 0 then 'community'
            when grouping(township) = 0 then 'township'
            else 'city'
        end as level,
        township,
        community,
        building,
        sum(people)::bigint as people,
        sum(not_collected)::bigint as not_collected
    from coverage_counts
    group by grouping sets (
        (round), (round, township), (round, township, community), (round, township, community, building)
    )
)

select
    getvariable('date') as date,
    levels.round,
    levels.level,
    levels.township,
    levels.community,
    levels.building,
    levels.people,
    case when hidden_coverage.level is null then levels.people - levels.not_collected end as collected,
    case when hidden_coverage.level is null then levels.not_collected end as not_collected,
    case
        when hidden_coverage.level is null then (levels.people - levels.not_collected) / levels.people
    end as share,
    hidden_coverage.level is not null as is_hidden
from levels
left join hidden_coverage
    on
        levels.round = hidden_coverage.round
        and levels.level = hidden_coverage.level
        and levels.township is not distinct from hidden_coverage.township
        and levels.community is not distinct from hidden_coverage.community
        and levels.building is not distinct from hidden_coverage.building
