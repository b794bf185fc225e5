-- Hours of the day: the conformed dimension of every `date` and `hour`.
-- 时间维度：各表 date 与 hour 的统一维度。
-- grain: an hour of a day
-- 粒度：某日的一个小时
-- key: date, hour
-- reads:
-- column hour: 0 to 23, local | 小时（0 至 23，当地时间）
-- column begins_at: its begin, UTC | 起点（UTC）
-- column shift: number of the shift by the clock, from 0 | 班次序号（按钟点），从 0 起
-- column weekday: 1 Monday to 7 Sunday | 星期（1 为周一，7 为周日）
select
    getvariable('date') as date,
    hours.hour::int as hour,
    getvariable('begins') + to_hours(hours.hour) as begins_at,
    (hours.hour // getvariable('shift_h'))::int as shift,
    isodow(getvariable('date'))::int as weekday
from (select unnest(range(24)) as hour) as hours
