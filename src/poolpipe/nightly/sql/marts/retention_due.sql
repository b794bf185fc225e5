-- Kept tubes by the day from which they may be discarded, seen from the moment of the tables.
-- 留样管，按可弃日期统计，以结果截止时刻为准。
-- grain: a laboratory, a temperature, a status and a day
-- 粒度：一个检测机构、温度、状态与可弃日期
-- key: lab, temperature_c, status, may_go_on
-- reads: retention
-- column lab: laboratory that has them; null: not known | 保存机构；未知时为空
-- column temperature_c: how cold they are kept, degrees Celsius; null: must be tested again | 保存温度；须重测时为空
-- column status: keep, may_discard, or overdue (should be gone by now) | 状态
-- column may_go_on: local day from which they may be discarded; null: until they are tested again | 可弃日期（当地）；须重测时为空
-- column is_due: that day is not after the day after this one | 次日结束前到期
-- column tubes: tubes | 管数
select
    getvariable('date') as date,
    lab,
    temperature_c,
    status,
    (keep_until at time zone getvariable('zone'))::date as may_go_on,
    coalesce((keep_until at time zone getvariable('zone'))::date <= getvariable('date') + 1, false) as is_due,
    count(*) as tubes
from retention
group by all
