-- Control charts of laboratories, every plate, positive and hour of the day (docs/drift.md).
-- 检测机构的控制图：当日每块板、每个阳性与每小时（见 docs/drift.zh.md）。
-- grain: a value of a chart of a laboratory
-- 粒度：某检测机构一张控制图的一个值
-- key: chart, lab, place
-- reads: drift_charts
-- column chart: control_ct, internal_control, target_difference, single_target or positivity | 控制图名称
-- column lab: laboratory | 检测机构
-- column place: number of the value on its chart, from the first of the charts' time | 该值在图上的序号
-- column stratum: instrument and targets, or the target; values of one stratum share a mean | 仪器与靶标，或靶标；同层共用均值
-- column charted_at: time | 时间
-- column plate: plate; empty: an hour | 板；按小时者为空
-- column measure: Ct, difference of Ct, 1 for one target alone, or ratio of found to expected | 测值：Ct、Ct 之差、单靶标为 1，或实得与预期之比
-- column z: against what is usual, standard deviations, or a log likelihood ratio; null: not judged yet | 与常态相比的标准差或对数似然比；尚未判断为空
-- column up: sum of rises | 上升累积和
-- column down: sum of falls | 下降累积和
select
    getvariable('date') as date,
    chart,
    lab,
    place,
    stratum,
    charted_at,
    plate,
    measure,
    z,
    up,
    down
from drift_charts
where
    charted_at >= getvariable('begins') and charted_at < getvariable('ends')
