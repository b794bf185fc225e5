-- Laboratories: those listed and those that occur.
-- 检测机构维度：名册所列及实际出现的。
-- grain: a laboratory
-- 粒度：一个检测机构
-- key: lab
-- reads: tubes, labs, workload, retention, called_back, false_alarms
-- column lab: laboratory | 检测机构
-- column capacity_per_day: tubes a day; null: not given | 日检测能力（管）；未提供时为空
-- column is_listed: in the table of labs | 是否在检测机构表中
with known as (
    select lab
    from labs
    union
    select lab
    from tubes
    where lab is not null
    union
    select lab
    from workload
    where lab is not null
    union
    select lab
    from retention
    where lab is not null
    union
    select lab
    from called_back
    where lab is not null
    union
    select lab
    from false_alarms
    where lab is not null
)

select
    known.lab,
    min(labs.capacity_per_day) as capacity_per_day,
    count(labs.lab) > 0 as is_listed
from known
left join labs on known.lab = labs.lab
group by known.lab
