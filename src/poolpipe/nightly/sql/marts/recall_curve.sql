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
with quarters as (
    select
        (date_diff('microsecond', opened_at, recollected_at) + 899999999) // 900000000 as recollected,
        (date_diff('microsecond', opened_at, closed_at) + 899999999) // 900000000 as closed,
        count(*) as people
    from called_back
    group by all
),

marks as (select unnest(range(0, 49)) as quarter)

select
    getvariable('date') as date,
    (marks.quarter * 15)::int as minutes,
    sum(quarters.people)::bigint as people,
    coalesce(sum(quarters.people) filter (where quarters.recollected <= marks.quarter), 0)::bigint as recollected,
    coalesce(sum(quarters.people) filter (where quarters.closed <= marks.quarter), 0)::bigint as closed
from quarters
cross join marks
group by marks.quarter
