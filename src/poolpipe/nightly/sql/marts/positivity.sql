-- Positivity: share of tubes that are positive or suspect, with exact intervals (Clopper-Pearson, 95 %), by township and
-- community of the site, laboratory, plate, kit and hour of the result. Small counts by place are hidden, with others so
-- that no difference gives them back.
-- 阳性率：阳性与可疑管的比例及精确区间（Clopper–Pearson，95%），按采样场所的乡镇与社区、检测机构、板、试剂、出结果的小时；按地点的小数隐去，且无法相减得出。
-- grain: a group of a level, of pool or of single tubes, collected on a day
-- 粒度：某日采集的混采或单采管，一种分组的一组
-- key: mode, level, township, community, lab, plate, kit, hour
-- reads: positive_groups, hidden_positives, hidden_levels, intervals
-- column mode: pool or single | 混采或单采
-- column level: city, township, community, lab, plate, kit or hour | 分组方式
-- column township: of the site; empty: not given; null at other levels | 乡镇（街道）；未提供时为空字符串；其他分组为空
-- column community: of the site; empty: not given; null at other levels | 社区（村）；未提供时为空字符串；其他分组为空
-- column lab: laboratory; at the level of plates theirs; null: none known, and at other levels | 检测机构；未知及其他分组为空
-- column plate: plate of the last load; null: reported without one, and at other levels | 板；无板及其他分组为空
-- column kit: reagent of the plate, several with + between them; null: not recorded, and at other levels | 试剂，多种以 + 相连；未记录及其他分组为空
-- column hour: hour in which the result first stood, 0 to 23, local; null at other levels | 出结果的小时（0 至 23，当地时间）；其他分组为空
-- column tubes: tubes with a result | 有结果的管数
-- column positive: of these, positive or suspect; null: hidden | 其中阳性或可疑；隐去时为空
-- column share: positive / tubes; null: hidden | 比例；隐去时为空
-- column lower: lower end of its exact 95 % interval; null: hidden | 精确区间下限；隐去时为空
-- column upper: upper end; null: hidden | 精确区间上限；隐去时为空
-- column is_hidden: the count is not shown, so that it tells of nobody | 是否隐去：为保护个人而隐去
with shown as (
    select
        positive_groups.*,
        hidden_positives.level is not null or hidden_levels.level is not null as is_hidden
    from positive_groups
    left join hidden_positives
        on
            positive_groups.mode = hidden_positives.mode
            and positive_groups.level = hidden_positives.level
            and positive_groups.township is not distinct from hidden_positives.township
            and positive_groups.community is not distinct from hidden_positives.community
            and coalesce(positive_groups.lab, '') = hidden_positives.lab
    left join hidden_levels
        on positive_groups.mode = hidden_levels.mode and positive_groups.level = hidden_levels.level
)

select
    getvariable('date') as date,
    shown.mode,
    shown.level,
    shown.township,
    shown.community,
    shown.lab,
    shown.plate,
    shown.kit,
    shown.hour,
    shown.tubes,
    case when not shown.is_hidden then shown.positive end as positive,
    case when not shown.is_hidden then shown.positive / shown.tubes end as share,
    case when not shown.is_hidden then intervals.lower end as lower,
    case when not shown.is_hidden then intervals.upper end as upper,
    shown.is_hidden
from shown
inner join intervals on shown.positive = intervals.successes and shown.tubes = intervals.trials
