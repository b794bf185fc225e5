-- The same by every grouping that is shown: city, township, community, lab, plate, kit and hour of the result.
-- 同上，按各种分组：全市、乡镇、社区、检测机构、板、试剂、出结果的小时。
-- kind: table
-- reads: tubes, plate_kits
with told as (
    select
        tubes.mode,
        tubes.lab,
        tubes.plate,
        plate_kits.kit,
        tubes.call <> 'negative' as is_positive,
        coalesce(tubes.township, '') as township,
        coalesce(tubes.community, '') as community,
        extract('hour' from tubes.result_at at time zone getvariable('zone'))::int as hour
    from tubes
    left join plate_kits on tubes.round = plate_kits.round and tubes.plate = plate_kits.plate
    where tubes.has_result and not tubes.is_orphan
)

select
    mode,
    case
        when grouping(community) = 0 then 'community'
        when grouping(township) = 0 then 'township'
        when grouping(plate) = 0 then 'plate'
        when grouping(lab) = 0 then 'lab'
        when grouping(kit) = 0 then 'kit'
        when grouping(hour) = 0 then 'hour'
        else 'city'
    end as level,
    township,
    community,
    lab,
    plate,
    kit,
    hour,
    count(*) as tubes,
    count(*) filter (where is_positive) as positive
from told
group by grouping sets (
    (mode), (mode, township), (mode, township, community), (mode, lab), (mode, lab, plate), (mode, kit), (mode, hour)
)
