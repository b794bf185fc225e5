-- Release: which communities have one complete round within the last 48 hours, all of it negative.
-- 解除：哪些社区在 48 小时内完成一轮且全部阴性。
-- grain: a round and a community, at the end of a day
-- 粒度：某日结束时一个轮次的一个社区
-- key: round, township, community
-- reads: coverage_counts
-- column round: screening round with swabs on the day | 当日进行中的筛查轮次
-- column township: of residence; empty: not given | 乡镇（街道）；未提供时为空字符串
-- column community: empty: not given | 社区（村）；未提供时为空字符串
-- column people: residents of the list | 名册人数
-- column is_complete: everybody was collected in the round within the last 48 hours (policy: city_all) | 48 小时内本轮全部采样
-- column is_reported: and everybody has a result | 且全部已出结果
-- column is_all_negative: nobody collected has a positive or suspect tube | 已采者无阳性或可疑
-- column is_released: complete, and every tube of everybody negative | 全部采样且所有样本均为阴性，可以解除
select
    getvariable('date') as date,
    round,
    township,
    community,
    sum(people)::bigint as people,
    sum(collected) = sum(people) as is_complete,
    sum(reported) = sum(people) as is_reported,
    sum(positive) = 0 as is_all_negative,
    sum(negative) = sum(people) as is_released
from coverage_counts
group by round, township, community
