-- Scans of people on the day by site and device; of a result, which tells no devices, by site alone.
-- 当日人员扫码数，按采样场所与设备；结果文件夹无设备信息，只按采样场所。
-- kind: table
-- reads: tubes, collects
select
    site,
    device,
    count(*) as scans
from collects
where scanned_at >= getvariable('begins') and scanned_at < getvariable('ends')
group by site, device
union all
select
    site,
    null as device,
    sum(people)::bigint as scans
from tubes
where not getvariable('has_devices') and not is_orphan
group by site
