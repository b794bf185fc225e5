-- Ledger of losses: where the tubes of the day are. Its tubes add up to all of the day; those without a result by the last
-- step they are known from.
-- 流失台账：当日各管到了哪一环节，合计即当日全部管数；无结果者按最后已知环节列出。
-- grain: a site, a laboratory and a last known step of a day
-- 粒度：某日一个采样场所、检测机构与最后已知环节
-- key: round, site, lab, state, outcome
-- reads: tubes
-- column round: screening round | 筛查轮次
-- column site: sampling site; null: none named | 采样场所；未记录时为空
-- column lab: laboratory; null: none known | 检测机构；未知时为空
-- column state: the last step that is known, collected to reported | 最后已知环节
-- column outcome: `result`, `no_result`, `invalid` (to be repeated) or `orphan` (nobody registered) | 去向：有结果、无结果、无效（须重测）、无登记
-- column tubes: tubes | 管数
-- column people: people in them; of an orphan 0 | 其中人数；无登记的管为 0
-- column oldest_h: hours from the earliest first swab of these to the moment of the tables; null for results and orphans | 其中最早一管自首次采样至结果截止时刻的小时数；有结果或无登记时为空
select
    getvariable('date') as date,
    round,
    site,
    lab,
    state,
    case
        when is_orphan then 'orphan'
        when has_result then 'result'
        when call = 'invalid' then 'invalid'
        else 'no_result'
    end as outcome,
    count(*) as tubes,
    sum(people)::bigint as people,
    case
        when not bool_or(has_result or is_orphan)
            then date_diff('microsecond', min(first_collected), getvariable('as_of')) / 3.6e9
    end as oldest_h
from tubes
group by all
