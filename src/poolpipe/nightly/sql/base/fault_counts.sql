-- Faults of scans by code, site and device, with the scans they are among; before small counts are hidden.
-- 按代码、采样场所与设备的差错数（隐去小数之前）。
-- kind: table
-- reads: scan_faults, device_scans
select
    scan_faults.code,
    scan_faults.is_person,
    scan_faults.site,
    scan_faults.device,
    count(*) as faults,
    greatest(coalesce(any_value(device_scans.scans), 0), count(*)) as scans
from scan_faults
left join device_scans
    on
        scan_faults.site is not distinct from device_scans.site
        and scan_faults.device is not distinct from device_scans.device
group by scan_faults.code, scan_faults.is_person, scan_faults.site, scan_faults.device
