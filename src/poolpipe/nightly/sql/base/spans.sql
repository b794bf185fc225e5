-- One row for each collected tube of the day and each step or clock: what it took, its limit, whether it has ended.
-- 每管每环节或时限一行：用时、时限、是否已结束。
-- kind: view
-- reads: steps
select
    lab,
    priority,
    unnest([ -- noqa: AL03
        { 'kind': 'step', 'span': '1 collect', 'hours': collect_h, 'limit_h': null::double, 'is_ended': true },
        { 'kind': 'step', 'span': '2 pack', 'hours': pack_h, 'limit_h': null, 'is_ended': packed_at is not null },
        {
            'kind': 'step', 'span': '3 pickup', 'hours': pickup_h, 'limit_h': null,
            'is_ended': picked_up_at is not null
        },
        {
            'kind': 'step', 'span': '4 deliver', 'hours': deliver_h, 'limit_h': null,
            'is_ended': received_at is not null
        },
        { 'kind': 'step', 'span': '5 load', 'hours': load_h, 'limit_h': null, 'is_ended': loaded_at is not null },
        { 'kind': 'step', 'span': '6 report', 'hours': report_h, 'limit_h': null, 'is_ended': has_result },
        {
            'kind': 'clock', 'span': 'pickup', 'hours': pickup_clock_h,
            'limit_h': getvariable('pickup_limit'), 'is_ended': picked_up_at is not null
        },
        {
            'kind': 'clock', 'span': 'room_temperature', 'hours': room_temperature_h,
            'limit_h': getvariable('room_temperature_limit'), 'is_ended': received_at is not null
        },
        {
            'kind': 'clock', 'span': 'cold_store', 'hours': cold_store_h,
            'limit_h': getvariable('cold_store_limit'), 'is_ended': loaded_at is not null
        },
        {
            'kind': 'clock', 'span': 'result', 'hours': result_h,
            'limit_h': result_limit, 'is_ended': has_result
        },
        {
            'kind': 'clock', 'span': 'result_never_beyond', 'hours': result_never_beyond_h,
            'limit_h': getvariable('result_never_beyond_limit'), 'is_ended': has_result
        }
    ], recursive := true)
from steps
