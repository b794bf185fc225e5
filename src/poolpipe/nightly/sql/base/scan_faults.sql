-- What was wrong with identities and barcodes of tubes of the day: one row a subject, with the site and the device of its
-- first scan. A person's is the tube that they were first collected into.
-- 当日身份与条码差错，每个对象一行，含首次扫码的采样场所与设备。
-- kind: table
-- reads: anomalies, members, tubes, collects
with asked as (
    select *
    from anomalies
    where
        code in (
            'bad_person_id', 'person_in_two_tubes', 'rescanned', 'tube_at_two_points', 'mixed_mode',
            'tube_in_two_boxes', 'orphan_tube', 'swab_count_mismatch', 'control_was_collected', 'out_of_order'
        )
),

seats as (
    select
        asked.code,
        asked.round,
        members.person_type,
        members.person,
        arg_min(members.tube, (members.collected_at, members.tube)) as tube
    from members
    inner join asked
        on
            members.round = asked.round
            and members.person = asked.person
            and members.person_type = asked.person_type
    where
        asked.subject_kind = 'person'
        and members.collected_at >= getvariable('since') and members.collected_at < getvariable('ends')
    group by asked.code, asked.round, members.person_type, members.person
),

subjects as (
    select
        code,
        round,
        tube,
        true as is_person
    from seats
    union all
    select
        code,
        round,
        subject as tube,
        false as is_person
    from asked
    where subject_kind = 'tube'
),

first_scans as (
    select
        collects.round,
        collects.tube,
        arg_min(collects.device, (collects.scanned_at, collects.device)) as device
    from collects
    semi join subjects on collects.round = subjects.round and collects.tube = subjects.tube
    where collects.device is not null
    group by collects.round, collects.tube
)

select
    subjects.code,
    subjects.is_person,
    tubes.site,
    first_scans.device
from subjects
inner join tubes on subjects.round = tubes.round and subjects.tube = tubes.tube
left join first_scans on subjects.round = first_scans.round and subjects.tube = first_scans.tube
