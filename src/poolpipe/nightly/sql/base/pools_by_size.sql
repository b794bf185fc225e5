-- Pool tubes of the day with a result, and those not negative, by people in them.
-- 当日有结果的混管及非阴性者，按人数。
-- kind: table
-- reads: tubes
select
    people,
    count(*) as tubes,
    count(*) filter (where call <> 'negative') as alarms
from tubes
where mode = 'pool' and has_result and people > 0
group by people
order by people
