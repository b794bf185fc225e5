-- Laboratories whose readings or calls moved on the day: the anomaly lab_drift (docs/drift.md).
-- 当日扩增结果或判读发生漂移的检测机构：异常 lab_drift（见 docs/drift.zh.md）。
-- grain: a chart of a laboratory that began to ring
-- 粒度：某检测机构一张开始报警的控制图
-- key: subject, chart, rang_at, direction, detail
-- reads: drift_alarms
-- column code: lab_drift | 代码：恒为 lab_drift
-- column severity: warning | 级别：恒为 warning
-- column subject: the laboratory | 检测机构
-- column chart: which chart rang | 报警的控制图
-- column rang_at: when | 报警时间
-- column since: when the change seems to have begun | 变化大约开始的时间
-- column counted: plates, positives, hours or reports from then on | 此后个数：自那时起的板、阳性、小时或报告数
-- column direction: up or down | 方向：上升或下降
-- column statistic: the sum, or log likelihood ratio, of the chart | 累积和或对数似然比
-- column shift: by how much the values differ: cycles, or the ratio of found to expected; null: not measured | 偏离：循环数或实得与预期之比；未测为空
-- column detail: the target, or the first contradicting report | 说明：靶标，或第一份不符的报告
select
    getvariable('date') as date,
    'lab_drift' as code,
    'warning' as severity,
    lab as subject,
    chart,
    rang_at,
    since,
    counted,
    direction,
    statistic,
    shift,
    detail
from drift_alarms
where rang_at >= getvariable('begins') and rang_at < getvariable('ends')
