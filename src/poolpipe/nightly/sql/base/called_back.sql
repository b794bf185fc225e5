-- Recalls opened on the day, with the steps of the single tube that answers.
-- 当日开启的复采，及其单采管的各环节。
-- kind: table
-- reads: recalls, pools
with opened as (
    select *
    from recalls
    where opened_at >= getvariable('begins') and opened_at < getvariable('ends')
),

singles as (
    select
        pools.round as single_round,
        pools.tube as single_tube,
        pools.received_at,
        pools.loaded_at
    from pools
    semi join opened on pools.round = opened.single_round and pools.tube = opened.single_tube
)

select
    opened.round,
    opened.tube,
    opened.lab,
    opened.opened_at,
    opened.due_at,
    opened.status,
    opened.recollected_at,
    opened.closed_at,
    opened.outcome,
    opened.overdue or opened.late as is_breach,
    singles.received_at,
    singles.loaded_at
from opened
left join singles
    on opened.single_round = singles.single_round and opened.single_tube = singles.single_tube
