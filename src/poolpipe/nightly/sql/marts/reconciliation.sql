-- Reconciliation: every mart's sum beside the count of the table it is made from. Where they differ the mart is wrong.
-- 核对：各统计表的合计与其来源表的计数；不一致即有误。
-- grain: a measure of a mart
-- 粒度：一张统计表的一项合计
-- key: mart, measure
-- reads: tubes, steps, called_back, retention, workload, throughput, losses, pool_sizes, turnaround, breaches, recall_steps, recall_curve, laboratory_load, retention_due, positivity, scan_errors, coverage, residents, fault_counts, hidden_faults, hidden_levels
-- column mart: table of this database | 统计表
-- column measure: what is added up | 合计项
-- column in_mart: its sum for the day | 统计表当日合计
-- column in_tables: the count of the tables of the result or store | 来源表的计数
-- column agrees: they are equal; where counts are hidden, the mart's is not more | 两者相等；有隐去时不大于
with rounds as (
    select distinct round
    from coverage
    where date = getvariable('date')
),

residents_counted as (
    select
        rounds.round,
        count(*) as people
    from rounds
    cross join residents
    group by rounds.round
),

shown_positives as (
    select tubes.tube
    from tubes
    anti join hidden_levels on tubes.mode = hidden_levels.mode and hidden_levels.level = 'city'
    where tubes.has_result and not tubes.is_orphan and tubes.call <> 'negative'
),

sums as (
    select
        'throughput' as mart,
        'tubes' as measure,
        (
            select sum(tubes) from throughput
            where date = getvariable('date')
        ) as in_mart,
        (
            select count(*) from tubes
            where not is_orphan
        ) as in_tables,
        false as may_be_less
    union all
    select
        'throughput' as mart,
        'people' as measure,
        (
            select sum(people) from throughput
            where date = getvariable('date')
        ) as in_mart,
        (select sum(people) from tubes) as in_tables,
        false as may_be_less
    union all
    select
        'losses' as mart,
        'tubes' as measure,
        (
            select sum(tubes) from losses
            where date = getvariable('date')
        ) as in_mart,
        (select count(*) from tubes) as in_tables,
        false as may_be_less
    union all
    select
        'losses' as mart,
        'tubes with a result' as measure,
        (
            select sum(tubes) from losses
            where date = getvariable('date') and outcome = 'result'
        ) as in_mart,
        (
            select count(*) from tubes
            where has_result and not is_orphan
        ) as in_tables,
        false as may_be_less
    union all
    select
        'pool_sizes' as mart,
        'tubes' as measure,
        (
            select sum(tubes) from pool_sizes
            where date = getvariable('date')
        ) as in_mart,
        (
            select count(*) from tubes
            where mode = 'pool'
        ) as in_tables,
        false as may_be_less
    union all
    select
        'pool_sizes' as mart,
        'short, full and overfull tubes' as measure,
        (
            select sum(short_tubes + full_tubes + overfull_tubes) from pool_sizes
            where date = getvariable('date'))
            as in_mart,
        (
            select count(*) from tubes
            where mode = 'pool'
        ) as in_tables,
        false as may_be_less
    union all
    select
        'turnaround' as mart,
        'tubes of the step report, by laboratory' as measure,
        (
            select sum(tubes) from turnaround
            where date = getvariable('date') and level = 'laboratory' and span = '6 report'
        ) as in_mart,
        (
            select count(*) from tubes
            where not is_orphan
        ) as in_tables,
        false as may_be_less
    union all
    select
        'breaches' as mart,
        'tubes over room_temperature' as measure,
        (
            select sum(tubes) from breaches
            where date = getvariable('date') and clock = 'room_temperature'
        ) as in_mart,
        (
            select count(*) from steps
            where room_temperature_h > getvariable('room_temperature_limit')
        ) as in_tables,
        false as may_be_less
    union all
    select
        'recall_steps' as mart,
        'people, by laboratory' as measure,
        (
            select sum(people) from recall_steps
            where date = getvariable('date') and level = 'laboratory' and step = 'all'
        ) as in_mart,
        (select count(*) from called_back) as in_tables,
        false as may_be_less
    union all
    select
        'recall_curve' as mart,
        'closed within six hours' as measure,
        (
            select sum(closed) from recall_curve
            where date = getvariable('date') and minutes = 360
        ) as in_mart,
        (
            select count(*) from called_back
            where closed_at <= opened_at + interval 6 hours
        ) as in_tables,
        false as may_be_less
    union all
    select
        'laboratory_load' as mart,
        'received' as measure,
        (
            select sum(received) from laboratory_load
            where date = getvariable('date')
        ) as in_mart,
        (
            select sum(received) from workload
            where hour >= getvariable('begins') and hour < getvariable('ends'))
            as in_tables,
        false as may_be_less
    union all
    select
        'retention_due' as mart,
        'tubes' as measure,
        (
            select sum(tubes) from retention_due
            where date = getvariable('date')
        ) as in_mart,
        (select count(*) from retention) as in_tables,
        false as may_be_less
    union all
    select
        'positivity' as mart,
        'tubes with a result, by plate' as measure,
        (
            select sum(tubes) from positivity
            where date = getvariable('date') and level = 'plate'
        ) as in_mart,
        (
            select count(*) from tubes
            where has_result and not is_orphan
        ) as in_tables,
        false as may_be_less
    union all
    select
        'positivity' as mart,
        'positive tubes, by community' as measure,
        (
            select sum(positive) from positivity
            where date = getvariable('date') and level = 'community'
        ) as in_mart,
        (select count(*) from shown_positives) as in_tables,
        true as may_be_less
    union all
    select
        'scan_errors' as mart,
        'faults' as measure,
        (
            select sum(faults) from scan_errors
            where date = getvariable('date')
        ) as in_mart,
        (
            select sum(fault_counts.faults) from fault_counts
            where not exists (
                select 1 from hidden_faults
                where
                    fault_counts.code = hidden_faults.code
                    and fault_counts.site is not distinct from hidden_faults.site
                    and fault_counts.device is not distinct from hidden_faults.device
            )
        ) as in_tables,
        false as may_be_less
    union all
    select
        'coverage' as mart,
        'people of the list, by building and round' as measure,
        (
            select sum(people) from coverage
            where date = getvariable('date') and level = 'building'
        ) as in_mart,
        (select sum(residents_counted.people) from residents_counted) as in_tables,
        false as may_be_less
)

select
    getvariable('date') as date,
    mart,
    measure,
    coalesce(in_mart, 0)::bigint as in_mart,
    coalesce(in_tables, 0)::bigint as in_tables,
    coalesce(in_mart, 0) = coalesce(in_tables, 0)
    or (may_be_less and coalesce(in_mart, 0) < coalesce(in_tables, 0)) as agrees
from sums
