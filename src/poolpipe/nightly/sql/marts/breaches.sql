-- Breaches: tubes that exceeded a clock, and the step that is guilty: the one within the clock that took longest beyond
-- what it takes in the median of the day.
-- 超时：超过时限的管数及责任环节，即该时限内比当日中位数多用时间最多的环节。
-- grain: a clock, a guilty step, a laboratory and a site of a day
-- 粒度：某日的一个时限、责任环节、检测机构与采样场所
-- key: clock, guilty_step, lab, site
-- reads: steps
-- column clock: pickup, room_temperature, cold_store, result or result_never_beyond | 超过的时限
-- column guilty_step: collect, pack, pickup, deliver, load or report | 责任环节
-- column lab: laboratory of the tubes; null: none known | 检测机构；未知时为空
-- column site: sampling site; null: none named | 采样场所；未记录时为空
-- column limit_h: the least limit exceeded, hours | 所超时限（小时），有多个时取最小
-- column tubes: tubes over the limit | 超时管数
-- column people: people in them | 涉及人数
-- column running: of the tubes, those whose clock still runs | 其中仍在计时的管数
-- column worst_h: the longest time, hours | 最长用时（小时）
with usual as (
    select
        quantile_disc(collect_h, 0.5) as collect_h,
        quantile_disc(pack_h, 0.5) as pack_h,
        quantile_disc(pickup_h, 0.5) as pickup_h,
        quantile_disc(deliver_h, 0.5) as deliver_h,
        quantile_disc(load_h, 0.5) as load_h,
        quantile_disc(report_h, 0.5) as report_h
    from steps
),

clocks as (
    select
        lab,
        site,
        people,
        collect_h,
        pack_h,
        pickup_h,
        deliver_h,
        load_h,
        report_h,
        unnest([ -- noqa: AL03
            {
                'clock': 'pickup', 'hours': pickup_clock_h, 'limit_h': getvariable('pickup_limit'),
                'first_step': 2, 'last_step': 3, 'is_running': picked_up_at is null and not has_result
            },
            {
                'clock': 'room_temperature', 'hours': room_temperature_h,
                'limit_h': getvariable('room_temperature_limit'),
                'first_step': 1, 'last_step': 4, 'is_running': coalesce(received_at, loaded_at, called_at) is null
            },
            {
                'clock': 'cold_store', 'hours': cold_store_h, 'limit_h': getvariable('cold_store_limit'),
                'first_step': 1, 'last_step': 5, 'is_running': coalesce(loaded_at, called_at) is null
            },
            {
                'clock': 'result', 'hours': result_h, 'limit_h': result_limit,
                'first_step': 5, 'last_step': 6, 'is_running': not has_result
            },
            {
                'clock': 'result_never_beyond', 'hours': result_never_beyond_h,
                'limit_h': getvariable('result_never_beyond_limit'),
                'first_step': 1, 'last_step': 6, 'is_running': not has_result
            }
        ], recursive := true)
    from steps
    where
        pickup_clock_h > getvariable('pickup_limit')
        or room_temperature_h > getvariable('room_temperature_limit')
        or cold_store_h > getvariable('cold_store_limit')
        or result_h > result_limit
        or result_never_beyond_h > getvariable('result_never_beyond_limit')
),

late as (
    select
        clocks.clock,
        clocks.lab,
        clocks.site,
        clocks.people,
        clocks.hours,
        clocks.limit_h,
        clocks.is_running,
        case when clocks.first_step <= 1 then clocks.collect_h - usual.collect_h end as beyond_collect,
        case
            when clocks.first_step <= 2 and clocks.last_step >= 2 then clocks.pack_h - usual.pack_h
        end as beyond_pack,
        case
            when clocks.first_step <= 3 and clocks.last_step >= 3 then clocks.pickup_h - usual.pickup_h
        end as beyond_pickup,
        case
            when clocks.first_step <= 4 and clocks.last_step >= 4 then clocks.deliver_h - usual.deliver_h
        end as beyond_deliver,
        case when clocks.last_step >= 5 then clocks.load_h - usual.load_h end as beyond_load,
        case when clocks.last_step >= 6 then clocks.report_h - usual.report_h end as beyond_report
    from clocks
    cross join usual
    where clocks.hours > clocks.limit_h
),

judged as (
    select
        *,
        greatest(
            beyond_collect, beyond_pack, beyond_pickup, beyond_deliver, beyond_load, beyond_report
        ) as beyond_most
    from late
)

select
    getvariable('date') as date,
    clock,
    case
        when beyond_collect = beyond_most then 'collect'
        when beyond_pack = beyond_most then 'pack'
        when beyond_pickup = beyond_most then 'pickup'
        when beyond_deliver = beyond_most then 'deliver'
        when beyond_load = beyond_most then 'load'
        else 'report'
    end as guilty_step,
    lab,
    site,
    min(limit_h) as limit_h,
    count(*) as tubes,
    sum(people)::bigint as people,
    count(*) filter (where is_running) as running,
    max(hours) as worst_h
from judged
group by all
