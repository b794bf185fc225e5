-- Six-hour curve: how many of the people recalled were sampled again and had their result so long after the pool's.
-- 六小时曲线：混采结果后若干小时内，已复采与已出单采结果的人数。
-- grain: a quarter of an hour after the pool's result, up to twelve hours, of the recalls opened on a day
-- 粒度：某日开启的复采；混采结果后每一刻钟，至十二小时
-- key: minutes
-- reads: called_back
-- column minutes: minutes after the pool was positive or suspect | 混采阳性或可疑后的分钟数
-- column people: people recalled | 应复采人数
-- column recollected: of these, sampled again within so long | 其中已在此时间内复采的人数
-- column closed: of these, with the single's result within so long | 其中已在此时间内出单采结果的人数
with marks as (select unnest(range(0, 721, 15)) as minutes)

select
    getvariable('date') as date,
    marks.minutes::int as minutes,
    count(*) as people,
    count(*) filter (
        where date_diff('microsecond', called_back.opened_at, called_back.recollected_at)
        <= marks.minutes * 60000000
    ) as recollected,
    count(*) filter (
        where date_diff('microsecond', called_back.opened_at, called_back.closed_at)
        <= marks.minutes * 60000000
    ) as closed
from called_back
cross join marks
group by marks.minutes
