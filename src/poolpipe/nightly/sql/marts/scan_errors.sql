-- Errors of identities and barcodes, by site and device. Those of people are hidden where they are few.
-- 身份与条码差错，按采样场所与设备；涉及人员的小数隐去。
-- grain: a code, a site and a device of a day
-- 粒度：某日一种代码、一个采样场所与设备
-- key: code, site, device
-- reads: fault_counts, hidden_faults
-- column code: what is wrong (docs/tables.md) | 差错代码（见 docs/tables.zh.md）
-- column site: sampling site of the tube; null: none named | 采样场所；未记录时为空
-- column device: device of the tube's first scan; null: not recorded, or a result was given, which tells none | 首次扫码的设备；未记录或仅有结果文件夹时为空
-- column faults: subjects; null: hidden | 差错数；隐去时为空
-- column scans: scans of people by this site and device on the day | 该场所与设备当日的人员扫码数
-- column per_10_000: faults in 10,000 scans; null: hidden | 每万次扫码的差错；隐去时为空
-- column is_hidden: the count is not shown, so that it tells of nobody | 是否隐去：为保护个人而隐去
select
    getvariable('date') as date,
    fault_counts.code,
    fault_counts.site,
    fault_counts.device,
    case when hidden_faults.code is null then fault_counts.faults end as faults,
    fault_counts.scans,
    case when hidden_faults.code is null then fault_counts.faults * 1e4 / fault_counts.scans end as per_10_000,
    hidden_faults.code is not null as is_hidden
from fault_counts
left join hidden_faults
    on
        fault_counts.code = hidden_faults.code
        and fault_counts.site is not distinct from hidden_faults.site
        and fault_counts.device is not distinct from hidden_faults.device
