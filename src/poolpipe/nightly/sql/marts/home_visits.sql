-- Home visits: people not collected, by whether others of their household were. Counts for planning; the names are in the
-- lists of those who may see them (docs/lists.md). Small counts are hidden.
-- 上门：未采人数，按同户是否有人已采；仅为计划用的数目，名单见 docs/lists.zh.md。小数隐去。
-- grain: a round and a community, at the end of a day
-- 粒度：某日结束时一个轮次的一个社区
-- key: round, township, community
-- reads: visit_counts, hidden_coverage, hidden_visits
-- column round: screening round with swabs on the day | 当日进行中的筛查轮次
-- column township: of residence; empty: not given | 乡镇（街道）；未提供时为空字符串
-- column community: empty: not given | 社区（村）；未提供时为空字符串
-- column whole_household: people not collected in households of which nobody was; null: hidden | 全户未采的人数；隐去时为空
-- column part_of_household: people not collected in other households; null: hidden | 同户有人已采的未采人数；隐去时为空
-- column no_household: people not collected of whom no household is known; null: hidden | 户不详的未采人数；隐去时为空
-- column is_hidden: the counts are not shown, so that they tell of nobody | 是否隐去：为保护个人而隐去
with judged as (
    select
        visit_counts.*,
        hidden_coverage.level is not null
        or visit_counts.whole_household between 1 and getvariable('small_cell')
        or visit_counts.part_of_household between 1 and getvariable('small_cell')
        or visit_counts.no_household between 1 and getvariable('small_cell')
        or hidden_visits.round is not null as is_hidden
    from visit_counts
    left join hidden_coverage
        on
            visit_counts.round = hidden_coverage.round
            and visit_counts.township = hidden_coverage.township
            and visit_counts.community = hidden_coverage.community
            and hidden_coverage.level = 'community'
    left join hidden_visits
        on
            visit_counts.round = hidden_visits.round
            and visit_counts.township = hidden_visits.township
            and visit_counts.community = hidden_visits.community
)

select
    getvariable('date') as date,
    round,
    township,
    community,
    case when not is_hidden then whole_household end as whole_household,
    case when not is_hidden then part_of_household end as part_of_household,
    case when not is_hidden then no_household end as no_household,
    is_hidden
from judged
