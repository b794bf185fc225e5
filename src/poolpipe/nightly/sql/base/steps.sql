-- Hours that every collected tube of the day took from step to step, and by each clock. A step that was not recorded
-- ends where the next known one does; one that has not ended runs on to the moment of the tables (`as_of`).
-- 当日各管各环节及各时限所用小时数；未记录的环节以其后首个已知环节为止，未结束的计至结果截止时刻。
-- kind: view
-- reads: tubes
with ends as (
    select
        *,
        coalesce(packed_at, picked_up_at, received_at, loaded_at, result_at, getvariable('as_of')) as packed_end,
        coalesce(picked_up_at, received_at, loaded_at, result_at, getvariable('as_of')) as picked_up_end,
        coalesce(received_at, loaded_at, result_at, getvariable('as_of')) as received_end,
        coalesce(loaded_at, result_at, getvariable('as_of')) as loaded_end,
        coalesce(result_at, getvariable('as_of')) as reported_end
    from tubes
    where not is_orphan
)

select
    *, -- noqa: AM04
    date_diff('microsecond', first_collected, last_collected) / 3.6e9 as collect_h,
    date_diff('microsecond', last_collected, packed_end) / 3.6e9 as pack_h,
    date_diff('microsecond', packed_end, picked_up_end) / 3.6e9 as pickup_h,
    date_diff('microsecond', picked_up_end, received_end) / 3.6e9 as deliver_h,
    date_diff('microsecond', received_end, loaded_end) / 3.6e9 as load_h,
    date_diff('microsecond', loaded_end, reported_end) / 3.6e9 as report_h,
    date_diff(
        'microsecond', last_collected,
        coalesce(picked_up_at, received_at, loaded_at, called_at, getvariable('as_of'))
    ) / 3.6e9 as pickup_clock_h,
    date_diff(
        'microsecond', first_collected, coalesce(received_at, loaded_at, called_at, getvariable('as_of'))
    ) / 3.6e9 as room_temperature_h,
    date_diff(
        'microsecond', first_collected, coalesce(loaded_at, called_at, getvariable('as_of'))
    ) / 3.6e9 as cold_store_h,
    date_diff(
        'microsecond', received_at, coalesce(result_at, getvariable('as_of'))
    ) / 3.6e9 as result_h,
    date_diff(
        'microsecond', first_collected, coalesce(result_at, getvariable('as_of'))
    ) / 3.6e9 as result_never_beyond_h,
    case
        when priority then getvariable('result_priority_limit') else getvariable('result_limit')
    end as result_limit
from ends
