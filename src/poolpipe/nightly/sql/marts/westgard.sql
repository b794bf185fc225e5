-- Plates whose controls break a rule of Westgard's: the laboratories' own view, no alarm of the city (docs/drift.md).
-- 质控违反 Westgard 规则的板：供检测机构自查，不报警（见 docs/drift.zh.md）。
-- grain: a plate and a rule
-- 粒度：一块板的一条规则
-- key: lab, read_at, plate, rule
-- reads: drift_rules_broken
-- column lab: laboratory | 检测机构
-- column read_at: last reading of the plate | 该板最后读取时间
-- column plate: plate | 板
-- column rule: 1-3s, 2-2s, 4-1s or 10x | 规则
-- column measure: mean Ct of the plate's positive controls | 该板阳性质控的平均 Ct
-- column z: against what is usual, standard deviations | 与常态相比的标准差
select
    getvariable('date') as date,
    lab,
    charted_at as read_at,
    plate,
    rule,
    measure,
    z
from drift_rules_broken
where
    charted_at >= getvariable('begins') and charted_at < getvariable('ends')
