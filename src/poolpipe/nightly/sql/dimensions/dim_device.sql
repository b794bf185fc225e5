-- Devices that scanned people, by site; empty where a result was given, which tells no devices.
-- 设备维度：扫码设备及其采样场所；仅有结果文件夹时为空。
-- grain: a device at a site
-- 粒度：某采样场所的一台设备
-- key: device, site
-- reads: device_scans
-- column device: device | 设备
-- column site: site it scanned at; null: none named | 采样场所；未记录时为空
select
    device,
    site
from device_scans
where device is not null
group by device, site
