-- Positive pools of the day all of whose people have a single that closed their recall, with the positive singles. A pool with
-- somebody who is positive in an earlier one, too, does not count again where people positive together are looked for.
-- 当日全部人员均已复采办结的阳性混管及其阳性单采数；其中有人在更早混管中亦为阳性者，统计聚集时不重复计。
-- kind: table
-- reads: tubes, recalls
with positive_pools as (
    select
        round,
        tube,
        people
    from tubes
    where mode = 'pool' and call = 'positive' and people > 0
),

answered as (
    select
        recalls.round,
        recalls.tube,
        recalls.person_type,
        recalls.person,
        positive_pools.people,
        recalls.outcome = 'positive' as is_positive
    from recalls
    inner join positive_pools on recalls.round = positive_pools.round and recalls.tube = positive_pools.tube
    qualify count(recalls.outcome) over (partition by recalls.round, recalls.tube) = positive_pools.people
),

positive_people as (
    select
        round,
        tube,
        row_number() over (partition by person_type, person order by round, tube) as place
    from answered
    where is_positive
),

again as (
    select distinct
        round,
        tube
    from positive_people
    where place > 1
)

select
    answered.round,
    answered.tube,
    any_value(answered.people) as people,
    count(*) filter (where answered.is_positive) as positive,
    any_value(again.tube) is null as is_counted_once
from answered
left join again on answered.round = again.round and answered.tube = again.tube
group by answered.round, answered.tube
