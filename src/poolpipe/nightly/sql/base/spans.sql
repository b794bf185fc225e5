-- One row for each collected tube of the day and each step or clock: what it took, its limit, whether it has ended.
-- 每管每环节或时限一行：用时、时限、是否已结束。
-- kind: view
-- reads: steps
select
    lab,
    priority,
    'step' as kind,
    '1 collect' as span,
    collect_h as hours,
    null::double as limit_h,
    true as is_ended
from steps
union all
select
    lab,
    priority,
    'step' as kind,
    '2 pack' as span,
    pack_h as hours,
    null::double as limit_h,
    packed_at is not null as is_ended
from steps
union all
select
    lab,
    priority,
    'step' as kind,
    '3 pickup' as span,
    pickup_h as hours,
    null::double as limit_h,
    picked_up_at is not null as is_ended
from steps
union all
select
    lab,
    priority,
    'step' as kind,
    '4 deliver' as span,
    deliver_h as hours,
    null::double as limit_h,
    received_at is not null as is_ended
from steps
union all
select
    lab,
    priority,
    'step' as kind,
    '5 load' as span,
    load_h as hours,
    null::double as limit_h,
    loaded_at is not null as is_ended
from steps
union all
select
    lab,
    priority,
    'step' as kind,
    '6 report' as span,
    report_h as hours,
    null::double as limit_h,
    has_result as is_ended
from steps
union all
select
    lab,
    priority,
    'clock' as kind,
    'pickup' as span,
    pickup_clock_h as hours,
    getvariable('pickup_limit') as limit_h,
    picked_up_at is not null as is_ended
from steps
union all
select
    lab,
    priority,
    'clock' as kind,
    'room_temperature' as span,
    room_temperature_h as hours,
    getvariable('room_temperature_limit') as limit_h,
    received_at is not null as is_ended
from steps
union all
select
    lab,
    priority,
    'clock' as kind,
    'cold_store' as span,
    cold_store_h as hours,
    getvariable('cold_store_limit') as limit_h,
    loaded_at is not null as is_ended
from steps
union all
select
    lab,
    priority,
    'clock' as kind,
    'result' as span,
    result_h as hours,
    result_limit as limit_h,
    has_result as is_ended
from steps
union all
select
    lab,
    priority,
    'clock' as kind,
    'result_never_beyond' as span,
    result_never_beyond_h as hours,
    getvariable('result_never_beyond_limit') as limit_h,
    has_result as is_ended
from steps
