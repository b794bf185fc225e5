-- Unexplained pools: positive or suspect, opened on the day, and every single of them negative. Somebody must decide.
-- 无法解释的混管：当日阳性或可疑，但全部单采均为阴性，须有人裁定。
-- grain: a tube
-- 粒度：一管
-- key: round, tube
-- reads: called_back, pools
-- column round: screening round | 筛查轮次
-- column tube: tube barcode | 采样管条码
-- column lab: laboratory that found it; null: not known | 首检机构；未知时为空
-- column plate: plate of its last load; null: never loaded | 最后上机的板；未上机时为空
-- column well: well of its last load; null: never loaded | 最后上机的孔；未上机时为空
-- column call: positive or suspect | 判读结果
-- column people: people in it | 人数
-- column hours_to_last_single: hours from the pool's result to its last single's | 自混采结果至最后一个单采结果的小时数
with settled as (
    select
        round,
        tube,
        count(*) as people,
        max(date_diff('microsecond', opened_at, closed_at)) / 3.6e9 as hours_to_last_single
    from called_back
    group by round, tube
    having bool_and(outcome is not null and outcome = 'negative')
)

select
    getvariable('date') as date,
    settled.round,
    settled.tube,
    pools.lab,
    pools.plate,
    pools.well,
    pools.call,
    settled.people,
    settled.hours_to_last_single
from settled
inner join pools on settled.round = pools.round and settled.tube = pools.tube
where pools.mode = 'pool'
