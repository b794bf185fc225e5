-- Hours that every collected tube of the day took from step to step, and by each clock. A step that was not recorded
-- ends where the next known one does; one that has not ended runs on to the moment of the tables (`as_of`).
-- 当日各管各环节及各时限所用小时数；未记录的环节以其后首个已知环节为止，未结束的计至结果截止时刻。
-- kind: table
-- reads: tubes
with ends as (
    select
        *,
        coalesce(packed_at, picked_up_at, received_at, loaded_at, result_at, getvariable('as_of')) as packed_end,
        coalesce(picked_up_at, received_at, loaded_at, result_at, getvariable('as_of')) as picked_up_end,
        coalesce(received_at, loaded_at, result_at, getvariable('as_of')) as received_end,
        coalesce(loaded_at, result_at, getvariable('as_of')) as loaded_end,
        coalesce(result_at, getvariable('as_of')) as reported_end,
        coalesce(picked_up_at, received_at, loaded_at, called_at, getvariable('as_of')) as pickup_clock_end,
        coalesce(received_at, loaded_at, called_at, getvariable('as_of')) as room_temperature_end,
        coalesce(loaded_at, called_at, getvariable('as_of')) as cold_store_end
    from tubes
    where not is_orphan
)

select
    lab,
    site,
    priority,
    people,
    packed_at,
    picked_up_at,
    received_at,
    loaded_at,
    called_at,
    has_result,
    -- epoch_us, because date_diff of moments with a zone takes ten times as long
    (epoch_us(last_collected) - epoch_us(first_collected)) / 3.6e9 as collect_h,
    (epoch_us(packed_end) - epoch_us(last_collected)) / 3.6e9 as pack_h,
    (epoch_us(picked_up_end) - epoch_us(packed_end)) / 3.6e9 as pickup_h,
    (epoch_us(received_end) - epoch_us(picked_up_end)) / 3.6e9 as deliver_h,
    (epoch_us(loaded_end) - epoch_us(received_end)) / 3.6e9 as load_h,
    (epoch_us(reported_end) - epoch_us(loaded_end)) / 3.6e9 as report_h,
    (epoch_us(pickup_clock_end) - epoch_us(last_collected)) / 3.6e9 as pickup_clock_h,
    (epoch_us(room_temperature_end) - epoch_us(first_collected)) / 3.6e9 as room_temperature_h,
    (epoch_us(cold_store_end) - epoch_us(first_collected)) / 3.6e9 as cold_store_h,
    (epoch_us(reported_end) - epoch_us(received_at)) / 3.6e9 as result_h,
    (epoch_us(reported_end) - epoch_us(first_collected)) / 3.6e9 as result_never_beyond_h,
    case
        when priority then getvariable('result_priority_limit') else getvariable('result_limit')
    end as result_limit
from ends
